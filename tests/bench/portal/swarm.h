/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many peers of one role in one thread: they dial, join, beat, ask for flows or answer them. Frames are written and looked
 * at as text, so that what is measured is the portal and not its peers.
 */
#ifndef BENCH_SWARM_H
#define BENCH_SWARM_H

#include "ws.h"

struct swarm_config {
	bool gateways; /* else clients */
	uint16_t port;
	unsigned int n, first;    /* peers; the number of the first, for its identity and key */
	unsigned int n_sources;   /* addresses 127.0.1.1 … they dial from */
	char **tokens;            /* borrowed; peer i uses i % n_tokens */
	unsigned int n_tokens;
	unsigned int n_resources; /* that clients ask for, one after the other */
};

struct peer {
	struct ws ws;
	bool ready, asking; /* has its init; waits for an answer */
	uint32_t round, ref;
	double at;          /* s: dialled, asked, or to be dialled again */
	size_t init_bytes;
};

struct swarm {
	struct swarm_config config;
	int epoll;
	struct peer *peers;
	unsigned int n_ready, next, n_asking;
	double now, beat_at;
	unsigned int beat_next;
	/* since the last command */
	uint64_t attempts, refused, lost, flows, failed;
	float *latency; /* s, of flows, beats or joins */
	unsigned int n_latency;
	bool measuring, beats;
	unsigned int outstanding;
};
#define SWARM_LATENCY_MAX 4000000u

struct swarm *swarm_create(const struct swarm_config *config);
double swarm_clock(void);
/* Begins a phase: counters and latencies anew. */
void swarm_phase(struct swarm *s);
/* Every peer without a connection dials now; `drop`: all of them are reset first. */
void swarm_dial(struct swarm *s, bool drop);
/* Keeps `outstanding` questions under way: flows, or heartbeats. 0: asks no more. */
void swarm_ask(struct swarm *s, unsigned int outstanding, bool beats);
/* One turn of at most ms. */
void swarm_turn(struct swarm *s, int ms);

#endif
