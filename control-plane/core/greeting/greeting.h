/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HELLO (tunnel.md §5.9, event 0xE0): said once to every peer that has a session, so that peers of our own
 * kind know each other; stock peers ignore it. A peer that says it anew, because it started anew, is
 * answered, at most once a minute.
 */
#ifndef CP_GREETING_H
#define CP_GREETING_H

#include "base/outq.h"
#include "peers/peers.h"

void greet(struct cp_outq *out, struct cp_peer *peer, cp_time now);
/* A datagram of nf-punt; anything but a HELLO of a known peer is ignored. */
void greeting_punted(struct cp_outq *out, struct cp_peers *peers, const void *msg, size_t bytes, cp_time now);

#endif
