/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One neighbour's life (RFC 4861 §7.3, used for ARP too), in virtual time (ns). Pure. Mgmt.
 *
 *   INCOMPLETE ── learnt ──► REACHABLE ── 30 s ──► STALE ── used ──► PROBE ── learnt ──► REACHABLE
 *       └─ 3 requests, 1 s each, unanswered ─► FAILED ◄───────────────┘
 */
#ifndef IP_NEIGH_H
#define IP_NEIGH_H

#include <stdbool.h>
#include <stdint.h>

enum neigh_state { NEIGH_INCOMPLETE, NEIGH_REACHABLE, NEIGH_STALE, NEIGH_PROBE, NEIGH_FAILED };
enum neigh_action { NEIGH_NOTHING, NEIGH_REQUEST, NEIGH_GIVE_UP };

struct neigh {
	enum neigh_state state;
	uint8_t asked;
	uint64_t next_ns;    /* when something is due; 0: nothing */
	uint64_t learnt_ns;
};

#define NEIGH_IDLE_NS (600ull * 1000000000ull) /* stale for longer and unused: forgotten */

enum neigh_action neigh_begin(struct neigh *n, uint64_t now); /* the first request */
void neigh_learnt(struct neigh *n, uint64_t now);
enum neigh_action neigh_used(struct neigh *n, uint64_t now);  /* a packet went there; may ask again */
enum neigh_action neigh_tick(struct neigh *n, uint64_t now);
bool neigh_is_usable(const struct neigh *n);

#endif
