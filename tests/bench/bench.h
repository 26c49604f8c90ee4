/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the benchmark share. The program is a network function: it brings the runtime up
 * from a configuration file, loads the plugins, and walks the graphs of its workers itself.
 *
 *   rig.c   peers, sessions, configuration       work.c  what a worker does for one sample
 *   plan.c  which samples, in which order        report.c  median, table, JSON lines
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "common.h"
#include "wg.h"

#define BENCH_WORKERS_MAX 2
#define BENCH_PEERS_MAX   100000u
#define BENCH_NODES_MAX   32
#define BENCH_RUNS_MAX    31

/* What is timed: the engine alone, or one graph walk from an rx node to a tx node. */
enum bench_what { BENCH_SEAL, BENCH_OPEN, BENCH_ENCAP, BENCH_DECAP, BENCH_FRAMES /* neighbours announce themselves */ };

struct bench_node {
	char name[64];
	uint64_t cycles, objs;
};

/* One sample of one worker. The worker reads what mgmt wrote before the start and fills the rest. */
struct bench_job {
	enum bench_what what;
	uint32_t inner, burst, peers; /* random ones among the first `peers` */
	uint32_t stride;              /* decap: only peers = worker modulo stride: a flow stays on its worker */
	uint64_t budget_cycles;       /* timed */
	/* results */
	uint64_t packets, lost;
	double cycles_per_packet; /* of the median walk: one that the scheduler interrupted does not count */
	struct bench_node nodes[BENCH_NODES_MAX];
	unsigned int n_nodes;
};

/* rig.c: mgmt */
struct bench_rig {
	uint32_t workers;
	bool hugepages;
	uint32_t n_peers;
	struct wg *wg;                 /* the plugin's own */
	struct wg_peer **peers;
	struct wg_keypair **keypairs;  /* of each peer */
	uint64_t *counters;            /* decap: next counter to send; written by the worker that owns the peer */
	double bytes_without, bytes_with; /* heap per peer, without and with a session */
};
extern struct bench_rig rig;

int rig_bring_up(const char *dir, uint32_t workers, bool hugepages, const char *engine);
int rig_add_peers(uint32_t up_to);

uint32_t rig_inner_of(uint32_t peer);  /* network byte order */
void rig_endpoint_of(uint32_t peer, struct wg_endpoint *ret);
#define RIG_WAN_ADDR  0xc0000201u /* 192.0.2.1 */
#define RIG_WAN_GW    0xc00002feu
#define RIG_LAN_ADDR  0xac100001u /* 172.16.0.1 */
#define RIG_LAN_HOST  0xac100002u
#define RIG_PORT      51820

/* work.c */
int work_init(void);
void work_run(struct nf_worker *w, struct bench_job *job); /* worker thread */

/* report.c */
struct bench_line {
	const char *name, *unit;
	uint32_t inner, burst, peers, workers;
	struct bench_stat value;
	double baseline, ratio; /* 0: none */
	double target;          /* of the ratio, 0: none */
};
int report_open(const char *path);
bool report_cpu_is_zen4(void);
void report_title(const char *title);
void report_line(const struct bench_line *line);
unsigned int report_close(void); /* targets that were missed */

/* plan.c */
struct bench_options {
	bool quick, no_huge;
	unsigned int runs;
	uint32_t inner, burst; /* 0: all */
	const char *only; /* part of the plan's names; NULL: all */
	const char *engine; /* value of the option aead */
	const char *out;
};
/* Asks for the next sample; false: the plan is done. jobs[w].budget_cycles 0: that worker rests. */
bool plan_next(struct bench_job jobs[BENCH_WORKERS_MAX]);
void plan_took(const struct bench_job jobs[BENCH_WORKERS_MAX]);
int plan_init(const struct bench_options *options);
bool plan_failed(void);

#endif
