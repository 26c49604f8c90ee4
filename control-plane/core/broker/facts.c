/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/facts.h"

#include <stdlib.h>
#include <string.h>

#include "broker/facts_internal.h"
#include "broker/facts_copy.h"

uint32_t facts_find(const struct facts_index *x, const struct portal_uuid *id)
{
	const struct cp_map_entry *e = cp_map_find(&x->map, id->bytes, sizeof(id->bytes));
	return e ? (uint32_t)(e - x->entries) : FACTS_NONE;
}

/* The ids are the operator's: no remote chooses them, so the key of the hash is no secret. `first`: the first id,
 * `stride`: bytes from one to the next. */
static bool make_index(struct broker_facts *f, struct facts_index *x, const void *first, size_t stride, size_t n)
{
	static const uint8_t known_key[16];
	cp_map_init(&x->map, known_key);
	x->entries = portal_memory_get(f->memory, n * sizeof(*x->entries));
	bool ok = x->entries != NULL;
	for (size_t i = 0; ok && i < n; i++)
		ok = cp_map_add(&x->map, &x->entries[i], (const char *)first + i * stride, sizeof(struct portal_uuid));
	return ok;
}

#define MAKE_INDEX(f, what, array, id) \
	make_index(f, &(f)->what, (f)->world.n_##what ? &(f)->world.array[0].id : NULL, sizeof((f)->world.array[0]), \
		   (f)->world.n_##what)

static bool make_indexes(struct broker_facts *f)
{
	return MAKE_INDEX(f, sites, sites, id) && MAKE_INDEX(f, actors, actors, id) &&
	       MAKE_INDEX(f, resources, resources, view.id) && MAKE_INDEX(f, policies, policies, id);
}

/* What a policy lists, of the kind that is being indexed. */
struct listed {
	const uint32_t *things;
	size_t n;
};

static struct listed actors_of(const struct broker_policy *p)
{
	return (struct listed){p->actors, p->n_actors};
}

static struct listed resources_of(const struct broker_policy *p)
{
	return (struct listed){p->resources, p->n_resources};
}

/* Counts into from[i + 1], sums up, and fills: from[i] then is where the next policy of i goes, which ends as
 * from[i + 1], so that everything is one place too far up and `from` begins one earlier. */
static bool make_lists(struct broker_facts *f, struct facts_lists *ret, size_t n_things,
		       struct listed (*of)(const struct broker_policy *))
{
	const struct broker_world *w = &f->world;
	uint32_t *from = portal_memory_get(f->memory, (n_things + 2) * sizeof(*from));
	for (size_t p = 0; from && p < w->n_policies; p++)
		for (size_t i = 0; i < of(&w->policies[p]).n; i++)
			from[of(&w->policies[p]).things[i] + 2]++;
	for (size_t i = 0; from && i < n_things; i++)
		from[i + 2] += from[i + 1];
	ret->policies = from ? portal_memory_get(f->memory, from[n_things + 1] * sizeof(uint32_t)) : NULL;
	if (!ret->policies)
		return false;
	for (uint32_t p = 0; p < w->n_policies; p++)
		for (size_t i = 0; i < of(&w->policies[p]).n; i++)
			ret->policies[from[of(&w->policies[p]).things[i] + 1]++] = p;
	ret->from = from;
	return true;
}

struct broker_facts *broker_facts_create(const struct broker_world *world)
{
	struct broker_facts *f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	f->memory = portal_memory_create();
	if (f->memory && facts_copy(f->memory, world, &f->world) && make_indexes(f) &&
	    make_lists(f, &f->of_actor, f->world.n_actors, actors_of) &&
	    make_lists(f, &f->of_resource, f->world.n_resources, resources_of))
		return f;
	broker_facts_free(f);
	return NULL;
}

void broker_facts_free(struct broker_facts *f)
{
	if (!f)
		return;
	cp_map_fini(&f->sites.map);
	cp_map_fini(&f->actors.map);
	cp_map_fini(&f->resources.map);
	cp_map_fini(&f->policies.map);
	portal_memory_free(f->memory);
	free(f);
}

const struct broker_world *broker_facts_world(const struct broker_facts *f)
{
	return &f->world;
}

const struct portal_site *broker_facts_site(const struct broker_facts *f, const struct portal_uuid *id)
{
	uint32_t i = facts_find(&f->sites, id);
	return i == FACTS_NONE ? NULL : &f->world.sites[i];
}

const struct broker_actor *broker_facts_actor(const struct broker_facts *f, const struct portal_uuid *id)
{
	uint32_t i = facts_find(&f->actors, id);
	return i == FACTS_NONE ? NULL : &f->world.actors[i];
}

const struct broker_resource *broker_facts_resource(const struct broker_facts *f, const struct portal_uuid *id)
{
	uint32_t i = facts_find(&f->resources, id);
	return i == FACTS_NONE ? NULL : &f->world.resources[i];
}

const struct broker_policy *broker_facts_policy(const struct broker_facts *f, const struct portal_uuid *id)
{
	uint32_t i = facts_find(&f->policies, id);
	return i == FACTS_NONE ? NULL : &f->world.policies[i];
}

bool broker_resource_is_at(const struct broker_resource *r, const struct portal_uuid *site)
{
	for (size_t i = 0; i < r->view.sites.n; i++)
		if (memcmp(&r->view.sites.list[i].id, site, sizeof(*site)) == 0)
			return true;
	return false;
}
