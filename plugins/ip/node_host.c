/* SPDX-License-Identifier: Apache-2.0 */
/* host_tx: to this host's kernel, through the TAP; host_rx: start of the host arc, what the kernel sends. */
#include <rte_graph.h>
#include <rte_graph_worker.h>

#include <nf/node.h>

#include "ip.h"

#define EDGES(X) X(HOST_DROP, "drop")
enum { EDGES(NF_EDGE_ENUM) HOST_TX };

static uint16_t tx(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	const struct nf_iface *host = &nf_net()->iface[NF_IFACE_HOST];
	rte_edge_t next[NF_BURST_MAX];
	for (uint16_t i = 0; i < n; i++) {
		struct nf_pkt *p = nf_pkt(objs[i]);
		next[i] = HOST_DROP;
		p->drop = ip_c.host_off;
		if (!host->in_use)
			continue;
		if (unlikely(((struct rte_mbuf *)objs[i])->pkt_len > host->mtu)) { /* the driver would stop at it, and the burst behind it be lost */
			p->drop = ip_c.host_too_big;
			continue;
		}
		/* the TAP's own MAC as destination: the kernel takes it for its own */
		ip_push_l2(objs[i], host, host->mac, p->ip_version == 4 ? 0x0800 : 0x86dd);
		next[i] = (rte_edge_t)(HOST_TX + host->port);
	}
	nf_dispatch(graph, node, objs, n, next);
	return n;
}

static struct rte_node_register host_tx_node = {
	.name = "host_tx",
	.process = tx,
	.nb_edges = 1,
	.next_nodes = {EDGES(NF_EDGE_NAME)},
};
RTE_NODE_REGISTER(host_tx_node)

#define RX_EDGES(X)             \
	X(HOST_RX_DROP, "drop")  \
	X(HOST_RX_NEXT, "arc:host")
enum { RX_EDGES(NF_EDGE_ENUM) };

static uint16_t rx(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	(void)objs;
	rte_node_next_stream_move(graph, node, HOST_RX_NEXT);
	return n;
}

static struct rte_node_register host_rx_node = {
	.name = "host_rx",
	.process = rx,
	.nb_edges = 2,
	.next_nodes = {RX_EDGES(NF_EDGE_NAME)},
};
RTE_NODE_REGISTER(host_rx_node)
