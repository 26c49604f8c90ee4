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

static inline uint8_t ip_ecn(const uint8_t *ip)
{
	return ip[0] >> 4 == 4 ? ip[1] & 3 : ip[1] >> 4 & 3;
}

#endif
