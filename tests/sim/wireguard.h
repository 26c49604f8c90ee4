/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WireGuard as far as paths are concerned: initiations, responses, keepalives and counted data of the right types and
 * sizes, sessions, and the timers that decide when to try and when to give up (connectivity §4.4). Nothing is encrypted.
 *
 * One struct wg_peer per peer of a host. It sends on the path that it was told, answers initiations on the path they came,
 * and accepts everything from everywhere.
 */
#ifndef SIM_WIREGUARD_H
#define SIM_WIREGUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "conn/conn.h"

#define WG_QUEUE_MAX 128u

struct flow;
struct host;

/* How a datagram came, or is to go: channel 0: not through a relay of ours. */
struct way {
	struct cp_addr from, to; /* our end, the other end */
	struct cp_addr relay;
	uint16_t channel;
};

struct wg_session {
	uint32_t local, remote; /* local 0: none */
	cp_time born;
};
/* next: answered, and not heard of since. */
enum { WG_CURRENT, WG_PREVIOUS, WG_NEXT, WG_SESSIONS };

struct wg_peer {
	struct wg_peer *next;
	struct host *host;
	struct flow *flow; /* borrowed: counts survive the peer */
	uint8_t id[CONN_ID_BYTES], key[CONN_KEY_BYTES];
	uint64_t number; /* of this peer among those of the host: part of its indices */
	bool waits;      /* keeps packets until there is a path: clients do */
	struct conn_path path; /* handle 0: none yet */
	struct wg_session session[WG_SESSIONS];
	struct {
		uint32_t local;  /* 0: none is under way */
		cp_time began;
	} attempt;
	uint8_t made;           /* handshakes, for indices */
	uint64_t latest;        /* time stamp of an initiation that was accepted */
	uint64_t queued;
	cp_time completed, reported_activity;
	struct event retry, rekey, expiry;
	unsigned int handshakes, initiations_in, paths;
};

struct wg_peer *wg_peer_new(struct host *h, struct flow *flow, const uint8_t id[CONN_ID_BYTES], const uint8_t key[CONN_KEY_BYTES],
			    uint64_t number);
void wg_peer_free(struct wg_peer *p);

void wg_path(struct wg_peer *p, const struct conn_path *path);
/* Unless one is under way. */
void wg_handshake(struct wg_peer *p);
/* The host has an inner packet for it. */
void wg_packet_out(struct wg_peer *p);
void wg_goodbye(struct wg_peer *p);

void wg_in(struct wg_peer *p, const struct way *back, const uint8_t *data, size_t bytes);

#endif
