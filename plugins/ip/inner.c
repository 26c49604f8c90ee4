/* SPDX-License-Identifier: Apache-2.0 */
#include "inner.h"

#include <string.h>

#include "ext6.h"

#define ICMPV4 1
#define TCP    6
#define UDP    17
#define ICMPV6 58

static bool udp_fits(const uint8_t *udp, size_t bytes)
{
	size_t len = bytes >= 8 ? (size_t)(udp[4] << 8 | udp[5]) : 0;
	return len >= 8 && len <= bytes;
}

static bool tcp_fits(const uint8_t *tcp, size_t bytes)
{
	size_t header = bytes >= 20 ? (size_t)(tcp[12] >> 4) * 4 : 0;
	return header >= 20 && header <= bytes;
}

static bool l4_is_sound(uint8_t proto, uint8_t own_icmp, bool first_of_many, const uint8_t *l4, size_t bytes)
{
	if (proto == ICMPV4 || proto == ICMPV6)
		return proto == own_icmp && bytes >= 8;
	if (proto == TCP)
		return tcp_fits(l4, bytes);
	if (proto == UDP) /* the length of a datagram in fragments is that of the whole */
		return first_of_many ? bytes >= 8 : udp_fits(l4, bytes);
	return true;
}

static uint64_t word_at(const uint8_t *p)
{
	uint32_t word;
	memcpy(&word, p, 4);
	return word;
}

/* A one's-complement sum is a remainder by 0xffff, of words of any width and byte order. Every packet needs it. */
static bool header_sum_is_right(const uint8_t *ip, size_t ihl)
{
	uint64_t sum = word_at(ip) + word_at(ip + 4) + word_at(ip + 8) + word_at(ip + 12) + word_at(ip + 16);
	for (size_t at = 20; __builtin_expect(at < ihl, 0); at += 4) /* options: hardly ever */
		sum += word_at(ip + at);
	return sum % 0xffff == 0; /* and not 0: the version is in it */
}

static bool ip4_is_sound(const uint8_t *ip, size_t bytes)
{
	size_t ihl = (ip[0] & 15u) * 4u;
	bool more = ip[6] & 0x20, later = (ip[6] & 0x1f) || ip[7];
	if (ihl < 20 || ihl > bytes || !header_sum_is_right(ip, ihl))
		return false;
	return later || l4_is_sound(ip[9], ICMPV4, more, ip + ihl, bytes - ihl);
}

bool ip_inner_is_sound(const uint8_t *ip, size_t bytes)
{
	if (bytes >= 20 && ip[0] >> 4 == 4)
		return ip4_is_sound(ip, bytes);
	return bytes >= 40 && ip[0] >> 4 == 6 && l4_is_sound(ip[6], ICMPV6, false, ip + 40, bytes - 40);
}

bool ip_inner_is_control(const uint8_t *ip, size_t bytes)
{
	static const uint8_t zero[32];
	struct ip6_upper u;
	if (bytes < 40 || ip[0] >> 4 != 6 || memcmp(ip + 8, zero, 32) != 0)
		return false;
	return ip6_upper_find(ip, bytes, &u) && u.proto == 0xff && !u.later_fragment;
}
