/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wg_peer_lookup: end of the inbound arc; finds the peer of a packet from the LAN by its destination.
 * wg_host_lookup: on the host arc; only packets that this host sends from its LAN address may enter a
 * tunnel, so that allowed-IPs of 0.0.0.0/0 never swallow the node's own traffic towards the WAN.
 */
#include <rte_graph.h>
#include <rte_graph_worker.h>

#include <nf/icmp_error.h>
#include <nf/node.h>
#include <nf/pkt.h>

#include "nodes.h"
#include "wg.h"

#define EDGES(X)                  \
	X(WG_LOOKUP_DROP, "drop")  \
	X(WG_LOOKUP_ENCAP, "wg_encap") \
	X(WG_LOOKUP_ICMP, "icmp_error")
enum { EDGES(NF_EDGE_ENUM) };

#define HOST_EDGES(X)                   \
	X(WG_HOST_DROP, "drop")          \
	X(WG_HOST_NEXT, "arc:host")      \
	X(WG_HOST_ENCAP, "wg_encap")     \
	X(WG_HOST_ICMP, "icmp_error")
enum { HOST_EDGES(NF_EDGE_ENUM) };

static inline rte_edge_t refuse(struct nf_pkt *p, enum nf_icmp_what what, uint16_t mtu, uint16_t counter)
{
	nf_icmp_want(p, what, mtu, counter);
	return WG_LOOKUP_ICMP;
}

static inline const uint8_t *destination(struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod(m, const uint8_t *) + (nf_pkt(m)->ip_version == 4 ? 16 : 24);
}

static inline struct wg_peer *find_peer(const struct nf_pkt *p, const uint8_t *ip)
{
	uint32_t handle = wg_allowed_lookup(&wg.allowed, p->ip_version, ip + (p->ip_version == 4 ? 16 : 24));
	return handle ? wg_peer_get(handle) : NULL;
}

static inline rte_edge_t admit(struct rte_mbuf *m, struct nf_pkt *p, uint8_t *ip, struct wg_peer *peer)
{
	if (unlikely(m->pkt_len > peer->inner_mtu)) {
		bool may_fragment = p->ip_version == 4 && !(ip[6] & 0x40);
		return refuse(p, NF_ICMP_TOO_BIG, peer->inner_mtu, may_fragment ? wg.c.fragment_needed_v4 : wg.c.too_big);
	}
	if (!(p->flags & NF_PKT_FROM_HOST) && !nf_ttl_decrement(ip, p->ip_version))
		return refuse(p, NF_ICMP_TIME_EXCEEDED, 0, wg.c.ttl);
	p->peer = peer->handle;
	return WG_LOOKUP_ENCAP;
}

static inline rte_edge_t lookup_one(struct rte_mbuf *m, struct wg_peer *peer)
{
	struct nf_pkt *p = nf_pkt(m);
	uint8_t *ip = rte_pktmbuf_mtod(m, uint8_t *);
	if (unlikely(p->ip_version == 6 && wg_control_event(ip, m->pkt_len) >= 0)) {
		p->drop = wg.c.control_from_lan;
		return WG_LOOKUP_DROP;
	}
	return likely(peer) ? admit(m, p, ip, peer) : refuse(p, NF_ICMP_HOST_UNREACHABLE, 0, wg.c.no_peer);
}

/* Whose a destination is; asked once for a run of packets to it. */
struct way {
	uint8_t version; /* 0: nobody asked yet */
	uint8_t to[16];
	struct wg_peer *peer;
};

static inline struct wg_peer *peer_of(struct way *w, struct rte_mbuf *m)
{
	uint8_t version = nf_pkt(m)->ip_version;
	const uint8_t *to = destination(m);
	if (w->version == version && wg_same_address(w->to, to, version))
		return w->peer;
	w->version = version;
	memcpy(w->to, to, version == 4 ? 4 : 16);
	uint32_t handle = wg_allowed_lookup(&wg.allowed, version, to);
	return w->peer = wg_peer_get(handle);
}

/* Address → handle → slot → peer: each step's line is fetched for the whole burst before the next step reads it. */
static inline void find_peers(void **objs, uint16_t n, struct wg_peer **ret_peers)
{
	uint32_t handles[NF_BURST_MAX];
	for (uint16_t i = 0; i < n; i++)
		wg_allowed_prefetch(&wg.allowed, nf_pkt(objs[i])->ip_version, destination(objs[i]));
	for (uint16_t i = 0; i < n; i++) {
		handles[i] = wg_allowed_lookup(&wg.allowed, nf_pkt(objs[i])->ip_version, destination(objs[i]));
		rte_prefetch0(&wg.peers.slots[NF_HANDLE_INDEX(handles[i])]);
	}
	for (uint16_t i = 0; i < n; i++) {
		ret_peers[i] = wg_peer_get(handles[i]);
		rte_prefetch0(ret_peers[i]);
	}
}

static inline void lookup_many(void **objs, uint16_t n, rte_edge_t *ret_next)
{
	struct wg_peer *peers[NF_BURST_MAX];
	find_peers(objs, n, peers);
	for (uint16_t i = 0; i < n; i++)
		ret_next[i] = lookup_one(objs[i], peers[i]);
}

static inline void lookup_few(void **objs, uint16_t n, rte_edge_t *ret_next)
{
	struct way way = {.version = 0};
	for (uint16_t i = 0; i < n; i++)
		ret_next[i] = lookup_one(objs[i], peer_of(&way, objs[i]));
}

static uint16_t lookup(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	rte_edge_t next[NF_BURST_MAX];
	if (wg_peers_are_many())
		lookup_many(objs, n, next);
	else
		lookup_few(objs, n, next);
	nf_dispatch(graph, node, objs, n, next);
	return n;
}

static inline bool from_lan_address(const struct nf_net *net, const struct nf_pkt *p, const uint8_t *ip)
{
	uint16_t iface;
	uint32_t v4;
	memcpy(&v4, ip + 12, 4);
	bool own = p->ip_version == 4 ? nf_net_is_own4(net, v4, &iface) : nf_net_is_own6(net, ip + 8, &iface);
	return own && iface == NF_IFACE_LAN;
}

static inline rte_edge_t host_one(struct rte_mbuf *m, const struct nf_net *net)
{
	static const rte_edge_t edge_of[] = {
		[WG_LOOKUP_DROP] = WG_HOST_DROP, [WG_LOOKUP_ENCAP] = WG_HOST_ENCAP, [WG_LOOKUP_ICMP] = WG_HOST_ICMP};
	struct nf_pkt *p = nf_pkt(m);
	uint8_t *ip = rte_pktmbuf_mtod(m, uint8_t *);
	struct wg_peer *peer = from_lan_address(net, p, ip) ? find_peer(p, ip) : NULL;
	return peer ? edge_of[admit(m, p, ip, peer)] : WG_HOST_NEXT;
}

static uint16_t host_lookup(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	const struct nf_net *net = nf_net();
	rte_edge_t next[NF_BURST_MAX];
	for (uint16_t i = 0; i < n; i++)
		next[i] = host_one(objs[i], net);
	nf_dispatch(graph, node, objs, n, next);
	return n;
}

static struct rte_node_register wg_lookup_node = {
	.name = "wg_peer_lookup",
	.process = lookup,
	.nb_edges = 3,
	.next_nodes = {EDGES(NF_EDGE_NAME)},
};
RTE_NODE_REGISTER(wg_lookup_node)

static struct rte_node_register wg_host_lookup_node = {
	.name = "wg_host_lookup",
	.process = host_lookup,
	.nb_edges = 4,
	.next_nodes = {HOST_EDGES(NF_EDGE_NAME)},
};
RTE_NODE_REGISTER(wg_host_lookup_node)
