/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stop of a static node: close every peer, report, release the NF, exit.
 *
 *   RUNNING ── signal ─────────────► CLOSING ── done or deadline ──► RELEASING ──► exit
 *   RUNNING ── the NF was signalled ► CLOSING ── done or deadline ──► RELEASING ──► RUNNING
 *
 * In the second row the NF ends and this process waits for the next one.
 */
#ifndef CP_DRAIN_H
#define CP_DRAIN_H

#include "link/link.h"

enum drain_state { DRAIN_RUNNING, DRAIN_CLOSING, DRAIN_RELEASING };

struct cp_drain {
	enum drain_state state;
	bool exits;        /* this process ends with it */
	bool asked;        /* CLOSE_ALL was sent */
	bool reported;
	int signo;
	uint32_t release_seq;
	cp_time began, deadline;
	struct nf_close_all_done so_far; /* from the peers' own reports, for a stop that does not end in time */
};

/* exits: this process was signalled; otherwise the NF was. A second signal ends it at once, and leaves the rest to the NF. */
void drain_begin(struct cp_drain *d, struct cp_link *l, bool exits, int signo, cp_time now);
void drain_link_ready(struct cp_drain *d, struct cp_link *l, cp_time now);
void drain_link_down(struct cp_drain *d, struct cp_link *l, cp_time now);
void drain_peer_closed(struct cp_drain *d, const struct nf_peer_closed *r);
void drain_close_all_done(struct cp_drain *d, struct cp_link *l, const struct nf_close_all_done *done, cp_time now);
void drain_refused(struct cp_drain *d, struct cp_link *l, cp_time now);
void drain_tick(struct cp_drain *d, struct cp_link *l, cp_time now);
cp_time drain_deadline(const struct cp_drain *d);

#endif
