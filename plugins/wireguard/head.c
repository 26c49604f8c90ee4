/* SPDX-License-Identifier: Apache-2.0 */
#include "head.h"

#define UDP 17

/* What precedes the addresses; don't fragment: path MTU is the tunnel's business. */
static const uint8_t front4[12] = {0x45, [6] = 0x40, [8] = WG_HEAD_TTL, [9] = UDP};
static const uint8_t front6[8] = {0x60, [6] = UDP, [7] = WG_HEAD_TTL};

/* Of words of 32 bits, as good as those of 16 (RFC 1071 §2). */
static inline uint64_t sum(const uint8_t *p, unsigned int bytes)
{
	uint64_t acc = 0;
	for (unsigned int i = 0; i < bytes; i += 4) {
		uint32_t word;
		memcpy(&word, p + i, 4);
		acc += word;
	}
	return acc;
}

static void make4(struct wg_head *ret, const uint8_t *local, const uint8_t *remote)
{
	uint64_t addresses = sum(local, 4) + sum(remote, 4);
	memcpy(ret->bytes, front4, sizeof(front4));
	memcpy(ret->bytes + 12, local, 4);
	memcpy(ret->bytes + 16, remote, 4);
	ret->size = WG_HEAD4_BYTES;
	ret->ip_sum = sum(front4, sizeof(front4)) + addresses;
	ret->pseudo_sum = addresses + wg_head_be16(UDP);
}

static void make6(struct wg_head *ret, const uint8_t *local, const uint8_t *remote)
{
	memcpy(ret->bytes, front6, sizeof(front6));
	memcpy(ret->bytes + 8, local, 16);
	memcpy(ret->bytes + 24, remote, 16);
	ret->size = WG_HEAD6_BYTES;
	ret->ip_sum = 0;
	ret->pseudo_sum = sum(local, 16) + sum(remote, 16) + wg_head_be16(UDP);
}

void wg_head_make(struct wg_head *ret, uint8_t family, const uint8_t *local, const uint8_t *remote, uint16_t local_port, uint16_t remote_port)
{
	uint16_t ports[2] = {wg_head_be16(local_port), wg_head_be16(remote_port)};
	memset(ret->bytes, 0, sizeof(ret->bytes));
	ret->family = family;
	ret->sums_ip = ret->sums_udp = true;
	if (family == 4)
		make4(ret, local, remote);
	else
		make6(ret, local, remote);
	memcpy(ret->bytes + ret->size - WG_HEAD_UDP, ports, sizeof(ports));
	ret->ports_sum = (uint32_t)ports[0] + ports[1];
}
