/* SPDX-License-Identifier: Apache-2.0 */
/* Remote candidates: announced (connectivity §1.5.5), guessed (§1.5.6), taken back (§1.5.7). */
#include <errno.h>

#include "rig.h"

static struct cp_addr with_port(unsigned int peer, uint16_t port)
{
	struct cp_addr a = peers(peer);
	a.port = port;
	return a;
}

static int add(struct rig *r, enum ice_kind kind, struct cp_addr addr, uint32_t priority)
{
	struct ice_candidate c = announced(kind, &addr, priority);
	return ice_remote_add(r->agent, &c, r->now);
}

static bool is_checked(struct rig *r, struct cp_addr to)
{
	struct cp_addr at = our_host(1);
	rig_run(r, r->now + 20 * CP_MS);
	return rig_count(r, &at, &to) > 0;
}

static void one_host(struct rig *r)
{
	rig_init(r, true);
	assert_int_equal(rig_add_host(r, 1), 0);
}

static void those_of_another_user_are_refused(void **state)
{
	struct rig r;
	struct cp_addr a = peers(1);
	struct ice_candidate c = announced(ICE_HOST, &a, 1);
	one_host(&r);
	strcpy(c.ufrag, "ours");
	assert_int_equal(ice_remote_add(r.agent, &c, r.now), -EINVAL);
	strcpy(c.ufrag, "pee");
	assert_int_equal(ice_remote_add(r.agent, &c, r.now), -EINVAL);
	assert_null(ice_remote_at(r.agent, 0));
	strcpy(c.ufrag, "peer");
	assert_int_equal(ice_remote_add(r.agent, &c, r.now), 0);
	rig_fini(&r);
	(void)state;
}

static void relays_of_ours_pair_with_every_kind(void **state)
{
	struct rig r;
	rig_init(&r, true);
	rig_add_relay(&r, 1);
	rig_add_host(&r, 1);
	assert_int_equal(add(&r, ICE_HOST, peers(1), 4), 0);
	assert_int_equal(add(&r, ICE_RELAY, peers(2), 3), 0);
	assert_int_equal(add(&r, ICE_PRFLX, peers(3), 2), 0);
	assert_int_equal(ice_pair_count(r.agent), 6);
	rig_fini(&r);
	(void)state;
}

static void an_equal_one_is_nothing_new(void **state)
{
	struct rig r;
	one_host(&r);
	assert_int_equal(add(&r, ICE_SRFLX, peers(1), 10), 0);
	assert_int_equal(add(&r, ICE_SRFLX, peers(1), 99), 1);
	assert_null(ice_remote_at(r.agent, 1));
	assert_int_equal(ice_remote_at(r.agent, 0)->priority, 10);
	rig_run(&r, START + 16 * CP_S); /* its pair dies: then it is worth another try */
	assert_int_equal(ice_pair_count(r.agent), 0);
	assert_int_equal(add(&r, ICE_SRFLX, peers(1), 10), 0);
	assert_int_equal(ice_pair_count(r.agent), 1);
	rig_fini(&r);
	(void)state;
}

static void before_there_is_a_local_candidate_too(void **state)
{
	struct rig r;
	rig_init(&r, true);
	assert_int_equal(add(&r, ICE_SRFLX, peers(1), 10), 0);
	assert_int_equal(add(&r, ICE_SRFLX, peers(1), 10), 1);
	rig_add_host(&r, 1);
	assert_int_equal(ice_pair_count(r.agent), 1);
	rig_fini(&r);
	(void)state;
}

static void what_was_seen_keeps_its_pair_when_it_is_announced(void **state)
{
	struct rig r;
	struct cp_addr at = our_host(1), from = peers(1);
	rig_init(&r, false);
	rig_add_host(&r, 1);
	rig_add_relay(&r, 1);
	assert_int_equal(rig_request(&r, &at, &from, true, NULL), 0);
	rig_run_answering(&r, START + 10 * CP_S, 1u << 1);
	struct ice_selection before = ice_selection(r.agent);
	assert_int_equal(before.remote_kind, ICE_PRFLX);
	unsigned int checks = rig_count(&r, &at, &from);
	assert_int_equal(add(&r, ICE_HOST, from, 2130706175), 0); /* of a higher priority than was seen */
	struct ice_selection after = ice_selection(r.agent);
	assert_int_equal(after.remote_kind, ICE_HOST);
	assert_int_equal(after.generation, before.generation);
	assert_true(after.priority == before.priority);
	assert_null(ice_remote_at(r.agent, 1));
	assert_int_equal(ice_pair_count(r.agent), 2); /* now with the relay too */
	rig_step(&r);
	assert_int_equal(rig_count(&r, &at, &from), checks); /* nor does it begin anew */
	rig_fini(&r);
	(void)state;
}

/* A check from the peer's relay came before the candidate did, and the pair looked better than the direct one. */
static void what_was_seen_is_no_better_than_what_is_announced(void **state)
{
	struct rig r;
	struct cp_addr at = our_host(1), relay = peers(1), direct = peers(2);
	rig_init(&r, true);
	rig_add_host(&r, 1);
	assert_int_equal(rig_request(&r, &at, &relay, false, NULL), 0);
	assert_int_equal(add(&r, ICE_SRFLX, direct, 1694498815), 0);
	rig_run_answering(&r, START + 10 * CP_S, 1u << 1 | 1u << 2);
	assert_int_equal(ice_selection(r.agent).remote_kind, ICE_PRFLX);
	assert_int_equal(add(&r, ICE_RELAY, relay, 37748735), 0);
	struct ice_selection s = ice_selection(r.agent);
	assert_int_equal(s.remote_kind, ICE_SRFLX);
	assert_true(cp_addr_equal(&s.to, &direct));
	assert_int_equal(ice_pair_count(r.agent), 2);
	rig_fini(&r);
	(void)state;
}

static void a_better_candidate_of_the_same_path_inherits_the_nomination(void **state)
{
	for (int controlling = 0; controlling < 2; controlling++) {
		struct rig r;
		struct cp_addr at = our_host(1), to = peers(1);
		rig_init(&r, controlling);
		rig_add_host(&r, 1);
		add(&r, ICE_SRFLX, to, 10);
		if (!controlling)
			assert_int_equal(rig_request(&r, &at, &to, true, NULL), 0);
		rig_run_answering(&r, START + 10 * CP_S, 1u << 1);
		struct ice_selection before = ice_selection(r.agent);
		unsigned int checks = rig_count(&r, &at, &to);
		assert_true(before.exists);
		assert_int_equal(add(&r, ICE_RELAY, to, 9), 0); /* worse: nothing happens */
		assert_true(ice_selection(r.agent).priority == before.priority);
		assert_int_equal(add(&r, ICE_HOST, to, 11), 0);
		assert_int_equal(ice_pair_count(r.agent), 1);
		struct ice_selection after = ice_selection(r.agent);
		assert_true(after.priority > before.priority);
		assert_int_equal(after.remote_kind, ICE_HOST);
		assert_int_equal(after.generation, before.generation); /* the same path */
		rig_step(&r);
		assert_int_equal(rig_count(&r, &at, &to), checks + 1); /* its checks begin anew */
		assert_int_equal(rig_last(&r, &at, &to)->nominates, controlling);
		rig_run(&r, r.now + 249 * CP_MS);
		assert_int_equal(rig_count(&r, &at, &to), checks + 1);
		rig_run(&r, r.now + 1 * CP_MS);
		assert_int_equal(rig_count(&r, &at, &to), checks + 2);
		rig_fini(&r);
	}
	(void)state;
}

static void without_a_nomination_nothing_is_inherited(void **state)
{
	struct rig r;
	rig_init(&r, false);
	rig_add_host(&r, 1);
	add(&r, ICE_SRFLX, peers(1), 10);
	rig_run_answering(&r, START + 10 * CP_S, 1u << 1);
	add(&r, ICE_HOST, peers(1), 11);
	assert_false(ice_selection(r.agent).exists);
	assert_int_equal(ice_pair_count(r.agent), 1);
	rig_run(&r, r.now + 15250 * CP_MS); /* as one that never answered */
	rig_step(&r);
	assert_int_equal(ice_pair_count(r.agent), 0);
	rig_fini(&r);
	(void)state;
}

/* --- optimistic --- */

static void a_forwarded_port_is_tried(void **state)
{
	struct rig r;
	one_host(&r);
	assert_int_equal(add(&r, ICE_HOST, cp_addr_v4(192, 168, 1, 2, 52625), 2130706175), 0);
	assert_int_equal(add(&r, ICE_SRFLX, with_port(1, 40000), 1694498559), 0);
	assert_true(is_checked(&r, with_port(1, 52625)));
	assert_true(is_checked(&r, with_port(1, 40000)));
	assert_int_equal(ice_pair_count(r.agent), 3);
	assert_null(ice_remote_at(r.agent, 2)); /* it is nobody's business but ours */
	rig_fini(&r);
	(void)state;
}

static void in_whatever_order_they_come(void **state)
{
	struct rig r;
	one_host(&r);
	add(&r, ICE_SRFLX, with_port(1, 40000), 1694498559);
	add(&r, ICE_HOST, cp_addr_v4(192, 168, 1, 2, 52625), 2130706175);
	assert_true(is_checked(&r, with_port(1, 52625)));
	rig_fini(&r);
	(void)state;
}

static void two_at_a_time(void **state)
{
	struct rig r;
	one_host(&r);
	for (uint8_t n = 1; n <= 5; n++)
		add(&r, ICE_HOST, cp_addr_v4(192, 168, 1, n, (uint16_t)(1000 + n)), 2130706175);
	assert_int_equal(ice_pair_count(r.agent), 5);
	add(&r, ICE_SRFLX, with_port(1, 40000), 1694498559);
	assert_int_equal(ice_pair_count(r.agent), 5 + 1 + 2);
	add(&r, ICE_RELAY, with_port(2, 60000), 1); /* whatever is added next occasions two more */
	assert_int_equal(ice_pair_count(r.agent), 8 + 1 + 2);
	add(&r, ICE_RELAY, with_port(3, 60000), 1);
	assert_int_equal(ice_pair_count(r.agent), 11 + 1 + 1);
	add(&r, ICE_RELAY, with_port(4, 60000), 1);
	assert_int_equal(ice_pair_count(r.agent), 13 + 1);
	rig_fini(&r);
	(void)state;
}

static void not_for_ipv6_and_not_where_something_is_known(void **state)
{
	struct rig r;
	struct cp_addr host6, srflx6, at6;
	assert_true(cp_ip_parse("2001:db8::1", 11, &host6) && cp_ip_parse("2001:db8:1::1", 13, &srflx6) &&
		    cp_ip_parse("2001:db8:9::1", 13, &at6));
	host6.port = 1, srflx6.port = 2, at6.port = 3;
	one_host(&r);
	ice_local_add(r.agent, ICE_HOST, &at6, &at6, false, r.now);
	add(&r, ICE_HOST, host6, 7);
	add(&r, ICE_SRFLX, srflx6, 6);
	assert_int_equal(ice_pair_count(r.agent), 2);
	add(&r, ICE_HOST, cp_addr_v4(192, 168, 1, 2, 40000), 5); /* its port is kept by the NAT */
	add(&r, ICE_SRFLX, with_port(1, 40000), 4);
	assert_int_equal(ice_pair_count(r.agent), 4);
	rig_fini(&r);
	(void)state;
}

static void a_guess_that_is_announced_is_one_candidate(void **state)
{
	struct rig r;
	one_host(&r);
	add(&r, ICE_HOST, cp_addr_v4(192, 168, 1, 2, 52625), 2130706175);
	add(&r, ICE_SRFLX, with_port(1, 40000), 1694498559);
	assert_int_equal(ice_pair_count(r.agent), 3);
	assert_int_equal(add(&r, ICE_SRFLX, with_port(1, 52625), 1694498559), 0);
	assert_int_equal(ice_pair_count(r.agent), 3);
	assert_non_null(ice_remote_at(r.agent, 2));
	/* and is as good as any other to be taken back */
	struct cp_addr a = with_port(1, 52625), at = our_host(1);
	struct ice_candidate c = announced(ICE_SRFLX, &a, 1);
	assert_true(ice_remote_remove(r.agent, &c, r.now));
	assert_int_equal(rig_request(&r, &at, &a, false, NULL), ICE_E_DISCARDED);
	rig_fini(&r);
	(void)state;
}

/* --- invalidation --- */

static void it_is_matched_by_kind_address_and_raddr(void **state)
{
	struct rig r;
	struct cp_addr a = peers(1), zero = {.family = CP_V4};
	one_host(&r);
	add(&r, ICE_SRFLX, a, 10);
	struct ice_candidate c = announced(ICE_SRFLX, &a, 77); /* rebuilt: another priority, another ufrag */
	strcpy(c.ufrag, "any");
	c.kind = ICE_RELAY;
	assert_false(ice_remote_remove(r.agent, &c, r.now));
	c.kind = ICE_SRFLX;
	c.raddr = (struct cp_addr){0};
	assert_false(ice_remote_remove(r.agent, &c, r.now));
	c.raddr = zero;
	c.addr.port++;
	assert_false(ice_remote_remove(r.agent, &c, r.now));
	assert_int_equal(ice_pair_count(r.agent), 1);
	c.addr.port--;
	assert_true(ice_remote_remove(r.agent, &c, r.now));
	assert_false(ice_remote_remove(r.agent, &c, r.now));
	assert_int_equal(ice_pair_count(r.agent), 0);
	rig_fini(&r);
	(void)state;
}

/* Both sides sit on 192.168.1.10:52625, each behind its own NAT. */
static void ours_is_not_mistaken_for_theirs(void **state)
{
	struct rig r;
	struct cp_addr a = our_host(1), at = our_host(1), from = peers(1);
	struct ice_candidate c = announced(ICE_HOST, &a, 2130706175);
	one_host(&r);
	add(&r, ICE_HOST, peers(1), 5);
	assert_int_equal(ice_remote_add(r.agent, &c, r.now), 0);
	assert_true(ice_remote_remove(r.agent, &c, r.now));
	assert_non_null(ice_local_at(r.agent, 0));
	assert_int_equal(rig_request(&r, &at, &from, false, NULL), 0);
	rig_fini(&r);
	(void)state;
}

static void the_selected_path_goes_at_once(void **state)
{
	struct rig r;
	one_host(&r);
	add(&r, ICE_SRFLX, peers(1), 10);
	add(&r, ICE_RELAY, peers(2), 5);
	rig_run_answering(&r, START + CP_S, 1u << 1 | 1u << 2);
	struct cp_addr a = peers(1), b = peers(2), to = rig_selected_to(&r);
	assert_true(same(&to, &a));
	assert_true(rig_remove_remote(&r, ICE_SRFLX, 1));
	to = rig_selected_to(&r);
	assert_true(same(&to, &b));
	rig_run_answering(&r, START + 2 * CP_S, 1u << 2); /* to the other, not a check more */
	assert_int_equal(rig_last(&r, &(struct cp_addr){0}, &a) != NULL, 0);
	struct cp_addr at = our_host(1);
	assert_true(rig_last(&r, &at, &a)->at < START + CP_S);
	rig_fini(&r);
	(void)state;
}

/* --- quota --- */

static void they_have_a_quota(void **state)
{
	struct rig r;
	one_host(&r);
	for (unsigned int n = 0; n < ICE_REMOTES_MAX; n++)
		assert_int_equal(add(&r, ICE_HOST, with_port(1, (uint16_t)(1000 + n)), 5), 0);
	size_t bytes = ice_agent_bytes(r.agent);
	for (unsigned int n = 0; n < 500; n++)
		assert_int_equal(add(&r, ICE_HOST, with_port(2, (uint16_t)(1000 + n)), 5), -ENOSPC);
	assert_int_equal(r.n.quota, 500);
	assert_int_equal(ice_agent_bytes(r.agent), bytes);
	assert_int_equal(ice_pair_count(r.agent), ICE_REMOTES_MAX);
	rig_fini(&r);
	(void)state;
}

static void those_that_wait_for_a_local_candidate_are_kept(void **state)
{
	struct rig r;
	rig_init(&r, true);
	for (unsigned int n = 0; n < ICE_REMOTES_MAX; n++)
		assert_int_equal(add(&r, ICE_HOST, with_port(1, (uint16_t)(1000 + n)), 5), 0);
	assert_int_equal(add(&r, ICE_HOST, with_port(2, 1), 5), -ENOSPC);
	rig_add_host(&r, 1);
	assert_int_equal(ice_pair_count(r.agent), ICE_REMOTES_MAX);
	rig_fini(&r);
	(void)state;
}

/* A peer whose NAT moves it again and again, for as long as a connection lasts. */
static void dead_ones_make_room(void **state)
{
	struct rig r;
	one_host(&r);
	add(&r, ICE_RELAY, peers(1), 1);
	for (unsigned int n = 0; n < 300; n++) {
		r.logged = 0;
		assert_int_equal(add(&r, ICE_SRFLX, with_port(2, (uint16_t)(1000 + n)), 5), 0);
		rig_run_answering(&r, r.now + 16 * CP_S, 1u << 1);
		struct cp_addr to = rig_selected_to(&r), first = peers(1);
		assert_true(same(&to, &first));
	}
	assert_int_equal(r.n.quota, 0);
	assert_int_equal(ice_pair_count(r.agent), 1);
	rig_fini(&r);
	(void)state;
}

static void those_that_were_taken_back_are_forgotten_last(void **state)
{
	struct rig r;
	struct cp_addr at = our_host(1), gone = peers(1);
	one_host(&r);
	add(&r, ICE_SRFLX, gone, 5);
	assert_true(rig_remove_remote(&r, ICE_SRFLX, 1));
	add(&r, ICE_RELAY, peers(3), 1);
	for (unsigned int n = 0; n < 200; n++) {
		r.logged = 0;
		assert_int_equal(add(&r, ICE_SRFLX, with_port(2, (uint16_t)(1000 + n)), 5), 0);
		rig_run_answering(&r, r.now + 16 * CP_S, 1u << 3);
		assert_int_equal(rig_request(&r, &at, &gone, false, NULL), ICE_E_DISCARDED);
	}
	rig_fini(&r);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(those_of_another_user_are_refused),
		cmocka_unit_test(relays_of_ours_pair_with_every_kind),
		cmocka_unit_test(an_equal_one_is_nothing_new),
		cmocka_unit_test(before_there_is_a_local_candidate_too),
		cmocka_unit_test(what_was_seen_keeps_its_pair_when_it_is_announced),
		cmocka_unit_test(what_was_seen_is_no_better_than_what_is_announced),
		cmocka_unit_test(a_better_candidate_of_the_same_path_inherits_the_nomination),
		cmocka_unit_test(without_a_nomination_nothing_is_inherited),
		cmocka_unit_test(a_forwarded_port_is_tried),
		cmocka_unit_test(in_whatever_order_they_come),
		cmocka_unit_test(two_at_a_time),
		cmocka_unit_test(not_for_ipv6_and_not_where_something_is_known),
		cmocka_unit_test(a_guess_that_is_announced_is_one_candidate),
		cmocka_unit_test(it_is_matched_by_kind_address_and_raddr),
		cmocka_unit_test(ours_is_not_mistaken_for_theirs),
		cmocka_unit_test(the_selected_path_goes_at_once),
		cmocka_unit_test(they_have_a_quota),
		cmocka_unit_test(those_that_wait_for_a_local_candidate_are_kept),
		cmocka_unit_test(dead_ones_make_room),
		cmocka_unit_test(those_that_were_taken_back_are_forgotten_last),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
