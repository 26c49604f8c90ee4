/* SPDX-License-Identifier: Apache-2.0 */
/* What a policy's change, and that of a resource in it, is to whom: an actor that stays in a policy meets only what
 * the policy's delta has; one that comes or goes meets all of it. */
#include "broker/changes_internal.h"

/* A walk over two lists of numbers: stamps tell what is in both. Stamp s: in the first; s + 1: in both. */
static uint32_t begin_walk(struct broker_changes *c)
{
	c->stamp += 2;
	return c->stamp;
}

static const struct broker_policy *policy_before(const struct broker_changes *c, const struct changed_policy *p)
{
	return p->before == FACTS_NONE ? NULL : &broker_facts_world(c->before.facts)->policies[p->before];
}

static const struct broker_policy *policy_after(const struct broker_changes *c, const struct changed_policy *p)
{
	return p->after == FACTS_NONE ? NULL : &broker_facts_world(c->after.facts)->policies[p->after];
}

static void touch_all(struct broker_changes *c, const struct broker_policy *before, const struct broker_policy *after)
{
	for (size_t i = 0; before && i < before->n_resources; i++)
		c->resources[c->resource_of_before[before->resources[i]]].is_touched = true;
	for (size_t i = 0; after && i < after->n_resources; i++)
		c->resources[after->resources[i]].is_touched = true;
}

static bool same_actors(struct broker_changes *c, const struct broker_policy *before, const struct broker_policy *after)
{
	uint32_t in_both = begin_walk(c);
	bool same = true;
	for (size_t i = 0; i < after->n_actors; i++)
		c->actor_stamps[after->actors[i]] = in_both - 1;
	for (size_t i = 0; same && i < before->n_actors; i++) {
		uint32_t now = c->actor_after[before->actors[i]];
		same = now != FACTS_NONE && c->actor_stamps[now] >= in_both - 1;
		if (same)
			c->actor_stamps[now] = in_both;
	}
	for (size_t i = 0; same && i < after->n_actors; i++)
		same = c->actor_stamps[after->actors[i]] == in_both;
	return same;
}

/* Lists may be long, and one for all policies would be sums: those there are lie in the memory one by one. */
static bool put_delta(struct broker_changes *c, struct changed_policy *p)
{
	p->delta = portal_memory_get(c->memory, c->n_found * sizeof(*p->delta));
	for (uint32_t i = 0; p->delta && i < c->n_found; i++) {
		p->delta[i] = c->found[i];
		c->resources[c->found[i]].is_touched = true;
	}
	p->n_delta = c->n_found;
	return p->delta != NULL;
}

/* Resources that came into the policy or left it, and those that changed while they were in it; or all. */
static bool make_delta(struct broker_changes *c, struct changed_policy *p, const struct broker_policy *before,
		       const struct broker_policy *after, bool all)
{
	uint32_t in_both = begin_walk(c);
	c->n_found = 0;
	for (size_t i = 0; i < before->n_resources; i++)
		c->resources[c->resource_of_before[before->resources[i]]].stamp = in_both - 1;
	for (size_t i = 0; i < after->n_resources; i++) {
		struct changed_resource *r = &c->resources[after->resources[i]];
		bool is_in_both = r->stamp == in_both - 1;
		if (r->stamp != in_both && (all || !is_in_both || r->what))
			c->found[c->n_found++] = after->resources[i];
		r->stamp = in_both;
	}
	for (size_t i = 0; i < before->n_resources; i++) {
		uint32_t number = c->resource_of_before[before->resources[i]];
		if (c->resources[number].stamp == in_both - 1)
			c->found[c->n_found++] = number;
		c->resources[number].stamp = in_both;
	}
	return put_delta(c, p);
}

static bool compare_policy(struct broker_changes *c, struct changed_policy *p)
{
	const struct broker_policy *before = policy_before(c, p), *after = policy_after(c, p);
	if (!before || !after) {
		touch_all(c, before, after);
		return true;
	}
	bool held = c->before.unix_now < before->expires_at, holds = c->after.unix_now < after->expires_at;
	if (before->expires_at != after->expires_at || !same_actors(c, before, after))
		touch_all(c, before, after);
	return make_delta(c, p, before, after, held != holds || !changes_same_networks(before, after));
}

bool changes_compare_policies(struct broker_changes *c)
{
	bool ok = true;
	for (uint32_t i = 0; ok && i < c->n_policies; i++)
		ok = compare_policy(c, &c->policies[i]);
	return ok;
}

static void find(struct broker_changes *c, uint32_t number, uint32_t stamp)
{
	struct changed_resource *r = &c->resources[number];
	if (r->stamp != stamp)
		c->found[c->n_found++] = number;
	r->stamp = stamp;
}

static void find_delta(struct broker_changes *c, const struct changed_policy *p, uint32_t stamp)
{
	for (uint32_t i = 0; i < p->n_delta; i++)
		find(c, p->delta[i], stamp);
}

static struct facts_list policies_of(const struct broker_facts *f, uint32_t actor)
{
	return actor == FACTS_NONE ? (struct facts_list){NULL, 0} : facts_policies(&f->of_actor, actor);
}

void changes_concerning(struct broker_changes *c, uint32_t actor_before, uint32_t actor_after)
{
	struct facts_list was_in = policies_of(c->before.facts, actor_before), is_in = policies_of(c->after.facts, actor_after);
	uint32_t stamp = begin_walk(c);
	c->n_found = 0;
	for (size_t i = 0; i < was_in.n; i++)
		c->policies[c->policy_of_before[was_in.policies[i]]].stamp = stamp - 1;
	for (size_t i = 0; i < is_in.n; i++) {
		struct changed_policy *p = &c->policies[is_in.policies[i]];
		const struct broker_policy *after = policy_after(c, p);
		if (p->stamp >= stamp - 1)
			find_delta(c, p, stamp);
		for (size_t j = 0; p->stamp < stamp - 1 && j < after->n_resources; j++)
			find(c, after->resources[j], stamp);
		p->stamp = stamp;
	}
	for (size_t i = 0; i < was_in.n; i++) {
		struct changed_policy *p = &c->policies[c->policy_of_before[was_in.policies[i]]];
		const struct broker_policy *before = policy_before(c, p);
		for (size_t j = 0; p->stamp == stamp - 1 && j < before->n_resources; j++)
			find(c, c->resource_of_before[before->resources[j]], stamp);
		p->stamp = stamp;
	}
}
