/* SPDX-License-Identifier: Apache-2.0 */
/* Who may reach what, and under which conditions. */
#include <stdlib.h>
#include <string.h>

#include "reading.h"

#define POLICIES_MAX 65536
#define GROUPS_MAX   1024
#define GRANTS_MAX   4000000 /* actors and resources named by all policies, members counted one by one */

struct group {
	const struct named *members;
	size_t n;
};

static bool read_group(struct reading *r, const json_t *element, void *ret)
{
	struct group *g = ret;
	const char *name = reading_expand(r, NULL, element, NAME_MAX_BYTES);
	if (!name)
		return false;
	g->members = names_find(&r->groups, name, &g->n);
	return g->members || cursor_fail(&r->c, NULL, "no actor is in a group \"%s\"", name);
}

static bool may_grant(struct reading *r, size_t more)
{
	r->grants += more;
	return r->grants <= GRANTS_MAX || cursor_fail(&r->c, NULL, "policies name more than %d actors and resources in all", GRANTS_MAX);
}

static int by_index(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

static size_t sort_once(uint32_t *list, size_t n)
{
	size_t kept = 0;
	qsort(list, n, sizeof(*list), by_index);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || list[i] != list[i - 1])
			list[kept++] = list[i];
	return kept;
}

/* Those named, and the members of the groups named. */
static bool read_actors_of(struct reading *r, const json_t *o, struct broker_policy *p)
{
	static const struct list_of what = {"groups", GROUPS_MAX, sizeof(struct group), read_group};
	size_t n_named = 0, n_groups = 0, total;
	const uint32_t *named = names_list(r, o, "actors", "actor", &r->actors, r->actors.n, &n_named);
	const struct group *groups = named ? reading_list(r, o, &what, &n_groups) : NULL;
	if (!groups)
		return false;
	if (n_named + n_groups == 0)
		return cursor_fail(&r->c, "actors", "is missing, and groups too");
	total = n_named;
	for (size_t i = 0; i < n_groups; i++)
		total += groups[i].n;
	uint32_t *list = may_grant(r, total) ? reading_take(r, total, sizeof(*list)) : NULL;
	if (!list)
		return false;
	memcpy(list, named, n_named * sizeof(*list));
	for (size_t i = 0, at = n_named; i < n_groups; i++)
		for (size_t k = 0; k < groups[i].n; k++)
			list[at++] = groups[i].members[k].index;
	p->actors = list;
	p->n_actors = sort_once(list, total);
	return true;
}

static bool read_resources_of(struct reading *r, const json_t *o, struct broker_policy *p)
{
	p->resources = names_list(r, o, "resources", "resource", &r->resources, r->resources.n, &p->n_resources);
	if (p->resources && p->n_resources == 0)
		return cursor_fail(&r->c, "resources", "is missing");
	return p->resources && may_grant(r, p->n_resources);
}

static bool read_conditions(struct reading *r, const json_t *o, struct broker_policy *p)
{
	struct list_of networks = prefix_list;
	networks.key = "networks";
	p->networks = reading_list(r, o, &networks, &p->n_networks);
	/* No condition at all is what an empty list would say, and not what it looks like. */
	if (p->networks && p->n_networks == 0 && json_object_get(o, "networks"))
		return cursor_fail(&r->c, "networks", "is empty: without it every network may");
	const char *text = reading_text(r, o, "expires_at", 64);
	p->expires_at = PORTAL_NEVER;
	if (text && !parse_time(text, &p->expires_at))
		return cursor_fail(&r->c, "expires_at", "\"%s\" is no time such as 2027-01-31T12:00:00Z", text);
	return !r->c.failed;
}

static bool read_policy(struct reading *r, const json_t *o, void *ret)
{
	struct broker_policy *p = ret;
	const char *name;
	return reading_object(r, o, KEYS_POLICY) && (name = reading_name(r, o)) && reading_id(r, o, "policy", name, &p->id) &&
	       read_actors_of(r, o, p) && read_resources_of(r, o, p) && read_conditions(r, o, p) &&
	       names_add(r, &r->policies, name, (uint32_t)r->policies.n);
}

bool read_policies(struct reading *r, const json_t *root)
{
	static const struct list_of what = {"policies", POLICIES_MAX, sizeof(struct broker_policy), read_policy};
	struct broker_world *w = &r->cfg->world;
	w->policies = reading_list(r, root, &what, &w->n_policies);
	return w->policies && names_unique(r, &r->policies, "policies") &&
	       ids_unique(r, "policies", &w->policies[0].id, w->n_policies, sizeof(*w->policies));
}
