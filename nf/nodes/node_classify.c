/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds out what a frame is: strips Ethernet and VLAN, finds the interface, checks the L3 header, and
 * sends own UDP to the plugins' matches, other own traffic to the host, the rest to the arcs. On ports
 * that do not spread flows by themselves it also picks the worker.
 */
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_graph.h>
#include <rte_graph_worker.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include <nf/pkt.h>

#include "nodes/nodes.h"

struct nf_classify_table nf_classify_table;

static struct {
	uint16_t runt, ethertype, not_our_mac, no_interface, bad_header, bad_checksum, bad_l4_checksum, not_ours;
	uint16_t multicast, bad_source, tunnel_unknown, no_taker, host_non_ip, nd_hop_limit, fragment;
} c;

static uint16_t drop_counter(const char *name, const char *help)
{
	return nf_counter_register("classify", name, NF_COUNTER_DROP, help);
}

void nf_classify_counters(void)
{
	c.runt = drop_counter("runt", "frame shorter than its headers");
	c.ethertype = drop_counter("ethertype_unknown", "neither ARP, IPv4 nor IPv6");
	c.not_our_mac = drop_counter("not_our_mac", "unicast frame for another station");
	c.no_interface = drop_counter("no_interface", "no interface is configured for this port and VLAN");
	c.bad_header = drop_counter("bad_ip_header", "IP version, header length or total length contradicts the frame");
	c.bad_checksum = drop_counter("bad_ip_checksum", "IPv4 header checksum is wrong");
	c.bad_l4_checksum = drop_counter("bad_l4_checksum", "the port says that the UDP or TCP checksum is wrong");
	c.not_ours = drop_counter("not_ours", "from wan, and not addressed to this node");
	c.multicast = drop_counter("multicast", "IP multicast or broadcast that nobody here takes");
	c.bad_source = drop_counter("bad_source", "source is multicast, loopback, or an address of this node");
	c.tunnel_unknown = drop_counter("tunnel_port_unknown", "to a tunnel port, but no message of a tunnel");
	c.no_taker = drop_counter("no_taker", "no loaded plugin takes this kind of packet");
	c.host_non_ip = drop_counter("host_non_ip", "non-IP frame from this host's kernel");
	c.nd_hop_limit = drop_counter("nd_hop_limit", "neighbour discovery from beyond the link");
	c.fragment = nf_counter_register("classify", "outer_fragment", NF_COUNTER_EVENT,
					 "fragment for an own address; the kernel reassembles it, tunnels do not take it");
}

static inline rte_edge_t drop(struct nf_pkt *p, uint16_t counter)
{
	p->drop = counter;
	return CLASSIFY_DROP;
}

static inline rte_edge_t to_class(struct nf_pkt *p, enum nf_class class)
{
	rte_edge_t edge = nf_classify_table.class_edge[class];
	return likely(edge) ? edge : drop(p, c.no_taker);
}

/* What packets of one port and VLAN have in common, and of one pair of IPv4 addresses: looked up once for a run of them. */
struct run {
	const struct nf_net *net;
	const struct nf_port *port; /* NULL: there was no packet yet */
	uint64_t mac;               /* of the port, as mac_at() */
	const struct nf_iface *iface; /* NULL: none is configured */
	uint16_t index, vlan;
	bool spreads;     /* the worker is chosen here */
	bool has_ends;
	bool bad_source, own_destination;
	uint64_t ends;    /* source, destination */
};

static inline uint64_t mac_at(const void *p)
{
	uint32_t front;
	uint16_t back;
	memcpy(&front, p, 4);
	memcpy(&back, (const uint8_t *)p + 4, 2);
	return front | (uint64_t)back << 32;
}

static inline const struct nf_iface *find_iface(const struct nf_net *net, uint16_t port, uint16_t vlan)
{
	for (unsigned int i = 0; i < NF_IFACE_MAX; i++)
		if (net->iface[i].in_use && net->iface[i].port == port && net->iface[i].vlan == vlan)
			return &net->iface[i];
	return NULL;
}

static inline uint32_t mix(uint32_t h, uint32_t v)
{
	h = (h ^ v) * 0x9e3779b1u;
	return h ^ (h >> 15);
}

/* The worker of a flow, where the port does not choose one. Words beyond the packet are not read. */
static inline uint32_t flow_hash(const struct rte_mbuf *m, const struct nf_pkt *p)
{
	const uint8_t *l3 = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t h = p->l4_proto, first = p->ip_version == 4 ? 12 : 8, end = p->ip_version == 4 ? 20 : 40;
	uint32_t word;
	for (uint32_t off = first; off < end; off += 4) {
		memcpy(&word, l3 + off, 4);
		h = mix(h, word);
	}
	if ((p->l4_proto == IPPROTO_UDP || p->l4_proto == IPPROTO_TCP) && m->pkt_len >= end + 4) {
		memcpy(&word, l3 + end, 4);
		h = mix(h, word);
	}
	/* Peers behind one relay or NAT share the outer flow: the receiver index tells them apart. */
	if (p->payload_len >= 8) {
		memcpy(&word, l3 + p->payload_off + 4, 4);
		h = mix(h, word);
	}
	return h;
}

static inline void begin_port(struct run *r, uint16_t index)
{
	r->port = nf_port(index);
	r->index = index;
	r->mac = mac_at(r->port->mac);
	r->vlan = 0;
	r->iface = find_iface(r->net, index, 0);
	r->spreads = !r->port->rss && nf_worker_count() > 1;
}

static inline rte_edge_t spread(struct rte_mbuf *m, struct nf_pkt *p, rte_edge_t edge)
{
	if (edge == CLASSIFY_DROP)
		return edge;
	p->worker = (uint8_t)(((uint64_t)flow_hash(m, p) * nf_worker_count()) >> 32);
	if (p->worker == nf_worker()->id)
		return edge;
	p->resume = (uint8_t)edge;
	return CLASSIFY_HANDOFF;
}

/* The first eight bytes of a payload as a big-endian number; what is not there is zero. */
static inline uint64_t long_head(const void *payload)
{
	uint64_t head;
	memcpy(&head, payload, sizeof(head));
	return rte_be_to_cpu_64(head);
}

static __rte_noinline uint64_t short_head(const void *payload, uint16_t bytes)
{
	uint64_t head = 0;
	memcpy(&head, payload, bytes);
	return rte_be_to_cpu_64(head);
}

/* A datagram to an own address: a tunnel's, or the host's. l4 points to the UDP header. */
static inline rte_edge_t own_udp(struct rte_mbuf *m, struct nf_pkt *p, uint32_t l4_off)
{
	const struct nf_classify_table *t = &nf_classify_table;
	const struct rte_udp_hdr *udp = rte_pktmbuf_mtod_offset(m, const struct rte_udp_hdr *, l4_off);
	if (m->pkt_len < l4_off + sizeof(*udp))
		return drop(p, c.runt);
	uint16_t port = rte_be_to_cpu_16(udp->dst_port), len = rte_be_to_cpu_16(udp->dgram_len);
	bool tunnel_port = false;
	if (len < sizeof(*udp) || len > m->pkt_len - l4_off)
		return drop(p, c.bad_header);
	p->payload_off = (uint16_t)(l4_off + sizeof(*udp));
	p->payload_len = (uint16_t)(len - sizeof(*udp));
	uint64_t head = p->payload_len < sizeof(head) ? short_head(udp + 1, p->payload_len) : long_head(udp + 1);
	for (unsigned int i = 0; i < t->n_matches; i++) {
		if (t->match[i].port != port)
			continue;
		tunnel_port = true;
		if ((head & t->match[i].mask) == t->match[i].value && p->payload_len >= t->match[i].min_len &&
		    p->payload_len <= t->match[i].max_len)
			return t->match_edge[i];
	}
	if (tunnel_port)
		return drop(p, c.tunnel_unknown);
	p->payload_len = 0;
	return to_class(p, NF_CLASS_HOST);
}

static inline rte_edge_t elsewhere(struct nf_pkt *p)
{
	if (p->iface == NF_IFACE_WAN) {
		rte_edge_t edge = nf_classify_table.class_edge[NF_CLASS_TRANSIT];
		return edge ? edge : drop(p, c.not_ours);
	}
	rte_edge_t edge = nf_classify_table.inbound_arc_edge;
	return edge ? edge : drop(p, c.no_taker);
}

static inline bool bad_source4(uint32_t be)
{
	uint32_t a = rte_be_to_cpu_32(be);
	return a >> 28 == 14 || a >> 24 == 127 || a == UINT32_MAX;
}

/* Both questions in one pass over the addresses. */
static inline void find_own4(const struct nf_net *net, const struct rte_ipv4_hdr *ip, bool *ret_source, bool *ret_destination)
{
	for (unsigned int i = 0; i < net->n_own4; i++) {
		*ret_source |= net->own4[i].v4 == ip->src_addr;
		*ret_destination |= net->own4[i].v4 == ip->dst_addr;
	}
}

static inline void look_at_ends4(struct run *r, const struct rte_ipv4_hdr *ip)
{
	uint64_t ends;
	memcpy(&ends, &ip->src_addr, sizeof(ends));
	if (r->has_ends && r->ends == ends)
		return;
	bool own_source = false, own_destination = false;
	find_own4(r->net, ip, &own_source, &own_destination);
	r->bad_source = own_source || bad_source4(ip->src_addr);
	r->own_destination = own_destination;
	r->ends = ends;
	r->has_ends = true;
}

static inline rte_edge_t classify4(struct rte_mbuf *m, struct nf_pkt *p, struct run *r)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *);
	if (m->pkt_len < sizeof(*ip))
		return drop(p, c.runt);
	uint32_t ihl = rte_ipv4_hdr_len(ip), total = rte_be_to_cpu_16(ip->total_length);
	if (ip->version_ihl >> 4 != 4 || ihl < sizeof(*ip) || total < ihl || total > m->pkt_len)
		return drop(p, c.bad_header);
	if (m->pkt_len > total)
		rte_pktmbuf_trim(m, (uint16_t)(m->pkt_len - total));
	if (unlikely(!(ihl == sizeof(*ip) ? nf_sum16_ipv4_is_right(ip) : nf_sum16_finish(nf_sum16(ip, ihl, 0)) == 0)))
		return drop(p, c.bad_checksum);
	p->ip_version = 4;
	p->l4_proto = ip->next_proto_id;
	if (p->flags & NF_PKT_FROM_HOST)
		return nf_classify_table.host_arc_edge ? nf_classify_table.host_arc_edge : drop(p, c.no_taker);
	look_at_ends4(r, ip);
	if (r->bad_source)
		return drop(p, c.bad_source);
	if (!r->own_destination) {
		uint32_t dst = rte_be_to_cpu_32(ip->dst_addr);
		if (dst >> 28 == 14 || dst == UINT32_MAX || (p->flags & NF_PKT_L2_BROADCAST))
			return drop(p, c.multicast);
		return elsewhere(p);
	}
	if (ip->fragment_offset & rte_cpu_to_be_16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)) {
		nf_count(c.fragment, 1);
		return to_class(p, NF_CLASS_HOST);
	}
	return ip->next_proto_id == IPPROTO_UDP ? own_udp(m, p, ihl) : to_class(p, NF_CLASS_HOST);
}

#define ND_FIRST 133
#define ND_LAST  137

static inline bool is_nd(const struct rte_mbuf *m, const struct rte_ipv6_hdr *ip)
{
	uint8_t type = *((const uint8_t *)(ip + 1));
	return ip->proto == IPPROTO_ICMPV6 && m->pkt_len > sizeof(*ip) && type >= ND_FIRST && type <= ND_LAST;
}

static inline rte_edge_t classify6(struct rte_mbuf *m, struct nf_pkt *p, const struct rte_ether_hdr *eth, const struct nf_net *net)
{
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv6_hdr *);
	if (m->pkt_len < sizeof(*ip))
		return drop(p, c.runt);
	uint32_t total = sizeof(*ip) + rte_be_to_cpu_16(ip->payload_len);
	if (*(const uint8_t *)ip >> 4 != 6 || total > m->pkt_len)
		return drop(p, c.bad_header);
	if (m->pkt_len > total)
		rte_pktmbuf_trim(m, (uint16_t)(m->pkt_len - total));
	p->ip_version = 6;
	p->l4_proto = ip->proto;
	if (p->flags & NF_PKT_FROM_HOST)
		return nf_classify_table.host_arc_edge ? nf_classify_table.host_arc_edge : drop(p, c.no_taker);
	if (ip->src_addr[0] == 0xff || nf_net_is_own6(net, ip->src_addr, NULL))
		return drop(p, c.bad_source);
	if (is_nd(m, ip)) {
		memcpy(p->src_mac, &eth->src_addr, RTE_ETHER_ADDR_LEN);
		return ip->hop_limits == 255 ? to_class(p, NF_CLASS_ND) : drop(p, c.nd_hop_limit);
	}
	if (nf_net_is_own6(net, ip->dst_addr, NULL))
		return ip->proto == IPPROTO_UDP ? own_udp(m, p, sizeof(*ip)) : to_class(p, NF_CLASS_HOST);
	if (ip->dst_addr[0] == 0xff || (p->flags & NF_PKT_L2_BROADCAST))
		return drop(p, c.multicast);
	return elsewhere(p);
}

static inline rte_edge_t by_ethertype(struct rte_mbuf *m, struct nf_pkt *p, const struct rte_ether_hdr *eth, struct run *r, uint16_t type)
{
	if (type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4))
		return classify4(m, p, r);
	if (type == rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV6))
		return classify6(m, p, eth, r->net);
	if (p->flags & NF_PKT_FROM_HOST)
		return drop(p, c.host_non_ip);
	memcpy(p->src_mac, &eth->src_addr, RTE_ETHER_ADDR_LEN);
	return type == rte_cpu_to_be_16(RTE_ETHER_TYPE_ARP) ? to_class(p, NF_CLASS_ARP) : drop(p, c.ethertype);
}

/* Strips Ethernet and VLAN; the VLAN id, or -1 for a frame too short. The type is in network byte order. */
static inline int strip_l2(struct rte_mbuf *m, const struct rte_ether_hdr *eth, uint16_t *ret_type)
{
	int vlan = m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED ? m->vlan_tci & 0xfff : 0;
	uint16_t bytes = sizeof(*eth);
	*ret_type = eth->ether_type;
	if (eth->ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN)) {
		const struct rte_vlan_hdr *tag = (const struct rte_vlan_hdr *)(eth + 1);
		bytes += sizeof(*tag);
		if (m->pkt_len < bytes)
			return -1;
		vlan = rte_be_to_cpu_16(tag->vlan_tci) & 0xfff;
		*ret_type = tag->eth_proto;
	}
	m->data_off = (uint16_t)(m->data_off + bytes);
	m->data_len = (uint16_t)(m->data_len - bytes);
	m->pkt_len -= bytes;
	return vlan;
}

/* False: the frame is for another station. */
static inline bool is_for_us(struct nf_pkt *p, const struct rte_ether_hdr *eth, const struct run *r)
{
	if (likely(mac_at(&eth->dst_addr) == r->mac))
		return true;
	if (rte_is_multicast_ether_addr(&eth->dst_addr))
		p->flags |= NF_PKT_L2_BROADCAST;
	return r->port->is_host || p->flags & NF_PKT_L2_BROADCAST;
}

static inline rte_edge_t classify_one(struct rte_mbuf *m, struct run *r)
{
	struct nf_pkt *p = nf_pkt(m);
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	uint16_t type;

	if (unlikely(!r->port || r->index != p->iface))
		begin_port(r, p->iface);
	if (unlikely(m->pkt_len < sizeof(*eth)))
		return drop(p, c.runt);
	if (unlikely(!is_for_us(p, eth, r)))
		return drop(p, c.not_our_mac);
	int vlan = strip_l2(m, eth, &type);
	if (unlikely(vlan < 0))
		return drop(p, c.runt);
	if (unlikely(vlan != r->vlan))
		r->iface = find_iface(r->net, r->index, r->vlan = (uint16_t)vlan);
	if (unlikely(!r->iface))
		return drop(p, c.no_interface);
	p->iface = r->iface->id;
	p->domain = r->iface->domain;
	if (r->port->is_host)
		p->flags |= NF_PKT_FROM_HOST;
	if (unlikely((m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_BAD))
		return drop(p, c.bad_l4_checksum);
	m->ol_flags = 0;
	rte_edge_t edge = by_ethertype(m, p, eth, r, type);
	return r->spreads ? spread(m, p, edge) : edge;
}

static uint16_t classify_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	struct run r = {.net = nf_net()};
	rte_edge_t next[NF_BURST_MAX];
	for (uint16_t i = 0; i < n; i++)
		next[i] = classify_one(objs[i], &r);
	nf_dispatch(graph, node, objs, n, next);
	return n;
}

static struct rte_node_register classify_node = {
	.name = "classify",
	.process = classify_process,
	.nb_edges = 2,
	.next_nodes = {"drop", "handoff"},
};
RTE_NODE_REGISTER(classify_node)
