/* SPDX-License-Identifier: Apache-2.0 */
/* The one place where packets end: charges nf_pkt.drop and frees. */
#include <rte_graph.h>
#include <rte_graph_worker.h>

#include <nf/pkt.h>
#include <nf/worker.h>

static uint16_t drop_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	(void)graph;
	(void)node;
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = objs[i];
		nf_count(nf_pkt(m)->drop, 1);
		rte_pktmbuf_free(m);
	}
	return n;
}

static struct rte_node_register drop_node = {
	.name = "drop",
	.process = drop_process,
};
RTE_NODE_REGISTER(drop_node)
