/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What nodes know of a packet besides its bytes: struct nf_pkt, in the mbuf's private area, 64 bytes.
 *
 * Between `classify` and `neigh`, rte_pktmbuf_mtod() is the start of the L3 header: classify strips
 * Ethernet and VLAN, neigh (or a node that builds a frame itself) prepends them. mbufs have one
 * segment and at least NF_PKT_HEADROOM bytes before the frame; packets of several segments are
 * dropped and counted at rx. Owned by whichever node holds the mbuf; no other thread looks.
 */
#ifndef NF_PKT_H
#define NF_PKT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_mbuf.h>

#define NF_PKT_HEADROOM 128u
#define NF_PKT_TAILROOM 64u /* room that rx leaves behind the frame: tag and padding */

enum nf_pkt_flag {
	NF_PKT_LOCAL = 1 << 0,     /* made by this node (outer packet, ICMP, inject): no TTL decrement */
	NF_PKT_FROM_HOST = 1 << 1, /* came from the host TAP */
	NF_PKT_DECAPPED = 1 << 2,  /* came out of a tunnel; `peer` says whose */
	NF_PKT_HANDED = 1 << 3,    /* was handed to this worker by another */
	NF_PKT_L2_BROADCAST = 1 << 4, /* the frame was broadcast or multicast: no ICMP errors about it */
	NF_PKT_TUNNEL_OUT = 1 << 5,   /* an encapsulated packet on its way out */
	NF_PKT_CONTROL = 1 << 6,      /* a tunnel's own inner packet: passes to a closing peer, never carries ECN */
};

struct nf_pkt {
	uint16_t iface;       /* interface it came in on; from ip_route on: that it leaves by */
	uint16_t domain;      /* routing domain */
	uint16_t flags;       /* enum nf_pkt_flag */
	uint16_t drop;        /* counter to charge when it goes to `drop` (worker.h) */
	uint8_t ip_version;   /* 4 or 6: of the header at mtod */
	uint8_t l4_proto;     /* final protocol, as far as classify looked */
	uint16_t payload_off; /* from mtod to the UDP payload, for packets to a tunnel port */
	uint16_t payload_len; /* of the UDP payload */
	uint8_t resume;       /* edge to go on with after a hand-off */
	uint8_t worker;       /* hand-off target */
	uint32_t peer;        /* handle of the peer (table.h), 0: none */
	uint32_t close_token; /* of a goodbye: whose it is; 0 otherwise */
	uint32_t zero;
	union {
		uint32_t v4; /* network byte order */
		uint8_t v6[16];
	} next_hop;           /* set by ip_route for neigh */
	uint8_t src_mac[6];   /* of the received frame, for ARP and ND */
	uint8_t opaque[14];   /* between two nodes of one plugin */
};
_Static_assert(sizeof(struct nf_pkt) == 64, "one cache line");

static inline struct nf_pkt *nf_pkt(struct rte_mbuf *m)
{
	return (struct nf_pkt *)rte_mbuf_to_priv(m);
}

/* Returns owned: a packet from the calling lcore's or the management thread's pool, metadata zeroed; NULL: none left. */
struct rte_mbuf *nf_pkt_alloc(void);

/*
 * Packets with a close_token: fn is called on the worker for each that the driver of a port has taken.
 * NULL: nobody asks, and nobody looks. Mgmt; fn must stay callable until a grace period later.
 */
void nf_on_goodbye_left(void (*fn)(uint32_t close_token, uint16_t port));

/* Standard one's-complement sum over bytes, not inverted, any alignment; chain by `sum`. Pure. */
uint32_t nf_sum16(const void *data, uint32_t bytes, uint32_t sum);
/* Folds and inverts. */
uint16_t nf_sum16_finish(uint32_t sum);

/*
 * True if the checksum of an IPv4 header without options is right. A one's-complement sum is a remainder by 0xffff, of words
 * of any width, and what is to come out is 0xffff. Not for 20 bytes of zeros.
 */
static inline bool nf_sum16_ipv4_is_right(const void *header)
{
	uint64_t a, b;
	uint32_t c;
	memcpy(&a, header, 8);
	memcpy(&b, (const uint8_t *)header + 8, 8);
	memcpy(&c, (const uint8_t *)header + 16, 4);
	uint64_t sum = a + b;
	sum += sum < b;
	sum += c;
	sum += sum < c;
	return sum % 0xffff == 0;
}

/*
 * One hop less: IPv4's TTL with its checksum (RFC 1624), IPv6's hop limit. False: it was the last one, nothing has changed.
 */
static inline bool nf_ttl_decrement(uint8_t *ip, uint8_t version)
{
	uint32_t word;
	if (unlikely(version != 4))
		return ip[7] > 1 ? ip[7]--, true : false;
	memcpy(&word, ip + 8, 4); /* TTL, protocol, checksum */
	word = rte_le_to_cpu_32(word);
	if (unlikely((word & 0xff) <= 1))
		return false;
	uint64_t next = (uint64_t)word - 1 + (1u << 16);
	word = rte_cpu_to_le_32((uint32_t)(next + (next >> 32 << 16)));
	memcpy(ip + 8, &word, 4);
	return true;
}

#endif
