/* SPDX-License-Identifier: Apache-2.0 */
/* Outer headers: UDP with a correct checksum, IP with the inner packet's ECN, don't fragment. */
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include <nf/pkt.h>

#include "wg.h"

#define TTL 64
/* UDP and IPv6; the message header and Ethernet fit the rest of NF_PKT_HEADROOM */
#define OUTER_BYTES (sizeof(struct rte_udp_hdr) + sizeof(struct rte_ipv6_hdr))

/* Room was checked by outer_build(). */
static void *push(struct rte_mbuf *m, uint16_t bytes)
{
	m->data_off = (uint16_t)(m->data_off - bytes);
	m->data_len = (uint16_t)(m->data_len + bytes);
	m->pkt_len += bytes;
	return rte_pktmbuf_mtod(m, void *);
}

static bool choose_local(const struct wg_endpoint *e, uint8_t ret[16], const struct nf_port **ret_port)
{
	const struct nf_net *net = nf_net();
	struct nf_ip to = {.family = e->family};
	static const uint8_t none[16];
	memcpy(to.v6, e->remote, e->family == 4 ? 4 : 16);
	const struct nf_route *r = e->family == 4 ? nf_net_route4(net, to.v4) : nf_net_route6(net, to.v6);
	if (!r)
		return false;
	const struct nf_iface *iface = &net->iface[r->iface];
	*ret_port = nf_port(iface->port);
	memcpy(ret, e->local, 16);
	if (memcmp(e->local, none, 16) != 0)
		return true;
	struct nf_ip source = nf_iface_source(iface, &to);
	memcpy(ret, source.v6, 16);
	return source.family == e->family;
}

/* The message header behind UDP's: type, receiver, counter; or as much of another message. */
#define HEAD_WORDS 4u

/*
 * Of UDP's header and what follows. The first words were written a moment ago, some in smaller pieces, and a vector load
 * across them would wait until they have reached the cache: they are taken one by one, and the long rest at once.
 */
static uint32_t sum_datagram(const struct rte_udp_hdr *udp, uint32_t sum)
{
	const uint8_t *payload = (const uint8_t *)(udp + 1);
	uint32_t bytes = rte_be_to_cpu_16(udp->dgram_len) - (uint32_t)sizeof(*udp), word;
	uint64_t acc = (uint64_t)sum + udp->src_port + udp->dst_port + udp->dgram_len;
	if (bytes < HEAD_WORDS * 4)
		return nf_sum16(payload, bytes, (uint32_t)acc);
	for (uint32_t i = 0; i < HEAD_WORDS; i++) {
		memcpy(&word, payload + 4 * i, 4);
		acc += word;
	}
	acc = (acc & UINT32_MAX) + (acc >> 32);
	acc = (acc & 0xffff) + (acc >> 16);
	return nf_sum16(payload + HEAD_WORDS * 4, bytes - HEAD_WORDS * 4, (uint32_t)acc);
}

static void build4(struct rte_mbuf *m, const struct wg_endpoint *e, const uint8_t *local, uint8_t ecn, const struct nf_port *port)
{
	struct rte_ipv4_hdr *ip = push(m, sizeof(*ip));
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);
	memset(ip, 0, sizeof(*ip));
	ip->version_ihl = RTE_IPV4_VHL_DEF;
	ip->type_of_service = ecn;
	ip->total_length = rte_cpu_to_be_16((uint16_t)m->pkt_len);
	ip->fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG);
	ip->time_to_live = TTL;
	ip->next_proto_id = IPPROTO_UDP;
	memcpy(&ip->src_addr, local, 4);
	memcpy(&ip->dst_addr, e->remote, 4);
	m->l2_len = RTE_ETHER_HDR_LEN;
	m->l3_len = sizeof(*ip);
	if (port->csum_ip)
		m->ol_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM;
	else
		ip->hdr_checksum = nf_sum16_ipv4(ip);
	if (port->csum_udp && port->csum_ip) {
		m->ol_flags |= RTE_MBUF_F_TX_UDP_CKSUM;
		udp->dgram_cksum = rte_ipv4_phdr_cksum(ip, m->ol_flags);
		return;
	}
	uint32_t sum = (uint32_t)udp->dgram_len + rte_cpu_to_be_16(IPPROTO_UDP) + (ip->src_addr & 0xffff) + (ip->src_addr >> 16) +
		       (ip->dst_addr & 0xffff) + (ip->dst_addr >> 16);
	udp->dgram_cksum = nf_sum16_finish(sum_datagram(udp, sum));
	if (udp->dgram_cksum == 0)
		udp->dgram_cksum = 0xffff;
}

static void build6(struct rte_mbuf *m, const struct wg_endpoint *e, const uint8_t *local, uint8_t ecn, const struct nf_port *port)
{
	struct rte_ipv6_hdr *ip = push(m, sizeof(*ip));
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);
	ip->vtc_flow = rte_cpu_to_be_32(6u << 28 | (uint32_t)ecn << 20);
	ip->payload_len = udp->dgram_len;
	ip->proto = IPPROTO_UDP;
	ip->hop_limits = TTL;
	memcpy(ip->src_addr, local, 16);
	memcpy(ip->dst_addr, e->remote, 16);
	m->l2_len = RTE_ETHER_HDR_LEN;
	m->l3_len = sizeof(*ip);
	if (port->csum_udp) {
		m->ol_flags |= RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_UDP_CKSUM;
		udp->dgram_cksum = rte_ipv6_phdr_cksum(ip, m->ol_flags);
		return;
	}
	uint32_t sum = nf_sum16(ip->src_addr, 32, (uint32_t)udp->dgram_len + rte_cpu_to_be_16(IPPROTO_UDP));
	udp->dgram_cksum = nf_sum16_finish(sum_datagram(udp, sum));
	if (udp->dgram_cksum == 0)
		udp->dgram_cksum = 0xffff;
}

void outer_path_find(struct outer_path *ret, const struct wg_endpoint *to)
{
	ret->to = to;
	if (!choose_local(to, ret->local, &ret->port))
		ret->port = NULL;
}

bool outer_build(struct rte_mbuf *m, const struct outer_path *path, uint8_t ecn)
{
	const struct wg_endpoint *e = path->to;
	if (!path->port || rte_pktmbuf_headroom(m) < OUTER_BYTES)
		return false;
	struct rte_udp_hdr *udp = push(m, sizeof(*udp));
	udp->src_port = rte_cpu_to_be_16(e->local_port ? e->local_port : wg.options.listen[0]);
	udp->dst_port = rte_cpu_to_be_16(e->remote_port);
	udp->dgram_len = rte_cpu_to_be_16((uint16_t)m->pkt_len);
	udp->dgram_cksum = 0;
	if (e->family == 4)
		build4(m, e, path->local, ecn, path->port);
	else
		build6(m, e, path->local, ecn, path->port);
	struct nf_pkt *p = nf_pkt(m);
	p->ip_version = e->family;
	p->flags |= NF_PKT_LOCAL | NF_PKT_TUNNEL_OUT;
	return true;
}

void outer_send(const void *message, uint16_t bytes, const struct wg_endpoint *to)
{
	struct rte_mbuf *m = nf_pkt_alloc();
	struct outer_path path;
	if (!m)
		return;
	outer_path_find(&path, to);
	memcpy(rte_pktmbuf_append(m, bytes), message, bytes);
	if (outer_build(m, &path, 0))
		nf_inject(m, wg.edge_ip_route);
	else
		rte_pktmbuf_free(m);
}
