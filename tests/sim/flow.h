/* SPDX-License-Identifier: Apache-2.0 */
/* What a host's users do with a peer: an inner packet every so often, counted at both ends, whatever becomes of the
 * connection meanwhile. */
#ifndef SIM_FLOW_H
#define SIM_FLOW_H

#include "clock.h"
#include "conn/conn.h"

#define FLOW_PACKETS_MAX (1u << 16)

struct host;

struct flow {
	struct flow *next;
	struct host *host;
	uint8_t id[CONN_ID_BYTES]; /* of the peer */
	struct event pulse;
	cp_time every;             /* 0: it is silent */
	uint64_t wanted, sent, unsent; /* unsent: no session or no path, and no room to wait */
	uint64_t received, repeated;
	cp_time last, longest_gap; /* of receiving */
	uint8_t seen[FLOW_PACKETS_MAX / 8];
};

/* The first call makes it. Owned by the host. */
struct flow *flow_of(struct host *h, const uint8_t id[CONN_ID_BYTES]);
void flow_start(struct flow *f, cp_time every);
void flow_stop(struct flow *f);
void flow_receive(struct flow *f, uint64_t sequence, cp_time now);
/* Packets that a sent and b has not received. */
uint64_t flow_lost(const struct flow *sender, const struct flow *receiver);
void flows_free(struct host *h);

#endif
