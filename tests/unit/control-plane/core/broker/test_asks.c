/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that are not answered (portal §6.3 c 9, §5.5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

static void fails(struct rig *r, uint64_t client)
{
	struct portal_message m = rig_hears(r, client, PORTAL_FLOW_CREATION_FAILED);
	assert_int_equal(m.body.flow_creation_failed.reason, PORTAL_FAILED_OFFLINE);
	portal_message_free(&m);
}

static void after_15_s_the_client_is_told(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t g = rig_gateway(&r, WEST, "g1"), c = rig_client(&r, ALICE, "c1");
	rig_asks(&r, c, DB, NULL, 0);
	rig_run(&r, 15 * CP_S - 1);
	rig_silent(&r, c);
	rig_run(&r, 1);
	fails(&r, c);
	assert_int_equal(rig_count(&r, BROKER_COUNT_GATEWAY_SILENT), 1);
	struct portal_message a = rig_hears(&r, g, PORTAL_AUTHORIZE_FLOW);
	rig_heard(&r, g, PORTAL_REJECT_ACCESS); /* what was never confirmed is no access */
	assert_true(rig_find(&r, BROKER_OUT_FORGET_AUTHORIZATION, 0) >= 0);
	rig_message(&r, g, &(struct portal_message){.type = PORTAL_FLOW_AUTHORIZED, .body.flow_authorized.ref = a.body.authorize_flow.ref});
	struct portal_message m = rig_hears(&r, g, PORTAL_REPLY);
	assert_string_equal(m.body.reply.reason, "invalid_ref");
	portal_message_free(&m);
	portal_message_free(&a);
	assert_int_equal(broker_summary(r.b).authorizations, 0);
	rig_close(&r);
}

/* It counts from the first request of several; the client hears of all at once, and once. */
static void repetitions_do_not_delay_the_end(void **state)
{
	struct rig r;
	rig_open(&r);
	rig_gateway(&r, WEST, "g1");
	uint64_t c = rig_client(&r, ALICE, "c1");
	for (int i = 0; i < 7; i++) {
		rig_asks(&r, c, DB, NULL, 0);
		rig_run(&r, 2 * CP_S);
	}
	rig_silent(&r, c);
	rig_run(&r, CP_S);
	fails(&r, c);
	rig_run(&r, 24 * CP_S);
	rig_silent(&r, c);
	assert_int_equal(rig_count(&r, BROKER_COUNT_FAILED_OFFLINE), 1);
	rig_close(&r);
}

static void what_was_confirmed_before_stays(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t g = rig_gateway(&r, WEST, "g1"), c = rig_client(&r, ALICE, "c1");
	rig_flow(&r, c, g, DB);
	rig_asks(&r, c, DB, NULL, 0);
	rig_run(&r, 16 * CP_S);
	fails(&r, c);
	rig_heard(&r, g, PORTAL_AUTHORIZE_FLOW);
	rig_silent(&r, g);
	assert_int_equal(broker_summary(r.b).authorizations, 1);
	rig_close(&r);
}

/* One that hangs has the least load: it would draw all flows. */
static void a_silent_gateway_is_asked_last(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t g = rig_gateway(&r, WEST, "g1"), c = rig_client(&r, ALICE, "c1");
	rig_asks(&r, c, DB, NULL, 0);
	rig_run(&r, 16 * CP_S);
	uint64_t g2 = rig_gateway(&r, WEST, "g2");
	for (int i = 0; i < 8; i++) {
		char name[2] = {(char)('a' + i), 0};
		rig_flow(&r, rig_client(&r, ALICE, name), g2, DB);
	}
	rig_asks(&r, c, DB, &g, 1); /* be it that the client prefers it */
	rig_answers(&r, g2);
	for (int i = 0; i < 6; i++) { /* both stay connected */
		rig_run(&r, 10 * CP_S);
		rig_says(&r, g, "heartbeat", "{}");
		rig_says(&r, g2, "heartbeat", "{}");
		rig_forget(&r);
	}
	rig_flow(&r, rig_client(&r, ALICE, "late"), g, DB);
	rig_close(&r);
}

static void an_answer_ends_the_silence(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t g = rig_gateway(&r, WEST, "g1"), c = rig_client(&r, ALICE, "c1");
	rig_asks(&r, c, DB, NULL, 0);
	rig_run(&r, 16 * CP_S);
	rig_forget(&r);
	rig_flow(&r, rig_client(&r, ALICE, "c2"), g, DB); /* it is the only one */
	uint64_t g2 = rig_gateway(&r, WEST, "g2");
	rig_flow(&r, rig_client(&r, ALICE, "c3"), g2, DB);
	/* both have one client: of the next two each gets one */
	uint64_t c4 = rig_client(&r, ALICE, "c4"), c5 = rig_client(&r, ALICE, "c5");
	rig_asks(&r, c4, DB, NULL, 0);
	rig_asks(&r, c5, DB, NULL, 0);
	rig_heard(&r, g, PORTAL_AUTHORIZE_FLOW);
	rig_close(&r);
}

static void a_gateway_whose_socket_closes_fails_at_once(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t g = rig_gateway(&r, WEST, "g1"), c = rig_client(&r, ALICE, "c1"), c2 = rig_client(&r, ALICE, "c2");
	rig_asks(&r, c, DB, NULL, 0);
	rig_asks(&r, c, DB, NULL, 0);
	rig_asks(&r, c, WEB, NULL, 0);
	rig_asks(&r, c2, DB, NULL, 0);
	rig_lost(&r, g);
	fails(&r, c);
	fails(&r, c);
	rig_silent(&r, c);
	fails(&r, c2);
	assert_int_equal(rig_count(&r, BROKER_COUNT_GATEWAY_LOST), 3);
	assert_int_equal(broker_summary(r.b).requests, 0);
	rig_close(&r);
}

static void a_gateway_that_leaves_fails_at_once(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t g = rig_gateway(&r, WEST, "g1"), c = rig_client(&r, ALICE, "c1"), g2;
	rig_asks(&r, c, DB, NULL, 0);
	g2 = rig_gateway(&r, WEST, "g2");
	rig_says(&r, g, "phx_leave", "{}");
	fails(&r, c);
	rig_flow(&r, c, g2, DB);
	rig_close(&r);
}

/* The same process has what it was asked lost with its connection, or not. */
static void a_gateway_that_comes_again_with_its_key_is_asked_again(void **state)
{
	struct rig r;
	rig_open(&r);
	const struct rig_peer peer = {.role = PORTAL_GATEWAY, .owner = WEST, .external_id = "g1", .key = 700};
	uint64_t g = rig_join(&r, &peer), c = rig_client(&r, ALICE, "c1");
	rig_asks(&r, c, DB, NULL, 0);
	struct portal_message first = rig_hears(&r, g, PORTAL_AUTHORIZE_FLOW);
	uint64_t g2 = rig_connect(&r, &peer, NULL);
	rig_says(&r, g2, "phx_join", "null");
	rig_heard(&r, g2, PORTAL_REPLY);
	rig_heard(&r, g2, PORTAL_GATEWAY_INIT);
	rig_silent(&r, c);
	struct portal_message again = rig_hears(&r, g2, PORTAL_AUTHORIZE_FLOW);
	assert_string_equal(first.body.authorize_flow.ref, again.body.authorize_flow.ref);
	rig_message(&r, g2, &(struct portal_message){.type = PORTAL_FLOW_AUTHORIZED, .body.flow_authorized.ref = again.body.authorize_flow.ref});
	rig_heard(&r, c, PORTAL_FLOW_CREATED);
	portal_message_free(&first);
	portal_message_free(&again);
	rig_close(&r);
}

static void a_gateway_that_comes_again_with_another_key_is_not(void **state)
{
	struct rig r;
	rig_open(&r);
	rig_gateway(&r, WEST, "g1");
	uint64_t c = rig_client(&r, ALICE, "c1");
	rig_asks(&r, c, DB, NULL, 0);
	uint64_t g2 = rig_connect(&r, &(struct rig_peer){.role = PORTAL_GATEWAY, .owner = WEST, .external_id = "g1"}, NULL);
	rig_says(&r, g2, "phx_join", "null");
	fails(&r, c);
	rig_heard(&r, g2, PORTAL_REPLY);
	rig_heard(&r, g2, PORTAL_GATEWAY_INIT);
	rig_silent(&r, g2); /* a new process holds no access that could be rejected */
	rig_close(&r);
}

/* A newer gateway drops what it is asked before its relay has answered, and says no_relays. */
static void what_is_unanswered_is_repeated_after_no_relays(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t g = rig_gateway(&r, WEST, "g1"), c = rig_client(&r, ALICE, "c1");
	rig_asks(&r, c, DB, NULL, 0);
	rig_heard(&r, g, PORTAL_AUTHORIZE_FLOW);
	rig_says(&r, g, "no_relays", "{}");
	struct portal_message m = rig_hears(&r, g, PORTAL_RELAYS_PRESENCE);
	assert_int_equal(m.body.relays_presence.disconnected.n, 0);
	assert_int_equal(m.body.relays_presence.connected.n, 1);
	portal_message_free(&m);
	rig_answers(&r, g);
	rig_heard(&r, c, PORTAL_FLOW_CREATED);
	rig_says(&r, g, "no_relays", "{}");
	rig_heard(&r, g, PORTAL_RELAYS_PRESENCE);
	rig_run(&r, CP_S);
	rig_silent(&r, g); /* nothing is unanswered */
	rig_close(&r);
}

/* Each repetition may bring another no_relays at once: together they must not become a storm. */
static void repetitions_are_spaced(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t g = rig_gateway(&r, WEST, "g1"), c = rig_client(&r, ALICE, "c1");
	unsigned int n = 0;
	rig_asks(&r, c, DB, NULL, 0);
	for (int ms = 0; ms < 2000; ms++) {
		char *text;
		bool asked = false;
		while ((text = rig_raw(&r, g))) {
			asked |= strstr(text, "\"authorize_flow\"") != NULL;
			free(text);
		}
		if (asked) {
			n++;
			rig_says(&r, g, "no_relays", "{}");
		}
		rig_run(&r, CP_MS);
		rig_silent(&r, c);
	}
	assert_in_range(n, 8, 10);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(after_15_s_the_client_is_told),
		cmocka_unit_test(repetitions_do_not_delay_the_end),
		cmocka_unit_test(what_was_confirmed_before_stays),
		cmocka_unit_test(a_silent_gateway_is_asked_last),
		cmocka_unit_test(an_answer_ends_the_silence),
		cmocka_unit_test(a_gateway_whose_socket_closes_fails_at_once),
		cmocka_unit_test(a_gateway_that_leaves_fails_at_once),
		cmocka_unit_test(a_gateway_that_comes_again_with_its_key_is_asked_again),
		cmocka_unit_test(a_gateway_that_comes_again_with_another_key_is_not),
		cmocka_unit_test(what_is_unanswered_is_repeated_after_no_relays),
		cmocka_unit_test(repetitions_are_spaced),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
