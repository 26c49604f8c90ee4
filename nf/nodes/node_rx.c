/* SPDX-License-Identifier: Apache-2.0 */
/* Source: one clone per port and queue, nf_rx-<port>-<queue>. Zeroes the metadata of every packet. */
#include <stdio.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_graph.h>
#include <rte_graph_worker.h>

#include <nf/pkt.h>

#include "nodes/nodes.h"

#define EDGES(X)           \
	X(RX_DROP, "drop") \
	X(RX_CLASSIFY, "classify")
enum { EDGES(NF_EDGE_ENUM) };

/* Packets: what a NIC wrote, and what was used long ago, is in no near cache. */
#define AHEAD 8

static uint16_t c_segments, c_no_tailroom;

struct rx_ctx {
	uint16_t dpdk_id, queue, port;
};
_Static_assert(sizeof(struct rx_ctx) <= RTE_NODE_CTX_SZ, "fits the node's context");

void nf_rx_counters(void)
{
	c_segments = nf_counter_register("rx", "multi_segment", NF_COUNTER_DROP,
					 "frame spread over several buffers: larger than the port's MTU allows");
	c_no_tailroom = nf_counter_register("rx", "no_tailroom", NF_COUNTER_DROP,
					    "jumbo frame that leaves no room for padding and tag");
}

static inline bool is_welcome(const struct rte_mbuf *m)
{
	return m->nb_segs == 1 && rte_pktmbuf_tailroom(m) >= NF_PKT_TAILROOM;
}

/* iface holds the port's index until classify has found the interface. False: the frame is none that nodes can take. */
static inline bool receive(struct rte_mbuf *m, uint16_t port)
{
	struct nf_pkt *p = nf_pkt(m);
	memset(p, 0, sizeof(*p));
	p->iface = port;
	return is_welcome(m);
}

static inline rte_edge_t judge(struct rte_mbuf *m)
{
	if (is_welcome(m))
		return RX_CLASSIFY;
	nf_pkt(m)->drop = m->nb_segs != 1 ? c_segments : c_no_tailroom;
	return RX_DROP;
}

static __rte_noinline void sort_out(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	rte_edge_t next[NF_BURST_MAX];
	for (uint16_t i = 0; i < n; i++)
		next[i] = judge(objs[i]);
	nf_dispatch(graph, node, objs, n, next);
}

static uint16_t rx_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t cnt)
{
	const struct rx_ctx *ctx = (const struct rx_ctx *)node->ctx;
	bool all = true;
	(void)cnt;

	uint16_t n = rte_eth_rx_burst(ctx->dpdk_id, ctx->queue, (struct rte_mbuf **)objs, nf_source_burst);
	if (n == 0)
		return 0;
	for (uint16_t i = 0; i < n; i++) {
		if (i + AHEAD < n)
			rte_prefetch0(nf_pkt(objs[i + AHEAD]));
		rte_prefetch0(rte_pktmbuf_mtod((struct rte_mbuf *)objs[i], void *)); /* for the next node */
		all &= receive(objs[i], ctx->port);
	}
	nf_worker()->work += n;
	node->idx = n;
	if (likely(all))
		rte_node_next_stream_move(graph, node, RX_CLASSIFY);
	else
		sort_out(graph, node, objs, n);
	return n;
}

static int rx_init(const struct rte_graph *graph, struct rte_node *node)
{
	struct rx_ctx *ctx = (struct rx_ctx *)node->ctx;
	unsigned int port, queue;
	(void)graph;
	if (sscanf(node->name, "nf_rx-%u-%u", &port, &queue) != 2)
		return -1;
	ctx->port = (uint16_t)port;
	ctx->queue = (uint16_t)queue;
	ctx->dpdk_id = nf_port(ctx->port)->dpdk_id;
	return 0;
}

static struct rte_node_register rx_node = {
	.name = "nf_rx",
	.flags = RTE_NODE_SOURCE_F,
	.process = rx_process,
	.init = rx_init,
	.nb_edges = 2,
	.next_nodes = {EDGES(NF_EDGE_NAME)},
};
RTE_NODE_REGISTER(rx_node)
