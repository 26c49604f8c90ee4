/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of one peer, from "nothing is encapsulated for it any more" to the report: goodbyes at 0, 50,
 * 150, 350 and 700 ms unless a BYE_ACK comes, answers to further data at most ten a second, and the wait
 * for a session that can carry them (tunnel.md §5.9). Pure, virtual time in ns. Mgmt.
 */
#ifndef WG_CLOSE_H
#define WG_CLOSE_H

#include <stdbool.h>
#include <stdint.h>

enum wg_close_action {
	WG_CLOSE_SEND_GOODBYE = 1 << 0,
	WG_CLOSE_START_HANDSHAKE = 1 << 1,
	WG_CLOSE_FINISHED = 1 << 2,
};

/* What can carry a goodbye at the beginning. */
enum wg_close_carrier {
	WG_CARRIER_SESSION,   /* a session that can send */
	WG_CARRIER_INITIATE,  /* none now, but a handshake from here may make one */
	WG_CARRIER_WAIT,      /* none now; the peer may initiate */
	WG_CARRIER_NEVER,     /* there never was a session, and nobody knows where the peer is */
};

struct wg_close {
	uint64_t began_ns, ends_ns;
	uint64_t next_ns;       /* next scheduled goodbye; 0: none */
	uint64_t last_ns;       /* last scheduled goodbye that was handed on */
	uint64_t answer_ok_ns;  /* from when on data may be answered again */
	uint64_t session_by_ns; /* until when a session may still appear; 0: there is one */
	uint64_t flush_by_ns;   /* until when a driver may take to confirm; 0: not flushing yet */
	uint8_t scheduled;      /* of the five, how many are done */
	bool started_handshake, acked, finished;
	uint16_t goodbyes;
};

void wg_close_begin(struct wg_close *c, uint64_t now, uint64_t linger_ns, enum wg_close_carrier carrier);
void wg_close_session_ready(struct wg_close *c, uint64_t now);
/* Counts only as an answer: before the first goodbye it is ignored. */
void wg_close_acked(struct wg_close *c, uint64_t now);
/* The goodbye that the tick asked for could not be handed on: it is due again shortly, while the linger lasts. */
void wg_close_not_sent(struct wg_close *c, uint64_t now);
/* True: answer with a goodbye now. */
bool wg_close_data_received(struct wg_close *c, uint64_t now);
/* The linger is over, but a transmit queue still works: true while it is worth asking again (≤ 500 ms). */
bool wg_close_keep_flushing(struct wg_close *c, uint64_t now);
/* Mask of enum wg_close_action; goodbyes are counted as they are asked for. */
uint32_t wg_close_tick(struct wg_close *c, uint64_t now);
/* 0: finished. */
uint64_t wg_close_deadline(const struct wg_close *c);
/* No session ever carried a goodbye. */
bool wg_close_is_unreachable(const struct wg_close *c);

/*
 * A goodbye may be a late one of a connection that was set up anew since (tunnel.md §5.9, G22): it counts
 * if its session began after the peer's last upsert, or if that was long ago.
 */
bool wg_goodbye_is_current(uint64_t session_ns, uint64_t upsert_ns, uint64_t now);

/* Peers per second, so that all n are begun within that time; at least 200. */
uint32_t wg_close_pace(uint32_t n, uint64_t within_ns);
/* How many of n are due at a pace, the first at once. */
uint32_t wg_close_due(uint32_t n, uint32_t per_s, uint64_t elapsed_ns);

#endif
