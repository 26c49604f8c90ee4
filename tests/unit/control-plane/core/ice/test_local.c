/* SPDX-License-Identifier: Apache-2.0 */
/* Local candidates. */
#include <errno.h>

#include "rig.h"

static void they_are_listed_by_priority(void **state)
{
	struct rig r;
	struct cp_addr host = our_host(1), srflx = cp_addr_v4(192, 0, 2, 1, 4000), relay6, host6;
	assert_true(cp_ip_parse("2001:db8:5::5", 13, &relay6) && cp_ip_parse("2001:db8::10", 12, &host6));
	relay6.port = 60000;
	host6.port = 52625;
	rig_init(&r, false);
	assert_int_equal(rig_add_relay(&r, 1), 0);
	assert_int_equal(ice_local_add(r.agent, ICE_RELAY, &relay6, &relay6, true, r.now), 0);
	assert_int_equal(ice_local_add(r.agent, ICE_SRFLX, &srflx, &host, false, r.now), 0);
	assert_int_equal(rig_add_host(&r, 1), 0);
	assert_int_equal(rig_add_host(&r, 2), 0);
	assert_int_equal(ice_local_add(r.agent, ICE_HOST, &host6, &host6, false, r.now), 0);
	static const uint32_t priorities[] = {2130706431, 2130706175, 2130705663, 1686109951, 37748479, 37492735};
	for (unsigned int i = 0; i < 6; i++)
		assert_int_equal(ice_local_at(r.agent, i)->priority, priorities[i]);
	assert_null(ice_local_at(r.agent, 6));
	const struct ice_candidate *c = ice_local_at(r.agent, 3);
	assert_true(same(&c->addr, &srflx) && same(&c->base, &host));
	assert_int_equal(c->kind, ICE_SRFLX);
	assert_true(ice_local_at(r.agent, 5)->cross_family);
	rig_fini(&r);
	(void)state;
}

static void adding_twice_is_adding_once(void **state)
{
	struct rig r;
	rig_init(&r, false);
	assert_int_equal(rig_add_host(&r, 1), 0);
	assert_int_equal(rig_add_host(&r, 1), 1);
	assert_null(ice_local_at(r.agent, 1));
	rig_fini(&r);
	(void)state;
}

static void nonsense_is_refused(void **state)
{
	struct rig r;
	struct cp_addr bad[] = {cp_addr_v4(169, 254, 1, 1, 1), cp_addr_v4(224, 0, 0, 1, 1), cp_addr_v4(0, 0, 0, 0, 1), {.port = 1}};
	struct cp_addr good = our_host(1);
	rig_init(&r, false);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(ice_local_add(r.agent, ICE_HOST, &bad[i], &bad[i], false, r.now), -EINVAL);
	assert_int_equal(ice_local_add(r.agent, ICE_PRFLX, &good, &good, false, r.now), -EINVAL);
	rig_fini(&r);
	(void)state;
}

static void server_reflexive_ones_make_no_pairs(void **state)
{
	struct rig r;
	struct cp_addr host = our_host(1), srflx = cp_addr_v4(192, 0, 2, 1, 4000);
	rig_init(&r, false);
	rig_add_remote(&r, ICE_HOST, 1);
	assert_int_equal(ice_local_add(r.agent, ICE_SRFLX, &srflx, &host, false, r.now), 0);
	assert_int_equal(ice_pair_count(r.agent), 0);
	rig_add_remote(&r, ICE_HOST, 2);
	assert_int_equal(ice_pair_count(r.agent), 0);
	rig_add_host(&r, 1);
	assert_int_equal(ice_pair_count(r.agent), 2);
	assert_true(ice_local_remove(r.agent, ICE_SRFLX, &srflx, r.now));
	assert_int_equal(ice_pair_count(r.agent), 2);
	rig_fini(&r);
	(void)state;
}

static void families_do_not_mix(void **state)
{
	struct rig r;
	struct cp_addr host6;
	assert_true(cp_ip_parse("2001:db8::10", 12, &host6));
	host6.port = 52625;
	rig_init(&r, false);
	rig_add_remote(&r, ICE_HOST, 1);
	assert_int_equal(ice_local_add(r.agent, ICE_HOST, &host6, &host6, false, r.now), 0);
	assert_int_equal(ice_pair_count(r.agent), 0);
	rig_fini(&r);
	(void)state;
}

static void a_removed_one_takes_its_pairs_along_and_may_return(void **state)
{
	struct rig r;
	struct cp_addr first = our_host(1), at2 = our_host(2), from = peers(1);
	rig_init(&r, false);
	rig_add_host(&r, 1);
	rig_add_host(&r, 2);
	rig_add_remote(&r, ICE_HOST, 1);
	assert_int_equal(rig_request(&r, &first, &from, true, NULL), 0);
	assert_int_equal(rig_request(&r, &at2, &from, true, NULL), 0);
	struct ice_selection s = ice_selection(r.agent);
	assert_true(same(&s.from, &first));
	uint32_t priority = ice_local_at(r.agent, 0)->priority;
	assert_true(ice_local_remove(r.agent, ICE_HOST, &first, r.now));
	assert_false(ice_local_remove(r.agent, ICE_HOST, &first, r.now));
	assert_false(ice_local_remove(r.agent, ICE_RELAY, &at2, r.now));
	s = ice_selection(r.agent);
	assert_true(s.exists && same(&s.from, &at2)); /* at once */
	assert_int_equal(ice_pair_count(r.agent), 1);
	assert_null(ice_local_at(r.agent, 1));
	assert_int_equal(rig_add_host(&r, 1), 1);
	assert_int_equal(ice_pair_count(r.agent), 2);
	assert_int_equal(ice_local_at(r.agent, 0)->priority, priority); /* nobody else got it meanwhile */
	rig_fini(&r);
	(void)state;
}

static void the_priority_of_a_removed_one_is_not_given_away(void **state)
{
	struct rig r;
	struct cp_addr first = our_host(1);
	rig_init(&r, false);
	rig_add_host(&r, 1);
	assert_true(ice_local_remove(r.agent, ICE_HOST, &first, r.now));
	rig_add_host(&r, 2);
	assert_int_equal(ice_local_at(r.agent, 0)->priority, ice_priority(ICE_HOST, CP_V4, 1, false));
	rig_fini(&r);
	(void)state;
}

static void they_have_a_quota_and_removed_ones_make_room(void **state)
{
	struct rig r;
	rig_init(&r, false);
	for (unsigned int n = 1; n <= ICE_LOCALS_MAX; n++)
		assert_int_equal(rig_add_relay(&r, n), 0);
	assert_int_equal(rig_add_host(&r, 1), -ENOSPC);
	/* years of relays that come and go */
	for (unsigned int n = 1; n <= 200; n++) {
		struct cp_addr old = our_relay(n);
		assert_true(ice_local_remove(r.agent, ICE_RELAY, &old, r.now));
		assert_int_equal(rig_add_relay(&r, n + ICE_LOCALS_MAX), 0);
	}
	uint32_t last = UINT32_MAX;
	for (unsigned int i = 0; i < ICE_LOCALS_MAX; i++) {
		const struct ice_candidate *c = ice_local_at(r.agent, i);
		assert_true(c->priority < last); /* each its own */
		last = c->priority;
	}
	assert_null(ice_local_at(r.agent, ICE_LOCALS_MAX));
	rig_fini(&r);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_are_listed_by_priority),
		cmocka_unit_test(adding_twice_is_adding_once),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(server_reflexive_ones_make_no_pairs),
		cmocka_unit_test(families_do_not_mix),
		cmocka_unit_test(a_removed_one_takes_its_pairs_along_and_may_return),
		cmocka_unit_test(the_priority_of_a_removed_one_is_not_given_away),
		cmocka_unit_test(they_have_a_quota_and_removed_ones_make_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
