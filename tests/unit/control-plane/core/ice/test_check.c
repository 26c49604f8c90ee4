/* SPDX-License-Identifier: Apache-2.0 */
/* When checks go out, to the millisecond, and when a pair is given up. */
#include "rig.h"

static void one_pair(struct rig *r, bool controlling)
{
	rig_init(r, controlling);
	assert_int_equal(rig_add_host(r, 1), 0);
	assert_int_equal(rig_add_remote(r, ICE_HOST, 1), 0);
	assert_int_equal(ice_pair_count(r->agent), 1);
}

/* Milliseconds since `since` of the checks from the nth on. */
static void assert_times(const struct rig *r, unsigned int nth, cp_time since, const uint32_t *ms, unsigned int n)
{
	assert_int_equal(r->logged - nth, n);
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal((r->log[nth + i].at - since) / 1000, (uint64_t)ms[i] * 1000);
}

static void assert_ends_at(struct rig *r, cp_time at)
{
	rig_run(r, at - 1);
	assert_int_equal(ice_pair_count(r->agent), 1);
	r->now = at;
	rig_step(r);
	assert_int_equal(ice_pair_count(r->agent), 0);
	assert_int_equal(r->n.pairs_timed_out, 1);
}

static void a_pair_that_never_answers(void **state)
{
	static const uint32_t ms[] = {0, 250, 750, 1750, 3250, 4750, 6250, 7750, 9250, 10750, 12250, 13750};
	for (int controlling = 0; controlling < 2; controlling++) {
		struct rig r;
		one_pair(&r, controlling);
		assert_ends_at(&r, START + 15250 * CP_MS);
		assert_times(&r, 0, START, ms, 12);
		assert_int_equal(r.n.checks, 12);
		rig_fini(&r);
	}
	(void)state;
}

static void a_pair_that_works_is_checked_for_ever(void **state)
{
	struct rig r;
	one_pair(&r, false);
	rig_run_answering(&r, START + 300 * CP_S, 1u << 1);
	static const uint32_t first[] = {0, 250, 750, 1750, 3250, 4750};
	for (unsigned int i = 0; i < 6; i++)
		assert_int_equal(r.log[i].at, START + first[i] * CP_MS);
	for (unsigned int i = 5; i < r.logged; i++)
		assert_int_equal(r.log[i].at - r.log[i - 1].at, 1500 * CP_MS);
	assert_int_equal(r.logged, 3 + (300000 - 1750) / 1500 + 1);
	rig_fini(&r);
	(void)state;
}

static void a_pair_that_worked_before_the_blackout(void **state)
{
	static const uint32_t ms[] = {0, 1500, 2000, 3000, 4500, 6000, 7500, 9000, 10500, 12000, 13500, 15000};
	struct rig r;
	one_pair(&r, false);
	rig_run_answering(&r, START + 60 * CP_S, 1u << 1);
	unsigned int before = r.logged;
	cp_time first = r.log[before - 1].at + 1500 * CP_MS;
	assert_ends_at(&r, first + 16500 * CP_MS);
	assert_times(&r, before, first, ms, 12);
	rig_fini(&r);
	(void)state;
}

/* Neither do the moments matter at which the owner happens to look. */
static void looking_often_changes_nothing(void **state)
{
	static const uint32_t ms[] = {0, 1500, 2000, 3000, 4500, 6000, 7500, 9000, 10500, 12000, 13500, 15000};
	struct rig r;
	one_pair(&r, false);
	rig_run_answering(&r, START + 60 * CP_S, 1u << 1);
	unsigned int before = r.logged;
	cp_time first = r.log[before - 1].at + 1500 * CP_MS;
	for (; r.now < first + 16400 * CP_MS; r.now += 10 * CP_MS)
		rig_step(&r);
	assert_times(&r, before, first, ms, 12);
	rig_fini(&r);
	(void)state;
}

static void an_idle_pair(void **state)
{
	static const uint32_t ms[] = {0, 25000, 50000, 75000};
	struct rig r;
	one_pair(&r, true);
	ice_set_timing(r.agent, &ice_timing_idle, r.now);
	assert_ends_at(&r, START + 100 * CP_S);
	assert_times(&r, 0, START, ms, 4);
	rig_fini(&r);
	(void)state;
}

static void an_idle_pair_that_worked_before_the_blackout(void **state)
{
	static const uint32_t ms[] = {0, 25000, 50000, 75000};
	struct rig r;
	one_pair(&r, false);
	rig_run_answering(&r, START + 60 * CP_S, 1u << 1);
	ice_set_timing(r.agent, &ice_timing_idle, r.now);
	rig_run_answering(&r, START + 300 * CP_S, 1u << 1);
	unsigned int before = r.logged;
	cp_time first = r.log[before - 1].at + 25 * CP_S;
	assert_int_equal(r.log[before - 1].at - r.log[before - 2].at, 25 * CP_S);
	assert_ends_at(&r, first + 100 * CP_S);
	assert_times(&r, before, first, ms, 4);
	rig_fini(&r);
	(void)state;
}

static void leaving_idle_makes_overdue_checks_due(void **state)
{
	struct rig r;
	one_pair(&r, false);
	rig_run_answering(&r, START + 60 * CP_S, 1u << 1);
	ice_set_timing(r.agent, &ice_timing_idle, r.now);
	rig_run_answering(&r, START + 160 * CP_S, 1u << 1);
	r.now = r.log[r.logged - 1].at + 10 * CP_S;
	unsigned int before = r.logged;
	rig_step(&r);
	assert_int_equal(r.logged, before);
	ice_set_timing(r.agent, &ice_timing_default, r.now);
	assert_true(ice_deadline(r.agent) <= r.now);
	rig_step(&r);
	assert_int_equal(r.logged, before + 1);
	rig_run_answering(&r, r.now + 1500 * CP_MS, 1u << 1);
	assert_int_equal(r.logged, before + 2);
	rig_fini(&r);
	(void)state;
}

/* What gateways of the newer generation do: longer than what is remembered of a pair. */
static void the_patient_profile(void **state)
{
	static const struct ice_timing patient = {.initial_rto_ms = 250, .max_rto_ms = 15000, .max_retransmits = 45};
	struct rig r;
	one_pair(&r, false);
	ice_set_timing(r.agent, &patient, r.now);
	assert_ends_at(&r, START + 600750 * CP_MS);
	assert_int_equal(r.logged, 45);
	rig_fini(&r);

	one_pair(&r, false);
	ice_set_timing(r.agent, &patient, r.now);
	rig_run_answering(&r, START + 1000 * CP_S, 1u << 1);
	cp_time first = r.log[r.logged - 1].at + 15 * CP_S;
	assert_ends_at(&r, first + 615500 * CP_MS);
	rig_fini(&r);
	(void)state;
}

static void the_first_burst_goes_by_priority(void **state)
{
	struct rig r;
	rig_init(&r, true);
	rig_add_relay(&r, 1);
	rig_add_host(&r, 1);
	for (unsigned int n = 1; n <= 4; n++)
		rig_add_remote(&r, n % 2 ? ICE_RELAY : ICE_SRFLX, n);
	rig_step(&r);
	assert_int_equal(r.logged, 8);
	struct cp_addr host = our_host(1), relay = our_relay(1);
	/* host with srflx; then by the smaller priority of the two, which is that of a relay, ours or the peer's */
	static const unsigned int to[] = {2, 4, 2, 4, 1, 1, 3, 3};
	for (unsigned int i = 0; i < 8; i++) {
		struct cp_addr p = peers(to[i]);
		assert_true(same(&r.log[i].send.to, &p));
	}
	assert_true(same(&r.log[0].send.from, &host) && same(&r.log[2].send.from, &relay));
	unsigned int from_relay = 0;
	for (unsigned int i = 0; i < 8; i++) {
		assert_int_equal(r.log[i].send.from_relay, same(&r.log[i].send.from, &relay));
		from_relay += r.log[i].send.from_relay;
	}
	assert_int_equal(from_relay, 4);
	rig_fini(&r);
	(void)state;
}

static void a_nominated_pair_goes_before_all_that_is_due(void **state)
{
	struct rig r;
	rig_init(&r, true);
	rig_add_host(&r, 1);
	rig_add_remote(&r, ICE_HOST, 1);
	rig_add_remote(&r, ICE_HOST, 2);
	rig_step(&r);
	struct cp_addr from = our_host(1), second = peers(2);
	r.now += 250 * CP_MS; /* both are due */
	assert_int_equal(rig_answer(&r, &rig_last(&r, &from, &second)->send, &from), 0);
	rig_step(&r);
	assert_int_equal(r.logged, 4);
	assert_true(same(&r.log[2].send.to, &second) && r.log[2].nominates);
	assert_false(r.log[3].nominates);
	assert_int_equal(r.n.checks_nominating, 1);
	rig_fini(&r);
	(void)state;
}

static void a_nomination_does_not_wait_for_the_next_check(void **state)
{
	struct rig r;
	one_pair(&r, true);
	rig_step(&r);
	r.now += 40 * CP_MS;
	assert_int_equal(rig_answer(&r, &r.log[0].send, &r.log[0].send.from), 0);
	assert_true(ice_deadline(r.agent) <= r.now);
	rig_step(&r);
	assert_int_equal(r.logged, 2);
	assert_true(r.log[1].nominates);
	rig_run_answering(&r, START + 20 * CP_S, 1u << 1);
	for (unsigned int i = 1; i < r.logged; i++)
		assert_true(r.log[i].nominates);
	rig_fini(&r);
	(void)state;
}

static void requests_of_the_remote_keep_a_pair(void **state)
{
	struct cp_addr at = our_host(1), from = peers(1);
	struct rig r;
	one_pair(&r, false);
	for (unsigned int i = 0; i <= 6; i++) {
		rig_run(&r, START + i * 10 * CP_S);
		assert_int_equal(rig_request(&r, &at, &from, false, NULL), 0);
	}
	/* the checks went on all the time; the first that is due 15 s after the last request finds it gone */
	cp_time first_too_late = START + 13750 * CP_MS;
	while (first_too_late < START + 75 * CP_S)
		first_too_late += 1500 * CP_MS;
	assert_ends_at(&r, first_too_late);
	rig_fini(&r);
	(void)state;
}

/* Nothing is due earlier than the silence: the end of the pair is a deadline of its own. */
static void the_end_of_a_pair_is_a_deadline(void **state)
{
	struct cp_addr at = our_host(1), from = peers(1);
	struct rig r;
	one_pair(&r, false);
	rig_run(&r, START + 15 * CP_S);
	assert_int_equal(rig_request(&r, &at, &from, false, NULL), 0);
	ice_set_timing(r.agent, &ice_timing_idle, r.now);
	rig_run(&r, START + 13750 * CP_MS + 25 * CP_S - 1);
	assert_int_equal(ice_pair_count(r.agent), 1);
	r.now++;
	assert_int_equal(ice_deadline(r.agent), r.now);
	rig_step(&r);
	assert_int_equal(ice_pair_count(r.agent), 0);
	rig_fini(&r);
	(void)state;
}

static void a_check_that_is_dropped_counts_all_the_same(void **state)
{
	struct ice_send s;
	struct rig r;
	one_pair(&r, true);
	ice_tick(r.agent, r.now);
	assert_true(ice_check_next(r.agent, r.now, &s));
	assert_false(ice_check_next(r.agent, r.now, &s));
	assert_int_equal(ice_deadline(r.agent), START + 250 * CP_MS);
	rig_fini(&r);
	(void)state;
}

static void the_owner_is_found_by_the_transaction_id_alone(void **state)
{
	struct rig a, b;
	one_pair(&a, true);
	one_pair(&b, true);
	ice_agent_free(b.agent);
	b.settings.owner = 77;
	b.agent = NULL;
	rig_renew(&b);
	rig_add_host(&b, 1);
	rig_add_remote(&b, ICE_HOST, 1);
	rig_step(&a);
	rig_step(&b);
	assert_int_equal(ice_txid_owner(a.log[0].send.data + 8, rig_secret), 0xcafe0001);
	assert_int_equal(ice_txid_owner(b.log[0].send.data + 8, rig_secret), 77);
	assert_memory_not_equal(a.log[0].send.data + 8, "\xca\xfe\x00\x01", 4); /* masked */
	rig_fini(&a);
	rig_fini(&b);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pair_that_never_answers),
		cmocka_unit_test(a_pair_that_works_is_checked_for_ever),
		cmocka_unit_test(a_pair_that_worked_before_the_blackout),
		cmocka_unit_test(looking_often_changes_nothing),
		cmocka_unit_test(an_idle_pair),
		cmocka_unit_test(an_idle_pair_that_worked_before_the_blackout),
		cmocka_unit_test(leaving_idle_makes_overdue_checks_due),
		cmocka_unit_test(the_patient_profile),
		cmocka_unit_test(the_first_burst_goes_by_priority),
		cmocka_unit_test(a_nominated_pair_goes_before_all_that_is_due),
		cmocka_unit_test(a_nomination_does_not_wait_for_the_next_check),
		cmocka_unit_test(requests_of_the_remote_keep_a_pair),
		cmocka_unit_test(the_end_of_a_pair_is_a_deadline),
		cmocka_unit_test(a_check_that_is_dropped_counts_all_the_same),
		cmocka_unit_test(the_owner_is_found_by_the_transaction_id_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
