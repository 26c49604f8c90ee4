/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a peer in virtual time: schedule, answers, waiting for a session, the G22 rule, the pace. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "close.h"

#define MS    1000000ull
#define S     (1000 * MS)
#define START (10 * S)

struct run {
	unsigned int goodbyes;
	uint64_t at[16], end;
};

/* Ticks at every deadline; ack_at (0: never) is when a BYE_ACK comes. */
static struct run run(struct wg_close *c, uint64_t ack_at)
{
	struct run r = {0};
	for (uint64_t at; (at = wg_close_deadline(c)) != 0; r.end = at) {
		if (ack_at && at >= ack_at)
			wg_close_acked(c, ack_at);
		if (wg_close_tick(c, at) & WG_CLOSE_SEND_GOODBYE && r.goodbyes < 16)
			r.at[r.goodbyes++] = at - c->began_ns;
	}
	return r;
}

static void goodbyes_leave_at_0_50_150_350_and_700_ms(void **state)
{
	static const uint64_t expected[] = {0, 50, 150, 350, 700};
	struct wg_close c;
	(void)state;
	wg_close_begin(&c, START, S, WG_CARRIER_SESSION);
	struct run r = run(&c, 0);
	assert_int_equal(r.goodbyes, 5);
	for (int i = 0; i < 5; i++)
		assert_int_equal(r.at[i], expected[i] * MS);
	assert_int_equal(r.end, START + S);
}

static void an_acknowledgement_stops_the_repeats_but_not_the_linger(void **state)
{
	struct wg_close c;
	(void)state;
	wg_close_begin(&c, START, S, WG_CARRIER_SESSION);
	struct run r = run(&c, START + 60 * MS);
	assert_int_equal(r.goodbyes, 2);
	assert_true(c.acked);
	assert_int_equal(r.end, START + S);
	assert_false(wg_close_data_received(&c, START + 500 * MS));
}

static void an_acknowledgement_of_nothing_is_ignored(void **state)
{
	struct wg_close c;
	(void)state;
	wg_close_begin(&c, START, S, WG_CARRIER_INITIATE);
	wg_close_tick(&c, START);
	wg_close_acked(&c, START + MS);
	assert_false(c.acked);
}

static void the_linger_begins_when_a_session_appears(void **state)
{
	struct wg_close c;
	(void)state;
	wg_close_begin(&c, START, S, WG_CARRIER_INITIATE);
	assert_int_equal(wg_close_tick(&c, START), WG_CLOSE_START_HANDSHAKE);
	wg_close_session_ready(&c, START + 400 * MS);
	struct run r = run(&c, 0);
	assert_int_equal(r.goodbyes, 5);
	assert_int_equal(r.end, START + 400 * MS + S);
}

static void a_goodbye_that_could_not_be_handed_on_is_tried_again(void **state)
{
	struct wg_close c;
	(void)state;
	wg_close_begin(&c, START, S, WG_CARRIER_SESSION);
	assert_true(wg_close_tick(&c, START) & WG_CLOSE_SEND_GOODBYE);
	wg_close_not_sent(&c, START);
	assert_int_equal(c.goodbyes, 0);
	assert_in_range(wg_close_deadline(&c), START + 1, START + 10 * MS);
	assert_int_equal(run(&c, 0).goodbyes, 5);
}

static void a_close_ends_even_if_nothing_can_ever_be_handed_on(void **state)
{
	struct wg_close c;
	uint64_t at, end = 0;
	(void)state;
	wg_close_begin(&c, START, S, WG_CARRIER_SESSION);
	for (; (at = wg_close_deadline(&c)) != 0; end = at)
		if (wg_close_tick(&c, at) & WG_CLOSE_SEND_GOODBYE)
			wg_close_not_sent(&c, at);
	assert_in_range(end, START + S, START + S + 200 * MS);
	assert_true(wg_close_is_unreachable(&c));
}

static void the_last_goodbye_has_time_to_leave_and_to_be_answered(void **state)
{
	struct wg_close c;
	(void)state;
	wg_close_begin(&c, START, 10 * MS, WG_CARRIER_SESSION);
	struct run r = run(&c, 0);
	assert_int_equal(r.goodbyes, 5);
	assert_int_equal(r.end, START + 800 * MS);
}

static void a_flush_is_waited_for_half_a_second(void **state)
{
	struct wg_close c;
	(void)state;
	wg_close_begin(&c, START, S, WG_CARRIER_SESSION);
	assert_true(wg_close_keep_flushing(&c, START + S));
	assert_true(wg_close_keep_flushing(&c, START + S + 499 * MS));
	assert_false(wg_close_keep_flushing(&c, START + S + 500 * MS));
}

static void a_goodbye_of_an_older_session_than_the_upsert_is_refused_for_30_s(void **state)
{
	static const struct {
		uint64_t session, upsert, now;
		bool current;
	} cases[] = {
		{100 * S, 90 * S, 101 * S, true},  /* established after the upsert */
		{80 * S, 90 * S, 91 * S, false},   /* the connection was set up anew */
		{90 * S, 90 * S, 91 * S, false},   /* not after it */
		{80 * S, 90 * S, 120 * S - 1, false},
		{80 * S, 90 * S, 120 * S, true},   /* no upsert within the last 30 s */
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(wg_goodbye_is_current(cases[i].session, cases[i].upsert, cases[i].now), cases[i].current);
}

static void the_pace_begins_all_peers_in_time(void **state)
{
	(void)state;
	assert_int_equal(wg_close_pace(10, 2 * S), 200);
	assert_int_equal(wg_close_pace(10000, 2 * S), 5000);
	assert_int_equal(wg_close_pace(10000, 0), UINT32_MAX);
	assert_int_equal(wg_close_due(10000, 5000, 0), 1);
	assert_int_equal(wg_close_due(10000, 5000, S), 5001);
	assert_int_equal(wg_close_due(10000, 5000, 2 * S), 10000);
	assert_int_equal(wg_close_due(10000, UINT32_MAX, MS), 10000);
	assert_int_equal(wg_close_due(0, 200, S), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goodbyes_leave_at_0_50_150_350_and_700_ms),
		cmocka_unit_test(an_acknowledgement_stops_the_repeats_but_not_the_linger),
		cmocka_unit_test(an_acknowledgement_of_nothing_is_ignored),
		cmocka_unit_test(the_linger_begins_when_a_session_appears),
		cmocka_unit_test(a_goodbye_that_could_not_be_handed_on_is_tried_again),
		cmocka_unit_test(a_close_ends_even_if_nothing_can_ever_be_handed_on),
		cmocka_unit_test(the_last_goodbye_has_time_to_leave_and_to_be_answered),
		cmocka_unit_test(a_flush_is_waited_for_half_a_second),
		cmocka_unit_test(a_goodbye_of_an_older_session_than_the_upsert_is_refused_for_30_s),
		cmocka_unit_test(the_pace_begins_all_peers_in_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
