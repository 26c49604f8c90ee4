/* SPDX-License-Identifier: Apache-2.0 */
/* The peer's channel: joining, heartbeats, replies, what ends it, the queue, leaving. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

#define OLDER &portal_habits_older
#define NEWER &portal_habits_newer
#define HOUR  (3600 * CP_S)

static const struct portal_message no_relays = {.type = PORTAL_NO_RELAYS};

static void gateway(struct rig *r, const struct portal_habits *h)
{
	rig_open(r, PORTAL_GATEWAY, h == NEWER ? PORTAL_V2 : PORTAL_V1, h, CP_NEVER);
}

static struct portal_message answer(const char *ref)
{
	return (struct portal_message){.type = PORTAL_FLOW_AUTHORIZED, .body.flow_authorized.ref = ref};
}

static void it_sends_nothing_before_it_has_joined(void **state)
{
	struct rig r;
	gateway(&r, NEWER);
	portal_channel_start(r.c, r.now);
	rig_drain(&r);
	assert_int_equal(r.dialled, 1);
	portal_channel_connected(r.c, r.now);
	rig_drain(&r);
	assert_int_equal(rig_send(&r, &no_relays), 0);
	rig_expect(&r, "{\"topic\":\"gateway\",\"event\":\"phx_join\",\"payload\":null,\"ref\":0}");
	assert_int_equal(r.n_texts, 0);
	rig_hear(&r, "{\"topic\":\"gateway\",\"event\":\"phx_reply\",\"ref\":0,\"payload\":{\"status\":\"ok\",\"response\":{}}}");
	assert_int_equal(r.joined, 1);
	rig_expect(&r, "{\"topic\":\"gateway\",\"event\":\"no_relays\",\"payload\":{},\"ref\":1}");
	rig_close(&r);
}

static void a_relay_joins_with_its_secret(void **state)
{
	struct rig r;
	rig_open(&r, PORTAL_RELAY, PORTAL_V1, OLDER, CP_NEVER);
	portal_channel_start(r.c, r.now);
	portal_channel_connected(r.c, r.now);
	rig_drain(&r);
	rig_expect(&r, "{\"topic\":\"relay\",\"event\":\"phx_join\",\"payload\":{\"stamp_secret\":\"5c1d0f6e\"},\"ref\":0}");
	rig_close(&r);
}

static void a_join_nobody_answers_is_given_up_after_5_s(void **state)
{
	static const char *const replies[] = {
		"{\"topic\":\"gateway\",\"event\":\"phx_reply\",\"ref\":0,\"payload\":{\"status\":\"ok\",\"response\":null}}",
		"{\"topic\":\"gateway\",\"event\":\"phx_reply\",\"ref\":\"0\",\"payload\":{\"status\":\"ok\",\"response\":{}}}",
		"{\"topic\":\"gateway\",\"event\":\"phx_reply\",\"ref\":7,\"payload\":{\"status\":\"ok\",\"response\":{}}}",
	};
	for (int i = 0; i < 3; i++) {
		struct rig r;
		gateway(&r, OLDER);
		portal_channel_start(r.c, r.now);
		rig_drain(&r);
		portal_channel_connected(r.c, r.now);
		rig_drain(&r);
		rig_hear(&r, replies[i]);
		rig_run_until(&r, r.now + 5 * CP_S - 1);
		assert_int_equal(r.closed, 0);
		rig_run_until(&r, r.now + 1);
		assert_int_equal(r.closed, 1);
		assert_int_equal(r.why, PORTAL_WHY_JOIN_TIMEOUT);
		assert_int_equal(r.dialled, 2); /* at once: the handshake had succeeded */
		rig_close(&r);
	}
}

static void what_is_fatal_ends_it(void **state)
{
	static const struct {
		const char *text;
		enum portal_channel_why why;
		bool joined;
	} cases[] = {
		{"{\"topic\":\"gateway\",\"event\":\"phx_reply\",\"ref\":0,\"payload\":{\"status\":\"error\",\"response\":{\"reason\":\"disabled\"}}}",
		 PORTAL_WHY_JOIN_REFUSED, false},
		{"{\"topic\":\"gateway\",\"event\":\"disconnect\",\"ref\":null,\"payload\":{\"reason\":\"token_expired\"}}",
		 PORTAL_WHY_TOKEN_EXPIRED, true},
	};
	for (int i = 0; i < 2; i++) {
		struct rig r;
		gateway(&r, NEWER);
		if (cases[i].joined)
			rig_join(&r);
		portal_channel_start(r.c, r.now);
		rig_drain(&r);
		portal_channel_connected(r.c, r.now);
		rig_drain(&r);
		rig_hear(&r, cases[i].text);
		assert_int_equal(r.closed, 1);
		assert_int_equal(r.ended, 1);
		assert_int_equal(r.why, cases[i].why);
		assert_int_equal(rig_send(&r, &no_relays), -ENOTCONN);
		rig_run_until(&r, r.now + HOUR);
		assert_int_equal(r.dialled, 1);
		rig_close(&r);
	}
}

static void statuses_are_fatal_by_generation(void **state)
{
	static const struct {
		unsigned int status;
		bool older, newer;
	} cases[] = {{401, true, true}, {403, true, false}, {404, true, false}, {408, true, false}, {422, true, false}, {429, true, false},
		     {500, false, false}, {503, false, false}, {302, false, false}, {0, false, false}};
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig r;
		gateway(&r, i % 2 ? NEWER : OLDER);
		portal_channel_start(r.c, r.now);
		rig_drain(&r);
		portal_channel_dial_failed(r.c, cases[i / 2].status, 0, r.now);
		rig_drain(&r);
		assert_int_equal(r.ended, i % 2 ? cases[i / 2].newer : cases[i / 2].older);
		assert_int_equal(r.closed, 0);
		rig_close(&r);
	}
}

static void retry_after_is_honoured_by_newer_peers(void **state)
{
	struct rig r;
	gateway(&r, NEWER);
	rig_join(&r);
	portal_channel_lost(r.c, r.now);
	rig_run_until(&r, r.now + 2 * CP_S);
	assert_int_equal(r.dialled, 2);
	cp_time refused = r.now;
	portal_channel_dial_failed(r.c, 503, 7 * CP_S, r.now);
	rig_drain(&r);
	rig_run_until(&r, r.now + 10 * CP_S);
	assert_int_equal(r.dialled_at - refused, 7 * CP_S);
	portal_channel_dial_failed(r.c, 503, UINT64_MAX, r.now);
	rig_drain(&r);
	assert_int_equal(portal_channel_deadline(r.c).at, r.now + 600 * CP_S);
	rig_close(&r);
	gateway(&r, OLDER);
	portal_channel_start(r.c, r.now);
	rig_drain(&r);
	portal_channel_dial_failed(r.c, 503, 7 * CP_S, r.now);
	rig_drain(&r);
	assert_int_equal(r.dialled, 2); /* at once */
	rig_close(&r);
}

/* The waits between attempts that fail at once, in ms. */
static unsigned int waits(struct rig *r, unsigned int n, cp_time *ret)
{
	unsigned int i = 0;
	for (; i < n && portal_channel_state(r->c) == PORTAL_CHANNEL_DIALLING; i++) {
		unsigned int dialled = r->dialled;
		cp_time failed = r->now;
		portal_channel_dial_failed(r->c, 0, 0, r->now);
		rig_drain(r);
		while (r->dialled == dialled && !r->ended)
			rig_run_until(r, portal_channel_deadline(r->c).at);
		ret[i] = r->dialled_at - failed;
	}
	return i;
}

static void older_peers_come_back_at_once_then_ever_later(void **state)
{
	struct rig r;
	cp_time w[24], interval = CP_S / 2;
	gateway(&r, OLDER);
	rig_join(&r);
	portal_channel_lost(r.c, r.now);
	rig_drain(&r);
	assert_int_equal(r.dialled, 2);
	assert_int_equal(r.dialled_at, r.now);
	assert_int_equal(waits(&r, 24, w), 24);
	for (int i = 0; i < 24; i++) {
		assert_in_range(w[i], interval / 2, interval * 3 / 2);
		interval = interval * 3 / 2 < 60 * CP_S ? interval * 3 / 2 : 60 * CP_S;
	}
	rig_close(&r);
}

static void newer_peers_wait_before_they_come_back(void **state)
{
	struct rig r;
	cp_time w[24], interval = CP_S / 2 * 3 / 2;
	gateway(&r, NEWER);
	rig_join(&r);
	cp_time lost = r.now;
	portal_channel_lost(r.c, r.now);
	rig_drain(&r);
	assert_int_equal(r.dialled, 1);
	rig_run_until(&r, portal_channel_deadline(r.c).at);
	assert_in_range(r.dialled_at - lost, CP_S / 2, CP_S);
	assert_int_equal(waits(&r, 24, w), 24);
	for (int i = 0; i < 24; i++) {
		assert_in_range(w[i], interval, interval + CP_S / 2);
		interval = interval * 3 / 2 < 60 * CP_S ? interval * 3 / 2 : 60 * CP_S;
	}
	rig_close(&r);
}

static void newer_peers_give_up_when_the_first_join_takes_15_s(void **state)
{
	struct rig r;
	cp_time w[40];
	gateway(&r, NEWER);
	portal_channel_start(r.c, r.now);
	rig_drain(&r);
	unsigned int n = waits(&r, 40, w);
	assert_int_equal(n, 16); /* the last of them ends it */
	for (unsigned int i = 0; i + 1 < n; i++)
		assert_int_equal(w[i], CP_S);
	assert_int_equal(r.ended, 1);
	assert_int_equal(r.why, PORTAL_WHY_BUDGET);
	rig_close(&r);
}

static void a_budget_runs_from_the_first_failure_and_refills(void **state)
{
	struct rig r;
	cp_time w[200];
	rig_open(&r, PORTAL_GATEWAY, PORTAL_V1, OLDER, 900 * CP_S);
	rig_join(&r);
	for (int round = 0; round < 3; round++) {
		portal_channel_lost(r.c, r.now);
		rig_drain(&r);
		waits(&r, 8, w);
		rig_join(&r);
	}
	cp_time lost = r.now;
	portal_channel_lost(r.c, r.now);
	rig_drain(&r);
	waits(&r, 200, w);
	assert_int_equal(r.ended, 1);
	assert_int_equal(r.why, PORTAL_WHY_BUDGET);
	assert_in_range(r.now - lost, 800 * CP_S, 900 * CP_S);
	rig_close(&r);
}

/* A handshake alone does not end a newer peer's back-off. */
static void a_join_ends_the_back_off_of_newer_peers(void **state)
{
	struct rig r;
	cp_time w[10];
	gateway(&r, NEWER);
	rig_join(&r);
	portal_channel_lost(r.c, r.now);
	rig_run_until(&r, r.now + CP_S);
	assert_int_equal(waits(&r, 10, w), 10);
	portal_channel_connected(r.c, r.now);
	rig_drain(&r);
	free(rig_take(&r, NULL));
	portal_channel_lost(r.c, r.now);
	rig_drain(&r);
	assert_true(portal_channel_deadline(r.c).at > r.now + 30 * CP_S);
	rig_run_until(&r, portal_channel_deadline(r.c).at);
	rig_join(&r);
	portal_channel_lost(r.c, r.now);
	rig_drain(&r);
	assert_true(portal_channel_deadline(r.c).at <= r.now + CP_S);
	rig_close(&r);
}

static void older_heartbeats_follow_the_last_frame(void **state)
{
	struct rig r;
	gateway(&r, OLDER);
	rig_join(&r);
	rig_run_until(&r, r.now + 29 * CP_S);
	assert_int_equal(rig_send(&r, &no_relays), 0);
	free(rig_take(&r, NULL));
	rig_run_until(&r, r.now + 30 * CP_S - 1);
	assert_int_equal(r.n_texts, 0);
	rig_run_until(&r, r.now + 1);
	rig_expect(&r, "{\"topic\":\"phoenix\",\"event\":\"heartbeat\",\"payload\":{},\"ref\":2}");
	rig_run_until(&r, r.now + 900 * CP_S); /* unanswered, and nobody minds */
	assert_int_equal(r.n_texts, 30);
	assert_int_equal(r.closed, 0);
	rig_close(&r);
}

static void newer_heartbeats_are_fixed_and_counted(void **state)
{
	struct rig r;
	gateway(&r, NEWER);
	rig_join(&r);
	cp_time start = r.now;
	rig_run_until(&r, start + 9 * CP_S);
	assert_int_equal(rig_send(&r, &no_relays), 0);
	free(rig_take(&r, NULL));
	rig_run_until(&r, start + 10 * CP_S);
	rig_expect(&r, "{\"topic\":\"phoenix\",\"event\":\"heartbeat\",\"payload\":{},\"ref\":2}");
	rig_hear(&r, "{\"topic\":\"phoenix\",\"event\":\"phx_reply\",\"ref\":2,\"payload\":{\"status\":\"ok\",\"response\":{}}}");
	rig_run_until(&r, start + 50 * CP_S - 1);
	assert_int_equal(r.n_texts, 3);
	assert_int_equal(r.closed, 0);
	rig_run_until(&r, start + 50 * CP_S);
	assert_int_equal(r.closed, 1);
	assert_int_equal(r.why, PORTAL_WHY_HEARTBEATS);
	rig_close(&r);
}

/* The join of a channel that crashed meets a heartbeat that is due. */
static void a_heartbeat_goes_out_while_a_newer_peer_joins(void **state)
{
	struct rig r;
	gateway(&r, NEWER);
	rig_join(&r);
	rig_run_until(&r, r.now + 8 * CP_S);
	rig_hear(&r, "{\"topic\":\"gateway\",\"event\":\"phx_error\",\"ref\":null,\"payload\":{}}");
	rig_run_until(&r, r.now + 2 * CP_S);
	rig_expect(&r, "{\"topic\":\"gateway\",\"event\":\"phx_join\",\"payload\":null,\"ref\":1}");
	rig_expect(&r, "{\"topic\":\"phoenix\",\"event\":\"heartbeat\",\"payload\":{},\"ref\":2}");
	assert_int_equal(portal_channel_state(r.c), PORTAL_CHANNEL_JOINING);
	rig_close(&r);
}

static void a_channel_that_crashed_is_joined_again(void **state)
{
	struct rig r;
	gateway(&r, OLDER);
	rig_join(&r);
	rig_hear(&r, "{\"topic\":\"gateway\",\"event\":\"phx_error\",\"ref\":null,\"payload\":{}}");
	rig_run_until(&r, r.now + CP_S - 1);
	assert_int_equal(r.n_texts, 0);
	rig_run_until(&r, r.now + 1);
	rig_expect(&r, "{\"topic\":\"gateway\",\"event\":\"phx_join\",\"payload\":null,\"ref\":1}");
	rig_hear(&r, "{\"topic\":\"gateway\",\"event\":\"phx_reply\",\"ref\":1,\"payload\":{\"status\":\"ok\",\"response\":{}}}");
	assert_int_equal(rig_send(&r, &no_relays), 0);
	free(rig_take(&r, NULL));
	rig_hear(&r, "{\"topic\":\"gateway\",\"event\":\"phx_reply\",\"ref\":2,\"payload\":{\"status\":\"error\",\"response\":{\"reason\":\"unmatched topic\"}}}");
	rig_expect(&r, "{\"topic\":\"gateway\",\"event\":\"phx_join\",\"payload\":null,\"ref\":3}");
	assert_int_equal(r.joined, 2);
	assert_int_equal(r.closed, 0);
	assert_int_equal(portal_channel_counters(r.c)->rejoins, 2);
	rig_close(&r);
}

static void what_is_transient_brings_it_back(void **state)
{
	static const struct {
		const char *text;
		enum portal_channel_why why;
	} cases[] = {
		{"{\"topic\":\"gateway\",\"event\":\"phx_close\",\"ref\":null,\"payload\":{}}", PORTAL_WHY_CLOSED},
		{"", PORTAL_WHY_TRUNCATED},
		{"{\"topic\":", PORTAL_WHY_TRUNCATED},
	};
	for (int i = 0; i < 3; i++) {
		struct rig r;
		gateway(&r, NEWER);
		rig_join(&r);
		rig_hear(&r, cases[i].text);
		assert_int_equal(r.closed, 1);
		assert_int_equal(r.why, cases[i].why);
		rig_run_until(&r, r.now + CP_S);
		assert_int_equal(r.dialled, 2);
		assert_int_equal(portal_channel_counters(r.c)->gave_up[cases[i].why], 1);
		rig_close(&r);
	}
}

static void bad_frames_are_dropped_and_the_connection_kept(void **state)
{
	struct rig r;
	gateway(&r, NEWER);
	rig_join(&r);
	rig_hear(&r, "{\"topic\":\"gateway\",\"event\":\"phx_close\",\"ref\":null,\"payload\":{\"a\":1}}");
	rig_hear(&r, "{\"topic\":\"gateway\",\"event\":\"disconnect\",\"ref\":null,\"payload\":{\"reason\":\"certificate_revoked\"}}");
	rig_hear(&r, "{\"topic\":\"gateway\",\"event\":\"full_moon\",\"ref\":null,\"payload\":{}}");
	rig_hear(&r, "[}");
	assert_int_equal(r.unread, 4);
	assert_int_equal(portal_channel_counters(r.c)->unread, 4);
	assert_int_equal(r.closed, 0);
	rig_hear(&r, "{\"topic\":\"gateway\",\"event\":\"reject_access\",\"ref\":null,\"payload\":{\"client_id\":"
		     "\"8d4e6c1a-52b7-4f0e-9a39-0c5be1d2f701\",\"resource_id\":\"d3b9c2a4-5e66-4f3d-a148-99a2ebc6f704\"}}");
	assert_int_equal(r.messages, 1);
	assert_int_equal(r.last_message, PORTAL_REJECT_ACCESS);
	rig_hear(&r, "{\"topic\":\"gateway\",\"event\":\"phx_reply\",\"ref\":9,\"payload\":{\"status\":\"error\",\"response\":{\"reason\":\"unknown_message\"}}}");
	assert_int_equal(r.last_message, PORTAL_REPLY);
	rig_close(&r);
}

static void an_older_queue_survives_and_is_cleared_when_it_overflows(void **state)
{
	struct rig r;
	struct portal_message m = answer("x");
	gateway(&r, OLDER);
	rig_join(&r);
	portal_channel_lost(r.c, r.now);
	for (int i = 0; i < 33; i++)
		assert_int_equal(rig_send(&r, &m), 0);
	assert_int_equal(portal_channel_counters(r.c)->cleared, 0);
	assert_int_equal(rig_send(&r, &m), 0);
	assert_int_equal(portal_channel_counters(r.c)->cleared, 33);
	rig_join(&r);
	rig_expect(&r, "{\"topic\":\"gateway\",\"event\":\"flow_authorized\",\"payload\":{\"ref\":\"x\"},\"ref\":34}");
	assert_int_equal(r.n_texts, 0);
	rig_close(&r);
}

static void a_newer_queue_ends_with_its_connection_and_holds_nothing_twice(void **state)
{
	struct rig r;
	struct portal_message a = answer("a"), b = answer("b");
	gateway(&r, NEWER);
	assert_int_equal(rig_send(&r, &a), PORTAL_SEND_DROPPED);
	portal_channel_start(r.c, r.now);
	portal_channel_connected(r.c, r.now);
	rig_drain(&r);
	assert_int_equal(rig_send(&r, &a), 0);
	assert_int_equal(rig_send(&r, &b), 0);
	assert_int_equal(rig_send(&r, &a), PORTAL_SEND_DUPLICATE);
	portal_channel_lost(r.c, r.now);
	rig_drain(&r);
	assert_int_equal(rig_send(&r, &a), PORTAL_SEND_DROPPED);
	assert_int_equal(portal_channel_counters(r.c)->cleared, 2);
	assert_int_equal(portal_channel_counters(r.c)->dropped, 2);
	assert_int_equal(portal_channel_counters(r.c)->duplicates, 1);
	free(rig_take(&r, NULL));
	rig_run_until(&r, r.now + CP_S);
	rig_join(&r);
	assert_int_equal(r.n_texts, 0);
	rig_close(&r);
}

static void refs_go_on_or_begin_anew(void **state)
{
	for (int newer = 0; newer < 2; newer++) {
		struct rig r;
		gateway(&r, newer ? NEWER : OLDER);
		rig_join(&r);
		assert_int_equal(rig_send(&r, &no_relays), 0);
		free(rig_take(&r, NULL));
		portal_channel_reconnect(r.c, r.now);
		rig_drain(&r);
		assert_int_equal(r.closed, 1);
		assert_int_equal(r.dialled, 2);
		assert_int_equal(r.dialled_at, r.now);
		portal_channel_reconnect(r.c, r.now); /* it dials already */
		portal_channel_connected(r.c, r.now);
		rig_drain(&r);
		assert_int_equal(r.dialled, 2);
		rig_expect(&r, newer ? "{\"topic\":\"gateway\",\"event\":\"phx_join\",\"payload\":null,\"ref\":0}" :
				       "{\"topic\":\"gateway\",\"event\":\"phx_join\",\"payload\":null,\"ref\":2}");
		rig_close(&r);
	}
}

static void it_leaves_in_order(void **state)
{
	static const char *const answers[] = {
		"{\"topic\":\"gateway\",\"event\":\"phx_reply\",\"ref\":1,\"payload\":{\"status\":\"ok\",\"response\":{}}}",
		"{\"topic\":\"gateway\",\"event\":\"phx_close\",\"ref\":null,\"payload\":{}}",
		NULL,
	};
	for (int i = 0; i < 3; i++) {
		struct rig r;
		gateway(&r, OLDER);
		rig_join(&r);
		portal_channel_leave(r.c, r.now);
		rig_drain(&r);
		rig_expect(&r, "{\"topic\":\"gateway\",\"event\":\"phx_leave\",\"payload\":{},\"ref\":1}");
		assert_int_equal(rig_send(&r, &no_relays), -ENOTCONN);
		assert_int_equal(r.closed, 0);
		if (answers[i])
			rig_hear(&r, answers[i]);
		rig_run_until(&r, r.now + CP_S);
		assert_int_equal(r.closed, 1);
		assert_int_equal(r.ended, 1);
		assert_int_equal(r.why, PORTAL_WHY_LEFT);
		rig_close(&r);
	}
}

static void a_dial_nobody_answers_is_given_up_after_15_s(void **state)
{
	struct rig r;
	gateway(&r, OLDER);
	portal_channel_start(r.c, r.now);
	rig_drain(&r);
	rig_run_until(&r, r.now + 15 * CP_S);
	assert_int_equal(r.closed, 1);
	assert_int_equal(r.why, PORTAL_WHY_DIAL_TIMEOUT);
	assert_int_equal(r.dialled, 2);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_sends_nothing_before_it_has_joined),
		cmocka_unit_test(a_relay_joins_with_its_secret),
		cmocka_unit_test(a_join_nobody_answers_is_given_up_after_5_s),
		cmocka_unit_test(what_is_fatal_ends_it),
		cmocka_unit_test(statuses_are_fatal_by_generation),
		cmocka_unit_test(retry_after_is_honoured_by_newer_peers),
		cmocka_unit_test(older_peers_come_back_at_once_then_ever_later),
		cmocka_unit_test(newer_peers_wait_before_they_come_back),
		cmocka_unit_test(newer_peers_give_up_when_the_first_join_takes_15_s),
		cmocka_unit_test(a_budget_runs_from_the_first_failure_and_refills),
		cmocka_unit_test(a_join_ends_the_back_off_of_newer_peers),
		cmocka_unit_test(older_heartbeats_follow_the_last_frame),
		cmocka_unit_test(newer_heartbeats_are_fixed_and_counted),
		cmocka_unit_test(a_heartbeat_goes_out_while_a_newer_peer_joins),
		cmocka_unit_test(a_channel_that_crashed_is_joined_again),
		cmocka_unit_test(what_is_transient_brings_it_back),
		cmocka_unit_test(bad_frames_are_dropped_and_the_connection_kept),
		cmocka_unit_test(an_older_queue_survives_and_is_cleared_when_it_overflows),
		cmocka_unit_test(a_newer_queue_ends_with_its_connection_and_holds_nothing_twice),
		cmocka_unit_test(refs_go_on_or_begin_anew),
		cmocka_unit_test(it_leaves_in_order),
		cmocka_unit_test(a_dial_nobody_answers_is_given_up_after_15_s),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
