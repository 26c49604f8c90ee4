/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A broker in virtual time over a small world, its peers, and all that it put out, in order.
 *
 *     sites      west ── db (cidr), web (dns)        east ── web, all (internet)
 *     policies   alice: db, web, all      bob: web       bob: db from 10.0.0.0/8 only
 */
#ifndef TESTS_BROKER_RIG_H
#define TESTS_BROKER_RIG_H

#include "broker/broker.h"
#include "broker/view.h"

#define RIG_OUTS 4096
#define RIG_UNIX 1800000000 /* when it begins */

enum { WEST, EAST, N_SITES };
enum { DB, WEB, ALL, N_RESOURCES };
enum { ALICE, BOB, N_ACTORS };

struct rig_out {
	enum broker_out_kind kind;
	uint64_t conn;
	char *text; /* TEXT; owned */
	uint16_t close_code;
	const char *why, *event;
	struct broker_authorization authorization;
	struct broker_device device; /* its texts are not valid any more */
	bool is_taken;
};

struct rig {
	struct broker *b;
	cp_time now;
	uint64_t next_conn;
	uint32_t next_key;
	struct rig_out outs[RIG_OUTS];
	size_t n_outs;
	struct portal_link links[256]; /* by connection */
	struct portal_uuid ids[256];   /* of its device, as it was stored */
	/* the world, to be changed before rig_configure() */
	struct portal_site sites[N_SITES];
	struct broker_actor actors[N_ACTORS];
	struct broker_resource resources[N_RESOURCES];
	struct broker_policy policies[3];
	struct broker_relay relays[1];
	struct cp_addr dns[1];
	struct broker_world world;
};

/* Fills in the world; broker.c is not there yet. */
void rig_world(struct rig *r);
void rig_start(struct rig *r);
/* Both. */
void rig_open(struct rig *r);
void rig_close(struct rig *r);
/* Takes what the broker puts out. */
void rig_drain(struct rig *r);
/* What was put out so far does not count any more. */
void rig_forget(struct rig *r);
/* Ticks at every deadline until then. */
void rig_run(struct rig *r, cp_time by);

/* A device by its external id; each joins with a key of its own unless it is given one. */
struct rig_peer {
	enum portal_role role;
	enum portal_dialect dialect;
	unsigned int owner; /* site, actor */
	const char *external_id;
	uint32_t key;       /* 0: a new one */
	bool is_ours;
	int64_t token_expires_at; /* 0: never */
	uint64_t token;           /* 0: 1 */
	struct cp_addr from;      /* CP_NONE: 192.0.2.1 */
};
struct broker_request rig_request(const struct rig_peer *p, uint32_t key);
struct broker_principal rig_principal(const struct rig *r, const struct rig_peer *p);
/* The connection's number, not joined; 0: it was refused, with ret_status. */
uint64_t rig_connect(struct rig *r, const struct rig_peer *p, unsigned int *ret_status);
/* Joined, and what it heard is forgotten. */
uint64_t rig_join(struct rig *r, const struct rig_peer *p);
uint64_t rig_gateway(struct rig *r, unsigned int site, const char *external_id);
uint64_t rig_client(struct rig *r, unsigned int actor, const char *external_id);

/* The peer says so. */
void rig_text(struct rig *r, uint64_t conn, const char *text);
void rig_says(struct rig *r, uint64_t conn, const char *event, const char *payload);
void rig_message(struct rig *r, uint64_t conn, const struct portal_message *m);
void rig_lost(struct rig *r, uint64_t conn);
void rig_asks(struct rig *r, uint64_t client, unsigned int resource, const uint64_t *connected, size_t n_connected);
/* The next message that the peer hears; its type is this. To be freed by portal_message_free(). */
struct portal_message rig_hears(struct rig *r, uint64_t conn, enum portal_type type);
/* Likewise, and is not looked at. */
void rig_heard(struct rig *r, uint64_t conn, enum portal_type type);
/* The next text; to be freed. NULL: none. */
char *rig_raw(struct rig *r, uint64_t conn);
/* It is told nothing (more). */
void rig_silent(struct rig *r, uint64_t conn);
/* The place of the first output that was not taken, of this kind (and for this connection, unless 0); -1: there is none. */
long rig_find(const struct rig *r, enum broker_out_kind kind, uint64_t conn);
/* Answers the request that the gateway hears next. */
void rig_answers(struct rig *r, uint64_t gateway);
/* A whole flow; returns what the client was told. */
struct portal_flow_created rig_flow(struct rig *r, uint64_t client, uint64_t gateway, unsigned int resource);
uint64_t rig_count(const struct rig *r, enum broker_counter c);
bool rig_is(const struct portal_uuid *a, const struct portal_uuid *b);
struct portal_key rig_key(uint32_t number);

#endif
