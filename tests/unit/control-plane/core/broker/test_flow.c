/* SPDX-License-Identifier: Apache-2.0 */
/* Flows (portal §6.3 c, §6.2, §6.4): what is asked, what is answered, what is stored. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

static const struct portal_key key_1 = {{0x77, 1}}, key_2 = {{0x77, 2}}; /* as they are drawn */

static void fails(struct rig *r, uint64_t client, enum portal_failure reason)
{
	struct portal_message m = rig_hears(r, client, PORTAL_FLOW_CREATION_FAILED);
	assert_int_equal(m.body.flow_creation_failed.reason, reason);
	portal_message_free(&m);
}

static void what_the_client_does_not_have_is_not_found(void **state)
{
	struct rig r;
	rig_open(&r);
	rig_gateway(&r, EAST, "g1");
	uint64_t c = rig_client(&r, BOB, "c1");
	rig_asks(&r, c, ALL, NULL, 0);
	fails(&r, c, PORTAL_FAILED_NOT_FOUND);
	rig_message(&r, c, &(struct portal_message){.type = PORTAL_CREATE_FLOW, .body.create_flow.resource_id = {{1, 2, 3}}});
	fails(&r, c, PORTAL_FAILED_NOT_FOUND);
	assert_int_equal(rig_count(&r, BROKER_COUNT_FAILED_NOT_FOUND), 2);
	assert_int_equal(rig_count(&r, BROKER_COUNT_REQUESTS), 2);
	rig_silent(&r, 1);
	rig_close(&r);
}

static void a_condition_that_fails_is_named(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t g = rig_gateway(&r, WEST, "g1"), c = rig_client(&r, BOB, "c1");
	rig_asks(&r, c, DB, NULL, 0);
	struct portal_message m = rig_hears(&r, c, PORTAL_FLOW_CREATION_FAILED);
	assert_int_equal(m.body.flow_creation_failed.reason, PORTAL_FAILED_FORBIDDEN);
	assert_int_equal(m.body.flow_creation_failed.violated_properties.n, 1);
	assert_string_equal(m.body.flow_creation_failed.violated_properties.texts[0], "remote_ip");
	portal_message_free(&m);
	c = rig_join(&r, &(struct rig_peer){.role = PORTAL_CLIENT, .owner = BOB, .external_id = "c1", .from = cp_addr_v4(10, 1, 1, 1, 5)});
	rig_asks(&r, c, DB, NULL, 0);
	rig_heard(&r, g, PORTAL_AUTHORIZE_FLOW);
	assert_int_equal(rig_count(&r, BROKER_COUNT_FAILED_FORBIDDEN), 1);
	rig_close(&r);
}

static void without_a_gateway_of_the_site_it_is_offline(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t g = rig_gateway(&r, EAST, "g1"), c = rig_client(&r, ALICE, "c1");
	rig_asks(&r, c, DB, &g, 1);
	fails(&r, c, PORTAL_FAILED_OFFLINE);
	rig_silent(&r, g);
	rig_close(&r);
}

static void both_sides_are_told_the_same(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t g = rig_gateway(&r, WEST, "g1"), c = rig_client(&r, ALICE, "c1");
	rig_asks(&r, c, DB, NULL, 0);
	rig_silent(&r, c); /* no reply (§2.4) */
	struct portal_message a = rig_hears(&r, g, PORTAL_AUTHORIZE_FLOW);
	const struct portal_authorize_flow *f = &a.body.authorize_flow;
	assert_true(rig_is(&f->client.id, &r.ids[c]));
	assert_memory_equal(&f->client.public_key, &key_2, sizeof(key_2));
	assert_true(rig_is(&f->resource.id, &r.resources[DB].view.id));
	assert_int_equal(f->expires_at, RIG_UNIX + 14 * 24 * 3600);
	assert_int_equal(strlen(f->ref), 32);
	rig_message(&r, g, &(struct portal_message){.type = PORTAL_FLOW_AUTHORIZED, .body.flow_authorized.ref = f->ref});
	rig_heard(&r, g, PORTAL_REPLY);
	struct portal_message m = rig_hears(&r, c, PORTAL_FLOW_CREATED);
	const struct portal_flow_created *created = &m.body.flow_created;
	assert_true(rig_is(&created->resource_id, &r.resources[DB].view.id));
	assert_true(rig_is(&created->gateway_id, &r.ids[g]));
	assert_true(rig_is(&created->site_id, &r.sites[WEST].id));
	assert_memory_equal(&created->gateway_public_key, &key_1, sizeof(key_1));
	assert_memory_equal(&created->preshared_key, &f->client.preshared_key, sizeof(struct portal_key));
	assert_string_equal(created->client_ice.username, f->client_ice.username);
	assert_string_equal(created->client_ice.password, f->client_ice.password);
	assert_string_equal(created->gateway_ice.username, f->gateway_ice.username);
	assert_string_equal(created->gateway_ice.password, f->gateway_ice.password);
	struct broker_gateway_row row;
	assert_true(broker_gateway_row(r.b, 0, &row));
	assert_true(cp_addr_equal(&created->gateway_ipv4, &row.ipv4) && cp_addr_equal(&created->gateway_ipv6, &row.ipv6));
	portal_message_free(&m);
	portal_message_free(&a);
	assert_int_equal(rig_count(&r, BROKER_COUNT_CREATED), 1);
	rig_close(&r);
}

/* The gateway must not hold an access that a portal which starts anew does not know. */
static void the_authorization_is_stored_before_the_gateway_is_asked(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t g = rig_gateway(&r, WEST, "g1"), c = rig_client(&r, ALICE, "c1");
	rig_asks(&r, c, DB, NULL, 0);
	long stored = rig_find(&r, BROKER_OUT_STORE_AUTHORIZATION, 0);
	assert_true(stored >= 0 && stored < rig_find(&r, BROKER_OUT_TEXT, g));
	assert_true(rig_is(&r.outs[stored].authorization.client, &r.ids[c]));
	assert_true(rig_is(&r.outs[stored].authorization.gateway, &r.ids[g]));
	assert_true(rig_is(&r.outs[stored].authorization.resource, &r.resources[DB].view.id));
	rig_close(&r);
}

static void dialects_are_translated_by_the_path_alone(void **state)
{
	for (int of_client = PORTAL_V1; of_client <= PORTAL_V2; of_client++)
		for (int of_gateway = PORTAL_V1; of_gateway <= PORTAL_V2; of_gateway++) {
			struct rig r;
			rig_open(&r);
			uint64_t g = rig_join(&r, &(struct rig_peer){.role = PORTAL_GATEWAY, .dialect = of_gateway, .external_id = "g"});
			uint64_t c = rig_join(&r, &(struct rig_peer){.role = PORTAL_CLIENT, .dialect = of_client, .external_id = "c"});
			char payload[200], id[PORTAL_UUID_TEXT];
			portal_uuid_format(&r.resources[DB].view.id, id);
			snprintf(payload, sizeof(payload), "{\"resource_id\":\"%s\",\"connected_gateway_ids\":[]}", id);
			rig_says(&r, c, of_client == PORTAL_V1 ? "create_flow" : "request_authorization", payload);
			long asked = rig_find(&r, BROKER_OUT_TEXT, g);
			assert_true(asked >= 0);
			assert_non_null(strstr(r.outs[asked].text, of_gateway == PORTAL_V1 ? "\"authorize_flow\"" : "\"create_authorization\""));
			rig_answers(&r, g);
			long created = rig_find(&r, BROKER_OUT_TEXT, c);
			assert_true(created >= 0);
			assert_non_null(strstr(r.outs[created].text, of_client == PORTAL_V1 ? "\"flow_created\"" : "\"authorization_created\""));
			rig_heard(&r, c, PORTAL_FLOW_CREATED);
			rig_close(&r);
		}
}

static void only_whom_it_was_asked_may_answer(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t g = rig_gateway(&r, WEST, "g1"), c = rig_client(&r, ALICE, "c1"), other = rig_gateway(&r, EAST, "g2");
	rig_asks(&r, c, DB, NULL, 0);
	struct portal_message a = rig_hears(&r, g, PORTAL_AUTHORIZE_FLOW);
	struct portal_message answer = {.type = PORTAL_FLOW_AUTHORIZED, .body.flow_authorized.ref = a.body.authorize_flow.ref};
	rig_message(&r, other, &answer);
	struct portal_message m = rig_hears(&r, other, PORTAL_REPLY);
	assert_string_equal(m.body.reply.reason, "invalid_ref");
	portal_message_free(&m);
	rig_silent(&r, c);
	rig_message(&r, g, &answer);
	rig_heard(&r, g, PORTAL_REPLY);
	rig_heard(&r, c, PORTAL_FLOW_CREATED);
	rig_message(&r, g, &answer); /* it is forgotten */
	m = rig_hears(&r, g, PORTAL_REPLY);
	assert_string_equal(m.body.reply.reason, "invalid_ref");
	portal_message_free(&m);
	portal_message_free(&a);
	rig_silent(&r, c);
	rig_says(&r, g, "flow_authorized", "{\"ref\":\"\"}");
	rig_heard(&r, g, PORTAL_REPLY);
	assert_int_equal(rig_count(&r, BROKER_COUNT_INVALID_REF), 3);
	rig_close(&r);
}

static void the_answer_goes_to_the_connection_that_asked(void **state)
{
	struct rig r;
	rig_open(&r);
	struct rig_peer peer = {.role = PORTAL_CLIENT, .owner = ALICE, .external_id = "c1", .key = 500};
	uint64_t g = rig_gateway(&r, WEST, "g1"), c = rig_join(&r, &peer);
	rig_asks(&r, c, DB, NULL, 0);
	rig_lost(&r, c);
	c = rig_connect(&r, &peer, NULL);
	rig_says(&r, c, "phx_join", "null");
	rig_heard(&r, c, PORTAL_REPLY);
	rig_heard(&r, c, PORTAL_CLIENT_INIT);
	rig_answers(&r, g);
	rig_silent(&r, c);
	rig_close(&r);
}

static void requests_for_several_resources_have_refs_of_their_own(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t g = rig_gateway(&r, WEST, "g1"), c = rig_client(&r, ALICE, "c1");
	rig_asks(&r, c, DB, NULL, 0);
	rig_asks(&r, c, WEB, NULL, 0);
	struct portal_message a = rig_hears(&r, g, PORTAL_AUTHORIZE_FLOW), b = rig_hears(&r, g, PORTAL_AUTHORIZE_FLOW);
	assert_string_not_equal(a.body.authorize_flow.ref, b.body.authorize_flow.ref);
	assert_memory_equal(&a.body.authorize_flow.client.preshared_key, &b.body.authorize_flow.client.preshared_key, 32);
	rig_message(&r, g, &(struct portal_message){.type = PORTAL_FLOW_AUTHORIZED, .body.flow_authorized.ref = b.body.authorize_flow.ref});
	struct portal_message m = rig_hears(&r, c, PORTAL_FLOW_CREATED);
	assert_true(rig_is(&m.body.flow_created.resource_id, &r.resources[WEB].view.id));
	portal_message_free(&m);
	rig_message(&r, g, &(struct portal_message){.type = PORTAL_FLOW_AUTHORIZED, .body.flow_authorized.ref = a.body.authorize_flow.ref});
	m = rig_hears(&r, c, PORTAL_FLOW_CREATED);
	assert_true(rig_is(&m.body.flow_created.resource_id, &r.resources[DB].view.id));
	portal_message_free(&m);
	portal_message_free(&a);
	portal_message_free(&b);
	rig_close(&r);
}

/* The client asks again every 2 s while packets come (§4.4). */
static void a_repeated_request_is_served_once(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t g = rig_gateway(&r, WEST, "g1"), c = rig_client(&r, ALICE, "c1");
	rig_gateway(&r, WEST, "g2");
	rig_asks(&r, c, DB, NULL, 0);
	if (rig_find(&r, BROKER_OUT_TEXT, g) < 0)
		g += 2;
	for (int i = 0; i < 5; i++) {
		rig_run(&r, 2 * CP_S);
		rig_asks(&r, c, DB, NULL, 0);
	}
	rig_answers(&r, g);
	rig_heard(&r, c, PORTAL_FLOW_CREATED);
	for (int i = 0; i < 5; i++)
		rig_answers(&r, g);
	rig_silent(&r, c);
	rig_run(&r, 20 * CP_S);
	rig_silent(&r, c);
	assert_int_equal(broker_summary(r.b).requests, 0);
	assert_int_equal(rig_count(&r, BROKER_COUNT_GATEWAY_SILENT), 0);
	rig_close(&r);
}

static void a_flow_ends_with_the_token_and_the_policy(void **state)
{
	struct rig r;
	rig_world(&r);
	r.policies[1].expires_at = RIG_UNIX + 1000;
	rig_start(&r);
	uint64_t g = rig_gateway(&r, WEST, "g1"), c = rig_client(&r, ALICE, "c1");
	rig_asks(&r, c, DB, NULL, 0);
	struct portal_message m = rig_hears(&r, g, PORTAL_AUTHORIZE_FLOW);
	assert_int_equal(m.body.authorize_flow.expires_at, RIG_UNIX + 1000);
	portal_message_free(&m);
	c = rig_join(&r, &(struct rig_peer){.role = PORTAL_CLIENT, .owner = ALICE, .external_id = "c2", .token_expires_at = RIG_UNIX + 50});
	rig_asks(&r, c, WEB, NULL, 0);
	m = rig_hears(&r, g, PORTAL_AUTHORIZE_FLOW);
	assert_int_equal(m.body.authorize_flow.expires_at, RIG_UNIX + 50);
	portal_message_free(&m);
	rig_close(&r);
}

static void no_more_than_a_quota_is_unanswered(void **state)
{
	struct rig r;
	rig_world(&r);
	r.world.quota.requests_per_client = 3;
	rig_start(&r);
	uint64_t g = rig_gateway(&r, WEST, "g1"), c = rig_client(&r, ALICE, "c1"), c2 = rig_client(&r, ALICE, "c2");
	for (int i = 0; i < 3; i++)
		rig_asks(&r, c, DB, NULL, 0);
	rig_silent(&r, c);
	rig_asks(&r, c, DB, NULL, 0);
	fails(&r, c, PORTAL_FAILED_OFFLINE);
	assert_int_equal(rig_count(&r, BROKER_COUNT_QUOTA), 1);
	assert_int_equal(broker_summary(r.b).requests, 3);
	rig_asks(&r, c2, DB, NULL, 0); /* nobody else is concerned */
	rig_silent(&r, c2);
	for (int i = 0; i < 4; i++)
		rig_answers(&r, g);
	rig_heard(&r, c2, PORTAL_FLOW_CREATED);
	rig_close(&r);
}

static void no_more_than_a_quota_is_granted(void **state)
{
	struct rig r;
	rig_world(&r);
	r.world.quota.authorizations_per_client = 1;
	rig_start(&r);
	uint64_t g = rig_gateway(&r, WEST, "g1"), c = rig_client(&r, ALICE, "c1");
	rig_flow(&r, c, g, DB);
	rig_asks(&r, c, WEB, NULL, 0);
	fails(&r, c, PORTAL_FAILED_OFFLINE);
	rig_silent(&r, g);
	assert_int_equal(rig_count(&r, BROKER_COUNT_QUOTA), 1);
	rig_flow(&r, c, g, DB);
	assert_int_equal(broker_summary(r.b).authorizations, 1);
	rig_close(&r);
}

/* What lasts hardly longer is not worth a write per request. */
static void a_repetition_is_stored_only_if_it_matters(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t g = rig_gateway(&r, WEST, "g1"), c = rig_client(&r, ALICE, "c1");
	rig_flow(&r, c, g, DB);
	rig_forget(&r);
	rig_run(&r, 30 * CP_S);
	rig_says(&r, c, "heartbeat", "{}");
	rig_says(&r, g, "heartbeat", "{}");
	rig_forget(&r);
	rig_flow(&r, c, g, DB);
	assert_int_equal(rig_find(&r, BROKER_OUT_STORE_AUTHORIZATION, 0), -1);
	broker_clock(r.b, RIG_UNIX + 7 * 24 * 3600, r.now);
	rig_asks(&r, c, DB, NULL, 0);
	assert_true(rig_find(&r, BROKER_OUT_STORE_AUTHORIZATION, 0) >= 0);
	struct portal_message m = rig_hears(&r, g, PORTAL_AUTHORIZE_FLOW);
	assert_int_equal(m.body.authorize_flow.expires_at, RIG_UNIX + 21 * 24 * 3600);
	portal_message_free(&m);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_client_does_not_have_is_not_found),
		cmocka_unit_test(a_condition_that_fails_is_named),
		cmocka_unit_test(without_a_gateway_of_the_site_it_is_offline),
		cmocka_unit_test(both_sides_are_told_the_same),
		cmocka_unit_test(the_authorization_is_stored_before_the_gateway_is_asked),
		cmocka_unit_test(dialects_are_translated_by_the_path_alone),
		cmocka_unit_test(only_whom_it_was_asked_may_answer),
		cmocka_unit_test(the_answer_goes_to_the_connection_that_asked),
		cmocka_unit_test(requests_for_several_resources_have_refs_of_their_own),
		cmocka_unit_test(a_repeated_request_is_served_once),
		cmocka_unit_test(a_flow_ends_with_the_token_and_the_policy),
		cmocka_unit_test(no_more_than_a_quota_is_unanswered),
		cmocka_unit_test(no_more_than_a_quota_is_granted),
		cmocka_unit_test(a_repetition_is_stored_only_if_it_matters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
