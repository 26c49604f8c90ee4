/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker/access.h"
#include "model.h"

static const int64_t times[] = {EARLY - 1, EARLY, LATE - 1, LATE};
#define TIMES (sizeof(times) / sizeof(times[0]))

/* What policies that have both want, by number: 1: a network, 2: a time; -1: there is none. */
static int wanted(const struct model *m, unsigned int a, unsigned int r, unsigned int from, int64_t unix_now)
{
	int mask = 0;
	bool found = false;
	for (unsigned int p = 0; p < POLICIES; p++) {
		if (!m->policy[p].there || !(m->policy[p].actors >> a & 1) || !(m->policy[p].resources >> r & 1))
			continue;
		found = true;
		mask |= (model_network_holds(m, p, from) ? 0 : 1) | (unix_now >= m->policy[p].expires_at ? 2 : 0);
	}
	return found && m->actor[a].there && model_has_resource(m, r) ? mask : -1;
}

static int said(const struct broker_verdict *v)
{
	int mask = 0;
	for (size_t i = 0; i < v->n_violated; i++) {
		int bit = strcmp(v->violated[i], "remote_ip") == 0 ? 1 : 2;
		assert_true(bit == 1 || strcmp(v->violated[i], "current_utc_datetime") == 0);
		assert_false(mask & bit);
		mask |= bit;
	}
	return mask;
}

static void compare(const struct broker_facts *f, const struct model *m, unsigned int a, unsigned int r, unsigned int from,
		    int64_t unix_now)
{
	struct portal_uuid actor = actor_id(a), resource = resource_id(r);
	struct cp_addr addr = place(from);
	struct broker_verdict v = broker_access(f, &actor, &resource, &addr, unix_now);
	int64_t end;
	int want = wanted(m, a, r, from, unix_now);
	if (want < 0) {
		assert_int_equal(v.access, BROKER_NOT_FOUND);
	} else if (model_grants(m, a, r, from, unix_now, &end)) {
		assert_int_equal(v.access, BROKER_GRANTED);
		assert_int_equal(v.expires_at, end);
		assert_int_equal(v.n_violated, 0);
	} else {
		assert_int_equal(v.access, BROKER_FORBIDDEN);
		assert_int_equal(said(&v), want);
		assert_true(v.n_violated > 0);
	}
}

static void compare_list(const struct broker_facts *f, const struct model *m, unsigned int a, unsigned int from, int64_t unix_now)
{
	const struct broker_resource *list[RESOURCES];
	const struct broker_world *w = broker_facts_world(f);
	struct portal_uuid actor = actor_id(a);
	struct cp_addr addr = place(from);
	size_t n = broker_access_list(f, &actor, &addr, unix_now, list), at = 0;
	for (size_t i = 0; i < w->n_resources; i++)
		if (model_grants(m, a, slot_of(&w->resources[i].view.id), from, unix_now, NULL)) {
			assert_true(at < n);
			assert_ptr_equal(list[at++], &w->resources[i]);
		}
	assert_int_equal(at, n);
}

static void agrees_with_a_look_at_every_policy(void **state)
{
	(void)state;
	struct cp_rng rng;
	cp_rng_seed(&rng, (const uint8_t[16]){3});
	for (int round = 0; round < 300; round++) {
		struct model m;
		model_random(&m, &rng);
		struct broker_world *w = model_world(&m);
		struct broker_facts *f = broker_facts_create(w);
		for (unsigned int i = 0; i < ACTORS * PLACES * TIMES; i++) {
			unsigned int a = i % ACTORS, from = i / ACTORS % PLACES;
			int64_t now = times[i / ACTORS / PLACES];
			for (unsigned int r = 0; r < RESOURCES; r++)
				compare(f, &m, a, r, from, now);
			compare_list(f, &m, a, from, now);
		}
		broker_facts_free(f);
		model_world_free(w);
	}
}

static struct broker_verdict one_policy(const char *network, const char *from)
{
	static const uint32_t zero;
	const struct broker_actor actor = {actor_id(0), "a", NULL};
	const struct broker_resource resource = {{.type = PORTAL_RESOURCE_INTERNET, .id = resource_id(0)}};
	struct portal_network net;
	struct cp_addr addr;
	assert_true(portal_network_parse(network, strlen(network), &net) && cp_ip_parse(from, strlen(from), &addr));
	const struct broker_policy policy = {.actors = &zero, .n_actors = 1, .resources = &zero, .n_resources = 1,
					     .networks = &net, .n_networks = 1, .expires_at = PORTAL_NEVER};
	const struct broker_world w = {.account_slug = "a", .actors = &actor, .n_actors = 1, .resources = &resource,
				       .n_resources = 1, .policies = &policy, .n_policies = 1};
	struct broker_facts *f = broker_facts_create(&w);
	struct broker_verdict v = broker_access(f, &actor.id, &resource.view.id, &addr, 0);
	broker_facts_free(f);
	return v;
}

static void networks_are_compared_by_bits(void **state)
{
	(void)state;
	static const struct {
		const char *network, *from;
		bool in;
	} cases[] = {
		{"0.0.0.0/0", "192.0.2.1", true},
		{"0.0.0.0/0", "2001:db8::1", false},
		{"::/0", "192.0.2.1", false},
		{"::/0", "2001:db8::1", true},
		{"192.0.2.0/25", "192.0.2.127", true},
		{"192.0.2.0/25", "192.0.2.128", false},
		{"192.0.2.1/32", "192.0.2.1", true},
		{"192.0.2.1/32", "192.0.2.0", false},
		{"192.0.2.1/32", "::ffff:192.0.2.1", true},
		{"2001:db8::1/128", "2001:db8::1", true},
		{"2001:db8::1/128", "2001:db8::", false},
		{"2001:db8:8000::/33", "2001:db8:ffff::1", true},
		{"2001:db8:8000::/33", "2001:db8:7fff::1", false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(one_policy(cases[i].network, cases[i].from).access,
				 cases[i].in ? BROKER_GRANTED : BROKER_FORBIDDEN);
}

static void the_next_end_is_named(void **state)
{
	(void)state;
	const struct broker_policy policies[] = {{.id = policy_id(0), .expires_at = LATE},
						 {.id = policy_id(1), .expires_at = EARLY},
						 {.id = policy_id(2), .expires_at = PORTAL_NEVER}};
	const struct broker_world w = {.account_slug = "a", .policies = policies, .n_policies = 3};
	struct broker_facts *f = broker_facts_create(&w);
	assert_int_equal(broker_access_changes_at(f, 0), EARLY);
	assert_int_equal(broker_access_changes_at(f, EARLY - 1), EARLY);
	assert_int_equal(broker_access_changes_at(f, EARLY), LATE);
	assert_int_equal(broker_access_changes_at(f, LATE), PORTAL_NEVER);
	broker_facts_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_a_look_at_every_policy),
		cmocka_unit_test(networks_are_compared_by_bits),
		cmocka_unit_test(the_next_end_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
