/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the infrastructure nodes and the runtime share. The tables are filled by the runtime on mgmt
 * before the graphs are created and immutable afterwards; nodes only read them.
 */
#ifndef NF_NODES_H
#define NF_NODES_H

#include <stdint.h>

#include <rte_ring.h>
#include <rte_spinlock.h>

#include <nf/iface.h>
#include <nf/node.h>
#include <nf/worker.h>

#define NF_MATCH_MAX 32

/* classify's table; edges are those of node `classify`, and of handoff_rx, which has the same list. */
struct nf_classify_table {
	struct nf_match_udp match[NF_MATCH_MAX];
	rte_edge_t match_edge[NF_MATCH_MAX];
	uint16_t n_matches;
	rte_edge_t class_edge[NF_CLASS_MAX]; /* 0: nobody takes it */
	rte_edge_t host_arc_edge;            /* start of arc host; 0: none */
	rte_edge_t inbound_arc_edge;
};
extern struct nf_classify_table nf_classify_table;

/* Edges every classify has, before the plugins'. */
enum { CLASSIFY_DROP, CLASSIFY_HANDOFF, CLASSIFY_FIRST_FREE };

/* writer: any worker (multi-producer); reader: the worker that owns it. Owned mbufs. */
extern struct rte_ring *nf_handoff_rings[NF_WORKER_MAX];
/* writer: mgmt, handshake thread; reader: the worker. */
extern struct rte_ring *nf_inject_rings[NF_WORKER_MAX];
/* Serialises workers on ports with fewer tx queues than workers; indexed by port, queue. */
extern rte_spinlock_t nf_tx_locks[NF_PORT_MAX][NF_WORKER_MAX];

/* Most packets a source node brings per walk, so that all sources of a graph together stay within NF_BURST_MAX. */
extern uint16_t nf_source_burst;

/* Registers the counters of the nodes in this folder. Mgmt, once, before any graph. */
void nf_rx_counters(void);
void nf_tx_counters(void);
void nf_classify_counters(void);
void nf_handoff_counters(void);
void nf_inject_counters(void);

#endif
