/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker/rescue.h"

#define BEGAN (1000 * CP_S) /* the portal */
#define QUIET (60 * CP_S)
#define CALM  (BEGAN + QUIET + CP_S) /* long enough after it */
#define MANY  3000u

static const uint8_t secret[16] = {7};

/* One gateway with n clients that are added on RESCUE_BEGIN; what came out. */
struct rig {
	struct rescue *r;
	struct rescue_gateway g;
	uint32_t n, begins, moves;
	enum rescue_why why;
	cp_time at[MANY];
	uint32_t who[MANY];
};

static struct portal_uuid client(uint32_t i)
{
	struct portal_uuid u = {{0}};
	memcpy(u.bytes, &i, sizeof(i));
	return u;
}

static void rig_up(struct rig *g, uint32_t n)
{
	*g = (struct rig){.n = n, .r = rescue_create(&broker_timing_default, secret, BEGAN)};
	assert_non_null(g->r);
	assert_int_equal(rescue_gateway_add(g->r, &g->g, false, g), 0);
}

static void rig_down(struct rig *g)
{
	rescue_gateway_remove(g->r, &g->g);
	rescue_free(g->r);
}

static void add_all(struct rig *g, cp_time now)
{
	for (uint32_t i = 0; i < g->n; i++) {
		struct portal_uuid c = client(i);
		assert_int_equal(rescue_add(g->r, &g->g, &c, now), 0);
	}
}

static void drain_outputs(struct rig *g, cp_time now)
{
	struct rescue_out o;
	while (rescue_next(g->r, now, &o)) {
		assert_ptr_equal(o.gateway->owner, g);
		if (o.kind == RESCUE_BEGIN) {
			assert_int_equal(rescue_to_move(&g->g), 0);
			g->begins++;
			g->why = o.why;
			add_all(g, now);
			continue;
		}
		assert_int_equal(o.kind, RESCUE_MOVE);
		memcpy(&g->who[g->moves], o.client.bytes, sizeof(uint32_t));
		g->at[g->moves++] = now;
	}
	assert_true(rescue_deadline(g->r) > now);
}

/* Until `until`, as a shell does it: from deadline to deadline. */
static void run(struct rig *g, cp_time now, cp_time until)
{
	drain_outputs(g, now);
	for (cp_time at; (at = rescue_deadline(g->r)) <= until;)
		drain_outputs(g, at);
}

static void lost_gateway_is_rescued_after_a_while(void **s)
{
	struct rig g;
	rig_up(&g, 3);
	rescue_joined(g.r, &g.g);
	assert_int_equal(rescue_state(&g.g), BROKER_ONLINE);
	rescue_lost(g.r, &g.g, CALM);
	assert_int_equal(rescue_state(&g.g), BROKER_MISSING);
	assert_false(rescue_is_offered(&g.g));
	run(&g, CALM, CALM + 2 * CP_S - 1);
	assert_int_equal(g.begins, 0);
	run(&g, CALM + 2 * CP_S, CALM + 2 * CP_S);
	assert_int_equal(g.begins, 1);
	assert_int_equal(g.why, RESCUE_LOST);
	assert_int_equal(g.moves, 1);
	assert_int_equal(rescue_to_move(&g.g), 2);
	assert_int_equal(rescue_state(&g.g), BROKER_RESCUING);
	run(&g, CALM + 2 * CP_S, CALM + 3 * CP_S);
	assert_int_equal(g.moves, 3);
	assert_int_equal(rescue_state(&g.g), BROKER_OFFLINE);
	assert_true(rescue_is_left(&g.g));
	assert_true(rescue_deadline(g.r) == CP_NEVER);
	rig_down(&g);
}

static void gateway_that_comes_back_averts_it(void **s)
{
	struct rig g;
	rig_up(&g, 3);
	assert_false(rescue_joined(g.r, &g.g));
	rescue_lost(g.r, &g.g, CALM);
	run(&g, CALM, CALM + 2 * CP_S - 1);
	assert_true(rescue_joined(g.r, &g.g));
	run(&g, CALM + 2 * CP_S - 1, CALM + 100 * CP_S);
	assert_int_equal(g.begins, 0);
	assert_true(rescue_is_offered(&g.g));
	/* and the next loss is counted from its own time */
	rescue_lost(g.r, &g.g, CALM + 200 * CP_S);
	assert_true(rescue_deadline(g.r) == CALM + 202 * CP_S);
	rig_down(&g);
}

static void second_end_of_a_connection_is_none(void **s)
{
	struct rig g;
	rig_up(&g, 3);
	rescue_joined(g.r, &g.g);
	rescue_lost(g.r, &g.g, CALM);
	rescue_lost(g.r, &g.g, CALM + CP_S);
	assert_true(rescue_deadline(g.r) == CALM + 2 * CP_S);
	rig_down(&g);
}

static void nobody_is_rescued_right_after_the_portals_start(void **s)
{
	struct rig g;
	rig_up(&g, 2);
	rescue_lost(g.r, &g.g, BEGAN);
	assert_true(rescue_deadline(g.r) == BEGAN + QUIET);
	assert_true(rescue_quiet_until(g.r) == BEGAN + QUIET);
	rescue_joined(g.r, &g.g);
	assert_true(rescue_deadline(g.r) == CP_NEVER);
	rescue_lost(g.r, &g.g, BEGAN + QUIET - CP_S);
	assert_true(rescue_deadline(g.r) == BEGAN + QUIET + CP_S);
	rescue_joined(g.r, &g.g);
	rescue_lost(g.r, &g.g, BEGAN + QUIET - 3 * CP_S);
	run(&g, BEGAN + QUIET - 1, BEGAN + QUIET - 1);
	assert_int_equal(g.begins, 0);
	run(&g, BEGAN + QUIET, BEGAN + QUIET);
	assert_int_equal(g.begins, 1);
	rig_down(&g);
}

static void leave_moves_at_once_and_its_end_is_no_loss(void **s)
{
	struct rig g;
	rig_up(&g, 3);
	rescue_joined(g.r, &g.g);
	rescue_left(g.r, &g.g, BEGAN + CP_S); /* also in the quiet time */
	run(&g, BEGAN + CP_S, BEGAN + CP_S);
	assert_int_equal(g.begins, 1);
	assert_int_equal(g.why, RESCUE_LEFT);
	assert_int_equal(g.moves, 1);
	rescue_lost(g.r, &g.g, BEGAN + CP_S + 1);
	run(&g, BEGAN + CP_S + 1, BEGAN + 200 * CP_S);
	assert_int_equal(g.begins, 1);
	assert_int_equal(g.moves, 3);
	assert_int_equal(rescue_state(&g.g), BROKER_OFFLINE);
	rig_down(&g);
}

static void drain_cordons_moves_and_stays_cordoned(void **s)
{
	struct rig g;
	rig_up(&g, 3);
	rescue_joined(g.r, &g.g);
	rescue_drain(g.r, &g.g, CALM);
	assert_int_equal(rescue_state(&g.g), BROKER_DRAINING);
	assert_false(rescue_is_offered(&g.g));
	run(&g, CALM, CALM + CP_S);
	assert_int_equal(g.why, RESCUE_DRAINED);
	assert_int_equal(g.moves, 3);
	assert_int_equal(rescue_state(&g.g), BROKER_CORDONED);
	rescue_drain(g.r, &g.g, CALM + 10 * CP_S);
	run(&g, CALM + 10 * CP_S, CALM + 11 * CP_S);
	assert_int_equal(g.begins, 2);
	assert_int_equal(g.moves, 6);
	rescue_uncordon(g.r, &g.g);
	assert_int_equal(rescue_state(&g.g), BROKER_ONLINE);
	assert_false(rescue_is_left(&g.g));
	rig_down(&g);
}

static void cordon_moves_nobody(void **s)
{
	struct rig g;
	rig_up(&g, 3);
	rescue_joined(g.r, &g.g);
	rescue_cordon(g.r, &g.g);
	add_all(&g, CALM);
	run(&g, CALM, CALM + 100 * CP_S);
	assert_int_equal(g.begins + g.moves + rescue_to_move(&g.g), 0);
	assert_int_equal(rescue_state(&g.g), BROKER_CORDONED);
	/* but it is rescued like any other */
	rescue_lost(g.r, &g.g, CALM + 100 * CP_S);
	run(&g, CALM + 100 * CP_S, CALM + 110 * CP_S);
	assert_int_equal(g.moves, 3);
	rescue_joined(g.r, &g.g);
	assert_int_equal(rescue_state(&g.g), BROKER_CORDONED);
	rig_down(&g);
}

/* Evenly, the first at once, and in the order of addition. */
static void is_spread(uint32_t n, cp_time gap)
{
	struct rig *g = malloc(sizeof(*g));
	assert_non_null(g);
	rig_up(g, n);
	rescue_joined(g->r, &g->g);
	rescue_drain(g->r, &g->g, CALM);
	run(g, CALM, CALM + 100 * CP_S);
	assert_int_equal(g->moves, n);
	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(g->who[i], i);
		assert_true(g->at[i] == CALM + i * gap);
	}
	rig_down(g);
	free(g);
}

static void moves_are_spread_evenly(void **s)
{
	is_spread(1, 0);
	is_spread(10, 5 * CP_MS);
	is_spread(400, 5 * CP_MS);
	is_spread(2000, CP_MS);
	is_spread(3000, 2 * CP_S / 3000);
}

static void late_tick_moves_all_that_were_due(void **s)
{
	struct rig g;
	rig_up(&g, 10);
	rescue_joined(g.r, &g.g);
	rescue_drain(g.r, &g.g, CALM);
	drain_outputs(&g, CALM);
	drain_outputs(&g, CALM + 22 * CP_MS);
	assert_int_equal(g.moves, 5);
	assert_true(rescue_deadline(g.r) == CALM + 25 * CP_MS);
	rig_down(&g);
}

static void no_pace_is_at_once(void **s)
{
	struct broker_timing t = broker_timing_default;
	struct rig g;
	rig_up(&g, 100);
	t.move_within = 0;
	rescue_configure(g.r, &t);
	rescue_drain(g.r, &g.g, CALM);
	drain_outputs(&g, CALM);
	assert_int_equal(g.moves, 100);
	t.move_within = CP_S;
	t.move_per_s = 0; /* without a rate, the time alone counts */
	rescue_configure(g.r, &t);
	rescue_drain(g.r, &g.g, CALM + CP_S);
	run(&g, CALM + CP_S, CALM + 10 * CP_S);
	assert_int_equal(g.moves, 200);
	assert_true(g.at[199] == CALM + CP_S + 990 * CP_MS);
	rig_down(&g);
}

static void flows_that_end_meanwhile_are_left_out(void **s)
{
	struct rig g;
	struct portal_uuid c = client(2), unknown = client(99);
	rig_up(&g, 4);
	rescue_drain(g.r, &g.g, CALM);
	run(&g, CALM, CALM + 4 * CP_MS);
	rescue_drop(g.r, &g.g, &c);
	rescue_drop(g.r, &g.g, &c);
	rescue_drop(g.r, &g.g, &unknown);
	run(&g, CALM + 4 * CP_MS, CALM + CP_S);
	assert_int_equal(g.moves, 3);
	assert_int_equal(g.who[0], 0);
	assert_int_equal(g.who[1], 1);
	assert_int_equal(g.who[2], 3);
	rig_down(&g);
}

static void flows_that_begin_meanwhile_are_moved_too(void **s)
{
	struct rig g;
	struct portal_uuid again = client(0), twice = client(1), fresh = client(50);
	rig_up(&g, 2);
	rescue_joined(g.r, &g.g);
	rescue_drain(g.r, &g.g, CALM);
	drain_outputs(&g, CALM);
	assert_int_equal(rescue_add(g.r, &g.g, &again, CALM + 1), 0);
	assert_int_equal(rescue_add(g.r, &g.g, &twice, CALM + 1), 0);
	run(&g, CALM + 1, CALM + CP_S);
	assert_int_equal(g.moves, 3);
	assert_int_equal(g.who[2], 0);
	/* an answer that comes long after the others were moved */
	assert_int_equal(rescue_add(g.r, &g.g, &fresh, CALM + 14 * CP_S), 0);
	assert_int_equal(rescue_state(&g.g), BROKER_DRAINING);
	run(&g, CALM + 14 * CP_S, CALM + 15 * CP_S);
	assert_int_equal(g.moves, 4);
	assert_int_equal(g.who[3], 50);
	assert_true(g.at[3] == CALM + 14 * CP_S);
	rig_down(&g);
}

static void join_or_uncordon_stops_what_is_to_come(void **s)
{
	struct rig g;
	rig_up(&g, 4);
	rescue_joined(g.r, &g.g);
	rescue_left(g.r, &g.g, CALM);
	run(&g, CALM, CALM + 5 * CP_MS);
	assert_int_equal(g.moves, 2);
	assert_false(rescue_joined(g.r, &g.g));
	run(&g, CALM + 6 * CP_MS, CALM + CP_S);
	assert_int_equal(g.moves, 2);
	assert_int_equal(rescue_state(&g.g), BROKER_ONLINE);
	rescue_drain(g.r, &g.g, CALM + CP_S);
	drain_outputs(&g, CALM + CP_S);
	rescue_uncordon(g.r, &g.g);
	run(&g, CALM + CP_S, CALM + 3 * CP_S);
	assert_int_equal(g.moves, 3);
	assert_int_equal(rescue_state(&g.g), BROKER_ONLINE);
	rescue_drain(g.r, &g.g, CALM + 3 * CP_S); /* before anybody was asked */
	rescue_uncordon(g.r, &g.g);
	run(&g, CALM + 3 * CP_S, CALM + 5 * CP_S);
	assert_int_equal(g.begins, 2);
	rig_down(&g);
}

static void drain_goes_on_while_its_gateway_is_away(void **s)
{
	struct rig g;
	rig_up(&g, 4);
	rescue_joined(g.r, &g.g);
	rescue_drain(g.r, &g.g, CALM);
	drain_outputs(&g, CALM);
	rescue_lost(g.r, &g.g, CALM + CP_MS);
	assert_int_equal(rescue_state(&g.g), BROKER_RESCUING);
	run(&g, CALM + CP_MS, CALM + 5 * CP_MS);
	assert_false(rescue_joined(g.r, &g.g));
	assert_int_equal(rescue_state(&g.g), BROKER_DRAINING);
	run(&g, CALM + 6 * CP_MS, CALM + 100 * CP_S);
	assert_int_equal(g.begins, 1);
	assert_int_equal(g.moves, 4);
	rescue_lost(g.r, &g.g, CALM + 100 * CP_S); /* all were moved already */
	assert_int_equal(rescue_state(&g.g), BROKER_OFFLINE);
	rescue_uncordon(g.r, &g.g);
	assert_true(rescue_is_left(&g.g));
	rescue_joined(g.r, &g.g);
	assert_true(rescue_is_offered(&g.g));
	assert_false(rescue_is_left(&g.g));
	rig_down(&g);
}

static void drain_of_the_missing_does_not_wait(void **s)
{
	struct rig g;
	rig_up(&g, 1);
	rescue_joined(g.r, &g.g);
	rescue_lost(g.r, &g.g, CALM);
	rescue_drain(g.r, &g.g, CALM + 1);
	run(&g, CALM + 1, CALM + 1);
	assert_int_equal(g.moves, 1);
	run(&g, CALM + 1, CALM + 10 * CP_S);
	assert_int_equal(g.begins, 1);
	assert_false(rescue_joined(g.r, &g.g));
	rig_down(&g);
}

static void new_times_hold_for_the_missing(void **s)
{
	struct broker_timing t = broker_timing_default;
	struct rig g;
	rig_up(&g, 1);
	rescue_lost(g.r, &g.g, CALM);
	t.rescue_after = 500 * CP_MS;
	rescue_configure(g.r, &t);
	assert_true(rescue_deadline(g.r) == CALM + 500 * CP_MS);
	t.rescue_after = CP_NEVER;
	rescue_configure(g.r, &t);
	assert_true(rescue_deadline(g.r) == CP_NEVER);
	t.rescue_after = 0;
	t.rescue_not_before = 300 * CP_S;
	rescue_configure(g.r, &t);
	assert_true(rescue_deadline(g.r) == BEGAN + 300 * CP_S);
	rig_down(&g);
}

static void gateway_may_be_removed_at_any_time(void **s)
{
	struct rig g;
	struct rescue_gateway other = {0};
	struct portal_uuid c = client(1);
	rig_up(&g, 5);
	assert_int_equal(rescue_gateway_add(g.r, &other, true, &g), 0);
	assert_int_equal(rescue_state(&other), BROKER_OFFLINE);
	rescue_joined(g.r, &other);
	assert_int_equal(rescue_state(&other), BROKER_CORDONED);
	rescue_drain(g.r, &g.g, CALM);
	drain_outputs(&g, CALM);
	rescue_drop(g.r, &other, &c); /* the same client, of another */
	assert_int_equal(rescue_to_move(&g.g), 4);
	rescue_gateway_remove(g.r, &g.g);
	assert_true(rescue_deadline(g.r) == CP_NEVER);
	assert_int_equal(rescue_gateway_add(g.r, &g.g, false, &g), 0);
	assert_int_equal(rescue_state(&g.g), BROKER_OFFLINE);
	rescue_gateway_remove(g.r, &other);
	rig_down(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lost_gateway_is_rescued_after_a_while),
		cmocka_unit_test(gateway_that_comes_back_averts_it),
		cmocka_unit_test(second_end_of_a_connection_is_none),
		cmocka_unit_test(nobody_is_rescued_right_after_the_portals_start),
		cmocka_unit_test(leave_moves_at_once_and_its_end_is_no_loss),
		cmocka_unit_test(drain_cordons_moves_and_stays_cordoned),
		cmocka_unit_test(cordon_moves_nobody),
		cmocka_unit_test(moves_are_spread_evenly),
		cmocka_unit_test(late_tick_moves_all_that_were_due),
		cmocka_unit_test(no_pace_is_at_once),
		cmocka_unit_test(flows_that_end_meanwhile_are_left_out),
		cmocka_unit_test(flows_that_begin_meanwhile_are_moved_too),
		cmocka_unit_test(join_or_uncordon_stops_what_is_to_come),
		cmocka_unit_test(drain_goes_on_while_its_gateway_is_away),
		cmocka_unit_test(drain_of_the_missing_does_not_wait),
		cmocka_unit_test(new_times_hold_for_the_missing),
		cmocka_unit_test(gateway_may_be_removed_at_any_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
