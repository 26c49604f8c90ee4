/* SPDX-License-Identifier: Apache-2.0 */
/* Sink: one clone per port, nf_tx-<port>. A worker uses the queue of its own number, modulo queues. */
#include <stdio.h>

#include <rte_ethdev.h>
#include <rte_graph.h>
#include <rte_graph_worker.h>
#include <rte_pause.h>

#include <nf/pkt.h>

#include "nodes/nodes.h"

#define EDGES(X) X(TX_DROP, "drop")
enum { EDGES(NF_EDGE_ENUM) };

/* A full queue is tried again this often before its packets are given up: a few microseconds. */
#define TX_TRIES 32

static uint16_t c_full;
static void (*goodbye_left)(uint32_t close_token, uint16_t port); /* writer: mgmt; readers: workers */

struct tx_ctx {
	uint16_t dpdk_id, port, queues;
};
_Static_assert(sizeof(struct tx_ctx) <= RTE_NODE_CTX_SZ, "fits the node's context");

void nf_tx_counters(void)
{
	c_full = nf_counter_register("tx", "queue_full", NF_COUNTER_DROP,
				     "the port's transmit queue stayed full: the link is slower than the traffic");
}

static uint16_t tx_burst(const struct tx_ctx *ctx, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t sent = rte_eth_tx_burst(ctx->dpdk_id, queue, pkts, n);
	for (unsigned int try = 0; unlikely(sent < n) && try < TX_TRIES; try++) {
		rte_pause();
		sent += rte_eth_tx_burst(ctx->dpdk_id, queue, pkts + sent, n - sent);
	}
	return sent;
}

void nf_on_goodbye_left(void (*fn)(uint32_t close_token, uint16_t port))
{
	__atomic_store_n(&goodbye_left, fn, __ATOMIC_RELEASE);
}

/* The tokens are read first: what the driver has taken is no longer ours to look at. */
static __rte_noinline uint16_t tx_watched(const struct tx_ctx *ctx, uint16_t queue, struct rte_mbuf **pkts, uint16_t n,
					  void (*left)(uint32_t close_token, uint16_t port))
{
	uint32_t tokens[NF_BURST_MAX];
	for (uint16_t i = 0; i < n; i++)
		tokens[i] = nf_pkt(pkts[i])->close_token;
	uint16_t sent = tx_burst(ctx, queue, pkts, n);
	for (uint16_t i = 0; i < sent; i++)
		if (tokens[i])
			left(tokens[i], ctx->port);
	return sent;
}

static uint16_t tx_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	const struct tx_ctx *ctx = (const struct tx_ctx *)node->ctx;
	uint16_t queue = (uint16_t)(nf_worker()->id % ctx->queues);
	bool shared = ctx->queues < nf_worker_count();
	void (*left)(uint32_t, uint16_t) = __atomic_load_n(&goodbye_left, __ATOMIC_ACQUIRE);

	if (shared)
		rte_spinlock_lock(&nf_tx_locks[ctx->port][queue]);
	uint16_t sent = likely(!left) ? tx_burst(ctx, queue, (struct rte_mbuf **)objs, n)
				      : tx_watched(ctx, queue, (struct rte_mbuf **)objs, n, left);
	if (shared)
		rte_spinlock_unlock(&nf_tx_locks[ctx->port][queue]);

	for (uint16_t i = sent; i < n; i++)
		nf_pkt(objs[i])->drop = c_full;
	if (unlikely(sent < n))
		rte_node_enqueue(graph, node, TX_DROP, objs + sent, n - sent);
	return n;
}

static int tx_init(const struct rte_graph *graph, struct rte_node *node)
{
	struct tx_ctx *ctx = (struct tx_ctx *)node->ctx;
	unsigned int port;
	(void)graph;
	if (sscanf(node->name, "nf_tx-%u", &port) != 1)
		return -1;
	ctx->port = (uint16_t)port;
	ctx->dpdk_id = nf_port(ctx->port)->dpdk_id;
	ctx->queues = nf_port(ctx->port)->tx_queues;
	return 0;
}

static struct rte_node_register tx_node = {
	.name = "nf_tx",
	.process = tx_process,
	.init = tx_init,
	.nb_edges = 1,
	.next_nodes = {EDGES(NF_EDGE_NAME)},
};
RTE_NODE_REGISTER(tx_node)
