/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens that newer peers read (portal §6.7): the codec, which is as strict as they are, takes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker/ingest.h"
#include "portal/base64.h"

static const uint8_t secret[32] = {7};

static struct broker_ingest sample(void)
{
	return (struct broker_ingest){.role = PORTAL_GATEWAY, .account = "acme", .client = {{1}}, .gateway = {{2}}, .actor = {{3}},
				      .resource = {{4}}, .actor_name = "alice", .resource_name = "db", .issued_at = 1789900000,
				      .expires_at = 1790000000};
}

/* Its claims as text. */
static void claims_of(const char *token, char ret[BROKER_INGEST_TEXT])
{
	const char *first = strchr(token, '.') + 1, *end = strchr(first, '.');
	size_t bytes;
	assert_true(portal_base64_decode(PORTAL_BASE64URL, first, (size_t)(end - first), (uint8_t *)ret, &bytes));
	ret[bytes] = 0;
}

/* Whether a newer client takes a flow with this token. */
static bool is_taken(const char *token)
{
	const struct portal_link link = {PORTAL_CLIENT, PORTAL_V2};
	struct portal_message m = {.type = PORTAL_FLOW_CREATED}, back;
	struct portal_error e;
	struct portal_text t;
	m.body.flow_created = (struct portal_flow_created){
		.gateway_ipv4 = cp_addr_v4(100, 64, 0, 9, 0), .gateway_ipv6 = {.family = CP_V6, .ip = {0xfd}},
		.client_ice = {"abcd", "0123456789012345678901"}, .gateway_ice = {"abcd", "0123456789012345678901"}, .ingest_token = token};
	if (portal_write(&link, PORTAL_FROM_PORTAL, &m, &t) != 0)
		return false;
	int err = portal_read(&link, PORTAL_FROM_PORTAL, t.text, t.bytes, &back, &e);
	portal_text_free(&t);
	portal_message_free(&back);
	return err == 0;
}

static void newer_peers_take_it(void **state)
{
	struct broker_ingest i = sample();
	char token[BROKER_INGEST_TEXT], claims[BROKER_INGEST_TEXT];
	broker_ingest(&i, secret, token);
	assert_true(is_taken(token));
	claims_of(token, claims);
	assert_non_null(strstr(claims, "\"role\":\"responder\""));
	assert_non_null(strstr(claims, "\"uploads_enabled\":false"));
	/* of both generations that want some */
	assert_non_null(strstr(claims, "\"device_id\":\"01000000-"));
	assert_non_null(strstr(claims, "\"actor_id\":\"03000000-"));
	assert_non_null(strstr(claims, "\"actor_name\":\"alice\""));
	assert_non_null(strstr(claims, "\"initiator_device_id\":\"01000000-"));
	assert_non_null(strstr(claims, "\"responder_device_id\":\"02000000-"));
	assert_non_null(strstr(claims, "\"authorized_at\":\"2026-09-20T10:26:40Z\""));
	i.role = PORTAL_CLIENT;
	broker_ingest(&i, secret, token);
	claims_of(token, claims);
	assert_non_null(strstr(claims, "\"role\":\"initiator\""));
}

static void names_may_hold_anything(void **state)
{
	char token[BROKER_INGEST_TEXT], claims[BROKER_INGEST_TEXT], long_name[2000];
	struct broker_ingest i = sample();
	i.actor_name = "Zo\xc3\xab \"the\\\n\x01";
	memset(long_name, '"', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = 0;
	i.resource_name = i.account = long_name;
	broker_ingest(&i, secret, token);
	assert_true(is_taken(token));
	claims_of(token, claims);
	assert_non_null(strstr(claims, "Zo\xc3\xab \\u0022the\\u005c\\u000a\\u0001"));
	for (size_t n = 300; n < 330; n++) { /* a character of two bytes is not cut in two */
		memset(long_name, 'x', n);
		memcpy(long_name + n, "\xc3\xab\xc3\xab\xc3\xab", 7);
		broker_ingest(&i, secret, token);
		assert_true(is_taken(token));
	}
	i.actor_name = NULL;
	broker_ingest(&i, secret, token);
	assert_true(is_taken(token));
}

static void times_beyond_reason_are_bounded(void **state)
{
	static const struct {
		int64_t at;
		const char *text;
	} cases[] = {{0, "1970-01-01T00:00:00Z"}, {951782399, "2000-02-28T23:59:59Z"}, {951868799, "2000-02-29T23:59:59Z"},
		     {4107542400, "2100-03-01T00:00:00Z"}, {INT64_MAX, "9999-12-31T23:59:59Z"}, {-5, "1970-01-01T00:00:00Z"}};
	char token[BROKER_INGEST_TEXT], claims[BROKER_INGEST_TEXT], want[80];
	for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
		struct broker_ingest i = sample();
		i.expires_at = cases[k].at;
		broker_ingest(&i, secret, token);
		assert_true(is_taken(token));
		claims_of(token, claims);
		snprintf(want, sizeof(want), "\"authorization_expires_at\":\"%s\"", cases[k].text);
		assert_non_null(strstr(claims, want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(newer_peers_take_it),
		cmocka_unit_test(names_may_hold_anything),
		cmocka_unit_test(times_beyond_reason_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
