/* SPDX-License-Identifier: Apache-2.0 */
/* What the peer asks (connectivity §1.9, §1.10), answered here or reported as answered elsewhere. */
#include "rig.h"

static void with_host(struct rig *r, bool controlling)
{
	rig_init(r, controlling);
	assert_int_equal(rig_add_host(r, 1), 0);
}

static void credentials_come_before_everything(void **state)
{
	static const struct {
		const char *username, *password;
	} rows[] = {
		{"ours:peer", "wrong"},
		{"ours:peer", "the-peers-is-22-bytes-"},
		{"our:peer", "our-password-is-22-byt"},
		{"ourss:peer", "our-password-is-22-byt"},
		{"ours:pee", "our-password-is-22-byt"},
		{"ours:peers", "our-password-is-22-byt"},
		{"peer:ours", "our-password-is-22-byt"},
		{"OURS:peer", "our-password-is-22-byt"},
	};
	struct rig r;
	with_host(&r, true);
	struct cp_addr at = our_host(1), nowhere = our_host(9), from = peers(1);
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct request q = rig_good_request(&r);
		q.username = rows[i].username;
		q.password = rows[i].password;
		q.use_candidate = i % 2; /* its role would be wrong too */
		assert_int_equal(rig_raw_request(&r, &q, i % 3 ? &at : &nowhere, &from, NULL), ICE_E_CREDENTIALS);
	}
	assert_int_equal(r.n.bad_credentials, sizeof(rows) / sizeof(*rows));
	assert_null(ice_remote_at(r.agent, 0)); /* nothing was learnt of the source */
	assert_int_equal(ice_agent_state(r.agent), ICE_NEW);
	rig_fini(&r);
	(void)state;
}

static void what_stock_does_not_recognise_is_malformed(void **state)
{
	struct rig r;
	with_host(&r, false);
	struct cp_addr at = our_host(1), from = peers(1);
	for (unsigned int i = 0; i < 7; i++) {
		struct request q = rig_good_request(&r);
		q.lacks_username = i == 0;
		q.lacks_priority = i == 1;
		q.lacks_integrity = i == 2;
		q.username = i == 3 ? "ours" : i == 4 ? "ours:" : "ours:peer";
		q.type = i == 5 ? STUN_BINDING | STUN_INDICATION : i == 6 ? STUN_ALLOCATE : STUN_BINDING;
		assert_int_equal(rig_raw_request(&r, &q, &at, &from, NULL), ICE_E_MALFORMED);
	}
	assert_int_equal(r.n.malformed, 7);
	assert_null(ice_remote_at(r.agent, 0));
	rig_fini(&r);
	(void)state;
}

static void neither_fingerprint_nor_unknown_attributes_matter(void **state)
{
	struct rig r;
	with_host(&r, false);
	struct cp_addr at = our_host(1), from = peers(1);
	struct request q = rig_good_request(&r);
	q.lacks_fingerprint = q.unknown_attribute = true;
	assert_int_equal(rig_raw_request(&r, &q, &at, &from, NULL), 0);
	assert_int_equal(r.n.requests, 1);
	rig_fini(&r);
	(void)state;
}

static void use_candidate_is_not_for_the_controlling_side(void **state)
{
	struct rig r;
	with_host(&r, true);
	struct cp_addr at = our_host(1), from = peers(1);
	assert_int_equal(rig_request(&r, &at, &from, true, NULL), ICE_E_ROLE);
	assert_int_equal(rig_report(&r, &at, &from, 2, 2), ICE_E_ROLE);
	assert_int_equal(r.n.bad_role, 2);
	assert_null(ice_remote_at(r.agent, 0));
	assert_int_equal(rig_request(&r, &at, &from, false, NULL), 0);
	rig_fini(&r);
	(void)state;
}

static void a_new_source_becomes_a_candidate_and_is_checked_at_once(void **state)
{
	struct rig r;
	with_host(&r, false);
	struct cp_addr at = our_host(1), other = our_host(2), from = peers(1);
	rig_add_host(&r, 2);
	assert_int_equal(rig_request(&r, &at, &from, false, NULL), 0);
	const struct ice_candidate *c = ice_remote_at(r.agent, 0);
	assert_int_equal(c->kind, ICE_PRFLX);
	assert_int_equal(c->priority, 1862270719);
	assert_true(same(&c->addr, &from));
	assert_int_equal(ice_pair_count(r.agent), 1); /* not with other local candidates */
	assert_int_equal(ice_agent_state(r.agent), ICE_CHECKING);
	rig_step(&r);
	assert_int_equal(rig_count(&r, &at, &from), 1);
	assert_int_equal(rig_count(&r, &other, &from), 0);
	rig_fini(&r);
	(void)state;
}

static void a_known_source_makes_no_new_candidate(void **state)
{
	struct rig r;
	with_host(&r, false);
	struct cp_addr at = our_host(1), from = peers(1);
	rig_add_remote(&r, ICE_SRFLX, 1);
	for (unsigned int i = 0; i < 5; i++)
		assert_int_equal(rig_request(&r, &at, &from, false, NULL), 0);
	assert_null(ice_remote_at(r.agent, 1));
	assert_int_equal(ice_pair_count(r.agent), 1);
	rig_fini(&r);
	(void)state;
}

/* It gets a pair in spite of what the first one had: the first request comes when the pair had been given up. */
static void a_request_brings_a_dead_pair_back(void **state)
{
	struct rig r;
	with_host(&r, false);
	struct cp_addr at = our_host(1), from = peers(1);
	rig_add_remote(&r, ICE_HOST, 1);
	rig_run(&r, START + 16 * CP_S);
	assert_int_equal(ice_pair_count(r.agent), 0);
	assert_int_equal(ice_agent_state(r.agent), ICE_DISCONNECTED);
	unsigned int before = r.logged;
	assert_int_equal(rig_request(&r, &at, &from, false, NULL), 0);
	assert_int_equal(ice_agent_state(r.agent), ICE_CHECKING);
	rig_step(&r);
	assert_int_equal(r.logged, before + 1);
	rig_fini(&r);
	(void)state;
}

static void an_address_that_is_not_ours_gets_no_answer(void **state)
{
	struct rig r;
	with_host(&r, false);
	struct cp_addr nowhere = our_host(9), from = peers(1), at = our_host(1);
	assert_int_equal(rig_request(&r, &nowhere, &from, false, NULL), ICE_E_NO_LOCAL);
	assert_int_equal(r.n.no_local, 1);
	assert_int_equal(ice_pair_count(r.agent), 0);
	/* the source is known now, and a local candidate that comes later is paired with it */
	rig_add_host(&r, 2);
	struct cp_addr second = our_host(2);
	rig_step(&r);
	assert_int_equal(rig_count(&r, &second, &from), 1);
	assert_true(ice_local_remove(r.agent, ICE_HOST, &at, r.now));
	assert_int_equal(rig_request(&r, &at, &from, false, NULL), ICE_E_NO_LOCAL);
	rig_fini(&r);
	(void)state;
}

static void an_address_that_is_only_reflexive_is_not_ours(void **state)
{
	struct rig r;
	with_host(&r, false);
	struct cp_addr base = our_host(1), srflx = cp_addr_v4(192, 0, 2, 7, 40000), from = peers(1);
	assert_int_equal(ice_local_add(r.agent, ICE_SRFLX, &srflx, &base, false, r.now), 0);
	assert_int_equal(rig_request(&r, &srflx, &from, false, NULL), ICE_E_NO_LOCAL);
	rig_fini(&r);
	(void)state;
}

static void relayed_requests_are_answered_through_the_relay(void **state)
{
	struct rig r;
	with_host(&r, false);
	struct ice_send s;
	struct cp_addr at = our_relay(1), from = peers(1);
	rig_add_relay(&r, 1);
	assert_int_equal(rig_request(&r, &at, &from, false, &s), 0);
	assert_true(s.from_relay && same(&s.from, &at) && same(&s.to, &from));
	rig_fini(&r);
	(void)state;
}

static void an_invalidated_source_is_ignored_until_it_is_announced_again(void **state)
{
	struct rig r;
	with_host(&r, false);
	struct cp_addr at = our_host(1), from = peers(1);
	rig_add_remote(&r, ICE_SRFLX, 1);
	assert_true(rig_remove_remote(&r, ICE_SRFLX, 1));
	assert_int_equal(rig_request(&r, &at, &from, true, NULL), ICE_E_DISCARDED);
	assert_int_equal(rig_report(&r, &at, &from, 1, 1), ICE_E_DISCARDED);
	assert_int_equal(r.n.discarded, 2);
	assert_int_equal(ice_pair_count(r.agent), 0);
	assert_null(ice_remote_at(r.agent, 0));
	assert_int_equal(rig_add_remote(&r, ICE_SRFLX, 1), 0);
	assert_int_equal(rig_request(&r, &at, &from, true, NULL), 0);
	assert_int_equal(ice_agent_state(r.agent), ICE_COMPLETED);
	rig_fini(&r);
	(void)state;
}

static void sources_have_a_quota(void **state)
{
	struct rig r;
	with_host(&r, false);
	struct cp_addr at = our_host(1);
	for (unsigned int n = 0; n < ICE_REMOTES_MAX; n++) {
		struct cp_addr from = cp_addr_v4(198, 51, 100, 1, (uint16_t)(1000 + n));
		assert_int_equal(rig_request(&r, &at, &from, false, NULL), 0);
	}
	size_t bytes = ice_agent_bytes(r.agent);
	for (unsigned int n = 0; n < 1000; n++) {
		struct cp_addr from = cp_addr_v4(198, 51, 100, 2, (uint16_t)(1000 + n));
		assert_int_equal(rig_request(&r, &at, &from, false, NULL), ICE_E_QUOTA);
	}
	assert_int_equal(r.n.quota, 1000);
	assert_int_equal(ice_agent_bytes(r.agent), bytes);
	/* those that are known are answered all the same */
	struct cp_addr first = cp_addr_v4(198, 51, 100, 1, 1000);
	assert_int_equal(rig_request(&r, &at, &first, false, NULL), 0);
	/* and when their pairs have died they make room */
	rig_run(&r, START + 17 * CP_S);
	struct cp_addr late = cp_addr_v4(198, 51, 100, 3, 1);
	assert_int_equal(rig_request(&r, &at, &late, false, NULL), 0);
	rig_fini(&r);
	(void)state;
}

static void a_request_beyond_the_pairs_is_answered(void **state)
{
	struct rig r;
	rig_init(&r, false);
	for (unsigned int n = 1; n <= 3; n++)
		rig_add_host(&r, n);
	for (unsigned int n = 0; n < 40; n++) {
		struct cp_addr a = cp_addr_v4(198, 51, 100, 1, (uint16_t)(1000 + n));
		struct ice_candidate c = announced(ICE_HOST, &a, 2130706175);
		assert_int_equal(ice_remote_add(r.agent, &c, r.now), 0);
	}
	assert_int_equal(ice_pair_count(r.agent), ICE_PAIRS_MAX);
	struct request q = rig_good_request(&r);
	struct cp_addr at = our_host(1), from = peers(9);
	q.priority = 1;
	assert_int_equal(rig_raw_request(&r, &q, &at, &from, NULL), 0);
	assert_int_equal(ice_pair_count(r.agent), ICE_PAIRS_MAX);
	rig_fini(&r);
	(void)state;
}

static void reports_that_say_nothing_are_refused(void **state)
{
	struct rig r;
	with_host(&r, false);
	struct cp_addr at = our_host(1), from = peers(1);
	assert_int_equal(rig_report(&r, &at, &from, 0, 0), ICE_E_MALFORMED);
	assert_int_equal(rig_report(&r, &at, &from, 1, 2), ICE_E_MALFORMED);
	assert_null(ice_remote_at(r.agent, 0));
	assert_int_equal(rig_report(&r, &at, &from, 7, 2), 0);
	assert_int_equal(r.n.requests_reported, 7);
	assert_int_equal(r.n.requests, 0);
	assert_int_equal(ice_agent_state(r.agent), ICE_COMPLETED);
	rig_fini(&r);
	(void)state;
}

static void a_report_of_the_past_keeps_the_pair_from_then_on(void **state)
{
	struct rig r;
	with_host(&r, false);
	rig_add_remote(&r, ICE_HOST, 1);
	rig_run(&r, START + 15 * CP_S);
	struct ice_report p = {.at = our_host(1), .from = peers(1), .requests = 3, .last_ago_ns = 14 * CP_S};
	assert_int_equal(ice_report_in(r.agent, &p, r.now), 0);
	p.last_ago_ns = UINT64_MAX; /* older than everything: it takes nothing back */
	assert_int_equal(ice_report_in(r.agent, &p, r.now), 0);
	rig_run(&r, START + 16 * CP_S - 1);
	assert_int_equal(ice_pair_count(r.agent), 1);
	rig_run(&r, START + 17 * CP_S);
	assert_int_equal(ice_pair_count(r.agent), 0);
	rig_fini(&r);
	(void)state;
}

/* --- the one state machine: a script of requests, reported to one agent and asked of the other --- */

struct twins {
	struct rig asked, told;
	struct cp_rng rng;
};

static void assert_alike(const struct twins *t)
{
	struct ice_selection a = ice_selection(t->asked.agent), b = ice_selection(t->told.agent);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_int_equal(ice_agent_state(t->asked.agent), ice_agent_state(t->told.agent));
	assert_int_equal(ice_pair_count(t->asked.agent), ice_pair_count(t->told.agent));
	assert_int_equal(ice_deadline(t->asked.agent), ice_deadline(t->told.agent));
	assert_int_equal(t->asked.logged, t->told.logged);
	assert_int_equal(t->asked.n.requests, t->told.n.requests_reported);
	assert_int_equal(t->asked.n.followed, t->told.n.followed);
}

static void ask_and_tell(struct twins *t)
{
	unsigned int host = 1 + cp_rng_below(&t->rng, 3), peer = 1 + cp_rng_below(&t->rng, 6);
	struct cp_addr at = host == 3 ? our_relay(1) : our_host(host), from = peers(peer);
	bool use = cp_rng_below(&t->rng, 3) > 0;
	assert_int_equal(rig_request(&t->asked, &at, &from, use, NULL), rig_report(&t->told, &at, &from, 1, use));
}

static void change_candidates(struct twins *t)
{
	unsigned int n = 1 + cp_rng_below(&t->rng, 6);
	enum ice_kind kind = n % 2 ? ICE_SRFLX : ICE_RELAY;
	if (cp_rng_below(&t->rng, 2))
		assert_int_equal(rig_add_remote(&t->asked, kind, n), rig_add_remote(&t->told, kind, n));
	else
		assert_int_equal(rig_remove_remote(&t->asked, kind, n), rig_remove_remote(&t->told, kind, n));
}

static void live_on(struct twins *t)
{
	cp_time until = t->asked.now + cp_rng_below(&t->rng, 4000) * CP_MS;
	unsigned int mask = cp_rng_below(&t->rng, 2) ? 0x2a : 0;
	t->asked.logged = t->told.logged = 0;
	rig_run_answering(&t->asked, until, mask);
	rig_run_answering(&t->told, until, mask);
}

static void reported_and_answered_requests_come_to_the_same(void **state)
{
	uint64_t followed = 0;
	for (uint8_t seed = 0; seed < 60; seed++) {
		struct twins t;
		cp_rng_seed(&t.rng, (const uint8_t[16]){seed, 3});
		rig_init(&t.asked, seed % 2);
		rig_init(&t.told, seed % 2);
		for (unsigned int n = 1; n <= 2; n++)
			rig_add_host(&t.asked, n), rig_add_host(&t.told, n);
		rig_add_relay(&t.asked, 1), rig_add_relay(&t.told, 1);
		for (unsigned int step = 0; step < 300; step++) {
			unsigned int what = cp_rng_below(&t.rng, 10);
			if (what < 7)
				ask_and_tell(&t);
			else if (what < 8)
				change_candidates(&t);
			else
				live_on(&t);
			assert_alike(&t);
		}
		followed += t.asked.n.followed;
		rig_fini(&t.asked);
		rig_fini(&t.told);
	}
	assert_true(followed > 0);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(credentials_come_before_everything),
		cmocka_unit_test(what_stock_does_not_recognise_is_malformed),
		cmocka_unit_test(neither_fingerprint_nor_unknown_attributes_matter),
		cmocka_unit_test(use_candidate_is_not_for_the_controlling_side),
		cmocka_unit_test(a_new_source_becomes_a_candidate_and_is_checked_at_once),
		cmocka_unit_test(a_known_source_makes_no_new_candidate),
		cmocka_unit_test(a_request_brings_a_dead_pair_back),
		cmocka_unit_test(an_address_that_is_not_ours_gets_no_answer),
		cmocka_unit_test(an_address_that_is_only_reflexive_is_not_ours),
		cmocka_unit_test(relayed_requests_are_answered_through_the_relay),
		cmocka_unit_test(an_invalidated_source_is_ignored_until_it_is_announced_again),
		cmocka_unit_test(sources_have_a_quota),
		cmocka_unit_test(a_request_beyond_the_pairs_is_answered),
		cmocka_unit_test(reports_that_say_nothing_are_refused),
		cmocka_unit_test(a_report_of_the_past_keeps_the_pair_from_then_on),
		cmocka_unit_test(reported_and_answered_requests_come_to_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
