/* SPDX-License-Identifier: Apache-2.0 */
/* neigh: from the next hop to a MAC; prepends Ethernet and goes to the port's tx node, or waits. */
#include <string.h>

#include <rte_graph.h>
#include <rte_graph_worker.h>

#include <nf/node.h>

#include "ip.h"

#define EDGES(X) X(NEIGH_DROP, "drop")
enum { EDGES(NF_EDGE_ENUM) NEIGH_TX };

/* The frame header towards a next hop, made once for a run of packets to it. */
struct hop {
	uint16_t iface;
	uint8_t version;  /* 0: none was made yet */
	bool known;       /* there is a MAC */
	uint8_t to[16];
	struct ip_l2 l2;
	rte_edge_t edge;
};

static inline bool is_of(const struct hop *h, const struct nf_pkt *p)
{
	if (h->version != p->ip_version || h->iface != p->iface)
		return false;
	return p->ip_version == 4 ? memcmp(h->to, p->next_hop.v6, 4) == 0 : memcmp(h->to, p->next_hop.v6, 16) == 0;
}

static __rte_noinline void find_hop(struct hop *h, const struct nf_pkt *p, const struct nf_iface *iface)
{
	uint8_t mac[6];
	h->iface = p->iface;
	h->version = p->ip_version;
	memcpy(h->to, p->next_hop.v6, p->ip_version == 4 ? 4 : 16);
	h->known = resolver_find(p->iface, p->ip_version, p->next_hop.v6, mac);
	if (h->known)
		ip_l2_make(&h->l2, iface, mac, p->ip_version == 4 ? 0x0800 : 0x86dd);
	h->edge = (rte_edge_t)(NEIGH_TX + iface->port);
}

/* False: the packet waits, and is no longer ours. */
static __rte_noinline bool wait(struct rte_mbuf *m, rte_edge_t *ret_edge)
{
	if (resolver_wait(m))
		return false;
	nf_pkt(m)->drop = ip_c.neigh_queue_full;
	*ret_edge = NEIGH_DROP;
	return true;
}

static uint16_t process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	const struct nf_net *net = nf_net();
	rte_edge_t next[NF_BURST_MAX];
	void *kept[NF_BURST_MAX];
	struct hop hop = {.version = 0};
	uint16_t k = 0;
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = objs[i];
		const struct nf_pkt *p = nf_pkt(m);
		if (!is_of(&hop, p))
			find_hop(&hop, p, &net->iface[p->iface]);
		next[k] = hop.edge;
		if (unlikely(!hop.known) && !wait(m, &next[k]))
			continue;
		if (likely(hop.known))
			ip_l2_push(m, &hop.l2);
		kept[k++] = m;
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
