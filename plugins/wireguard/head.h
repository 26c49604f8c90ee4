/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outer headers: IP and UDP in front of a message. What all packets of a path have in common is written and summed once;
 * a packet adds its length, its ECN, and the sum of its message. Sums are of 16-bit words as they lie in memory: a
 * one's-complement sum does not mind the byte order (RFC 1071 §2). Pure; any thread.
 */
#ifndef WG_HEAD_H
#define WG_HEAD_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define WG_HEAD4_BYTES   28u /* IPv4, UDP */
#define WG_HEAD6_BYTES   48u /* IPv6, UDP */
#define WG_HEAD_UDP      8u
#define WG_HEAD_TTL      64

struct wg_head {
	uint8_t family; /* 4 or 6; 0: none was made */
	uint8_t size;   /* bytes of both headers */
	/* false: the port fills it in; of IPv4's header it wants 0, of UDP's the sum of the pseudo header */
	bool sums_ip, sums_udp;
	uint64_t ip_sum;     /* IPv4's header, without length and ECN */
	uint64_t pseudo_sum; /* the pseudo header, without length */
	uint32_t ports_sum;
	uint8_t bytes[WG_HEAD6_BYTES]; /* lengths, ECN and checksums are 0 */
};

/* Addresses in the family's length; ports in host byte order. */
void wg_head_make(struct wg_head *ret, uint8_t family, const uint8_t *local, const uint8_t *remote, uint16_t local_port, uint16_t remote_port);

/* The upper half of a number and its halves exchanged is the sum of both halves, and its carry with it. */
static inline uint16_t wg_head_fold(uint64_t sum)
{
	sum += sum << 32 | sum >> 32;
	uint32_t half = (uint32_t)(sum >> 32);
	half += half << 16 | half >> 16;
	return (uint16_t)(half >> 16);
}

static inline uint16_t wg_head_be16(uint32_t v)
{
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? (uint16_t)v : __builtin_bswap16((uint16_t)v);
}

/* 0 means "no checksum" (RFC 768), so it is sent as its twin. */
static inline uint16_t wg_head_udp_checksum(const struct wg_head *h, uint16_t length, uint64_t message_sum)
{
	if (!h->sums_udp)
		return wg_head_fold(h->pseudo_sum + length);
	uint16_t c = (uint16_t)~wg_head_fold(h->pseudo_sum + h->ports_sum + 2u * length + message_sum);
	return c ? c : 0xffff;
}

/* Writes h->size bytes at `at`. ecn: its two bits; message_sum: not folded, and not looked at unless h->sums_udp. */
static inline void wg_head_put(uint8_t *at, const struct wg_head *h, uint32_t message_bytes, uint8_t ecn, uint64_t message_sum)
{
	uint16_t udp = wg_head_be16(message_bytes + WG_HEAD_UDP);
	uint16_t udp_checksum = wg_head_udp_checksum(h, udp, message_sum);
	if (h->family == 4) {
		uint16_t total = wg_head_be16(message_bytes + WG_HEAD4_BYTES);
		uint16_t checksum = h->sums_ip ? (uint16_t)~wg_head_fold(h->ip_sum + total + wg_head_be16(ecn)) : 0;
		memcpy(at, h->bytes, WG_HEAD4_BYTES);
		at[1] = ecn;
		memcpy(at + 2, &total, 2);
		memcpy(at + 10, &checksum, 2);
		memcpy(at + 24, &udp, 2);
		memcpy(at + 26, &udp_checksum, 2);
		return;
	}
	memcpy(at, h->bytes, WG_HEAD6_BYTES);
	at[1] = (uint8_t)(ecn << 4);
	memcpy(at + 4, &udp, 2);
	memcpy(at + 44, &udp, 2);
	memcpy(at + 46, &udp_checksum, 2);
}

#endif
