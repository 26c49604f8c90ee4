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

static inline bool must_not_forward(const uint8_t *dst, uint8_t version)
{
	if (version == 4)
		return dst[0] >= 224 || dst[0] == 127 || dst[0] == 0 || (dst[0] == 169 && dst[1] == 254);
	return dst[0] == 0xff || (dst[0] == 0xfe && (dst[1] & 0xc0) == 0x80);
}

/* Where a destination leads, asked once for a run of packets to it. */
struct way {
	uint8_t version;              /* 0: nobody asked yet */
	bool tunnelled;               /* an outer packet: not for this host, even if the address is its own */
	uint8_t to[16];
	rte_edge_t edge;              /* ROUTE_NEIGH: there is no objection so far */
	const struct nf_route *route; /* NULL: none leads there */
};

static inline bool same_address(const uint8_t *a, const uint8_t *b, uint8_t version)
{
	return version == 4 ? memcmp(a, b, 4) == 0 : memcmp(a, b, 16) == 0; /* constant sizes: no call */
}

static inline bool is_own(const struct nf_net *net, const uint8_t *dst, uint8_t version)
{
	uint32_t v4;
	memcpy(&v4, dst, 4);
	return version == 4 ? nf_net_is_own4(net, v4, NULL) : nf_net_is_own6(net, dst, NULL);
}

static __rte_noinline void find_way(struct way *w, const struct nf_net *net, const uint8_t *dst, uint8_t version, bool tunnelled)
{
	uint32_t v4;
	memcpy(&v4, dst, 4);
	w->version = version;
	w->tunnelled = tunnelled;
	memcpy(w->to, dst, version == 4 ? 4 : 16);
	if (!tunnelled && is_own(net, dst, version))
		w->edge = ROUTE_HOST;
	else
		w->edge = must_not_forward(dst, version) ? ROUTE_DROP : ROUTE_NEIGH;
	w->route = version == 4 ? nf_net_route4(net, v4) : nf_net_route6(net, dst);
}

static inline rte_edge_t no_way(struct nf_pkt *p, const struct way *w)
{
	if (w->edge == ROUTE_DROP)
		p->drop = ip_c.forward_refused;
	return w->edge;
}

static inline rte_edge_t route_one(struct rte_mbuf *m, const struct nf_net *net, struct way *w)
{
	struct nf_pkt *p = nf_pkt(m);
	uint8_t version = p->ip_version, *ip = rte_pktmbuf_mtod(m, uint8_t *), *dst = ip + (version == 4 ? 16 : 24);
	bool ours = p->flags & (NF_PKT_LOCAL | NF_PKT_FROM_HOST), tunnelled = p->flags & NF_PKT_TUNNEL_OUT;
	if (w->version != version || w->tunnelled != tunnelled || !same_address(w->to, dst, version))
		find_way(w, net, dst, version, tunnelled);
	if (unlikely(w->edge != ROUTE_NEIGH))
		return no_way(p, w);
	if (!ours && !nf_ttl_decrement(ip, version))
		return refuse(p, NF_ICMP_TIME_EXCEEDED, 0, ip_c.ttl);
	const struct nf_route *r = w->route;
	if (unlikely(!r))
		return refuse(p, NF_ICMP_HOST_UNREACHABLE, 0, ip_c.no_route);
	if (unlikely(m->pkt_len > net->iface[r->iface].mtu))
		return refuse(p, NF_ICMP_TOO_BIG, net->iface[r->iface].mtu, ip_c.too_big);
	p->iface = r->iface;
	memcpy(p->next_hop.v6, r->via.family ? r->via.v6 : dst, version == 4 ? 4 : 16);
	return ROUTE_NEIGH;
}

static uint16_t process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	const struct nf_net *net = nf_net();
	rte_edge_t next[NF_BURST_MAX];
	struct way way = {.version = 0};
	for (uint16_t i = 0; i < n; i++)
		next[i] = route_one(objs[i], net, &way);
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
