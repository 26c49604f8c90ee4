/* SPDX-License-Identifier: Apache-2.0 */
/* Two agents find each other, lose each other, and agree. */
#include "net.h"

static struct net n; /* large */

static void begin(uint8_t seed)
{
	net_init(&n, seed);
	net_gather(&n, CLIENT);
	net_gather(&n, GATEWAY);
	net_announce_all(&n);
}

static void assert_alive(void)
{
	assert_true(ice_agent_state(n.side[CLIENT].agent) < ICE_DISCONNECTED);
	assert_true(ice_agent_state(n.side[GATEWAY].agent) < ICE_DISCONNECTED);
}

/* The time until both use the same open path, direct if asked for. */
static cp_time until_agreed(cp_time limit, bool direct)
{
	cp_time start = n.now;
	while (!(direct ? net_is_direct(&n) : net_agree(&n))) {
		if (n.now - start > limit)
			fail_msg("no agreement after %u ms", (unsigned int)((n.now - start) / CP_MS));
		net_run(&n, n.now + 5 * CP_MS);
	}
	return n.now - start;
}

static void they_use_the_direct_path_after_a_round_trip(void **state)
{
	begin(1);
	/* there and back, then the nomination on its way */
	assert_in_range(until_agreed(CP_S, true) / CP_MS, 30, 35);
	net_run(&n, START + 60 * CP_S);
	assert_true(net_is_direct(&n));
	assert_int_equal(n.side[CLIENT].generations, 1); /* nothing else was chosen on the way */
	assert_int_equal(n.side[GATEWAY].generations, 1);
	assert_int_equal(n.side[GATEWAY].n.followed, 0);
	net_fini(&n);
	(void)state;
}

/* Ten minutes at the stock rhythm; the count of checks is exact. */
static void the_number_of_checks_is_the_one_of_the_rhythm(void **state)
{
	begin(2);
	net_run(&n, START + 600 * CP_S);
	/* of each side four pairs work: 0, .25, .75, 1.75, then every 1.5 s; two lead to the private address: 12 each */
	uint64_t steady = 4 * (3 + (600000 - 1750) / 1500 + 1);
	assert_int_equal(ice_pair_count(n.side[CLIENT].agent), 4);
	assert_int_equal(n.side[GATEWAY].n.checks, steady + 2 * 12 + 12 * 2);
	/* the client's nominations went out at once, beside the rhythm */
	assert_in_range(n.side[CLIENT].n.checks, steady + 24 + 1, steady + 48 + 6);
	assert_int_equal(n.side[GATEWAY].n.responses, steady);
	net_fini(&n);
	(void)state;
}

static void one_direction_is_no_path(void **state)
{
	for (int dead = 0; dead < 2; dead++) {
		begin(3);
		net_path(&n, dead, false, false)->closed = true;
		until_agreed(2 * CP_S, false);
		net_run(&n, START + 60 * CP_S);
		assert_true(net_agree(&n) && !net_is_direct(&n));
		assert_alive();
		net_fini(&n);
	}
	(void)state;
}

/* Everything direct is closed when they meet; what is announced again later, once it is open, is better. */
static void they_move_to_a_better_path_that_turns_up(void **state)
{
	begin(4);
	net_close_direct(&n, true);
	net_run(&n, START + 60 * CP_S);
	assert_true(net_agree(&n) && !net_is_direct(&n));
	net_close_direct(&n, false);
	net_run(&n, n.now + 30 * CP_S);
	assert_false(net_is_direct(&n)); /* those pairs were given up */
	for (int side = 0; side < 2; side++) {
		net_withdraw(&n, side, ICE_SRFLX);
		net_announce(&n, side, ICE_SRFLX);
	}
	until_agreed(CP_S, true);
	net_fini(&n);
	(void)state;
}

static void both_leave_a_path_that_dies(void **state)
{
	begin(5);
	net_run(&n, START + 30 * CP_S);
	assert_true(net_is_direct(&n));
	net_close_direct(&n, true);
	/* the next check, 16.5 s until it is given up, then the nomination */
	assert_in_range(until_agreed(30 * CP_S, false) / CP_MS, 15000, 18500);
	net_run(&n, START + 120 * CP_S);
	assert_true(net_agree(&n));
	assert_int_equal(n.side[CLIENT].losses + n.side[GATEWAY].losses, 0);
	struct ice_selection s = ice_selection(n.side[CLIENT].agent);
	assert_int_equal(s.abandoned.family, CP_NONE); /* the gateway knows the new path by the same address of ours */
	net_fini(&n);
	(void)state;
}

/* Requests of the other side still come and keep the pair, but they are no reason to send there. */
static void both_leave_a_path_of_which_one_direction_dies(void **state)
{
	for (int dead = 0; dead < 2; dead++) {
		begin(6);
		net_run(&n, START + 30 * CP_S);
		net_path(&n, dead, false, false)->closed = true;
		until_agreed(24 * CP_S, false);
		assert_alive();
		net_run(&n, n.now + 60 * CP_S);
		assert_true(net_agree(&n));
		net_fini(&n);
	}
	(void)state;
}

/* A gateway of the patient kind would stay on the dead path for ten minutes; it follows the client instead. */
static void a_patient_gateway_follows(void **state)
{
	static const struct ice_timing patient = {.initial_rto_ms = 250, .max_rto_ms = 15000, .max_retransmits = 45};
	begin(7);
	ice_set_timing(n.side[GATEWAY].agent, &patient, n.now);
	net_run(&n, START + 60 * CP_S);
	assert_true(net_is_direct(&n));
	net_close_direct(&n, true);
	until_agreed(16500 * CP_MS + 1500 * CP_MS + 5 * CP_S, false);
	assert_int_equal(n.side[GATEWAY].n.followed, 1);
	net_run(&n, n.now + 60 * CP_S);
	assert_true(net_agree(&n));
	assert_int_equal(n.side[GATEWAY].n.followed, 1);
	net_fini(&n);
	(void)state;
}

/* What the client may do for a gateway that does not follow: take back the candidate by which it knew the path. */
static void a_withdrawn_candidate_brings_the_gateway_along(void **state)
{
	begin(8);
	net_run(&n, START + 30 * CP_S);
	assert_true(net_is_direct(&n));
	net_withdraw(&n, CLIENT, ICE_SRFLX);
	net_close_direct(&n, true);
	struct ice_selection g = ice_selection(n.side[GATEWAY].agent);
	assert_false(g.exists); /* at once, and nothing else was nominated yet */
	until_agreed(20 * CP_S, false);
	net_close_direct(&n, false);
	net_announce(&n, CLIENT, ICE_SRFLX);
	until_agreed(2 * CP_S, true);
	net_fini(&n);
	(void)state;
}

static void they_meet_before_a_candidate_is_known(void **state)
{
	for (int early = 0; early < 2; early++) {
		net_init(&n, 9);
		net_gather(&n, CLIENT);
		net_gather(&n, GATEWAY);
		net_announce(&n, early, ICE_SRFLX); /* only one side knows anything of the other */
		until_agreed(CP_S, true);
		net_run(&n, START + CP_S);
		net_announce_all(&n);
		net_run(&n, START + 60 * CP_S);
		assert_true(net_is_direct(&n));
		assert_int_equal(n.side[CLIENT].generations, 1);
		assert_int_equal(n.side[GATEWAY].generations, 1);
		net_fini(&n);
	}
	(void)state;
}

static void a_restored_agent_is_not_missed(void **state)
{
	static uint8_t data[ICE_SAVE_MAX];
	for (int side = 0; side < 2; side++) {
		struct net_side *s;
		begin(10);
		s = &n.side[side];
		net_run(&n, START + 30 * CP_S);
		unsigned int pairs = ice_pair_count(n.side[1 - side].agent);
		size_t bytes = ice_save(s->agent, data);
		/* ten seconds without anybody there: its packets come to nobody */
		net_path(&n, 1 - side, false, false)->closed = true;
		net_path(&n, side, false, false)->closed = true;
		net_run(&n, START + 40 * CP_S);
		net_close_direct(&n, false);
		net_renew(&n, side);
		assert_int_equal(ice_restore(s->agent, data, bytes, n.now), 0);
		s->generation = ice_selection(s->agent).generation;
		assert_true(net_is_direct(&n));
		net_run(&n, START + 120 * CP_S);
		assert_true(net_is_direct(&n));
		assert_int_equal(n.side[1 - side].generations, 1);
		assert_int_equal(ice_pair_count(n.side[1 - side].agent), pairs);
		assert_int_equal(n.side[CLIENT].losses + n.side[GATEWAY].losses, 0);
		net_fini(&n);
	}
	(void)state;
}

/* Its goodbye was lost: the other side still has its pairs, and is met by an agent that knows nothing. */
static void a_fresh_agent_meets_a_stale_one(void **state)
{
	for (int side = 0; side < 2; side++) {
		for (int told = 0; told < 2; told++) {
			begin(11);
			net_run(&n, START + 30 * CP_S);
			net_renew(&n, side);
			net_gather(&n, side);
			if (told)
				net_announce_all(&n);
			until_agreed(3 * CP_S, true);
			assert_alive();
			net_fini(&n);
		}
	}
	(void)state;
}

static void make_lossy(uint32_t permille)
{
	for (unsigned int i = 0; i < 8; i++) {
		struct net_path *p = net_path(&n, (int)(i / 4), i / 2 % 2, i % 2);
		p->loss_permille = permille;
		p->jitter_ms = 50;
	}
}

static void loss_delays_but_does_not_divide(void **state)
{
	for (uint8_t seed = 0; seed < 100; seed++) {
		begin(seed);
		make_lossy(300);
		net_run(&n, START + 30 * CP_S);
		assert_alive();
		make_lossy(0);
		net_run(&n, START + 60 * CP_S);
		if (!net_agree(&n))
			fail_msg("seed %u: they disagree", seed);
		assert_int_equal(n.side[CLIENT].losses + n.side[GATEWAY].losses, 0);
		net_fini(&n);
	}
	(void)state;
}

static void disturb(void)
{
	struct net_path *p = net_path(&n, (int)cp_rng_below(&n.rng, 2), cp_rng_below(&n.rng, 2), cp_rng_below(&n.rng, 2));
	int side = (int)cp_rng_below(&n.rng, 2);
	enum ice_kind kind = cp_rng_below(&n.rng, 2) ? ICE_SRFLX : ICE_HOST;
	switch (cp_rng_below(&n.rng, 6)) {
	case 0:
		p->closed = !p->closed;
		break;
	case 1:
		p->loss_permille = cp_rng_below(&n.rng, 600);
		break;
	case 2:
		p->delay_ms = cp_rng_below(&n.rng, 400);
		break;
	case 3:
		net_announce(&n, side, kind);
		break;
	case 4:
		if (kind != ICE_HOST)
			net_withdraw(&n, side, kind);
		break;
	default:
		ice_set_timing(n.side[side].agent, cp_rng_below(&n.rng, 3) ? &ice_timing_default : &ice_timing_idle, n.now);
	}
	net_path(&n, CLIENT, true, true)->closed = net_path(&n, GATEWAY, true, true)->closed = false; /* one is always there */
	net_path(&n, CLIENT, true, true)->loss_permille = net_path(&n, GATEWAY, true, true)->loss_permille = 0;
}

/*
 * Five minutes of trouble, then peace: at most 20 s for what is dead to be given up, and 15 s after the last request.
 * Their paths need not be the same one: a gateway remembers nominations of pairs that its client made anew since, and
 * each side knows the other's host candidate by another priority.
 */
static void after_any_trouble_both_have_a_path(void **state)
{
	unsigned int changes = 0, agreed = 0, direct = 0;
	for (unsigned int seed = 0; seed < 100; seed++) {
		begin((uint8_t)seed);
		for (unsigned int step = 0; step < 60; step++) {
			disturb();
			net_run(&n, n.now + cp_rng_below(&n.rng, 10000) * CP_MS);
			assert_alive();
		}
		for (unsigned int i = 0; i < 8; i++)
			net_path(&n, (int)(i / 4), i / 2 % 2, i % 2)->loss_permille = 0;
		ice_set_timing(n.side[CLIENT].agent, &ice_timing_default, n.now);
		ice_set_timing(n.side[GATEWAY].agent, &ice_timing_default, n.now);
		net_run(&n, n.now + 45 * CP_S);
		if (!net_works(&n))
			fail_msg("seed %u: one of them sends into a void", seed);
		changes += n.side[CLIENT].generations;
		agreed += net_agree(&n);
		direct += net_is_direct(&n);
		net_fini(&n);
	}
	assert_true(agreed >= 95); /* nearly always it is the same all the same */
	assert_true(changes > 200 && direct > 5 && direct < 95); /* it went everywhere */
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_use_the_direct_path_after_a_round_trip),
		cmocka_unit_test(the_number_of_checks_is_the_one_of_the_rhythm),
		cmocka_unit_test(one_direction_is_no_path),
		cmocka_unit_test(they_move_to_a_better_path_that_turns_up),
		cmocka_unit_test(both_leave_a_path_that_dies),
		cmocka_unit_test(both_leave_a_path_of_which_one_direction_dies),
		cmocka_unit_test(a_patient_gateway_follows),
		cmocka_unit_test(a_withdrawn_candidate_brings_the_gateway_along),
		cmocka_unit_test(they_meet_before_a_candidate_is_known),
		cmocka_unit_test(a_restored_agent_is_not_missed),
		cmocka_unit_test(a_fresh_agent_meets_a_stale_one),
		cmocka_unit_test(loss_delays_but_does_not_divide),
		cmocka_unit_test(after_any_trouble_both_have_a_path),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
