/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conversation with the NF: connect, HELLO, learn, sync, then requests of others.
 *
 *   DOWN ── connect ──► HELLO ──ack──► LEARNING ──peers──► SYNCING ──SYNC_END──► READY
 *    ▲                                    ▲                                        │
 *    └── down, refusal, no progress ──────┼──────────────── reload: HELLO again ◄──┘
 *
 * First start, restart of either side and reload take this one path. At most LINK_WINDOW requests of a
 * sync are under way, so the memory that a sync needs does not grow with the number of peers.
 *
 * A node with paths (paths/paths.h) learns and says more: it has its turn at the end of LEARNING (asks_paths, until
 * link_learnt()) and of SYNCING behind the peers of the file (waits_for_paths, until link_said()).
 */
#ifndef CP_LINK_H
#define CP_LINK_H

#include "base/outq.h"
#include "peers/peers.h"

#define LINK_WINDOW 64u

enum link_state { LINK_DOWN, LINK_CONNECTING, LINK_HELLO, LINK_LEARNING, LINK_SYNCING, LINK_READY };

struct cp_link {
	enum link_state state;
	struct cp_outq *out; /* borrowed */
	struct cp_peers *peers; /* borrowed */
	const struct cp_settings *settings; /* borrowed */
	uint8_t nf_boot_id[NF_BOOT_BYTES]; /* of the NF spoken to last */
	bool has_identity, fresh, announced_absence;
	bool has_paths, asks_paths, waits_for_paths, paths_said;
	uint32_t seq, epoch;
	uint32_t next_peer, in_flight; /* of the sync */
	uint32_t refused;
	uint32_t own_first_seq;        /* requests of this conversation have seq >= it */
	cp_time progress_by;           /* an answer is due until then; 0: none is */
	cp_time retry_at;              /* next attempt to connect; 0: none */
	uint32_t retry_ms;
};

void link_init(struct cp_link *l, struct cp_outq *out, struct cp_peers *peers, const struct cp_settings *settings, cp_time now);
void link_up(struct cp_link *l, cp_time now);
/* Afterwards nothing that was asked will be answered. */
void link_down(struct cp_link *l, cp_time now);
/* A reply to one of the link's own requests; true: it was one. */
bool link_reply(struct cp_link *l, const struct nf_msg_hdr *hdr, const void *body, bool came_identity, cp_time now);
/* Any message shows that the NF is alive. */
void link_progress(struct cp_link *l, cp_time now);
/* Sends the whole intent again. Only when READY; otherwise the running conversation will. */
void link_resync(struct cp_link *l, cp_time now);
/* Sends a request of somebody else and returns its number; 0: the link is not ready for it. */
uint32_t link_request(struct cp_link *l, uint16_t type, const void *body, size_t body_bytes, const void *tail,
		      size_t tail_bytes, cp_time now);
/* Of paths. LEARNING: a question; its number, or 0. */
uint32_t link_ask(struct cp_link *l, uint16_t type, const void *body, size_t body_bytes, cp_time now);
void link_learnt(struct cp_link *l, cp_time now);
/* SYNCING or READY: a request; its number, or 0. */
uint32_t link_say(struct cp_link *l, uint16_t type, const void *body, size_t body_bytes, const void *tail, size_t tail_bytes,
		  cp_time now);
/* Everything has been said and answered. */
void link_said(struct cp_link *l, cp_time now);
void link_tick(struct cp_link *l, cp_time now);
cp_time link_deadline(const struct cp_link *l);

#endif
