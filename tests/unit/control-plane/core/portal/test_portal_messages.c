/* SPDX-License-Identifier: Apache-2.0 */
/* Every message by itself: it is read into its type, each of its values is what the frame says, and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "frames.h"

static struct portal_message read_it(const struct frame *f, const char *text)
{
	struct portal_message m;
	struct portal_error e;
	char why[PORTAL_ERROR_TEXT];
	int err = portal_read(&f->link, f->from, text, strlen(text), &m, &e);
	if (err) {
		portal_error_format(&e, why);
		fail_msg("%s: %d %s", f->name, err, why);
	}
	return m;
}

static struct portal_message read_frame(const char *name)
{
	return read_it(frame_of(name), frame_of(name)->text);
}

static void assert_uuid(const struct portal_uuid *u, const char *text)
{
	char formatted[PORTAL_UUID_TEXT];
	portal_uuid_format(u, formatted);
	assert_string_equal(formatted, text);
}

static void assert_addr(const struct cp_addr *a, const char *text)
{
	char formatted[CP_ADDR_TEXT];
	cp_addr_format(a, formatted);
	assert_string_equal(formatted, text);
}

static void assert_key(const struct portal_key *k, const char *text)
{
	char formatted[PORTAL_KEY_TEXT];
	portal_key_format(k, formatted);
	assert_string_equal(formatted, text);
}

/* What is written is the same JSON; what is read of it and written again is the same text. */
static void every_message_survives_a_round_trip(void **state)
{
	unsigned int types[PORTAL_TYPES] = {0};
	for (const struct frame *f = frames; f->name; f++) {
		struct portal_text first, second;
		struct portal_message m = read_it(f, f->text);
		assert_int_equal(m.n_ignored, 0);
		assert_int_equal(m.n_skipped, 0);
		types[m.type]++;
		assert_int_equal(portal_write(&f->link, f->from, &m, &first), 0);
		json_t *was = json_loads(f->text, 0, NULL), *is = json_loads(first.text, 0, NULL);
		drop_nulls(was);
		drop_nulls(is);
		if (!json_equal(was, is))
			fail_msg("%s: %s", f->name, first.text);
		struct portal_message again = read_it(f, first.text);
		assert_int_equal(portal_write(&f->link, f->from, &again, &second), 0);
		assert_string_equal(first.text, second.text);
		json_decref(was);
		json_decref(is);
		portal_text_free(&first);
		portal_text_free(&second);
		portal_message_free(&m);
		portal_message_free(&again);
	}
	for (int type = PORTAL_NOTHING + 1; type < PORTAL_TYPES; type++)
		assert_true(types[type] > 0);
}

static void a_gateway_is_told_who_it_is(void **state)
{
	struct portal_message m = read_frame("gateway init");
	const struct portal_gateway_init *i = &m.body.gateway_init;
	assert_int_equal(m.type, PORTAL_GATEWAY_INIT);
	assert_false(m.has_ref);
	assert_addr(&i->interface.ipv4, "100.80.12.7:0");
	assert_addr(&i->interface.ipv6, "[fd00:2021:1111::1f:2a07]:0");
	assert_true(i->ipv4_masquerade_enabled && i->ipv6_masquerade_enabled);
	assert_string_equal(i->account_slug, "acme");
	assert_int_equal(i->relays.n, 3);
	assert_int_equal(i->relays.list[0].type, PORTAL_TURN);
	assert_uuid(&i->relays.list[0].id, "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d");
	assert_addr(&i->relays.list[0].addr, "198.51.100.10:3478");
	assert_string_equal(i->relays.list[0].username, "1790000000:vC");
	assert_string_equal(i->relays.list[0].password, "xJ9n9K4O");
	assert_int_equal(i->relays.list[0].expires_at, 1790000000);
	assert_addr(&i->relays.list[1].addr, "[2001:db8::10]:3478");
	assert_int_equal(i->relays.list[2].type, PORTAL_STUN);
	assert_null(i->relays.list[2].username);
	assert_true(i->has_authorizations);
	assert_int_equal(i->authorizations.n, 1);
	assert_uuid(&i->authorizations.list[0].client_id, "8d4e6c1a-52b7-4f0e-9a39-0c5be1d2f701");
	assert_uuid(&i->authorizations.list[0].resource_id, "d3b9c2a4-5e66-4f3d-a148-99a2ebc6f704");
	assert_int_equal(i->authorizations.list[0].expires_at, 1790000000);
	portal_message_free(&m);
}

static void a_gateway_is_asked_for_a_flow(void **state)
{
	static const char *const names[] = {"authorize", "newer authorize"};
	for (int i = 0; i < 2; i++) {
		struct portal_message m = read_frame(names[i]);
		const struct portal_authorize_flow *a = &m.body.authorize_flow;
		assert_int_equal(m.type, PORTAL_AUTHORIZE_FLOW);
		assert_string_equal(a->ref, "opaque");
		assert_int_equal(a->resource.type, PORTAL_RESOURCE_CIDR);
		assert_string_equal(a->resource.name, "Lab network");
		assert_addr(&a->resource.network.addr, "10.20.0.0:0");
		assert_int_equal(a->resource.network.prefix_bits, 16);
		assert_int_equal(a->resource.filters.n, 3);
		assert_int_equal(a->resource.filters.list[0].protocol, PORTAL_TCP);
		assert_int_equal(a->resource.filters.list[0].port_first, 443);
		assert_int_equal(a->resource.filters.list[0].port_last, 443);
		assert_int_equal(a->resource.filters.list[1].protocol, PORTAL_UDP);
		assert_false(a->resource.filters.list[1].has_ports);
		assert_int_equal(a->resource.filters.list[1].port_first, 0);
		assert_int_equal(a->resource.filters.list[1].port_last, 65535);
		assert_int_equal(a->resource.filters.list[2].protocol, PORTAL_ICMP);
		assert_uuid(&a->client.id, "8d4e6c1a-52b7-4f0e-9a39-0c5be1d2f701");
		assert_key(&a->client.public_key, "gZ2Lemg8T91tKRjDDihbSFpeencsKI1N8B9GdhL6K/M=");
		assert_key(&a->client.preshared_key, "y8VhFvu44WrQvBwcKxcsECaSddcgTTD8w96nFwFS4tU=");
		assert_addr(&a->client.ipv4, "100.72.3.44:0");
		assert_string_equal(a->client_ice.username, "pxcy");
		assert_string_equal(a->client_ice.password, "xencxidokfqyv7s7vonpi7");
		assert_string_equal(a->gateway_ice.username, "pf3b");
		assert_int_equal(a->expires_at, 1790000000);
		assert_true((a->ingest_token != NULL) == (i == 1));
		portal_message_free(&m);
	}
}

static void an_expiry_of_null_is_never(void **state)
{
	const struct frame *f = frame_of("authorize");
	struct portal_text written;
	char *text = changed(f->text, "\"expires_at\":1790000000", "\"expires_at\":null");
	struct portal_message m = read_it(f, text);
	assert_int_equal(m.body.authorize_flow.expires_at, PORTAL_NEVER);
	assert_int_equal(portal_write(&f->link, f->from, &m, &written), 0);
	assert_non_null(strstr(written.text, "\"expires_at\":null"));
	portal_text_free(&written);
	portal_message_free(&m);
	free(text);
}

static void a_client_is_told_its_resources(void **state)
{
	struct portal_message m = read_frame("client init");
	const struct portal_client_init *i = &m.body.client_init;
	const struct portal_resource *r = i->resources.list;
	assert_int_equal(i->interface.upstream_dns.n, 2);
	assert_addr(&i->interface.upstream_dns.list[0].addr, "9.9.9.9:53");
	assert_addr(&i->interface.upstream_dns.list[1].addr, "[2620:fe::fe]:53");
	assert_string_equal(i->interface.search_domain, "acme.example");
	assert_int_equal(i->resources.n, 3);
	assert_addr(&r[0].network.addr, "[fd20::]:0");
	assert_int_equal(r[0].network.prefix_bits, 64);
	assert_null(r[0].description);
	assert_true(r[0].has_filters);
	assert_int_equal(r[0].sites.n, 1);
	assert_uuid(&r[0].sites.list[0].id, "c2a8b1f3-4d55-4e2c-9037-88f1dab5e603");
	assert_string_equal(r[0].sites.list[0].name, "Main site");
	assert_int_equal(r[1].type, PORTAL_RESOURCE_DNS);
	assert_string_equal(r[1].pattern, "*.acme.example");
	assert_int_equal(r[1].ip_stack, PORTAL_IPV4_ONLY);
	assert_int_equal(r[1].filters.n, 1);
	assert_int_equal(r[2].type, PORTAL_RESOURCE_INTERNET);
	assert_null(r[2].name);
	assert_true(r[2].has_can_be_disabled && r[2].can_be_disabled);
	assert_false(r[2].has_filters);
	portal_message_free(&m);
}

static void a_client_leaves_out_what_it_cannot_use(void **state)
{
	static const struct {
		const char *find, *replace;
		unsigned int left, skipped;
		const char *why;
	} cases[] = {
		{"\"type\":\"cidr\"", "\"type\":\"static_device_pool\"", 2, 0, ""},
		{"fd20::/64", "fd20::1/64", 2, 1, "init: resources[0].address: is no network without host bits"},
		{"fd20::/64", "fd20::", 2, 1, "init: resources[0].address: is no network without host bits"},
		{"\"ipv4_only\"", "\"ipv5\"", 2, 1, "init: resources[1].ip_stack: is unknown"},
		{"\"gateway_groups\"", "\"groups\"", 2, 1, "init: resources[0].gateway_groups: is missing"},
		{"\"gateway_groups\"", "\"sites\":[],\"gateway_groups\"", 2, 1, "init: resources[0].gateway_groups: is given in both spellings"},
		{"\"gateway_groups\"", "\"sites\"", 3, 0, ""},
		{"\"filters\":[],", "\"filters\":null,", 3, 0, ""},
		{"\"filters\":[],", "\"filters\":7,", 3, 0, ""},
	};
	const struct frame *f = frame_of("client init");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char why[PORTAL_ERROR_TEXT] = "";
		char *text = changed(f->text, cases[i].find, cases[i].replace);
		struct portal_message m = read_it(f, text);
		if (m.n_skipped > 0)
			portal_error_format(&m.skipped, why);
		assert_string_equal(why, cases[i].why);
		assert_int_equal(m.body.client_init.resources.n, cases[i].left);
		assert_int_equal(m.n_skipped, cases[i].skipped);
		portal_message_free(&m);
		free(text);
	}
}

static void a_rendered_list_is_what_would_be_written(void **state)
{
	static const char *const names[] = {"client init", "newer client init"};
	for (int i = 0; i < 2; i++) {
		const struct frame *f = frame_of(names[i]);
		struct portal_message m = read_frame(names[i]);
		struct portal_text whole, list, spliced, none;
		assert_int_equal(portal_write(&f->link, PORTAL_FROM_PORTAL, &m, &whole), 0);
		assert_int_equal(portal_render_resources(&f->link, &m.body.client_init.resources, &list), 0);
		assert_true(m.body.client_init.resources.n > 0);
		m.body.client_init.resources.n = 0; /* is not looked at */
		assert_int_equal(portal_write_client_init(&f->link, &m, &list, &spliced), 0);
		assert_string_equal(spliced.text, whole.text);
		assert_int_equal(spliced.bytes, whole.bytes);
		m.type = PORTAL_CONFIG_CHANGED;
		assert_int_equal(portal_write_client_init(&f->link, &m, &list, &none), -EINVAL);
		m.type = PORTAL_CLIENT_INIT;
		portal_text_free(&whole);
		portal_text_free(&list);
		portal_text_free(&spliced);
		portal_message_free(&m);
	}
}

static void a_client_is_given_a_flow(void **state)
{
	static const char *const names[] = {"created", "newer created"};
	for (int i = 0; i < 2; i++) {
		struct portal_message m = read_frame(names[i]);
		const struct portal_flow_created *c = &m.body.flow_created;
		assert_int_equal(m.type, PORTAL_FLOW_CREATED);
		assert_uuid(&c->gateway_id, "b1f7a0e2-3c44-4d1b-8f26-77e0c9a4d502");
		assert_uuid(&c->site_id, "c2a8b1f3-4d55-4e2c-9037-88f1dab5e603");
		assert_key(&c->gateway_public_key, "I2VK0W0vt1v3OGrusMa7p1GYaI2OfndWt3d2uNlHqzA=");
		assert_addr(&c->gateway_ipv6, "[fd00:2021:1111::1f:2a07]:0");
		assert_string_equal(c->gateway_ice.password, "ikulfnvhx7jggbm2nn42pa");
		assert_int_equal(c->use_iceless, i);
		portal_message_free(&m);
	}
}

/* {"account_id":"x","policy_authorization_id":"x","policy_id":"x","resource_id":"x","resource_name":"x",
 * "authorized_at":"x","authorization_expires_at":"x","iat":1,"exp":2,"uploads_enabled":false,"role":"initiator",
 * "device_id":"x","actor_id":"x","actor_name":"x"} */
static void an_ingest_token_may_have_the_older_claims(void **state)
{
	static const char older[] =
		"eyJhY2NvdW50X2lkIjoieCIsInBvbGljeV9hdXRob3JpemF0aW9uX2lkIjoieCIsInBvbGljeV9pZCI6IngiLCJyZXNvdXJjZV9p"
		"ZCI6IngiLCJyZXNvdXJjZV9uYW1lIjoieCIsImF1dGhvcml6ZWRfYXQiOiJ4IiwiYXV0aG9yaXphdGlvbl9leHBpcmVzX2F0Ijoi"
		"eCIsImlhdCI6MSwiZXhwIjoyLCJ1cGxvYWRzX2VuYWJsZWQiOmZhbHNlLCJyb2xlIjoiaW5pdGlhdG9yIiwiZGV2aWNlX2lkIjoi"
		"eCIsImFjdG9yX2lkIjoieCIsImFjdG9yX25hbWUiOiJ4In0";
	const struct frame *f = frame_of("newer created");
	const char *claims = strstr(f->text, ".ey") + 1;
	size_t chars = strcspn(claims, ".");
	char *find = strndup(claims, chars), *text = changed(f->text, find, older);
	struct portal_message m = read_it(f, text);
	assert_non_null(strstr(m.body.flow_created.ingest_token, older));
	portal_message_free(&m);
	free(find);
	free(text);
}

static void a_reason_nobody_knows_is_another_failure(void **state)
{
	const struct frame *f = frame_of("failed");
	char *text = changed(f->text, "\"forbidden\"", "\"full_moon\"");
	struct portal_message m = read_it(f, text);
	struct portal_text written;
	assert_int_equal(m.body.flow_creation_failed.reason, PORTAL_FAILED_OTHER);
	assert_string_equal(m.body.flow_creation_failed.violated_properties.texts[0], "remote_ip");
	assert_int_equal(portal_write(&f->link, f->from, &m, &written), -EINVAL);
	portal_message_free(&m);
	free(text);
}

static void a_candidate_that_is_no_text_is_left_out_by_peers_only(void **state)
{
	const struct frame *f = frame_of("from client");
	char *text = changed(f->text, "\"candidates\":[", "\"candidates\":[7,");
	struct portal_message m = read_it(f, text);
	assert_int_equal(m.body.candidates.candidates.n, 2);
	assert_non_null(strstr(m.body.candidates.candidates.texts[1], "typ srflx"));
	assert_int_equal(m.n_skipped, 1);
	portal_message_free(&m);
	free(text);
}

static void what_nobody_reads_is_counted_and_named(void **state)
{
	const struct frame *f = frame_of("authorize");
	char why[PORTAL_ERROR_TEXT];
	char *text = changed(f->text, "\"client\":{", "\"subject\":{},\"client\":{\"version\":\"1.5.10\",");
	struct portal_message m = read_it(f, text);
	portal_error_format(&m.ignored, why);
	assert_int_equal(m.n_ignored, 2);
	assert_string_equal(why, "authorize_flow: client.version: is not known");
	portal_message_free(&m);
	free(text);
}

static void a_port_range_with_one_end_has_both(void **state)
{
	const struct frame *f = frame_of("resource");
	char *text = changed(f->text, ",\"port_range_end\":443", "");
	struct portal_message m = read_it(f, text);
	assert_true(m.body.resource.filters.list[0].has_ports);
	assert_int_equal(m.body.resource.filters.list[0].port_first, 443);
	assert_int_equal(m.body.resource.filters.list[0].port_last, 65535);
	portal_message_free(&m);
	free(text);
}

static void a_flow_is_translated_between_dialects(void **state)
{
	struct portal_message m = read_frame("create flow");
	const struct portal_link newer = {PORTAL_CLIENT, PORTAL_V2};
	struct portal_text written;
	assert_int_equal(portal_write(&newer, PORTAL_FROM_PEER, &m, &written), 0);
	assert_string_equal(written.text, "{\"topic\":\"client\",\"event\":\"request_authorization\",\"payload\":{\"resource_id\":"
					  "\"d3b9c2a4-5e66-4f3d-a148-99a2ebc6f704\",\"connected_gateway_ids\":"
					  "[\"b1f7a0e2-3c44-4d1b-8f26-77e0c9a4d502\"]},\"ref\":14}");
	portal_text_free(&written);
	portal_message_free(&m);
}

static void what_a_link_does_not_have_is_not_written(void **state)
{
	const struct portal_link gateway = {PORTAL_GATEWAY, PORTAL_V2}, older = {PORTAL_GATEWAY, PORTAL_V1};
	struct portal_message m = {.type = PORTAL_REQUEST_CONNECTION};
	struct portal_text t;
	assert_int_equal(portal_write(&gateway, PORTAL_FROM_PORTAL, &m, &t), -EINVAL);
	m.type = PORTAL_CREATE_FLOW;
	assert_int_equal(portal_write(&gateway, PORTAL_FROM_PEER, &m, &t), -EINVAL);
	m.type = PORTAL_FLOW_AUTHORIZED; /* without its ref */
	assert_int_equal(portal_write(&gateway, PORTAL_FROM_PEER, &m, &t), -EINVAL);
	m.body.flow_authorized.ref = "\xff";
	assert_int_equal(portal_write(&gateway, PORTAL_FROM_PEER, &m, &t), -EINVAL);
	m = (struct portal_message){.type = PORTAL_RESOURCE_UPDATED}; /* of no type */
	assert_int_equal(portal_write(&older, PORTAL_FROM_PORTAL, &m, &t), -EINVAL);
	m = (struct portal_message){.type = PORTAL_EXPIRY_UPDATED, .body.authorization.expires_at = PORTAL_NEVER};
	assert_int_equal(portal_write(&older, PORTAL_FROM_PORTAL, &m, &t), -EINVAL);
	m.type = PORTAL_GATEWAY_INIT; /* without addresses */
	assert_int_equal(portal_write(&older, PORTAL_FROM_PORTAL, &m, &t), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_survives_a_round_trip),
		cmocka_unit_test(a_gateway_is_told_who_it_is),
		cmocka_unit_test(a_gateway_is_asked_for_a_flow),
		cmocka_unit_test(an_expiry_of_null_is_never),
		cmocka_unit_test(a_client_is_told_its_resources),
		cmocka_unit_test(a_client_leaves_out_what_it_cannot_use),
		cmocka_unit_test(a_rendered_list_is_what_would_be_written),
		cmocka_unit_test(a_client_is_given_a_flow),
		cmocka_unit_test(an_ingest_token_may_have_the_older_claims),
		cmocka_unit_test(a_reason_nobody_knows_is_another_failure),
		cmocka_unit_test(a_candidate_that_is_no_text_is_left_out_by_peers_only),
		cmocka_unit_test(what_nobody_reads_is_counted_and_named),
		cmocka_unit_test(a_port_range_with_one_end_has_both),
		cmocka_unit_test(a_flow_is_translated_between_dialects),
		cmocka_unit_test(what_a_link_does_not_have_is_not_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
