/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, times and quotas of channels. */
#include "relay.h"
#include "tests/unit/control-plane/core/stun/vectors.h"

static void open_allocated(struct world *w)
{
	world_open(w, settings_default(), 4);
	world_allocate(w);
}

static bool heard(struct world *w, uint16_t channel)
{
	struct cp_addr peer;
	bool known = turn_channel_heard(w->t, channel, w->now, &peer);
	world_drain(w);
	return known;
}

static void the_first_datagram_asks_the_second_goes_through(void **state)
{
	struct cp_addr peer = peer_at(1), found;
	struct world w;
	(void)state;
	open_allocated(&w);
	assert_int_equal(turn_channel_to(w.t, &peer, w.now), 0);
	assert_int_equal(turn_channel_to(w.t, &peer, w.now), 0); /* the request has not left yet */
	world_drain(&w);
	assert_int_equal(count_sent(&w, STUN_CHANNEL_BIND), 1);
	assert_int_equal(turn_channel_to(w.t, &peer, w.now), 0x4000);
	assert_false(heard(&w, 0x4000)); /* what arrives must wait for the relay's word */
	assert_int_equal(turn_counters(w.t)->channel_data_unknown, 1);
	answer_ok(&w, newest(&w, STUN_CHANNEL_BIND));
	assert_int_equal(w.n_events, 1);
	assert_int_equal(w.events[0].kind, TURN_CHANNEL_UP);
	assert_int_equal(w.events[0].channel, 0x4000);
	assert_true(cp_addr_equal(&w.events[0].addr, &peer));
	assert_true(turn_channel_heard(w.t, 0x4000, w.now, &found));
	assert_true(cp_addr_equal(&found, &peer));
	assert_false(heard(&w, 0x4001));
	assert_false(heard(&w, 0x3fff));
	assert_false(heard(&w, 0x5000));
	world_close(&w);
}

static void one_bind_per_peer(void **state)
{
	struct cp_addr peer = peer_at(1);
	struct world w;
	(void)state;
	open_allocated(&w);
	for (int i = 0; i < 5; i++)
		turn_bind_early(w.t, &peer, w.now);
	world_drain(&w);
	answer_ok(&w, newest(&w, STUN_CHANNEL_BIND));
	turn_bind_early(w.t, &peer, w.now);
	turn_channel_to(w.t, &peer, w.now);
	world_drain(&w);
	assert_int_equal(count_sent(&w, STUN_CHANNEL_BIND), 1);
	assert_int_equal(turn_channels_in_use(w.t), 1);
	world_close(&w);
}

static void only_families_that_are_relayed_are_bound(void **state)
{
	struct cp_addr six = v6("2001:db8:99::9", 61000), four = peer_at(1), none = {0}, multicast = cp_addr_v4(224, 0, 0, 1, 7);
	struct world w;
	(void)state;
	world_open(&w, settings_default(), 4);
	answer_binding(&w, &w.sent[0]);
	turn_bind_early(w.t, &six, w.now);
	answer_error(&w, newest(&w, STUN_ALLOCATE), 401, TURN_NONCE);
	answer(&w, newest(&w, STUN_ALLOCATE), (struct answer){.type = STUN_ALLOCATE | STUN_SUCCESS, .relayed = {relayed_v4},
						.has_lifetime = true, .lifetime = 600});
	assert_int_equal(turn_channel_to(w.t, &six, w.now), 0);
	turn_bind_early(w.t, &none, w.now);
	turn_bind_early(w.t, &multicast, w.now);
	world_drain(&w);
	assert_int_equal(count_sent(&w, STUN_CHANNEL_BIND), 0);
	assert_int_equal(turn_counters(w.t)->binds_dropped, 1);
	turn_bind_early(w.t, &four, w.now);
	world_drain(&w);
	assert_int_equal(count_sent(&w, STUN_CHANNEL_BIND), 1);
	world_close(&w);
}

static void a_hundred_peers_wait_for_the_allocation(void **state)
{
	struct world w;
	(void)state;
	world_open(&w, settings_default(), 4);
	for (unsigned int i = 0; i < 130; i++) {
		struct cp_addr peer = peer_at(i);
		turn_bind_early(w.t, &peer, w.now);
		assert_int_equal(turn_channel_to(w.t, &peer, w.now), 0);
	}
	assert_int_equal(turn_counters(w.t)->binds_dropped, 30);
	answer_binding(&w, &w.sent[0]);
	answer_error(&w, newest(&w, STUN_ALLOCATE), 401, TURN_NONCE);
	unsigned int before = w.n_sent;
	answer_allocate(&w, newest(&w, STUN_ALLOCATE));
	assert_int_equal(count_sent(&w, STUN_CHANNEL_BIND), TURN_PENDING_BINDS);
	for (unsigned int i = 0; i < TURN_PENDING_BINDS; i++) {
		struct cp_addr peer = peer_at(30 + i); /* the oldest made room */
		assert_true(cp_addr_equal(&w.sent[before + i].m.peer, &peer));
		assert_int_equal(w.sent[before + i].m.channel, STUN_CHANNEL_FIRST + i);
	}
	world_close(&w);
}

static void a_channel_that_heard_something_is_refreshed_at_5_min(void **state)
{
	struct cp_addr peer = peer_at(1);
	struct world w;
	(void)state;
	open_allocated(&w);
	w.now += 7 * S;
	cp_time bound = w.now;
	uint16_t channel = world_channel(&w, &peer);
	world_run_alive(&w, bound + 250 * S);
	assert_true(heard(&w, channel));
	assert_int_equal(count_sent(&w, STUN_CHANNEL_BIND), 1);
	world_run_alive(&w, bound + 290 * S);
	turn_probe(w.t, w.now); /* moves the allocation's own Refresh out of the way */
	world_drain(&w);
	answer_ok(&w, newest(&w, STUN_REFRESH));
	world_run_alive(&w, bound + 300 * S - 1);
	assert_int_equal(count_sent(&w, STUN_CHANNEL_BIND), 1);
	world_run_alive(&w, bound + 300 * S);
	assert_int_equal(count_sent(&w, STUN_CHANNEL_BIND), 2);
	assert_int_equal(newest(&w, STUN_CHANNEL_BIND)->m.channel, channel);
	assert_true(cp_addr_equal(&newest(&w, STUN_CHANNEL_BIND)->m.peer, &peer));
	assert_int_equal(turn_channel_to(w.t, &peer, w.now), channel);
	answer_ok(&w, newest(&w, STUN_CHANNEL_BIND));
	assert_int_equal(count_events(&w, TURN_CHANNEL_UP), 2);
	assert_int_equal(turn_counters(w.t)->channels_bound, 1);
	assert_int_equal(turn_counters(w.t)->channels_refreshed, 1);
	world_close(&w);
}

/* Runs with a relay behind it that answers everything. */
struct served {
	struct world w;
	struct relay r;
};

static void serve(struct served *s)
{
	world_open(&s->w, settings_default(), 4);
	relay_open(&s->r, &s->w);
	s->w.relay = &s->r;
	s->w.rtt = MS;
	world_run(&s->w, s->w.now + 10 * MS);
	assert_true(turn_is_allocated(s->w.t));
}

/* The time at which the channel was confirmed. */
static cp_time serve_channel(struct served *s, const struct cp_addr *peer)
{
	turn_channel_to(s->w.t, peer, s->w.now);
	world_drain(&s->w);
	world_run(&s->w, s->w.now + MS);
	assert_int_not_equal(turn_channel_to(s->w.t, peer, s->w.now), 0);
	return s->w.now;
}

static void data_between_5_and_10_min_refreshes_at_once(void **state)
{
	struct cp_addr peer = peer_at(1);
	struct served s;
	(void)state;
	serve(&s);
	cp_time bound = serve_channel(&s, &peer);
	world_run(&s.w, bound + 599 * S);
	assert_int_equal(s.r.binds, 1);
	assert_true(heard(&s.w, 0x4000));
	assert_true(turn_deadline(s.w.t) > s.w.now);
	world_run(&s.w, bound + 600 * S);
	assert_int_equal(s.r.binds, 2);
	assert_int_equal(count_events(&s.w, TURN_CHANNEL_DOWN), 0);
	world_close(&s.w);
}

static void what_was_heard_before_a_refresh_does_not_count_after_it(void **state)
{
	struct cp_addr peer = peer_at(1);
	struct served s;
	(void)state;
	serve(&s);
	cp_time bound = serve_channel(&s, &peer);
	assert_true(heard(&s.w, 0x4000));
	world_run(&s.w, bound + 900 * S);
	assert_int_equal(s.r.binds, 2);
	assert_int_equal(count_events(&s.w, TURN_CHANNEL_DOWN), 0);
	world_run(&s.w, bound + 900 * S + MS); /* 600 s after the second was confirmed */
	assert_int_equal(count_events(&s.w, TURN_CHANNEL_DOWN), 1);
	world_close(&s.w);
}

static void a_silent_channel_lapses_cools_down_and_is_free(void **state)
{
	struct cp_addr peer = peer_at(1);
	struct served s;
	(void)state;
	serve(&s);
	cp_time bound = serve_channel(&s, &peer);
	turn_channel_sent(s.w.t, 0x4000, s.w.now); /* sending does not keep it */
	world_run(&s.w, bound + 600 * S - 1);
	assert_int_equal(turn_channel_to(s.w.t, &peer, s.w.now), 0x4000);
	assert_int_equal(count_events(&s.w, TURN_CHANNEL_DOWN), 0);
	world_run(&s.w, bound + 600 * S);
	assert_int_equal(count_events(&s.w, TURN_CHANNEL_DOWN), 1);
	assert_int_equal(newest_event(&s.w, TURN_CHANNEL_DOWN)->channel, 0x4000);
	assert_int_equal(turn_counters(s.w.t)->channels_expired, 1);
	assert_false(heard(&s.w, 0x4000));
	world_run(&s.w, bound + 900 * S - 1);
	assert_int_equal(turn_channels_in_use(s.w.t), 1);
	world_run(&s.w, bound + 900 * S);
	assert_int_equal(turn_channels_in_use(s.w.t), 0);
	assert_int_equal(s.r.binds, 1);
	world_close(&s.w);
}

static void in_the_cool_down_a_peer_gets_its_number_again(void **state)
{
	struct cp_addr peer = peer_at(1), other = peer_at(2);
	struct served s;
	(void)state;
	serve(&s);
	cp_time bound = serve_channel(&s, &peer);
	world_run(&s.w, bound + 800 * S);
	assert_int_equal(turn_channel_to(s.w.t, &peer, s.w.now), 0);
	assert_int_equal(turn_channel_to(s.w.t, &other, s.w.now), 0);
	world_drain(&s.w);
	assert_int_equal(turn_channel_to(s.w.t, &peer, s.w.now), 0x4000);
	assert_false(heard(&s.w, 0x4000));
	world_run(&s.w, s.w.now + MS);
	assert_int_equal(turn_channel_to(s.w.t, &peer, s.w.now), 0x4000);
	assert_int_equal(turn_channel_to(s.w.t, &other, s.w.now), 0x4001);
	assert_int_equal(turn_counters(s.w.t)->channels_bound, 3);
	assert_int_equal(s.r.conflicts, 0);
	world_close(&s.w);
}

static void a_held_channel_is_refreshed_though_silent(void **state)
{
	struct cp_addr peer = peer_at(1);
	struct served s;
	(void)state;
	serve(&s);
	turn_channel_hold(s.w.t, &peer, true); /* no channel yet: nothing happens */
	cp_time bound = serve_channel(&s, &peer);
	turn_channel_hold(s.w.t, &peer, true);
	world_run(&s.w, bound + 3000 * S);
	assert_in_range(s.r.binds, 10, 11);
	assert_int_equal(count_events(&s.w, TURN_CHANNEL_DOWN), 0);
	turn_channel_hold(s.w.t, &peer, false);
	world_run(&s.w, s.w.now + 600 * S);
	assert_int_equal(count_events(&s.w, TURN_CHANNEL_DOWN), 1);
	world_close(&s.w);
}

static void holding_late_refreshes_at_the_next_tick(void **state)
{
	struct cp_addr peer = peer_at(1);
	struct served s;
	(void)state;
	serve(&s);
	cp_time bound = serve_channel(&s, &peer);
	world_run(&s.w, bound + 400 * S);
	turn_channel_hold(s.w.t, &peer, true);
	assert_true(turn_deadline(s.w.t) <= s.w.now);
	world_run(&s.w, bound + 400 * S + MS);
	assert_int_equal(s.r.binds, 2);
	world_close(&s.w);
}

static void a_refused_refresh_keeps_the_number_for_its_peer(void **state)
{
	struct cp_addr peer = peer_at(1), other = peer_at(2);
	struct world w;
	(void)state;
	open_allocated(&w);
	uint16_t channel = world_channel(&w, &peer);
	heard(&w, channel);
	world_run_alive(&w, START + 300 * S);
	answer_error(&w, newest(&w, STUN_CHANNEL_BIND), 508, NULL);
	assert_int_equal(newest_event(&w, TURN_CHANNEL_DOWN)->channel, channel);
	assert_int_equal(turn_channels_in_use(w.t), 1);
	assert_int_equal(turn_channel_to(w.t, &peer, w.now), channel); /* the old bind still stands */
	turn_channel_to(w.t, &other, w.now);
	world_drain(&w);
	assert_int_equal(newest(&w, STUN_CHANNEL_BIND)->m.channel, channel + 1);
	world_close(&w);
}

/* 4096 peers, four at a millisecond. */
static void fill(struct served *s, unsigned int first, unsigned int n, bool early)
{
	for (unsigned int i = first; i < first + n; i++) {
		struct cp_addr peer = peer_at(i);
		if (early)
			turn_bind_early(s->w.t, &peer, s->w.now);
		else
			turn_channel_to(s->w.t, &peer, s->w.now);
		if (i % 4 == 3) {
			world_drain(&s->w);
			world_run(&s->w, s->w.now + MS);
		}
	}
	world_drain(&s->w);
	world_run(&s->w, s->w.now + 2 * MS);
}

static void early_binds_end_where_numbers_run_short(void **state)
{
	struct cp_addr peer = peer_at(10), late = peer_at(5000);
	struct served s;
	(void)state;
	serve(&s);
	fill(&s, 0, 3500, true);
	assert_int_equal(turn_channels_in_use(s.w.t), TURN_CHANNELS_EAGER);
	assert_int_equal(s.r.binds, TURN_CHANNELS_EAGER);
	assert_int_equal(turn_counters(s.w.t)->channels_exhausted, 0);
	turn_channel_to(s.w.t, &late, s.w.now); /* on demand there is one */
	world_drain(&s.w);
	world_run(&s.w, s.w.now + MS);
	assert_int_equal(turn_channel_to(s.w.t, &late, s.w.now), STUN_CHANNEL_FIRST + TURN_CHANNELS_EAGER);
	world_run(&s.w, s.w.now + 700 * S);
	turn_bind_early(s.w.t, &peer, s.w.now); /* its number waits for it anyway */
	world_drain(&s.w);
	assert_int_equal(newest(&s.w, STUN_CHANNEL_BIND)->m.channel, 0x400a);
	world_run(&s.w, s.w.now + MS);
	world_close(&s.w);
}

static void every_number_is_used_and_then_none_is_left(void **state)
{
	struct cp_addr more = peer_at(5000), again = peer_at(5001);
	struct served s;
	(void)state;
	serve(&s);
	cp_time began = s.w.now;
	fill(&s, 0, TURN_CHANNELS, false);
	assert_int_equal(turn_channels_in_use(s.w.t), TURN_CHANNELS);
	assert_int_equal(s.r.binds, TURN_CHANNELS);
	assert_int_equal(s.r.conflicts, 0);
	assert_int_equal(count_events(&s.w, TURN_CHANNELS_SHORT), 0);
	for (int i = 0; i < 10; i++)
		assert_int_equal(turn_channel_to(s.w.t, &more, s.w.now), 0);
	assert_int_equal(turn_channel_to(s.w.t, &again, s.w.now), 0);
	world_drain(&s.w);
	assert_int_equal(turn_counters(s.w.t)->channels_exhausted, 11);
	assert_int_equal(count_events(&s.w, TURN_CHANNELS_SHORT), 1);
	assert_true(cp_addr_equal(&newest_event(&s.w, TURN_CHANNELS_SHORT)->addr, &more));
	world_run(&s.w, s.w.now + S);
	assert_int_equal(turn_channel_to(s.w.t, &again, s.w.now), 0);
	world_drain(&s.w);
	assert_int_equal(count_events(&s.w, TURN_CHANNELS_SHORT), 2);
	/* those that have one are not touched, and 15 min later the first number is free again */
	struct cp_addr first = peer_at(0);
	assert_int_equal(turn_channel_to(s.w.t, &first, s.w.now), 0x4000);
	world_run(&s.w, began + 899 * S);
	assert_int_equal(turn_channel_to(s.w.t, &again, s.w.now), 0);
	world_run(&s.w, began + 900 * S + 2 * MS);
	assert_int_equal(turn_channel_to(s.w.t, &again, s.w.now), 0);
	world_drain(&s.w);
	assert_int_equal(newest(&s.w, STUN_CHANNEL_BIND)->m.channel, 0x4000);
	world_run(&s.w, s.w.now + MS);
	assert_int_equal(s.r.conflicts, 0);
	world_close(&s.w);
}

static void numbers_go_round(void **state)
{
	struct served s;
	(void)state;
	serve(&s);
	for (unsigned int round = 0; round < 3; round++) {
		fill(&s, round * 1600, 1600, true);
		assert_int_equal(newest(&s.w, STUN_CHANNEL_BIND)->m.channel, 0x4000 + ((round + 1) * 1600 - 1) % 4096);
		world_run(&s.w, s.w.now + 901 * S);
		assert_int_equal(turn_channels_in_use(s.w.t), 0);
	}
	assert_int_equal(s.r.conflicts, 0);
	world_close(&s.w);
}

static void invalidation_tells_of_every_channel(void **state)
{
	struct served s;
	(void)state;
	serve(&s);
	fill(&s, 0, 2000, true);
	world_forget(&s.w);
	turn_restart(s.w.t, s.w.now);
	struct turn_event e;
	unsigned int down = 0;
	while (turn_event_next(s.w.t, &e))
		down += e.kind == TURN_CHANNEL_DOWN;
	assert_int_equal(down, 2000);
	assert_int_equal(turn_counters(s.w.t)->out_of_memory, 0);
	world_close(&s.w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_datagram_asks_the_second_goes_through),
		cmocka_unit_test(one_bind_per_peer),
		cmocka_unit_test(only_families_that_are_relayed_are_bound),
		cmocka_unit_test(a_hundred_peers_wait_for_the_allocation),
		cmocka_unit_test(a_channel_that_heard_something_is_refreshed_at_5_min),
		cmocka_unit_test(data_between_5_and_10_min_refreshes_at_once),
		cmocka_unit_test(what_was_heard_before_a_refresh_does_not_count_after_it),
		cmocka_unit_test(a_silent_channel_lapses_cools_down_and_is_free),
		cmocka_unit_test(in_the_cool_down_a_peer_gets_its_number_again),
		cmocka_unit_test(a_held_channel_is_refreshed_though_silent),
		cmocka_unit_test(holding_late_refreshes_at_the_next_tick),
		cmocka_unit_test(a_refused_refresh_keeps_the_number_for_its_peer),
		cmocka_unit_test(early_binds_end_where_numbers_run_short),
		cmocka_unit_test(every_number_is_used_and_then_none_is_left),
		cmocka_unit_test(numbers_go_round),
		cmocka_unit_test(invalidation_tells_of_every_channel),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
