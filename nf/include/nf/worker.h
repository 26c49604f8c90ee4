/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workers: who am I, what time is it, counters, quiescent states, waking the other threads.
 */
#ifndef NF_WORKER_H
#define NF_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>
#include <rte_mbuf.h>
#include <rte_per_lcore.h>

#include <nf/wire.h>

#define NF_WORKER_MAX   16
#define NF_COUNTER_MAX  256
/* Most packets that one call of a node's process can be given: streams of several sources meet in one node,
 * so it is more than any source brings (nf/nodes/nodes.h: nf_source_burst). */
#define NF_BURST_MAX    1024

/*
 * Threads that a worker can wake; a wish is recorded in the node and carried out after the walk. To wake a sleeping thread
 * costs as much as a burst of packets, so news that can wait asks for NF_WAKE_MGMT_SOON: within NF_WAKE_SOON_NS.
 */
enum nf_wake { NF_WAKE_MGMT = 1 << 0, NF_WAKE_HANDSHAKE = 1 << 1, NF_WAKE_MGMT_SOON = 1 << 2 };
#define NF_WAKE_SOON_NS 1000000u

/* writer: its own lcore; readers: mgmt (counters, racy on purpose). */
struct nf_worker {
	uint64_t now_ns;   /* sampled once per walk */
	uint32_t id;       /* 0..nf_worker_count()-1 */
	uint32_t wake;     /* enum nf_wake, cleared by the loop */
	uint64_t work;     /* packets that source nodes brought in; the loop sleeps while it stands still */
	uint64_t woke_ns;  /* when mgmt was woken last */
	uint64_t counters[NF_COUNTER_MAX] __rte_cache_aligned;
} __rte_cache_aligned;

RTE_DECLARE_PER_LCORE(struct nf_worker *, nf_self);

/* Worker threads only. */
static inline struct nf_worker *nf_worker(void)
{
	return RTE_PER_LCORE(nf_self);
}
static inline uint64_t nf_worker_now(void)
{
	return RTE_PER_LCORE(nf_self)->now_ns;
}
static inline void nf_wake(uint32_t who)
{
	RTE_PER_LCORE(nf_self)->wake |= who;
}

uint32_t nf_worker_count(void);

/*
 * Reads a byte, so that its line is in a near cache when it is needed; independent calls overlap. For what is far away in
 * great number: a prefetch is a hint, and processors drop it when many lines are under way.
 */
static inline void nf_fetch(const void *p)
{
	(void)__atomic_load_n((const uint8_t *)p, __ATOMIC_RELAXED);
}

/*
 * Counters. Registered during init on mgmt, ids are dense and never freed; 0 is "unnamed drop" and
 * must stay 0 for ever. A drop counter is a packet's end: it is charged by the `drop` node alone
 * (set nf_pkt(m)->drop, send the packet there) so that loss equals the sum of drops. Workers count
 * with nf_count(); any other thread with nf_count_shared() (atomic, slow).
 */
uint16_t nf_counter_register(const char *owner, const char *name, uint32_t kind /* enum nf_counter_kind */,
			     const char *help);
static inline void nf_count(uint16_t id, uint64_t n)
{
	RTE_PER_LCORE(nf_self)->counters[id] += n;
}
void nf_count_shared(uint16_t id, uint64_t n);
uint64_t nf_counter_value(uint16_t id); /* sum over all threads */

/*
 * RCU, by quiescent states: a worker passes one after every walk. nf_rcu_defer() is for mgmt: fn runs
 * on mgmt after every worker has passed one. Order of a deletion: unhook, defer, drain, notify, wipe.
 * -ENOMEM never happens after start: the queue of deferred calls grows by doubling on mgmt only.
 */
void nf_rcu_defer(void (*fn)(void *arg), void *arg);

/*
 * Gives packets to the graph from mgmt or the handshake thread: they appear in the `inject` node of a
 * worker (chosen round robin), which sends each to the edge that `edge` names (nf_inject_edge()).
 * Takes m; on a full ring frees it, counts inject/ring_full and returns false.
 */
uint16_t nf_inject_edge(const char *node); /* before the graphs are created */
bool nf_inject(struct rte_mbuf *m, uint16_t edge);
/* The same for a worker of the caller's choice: packets of a flow that were held up go back where it runs, in order. */
bool nf_inject_on(struct rte_mbuf *m, uint16_t edge, uint32_t worker);

#endif
