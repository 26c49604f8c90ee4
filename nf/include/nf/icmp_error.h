/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sending a packet to node "icmp_error" turns it into an answer to its sender: put a struct
 * nf_icmp_want into nf_pkt.opaque, leave the offending packet as it is (mtod: its IP header), and set
 * nf_pkt.drop to the counter that the packet's end is charged to. Errors are rate-limited and never sent
 * about ICMP errors, multicast, broadcast and later fragments.
 */
#ifndef NF_ICMP_ERROR_H
#define NF_ICMP_ERROR_H

#include <string.h>

#include <nf/pkt.h>

enum nf_icmp_what {
	NF_ICMP_HOST_UNREACHABLE = 1,
	NF_ICMP_TIME_EXCEEDED = 2,
	NF_ICMP_TOO_BIG = 3, /* with mtu */
	NF_ICMP_PROHIBITED = 4,
};

struct nf_icmp_want {
	uint8_t what; /* enum nf_icmp_what */
	uint8_t zero;
	uint16_t mtu;
};

static inline void nf_icmp_want(struct nf_pkt *p, enum nf_icmp_what what, uint16_t mtu, uint16_t drop)
{
	struct nf_icmp_want want = {.what = (uint8_t)what, .mtu = mtu};
	memcpy(p->opaque, &want, sizeof(want));
	p->drop = drop;
}

#endif
