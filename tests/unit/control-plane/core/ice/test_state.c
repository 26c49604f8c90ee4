/* SPDX-License-Identifier: Apache-2.0 */
/* States, and how long they last (connectivity §1.12). */
#include "rig.h"

static enum ice_state state_of(const struct rig *r)
{
	return ice_agent_state(r->agent);
}

static void without_any_candidate_of_the_peer_it_fails_after_ten_seconds(void **state)
{
	for (unsigned int hosts = 0; hosts < 2; hosts++) {
		struct rig r;
		rig_init(&r, true);
		if (hosts)
			rig_add_host(&r, 1);
		assert_int_equal(state_of(&r), ICE_NEW);
		assert_int_equal(ice_deadline(r.agent), START + 10 * CP_S);
		rig_run(&r, START + 10 * CP_S - 1);
		assert_int_equal(state_of(&r), ICE_NEW);
		rig_run(&r, START + 10 * CP_S);
		assert_int_equal(state_of(&r), ICE_FAILED);
		assert_true(ice_agent_failed_for_want_of_candidates(r.agent));
		assert_int_equal(ice_deadline(r.agent), CP_NEVER);
		rig_fini(&r);
	}
	(void)state;
}

static void failed_is_for_ever(void **state)
{
	struct rig r;
	struct ice_send s;
	rig_init(&r, true);
	rig_run(&r, START + 10 * CP_S);
	rig_add_host(&r, 1);
	rig_add_remote(&r, ICE_HOST, 1);
	assert_int_equal(state_of(&r), ICE_FAILED);
	assert_false(ice_check_next(r.agent, r.now, &s));
	assert_int_equal(ice_deadline(r.agent), CP_NEVER);
	rig_fini(&r);
	(void)state;
}

static void a_candidate_in_time_is_enough(void **state)
{
	struct rig r;
	rig_init(&r, true);
	rig_add_host(&r, 1);
	rig_run(&r, START + 9 * CP_S);
	rig_add_remote(&r, ICE_HOST, 1);
	assert_int_equal(state_of(&r), ICE_CHECKING);
	rig_run(&r, START + 12 * CP_S);
	assert_int_equal(state_of(&r), ICE_CHECKING);
	rig_fini(&r);
	(void)state;
}

static void the_whole_life(void **state)
{
	struct rig r;
	rig_init(&r, true);
	rig_add_host(&r, 1);
	rig_add_remote(&r, ICE_HOST, 1);
	rig_add_remote(&r, ICE_RELAY, 2);
	assert_int_equal(state_of(&r), ICE_CHECKING);
	rig_run_answering(&r, START + CP_S, 1u << 1);
	assert_int_equal(state_of(&r), ICE_CONNECTED); /* the other pair may still come */
	rig_run_answering(&r, START + 15250 * CP_MS - 1, 1u << 1);
	assert_int_equal(state_of(&r), ICE_CONNECTED);
	rig_run_answering(&r, START + 15250 * CP_MS, 1u << 1);
	assert_int_equal(state_of(&r), ICE_COMPLETED); /* it never will */
	rig_add_remote(&r, ICE_RELAY, 3);
	assert_int_equal(state_of(&r), ICE_CONNECTED);
	rig_run_answering(&r, START + 40 * CP_S, 1u << 1);
	assert_int_equal(state_of(&r), ICE_COMPLETED);
	cp_time first = r.log[r.logged - 1].at + 1500 * CP_MS; /* unanswered check */
	rig_run(&r, first + 16500 * CP_MS - 1);
	assert_int_equal(state_of(&r), ICE_COMPLETED);
	rig_run(&r, first + 16500 * CP_MS);
	assert_int_equal(state_of(&r), ICE_DISCONNECTED);
	rig_run(&r, first + 18500 * CP_MS - 1);
	assert_int_equal(state_of(&r), ICE_DISCONNECTED);
	rig_run(&r, first + 18500 * CP_MS);
	assert_int_equal(state_of(&r), ICE_FAILED);
	assert_false(ice_agent_failed_for_want_of_candidates(r.agent));
	rig_fini(&r);
	(void)state;
}

static void whoever_comes_within_the_grace_saves_it(void **state)
{
	struct rig r;
	struct cp_addr at = our_host(1), from = peers(1);
	rig_init(&r, false);
	rig_add_host(&r, 1);
	rig_add_remote(&r, ICE_HOST, 1);
	rig_run(&r, START + 15250 * CP_MS);
	assert_int_equal(state_of(&r), ICE_DISCONNECTED);
	rig_run(&r, START + 17 * CP_S);
	rig_add_remote(&r, ICE_RELAY, 2);
	assert_int_equal(state_of(&r), ICE_CHECKING);
	rig_run(&r, START + 20 * CP_S);
	assert_int_equal(state_of(&r), ICE_CHECKING);
	rig_run(&r, START + 17 * CP_S + 15250 * CP_MS);
	assert_int_equal(state_of(&r), ICE_DISCONNECTED); /* and the grace begins anew */
	rig_run(&r, r.now + 1900 * CP_MS);
	assert_int_equal(rig_request(&r, &at, &from, true, NULL), 0);
	assert_int_equal(state_of(&r), ICE_COMPLETED);
	rig_fini(&r);
	(void)state;
}

static void a_peer_that_takes_its_last_candidate_back_has_two_seconds(void **state)
{
	struct rig r;
	rig_init(&r, true);
	rig_add_host(&r, 1);
	rig_add_remote(&r, ICE_RELAY, 1);
	rig_run_answering(&r, START + CP_S, 1u << 1);
	assert_true(rig_remove_remote(&r, ICE_RELAY, 1));
	assert_int_equal(state_of(&r), ICE_DISCONNECTED); /* what was taken back still counts as a candidate */
	rig_run(&r, START + 3 * CP_S - 1);
	assert_int_equal(rig_add_remote(&r, ICE_RELAY, 2), 0);
	rig_run_answering(&r, START + 4 * CP_S, 1u << 2);
	assert_int_equal(state_of(&r), ICE_COMPLETED);
	rig_fini(&r);
	(void)state;
}

static void families_without_a_pair_are_no_failure_while_relays_may_come(void **state)
{
	struct rig r;
	struct cp_addr host6;
	assert_true(cp_ip_parse("2001:db8::1", 11, &host6));
	host6.port = 52625;
	struct ice_candidate c = announced(ICE_HOST, &host6, 5);
	for (int more = 0; more < 2; more++) {
		rig_init(&r, true);
		rig_add_host(&r, 1);
		ice_expect_more(r.agent, more, r.now);
		ice_remote_add(r.agent, &c, r.now);
		assert_int_equal(state_of(&r), more ? ICE_CHECKING : ICE_DISCONNECTED);
		rig_run(&r, START + 7 * CP_S);
		assert_int_equal(state_of(&r), more ? ICE_CHECKING : ICE_FAILED);
		rig_fini(&r);
	}
	rig_init(&r, true);
	rig_add_host(&r, 1);
	ice_expect_more(r.agent, true, r.now);
	ice_remote_add(r.agent, &c, r.now);
	rig_run(&r, START + 7 * CP_S);
	ice_expect_more(r.agent, false, r.now);
	assert_int_equal(state_of(&r), ICE_DISCONNECTED);
	ice_local_add(r.agent, ICE_RELAY, &host6, &host6, true, r.now);
	assert_int_equal(state_of(&r), ICE_CHECKING);
	rig_fini(&r);
	(void)state;
}

static void nobody_waits_for_ever(void **state)
{
	for (int more = 0; more < 2; more++) {
		struct rig r;
		rig_init(&r, true);
		if (more) {
			struct cp_addr a = our_relay(1);
			rig_add_relay(&r, 1);
			ice_local_remove(r.agent, ICE_RELAY, &a, r.now);
			ice_expect_more(r.agent, true, r.now);
		} /* else: no local candidate at all */
		rig_add_remote(&r, ICE_HOST, 1);
		rig_run(&r, START + 60 * CP_S - 1);
		assert_int_equal(state_of(&r), ICE_CHECKING);
		rig_run(&r, START + 60 * CP_S);
		assert_int_equal(state_of(&r), ICE_DISCONNECTED);
		rig_add_host(&r, 1);
		assert_int_equal(state_of(&r), ICE_CHECKING);
		rig_fini(&r);
	}
	(void)state;
}

static void names(void **state)
{
	assert_string_equal(ice_state_name(ICE_NEW), "new");
	assert_string_equal(ice_state_name(ICE_FAILED), "failed");
	assert_string_equal(ice_kind_name(ICE_RELAY), "relay");
	(void)state;
}

/* Whatever happens, in whatever order: after every step the next one lies ahead, or it has failed. */
static void the_deadline_always_lies_ahead(void **state)
{
	static struct rig r;
	for (uint8_t seed = 0; seed < 50; seed++) {
		struct cp_rng rng;
		cp_rng_seed(&rng, (const uint8_t[16]){seed, 11});
		rig_init(&r, seed % 2);
		for (unsigned int step = 0; step < 400; step++) {
			unsigned int n = 1 + cp_rng_below(&rng, 8);
			struct cp_addr at = cp_rng_below(&rng, 2) ? our_host(n % 3 + 1) : our_relay(1), from = peers(n);
			enum ice_kind kind = (enum ice_kind)(1 + cp_rng_below(&rng, 4));
			switch (cp_rng_below(&rng, 9)) {
			case 0:
				rig_add_host(&r, n % 3 + 1);
				break;
			case 1:
				rig_add_relay(&r, 1);
				break;
			case 2:
				ice_local_remove(r.agent, kind, &at, r.now);
				break;
			case 3:
				rig_add_remote(&r, kind, n);
				break;
			case 4:
				rig_remove_remote(&r, kind, n);
				break;
			case 5:
				ice_set_timing(r.agent, n % 2 ? &ice_timing_idle : &ice_timing_default, r.now);
				break;
			case 6:
				rig_request(&r, &at, &from, n % 2, NULL);
				break;
			case 7:
				ice_expect_more(r.agent, n % 2, r.now);
				break;
			default:
				r.now += cp_rng_below(&rng, 20000) * CP_MS;
			}
			r.logged = 0;
			rig_run_answering(&r, r.now + cp_rng_below(&rng, 3000) * CP_MS, cp_rng_below(&rng, 256));
		}
		rig_fini(&r);
	}
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_any_candidate_of_the_peer_it_fails_after_ten_seconds),
		cmocka_unit_test(failed_is_for_ever),
		cmocka_unit_test(a_candidate_in_time_is_enough),
		cmocka_unit_test(the_whole_life),
		cmocka_unit_test(whoever_comes_within_the_grace_saves_it),
		cmocka_unit_test(a_peer_that_takes_its_last_candidate_back_has_two_seconds),
		cmocka_unit_test(families_without_a_pair_are_no_failure_while_relays_may_come),
		cmocka_unit_test(nobody_waits_for_ever),
		cmocka_unit_test(names),
		cmocka_unit_test(the_deadline_always_lies_ahead),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
