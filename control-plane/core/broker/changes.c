/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/changes.h"

#include <stdlib.h>

#include "broker/changes_internal.h"

/* The number of what was there: its index now, or one behind all of those. */
static uint32_t number_of(const struct facts_index *after, const struct portal_uuid *id, uint32_t *n)
{
	uint32_t now = facts_find(after, id);
	return now == FACTS_NONE ? (*n)++ : now;
}

static void compare_resource(struct broker_changes *c, const struct broker_world *before, uint32_t i)
{
	uint32_t number = number_of(&c->after.facts->resources, &before->resources[i].view.id, &c->n_resources);
	struct changed_resource *r = &c->resources[number];
	c->resource_of_before[i] = number;
	r->before = i;
	r->id = &before->resources[i].view.id;
	if (r->after != FACTS_NONE)
		r->what = changes_compare(&before->resources[i].view, &changes_after(c, r)->view);
}

static void number_resources(struct broker_changes *c, const struct broker_world *before, const struct broker_world *after)
{
	c->n_resources = (uint32_t)after->n_resources;
	for (uint32_t i = 0; i < before->n_resources + after->n_resources; i++)
		c->resources[i] = (struct changed_resource){
			.id = i < after->n_resources ? &after->resources[i].view.id : NULL,
			.before = FACTS_NONE,
			.after = i < after->n_resources ? i : FACTS_NONE,
		};
	for (uint32_t i = 0; i < before->n_resources; i++)
		compare_resource(c, before, i);
}

static void number_policies(struct broker_changes *c, const struct broker_world *before, const struct broker_world *after)
{
	c->n_policies = (uint32_t)after->n_policies;
	for (uint32_t i = 0; i < before->n_policies + after->n_policies; i++)
		c->policies[i] = (struct changed_policy){.before = FACTS_NONE, .after = i < after->n_policies ? i : FACTS_NONE};
	for (uint32_t i = 0; i < before->n_policies; i++) {
		c->policy_of_before[i] = number_of(&c->after.facts->policies, &before->policies[i].id, &c->n_policies);
		c->policies[c->policy_of_before[i]].before = i;
	}
}

static bool get_memory(struct broker_changes *c, const struct broker_world *before, const struct broker_world *after)
{
	size_t n = before->n_resources + after->n_resources, n_policies = before->n_policies + after->n_policies;
	struct portal_memory *m = c->memory = portal_memory_create();
	return m && (c->resources = portal_memory_get(m, n * sizeof(*c->resources))) &&
	       (c->policies = portal_memory_get(m, n_policies * sizeof(*c->policies))) &&
	       (c->resource_of_before = portal_memory_get(m, before->n_resources * sizeof(uint32_t))) &&
	       (c->policy_of_before = portal_memory_get(m, before->n_policies * sizeof(uint32_t))) &&
	       (c->actor_after = portal_memory_get(m, before->n_actors * sizeof(uint32_t))) &&
	       (c->actor_stamps = portal_memory_get(m, after->n_actors * sizeof(uint32_t))) &&
	       (c->found = portal_memory_get(m, n * sizeof(uint32_t))) &&
	       (c->deleted = portal_memory_get(m, n * sizeof(*c->deleted))) &&
	       (c->upserted = portal_memory_get(m, n * sizeof(*c->upserted)));
}

static bool all_sites_stay(const struct broker_changes *c, const struct broker_world *before)
{
	for (size_t i = 0; i < before->n_sites; i++)
		if (!broker_facts_site(c->after.facts, &before->sites[i].id))
			return false;
	return true;
}

static bool all_actors_stay(const struct broker_changes *c, const struct broker_world *before)
{
	for (size_t i = 0; i < before->n_actors; i++)
		if (c->actor_after[i] == FACTS_NONE)
			return false;
	return true;
}

static bool nothing_changed(const struct broker_changes *c, const struct broker_world *before)
{
	for (uint32_t i = 0; i < c->n_resources; i++)
		if (c->resources[i].is_touched || c->resources[i].what)
			return false;
	return !c->must_init && !c->must_configure && all_sites_stay(c, before) && all_actors_stay(c, before);
}

static bool compare(struct broker_changes *c)
{
	const struct broker_world *before = broker_facts_world(c->before.facts), *after = broker_facts_world(c->after.facts);
	if (!get_memory(c, before, after))
		return false;
	number_resources(c, before, after);
	number_policies(c, before, after);
	for (size_t i = 0; i < before->n_actors; i++)
		c->actor_after[i] = facts_find(&c->after.facts->actors, &before->actors[i].id);
	if (!changes_compare_policies(c))
		return false;
	c->must_init = !changes_same_text(before->account_slug, after->account_slug);
	c->must_configure = !changes_same_dns(before, after);
	c->is_empty = nothing_changed(c, before);
	return true;
}

struct broker_changes *broker_changes_create(const struct broker_moment *before, const struct broker_moment *after)
{
	struct broker_changes *c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->before = *before;
	c->after = *after;
	if (compare(c))
		return c;
	broker_changes_free(c);
	return NULL;
}

void broker_changes_free(struct broker_changes *c)
{
	if (!c)
		return;
	portal_memory_free(c->memory);
	free(c);
}

bool broker_changes_is_empty(const struct broker_changes *c)
{
	return c->is_empty;
}

struct broker_gateway_change broker_changes_gateway(struct broker_changes *c, const struct portal_uuid *site)
{
	if (!broker_facts_site(c->after.facts, site))
		return (struct broker_gateway_change){.must_close = true};
	struct broker_gateway_change g = {.must_init = c->must_init, .updated = c->upserted};
	for (uint32_t i = 0; i < c->n_resources; i++) {
		const struct changed_resource *r = &c->resources[i];
		/* with another address it is another resource, which gateways hear of when a client asks for it */
		if (!(r->what & CHANGED_SERVICE) || (r->what & CHANGED_ADDRESS))
			continue;
		if (broker_resource_is_at(changes_after(c, r), site))
			c->upserted[g.n_updated++] = changes_after(c, r);
	}
	return g;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

static bool granted(const struct broker_moment *m, uint32_t actor, uint32_t resource, const struct cp_addr *from)
{
	return resource != FACTS_NONE && facts_judge(m->facts, actor, resource, from, m->unix_now).access == BROKER_GRANTED;
}

static void change_client(struct broker_changes *c, const struct changed_resource *r, bool had, bool has,
			  struct broker_client_change *ret)
{
	if (had && (!has || (r->what & CHANGED_SITES)))
		c->deleted[ret->n_deleted++] = r->id;
	if (has && (!had || r->what))
		c->upserted[ret->n_upserted++] = changes_after(c, r);
}

struct broker_client_change broker_changes_client(struct broker_changes *c, const struct portal_uuid *actor,
						  const struct cp_addr *from)
{
	uint32_t before = facts_find(&c->before.facts->actors, actor), after = facts_find(&c->after.facts->actors, actor);
	if (after == FACTS_NONE)
		return (struct broker_client_change){.must_close = true};
	struct broker_client_change ret = {.must_configure = c->must_configure, .deleted = c->deleted, .upserted = c->upserted};
	changes_concerning(c, before, after);
	qsort(c->found, c->n_found, sizeof(*c->found), by_number);
	for (uint32_t i = 0; i < c->n_found; i++) {
		const struct changed_resource *r = &c->resources[c->found[i]];
		change_client(c, r, granted(&c->before, before, r->before, from), granted(&c->after, after, r->after, from), &ret);
	}
	return ret;
}

/* The number of a resource by its id; FACTS_NONE: it is not there now. */
static const struct changed_resource *find_resource(const struct broker_changes *c, const struct portal_uuid *id)
{
	uint32_t now = facts_find(&c->after.facts->resources, id);
	return now == FACTS_NONE ? NULL : &c->resources[now];
}

/* What the policies that grant it end now makes of an authorization. */
static enum broker_authorization_verdict
change_end(struct broker_changes *c, const struct broker_authorization *a, const struct broker_verdict *had, int64_t end,
	   bool understands_expiry, int64_t latest, int64_t *ret)
{
	if (a->expires_at > end) {
		*ret = end;
		return understands_expiry ? BROKER_EXPIRE : BROKER_REJECT;
	}
	int64_t longest = end < latest ? end : latest;
	bool was_cut = had->access == BROKER_GRANTED && had->expires_at == a->expires_at;
	if (!was_cut || !understands_expiry || longest <= a->expires_at)
		return BROKER_KEEP;
	*ret = longest;
	return BROKER_EXPIRE;
}

enum broker_authorization_verdict
broker_changes_authorization(struct broker_changes *c, const struct broker_authorization *a, const struct portal_uuid *actor,
			     const struct cp_addr *from, const struct portal_uuid *site, bool understands_expiry,
			     int64_t latest, int64_t *ret_expires_at)
{
	const struct changed_resource *r = find_resource(c, &a->resource);
	if (!r)
		return BROKER_REJECT;
	if (!r->is_touched)
		return BROKER_KEEP;
	if ((r->what & CHANGED_ADDRESS) || !broker_resource_is_at(changes_after(c, r), site))
		return BROKER_REJECT;
	const struct broker_verdict had = broker_access(c->before.facts, actor, &a->resource, from, c->before.unix_now);
	const struct broker_verdict has = broker_access(c->after.facts, actor, &a->resource, from, c->after.unix_now);
	if (has.access != BROKER_GRANTED)
		return BROKER_REJECT;
	return change_end(c, a, &had, has.expires_at, understands_expiry, latest, ret_expires_at);
}
