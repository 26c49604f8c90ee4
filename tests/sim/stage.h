/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the named scenarios have in common: a client and a gateway, each at home behind a NAT or on the internet, relays
 * between them; and the words in which a scenario says what it expects.
 */
#ifndef SIM_STAGE_H
#define SIM_STAGE_H

#include "oracle.h"
#include "world.h"

/* One thing that must be so; the first that is not ends up as the world's violation. */
#define MUST(w, what) ((what) ? true : (world_violation((w), "%s:%d: not so: %s", __func__, __LINE__, #what), false))

struct scenario {
	const char *name; /* a sentence */
	void (*run)(struct world *w, const struct host_settings *nf);
	unsigned int hosts_max;
	bool once; /* the ways of the NF make no difference */
};
extern const struct scenario scenarios_setup[], scenarios_fault[], scenarios_count[], scenarios_restart[]; /* end: name NULL */

extern const struct nat_settings nat_cone, nat_restricted, nat_symmetric;

struct stage_end {
	const struct nat_settings *nat; /* NULL: on the internet */
	const char *v4, *v6;            /* of the host */
};
struct stage {
	struct world *w;
	struct host *client, *gateway;
	struct zone *home[2]; /* NULL: the internet */
};
/* Relays: n of the stock kind, dual-stack, at 203.0.113.1 and so on. */
struct stage stage_build(struct world *w, const struct host_settings *nf, struct stage_end client, struct stage_end gateway,
			 unsigned int relays);
/* Starts everything, and after a second asks for the connection. False: it did not come within the bound. */
bool stage_connect(struct stage *s);
/* A settled connection: also the better path had its time. */
bool stage_settle(struct stage *s);

bool stage_is_connected(struct stage *s);
bool stage_is_direct(struct stage *s);
bool stage_is_relayed(struct stage *s);
/* Waits at most so long for it; looks every ms. */
bool stage_wait(struct stage *s, bool (*is)(struct stage *s), cp_time limit);
/* Data in both directions every so often. */
void stage_talk(struct stage *s, cp_time every);
void stage_hush(struct stage *s);
/* Packets lost in both directions; those on their way are given a second. */
uint64_t stage_lost(struct stage *s);
/* For that long no packet is lost and some arrive, both ways. */
bool stage_flows(struct stage *s, cp_time duration);

struct conn_info stage_info(const struct host *h, const struct host *peer);

#endif
