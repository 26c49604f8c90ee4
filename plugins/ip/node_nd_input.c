/* SPDX-License-Identifier: Apache-2.0 */
/* nd_input: answers solicitations for the interface's own addresses, learns from advertisements. */
#include <string.h>

#include <rte_graph.h>
#include <rte_graph_worker.h>

#include <nf/node.h>

#include "frame.h"
#include "ip.h"

#define EDGES(X) X(ND_DROP, "drop")
enum { EDGES(NF_EDGE_ENUM) ND_TX };

static inline bool has_address(const struct nf_iface *iface, const uint8_t addr[16])
{
	for (unsigned int i = 0; i < iface->n_addrs; i++)
		if (iface->addrs[i].family == 6 && memcmp(iface->addrs[i].v6, addr, 16) == 0)
			return true;
	return memcmp(iface->link_local.v6, addr, 16) == 0;
}

static inline rte_edge_t answer(struct rte_mbuf *m, const struct nf_iface *iface, const struct nd *q)
{
	static const uint8_t unspecified[16];
	struct nd a = {.type = ND_ADVERTISE, .overrides = true, .solicited = true};
	uint8_t mac[6];
	memcpy(a.source, q->target, 16);
	memcpy(a.target, q->target, 16);
	memcpy(a.mac, iface->mac, 6);
	memcpy(a.destination, q->source, 16);
	memcpy(mac, nf_pkt(m)->src_mac, 6);
	if (memcmp(q->source, unspecified, 16) == 0) { /* somebody probes our address: all shall hear (RFC 4861 §7.2.4) */
		static const uint8_t all_nodes[16] = {0xff, 2, [15] = 1}, all_mac[6] = {0x33, 0x33, 0, 0, 0, 1};
		memcpy(a.destination, all_nodes, 16);
		memcpy(mac, all_mac, 6);
		a.solicited = false;
	}
	rte_pktmbuf_trim(m, (uint16_t)m->pkt_len);
	nd_build((uint8_t *)rte_pktmbuf_append(m, ND_BYTES), &a);
	ip_push_l2(m, iface, mac, 0x86dd);
	return (rte_edge_t)(ND_TX + iface->port);
}

static inline rte_edge_t nd_one(struct rte_mbuf *m, const struct nf_net *net)
{
	struct nf_pkt *p = nf_pkt(m);
	const struct nf_iface *iface = &net->iface[p->iface];
	struct nd q;
	p->drop = ip_c.nd_malformed;
	if (!nd_parse(rte_pktmbuf_mtod(m, const uint8_t *), m->pkt_len, &q))
		return ND_DROP;
	p->drop = ip_c.nd_done;
	if (q.type == ND_ADVERTISE) {
		if (q.has_mac)
			resolver_heard(p->iface, 6, q.target, q.mac, false);
		return ND_DROP;
	}
	if (!has_address(iface, q.target))
		return ND_DROP;
	if (q.has_mac)
		resolver_heard(p->iface, 6, q.source, q.mac, true);
	return answer(m, iface, &q);
}

static uint16_t process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	const struct nf_net *net = nf_net();
	rte_edge_t next[NF_BURST_MAX];
	for (uint16_t i = 0; i < n; i++)
		next[i] = nd_one(objs[i], net);
	nf_dispatch(graph, node, objs, n, next);
	return n;
}

static struct rte_node_register nd_input_node = {
	.name = "nd_input",
	.process = process,
	.nb_edges = 1,
	.next_nodes = {EDGES(NF_EDGE_NAME)},
};
RTE_NODE_REGISTER(nd_input_node)
