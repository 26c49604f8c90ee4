/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every rule of the portal (portal §6.3–§6.5), judged by what goes into the broker and what comes out of it, in its
 * order, frame by frame. One file for each concept:
 *
 *     oracle.c     frames to their judges     order.c    §6.4, idle, exactly the right closed
 *     identity.c   addresses, keys            lists.c    what clients are told there is, relays
 *     access.c     who may, and who does      flows.c    requests, the choice of a gateway, candidates
 *     rescued.c    who is moved, and when
 */
#ifndef SIM_PORTAL_ORACLE_H
#define SIM_PORTAL_ORACLE_H

#include "broker/broker.h"
#include "file.h"

#define TOLD_ACCESSES 128u
#define TOLD_RELAYS   16u
#define KEYS_SEEN     1024u
#define RELAY_KEYS    1024u
#define EXPECTED      16u
#define PREFERRED     16u

struct sim;
struct wire;
struct peer;

struct told_access {
	struct portal_uuid client;
	uint32_t resource;
	int64_t expires_at;
};

/* What the peer at the other end knows, from what was written to it. */
struct line {
	bool has_joined, has_left, has_reply, has_init, is_closed;
	cp_time began_at, heard_at, init_at;
	struct portal_key key;
	/* clients */
	uint64_t told[RESOURCES], sites[RESOURCES]; /* digests; 0: not listed */
	uint64_t was[RESOURCES], were_at[RESOURCES]; /* before it was deleted */
	bool deleted[RESOURCES];                    /* in this step */
	cp_time oldest[RESOURCES];                  /* 0: every request was answered */
	uint32_t asked[RESOURCES], answered[RESOURCES];
	/* gateways */
	struct told_access accesses[TOLD_ACCESSES];
	uint32_t n_accesses;
	/* both */
	uint32_t n_relays;
	struct portal_uuid relays[TOLD_RELAYS];
	uint32_t n_preferred; /* client: of its last request */
	struct portal_uuid preferred[PREFERRED];
};

/* What the broker is told in this step. */
enum oracle_input {
	ORACLE_TICK,
	ORACLE_TEXT,
	ORACLE_CONNECT,
	ORACLE_LOST,
	ORACLE_CONFIGURE,
	ORACLE_GATEWAY,
	ORACLE_REVOKE,
	ORACLE_TOKEN_GONE,
	ORACLE_SHUTDOWN,
};

/* ICE credentials and PSK of a pair of keys, for ever. */
struct keys_seen {
	struct portal_uuid client, gateway;
	struct portal_key client_key, gateway_key, psk;
	char ice[4][24];
};
struct relay_key {
	struct portal_key key;
	struct portal_uuid relay;
	int64_t expires_at;
	char username[80], password[80];
};
/* A candidate message that must be forwarded in this step. */
struct expected {
	struct wire *to;
	uint64_t digest;
	uint32_t seen;
	bool is_due; /* else it may be */
};
/* A request that was passed on to a gateway. */
struct flow {
	char ref[72];
	struct portal_uuid client, gateway;
	uint32_t resource;
	uint64_t conn;    /* of the client */
	uint64_t gateway_conn;
	cp_time at, lost_at; /* lost_at: with its gateway's connection */
	bool is_over;
};
#define FLOWS 512u
/* Client × resource, by the numbers of the peer: through whom it was sent last. */
struct use {
	bool is_known;
	uint32_t asked; /* since: it may not go there any more */
	struct portal_uuid gateway;
	struct portal_key client_key;
	cp_time since;
};
struct leaving {
	bool is_gone, is_moving, is_drained, is_cordoned, has_left; /* of a gateway */
	cp_time since, begin_at;
	cp_time forgot_at; /* when it came back with another key */
	struct portal_key key;
	bool has_key;
	cp_time within; /* as the file had it then: what is under way is not hurried */
};

struct reply_due {
	struct wire *wire;
	uint64_t ref;
	int n;
};

struct oracle {
	enum oracle_input input;
	struct wire *from; /* TEXT, CONNECT, LOST */
	struct reply_due reply;
	struct flow *answered; /* by its gateway, in this step */
	struct wire *must_give_relays;
	struct keys_seen keys[KEYS_SEEN];
	uint32_t n_keys;
	struct relay_key relay_keys[RELAY_KEYS];
	uint32_t n_relay_keys;
	struct expected expected[EXPECTED];
	uint32_t n_expected;
	struct flow flows[FLOWS];
	uint32_t n_flows;
	struct use uses[32][RESOURCES];
	struct leaving leaving[32];
	uint64_t counts[8]; /* enum oracle_count */
};
enum oracle_count { COUNT_FLOWS, COUNT_FAILED, COUNT_CANDIDATES, COUNT_MOVES, COUNT_RESCUES, COUNT_REJECTS, COUNT_JOINS, COUNT_RELOADS };

/* Around every input. */
void oracle_begin(struct sim *s, enum oracle_input input, struct wire *from);
void oracle_text_in(struct wire *w, const char *text, size_t bytes);
void oracle_text_out(struct wire *w, const char *text, size_t bytes);
void oracle_closed(struct wire *w, const struct broker_out *o);
void oracle_end(struct sim *s);
/* The broker knows the connection, or no more. */
void oracle_connected(struct wire *w);
void oracle_refused(struct wire *w, const struct broker_refusal *r);
void oracle_lost(struct wire *w);
/* All that it held in memory is gone; the store is not. */
void oracle_restarted(struct sim *s);

/* order.c */
void order_in(struct wire *w, const struct portal_message *m);
void order_out(struct wire *w, const struct portal_message *m);
void order_closed(struct wire *w, const struct broker_out *o);
void order_check(struct sim *s);
/* identity.c */
void identity_out(struct wire *w, const struct portal_message *m);
/* access.c */
void access_out(struct wire *w, const struct portal_message *m);
void access_check(struct sim *s);
/* lists.c */
void lists_out(struct wire *w, const struct portal_message *m);
void lists_check(struct sim *s);
/* flows.c */
void flows_in(struct wire *w, const struct portal_message *m);
void flows_out(struct wire *w, const struct portal_message *m);
void flows_lost(struct wire *w);
void flows_check(struct sim *s);
void flows_restarted(struct sim *s);
/* rescued.c */
void rescued_joined(struct wire *w);
void rescued_lost(struct wire *w);
void rescued_left(struct wire *w);
void rescued_order(struct sim *s, int order, const struct portal_uuid *gateway);
/* A resource was taken and given back though nothing of it changed. */
void rescued_pushed(struct wire *w, uint32_t resource);
void rescued_check(struct sim *s);
void rescued_restarted(struct sim *s);

#endif
