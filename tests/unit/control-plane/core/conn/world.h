/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A little world around nodes: hosts with one address each, relays that do as connectivity §2 says, a portal that carries
 * candidates, a network function that shakes hands at once. Virtual time, every hop takes a millisecond; whoever wants
 * packets lost says which.
 */
#ifndef TEST_CONN_WORLD_H
#define TEST_CONN_WORLD_H

#include "conn/conn.h"

#define WORLD_HOSTS  4u
#define WORLD_RELAYS 3u
#define OUT_KINDS    (CONN_OUT_LOG + 1)

struct record {
	struct conn_stash_key key;
	size_t bytes;
	uint8_t data[CONN_STASH_MAX];
};

struct host {
	struct conn_node *node;
	struct cp_addr addr, second; /* second: family CP_NONE: it has one only */
	struct cp_addr mapped;       /* by a NAT in front of it, for whoever sees it; family CP_NONE: there is none */
	uint8_t seed;
	enum conn_role role;
	unsigned int outs[OUT_KINDS];        /* how often each kind came */
	struct conn_path path;               /* the last one said */
	uint8_t path_key[CONN_KEY_BYTES];
	enum conn_failure failure;
	bool goodbye;
	int released;
	unsigned int unbound_paths;          /* paths through a relay that were said without a channel */
	unsigned int sent_to_relay, channels_up, wireguard, answers;
	char texts[64][ICE_CANDIDATE_TEXT];  /* candidates in the order in which they were said */
	unsigned int n_texts, n_invalid;
	char invalid[16][ICE_CANDIDATE_TEXT];
	struct record *records;              /* what it has stashed */
	unsigned int n_records, stashed;     /* stashed: records of peers, how often */
	uint64_t digest;                     /* of all outputs, in their order */
	unsigned int early_deadlines;        /* deadlines that were not later than now: must be 0 */
};

struct relay_allocation {
	struct cp_addr client;
	uint16_t port;
	struct cp_addr channel[64];
};
struct relay_host {
	struct cp_addr addr;
	bool silent;
	uint16_t refuse;                     /* error code for every Allocate; 0: none */
	cp_time latency;
	unsigned int bindings, allocates, refreshes, releases, binds;
	struct relay_allocation allocations[WORLD_HOSTS];
	unsigned int n_allocations;
};

struct packet {
	cp_time at;
	struct cp_addr from, to;
	struct cp_addr stripped; /* the relayed address it came to, channel stripped by the NF; family CP_NONE: no */
	uint16_t bytes;
	uint8_t data[CONN_DATAGRAM_MAX + 64];
};

struct world {
	cp_time now;
	struct host host[WORLD_HOSTS];
	unsigned int n_hosts;
	struct relay_host relay[WORLD_RELAYS];
	struct packet *flying;
	unsigned int n_flying, room;
	bool (*lost)(struct world *w, const struct packet *p); /* NULL: none */
	bool portal_mute;    /* carries no candidates */
	bool handshakes_fail;
	bool nf_strips;      /* and says nothing of it: the core sees what was in channels, not the channels */
	unsigned int checks_seen; /* Binding requests between hosts that arrived */
};

struct world *world_new(void);
void world_free(struct world *w);
struct host *world_host(struct world *w, enum conn_role role);
/* Addresses are told unless the test does without. */
void world_tell_addresses(struct world *w, struct host *h);
void world_relays(struct world *w, struct host *h, unsigned int n);
struct conn_peer world_peer(struct world *w, const struct host *of, const struct host *to);
int world_connect_one(struct world *w, struct host *h, struct host *to);
void world_connect(struct world *w, struct host *a, struct host *b);
void world_drain(struct world *w, struct host *h);
void world_run(struct world *w, cp_time span);
void world_datagram(struct world *w, struct host *to, const struct cp_addr *from, const void *data, size_t bytes);
/* The host's process ends without a word and comes back with what it had stashed. */
void world_restart(struct world *w, struct host *h);
struct conn_info world_info(const struct host *h, const struct host *peer);
bool world_is_connected(const struct host *h, const struct host *peer);
void world_id(const struct world *w, const struct host *h, uint8_t ret[CONN_ID_BYTES]);
struct host *world_owner(struct world *w, const struct cp_addr *a);
struct conn_relay world_relay_settings(struct world *w, unsigned int i);

#endif
