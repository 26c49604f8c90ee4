/* SPDX-License-Identifier: Apache-2.0 */
/* Frames that are answered with an error, tolerated, or end their connection (portal §2.4, §2.5, §2.11, §6.3 h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

static void refused(struct rig *r, uint64_t conn, const char *reason)
{
	struct portal_message m = rig_hears(r, conn, PORTAL_REPLY);
	assert_int_equal(m.body.reply.status, PORTAL_REFUSED);
	assert_string_equal(m.body.reply.reason, reason);
	assert_true(m.has_ref && m.ref == 7);
	portal_message_free(&m);
	rig_silent(r, conn);
}

static void heartbeats_are_answered_joined_or_not(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t c = rig_connect(&r, &(struct rig_peer){.role = PORTAL_CLIENT, .external_id = "c"}, NULL);
	for (int i = 0; i < 2; i++) {
		rig_says(&r, c, "heartbeat", "{}");
		char *text = rig_raw(&r, c);
		assert_string_equal(text, "{\"topic\":\"phoenix\",\"event\":\"phx_reply\",\"payload\":{\"status\":\"ok\",\"response\":{}},\"ref\":7}");
		free(text);
		rig_says(&r, c, "phx_join", "null");
		rig_forget(&r);
	}
	rig_close(&r);
}

static void what_is_not_understood_is_an_unknown_message(void **state)
{
	static const char *const cases[][2] = {
		{"no_such_event", "{}"},
		{"create_flow", "{}"},
		{"create_flow", "{\"resource_id\":\"d0000000-0000-4000-8000-000000000001\"}"},
		{"create_flow", "{\"resource_id\":\"nonsense\",\"connected_gateway_ids\":[]}"},
		{"flow_authorized", "{\"ref\":\"of the other role\"}"},
		{"request_authorization", "{\"resource_id\":\"d0000000-0000-4000-8000-000000000001\",\"connected_gateway_ids\":[]}"},
		{"broadcast_ice_candidates", "{\"candidates\":[]}"},
	};
	struct rig r;
	rig_open(&r);
	uint64_t c = rig_client(&r, ALICE, "c");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rig_says(&r, c, cases[i][0], cases[i][1]);
		refused(&r, c, "unknown_message");
		assert_int_equal(rig_count(&r, BROKER_COUNT_UNKNOWN_MESSAGES), i + 1);
	}
	uint64_t g = rig_gateway(&r, WEST, "g");
	rig_says(&r, g, "connection_ready", "{\"ref\":\"x\",\"gateway_payload\":{\"ConnectionAccepted\":{\"ice_parameters\":{\"username\":\"a\",\"password\":\"b\"}}}}");
	refused(&r, g, "unknown_message");
	rig_close(&r);
}

static void before_the_join_and_elsewhere_the_topic_is_unmatched(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t c = rig_connect(&r, &(struct rig_peer){.role = PORTAL_CLIENT, .external_id = "c"}, NULL);
	rig_says(&r, c, "no_relays", "{}");
	refused(&r, c, "unmatched topic");
	rig_says(&r, c, "no_such_event", "{}");
	refused(&r, c, "unmatched topic");
	rig_text(&r, c, "{\"topic\":\"gateway\",\"event\":\"phx_join\",\"payload\":null,\"ref\":7}");
	refused(&r, c, "unmatched topic");
	assert_int_equal(broker_summary(r.b).clients_online, 0);
	assert_int_equal(rig_count(&r, BROKER_COUNT_UNKNOWN_MESSAGES), 0);
	rig_close(&r);
}

static void what_is_tolerated_is_not_answered(void **state)
{
	static const char *const events[][2] = {
		{"set_snownet_capabilities", "{\"iceless\":true}"},
		{"request_device_access", "{\"x\":1}"},
		{"resolve_device_pool_domain", "{\"resource_id\":\"x\",\"domain\":\"y\"}"},
		{"new_client_ice_candidates", "{}"},
		{"invalidate_client_ice_candidates", "{}"},
	};
	struct rig r;
	rig_open(&r);
	uint64_t c = rig_join(&r, &(struct rig_peer){.role = PORTAL_CLIENT, .dialect = PORTAL_V2, .external_id = "c"});
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		rig_says(&r, c, events[i][0], events[i][1]);
		assert_int_equal(r.n_outs, 0);
	}
	rig_close(&r);
}

static void what_is_no_frame_closes_the_connection(void **state)
{
	static const char *const frames[] = {"", "{", "nonsense", "[]", "{}", "{\"topic\":\"client\",\"event\":\"x\",\"payload\":{}}",
					     "{\"topic\":\"client\",\"event\":\"x\",\"payload\":{},\"ref\":\"7\"}",
					     "{\"topic\":\"client\",\"topic\":\"client\",\"event\":\"x\",\"payload\":{},\"ref\":7}"};
	struct rig r;
	rig_open(&r);
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		uint64_t c = rig_client(&r, ALICE, "c");
		rig_text(&r, c, frames[i]);
		long closed = rig_find(&r, BROKER_OUT_CLOSE, c);
		assert_true(closed >= 0);
		assert_int_equal(r.outs[closed].close_code, 1002);
		rig_silent(&r, c);
		assert_int_equal(rig_count(&r, BROKER_COUNT_BAD_FRAMES), i + 1);
		assert_int_equal(broker_summary(r.b).clients_online, 0);
		rig_forget(&r);
		rig_text(&r, c, frames[i]); /* what may still be on its way */
		assert_int_equal(r.n_outs, 0);
	}
	rig_close(&r);
}

static void a_client_without_relays_is_given_all(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t c = rig_client(&r, ALICE, "c");
	rig_says(&r, c, "no_relays", "{}");
	char *text = rig_raw(&r, c);
	assert_non_null(strstr(text, "\"disconnected_ids\":[]"));
	assert_non_null(strstr(text, "198.51.100.10:3478"));
	free(text);
	rig_silent(&r, c);
	assert_int_equal(rig_count(&r, BROKER_COUNT_NO_RELAYS), 1);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heartbeats_are_answered_joined_or_not),
		cmocka_unit_test(what_is_not_understood_is_an_unknown_message),
		cmocka_unit_test(before_the_join_and_elsewhere_the_topic_is_unmatched),
		cmocka_unit_test(what_is_tolerated_is_not_answered),
		cmocka_unit_test(what_is_no_frame_closes_the_connection),
		cmocka_unit_test(a_client_without_relays_is_given_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
