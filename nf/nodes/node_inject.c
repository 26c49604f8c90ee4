/* SPDX-License-Identifier: Apache-2.0 */
/* Source: packets that mgmt or the handshake thread made, from a ring per worker. */
#include <rte_graph.h>
#include <rte_graph_worker.h>

#include <nf/pkt.h>

#include "nodes/nodes.h"

#define EDGES(X) X(INJECT_DROP, "drop")
enum { EDGES(NF_EDGE_ENUM) };

struct rte_ring *nf_inject_rings[NF_WORKER_MAX];

static uint16_t c_ring_full;

void nf_inject_counters(void)
{
	c_ring_full = nf_counter_register("inject", "ring_full", NF_COUNTER_DROP,
					  "a worker did not keep up with packets made by this node itself");
}

bool nf_inject(struct rte_mbuf *m, uint16_t edge)
{
	static uint32_t turn; /* racy on purpose: it only spreads the load */
	return nf_inject_on(m, edge, __atomic_fetch_add(&turn, 1, __ATOMIC_RELAXED) % nf_worker_count());
}

bool nf_inject_on(struct rte_mbuf *m, uint16_t edge, uint32_t worker)
{
	nf_pkt(m)->resume = (uint8_t)edge;
	if (rte_ring_mp_enqueue(nf_inject_rings[worker], m) == 0)
		return true;
	rte_pktmbuf_free(m);
	nf_count_shared(c_ring_full, 1);
	return false;
}

static uint16_t inject_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t cnt)
{
	rte_edge_t next[NF_BURST_MAX];
	(void)cnt;
	uint16_t n = (uint16_t)rte_ring_sc_dequeue_burst(nf_inject_rings[nf_worker()->id], objs,
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

static struct rte_node_register inject_node = {
	.name = "inject",
	.flags = RTE_NODE_SOURCE_F,
	.process = inject_process,
	.nb_edges = 1,
	.next_nodes = {EDGES(NF_EDGE_NAME)},
};
RTE_NODE_REGISTER(inject_node)
