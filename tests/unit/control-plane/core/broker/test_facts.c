/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker/facts.h"
#include "model.h"

static void same_text(const char *a, const char *b)
{
	assert_int_equal(a == NULL, b == NULL);
	if (a)
		assert_true(a != b && strcmp(a, b) == 0);
}

static void same_resource(const struct portal_resource *a, const struct portal_resource *b)
{
	assert_memory_equal(&a->id, &b->id, sizeof(a->id));
	assert_int_equal(a->type, b->type);
	same_text(a->name, b->name);
	same_text(a->pattern, b->pattern);
	same_text(a->description, b->description);
	assert_memory_equal(&a->network, &b->network, sizeof(a->network));
	assert_int_equal(a->filters.n, b->filters.n);
	for (size_t i = 0; i < a->filters.n; i++)
		assert_int_equal(a->filters.list[i].port_last, b->filters.list[i].port_last);
	assert_int_equal(a->sites.n, b->sites.n);
	for (size_t i = 0; i < a->sites.n; i++)
		same_text(a->sites.list[i].name, b->sites.list[i].name);
}

static void same_policy(const struct broker_policy *a, const struct broker_policy *b)
{
	assert_int_equal(a->n_actors, b->n_actors);
	assert_int_equal(a->n_resources, b->n_resources);
	assert_int_equal(a->n_networks, b->n_networks);
	assert_int_equal(a->expires_at, b->expires_at);
	for (size_t i = 0; i < a->n_actors; i++)
		assert_int_equal(a->actors[i], b->actors[i]);
	for (size_t i = 0; i < a->n_resources; i++)
		assert_int_equal(a->resources[i], b->resources[i]);
	for (size_t i = 0; i < a->n_networks; i++)
		assert_memory_equal(&a->networks[i], &b->networks[i], sizeof(a->networks[i]));
}

static void same_world(const struct broker_world *a, const struct broker_world *b)
{
	same_text(a->account_slug, b->account_slug);
	same_text(a->search_domain, b->search_domain);
	assert_int_equal(a->n_sites, b->n_sites);
	for (size_t i = 0; i < a->n_sites; i++)
		same_text(a->sites[i].name, b->sites[i].name);
	assert_int_equal(a->n_actors, b->n_actors);
	for (size_t i = 0; i < a->n_actors; i++)
		same_text(a->actors[i].name, b->actors[i].name);
	assert_int_equal(a->n_resources, b->n_resources);
	for (size_t i = 0; i < a->n_resources; i++)
		same_resource(&a->resources[i].view, &b->resources[i].view);
	assert_int_equal(a->n_policies, b->n_policies);
	for (size_t i = 0; i < a->n_policies; i++)
		same_policy(&a->policies[i], &b->policies[i]);
	assert_int_equal(a->n_dns, b->n_dns);
	assert_memory_equal(a->dns, b->dns, a->n_dns * sizeof(*a->dns));
}

static void the_copy_outlives_the_world(void **state)
{
	(void)state;
	struct cp_rng r;
	cp_rng_seed(&r, (const uint8_t[16]){1});
	for (int round = 0; round < 200; round++) {
		struct model m;
		model_random(&m, &r);
		struct broker_world *w = model_world(&m), *again = model_world(&m);
		struct broker_facts *f = broker_facts_create(w);
		assert_non_null(f);
		model_world_scribble(w);
		same_world(broker_facts_world(f), again);
		broker_facts_free(f);
		model_world_free(w);
		model_world_free(again);
	}
}

static void secrets_of_relays_are_copied(void **state)
{
	(void)state;
	char user[] = "user", password[] = "password", rest[] = "rest";
	struct cp_addr dns = cp_addr_v4(192, 0, 2, 1, 53);
	struct broker_relay relays[] = {{.username = user, .password = password}, {.rest_secret = rest}};
	const struct broker_world w = {.account_slug = "a", .relays = relays, .n_relays = 2, .dns = &dns, .n_dns = 1};
	struct broker_facts *f = broker_facts_create(&w);
	memset(user, 'x', 4);
	memset(password, 'x', 8);
	memset(rest, 'x', 4);
	const struct broker_world *copy = broker_facts_world(f);
	assert_string_equal(copy->relays[0].username, "user");
	assert_string_equal(copy->relays[0].password, "password");
	assert_null(copy->relays[0].rest_secret);
	assert_string_equal(copy->relays[1].rest_secret, "rest");
	broker_facts_free(f);
	broker_facts_free(NULL);
}

/* Everything is found by its id, and nothing else is. */
static void finds_what_there_is(void **state)
{
	(void)state;
	struct cp_rng r;
	cp_rng_seed(&r, (const uint8_t[16]){2});
	for (int round = 0; round < 200; round++) {
		struct model m;
		model_random(&m, &r);
		struct broker_world *w = model_world(&m);
		struct broker_facts *f = broker_facts_create(w);
		for (unsigned int i = 0; i < RESOURCES; i++) {
			struct portal_uuid id = resource_id(i), site = site_id(i % SITES), actor = actor_id(i), policy = policy_id(i);
			const struct broker_resource *x = broker_facts_resource(f, &id);
			assert_int_equal(x != NULL, model_has_resource(&m, i));
			assert_true(!x || memcmp(&x->view.id, &id, sizeof(id)) == 0);
			assert_int_equal(broker_facts_site(f, &site) != NULL, m.site[i % SITES].there);
			assert_int_equal(broker_facts_actor(f, &actor) != NULL, i < ACTORS && m.actor[i].there);
			assert_int_equal(broker_facts_policy(f, &policy) != NULL, i < POLICIES && m.policy[i].there);
			assert_true(!x || broker_resource_is_at(x, &site) ==
						  (m.site[i % SITES].there && (m.resource[i].sites >> i % SITES & 1)));
			assert_null(broker_facts_resource(f, &site));
		}
		broker_facts_free(f);
		model_world_free(w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_copy_outlives_the_world),
		cmocka_unit_test(secrets_of_relays_are_copied),
		cmocka_unit_test(finds_what_there_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
