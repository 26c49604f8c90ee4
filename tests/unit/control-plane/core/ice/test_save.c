/* SPDX-License-Identifier: Apache-2.0 */
/* An agent whose process is restarted. */
#include <errno.h>

#include "rig.h"

static void lively(struct rig *r, bool controlling)
{
	struct cp_addr srflx = cp_addr_v4(192, 0, 2, 1, 4000), host = our_host(1), gone = our_host(3);
	rig_init(r, controlling);
	rig_add_host(r, 1);
	rig_add_host(r, 3);
	rig_add_relay(r, 1);
	ice_local_add(r->agent, ICE_SRFLX, &srflx, &host, false, r->now);
	ice_local_remove(r->agent, ICE_HOST, &gone, r->now);
	rig_add_remote(r, ICE_HOST, 1);
	rig_add_remote(r, ICE_SRFLX, 2);
	rig_add_remote(r, ICE_RELAY, 3);
	rig_add_remote(r, ICE_RELAY, 4);
	rig_remove_remote(r, ICE_RELAY, 4);
	if (!controlling) {
		struct cp_addr from = peers(2), other = peers(6);
		assert_int_equal(rig_request(r, &host, &from, true, NULL), 0);
		assert_int_equal(rig_request(r, &host, &other, false, NULL), 0);
	}
	rig_run_answering(r, START + 8 * CP_S, 1u << 1 | 1u << 2 | 1u << 6);
	assert_true(ice_selection(r->agent).exists);
}

static size_t restart(struct rig *r, cp_time pause)
{
	static uint8_t data[ICE_SAVE_MAX];
	size_t n = ice_save(r->agent, data);
	assert_in_range(n, 1, ICE_SAVE_MAX);
	r->now += pause;
	r->settings.tie_breaker = ~r->settings.tie_breaker; /* the new process draws another one, and learns better */
	rig_renew(r);
	assert_int_equal(ice_restore(r->agent, data, n, r->now), 0);
	r->settings.tie_breaker = ~r->settings.tie_breaker;
	return n;
}

static void everything_that_matters_is_there_again(void **state)
{
	for (int controlling = 0; controlling < 2; controlling++) {
		struct rig r;
		lively(&r, controlling);
		struct ice_selection before = ice_selection(r.agent);
		unsigned int pairs = ice_pair_count(r.agent), locals = 0, remotes = 0;
		struct ice_candidate l[8], m[8];
		while (ice_local_at(r.agent, locals))
			l[locals] = *ice_local_at(r.agent, locals), locals++;
		while (ice_remote_at(r.agent, remotes))
			m[remotes] = *ice_remote_at(r.agent, remotes), remotes++;
		enum ice_state s = ice_agent_state(r.agent);
		restart(&r, 700 * CP_MS);
		struct ice_selection after = ice_selection(r.agent);
		assert_memory_equal(&before, &after, sizeof(before));
		assert_int_equal(ice_pair_count(r.agent), pairs);
		assert_int_equal(ice_agent_state(r.agent), s);
		for (unsigned int i = 0; i < locals; i++)
			assert_memory_equal(ice_local_at(r.agent, i), &l[i], sizeof(*l));
		assert_null(ice_local_at(r.agent, locals));
		for (unsigned int i = 0; i < remotes; i++)
			assert_memory_equal(ice_remote_at(r.agent, i), &m[i], sizeof(*m));
		assert_null(ice_remote_at(r.agent, remotes));
		/* its checks have the tie-breaker of before: the rig looks */
		rig_step(&r);
		rig_fini(&r);
	}
	(void)state;
}

static void it_goes_on_as_if_nothing_had_happened(void **state)
{
	for (int controlling = 0; controlling < 2; controlling++) {
		struct rig r;
		lively(&r, controlling);
		struct cp_addr to = rig_selected_to(&r), at = our_host(1), discarded = peers(4);
		rig_run(&r, r.now + 10 * CP_S); /* not one answer for ten seconds, then the process dies, five seconds more */
		restart(&r, 5 * CP_S);
		unsigned int before = r.logged;
		rig_step(&r);
		assert_int_equal(r.logged - before, ice_pair_count(r.agent)); /* all are checked at once */
		assert_int_equal(rig_last(&r, &at, &to)->nominates, controlling);
		rig_run(&r, r.now + 15 * CP_S); /* and have the time of new ones */
		struct cp_addr now = rig_selected_to(&r);
		assert_true(same(&now, &to));
		assert_int_equal(rig_request(&r, &at, &discarded, false, NULL), ICE_E_DISCARDED);
		rig_run_answering(&r, r.now + 60 * CP_S, 1u << 1 | 1u << 2);
		now = rig_selected_to(&r);
		assert_true(same(&now, &to) || r.n.pairs_timed_out > 0);
		rig_fini(&r);
	}
	(void)state;
}

static void answers_to_checks_of_before_are_noise(void **state)
{
	struct rig r;
	lively(&r, true);
	rig_run(&r, r.now + 2 * CP_S);
	struct ice_send old = r.log[r.logged - 1].send;
	restart(&r, 10 * CP_MS);
	assert_int_equal(rig_answer(&r, &old, &old.from), ICE_E_UNKNOWN_TRANSACTION);
	rig_fini(&r);
	(void)state;
}

static void an_agent_that_waits_for_candidates_waits_anew(void **state)
{
	struct rig r;
	rig_init(&r, true);
	rig_add_host(&r, 1);
	rig_run(&r, START + 9 * CP_S);
	restart(&r, 5 * CP_S);
	assert_int_equal(ice_agent_state(r.agent), ICE_NEW);
	rig_add_remote(&r, ICE_HOST, 1);
	assert_int_equal(ice_agent_state(r.agent), ICE_CHECKING);
	rig_fini(&r);
	(void)state;
}

static void idle_stays_idle(void **state)
{
	struct rig r;
	lively(&r, false);
	ice_set_timing(r.agent, &ice_timing_idle, r.now);
	restart(&r, CP_S);
	rig_run_answering(&r, r.now + CP_S, 0xff);
	unsigned int before = r.logged;
	rig_run_answering(&r, r.now + 23 * CP_S, 0xff);
	assert_int_equal(r.logged, before);
	rig_fini(&r);
	(void)state;
}

static void the_fullest_agent_fits(void **state)
{
	struct rig r;
	rig_init(&r, true);
	for (unsigned int n = 1; n <= ICE_LOCALS_MAX; n++)
		assert_int_equal(rig_add_relay(&r, n), 0);
	for (unsigned int n = 1; n <= ICE_REMOTES_MAX; n++)
		assert_int_equal(rig_add_remote(&r, ICE_SRFLX, n), 0);
	assert_int_equal(ice_pair_count(r.agent), ICE_PAIRS_MAX);
	print_message("# fullest agent: %zu bytes saved\n", restart(&r, CP_S));
	assert_int_equal(ice_pair_count(r.agent), ICE_PAIRS_MAX);
	rig_fini(&r);
	(void)state;
}

/* Is it as fresh as it was? */
static void assert_fresh(struct rig *r)
{
	assert_int_equal(ice_agent_state(r->agent), ICE_NEW);
	assert_int_equal(ice_pair_count(r->agent), 0);
	assert_null(ice_local_at(r->agent, 0));
	assert_null(ice_remote_at(r->agent, 0));
	assert_int_equal(ice_selection(r->agent).generation, 0);
}

/* Refused: as fresh as it was. Taken for true: it can be used. */
static bool restores(struct rig *r, const uint8_t *data, size_t n)
{
	struct ice_send s;
	rig_renew(r);
	bool taken = ice_restore(r->agent, data, n, r->now) == 0;
	if (!taken)
		assert_fresh(r);
	ice_tick(r->agent, r->now);
	while (ice_check_next(r->agent, r->now, &s))
		assert_true(s.bytes > 0 && s.from.family == s.to.family);
	assert_true(ice_deadline(r->agent) > r->now);
	return taken;
}

static void what_is_cut_short_leaves_it_fresh(void **state)
{
	static uint8_t data[ICE_SAVE_MAX];
	struct rig r;
	lively(&r, true);
	size_t n = ice_save(r.agent, data);
	for (size_t cut = 0; cut < n; cut++) {
		uint8_t *copy = malloc(cut + 1);
		memcpy(copy, data, cut);
		assert_false(restores(&r, copy, cut));
		free(copy);
	}
	assert_false(restores(&r, data, n + 1));
	assert_true(restores(&r, data, n));
	rig_fini(&r);
	(void)state;
}

static void what_is_damaged_is_refused_or_usable(void **state)
{
	static const uint8_t values[] = {0, 1, 2, 3, 4, 6, 7, 33, 65, 101, 128, 255};
	static uint8_t data[ICE_SAVE_MAX], copy[ICE_SAVE_MAX];
	struct rig r;
	unsigned int taken = 0, tried = 0;
	lively(&r, true);
	size_t n = ice_save(r.agent, data);
	for (size_t at = 0; at < n; at++) {
		for (unsigned int v = 0; v < sizeof(values); v++, tried++) {
			memcpy(copy, data, n);
			copy[at] = values[v];
			taken += restores(&r, copy, n);
		}
	}
	assert_in_range(taken, tried / 10, tried * 9 / 10);
	rig_fini(&r);
	(void)state;
}

static void the_other_role_is_not_taken(void **state)
{
	static uint8_t data[ICE_SAVE_MAX];
	struct rig r;
	lively(&r, true);
	size_t n = ice_save(r.agent, data);
	r.settings.controlling = false;
	rig_renew(&r);
	assert_int_equal(ice_restore(r.agent, data, n, r.now), -EPROTO);
	assert_fresh(&r);
	rig_fini(&r);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_that_matters_is_there_again),
		cmocka_unit_test(it_goes_on_as_if_nothing_had_happened),
		cmocka_unit_test(answers_to_checks_of_before_are_noise),
		cmocka_unit_test(an_agent_that_waits_for_candidates_waits_anew),
		cmocka_unit_test(idle_stays_idle),
		cmocka_unit_test(the_fullest_agent_fits),
		cmocka_unit_test(what_is_cut_short_leaves_it_fresh),
		cmocka_unit_test(what_is_damaged_is_refused_or_usable),
		cmocka_unit_test(the_other_role_is_not_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
