/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two agents and what lies between them, in virtual time:
 *
 *   client 10.0.0.1 ── NAT 192.0.2.1 ─────────────── NAT 192.0.2.2 ── 10.0.0.2 gateway
 *              └────── relay 203.0.113.1 ── relay 203.0.113.2 ──────┘
 *
 * NATs let everything in (endpoint-independent, and somebody sent before). Each of the four kinds of path can be
 * closed, delayed and made lossy in each direction.
 */
#ifndef TEST_ICE_NET_H
#define TEST_ICE_NET_H

#include "rig.h"

enum { CLIENT, GATEWAY };
enum { NET_QUEUE = 256 };

struct net_path {
	bool closed;
	uint32_t delay_ms, jitter_ms, loss_permille;
};

struct net_packet {
	cp_time at;
	uint8_t to_side;
	struct cp_addr to, from;
	uint16_t bytes;
	uint8_t data[ICE_CHECK_MAX];
	bool used;
};

struct net_side {
	struct ice_agent *agent;
	struct ice_settings settings;
	struct ice_counters n;
	struct cp_addr host, outside, relay;
	uint32_t generations; /* changes of selection seen */
	unsigned int losses;  /* of them: to none */
	uint32_t generation;
};

struct net {
	struct net_side side[2];
	struct net_path path[2][2][2]; /* sender; from its relay; to the other's relay */
	struct net_packet queue[NET_QUEUE];
	struct cp_rng rng;
	cp_time now;
	uint64_t delivered;
};

void net_init(struct net *n, uint8_t seed);
void net_fini(struct net *n);
void net_run(struct net *n, cp_time until);
/* Host and relay of its own; then what the other is told. */
void net_gather(struct net *n, int side);
void net_announce(struct net *n, int side, enum ice_kind kind);
void net_withdraw(struct net *n, int side, enum ice_kind kind);
void net_announce_all(struct net *n);
/* A new agent with the same credentials, which knows nothing. */
void net_renew(struct net *n, int side);
/* Do both use the same path, from its two ends, and is it open both ways? */
bool net_agree(const struct net *n);
/* Is the path of each open both ways? */
bool net_works(const struct net *n);
bool net_is_direct(const struct net *n);
struct net_path *net_path(struct net *n, int sender, bool from_relay, bool to_relay);
/* Both directions. */
void net_close_direct(struct net *n, bool closed);

#endif
