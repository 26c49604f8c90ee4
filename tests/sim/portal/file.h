/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The portal's file as small numbers that chance may change, what the broker is given for it, and what it grants: asked
 * of the numbers, not of the broker's own access rules.
 */
#ifndef SIM_PORTAL_FILE_H
#define SIM_PORTAL_FILE_H

#include "broker/world.h"
#include "tests/sim/dice.h"

#define SITES     3u
#define ACTORS    3u
#define RESOURCES 6u
#define POLICIES  5u
#define STATICS   2u /* relays of the file */
#define NETWORKS  2u /* that connections come from: 192.0.<n>.0/24 */

struct policy {
	bool is_there;
	uint8_t actors, resources; /* bits */
	uint8_t network;           /* 1 + number; 0: from anywhere */
	int64_t expires_at;
};

struct file {
	uint8_t sites, actors, relays; /* bits: is there */
	uint8_t resources;
	uint8_t at[RESOURCES];      /* bits: its sites */
	uint8_t address[RESOURCES]; /* variants */
	uint8_t name[RESOURCES], filters[RESOURCES];
	uint8_t site_name[SITES];
	struct policy policies[POLICIES];
	uint8_t slug, dns;
	struct broker_timing timing;
};

/* The broker's view of a file; borrows from itself. */
struct world_text {
	struct portal_site sites[SITES], at[RESOURCES][SITES];
	struct broker_actor actors[ACTORS];
	struct broker_resource resources[RESOURCES];
	struct portal_filter filter;
	struct broker_policy policies[POLICIES];
	uint32_t indexes[POLICIES][ACTORS + RESOURCES];
	struct portal_network networks[NETWORKS];
	struct broker_relay relays[STATICS];
	struct cp_addr dns;
	char names[SITES + ACTORS + RESOURCES][24], patterns[RESOURCES][24], slug[8];
	struct broker_world world;
};

struct portal_uuid site_id(uint32_t i);
struct portal_uuid actor_id(uint32_t i);
struct portal_uuid resource_id(uint32_t i);
struct portal_uuid static_relay_id(uint32_t i);
/* RESOURCES: it is none of the file's. */
uint32_t resource_index(const struct portal_uuid *id);

void file_random(struct file *f, struct dice *d, int64_t unix_now);
/* One to three differences. */
void file_change(struct file *f, struct dice *d, int64_t unix_now);
void file_write(const struct file *f, struct world_text *ret);

/* It is in the file, with a site that is. */
bool file_has_resource(const struct file *f, uint32_t resource);
/* network: the client's, NETWORKS if it is not known. Until when, or 0: not at all. */
int64_t file_grants(const struct file *f, uint32_t actor, uint32_t resource, uint32_t network, int64_t unix_now);
/* Some policy has both, whatever its conditions. */
bool file_names(const struct file *f, uint32_t actor, uint32_t resource);
/* What a client is told of a resource: equal exactly if the contents are; never 0. The sites are apart. */
uint64_t resource_digest(const struct portal_resource *r);
uint64_t sites_digest(const struct portal_sites *sites);

#endif
