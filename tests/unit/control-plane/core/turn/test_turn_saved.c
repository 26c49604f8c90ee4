/* SPDX-License-Identifier: Apache-2.0 */
/* What survives a restart of the process, and what is made of damaged or foreign records. */
#include <errno.h>

#include "relay.h"
#include "tests/unit/control-plane/core/stun/vectors.h"

struct served {
	struct world w;
	struct relay r;
};

static void serve(struct served *s, bool third_party)
{
	world_open(&s->w, settings_default(), 5);
	relay_open(&s->r, &s->w);
	s->r.third_party = third_party;
	s->w.relay = &s->r;
	s->w.rtt = MS;
	world_run(&s->w, s->w.now + 10 * MS);
	assert_true(turn_is_allocated(s->w.t));
}

static void bind_peers(struct served *s, unsigned int first, unsigned int n)
{
	for (unsigned int i = first; i < first + n; i++) {
		struct cp_addr peer = peer_at(i);
		turn_channel_to(s->w.t, &peer, s->w.now);
	}
	world_drain(&s->w);
	world_run(&s->w, s->w.now + MS);
}

static unsigned int save_all(struct world *w)
{
	uint8_t data[TURN_SAVE_MAX];
	uint16_t part;
	size_t bytes;
	unsigned int n = 0;
	while (turn_save_next(w->t, w->now, &part, data, &bytes))
		n++;
	return n;
}

/* One part alone; fails if it is not the next. */
static size_t save(struct world *w, uint16_t expected, uint8_t data[TURN_SAVE_MAX])
{
	uint16_t part;
	size_t bytes;
	assert_true(turn_save_next(w->t, w->now, &part, data, &bytes));
	assert_int_equal(part, expected);
	return bytes;
}

static void a_thousand_peers_come_back_by_one_refresh(void **state)
{
	struct served s;
	(void)state;
	serve(&s, false);
	bind_peers(&s, 0, 1000);
	uint16_t numbers[1000];
	for (unsigned int i = 0; i < 1000; i++) {
		struct cp_addr peer = peer_at(i);
		numbers[i] = turn_channel_to(s.w.t, &peer, s.w.now);
		assert_int_not_equal(numbers[i], 0);
	}
	world_run(&s.w, s.w.now + 100 * S);
	world_forget(&s.w);
	s.w.now += 3 * S;
	world_restart(&s.w);
	assert_int_equal(s.w.n_sent, 1);
	assert_int_equal(s.w.sent[0].m.type, STUN_REFRESH);
	assert_int_equal(turn_rtt(s.w.t), MS); /* remembered: nothing has answered yet */
	assert_int_equal(save_all(&s.w), 0);
	assert_int_equal(count_events(&s.w, TURN_CHANNEL_UP), 1000);
	assert_int_equal(count_events(&s.w, TURN_RELAYED), 2);
	assert_int_equal(count_events(&s.w, TURN_HOST), 2);
	assert_int_equal(count_events(&s.w, TURN_SRFLX), 2);
	assert_int_equal(count_events(&s.w, TURN_ALLOCATED), 1);
	for (unsigned int i = 0; i < 1000; i++) {
		struct cp_addr peer = peer_at(i), found;
		assert_int_equal(turn_channel_to(s.w.t, &peer, s.w.now), numbers[i]);
		assert_true(turn_channel_heard(s.w.t, numbers[i], s.w.now, &found));
		assert_true(cp_addr_equal(&found, &peer));
	}
	world_run(&s.w, s.w.now + 20 * S);
	assert_int_equal(s.w.n_sent, 1);
	assert_int_equal(s.r.allocations, 1);
	assert_int_equal(turn_counters(s.w.t)->errors_401 + turn_counters(s.w.t)->errors_438, 0);
	/* their times went on: refreshed 300 s after they were bound, not after the restart */
	world_run(&s.w, START + 290 * S);
	assert_int_equal(s.r.binds, 1000);
	world_run(&s.w, START + 301 * S);
	assert_int_equal(s.r.binds, 2000);
	assert_int_equal(s.r.conflicts, 0);
	world_close(&s.w);
}

static void a_bind_under_way_is_repeated_with_its_number(void **state)
{
	struct cp_addr peer = peer_at(7);
	struct served s;
	(void)state;
	serve(&s, false);
	bind_peers(&s, 0, 3);
	turn_channel_to(s.w.t, &peer, s.w.now);
	world_drain(&s.w);
	assert_int_equal(turn_channel_to(s.w.t, &peer, s.w.now), 0x4003);
	world_restart(&s.w);
	assert_int_equal(count_sent(&s.w, STUN_CHANNEL_BIND), 1);
	assert_int_equal(newest(&s.w, STUN_CHANNEL_BIND)->m.channel, 0x4003);
	assert_int_equal(count_events(&s.w, TURN_CHANNEL_UP), 3);
	world_run(&s.w, s.w.now + MS);
	assert_int_equal(count_events(&s.w, TURN_CHANNEL_UP), 4);
	world_close(&s.w);
}

static void only_what_changed_is_saved(void **state)
{
	uint8_t data[TURN_SAVE_MAX];
	struct served s;
	struct cp_addr peer;
	(void)state;
	serve(&s, false);
	bind_peers(&s, 0, 130);
	assert_int_equal(save_all(&s.w), 4);
	assert_int_equal(save_all(&s.w), 0);
	world_run(&s.w, s.w.now + 100 * S); /* keepalives change nothing */
	turn_channel_heard(s.w.t, 0x4000, s.w.now, &peer);
	assert_int_equal(save_all(&s.w), 0);
	bind_peers(&s, 130, 1);
	save(&s.w, 3, data);
	assert_int_equal(save_all(&s.w), 0);
	world_run(&s.w, START + 310 * S); /* the allocation's Refresh, and that of channel 0x4000 */
	save(&s.w, 0, data);
	save(&s.w, 1, data);
	assert_int_equal(save_all(&s.w), 0);
	world_close(&s.w);
}

static void an_empty_part_is_forgotten(void **state)
{
	uint8_t data[TURN_SAVE_MAX];
	struct served s;
	(void)state;
	serve(&s, false);
	bind_peers(&s, 0, 3);
	assert_int_equal(save_all(&s.w), 2);
	world_run(&s.w, s.w.now + 901 * S);
	assert_true(save(&s.w, 0, data) > 0);
	assert_int_equal(save(&s.w, 1, data), 0);
	turn_release(s.w.t, s.w.now);
	world_drain(&s.w);
	world_run(&s.w, s.w.now + MS);
	assert_int_equal(save(&s.w, 0, data), 0);
	world_close(&s.w);
}

static void everything_is_saved_again_when_it_was_lost(void **state)
{
	struct served s;
	(void)state;
	serve(&s, false);
	bind_peers(&s, 0, 130);
	assert_int_equal(save_all(&s.w), 4);
	turn_save_again(s.w.t);
	assert_int_equal(save_all(&s.w), 4);
	assert_int_equal(save_all(&s.w), 0);
	turn_save_again(s.w.t);
	world_restart(&s.w);
	assert_int_equal(count_events(&s.w, TURN_CHANNEL_UP), 130);
	world_close(&s.w);
}

static void a_third_party_is_known_again(void **state)
{
	struct served s;
	(void)state;
	serve(&s, true);
	world_run(&s.w, s.w.now + 10 * S);
	world_restart(&s.w);
	world_run(&s.w, s.w.now + 10 * S);
	assert_int_equal(s.w.n_sent, 1);
	assert_int_equal(turn_counters(s.w.t)->errors_420, 0);
	assert_int_equal(s.r.refreshes, 1);
	world_close(&s.w);
}

static void a_relay_that_forgot_meanwhile_allocates_anew(void **state)
{
	struct served s;
	(void)state;
	serve(&s, false);
	bind_peers(&s, 0, 5);
	s.r.allocated = false;
	world_restart(&s.w);
	world_run(&s.w, s.w.now + S);
	assert_int_equal(count_events(&s.w, TURN_INVALIDATED), 1);
	assert_int_equal(count_events(&s.w, TURN_CHANNEL_DOWN), 5);
	assert_int_equal(count_events(&s.w, TURN_ALLOCATED), 2);
	assert_int_equal(s.r.allocations, 2);
	world_close(&s.w);
}

static void what_is_over_is_not_resumed(void **state)
{
	static uint8_t zero[TURN_SAVE_MAX], one[TURN_SAVE_MAX];
	struct served s;
	(void)state;
	serve(&s, false);
	bind_peers(&s, 0, 5);
	size_t zero_bytes = save(&s.w, 0, zero), one_bytes = save(&s.w, 1, one);
	turn_free(s.w.t);
	s.w.now += 601 * S;
	s.w.t = turn_new(&s.w.settings, &s.w.rng, s.w.now);
	assert_int_equal(turn_restore(s.w.t, 0, zero, zero_bytes, s.w.now), 0);
	assert_false(turn_is_allocated(s.w.t));
	assert_int_equal(turn_restore(s.w.t, 1, one, one_bytes, s.w.now), -EINVAL);
	s.w.n_events = 0;
	world_drain(&s.w);
	assert_int_equal(s.w.n_events, 0);
	assert_int_equal(newest(&s.w, STUN_BINDING)->at, s.w.now);
	assert_int_equal(save(&s.w, 1, one), 0); /* to be forgotten */
	world_run(&s.w, s.w.now + S);
	assert_true(turn_is_allocated(s.w.t)); /* with the nonce of before: no 401 */
	assert_int_equal(turn_counters(s.w.t)->errors_401, 0);
	world_close(&s.w);
}

static void a_channel_that_was_heard_is_refreshed_after_a_restart(void **state)
{
	struct cp_addr peer;
	struct served s;
	(void)state;
	serve(&s, false);
	bind_peers(&s, 0, 2);
	assert_true(turn_channel_heard(s.w.t, 0x4000, s.w.now, &peer));
	world_restart(&s.w);
	world_run(&s.w, START + 310 * S);
	assert_int_equal(s.r.binds, 3);
	assert_int_equal(newest(&s.w, STUN_CHANNEL_BIND)->m.channel, 0x4000);
	world_close(&s.w);
}

static void a_channel_whose_number_is_free_by_now_stays_away(void **state)
{
	static uint8_t zero[TURN_SAVE_MAX], one[TURN_SAVE_MAX];
	struct served s;
	(void)state;
	serve(&s, false);
	bind_peers(&s, 0, 2);
	save(&s.w, 0, zero);
	size_t one_bytes = save(&s.w, 1, one);
	world_run(&s.w, START + 1000 * S);
	size_t zero_bytes = save(&s.w, 0, zero);
	struct turn *t = turn_new(&s.w.settings, &s.w.rng, s.w.now);
	assert_int_equal(turn_restore(t, 0, zero, zero_bytes, s.w.now), 0);
	assert_int_equal(turn_restore(t, 1, one, one_bytes, s.w.now), 0);
	assert_int_equal(turn_channels_in_use(t), 0);
	turn_free(t);
	world_close(&s.w);
}

static void an_allocation_that_makes_no_sense_is_refused(void **state)
{
	static const struct {
		size_t at;
		uint8_t is;
	} cases[] = {{19, 3}, {20, 2}, {20, 1}, {23, 2}}; /* kind, server, server that there is none, length of the nonce */
	static uint8_t zero[TURN_SAVE_MAX], copy[TURN_SAVE_MAX];
	struct turn_settings v4_only = settings_default();
	struct served s;
	(void)state;
	v4_only.server[1].family = CP_NONE;
	world_open(&s.w, v4_only, 5);
	relay_open(&s.r, &s.w);
	s.w.relay = &s.r;
	world_run(&s.w, s.w.now + S);
	size_t bytes = save(&s.w, 0, zero);
	for (size_t i = 0; i <= sizeof(cases) / sizeof(cases[0]); i++) {
		struct turn *t = turn_new(&v4_only, &s.w.rng, s.w.now);
		memcpy(copy, zero, bytes + 1);
		bool longer = i == sizeof(cases) / sizeof(cases[0]);
		if (!longer)
			copy[cases[i].at] = cases[i].is;
		assert_int_equal(turn_restore(t, 0, copy, bytes + longer, s.w.now), -EPROTO);
		assert_false(turn_is_allocated(t));
		turn_free(t);
	}
	world_close(&s.w);
}

static void times_ahead_count_as_now(void **state)
{
	static uint8_t zero[TURN_SAVE_MAX], one[TURN_SAVE_MAX];
	struct served s;
	(void)state;
	serve(&s, false);
	bind_peers(&s, 0, 5);
	size_t zero_bytes = save(&s.w, 0, zero), one_bytes = save(&s.w, 1, one);
	turn_free(s.w.t);
	s.w.n_events = 0;
	s.w.relay = NULL;
	s.w.now = 5 * S; /* the host was started anew, and its clock with it */
	s.w.t = turn_new(&s.w.settings, &s.w.rng, s.w.now);
	assert_int_equal(turn_restore(s.w.t, 0, zero, zero_bytes, s.w.now), 0);
	assert_int_equal(turn_restore(s.w.t, 1, one, one_bytes, s.w.now), 0);
	world_drain(&s.w);
	answer_ok(&s.w, newest(&s.w, STUN_REFRESH));
	world_run_alive(&s.w, 5 * S + 299 * S);
	assert_int_equal(count_events(&s.w, TURN_CHANNEL_DOWN), 0);
	world_run_alive(&s.w, 5 * S + 300 * S);
	answer_ok(&s.w, newest(&s.w, STUN_REFRESH));
	world_run_alive(&s.w, 5 * S + 600 * S);
	assert_int_equal(count_events(&s.w, TURN_CHANNEL_DOWN), 5);
	world_close(&s.w);
}

static void foreign_records_are_refused(void **state)
{
	static uint8_t zero[TURN_SAVE_MAX], one[TURN_SAVE_MAX];
	struct turn_settings others[3];
	struct served s;
	(void)state;
	serve(&s, false);
	bind_peers(&s, 0, 5);
	size_t zero_bytes = save(&s.w, 0, zero), one_bytes = save(&s.w, 1, one);
	for (int i = 0; i < 3; i++)
		others[i] = s.w.settings;
	others[0].password = "another";
	others[1].username = "another";
	others[2].server[0].port = 3479;
	for (int i = 0; i < 3; i++) {
		struct turn *t = turn_new(&others[i], &s.w.rng, s.w.now);
		assert_int_equal(turn_restore(t, 0, zero, zero_bytes, s.w.now), -EINVAL);
		assert_int_equal(turn_restore(t, 1, one, one_bytes, s.w.now), -EINVAL);
		assert_false(turn_is_allocated(t));
		turn_free(t);
	}
	struct turn *t = turn_new(&s.w.settings, &s.w.rng, s.w.now);
	struct turn_send send;
	assert_int_equal(turn_restore(t, 1, one, one_bytes, s.w.now), -EINVAL); /* before part 0 */
	assert_int_equal(turn_restore(t, 0, zero, zero_bytes, s.w.now), 0);
	assert_int_equal(turn_restore(t, 0, zero, zero_bytes, s.w.now), -EINVAL);
	assert_int_equal(turn_restore(t, 1, one, one_bytes, s.w.now), 0);
	assert_int_equal(turn_restore(t, 1, one, one_bytes, s.w.now), -EPROTO); /* the same channels again */
	assert_int_equal(turn_channels_in_use(t), 5);
	assert_true(turn_next(t, s.w.now, &send));
	assert_int_equal(turn_restore(t, 2, one, one_bytes, s.w.now), -EPROTO);
	assert_int_equal(turn_restore(t, 1, one, one_bytes, s.w.now), -EINVAL); /* too late */
	turn_free(t);
	world_close(&s.w);
}

/* Every truncation is noticed, and no damage does more than that. */
static void damaged_records_are_refused(void **state)
{
	static uint8_t zero[TURN_SAVE_MAX], one[TURN_SAVE_MAX];
	unsigned int taken = 0;
	struct cp_rng damage;
	struct served s;
	(void)state;
	cp_rng_seed(&damage, (const uint8_t[16]){9});
	serve(&s, false);
	bind_peers(&s, 0, 5);
	size_t sizes[2] = {save(&s.w, 0, zero), save(&s.w, 1, one)};
	for (size_t n = 0; n < sizes[0] + sizes[1]; n++) {
		struct turn *t = turn_new(&s.w.settings, &s.w.rng, s.w.now);
		bool first = n < sizes[0];
		size_t bytes = first ? n : n - sizes[0];
		uint8_t *copy = malloc(bytes + 1); /* exactly so large, for whoever watches */
		memcpy(copy, first ? zero : one, bytes);
		if (!first)
			assert_int_equal(turn_restore(t, 0, zero, sizes[0], s.w.now), 0);
		assert_int_equal(turn_restore(t, !first, copy, bytes, s.w.now), -EPROTO);
		free(copy);
		turn_free(t);
	}
	for (int round = 0; round < 3000; round++) {
		struct turn *t = turn_new(&s.w.settings, &s.w.rng, s.w.now);
		for (uint16_t part = 0; part < 2; part++) {
			uint8_t *copy = malloc(sizes[part]);
			memcpy(copy, part == 0 ? zero : one, sizes[part]);
			copy[19 + cp_rng_below(&damage, (uint32_t)sizes[part] - 19)] ^= (uint8_t)cp_rng_u64(&damage);
			taken += turn_restore(t, part, copy, sizes[part], s.w.now) == 0;
			free(copy);
		}
		struct turn_event e;
		while (turn_event_next(t, &e))
			assert_true(e.kind != TURN_FREED);
		turn_tick(t, s.w.now);
		assert_true(turn_deadline(t) > s.w.now);
		assert_true(turn_channels_in_use(t) <= 5);
		turn_free(t);
	}
	assert_in_range(taken, 100, 5900);
	world_close(&s.w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thousand_peers_come_back_by_one_refresh),
		cmocka_unit_test(a_bind_under_way_is_repeated_with_its_number),
		cmocka_unit_test(only_what_changed_is_saved),
		cmocka_unit_test(an_empty_part_is_forgotten),
		cmocka_unit_test(everything_is_saved_again_when_it_was_lost),
		cmocka_unit_test(a_third_party_is_known_again),
		cmocka_unit_test(a_relay_that_forgot_meanwhile_allocates_anew),
		cmocka_unit_test(what_is_over_is_not_resumed),
		cmocka_unit_test(a_channel_that_was_heard_is_refreshed_after_a_restart),
		cmocka_unit_test(a_channel_whose_number_is_free_by_now_stays_away),
		cmocka_unit_test(an_allocation_that_makes_no_sense_is_refused),
		cmocka_unit_test(times_ahead_count_as_now),
		cmocka_unit_test(foreign_records_are_refused),
		cmocka_unit_test(damaged_records_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
