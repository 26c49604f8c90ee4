/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small worlds by numbers: everything there could be is a slot, everything a slot can say a choice of few, so that two
 * models are compared by numbers, and who may reach what is a loop over all policies.
 */
#ifndef BROKER_MODEL_H
#define BROKER_MODEL_H

#include "base/rng.h"
#include "broker/world.h"

#define SITES     4u
#define ACTORS    5u
#define RESOURCES 8u
#define POLICIES  6u

#define EARLY 1000 /* when policies end, if they do */
#define LATE  2000

struct model {
	struct {
		bool there;
		uint8_t name;
	} site[SITES];
	struct {
		bool there;
	} actor[ACTORS];
	struct {
		bool there;
		uint8_t name, type, address, ip_stack, description, filters;
		uint8_t sites; /* a mask; those that are not there do not count */
	} resource[RESOURCES];
	struct {
		bool there;
		uint8_t actors, resources; /* masks */
		uint8_t networks;          /* 0: none, 1: 10.0.0.0/9, 2: 2001:db8::/33, 3: both */
		int64_t expires_at;
	} policy[POLICIES];
	uint8_t slug, dns, search;
	uint8_t order; /* of everything in the lists of the world */
};

void model_random(struct model *m, struct cp_rng *r);
/* Changes one thing. */
void model_mutate(struct model *m, struct cp_rng *r);
bool model_has_resource(const struct model *m, unsigned int resource); /* it has a site, too */

struct portal_uuid site_id(unsigned int i);
struct portal_uuid actor_id(unsigned int i);
struct portal_uuid resource_id(unsigned int i);
struct portal_uuid policy_id(unsigned int i);
/* The slot of such an id. */
unsigned int slot_of(const struct portal_uuid *id);

/* A world that says what the model does; to be freed. */
struct broker_world *model_world(const struct model *m);
void model_world_free(struct broker_world *w);
/* Overwrites all of it: who did not copy it notices. */
void model_world_scribble(struct broker_world *w);

/* Whether policy p, which is there, holds for a connection from the network of this number: 0: unknown, 1: 10.1.2.3,
 * 2: 2001:db8::1, 3: 10.200.0.1, 4: ::ffff:10.1.2.3, 5: 192.0.2.1 */
#define PLACES 6u
struct cp_addr place(unsigned int i);
bool model_network_holds(const struct model *m, unsigned int p, unsigned int place);
/* Whether some policy that holds has both; ret_expires_at may be NULL. */
bool model_grants(const struct model *m, unsigned int actor, unsigned int resource, unsigned int place, int64_t unix_now,
		  int64_t *ret_expires_at);

#endif
