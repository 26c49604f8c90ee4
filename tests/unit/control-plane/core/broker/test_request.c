/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker/request.h"

#define AGENT "Debian/12.0.0 gateway/1.4.17 (x86_64; 6.1.0)"
#define KEY   "public_key=I2VK0W0vt1v3OGrusMa7p1GYaI2OfndWt3d2uNlHqzA%3D"
#define ALL   "token=tok&external_id=ex&name=gw-1&" KEY

static struct broker_request r;
static struct broker_refusal refusal;

static bool get(const char *path, const char *query)
{
	const struct broker_http h = {.path = path, .query = query, .user_agent = AGENT};
	return broker_request_read(&h, &r, &refusal);
}

static bool get_with(const char *query, const char *authorization, const char *agent)
{
	const struct broker_http h = {
		.path = "/gateway/websocket", .query = query, .authorization = authorization, .user_agent = agent};
	return broker_request_read(&h, &r, &refusal);
}

static bool is_wiped(void)
{
	static const struct broker_request none;
	return memcmp(&r, &none, sizeof(r)) == 0;
}

static void path_selects_role_and_dialect(void **s)
{
	(void)s;
	static const struct {
		const char *path;
		enum portal_role role; /* 0: there is none */
		enum portal_dialect dialect;
	} cases[] = {
		{"/gateway/websocket", PORTAL_GATEWAY, PORTAL_V1},
		{"/gateway/v2/websocket", PORTAL_GATEWAY, PORTAL_V2},
		{"/client/websocket", PORTAL_CLIENT, PORTAL_V1},
		{"/client/v2/websocket", PORTAL_CLIENT, PORTAL_V2},
		{"/relay/websocket", PORTAL_RELAY, PORTAL_V1},
		{"/relay/v2/websocket", 0, 0},
		{"/gateway/websocket/", 0, 0},
		{"/gateway/v3/websocket", 0, 0},
		{"/Gateway/websocket", 0, 0},
		{"/", 0, 0},
		{"", 0, 0},
		{NULL, 0, 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool ok = get(cases[i].path, ALL "&ipv4=192.0.2.1");
		assert_int_equal(ok, cases[i].role != 0);
		assert_int_equal(r.link.role, cases[i].role);
		assert_int_equal(r.link.dialect, cases[i].dialect);
		if (!ok)
			assert_int_equal(refusal.status, 404);
	}
}

static void a_stock_request_is_read(void **s)
{
	(void)s;
	struct portal_key key;
	const char *text = "I2VK0W0vt1v3OGrusMa7p1GYaI2OfndWt3d2uNlHqzA=";
	assert_true(get("/gateway/websocket",
			"token=.SFMyNTY.opaque&external_id=ec5f13a2c1ef5b64a55b40146759a68e406965282321adc50c55859e7fb05285&"
			"name=gw-1&public_key=I2VK0W0vt1v3OGrusMa7p1GYaI2OfndWt3d2uNlHqzA%3D"));
	assert_string_equal(r.token, ".SFMyNTY.opaque");
	assert_true(r.has_token);
	assert_string_equal(r.external_id, "ec5f13a2c1ef5b64a55b40146759a68e406965282321adc50c55859e7fb05285");
	assert_string_equal(r.name, "gw-1");
	assert_true(portal_key_parse(text, strlen(text), &key));
	assert_memory_equal(&r.public_key, &key, sizeof(key));
	assert_string_equal(r.version, "1.4.17");
	assert_false(r.is_ours);
	broker_request_wipe(&r);
	assert_true(is_wiped());
}

static void query_is_form_and_percent_decoded(void **s)
{
	(void)s;
	assert_true(get("/gateway/websocket", "token=a%2Bb%2fc%3D&external_id=x+y%26z&n%61me=J%C3%BCrgen%27s+gw&" KEY));
	assert_string_equal(r.token, "a+b/c=");
	assert_string_equal(r.external_id, "x y&z");
	assert_string_equal(r.name, "J\xc3\xbcrgen's gw");
	assert_true(get("/gateway/websocket", "&&" ALL "&&device_serial=PF3%2BABC&device_serial=2&flag&=&"));
}

static void bad_parameters_are_refused_by_400(void **s)
{
	(void)s;
	static const struct {
		const char *query, *text; /* NULL: any */
	} cases[] = {
		{"token=t&external_id=e&name=%&" KEY, "the query has a bad escape"},
		{"token=t&external_id=e&name=%4&" KEY, "the query has a bad escape"},
		{"token=t&external_id=e&name=%4g&" KEY, "the query has a bad escape"},
		{"token=t&external_id=e&name=a%00&" KEY, "the query has a bad escape"},
		{ALL "&unknown=%zz", "the query has a bad escape"},
		{ALL "&un%zknown=1", "the query has a bad escape"},
		{ALL "&na%", "the query has a bad escape"},
		{ALL "&name=other", "a parameter is given twice"},
		{ALL "&token", "a parameter is given twice"},
		{ALL "&t%6fken=tok", "a parameter is given twice"},
		{"token=t&name=n&" KEY, "external_id is missing"},
		{"token=t&external_id=&name=n&" KEY, NULL},
		{"token=t&external_id=e%0a&name=n&" KEY, NULL},
		{"token=t&external_id=e&name=&" KEY, NULL},
		{"token=t&external_id=e&name&" KEY, NULL},
		{"token=t&external_id=e&" KEY, NULL},
		{"token=t&external_id=e&name=%ff&" KEY, NULL},
		{"token=t&external_id=e&name=%c0%80&" KEY, NULL},
		{"token=t&external_id=e&name=%ed%a0%80&" KEY, NULL},
		{"token=t&external_id=e&name=%f4%90%80%80&" KEY, NULL},
		{"token=t&external_id=e&name=%e2%82&" KEY, NULL},
		{"token=t&external_id=e&name=%1b[0m&" KEY, NULL},
		{"token=t&external_id=e&name=%c2%85&" KEY, NULL},
		{"token=t&external_id=e&name=n", "public_key is missing"},
		{"token=t&external_id=e&name=n&public_key=", NULL},
		{"token=t&external_id=e&name=n&public_key=I2VK0W0vt1v3OGrusMa7p1GYaI2OfndWt3d2uNlHqzA", NULL},
		{"token=t&external_id=e&name=n&public_key=I2VK0W0vt1v3OGrusMa7p1GYaI2OfndWt3d2uNlHqzA%3D%3D", NULL},
		{"token=t&external_id=e&name=n&public_key=I2VK0W0vt1v3OGrusMa7p1GYaI2OfndWt3d2uNlHq+A%3D", NULL},
		{ALL "&vsn=2.0.0", NULL},
		{ALL "&vsn=", NULL},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_false(get("/gateway/websocket", cases[i].query));
		assert_int_equal(refusal.status, 400);
		assert_string_equal(refusal.code, "invalid_connect_params");
		if (cases[i].text)
			assert_string_equal(refusal.text, cases[i].text);
		assert_true(is_wiped());
	}
	assert_true(get("/gateway/websocket", ALL "&vsn=1.0.0"));
}

/* `n` repetitions of `unit` behind `before`. */
static const char *query_of(const char *before, const char *unit, size_t n, const char *behind)
{
	static char text[16384];
	char *to = text + sprintf(text, "%s", before);
	while (n-- > 0)
		to += sprintf(to, "%s", unit);
	sprintf(to, "%s", behind);
	return text;
}

static void lengths_are_bounded(void **s)
{
	(void)s;
	const char *name = "token=t&external_id=e&" KEY "&name=", *external = "token=t&name=n&" KEY "&external_id=";
	assert_true(get("/client/websocket", query_of(name, "%F0%9F%98%80", 255, "")));
	assert_int_equal(strlen(r.name), 255 * 4);
	assert_false(get("/client/websocket", query_of(name, "%F0%9F%98%80", 256, "")));
	assert_false(get("/client/websocket", query_of(name, "a", 256, "")));
	assert_true(get("/client/websocket", query_of(external, "a", 255, "")));
	assert_false(get("/client/websocket", query_of(external, "a", 256, "")));
	assert_true(get("/client/websocket", query_of("external_id=e&name=n&" KEY "&token=", "a", 4096, "")));
	assert_int_equal(strlen(r.token), 4096);
	assert_false(get("/client/websocket", query_of("external_id=e&name=n&" KEY "&token=", "a", 4097, "")));
	assert_int_equal(refusal.status, 401);
	assert_true(is_wiped());
}

static void token_comes_by_header_or_parameter(void **s)
{
	(void)s;
	static const char rest[] = "external_id=ex&name=gw-1&" KEY;
	static const struct {
		const char *parameter, *header, *token; /* token NULL: it is missing */
	} cases[] = {
		{"token=par&", NULL, "par"},
		{"", "Bearer head", "head"},
		{"token=par&", "Bearer head", "head"},
		{"token=longer-than-the-other&", "Bearer head", "head"},
		{"token=&", "Bearer head", "head"},
		{"token=par&", "Basic head", "par"},
		{"token=par&", "Bearer ", "par"},
		{"token=par&", "", "par"},
		{"token=+p+a%0Ar%09&", NULL, "par"},
		{"", "Bearer  he ad\t", "head"},
		{"", NULL, NULL},
		{"token=&", NULL, NULL},
		{"token=+%0d%0a&", NULL, NULL},
		{"", "Bearer", NULL},
		{"", "Bearer \t ", NULL},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char query[256];
		snprintf(query, sizeof(query), "%s%s", cases[i].parameter, rest);
		assert_int_equal(get_with(query, cases[i].header, AGENT), cases[i].token != NULL);
		if (cases[i].token)
			assert_string_equal(r.token, cases[i].token);
		else
			assert_string_equal(refusal.code, "missing_token");
		assert_true(cases[i].token || (refusal.status == 401 && is_wiped()));
	}
	assert_false(get_with(ALL, query_of("Bearer ", "a", BROKER_TOKEN_MAX + 1, ""), AGENT));
	assert_string_equal(refusal.code, "invalid_token");
}

static void nothing_of_a_longer_token_stays_behind_a_shorter(void **s)
{
	(void)s;
	assert_true(get_with("token=topsecretparameter&external_id=ex&name=n&" KEY, "Bearer h e a d e r", AGENT));
	for (size_t i = strlen(r.token); i < sizeof(r.token); i++)
		assert_int_equal(r.token[i], 0);
}

static void version_is_that_of_the_first_known_component(void **s)
{
	(void)s;
	static const struct {
		const char *agent, *version; /* NULL: it is of no use */
	} cases[] = {
		{"Debian/12.0.0 connlib/1.4.17 (x86_64; 6.1.0-18-amd64)", "1.4.17"},
		{"Debian/12.0.0 headless-client/1.5.4 connlib/1.5.3 (x86_64; 6.1.0)", "1.5.4"},
		{"Alpine Linux/3.20.1 gateway/1.5.0", "1.5.0"},
		{"iOS/17.0 apple-client/1.5.14 (24.1.0)", "1.5.14"},
		{"Android/14 android-client/1.5.8", "1.5.8"},
		{"Windows/10 gui-client/1.5.8 (x)", "1.5.8"},
		{"relay/0.1.0", "0.1.0"},
		{"X/1 connlib/1.2.3-rc.1+build.007", "1.2.3-rc.1+build.007"},
		{"X/1 connlib/1.2.3-0", "1.2.3-0"},
		{"X/1 connlib/1.2.3--x", "1.2.3--x"},
		{"  connlib/1.2.3  ", "1.2.3"},
		{"X/1 connlib/1.2", NULL},
		{"X/1 connlib/1.2.3.4", NULL},
		{"X/1 connlib/01.2.3", NULL},
		{"X/1 connlib/1.2.03", NULL},
		{"X/1 connlib/1.2.3-", NULL},
		{"X/1 connlib/1.2.3-a..b", NULL},
		{"X/1 connlib/1.2.3-01", NULL},
		{"X/1 connlib/1.2.3+", NULL},
		{"X/1 connlib/v1.2.3", NULL},
		{"X/1 connlib/ 1.2.3", NULL},
		{"X/1 connlib/x connlib/1.2.3", NULL},
		{"X/1 myconnlib/1.2.3", NULL},
		{"X/1 connlib/1.2.3-aaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL},
		{"curl/8.5.0", NULL},
		{"", NULL},
		{NULL, NULL},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(get_with(ALL, NULL, cases[i].agent), cases[i].version != NULL);
		if (cases[i].version)
			assert_string_equal(r.version, cases[i].version);
		else
			assert_int_equal(refusal.status, 400);
	}
}

static void relay_says_where_it_is(void **s)
{
	(void)s;
	static const struct {
		const char *query, *v4, *v6; /* both NULL: it is refused */
	} cases[] = {
		{"token=t&ipv4=192.0.2.9&ipv6=2001%3Adb8%3A%3A9&port=3479", "192.0.2.9:3479", "[2001:db8::9]:3479"},
		{"token=t&ipv4=192.0.2.9", "192.0.2.9:3478", NULL},
		{"token=t&ipv6=2001:db8::9&port=65535&name=r", NULL, "[2001:db8::9]:65535"},
		{"token=t&ipv4=192.0.2.9&ipv6=&name=", "192.0.2.9:3478", NULL},
		{"token=t", NULL, NULL},
		{"token=t&port=3478", NULL, NULL},
		{"token=t&ipv4=2001:db8::9", NULL, NULL},
		{"token=t&ipv6=192.0.2.9", NULL, NULL},
		{"token=t&ipv4=relay.example", NULL, NULL},
		{"token=t&ipv4=", NULL, NULL},
		{"token=t&ipv4=192.0.2.9&port=0", NULL, NULL},
		{"token=t&ipv4=192.0.2.9&port=65536", NULL, NULL},
		{"token=t&ipv4=192.0.2.9&port=-1", NULL, NULL},
		{"token=t&ipv4=192.0.2.9&port=", NULL, NULL},
		{"token=t&ipv4=192.0.2.9&port=00000003478", NULL, NULL},
		{"token=t&ipv4=192.0.2.9&name=%07", NULL, NULL},
		{"token=t&ipv4=192.0.2.9&ipv4=192.0.2.8", NULL, NULL},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[CP_ADDR_TEXT];
		assert_int_equal(get("/relay/websocket", cases[i].query), cases[i].v4 || cases[i].v6);
		assert_int_equal(r.ipv4.family, cases[i].v4 ? CP_V4 : CP_NONE);
		assert_int_equal(r.ipv6.family, cases[i].v6 ? CP_V6 : CP_NONE);
		if (cases[i].v4)
			assert_true(cp_addr_format(&r.ipv4, text) && strcmp(text, cases[i].v4) == 0);
		if (cases[i].v6)
			assert_true(cp_addr_format(&r.ipv6, text) && strcmp(text, cases[i].v6) == 0);
	}
}

static void our_peers_say_so(void **s)
{
	(void)s;
	const struct broker_http h = {
		.path = "/client/websocket", .query = ALL, .user_agent = AGENT, .sluice = "0.9"};
	assert_true(broker_request_read(&h, &r, &refusal));
	assert_true(r.is_ours);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(path_selects_role_and_dialect),
		cmocka_unit_test(a_stock_request_is_read),
		cmocka_unit_test(query_is_form_and_percent_decoded),
		cmocka_unit_test(bad_parameters_are_refused_by_400),
		cmocka_unit_test(lengths_are_bounded),
		cmocka_unit_test(token_comes_by_header_or_parameter),
		cmocka_unit_test(nothing_of_a_longer_token_stays_behind_a_shorter),
		cmocka_unit_test(version_is_that_of_the_first_known_component),
		cmocka_unit_test(relay_says_where_it_is),
		cmocka_unit_test(our_peers_say_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
