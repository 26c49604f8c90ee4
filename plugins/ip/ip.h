/* SPDX-License-Identifier: Apache-2.0 */
/* What the plugin's DPDK side shares. W: workers, M: management thread. */
#ifndef IP_IP_H
#define IP_IP_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_mbuf.h>

#include <nf/iface.h>
#include <nf/pkt.h>
#include <nf/worker.h>

/* Edge of a node towards port p's tx is its first tx edge + p. */
struct ip_counters {
	uint16_t no_route, ttl, too_big, forward_refused, neigh_queue_full, neigh_unresolved, arp_malformed, arp_not_for_us, arp_done,
		nd_malformed, nd_done, icmp_unanswerable, icmp_rate_limited, icmp_sent, inner_malformed, inner_control, host_off,
		host_too_big;
};
extern struct ip_counters ip_c;
extern uint32_t ip_icmp_per_s; /* writer: M; readers: W */


/* resolver.c */
int resolver_init(uint32_t most);
void resolver_fini(void);
int resolver_place(void);
/* W: the neighbour's MAC; false: not known (yet). ret_stale: tell M that it is in use. */
bool resolver_find(uint16_t iface, uint8_t family, const uint8_t *addr, uint8_t ret_mac[6]);
/* W: takes m, which waits for its next hop; false: the ring is full, m stays the caller's. */
bool resolver_wait(struct rte_mbuf *m);
/* W: somebody said where it is. create: also when nobody asked. */
void resolver_heard(uint16_t iface, uint8_t family, const uint8_t *addr, const uint8_t mac[6], bool create);

/* Ethernet and perhaps VLAN. */
struct ip_l2 {
	uint8_t bytes[18];
	uint8_t size;
};

static inline void ip_l2_make(struct ip_l2 *ret, const struct nf_iface *iface, const uint8_t dst[6], uint16_t ethertype)
{
	uint8_t *e = ret->bytes;
	ret->size = iface->vlan ? 18 : 14;
	memcpy(e, dst, 6);
	memcpy(e + 6, iface->mac, 6);
	if (iface->vlan) {
		e[12] = 0x81;
		e[13] = 0x00;
		e[14] = (uint8_t)(iface->vlan >> 8);
		e[15] = (uint8_t)iface->vlan;
	}
	e[ret->size - 2] = (uint8_t)(ethertype >> 8);
	e[ret->size - 1] = (uint8_t)ethertype;
}

/* W: in front of mtod. */
static inline void ip_l2_push(struct rte_mbuf *m, const struct ip_l2 *l2)
{
	uint8_t *e = (uint8_t *)rte_pktmbuf_prepend(m, l2->size);
	if (l2->size == 14)
		memcpy(e, l2->bytes, 14);
	else
		memcpy(e, l2->bytes, 18);
	if (unlikely(m->ol_flags)) /* a port that sums needs to know where the headers are */
		m->l2_len = l2->size == 14 ? 14 : 18;
}

static inline void ip_push_l2(struct rte_mbuf *m, const struct nf_iface *iface, const uint8_t dst[6], uint16_t ethertype)
{
	struct ip_l2 l2;
	ip_l2_make(&l2, iface, dst, ethertype);
	ip_l2_push(m, &l2);
}

#endif
