/* SPDX-License-Identifier: Apache-2.0 */
/* What facts.c, access.c and changes.c share: things by index, and who is in which policy. */
#ifndef CP_BROKER_FACTS_INTERNAL_H
#define CP_BROKER_FACTS_INTERNAL_H

#include "base/map.h"
#include "broker/access.h"
#include "portal/memory.h"

#define FACTS_NONE UINT32_MAX

/* From an id to an index of the world's array. */
struct facts_index {
	struct cp_map map;
	struct cp_map_entry *entries;
};

/* Lists of policies side by side: those of thing i are policies[from[i]] to policies[from[i + 1] - 1], ascending. */
struct facts_lists {
	uint32_t *from, *policies;
};
struct facts_list {
	const uint32_t *policies;
	size_t n;
};

struct broker_facts {
	struct portal_memory *memory; /* owns all that follows, but for the maps' tables */
	struct broker_world world;
	struct facts_index sites, actors, resources, policies;
	struct facts_lists of_actor, of_resource;
};

/* FACTS_NONE: there is none. */
uint32_t facts_find(const struct facts_index *x, const struct portal_uuid *id);
static inline struct facts_list facts_policies(const struct facts_lists *l, uint32_t i)
{
	return (struct facts_list){&l->policies[l->from[i]], l->from[i + 1] - l->from[i]};
}

/* access.c. Whether a policy's conditions hold. */
bool facts_policy_holds(const struct broker_policy *p, const struct cp_addr *from, int64_t unix_now);
/* broker_access() of an actor and a resource by index; FACTS_NONE is not found. */
struct broker_verdict facts_judge(const struct broker_facts *f, uint32_t actor, uint32_t resource, const struct cp_addr *from,
				  int64_t unix_now);

#endif
