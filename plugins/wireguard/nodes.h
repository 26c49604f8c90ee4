/* SPDX-License-Identifier: Apache-2.0 */
/* Helpers that several of the plugin's nodes share. Workers. */
#ifndef WG_NODES_H
#define WG_NODES_H

#include <string.h>

#include <rte_ip.h>
#include <rte_udp.h>

#include <nf/pkt.h>

#include "wg.h"

/* Outer addresses of a received datagram; mtod is its IP header. */
static inline void wg_endpoint_of(const struct rte_mbuf *m, const struct nf_pkt *p, struct wg_endpoint *ret)
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);
	const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)(ip + p->payload_off - sizeof(*udp));
	memset(ret, 0, sizeof(*ret));
	ret->family = p->ip_version;
	ret->remote_port = rte_be_to_cpu_16(udp->src_port);
	ret->local_port = rte_be_to_cpu_16(udp->dst_port);
	if (p->ip_version == 4) {
		memcpy(ret->remote, ip + 12, 4);
		memcpy(ret->local, ip + 16, 4);
	} else {
		memcpy(ret->remote, ip + 8, 16);
		memcpy(ret->local, ip + 24, 16);
	}
}

static inline bool wg_same_address(const uint8_t *a, const uint8_t *b, uint8_t version)
{
	return version == 4 ? memcmp(a, b, 4) == 0 : memcmp(a, b, 16) == 0; /* constant sizes: no call */
}

/* An endpoint as the headers of its packets show it. */
struct wg_wire_endpoint {
	uint8_t family;        /* 0: unknown, no packet comes from there */
	uint8_t ports[4];      /* source, destination */
	uint8_t addresses[32]; /* likewise; of IPv4 the first 8 bytes */
};

/* e may be NULL. */
static inline void wg_wire_endpoint(const struct wg_endpoint *e, struct wg_wire_endpoint *ret)
{
	ret->family = e ? e->family : 0;
	if (!e)
		return;
	uint16_t ports[2] = {rte_cpu_to_be_16(e->remote_port), rte_cpu_to_be_16(e->local_port)};
	memcpy(ret->ports, ports, 4);
	memcpy(ret->addresses, e->remote, 16);
	memcpy(ret->addresses + (e->family == 4 ? 4 : 16), e->local, 16);
}

/* True: the datagram, whose IP header mtod is, came from there to there. */
static inline bool wg_comes_from(const struct rte_mbuf *m, const struct nf_pkt *p, const struct wg_wire_endpoint *e)
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *), *udp = ip + p->payload_off - sizeof(struct rte_udp_hdr);
	if (p->ip_version != e->family || memcmp(udp, e->ports, 4) != 0)
		return false;
	return e->family == 4 ? memcmp(ip + 12, e->addresses, 8) == 0 : memcmp(ip + 8, e->addresses, 32) == 0;
}

static inline uint8_t ip_ecn(const uint8_t *ip)
{
	return ip[0] >> 4 == 4 ? ip[1] & 3 : ip[1] >> 4 & 3;
}

#endif
