/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of the LAN and packets of peers. First byte, modulo 4: ARP, neighbour discovery, ICMP error about
 * the rest, inner packet. For neighbour discovery bit 2 makes the checksum right first.
 */
#include "../target.h"
#include "frame.h"
#include "icmp.h"
#include "inner.h"

static void try_arp(const uint8_t *p, size_t n)
{
	struct arp a, again;
	uint8_t built[ARP_BYTES];
	if (!arp_parse(p, n, &a))
		return;
	arp_build(built, &a);
	assert(memcmp(built, p, ARP_BYTES) == 0);
	assert(arp_parse(built, sizeof(built), &again) && again.op == a.op);
}

static void fix_checksum(uint8_t *p, size_t n)
{
	size_t payload = n >= 44 ? (size_t)(p[4] << 8 | p[5]) : 0;
	if (payload < 4 || payload + 40 > n)
		return;
	p[42] = p[43] = 0;
	uint16_t c = ip6_checksum(p + 8, p + 24, 58, p + 40, payload);
	p[42] = (uint8_t)(c >> 8);
	p[43] = (uint8_t)c;
}

static void try_nd(uint8_t *p, size_t n, bool fix)
{
	struct nd a, again;
	uint8_t built[ND_BYTES], group[16], mac[6];
	if (fix)
		fix_checksum(p, n);
	if (!nd_parse(p, n, &a))
		return;
	assert(p[7] == 255 && a.target[0] != 0xff && !(a.has_mac && a.mac[0] & 1));
	nd_solicited_node(a.target, group, mac);
	nd_build(built, &a);
	if (a.mac[0] & 1)
		return;
	assert(nd_parse(built, sizeof(built), &again));
	assert(again.type == a.type && memcmp(again.target, a.target, 16) == 0);
}

static void try_icmp(const uint8_t *p, size_t n, uint8_t head)
{
	static const uint8_t source[16] = {192, 0, 2, 1};
	uint8_t out[ICMP_ERROR_MAX];
	if (!icmp_may_answer(p, n))
		return;
	size_t bytes = icmp_error_build(out, p, n, source, (enum icmp_error)(1 + (head >> 3 & 3)), 1280);
	assert(bytes <= sizeof(out) && out[0] >> 4 == p[0] >> 4);
	assert(ip_inner_is_sound(out, bytes));
	assert(!icmp_may_answer(out, bytes)); /* no error about an error */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes b = {data, size};
	uint8_t head = take(&b);
	uint8_t *p = copy_of(b.at, b.left);
	if (b.left > 65535)
		b.left = 0;
	switch (head & 3) {
	case 0:
		try_arp(p, b.left);
		break;
	case 1:
		try_nd(p, b.left, head & 4);
		break;
	case 2:
		try_icmp(p, b.left, head);
		break;
	default:
		assert(!ip_inner_is_sound(p, b.left) || b.left >= 20);
		assert(!ip_inner_is_control(p, b.left) || (b.left >= 40 && p[0] >> 4 == 6));
	}
	free(p);
	return 0;
}
