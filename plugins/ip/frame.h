/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ARP (RFC 826) and neighbour discovery (RFC 4861): parsing and building. Pure; any thread.
 */
#ifndef IP_FRAME_H
#define IP_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARP_BYTES     28
#define ND_BYTES      72 /* IPv6 header, NS or NA, one link-layer address option */
#define ARP_REQUEST   1
#define ARP_REPLY     2
#define ND_SOLICIT    135
#define ND_ADVERTISE  136

struct arp {
	uint16_t op;
	uint8_t sender_mac[6], sender_ip[4], target_mac[6], target_ip[4];
};
bool arp_parse(const uint8_t *data, size_t bytes, struct arp *ret);
void arp_build(uint8_t ret[ARP_BYTES], const struct arp *a);

struct nd {
	uint8_t type; /* ND_SOLICIT or ND_ADVERTISE */
	bool has_mac, solicited, overrides;
	uint8_t source[16], destination[16], target[16], mac[6];
};
/* From the IPv6 header on; length, checksum, options and hop limit are checked. */
bool nd_parse(const uint8_t *packet, size_t bytes, struct nd *ret);
void nd_build(uint8_t ret[ND_BYTES], const struct nd *n);
/* ff02::1:ffXX:XXXX and the MAC that goes with it. */
void nd_solicited_node(const uint8_t addr[16], uint8_t ret_group[16], uint8_t ret_mac[6]);

/* Internet checksum over an IPv6 pseudo header and `bytes` of payload; 0 when a filled-in one is right. */
uint16_t ip6_checksum(const uint8_t source[16], const uint8_t destination[16], uint8_t proto, const void *payload, size_t bytes);
uint16_t ip_checksum(const void *data, size_t bytes);

#endif
