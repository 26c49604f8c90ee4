/* SPDX-License-Identifier: Apache-2.0 */
/* control-plane/portal/http.c: upgrades, answers, and what libwebsockets makes of a query. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "http.h"

static struct http_upgrade proper(void);
static struct portal_network network(const char *text);
static bool forwarded(const char *header, const char *expected);

static void an_answer_is_whole(void **state)
{
	struct http_answer a = {.status = 200, .type = "text/plain", .body = "ok\n", .body_bytes = 3};
	char text[HTTP_HEAD_BYTES + 3];
	(void)state;
	size_t n = http_write(&a, text, sizeof(text));
	text[n] = '\0';
	assert_string_equal(text, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n"
				  "Cache-Control: no-store\r\n\r\nok\n");
	for (size_t room = 0; room < n; room++)
		assert_int_equal(http_write(&a, text, room), 0);
}

static void a_refusal_says_why_to_people_and_to_programs(void **state)
{
	struct broker_refusal r = {.status = 503, .code = "rate_limit", .text = "come \"back\" \\ later\n", .retry_after = 7};
	char text[HTTP_PROBLEM_BYTES];
	(void)state;
	size_t n = http_problem(&r, text, sizeof(text) - 1);
	text[n] = '\0';
	assert_memory_equal(text, "HTTP/1.1 503 Service Unavailable\r\n", 34);
	assert_non_null(strstr(text, "\r\nContent-Type: application/problem+json\r\n"));
	assert_non_null(strstr(text, "\r\nRetry-After: 7\r\n"));
	assert_null(strstr(text, "Allow:"));
	json_t *body = json_loads(strstr(text, "\r\n\r\n") + 4, 0, NULL);
	assert_non_null(body);
	assert_string_equal(json_string_value(json_object_get(body, "type")), "about:blank");
	assert_string_equal(json_string_value(json_object_get(body, "title")), "Service Unavailable");
	assert_int_equal(json_integer_value(json_object_get(body, "status")), 503);
	assert_string_equal(json_string_value(json_object_get(body, "detail")), "come \"back\" \\ later");
	assert_string_equal(json_string_value(json_object_get(body, "code")), "rate_limit");
	json_decref(body);
}

static void a_refusal_without_a_moment_names_none(void **state)
{
	struct broker_refusal r = {.status = 405, .code = "m", .text = "t"};
	char text[HTTP_PROBLEM_BYTES];
	(void)state;
	text[http_problem(&r, text, sizeof(text) - 1)] = '\0';
	assert_null(strstr(text, "Retry-After"));
	assert_non_null(strstr(text, "\r\nAllow: GET\r\n"));
	assert_int_equal(http_problem(&r, text, 10), 0);
}

static void an_upgrade_has_all_that_the_rfc_wants(void **state)
{
	struct broker_refusal why;
	struct http_upgrade u = proper();
	(void)state;
	assert_true(http_upgrade_is_fit(&u, &why));
	u.upgrade = "WebSocket";
	u.connection = "keep-alive, UPGRADE";
	u.protocol = "";
	assert_true(http_upgrade_is_fit(&u, &why));
}

static void what_is_no_upgrade_is_refused(void **state)
{
	static const struct {
		size_t member;
		const char *value;
		unsigned int status;
	} bad[] = {
		{offsetof(struct http_upgrade, upgrade), NULL, 426},
		{offsetof(struct http_upgrade, upgrade), "h2c", 426},
		{offsetof(struct http_upgrade, version), NULL, 426},
		{offsetof(struct http_upgrade, version), "8", 426},
		{offsetof(struct http_upgrade, connection), NULL, 400},
		{offsetof(struct http_upgrade, connection), "keep-alive", 400},
		{offsetof(struct http_upgrade, connection), "upgraded", 400},
		{offsetof(struct http_upgrade, key), NULL, 400},
		{offsetof(struct http_upgrade, key), "", 400},
		{offsetof(struct http_upgrade, key), "dGhlIHNhbXBsZSBub25jZQ=", 400},
		{offsetof(struct http_upgrade, key), "dGhlIHNhbXBsZSBub25jZ===", 400},
		{offsetof(struct http_upgrade, key), "dGhlIHNhbXBsZSBub25jZQ==x", 400},
		{offsetof(struct http_upgrade, key), "dGhl HNhbXBsZSBub25jZQ==", 400},
		{offsetof(struct http_upgrade, protocol), "phoenix", 400},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct http_upgrade u = proper();
		struct broker_refusal why = {0};
		*(const char **)((char *)&u + bad[i].member) = bad[i].value;
		assert_false(http_upgrade_is_fit(&u, &why));
		assert_int_equal(why.status, bad[i].status);
		assert_string_equal(why.code, "invalid_upgrade");
	}
}

static void a_decoded_piece_is_encoded_again(void **state)
{
	char query[200] = "";
	(void)state;
	assert_true(http_query_append(query, sizeof(query), "token=.SFMyNTY.a_b-c~", 21));
	assert_true(http_query_append(query, sizeof(query), "key=I2VK+/=", 11));
	assert_true(http_query_append(query, sizeof(query), "name=J\xc3\xbc & co;", 14));
	assert_true(http_query_append(query, sizeof(query), "", 0));
	assert_true(http_query_append(query, sizeof(query), "flag", 4));
	assert_string_equal(query, "token=.SFMyNTY.a_b-c~&key=I2VK%2B%2F%3D&name=J%C3%BC%20%26%20co%3B&&flag");
}

static void a_query_never_outgrows_its_room(void **state)
{
	(void)state;
	for (size_t room = 1; room < 40; room++) {
		char query[64];
		memset(query, 'X', sizeof(query));
		query[0] = '\0';
		for (int i = 0; i < 5; i++) {
			http_query_append(query, room, "a=++", 4);
			assert_non_null(memchr(query, '\0', room));
		}
		for (size_t i = room; i < sizeof(query); i++)
			assert_int_equal(query[i], 'X');
	}
}

static void a_network_is_matched_by_its_bits(void **state)
{
	static const struct {
		const char *network, *addr;
		bool is_in;
	} cases[] = {
		{"10.0.0.0/8", "10.255.1.2", true}, {"10.0.0.0/8", "11.0.0.1", false}, {"192.0.2.128/25", "192.0.2.129", true},
		{"192.0.2.128/25", "192.0.2.127", false}, {"192.0.2.1/32", "192.0.2.1", true}, {"192.0.2.1/32", "192.0.2.2", false},
		{"0.0.0.0/0", "203.0.113.1", true}, {"0.0.0.0/0", "2001:db8::1", false}, {"2001:db8::/33", "2001:db8:7fff::1", true},
		{"2001:db8::/33", "2001:db8:8000::1", false}, {"2001:db8::1/128", "2001:db8::1", true},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct portal_network n = network(cases[i].network);
		struct cp_addr a;
		assert_true(cp_ip_parse(cases[i].addr, strlen(cases[i].addr), &a));
		assert_int_equal(http_is_among(&a, &n, 1), cases[i].is_in);
	}
}

static void only_the_last_stranger_in_the_chain_is_believed(void **state)
{
	(void)state;
	assert_true(forwarded("203.0.113.9", "203.0.113.9"));
	assert_true(forwarded("1.2.3.4, 203.0.113.9", "203.0.113.9"));
	assert_true(forwarded("1.2.3.4 ,203.0.113.9,  10.1.2.3", "203.0.113.9"));
	assert_true(forwarded("[2001:db8::1]", "2001:db8::1"));
	assert_false(forwarded("10.1.2.3, 10.0.0.1", NULL));
	assert_false(forwarded("", NULL));
	assert_false(forwarded(",,", NULL));
	assert_false(forwarded("203.0.113.9, unknown", NULL));
	assert_false(forwarded("203.0.113.9, ", NULL));
	assert_false(forwarded(NULL, NULL));
}

static void pages_are_exact_paths(void **state)
{
	(void)state;
	assert_int_equal(http_page("/healthz"), HTTP_HEALTHZ);
	assert_int_equal(http_page("/readyz"), HTTP_READYZ);
	assert_int_equal(http_page("/metrics"), HTTP_METRICS);
	assert_int_equal(http_page("/metrics/"), HTTP_PAGE_NONE);
	assert_int_equal(http_page("/healthz2"), HTTP_PAGE_NONE);
	assert_int_equal(http_page("/readyz/"), HTTP_PAGE_NONE);
	assert_int_equal(http_page("/"), HTTP_PAGE_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_whole),
		cmocka_unit_test(a_refusal_says_why_to_people_and_to_programs),
		cmocka_unit_test(a_refusal_without_a_moment_names_none),
		cmocka_unit_test(an_upgrade_has_all_that_the_rfc_wants),
		cmocka_unit_test(what_is_no_upgrade_is_refused),
		cmocka_unit_test(a_decoded_piece_is_encoded_again),
		cmocka_unit_test(a_query_never_outgrows_its_room),
		cmocka_unit_test(a_network_is_matched_by_its_bits),
		cmocka_unit_test(only_the_last_stranger_in_the_chain_is_believed),
		cmocka_unit_test(pages_are_exact_paths),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

static struct http_upgrade proper(void)
{
	return (struct http_upgrade){
		.upgrade = "websocket", .connection = "Upgrade", .version = "13", .key = "dGhlIHNhbXBsZSBub25jZQ=="};
}

static struct portal_network network(const char *text)
{
	struct portal_network n;
	assert_true(portal_network_parse(text, strlen(text), &n));
	return n;
}

static bool forwarded(const char *header, const char *expected)
{
	struct portal_network proxies[] = {network("10.0.0.0/8")};
	struct cp_addr got, wanted;
	if (!http_forwarded_for(header, proxies, 1, &got))
		return false;
	assert_non_null(expected);
	assert_true(cp_ip_parse(expected, strlen(expected), &wanted));
	assert_memory_equal(&got, &wanted, sizeof(got));
	return true;
}
