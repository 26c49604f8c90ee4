/* SPDX-License-Identifier: Apache-2.0 */
/* arp_input: answers requests for the interface's own addresses in place, learns from what it hears. */
#include <string.h>

#include <rte_graph.h>
#include <rte_graph_worker.h>

#include <nf/node.h>

#include "frame.h"
#include "ip.h"

#define EDGES(X) X(ARP_DROP, "drop")
enum { EDGES(NF_EDGE_ENUM) ARP_TX };

static inline bool has_address(const struct nf_iface *iface, const uint8_t addr[4])
{
	for (unsigned int i = 0; i < iface->n_addrs; i++)
		if (iface->addrs[i].family == 4 && memcmp(&iface->addrs[i].v4, addr, 4) == 0)
			return true;
	return false;
}

static inline rte_edge_t arp_one(struct rte_mbuf *m, const struct nf_net *net)
{
	struct nf_pkt *p = nf_pkt(m);
	const struct nf_iface *iface = &net->iface[p->iface];
	struct arp a;
	if (!arp_parse(rte_pktmbuf_mtod(m, const uint8_t *), m->pkt_len, &a)) {
		p->drop = ip_c.arp_malformed;
		return ARP_DROP;
	}
	bool for_us = has_address(iface, a.target_ip);
	resolver_heard(p->iface, 4, a.sender_ip, a.sender_mac, for_us);
	if (!for_us || a.op != ARP_REQUEST) {
		p->drop = for_us ? ip_c.arp_done : ip_c.arp_not_for_us;
		return ARP_DROP;
	}
	struct arp answer = {.op = ARP_REPLY};
	memcpy(answer.sender_mac, iface->mac, 6);
	memcpy(answer.sender_ip, a.target_ip, 4);
	memcpy(answer.target_mac, a.sender_mac, 6);
	memcpy(answer.target_ip, a.sender_ip, 4);
	arp_build(rte_pktmbuf_mtod(m, uint8_t *), &answer);
	rte_pktmbuf_trim(m, (uint16_t)(m->pkt_len - ARP_BYTES));
	ip_push_l2(m, iface, a.sender_mac, 0x0806);
	return (rte_edge_t)(ARP_TX + iface->port);
}

static uint16_t process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	const struct nf_net *net = nf_net();
	rte_edge_t next[NF_BURST_MAX];
	for (uint16_t i = 0; i < n; i++)
		next[i] = arp_one(objs[i], net);
	nf_dispatch(graph, node, objs, n, next);
	return n;
}

static struct rte_node_register arp_input_node = {
	.name = "arp_input",
	.process = process,
	.nb_edges = 1,
	.next_nodes = {EDGES(NF_EDGE_NAME)},
};
RTE_NODE_REGISTER(arp_input_node)
