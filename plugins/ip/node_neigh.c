/* SPDX-License-Identifier: Apache-2.0 */
/* neigh: from the next hop to a MAC; prepends Ethernet and goes to the port's tx node, or waits. */
#include <rte_graph.h>
#include <rte_graph_worker.h>

#include <nf/node.h>

#include "ip.h"

#define EDGES(X) X(NEIGH_DROP, "drop")
enum { EDGES(NF_EDGE_ENUM) NEIGH_TX };

static uint16_t process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	const struct nf_net *net = nf_net();
	rte_edge_t next[NF_BURST_MAX];
	void *kept[NF_BURST_MAX];
	uint16_t k = 0;
	uint8_t mac[6];
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = objs[i];
		struct nf_pkt *p = nf_pkt(m);
		const struct nf_iface *iface = &net->iface[p->iface];
		if (likely(resolver_find(p->iface, p->ip_version, p->next_hop.v6, mac))) {
			ip_push_l2(m, iface, mac, p->ip_version == 4 ? 0x0800 : 0x86dd);
			next[k] = (rte_edge_t)(NEIGH_TX + iface->port);
			kept[k++] = m;
		} else if (!resolver_wait(m)) {
			p->drop = ip_c.neigh_queue_full;
			next[k] = NEIGH_DROP;
			kept[k++] = m;
		}
	}
	nf_dispatch_kept(graph, node, objs, n, kept, k, next);
	return n;
}

static struct rte_node_register neigh_node = {
	.name = "neigh",
	.process = process,
	.nb_edges = 1,
	.next_nodes = {EDGES(NF_EDGE_NAME)},
};
RTE_NODE_REGISTER(neigh_node)
