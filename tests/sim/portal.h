/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signalling server as far as connections need it: tells nodes their relays, authorises (gateway first, then the
 * client), passes candidates on. Messages take their time; an acknowledgement and the candidates after it may change
 * places, candidates among themselves do not.
 */
#ifndef SIM_PORTAL_H
#define SIM_PORTAL_H

#include "clock.h"
#include "conn/conn.h"
#include "dice.h"
#include "relay.h"

#define PORTAL_RELAYS_MAX 4u
#define PORTAL_GRANTS_MAX 2048u

struct host;
struct world;

struct grant {
	struct host *client, *gateway;
	cp_time asked;
	unsigned int times;
};

struct portal {
	struct world *world;
	struct dice dice;
	cp_time least, most;  /* of one message's delay */
	bool reorders;        /* acknowledgements against candidates */
	bool mute;            /* passes nothing on: what is sent meanwhile is delivered afterwards */
	uint32_t epoch;       /* part of the relay user names: new ones after a change */
	uint32_t ufrag_chars; /* of the alphabet that ufrags are made of; few: they collide */
	struct relay *relays[PORTAL_RELAYS_MAX];
	uint8_t relay_ids[PORTAL_RELAYS_MAX][CONN_ID_BYTES];
	bool listed[PORTAL_RELAYS_MAX];
	unsigned int n_relays;
	struct grant *grants; /* owned */
	unsigned int n_grants;
	uint64_t messages, candidates, invalidations, requests;
};

void portal_init(struct portal *p, struct world *w, struct dice d);
void portal_fini(struct portal *p);
void portal_relay_add(struct portal *p, struct relay *r);
/* Withdraws it from (puts it back on) the list that nodes get, and tells everybody who is up. */
void portal_relay_list(struct portal *p, const struct relay *r, bool listed);

/* The client asks for the gateway: both are told. */
void portal_connect(struct portal *p, struct host *client, struct host *gateway);

/* --- from hosts --- */

/* A core came up: its relays, what it was granted, and the end of that. */
void portal_hello(struct portal *p, struct host *h);
void portal_candidate(struct portal *p, struct host *from, const uint8_t id[CONN_ID_BYTES], const char *text, bool add);
void portal_no_relays(struct portal *p, struct host *h);
/* A client has something for a gateway that it has no connection to: at most one request in 2 s. */
void portal_wanted(struct portal *p, struct host *h, const uint8_t id[CONN_ID_BYTES]);

#endif
