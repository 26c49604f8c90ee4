/* SPDX-License-Identifier: Apache-2.0 */
/* Which pair is used (connectivity §1.11), and how both sides come together again (§6, trap 12). */
#include "rig.h"

/* One host, and the peer at 1 (host), 2 (server-reflexive), 3 (relay): three pairs in descending priority. */
static void three_pairs(struct rig *r, bool controlling)
{
	rig_init(r, controlling);
	rig_add_host(r, 1);
	rig_add_remote(r, ICE_RELAY, 3);
	rig_add_remote(r, ICE_SRFLX, 2);
	rig_add_remote(r, ICE_HOST, 1);
	assert_int_equal(ice_pair_count(r->agent) >= 3, 1);
}

static void assert_selected(const struct rig *r, unsigned int peer)
{
	struct cp_addr to = peers(peer), at = our_host(1);
	struct ice_selection s = ice_selection(r->agent);
	assert_true(s.exists && same(&s.to, &to) && same(&s.from, &at));
}

static int answer_last(struct rig *r, unsigned int peer)
{
	struct cp_addr to = peers(peer), at = our_host(1);
	return rig_answer(r, &rig_last(r, &at, &to)->send, &at);
}

static int request(struct rig *r, unsigned int peer, bool use_candidate)
{
	struct cp_addr from = peers(peer), at = our_host(1);
	return rig_request(r, &at, &from, use_candidate, NULL);
}

static bool next_nominates(struct rig *r, unsigned int peer)
{
	struct cp_addr to = peers(peer), at = our_host(1);
	unsigned int before = rig_count(r, &at, &to);
	rig_run(r, r->now + 1500 * CP_MS);
	assert_true(rig_count(r, &at, &to) > before);
	return rig_last(r, &at, &to)->nominates;
}

static void controlling_takes_the_first_that_works_and_then_better_ones(void **state)
{
	struct rig r;
	three_pairs(&r, true);
	rig_step(&r);
	assert_int_equal(ice_selection(r.agent).generation, 0);
	assert_false(ice_selection(r.agent).exists);
	assert_int_equal(answer_last(&r, 3), 0);
	assert_selected(&r, 3);
	assert_int_equal(ice_selection(r.agent).generation, 1);
	assert_int_equal(answer_last(&r, 1), 0);
	assert_selected(&r, 1);
	assert_int_equal(ice_selection(r.agent).generation, 2);
	assert_int_equal(answer_last(&r, 2), 0);
	assert_selected(&r, 1); /* it works too, and is worse */
	assert_int_equal(ice_selection(r.agent).generation, 2);
	assert_int_equal(ice_selection(r.agent).remote_kind, ICE_HOST);
	assert_int_equal(ice_selection(r.agent).local_kind, ICE_HOST);
	/* the older nomination keeps its mark; what never was the best has none */
	assert_true(next_nominates(&r, 3));
	assert_true(next_nominates(&r, 1));
	assert_false(next_nominates(&r, 2));
	assert_int_equal(r.n.selections, 2);
	rig_fini(&r);
	(void)state;
}

static void controlling_does_not_move_between_equals(void **state)
{
	struct rig r;
	struct cp_addr first = peers(1), second = peers(2), at = our_host(1);
	struct ice_candidate a = announced(ICE_HOST, &first, 77), b = announced(ICE_HOST, &second, 77);
	rig_init(&r, true);
	rig_add_host(&r, 1);
	ice_remote_add(r.agent, &a, r.now);
	ice_remote_add(r.agent, &b, r.now);
	rig_step(&r);
	assert_int_equal(rig_answer(&r, &rig_last(&r, &at, &second)->send, &at), 0);
	assert_selected(&r, 2);
	assert_int_equal(rig_answer(&r, &rig_last(&r, &at, &first)->send, &at), 0);
	assert_selected(&r, 2);
	assert_int_equal(ice_selection(r.agent).generation, 1);
	rig_fini(&r);
	(void)state;
}

static void controlled_takes_the_best_that_was_nominated(void **state)
{
	struct rig r;
	three_pairs(&r, false);
	rig_run_answering(&r, START + CP_S, 1u << 1);
	assert_false(ice_selection(r.agent).exists); /* that it works is not enough */
	assert_int_equal(request(&r, 2, false), 0);
	assert_false(ice_selection(r.agent).exists);
	assert_int_equal(request(&r, 2, true), 0);
	assert_selected(&r, 2);
	assert_int_equal(request(&r, 3, true), 0);
	assert_selected(&r, 2);
	assert_int_equal(request(&r, 1, true), 0);
	assert_selected(&r, 1);
	assert_int_equal(request(&r, 2, true), 0);
	assert_selected(&r, 1);
	assert_int_equal(ice_selection(r.agent).generation, 2);
	rig_fini(&r);
	(void)state;
}

static void controlled_needs_no_answer_of_its_own(void **state)
{
	struct rig r;
	rig_init(&r, false);
	rig_add_host(&r, 1);
	assert_int_equal(request(&r, 5, true), 0);
	assert_selected(&r, 5);
	assert_int_equal(ice_selection(r.agent).remote_kind, ICE_PRFLX);
	for (unsigned int s = 0; s <= 100; s += 10) { /* its own checks are lost, the peer's are not */
		rig_run(&r, START + s * CP_S);
		assert_int_equal(request(&r, 5, true), 0);
	}
	assert_selected(&r, 5);
	assert_int_equal(ice_selection(r.agent).generation, 1);
	rig_fini(&r);
	(void)state;
}

static void when_the_selected_pair_dies_the_next_best_is_used(void **state)
{
	struct rig r;
	three_pairs(&r, true);
	rig_run_answering(&r, START + 10 * CP_S, 1u << 1 | 1u << 2 | 1u << 3);
	assert_selected(&r, 1);
	rig_run_answering(&r, START + 40 * CP_S, 1u << 2 | 1u << 3);
	assert_selected(&r, 2);
	assert_int_equal(r.n.pairs_timed_out, 1);
	rig_run_answering(&r, START + 70 * CP_S, 1u << 3);
	assert_selected(&r, 3);
	uint32_t generation = ice_selection(r.agent).generation;
	rig_run(&r, START + 100 * CP_S);
	assert_false(ice_selection(r.agent).exists);
	assert_int_equal(ice_selection(r.agent).generation, generation + 1); /* that none is left is a change */
	rig_fini(&r);
	(void)state;
}

static void an_older_nomination_is_announced_anew_when_it_is_used_again(void **state)
{
	struct rig r;
	struct cp_addr at = our_host(1), third = peers(3);
	three_pairs(&r, true);
	rig_step(&r);
	answer_last(&r, 3);
	answer_last(&r, 1);
	rig_run_answering(&r, START + 10 * CP_S, 1u << 1 | 1u << 3);
	assert_selected(&r, 1);
	while (r.n.pairs_timed_out < 2) /* 1 and 2 */
		rig_run_answering(&r, r.now + 10 * CP_MS, 1u << 3);
	assert_selected(&r, 3);
	assert_int_equal(rig_last(&r, &at, &third)->at / (10 * CP_MS), r.now / (10 * CP_MS));
	assert_true(rig_last(&r, &at, &third)->nominates);
	rig_fini(&r);
	(void)state;
}

/* --- trap 12, gateway --- */

static void a_controlled_agent_follows_the_peer(void **state)
{
	struct rig r;
	three_pairs(&r, false);
	request(&r, 3, true);
	request(&r, 1, true);
	assert_selected(&r, 1);
	for (unsigned int i = 0; i < 3; i++)
		request(&r, 3, true);
	assert_selected(&r, 1);
	request(&r, 1, false); /* any request on the selected pair shows that the peer still has it */
	for (unsigned int i = 0; i < 3; i++)
		request(&r, 3, true);
	assert_selected(&r, 1);
	for (unsigned int i = 0; i < 10; i++)
		request(&r, 2, false); /* without USE-CANDIDATE they say nothing */
	assert_selected(&r, 1);
	assert_int_equal(r.n.followed, 0);
	uint32_t generation = ice_selection(r.agent).generation;
	request(&r, 3, true);
	assert_selected(&r, 3);
	assert_int_equal(r.n.followed, 1);
	assert_int_equal(ice_selection(r.agent).generation, generation + 1);
	request(&r, 1, false); /* no reason to go back */
	assert_selected(&r, 3);
	request(&r, 1, true);
	assert_selected(&r, 1);
	rig_fini(&r);
	(void)state;
}

/* Idle on both sides, the selected path dead: a request every 25 s is enough. */
static void it_follows_at_the_idle_rhythm_too(void **state)
{
	struct rig r;
	three_pairs(&r, false);
	request(&r, 3, true);
	request(&r, 1, true);
	ice_set_timing(r.agent, &ice_timing_idle, r.now);
	for (unsigned int i = 1; i <= 4; i++) {
		assert_selected(&r, 1);
		rig_run_answering(&r, START + i * 25 * CP_S - 10 * CP_S, 1u << 3);
		request(&r, 3, true);
	}
	assert_selected(&r, 3);
	rig_fini(&r);
	(void)state;
}

static void a_controlling_agent_follows_nobody(void **state)
{
	struct rig r;
	three_pairs(&r, true);
	rig_step(&r);
	answer_last(&r, 3);
	answer_last(&r, 1);
	struct cp_addr at = our_host(1), from = peers(3);
	for (unsigned int i = 0; i < 20; i++) {
		request(&r, 3, false);
		rig_report(&r, &at, &from, 2, 1);
	}
	assert_selected(&r, 1);
	assert_int_equal(r.n.followed, 0);
	rig_fini(&r);
	(void)state;
}

/* Two pairs in use, each summed up every five seconds, the worse one first: nothing has moved. */
static void summaries_of_the_same_seconds_are_not_taken_for_a_move(void **state)
{
	struct rig r;
	struct cp_addr at = our_host(1), a = peers(1), b = peers(3);
	three_pairs(&r, false);
	rig_report(&r, &at, &b, 1, 1);
	rig_report(&r, &at, &a, 1, 1);
	for (unsigned int i = 0; i < 20; i++) {
		rig_report(&r, &at, &b, 7, 7);
		assert_selected(&r, 1);
		rig_report(&r, &at, &a, 7, 7);
	}
	assert_int_equal(ice_selection(r.agent).generation, 2);
	rig_report(&r, &at, &b, 7, 7);
	rig_report(&r, &at, &b, 7, 7); /* and still none of the other */
	assert_selected(&r, 3);
	rig_fini(&r);
	(void)state;
}

static void what_is_announced_again_gets_another_chance(void **state)
{
	struct rig r;
	struct cp_addr host = our_host(1), relay = our_relay(1), peer = peers(1);
	rig_init(&r, true);
	rig_add_host(&r, 1);
	rig_add_relay(&r, 1);
	rig_add_remote(&r, ICE_SRFLX, 1);
	while (ice_pair_count(r.agent) == 2) { /* only through the relay is anything answered */
		unsigned int before = r.logged;
		rig_step(&r);
		for (unsigned int i = before; i < r.logged; i++) {
			if (r.log[i].send.from_relay)
				rig_answer(&r, &r.log[i].send, &relay);
		}
		r.now = ice_deadline(r.agent) > r.now ? ice_deadline(r.agent) : r.now;
	}
	struct ice_selection s = ice_selection(r.agent);
	assert_true(same(&s.from, &relay));
	unsigned int checked = rig_count(&r, &host, &peer);
	assert_int_equal(rig_add_remote(&r, ICE_SRFLX, 1), 0);
	assert_int_equal(rig_add_remote(&r, ICE_SRFLX, 1), 1);
	assert_int_equal(ice_pair_count(r.agent), 2);
	rig_step(&r);
	assert_int_equal(rig_count(&r, &host, &peer), checked + 1);
	assert_int_equal(rig_answer(&r, &rig_last(&r, &host, &peer)->send, &host), 0);
	assert_selected(&r, 1);
	rig_fini(&r);
	(void)state;
}

/* --- trap 12, client --- */

static void know_a_srflx(struct rig *r, const struct cp_addr *srflx)
{
	struct cp_addr host = our_host(1);
	assert_int_equal(ice_local_add(r->agent, ICE_SRFLX, srflx, &host, false, r->now), 0);
}

/* Where we are seen at: `mapped` by peer 1, `elsewhere` by the others. */
static void answer_seen_at(struct rig *r, cp_time until, unsigned int dead_peer, const struct cp_addr *mapped,
			   const struct cp_addr *elsewhere)
{
	struct cp_addr dead = peers(dead_peer), first = peers(1);
	while (r->now < until) {
		unsigned int before = r->logged;
		rig_step(r);
		for (unsigned int i = before; i < r->logged; i++) {
			if (!dead_peer || !same(&r->log[i].send.to, &dead))
				rig_answer(r, &r->log[i].send, same(&r->log[i].send.to, &first) ? mapped : elsewhere);
		}
		if (r->logged == before)
			r->now = ice_deadline(r->agent) < until ? ice_deadline(r->agent) : until;
	}
}

/* A NAT that gives every destination another port. */
static void answer_all_but(struct rig *r, cp_time until, unsigned int dead_peer, const struct cp_addr *mapped)
{
	struct cp_addr elsewhere = cp_addr_v4(192, 0, 2, 1, 4999);
	answer_seen_at(r, until, dead_peer, mapped, &elsewhere);
}

static void an_abandoned_path_is_named_as_the_peer_knows_it(void **state)
{
	struct rig r;
	struct cp_addr srflx = cp_addr_v4(192, 0, 2, 1, 4000);
	three_pairs(&r, true);
	know_a_srflx(&r, &srflx);
	answer_all_but(&r, START + 10 * CP_S, 0, &srflx);
	assert_selected(&r, 1);
	assert_int_equal(ice_selection(r.agent).abandoned.family, CP_NONE); /* a better one was preferred to others */
	answer_all_but(&r, START + 40 * CP_S, 1, &srflx);
	assert_selected(&r, 2);
	struct ice_selection s = ice_selection(r.agent);
	assert_true(same(&s.abandoned, &srflx));
	assert_int_equal(s.abandoned_kind, ICE_SRFLX);
	rig_fini(&r);
	(void)state;
}

static void one_that_the_peer_knows_the_new_path_by_is_kept(void **state)
{
	struct rig r;
	struct cp_addr srflx = cp_addr_v4(192, 0, 2, 1, 4000);
	three_pairs(&r, true);
	know_a_srflx(&r, &srflx);
	answer_seen_at(&r, START + 10 * CP_S, 0, &srflx, &srflx);
	assert_selected(&r, 1);
	answer_seen_at(&r, START + 40 * CP_S, 1, &srflx, &srflx);
	assert_selected(&r, 2);
	assert_int_equal(ice_selection(r.agent).abandoned.family, CP_NONE);
	rig_fini(&r);
	(void)state;
}

static void a_path_by_our_relay_is_named_by_the_relayed_address(void **state)
{
	struct rig r;
	struct cp_addr relay = our_relay(1), other = our_relay(2);
	rig_init(&r, true);
	rig_add_relay(&r, 1);
	rig_add_relay(&r, 2);
	rig_add_remote(&r, ICE_HOST, 1);
	rig_run_answering(&r, START + CP_S, 1u << 1);
	struct ice_selection s = ice_selection(r.agent);
	assert_true(same(&s.from, &relay));
	while (ice_pair_count(r.agent) == 2) { /* the second relay works on, the first does not */
		unsigned int before = r.logged;
		rig_step(&r);
		for (unsigned int i = before; i < r.logged; i++) {
			if (same(&r.log[i].send.from, &other))
				rig_answer(&r, &r.log[i].send, &other);
		}
		r.now = ice_deadline(r.agent) > r.now ? ice_deadline(r.agent) : r.now;
	}
	s = ice_selection(r.agent);
	assert_true(s.exists && same(&s.from, &other));
	assert_true(same(&s.abandoned, &relay));
	assert_int_equal(s.abandoned_kind, ICE_RELAY);
	rig_fini(&r);
	(void)state;
}

static void what_must_not_be_invalidated_is_not_named(void **state)
{
	struct cp_addr unknown = cp_addr_v4(192, 0, 2, 1, 4000), host = our_host(1);
	for (unsigned int i = 0; i < 4; i++) {
		struct rig r;
		three_pairs(&r, i != 3);
		/* the peer knows the host candidate (0), or a peer-reflexive one (1) */
		answer_all_but(&r, START + 10 * CP_S, 0, i == 1 ? &unknown : &host);
		if (i == 2) /* the peer took its candidate back: that is no timeout */
			assert_true(rig_remove_remote(&r, ICE_HOST, 1));
		if (i == 3) /* controlled */
			request(&r, 3, true), request(&r, 1, true);
		answer_all_but(&r, START + 45 * CP_S, 1, i == 1 ? &unknown : &host);
		assert_selected(&r, i == 3 ? 3 : 2);
		assert_int_equal(ice_selection(r.agent).abandoned.family, CP_NONE);
		rig_fini(&r);
	}
	(void)state;
}

/* The peer's requests keep the pair of which our own direction is dead; that is no reason to send there. */
static void a_path_that_only_leads_here_is_left_but_kept(void **state)
{
	struct rig r;
	struct cp_addr srflx = cp_addr_v4(192, 0, 2, 1, 4000), at = our_host(1), first = peers(1);
	three_pairs(&r, true);
	know_a_srflx(&r, &srflx);
	answer_all_but(&r, START + 10 * CP_S, 0, &srflx);
	assert_selected(&r, 1);
	cp_time since = rig_last(&r, &at, &first)->at + 1500 * CP_MS;
	for (unsigned int s = 10; s < 60; s += 5) {
		answer_all_but(&r, START + s * CP_S, 1, &srflx);
		assert_int_equal(request(&r, 1, false), 0);
		assert_selected(&r, r.now < since + 16500 * CP_MS ? 1 : 2);
	}
	assert_int_equal(r.n.pairs_timed_out, 0);
	struct cp_addr abandoned = ice_selection(r.agent).abandoned;
	assert_true(same(&abandoned, &srflx));
	rig_run(&r, rig_last(&r, &at, &first)->at + 1500 * CP_MS);
	assert_int_equal(answer_last(&r, 1), 0); /* it leads there again */
	assert_selected(&r, 1);
	rig_fini(&r);
	(void)state;
}

static void unless_there_is_no_other(void **state)
{
	struct rig r;
	rig_init(&r, true);
	rig_add_host(&r, 1);
	rig_add_remote(&r, ICE_HOST, 1);
	rig_run_answering(&r, START + 10 * CP_S, 1u << 1);
	for (unsigned int s = 10; s < 60; s += 5) {
		rig_run(&r, START + s * CP_S);
		assert_int_equal(request(&r, 1, false), 0);
		assert_selected(&r, 1);
	}
	assert_int_equal(ice_selection(r.agent).generation, 1);
	rig_fini(&r);
	(void)state;
}

static void it_is_forgotten_with_the_next_change(void **state)
{
	struct rig r;
	struct cp_addr srflx = cp_addr_v4(192, 0, 2, 1, 4000);
	three_pairs(&r, true);
	know_a_srflx(&r, &srflx);
	answer_all_but(&r, START + 10 * CP_S, 0, &srflx);
	answer_all_but(&r, START + 40 * CP_S, 1, &srflx);
	assert_int_equal(ice_selection(r.agent).abandoned_kind, ICE_SRFLX);
	rig_add_remote(&r, ICE_HOST, 4);
	answer_all_but(&r, START + 41 * CP_S, 1, &srflx);
	assert_selected(&r, 4);
	assert_int_equal(ice_selection(r.agent).abandoned.family, CP_NONE);
	/* none works any more: nothing to be told through */
	rig_run(&r, START + 80 * CP_S);
	assert_int_equal(ice_selection(r.agent).abandoned.family, CP_NONE);
	rig_fini(&r);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(controlling_takes_the_first_that_works_and_then_better_ones),
		cmocka_unit_test(controlling_does_not_move_between_equals),
		cmocka_unit_test(controlled_takes_the_best_that_was_nominated),
		cmocka_unit_test(controlled_needs_no_answer_of_its_own),
		cmocka_unit_test(when_the_selected_pair_dies_the_next_best_is_used),
		cmocka_unit_test(an_older_nomination_is_announced_anew_when_it_is_used_again),
		cmocka_unit_test(a_controlled_agent_follows_the_peer),
		cmocka_unit_test(it_follows_at_the_idle_rhythm_too),
		cmocka_unit_test(a_controlling_agent_follows_nobody),
		cmocka_unit_test(summaries_of_the_same_seconds_are_not_taken_for_a_move),
		cmocka_unit_test(what_is_announced_again_gets_another_chance),
		cmocka_unit_test(an_abandoned_path_is_named_as_the_peer_knows_it),
		cmocka_unit_test(one_that_the_peer_knows_the_new_path_by_is_kept),
		cmocka_unit_test(a_path_by_our_relay_is_named_by_the_relayed_address),
		cmocka_unit_test(what_must_not_be_invalidated_is_not_named),
		cmocka_unit_test(a_path_that_only_leads_here_is_left_but_kept),
		cmocka_unit_test(unless_there_is_no_other),
		cmocka_unit_test(it_is_forgotten_with_the_next_change),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
