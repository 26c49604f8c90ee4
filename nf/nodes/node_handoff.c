/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moves packets between workers: `handoff` puts each on the ring of nf_pkt.worker, `handoff_rx` takes
 * them there and goes on at the edge nf_pkt.resume of classify's list. A flow's packets take one ring,
 * so they keep their order.
 */
#include <rte_graph.h>
#include <rte_graph_worker.h>

#include <nf/pkt.h>

#include "nodes/nodes.h"

#define EDGES(X) X(HANDOFF_DROP, "drop")
enum { EDGES(NF_EDGE_ENUM) };

struct rte_ring *nf_handoff_rings[NF_WORKER_MAX];

static uint16_t c_ring_full;

void nf_handoff_counters(void)
{
	c_ring_full = nf_counter_register("handoff", "ring_full", NF_COUNTER_DROP,
					  "the worker that should have processed the packet did not keep up");
}

static uint16_t handoff_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		struct nf_pkt *p = nf_pkt(objs[i]);
		p->flags |= NF_PKT_HANDED;
		if (likely(rte_ring_mp_enqueue(nf_handoff_rings[p->worker], objs[i]) == 0))
			continue;
		p->drop = c_ring_full;
		rte_node_enqueue_x1(graph, node, HANDOFF_DROP, objs[i]);
	}
	return n;
}

static uint16_t handoff_rx_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t cnt)
{
	rte_edge_t next[NF_BURST_MAX];
	(void)cnt;
	uint16_t n = (uint16_t)rte_ring_sc_dequeue_burst(nf_handoff_rings[nf_worker()->id], objs,
							 nf_source_burst, NULL);
	if (n == 0)
		return 0;
	for (uint16_t i = 0; i < n; i++)
		next[i] = nf_pkt(objs[i])->resume;
	nf_worker()->work += n;
	node->idx = n;
	nf_dispatch(graph, node, objs, n, next);
	return n;
}

static struct rte_node_register handoff_node = {
	.name = "handoff",
	.process = handoff_process,
	.nb_edges = 1,
	.next_nodes = {EDGES(NF_EDGE_NAME)},
};
RTE_NODE_REGISTER(handoff_node)

static struct rte_node_register handoff_rx_node = {
	.name = "handoff_rx",
	.flags = RTE_NODE_SOURCE_F,
	.process = handoff_rx_process,
	.nb_edges = 1,
	.next_nodes = {EDGES(NF_EDGE_NAME)},
};
RTE_NODE_REGISTER(handoff_rx_node)
