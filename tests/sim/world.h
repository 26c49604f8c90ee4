/* SPDX-License-Identifier: Apache-2.0 */
/* One simulated world and all that is in it; same seed, same world, same run. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include <stdbool.h>

#include "clock.h"
#include "host.h"
#include "nat.h"
#include "net.h"
#include "portal.h"
#include "relay.h"
#include "trace.h"

#define WORLD_ZONES_MAX  12u
#define WORLD_NATS_MAX   8u
#define WORLD_NAME_MAX   16u

struct world {
	uint64_t seed;
	struct dice dice;
	struct clock clock;
	struct net net;
	struct zone zones[WORLD_ZONES_MAX]; /* [0]: the internet */
	struct nat nats[WORLD_NATS_MAX];
	struct relay relays[PORTAL_RELAYS_MAX];
	struct host *hosts; /* owned; [hosts_max] */
	unsigned int n_zones, n_nats, n_relays, n_hosts, hosts_max;
	char (*names)[WORLD_NAME_MAX]; /* owned */
	unsigned int n_names, names_max;
	struct portal portal;
	char violation[160]; /* the first; "": none */
};

/* Returns owned. trace: NULL, or borrowed. */
struct world *world_new(uint64_t seed, unsigned int hosts_max, struct trace *trace);
void world_free(struct world *w);
const char *world_name(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

struct zone *world_internet(struct world *w);
/* Behind a NAT of that kind; own addresses as text, NULL: none. */
struct zone *world_home(struct world *w, const char *name, const struct nat_settings *s, struct zone *outer, const char *v4,
			const char *v6);
struct nat *world_nat_of(struct world *w, const struct zone *inner);
struct relay *world_relay(struct world *w, const char *name, const struct relay_settings *s, const char *v4, const char *v6);
/* On one NIC, its core not started yet. */
struct host *world_host(struct world *w, const char *name, const struct host_settings *s, struct zone *z, const char *v4,
			const char *v6);
/* Latency of everything that has none yet. */
void world_latency(struct world *w, cp_time each);

void world_start(struct world *w); /* the cores of all hosts */
void world_run(struct world *w, cp_time duration);
/* Until it holds, at most so long; false: it did not come to it. Looks every step. */
bool world_until(struct world *w, bool (*holds)(struct world *w, void *arg), void *arg, cp_time step, cp_time limit);
struct cp_addr addr(const char *ip);

/* The first one is kept, and the end of the world. */
void world_violation(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Of all outputs of all hosts. */
uint64_t world_hash(const struct world *w);

#endif
