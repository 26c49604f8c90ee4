/* SPDX-License-Identifier: Apache-2.0 */
#include "frame.h"

#include <string.h>

#define ICMPV6     58
#define IP6_HEADER 40
#define OPT_SOURCE_MAC 1
#define OPT_TARGET_MAC 2

static uint32_t sum(const void *data, size_t bytes, uint32_t acc)
{
	const uint8_t *p = data;
	for (; bytes > 1; bytes -= 2, p += 2)
		acc += (uint32_t)p[0] << 8 | p[1];
	return bytes ? acc + ((uint32_t)p[0] << 8) : acc;
}

static uint16_t finish(uint32_t acc)
{
	while (acc >> 16)
		acc = (acc & 0xffff) + (acc >> 16);
	return (uint16_t)~acc;
}

uint16_t ip_checksum(const void *data, size_t bytes)
{
	return finish(sum(data, bytes, 0));
}

uint16_t ip6_checksum(const uint8_t source[16], const uint8_t destination[16], uint8_t proto, const void *payload, size_t bytes)
{
	return finish(sum(payload, bytes, sum(source, 16, sum(destination, 16, proto + (uint32_t)bytes))));
}

static const uint8_t arp_prefix[6] = {0, 1, 8, 0, 6, 4}; /* Ethernet, IPv4, lengths */

bool arp_parse(const uint8_t *d, size_t bytes, struct arp *ret)
{
	if (bytes < ARP_BYTES || memcmp(d, arp_prefix, sizeof(arp_prefix)) != 0)
		return false;
	ret->op = (uint16_t)(d[6] << 8 | d[7]);
	memcpy(ret->sender_mac, d + 8, 6);
	memcpy(ret->sender_ip, d + 14, 4);
	memcpy(ret->target_mac, d + 18, 6);
	memcpy(ret->target_ip, d + 24, 4);
	return (ret->op == ARP_REQUEST || ret->op == ARP_REPLY) && !(ret->sender_mac[0] & 1);
}

void arp_build(uint8_t ret[ARP_BYTES], const struct arp *a)
{
	memcpy(ret, arp_prefix, sizeof(arp_prefix));
	ret[6] = (uint8_t)(a->op >> 8);
	ret[7] = (uint8_t)a->op;
	memcpy(ret + 8, a->sender_mac, 6);
	memcpy(ret + 14, a->sender_ip, 4);
	memcpy(ret + 18, a->target_mac, 6);
	memcpy(ret + 24, a->target_ip, 4);
}

/* Options are {type, length in 8 bytes, …}; a length of zero makes the whole message invalid. */
static bool parse_options(const uint8_t *o, size_t bytes, uint8_t wanted, struct nd *ret)
{
	while (bytes >= 8) {
		size_t n = (size_t)o[1] * 8;
		if (n == 0 || n > bytes)
			return false;
		if (o[0] == wanted && n == 8) {
			ret->has_mac = true;
			memcpy(ret->mac, o + 2, 6);
		}
		o += n;
		bytes -= n;
	}
	return bytes == 0 && !(ret->has_mac && ret->mac[0] & 1);
}

/* RFC 4861 §7.1.1 and §7.1.2: a station without an address says no MAC and asks the group; nobody answers a group by request. */
static bool nd_fits_its_addresses(const struct nd *n)
{
	static const uint8_t unspecified[16], prefix[13] = {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff};
	if (n->type == ND_ADVERTISE)
		return !(n->solicited && n->destination[0] == 0xff);
	if (memcmp(n->source, unspecified, 16) != 0)
		return true;
	return !n->has_mac && memcmp(n->destination, prefix, sizeof(prefix)) == 0;
}

bool nd_parse(const uint8_t *p, size_t bytes, struct nd *ret)
{
	size_t payload = bytes >= IP6_HEADER ? (size_t)(p[4] << 8 | p[5]) : 0;
	const uint8_t *icmp = p + IP6_HEADER;
	memset(ret, 0, sizeof(*ret));
	if (payload < 24 || bytes < IP6_HEADER + payload || p[6] != ICMPV6 || p[7] != 255 || icmp[1] != 0)
		return false;
	if (ip6_checksum(p + 8, p + 24, ICMPV6, icmp, payload) != 0)
		return false;
	ret->type = icmp[0];
	if ((ret->type != ND_SOLICIT && ret->type != ND_ADVERTISE) || icmp[8] == 0xff)
		return false;
	memcpy(ret->source, p + 8, 16);
	memcpy(ret->destination, p + 24, 16);
	memcpy(ret->target, icmp + 8, 16);
	ret->solicited = ret->type == ND_ADVERTISE && icmp[4] & 0x40;
	ret->overrides = ret->type == ND_ADVERTISE && icmp[4] & 0x20;
	return parse_options(icmp + 24, payload - 24, ret->type == ND_SOLICIT ? OPT_SOURCE_MAC : OPT_TARGET_MAC, ret) &&
	       nd_fits_its_addresses(ret);
}

void nd_build(uint8_t ret[ND_BYTES], const struct nd *n)
{
	uint8_t *icmp = ret + IP6_HEADER;
	memset(ret, 0, ND_BYTES);
	ret[0] = 0x60;
	ret[5] = ND_BYTES - IP6_HEADER;
	ret[6] = ICMPV6;
	ret[7] = 255;
	memcpy(ret + 8, n->source, 16);
	memcpy(ret + 24, n->destination, 16);
	icmp[0] = n->type;
	if (n->type == ND_ADVERTISE)
		icmp[4] = (uint8_t)(0x80 | (n->solicited ? 0x40 : 0) | (n->overrides ? 0x20 : 0)); /* R: we forward */
	memcpy(icmp + 8, n->target, 16);
	icmp[24] = n->type == ND_SOLICIT ? OPT_SOURCE_MAC : OPT_TARGET_MAC;
	icmp[25] = 1;
	memcpy(icmp + 26, n->mac, 6);
	uint16_t c = ip6_checksum(n->source, n->destination, ICMPV6, icmp, ND_BYTES - IP6_HEADER);
	icmp[2] = (uint8_t)(c >> 8);
	icmp[3] = (uint8_t)c;
}

void nd_solicited_node(const uint8_t addr[16], uint8_t ret_group[16], uint8_t ret_mac[6])
{
	static const uint8_t prefix[13] = {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff};
	memcpy(ret_group, prefix, sizeof(prefix));
	memcpy(ret_group + 13, addr + 13, 3);
	ret_mac[0] = ret_mac[1] = 0x33;
	memcpy(ret_mac + 2, ret_group + 12, 4);
}
