/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What changes.c (who hears what), changes_policies.c (who is concerned) and changes_compare.c (of what) share. The
 * resources and policies of both moments are numbered together: those there are now, in their order, then those gone.
 */
#ifndef CP_BROKER_CHANGES_INTERNAL_H
#define CP_BROKER_CHANGES_INTERNAL_H

#include "broker/changes.h"
#include "broker/facts_internal.h"

/* What a resource that stays says otherwise. */
enum {
	CHANGED_VIEW = 1,    /* to clients, in place */
	CHANGED_SERVICE = 2, /* to gateways, in place: its name or filters */
	CHANGED_ADDRESS = 4, /* address, type or IP stack: another resource, but for the id */
	CHANGED_SITES = 8,   /* which they are, or their names (§4.3) */
};

struct changed_resource {
	const struct portal_uuid *id;
	uint32_t before, after; /* indexes; FACTS_NONE: is not there */
	uint32_t stamp;         /* of the last walk that met it */
	uint8_t what;
	bool is_touched; /* some actor's access to it may have changed: authorizations of it must be looked at */
};

struct changed_policy {
	uint32_t before, after;
	uint32_t stamp;
	/* Resources that may have changed for an actor that was in it and is. */
	uint32_t *delta;
	uint32_t n_delta;
};

struct broker_changes {
	struct portal_memory *memory; /* owns all that follows */
	struct broker_moment before, after;
	struct changed_resource *resources;
	struct changed_policy *policies;
	uint32_t n_resources, n_policies;
	uint32_t *resource_of_before, *policy_of_before; /* numbers of what was there */
	uint32_t *actor_after;                           /* of an actor that was there: its index now */
	uint32_t *actor_stamps;                          /* of actors now */
	uint32_t stamp;
	bool is_empty, must_init, must_configure;
	uint32_t *found; /* what one walk met, without repetition */
	uint32_t n_found;
	const struct portal_uuid **deleted;       /* of the last client */
	const struct broker_resource **upserted;  /* of the last client or gateway */
};

/* changes_compare.c */
uint8_t changes_compare(const struct portal_resource *before, const struct portal_resource *after);
bool changes_same_text(const char *a, const char *b);
bool changes_same_dns(const struct broker_world *a, const struct broker_world *b);
bool changes_same_networks(const struct broker_policy *a, const struct broker_policy *b);

/* changes_policies.c */
/* Fills in the deltas, and touches resources. False: memory is short. */
bool changes_compare_policies(struct broker_changes *c);
/* The resources that may have changed for this actor, into found. */
void changes_concerning(struct broker_changes *c, uint32_t actor_before, uint32_t actor_after);

static inline const struct broker_resource *changes_after(const struct broker_changes *c, const struct changed_resource *r)
{
	return &broker_facts_world(c->after.facts)->resources[r->after];
}

#endif
