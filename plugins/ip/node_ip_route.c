/* SPDX-License-Identifier: Apache-2.0 */
/* ip_route: end of the outbound and host arcs; own address → host, else TTL, route, MTU, next hop. */
#include <string.h>

#include <rte_graph.h>
#include <rte_graph_worker.h>

#include <nf/icmp_error.h>
#include <nf/node.h>

#include "ip.h"

#define EDGES(X)                  \
	X(ROUTE_DROP, "drop")      \
	X(ROUTE_NEIGH, "neigh")    \
	X(ROUTE_HOST, "host_tx")   \
	X(ROUTE_ICMP, "icmp_error")
enum { EDGES(NF_EDGE_ENUM) };

static inline rte_edge_t refuse(struct nf_pkt *p, enum nf_icmp_what what, uint16_t mtu, uint16_t counter)
{
	nf_icmp_want(p, what, mtu, counter);
	return ROUTE_ICMP;
}

static inline bool decrement_ttl(uint8_t *ip, uint8_t version)
{
	uint8_t *ttl = version == 4 ? ip + 8 : ip + 7;
	if (*ttl <= 1)
		return false;
	--*ttl;
	if (version == 4) { /* RFC 1624 */
		uint32_t sum = ((uint32_t)ip[10] << 8 | ip[11]) + 0x100;
		sum = (sum & 0xffff) + (sum >> 16);
		ip[10] = (uint8_t)(sum >> 8);
		ip[11] = (uint8_t)sum;
	}
	return true;
}

static inline bool must_not_forward(const uint8_t *dst, uint8_t version)
{
	if (version == 4)
		return dst[0] >= 224 || dst[0] == 127 || dst[0] == 0 || (dst[0] == 169 && dst[1] == 254);
	return dst[0] == 0xff || (dst[0] == 0xfe && (dst[1] & 0xc0) == 0x80);
}

static inline rte_edge_t route_one(struct rte_mbuf *m, const struct nf_net *net)
{
	struct nf_pkt *p = nf_pkt(m);
	uint8_t *ip = rte_pktmbuf_mtod(m, uint8_t *), *dst = ip + (p->ip_version == 4 ? 16 : 24);
	bool ours = p->flags & (NF_PKT_LOCAL | NF_PKT_FROM_HOST);
	uint32_t v4;
	memcpy(&v4, dst, 4);
	if (!(p->flags & NF_PKT_TUNNEL_OUT) &&
	    (p->ip_version == 4 ? nf_net_is_own4(net, v4, NULL) : nf_net_is_own6(net, dst, NULL)))
		return ROUTE_HOST;
	if (must_not_forward(dst, p->ip_version)) {
		p->drop = ip_c.forward_refused;
		return ROUTE_DROP;
	}
	if (!ours && !decrement_ttl(ip, p->ip_version))
		return refuse(p, NF_ICMP_TIME_EXCEEDED, 0, ip_c.ttl);
	const struct nf_route *r = p->ip_version == 4 ? nf_net_route4(net, v4) : nf_net_route6(net, dst);
	if (unlikely(!r))
		return refuse(p, NF_ICMP_HOST_UNREACHABLE, 0, ip_c.no_route);
	if (unlikely(m->pkt_len > net->iface[r->iface].mtu))
		return refuse(p, NF_ICMP_TOO_BIG, net->iface[r->iface].mtu, ip_c.too_big);
	p->iface = r->iface;
	memcpy(p->next_hop.v6, r->via.family ? r->via.v6 : dst, p->ip_version == 4 ? 4 : 16);
	return ROUTE_NEIGH;
}

static uint16_t process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	const struct nf_net *net = nf_net();
	rte_edge_t next[NF_BURST_MAX];
	for (uint16_t i = 0; i < n; i++)
		next[i] = route_one(objs[i], net);
	nf_dispatch(graph, node, objs, n, next);
	return n;
}

static struct rte_node_register ip_route_node = {
	.name = "ip_route",
	.process = process,
	.nb_edges = 4,
	.next_nodes = {EDGES(NF_EDGE_NAME)},
};
RTE_NODE_REGISTER(ip_route_node)
