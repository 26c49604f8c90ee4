/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gateway, a client or a relay, as stock ones are known to behave (portal §2–§5, §8.2): a process with a key of its
 * own, a channel machine, and what its role makes of the messages. It may die, with or without a word, and start anew.
 */
#ifndef SIM_PORTAL_PEER_H
#define SIM_PORTAL_PEER_H

#include "file.h"
#include "portal/channel.h"
#include "tests/sim/clock.h"

#define TUNNELS 16u /* that one peer may have */

struct sim;
struct wire;
struct peer;

/* What both ends of a connection must agree on (§3.3). */
struct keys {
	struct portal_key peer_key, psk;
	char client_ice[40], gateway_ice[40];
};

/* A gateway's client, or a client's gateway. */
struct tunnel {
	bool is_up;
	struct portal_uuid peer;
	struct keys keys;
	int64_t access[RESOURCES]; /* gateway: until when; 0: not at all */
	uint64_t heard;            /* the number of the last candidate */
	cp_time failing_until;     /* client: 0: it works */
	uint32_t to_send;          /* candidates */
};

struct want {
	uint64_t listed; /* digest of the resource, 0: is not */
	bool is_pending, is_mapped;
	cp_time asked_at, quiet_until; /* nobody sends after a failure, for a while */
	struct portal_uuid gateway; /* if mapped */
};

struct peer {
	struct sim *sim;
	enum portal_role role;
	struct portal_link speaks;
	uint32_t owner; /* site, actor; relay: its number */
	char name[16];  /* also its external id */
	bool is_ours, is_older, is_mute;
	uint32_t network, token;

	/* of the process */
	struct portal_channel *channel; /* NULL: there is none */
	struct wire *wire;              /* of the channel, or NULL */
	struct event alarm, work;
	struct portal_key key;
	char stamp_secret[65];
	bool has_init;
	uint32_t n_relays; /* that it knows; of them */
	struct portal_uuid relays[16];
	struct tunnel tunnels[TUNNELS];
	struct want wants[RESOURCES];
	uint32_t n_used; /* client: gateways it was ever connected to */
	struct portal_uuid used[TUNNELS];
	uint64_t starts, n_candidates;

	/* the oracle's: what the device is, over its processes */
	struct wire *joined; /* which the broker takes for its own, or NULL */
	bool left;           /* it said so */
	cp_time lost_at, missed_at;
};

void peer_init(struct peer *p, struct sim *s, enum portal_role role, uint32_t owner, uint32_t number);
/* A new process, with a new key. */
void peer_start(struct peer *p);
/* It dies. with_fin: its host closes the connection. */
void peer_kill(struct peer *p, bool with_fin);
/* It says that it leaves, then ends. */
void peer_leave(struct peer *p);
/* A new network, a reset: a new key, dialled at once. Clients. */
void peer_reset(struct peer *p);

/* From the wire. */
void peer_connected(struct peer *p);
void peer_text(struct peer *p, const char *text, size_t bytes);
void peer_lost(struct peer *p, bool refused, unsigned int status);

/* What it has to say is sent. */
void peer_pump(struct peer *p);

/* For the roles. */
int peer_say(struct peer *p, const struct portal_message *m);
void peer_again(struct peer *p); /* reconnects */
void peer_relays_set(struct peer *p, const struct portal_relays *l);
void peer_relays_gone(struct peer *p, const struct portal_uuids *gone);
void peer_no_relays(struct peer *p);
/* NULL: there is none. The second makes one. */
struct tunnel *tunnel_find(struct peer *p, const struct portal_uuid *peer);
struct tunnel *tunnel_make(struct peer *p, const struct portal_uuid *peer);
void tunnel_candidates(struct peer *p, struct tunnel *t, const struct portal_candidates *c);
void tunnel_say_candidates(struct peer *p, struct tunnel *t);
void keys_fill(struct keys *k, const struct portal_key *peer_key, const struct portal_key *psk, const struct portal_ice *client,
	       const struct portal_ice *gateway);

/* gateway.c, client.c */
void gateway_message(struct peer *p, const struct portal_message *m);
void gateway_works(struct peer *p);
void client_message(struct peer *p, const struct portal_message *m);
void client_works(struct peer *p);
/* In the tunnel: the other side says goodbye. */
void gateway_goodbye(struct peer *gateway, const struct portal_uuid *client);
void client_goodbye(struct peer *client, const struct portal_uuid *gateway);
/* What the gateway makes of the client's packet: nothing, if they do not agree on their keys. */
enum carries { CARRIES_NOTHING, PROHIBITS, CARRIES };
enum carries gateway_carries(struct peer *gateway, const struct portal_uuid *client, uint32_t resource, const struct keys *k,
			     const struct portal_key *client_key);
/* A packet for the resource. */
void client_packet(struct peer *p, uint32_t resource);
/* What would become of it. */
enum carries client_reaches(struct peer *p, uint32_t resource);

#endif
