/* SPDX-License-Identifier: Apache-2.0 */
#include "head.h"

#define UDP 17

static uint32_t sum(const uint8_t *p, unsigned int bytes)
{
	uint32_t acc = 0;
	for (unsigned int i = 0; i < bytes; i += 2) {
		uint16_t word;
		memcpy(&word, p + i, 2);
		acc += word;
	}
	return acc;
}

/* Don't fragment: path MTU is the tunnel's business. */
static void make4(uint8_t ip[20], const uint8_t *local, const uint8_t *remote)
{
	ip[0] = 0x45;
	ip[6] = 0x40;
	ip[8] = WG_HEAD_TTL;
	ip[9] = UDP;
	memcpy(ip + 12, local, 4);
	memcpy(ip + 16, remote, 4);
}

static void make6(uint8_t ip[40], const uint8_t *local, const uint8_t *remote)
{
	ip[0] = 0x60;
	ip[6] = UDP;
	ip[7] = WG_HEAD_TTL;
	memcpy(ip + 8, local, 16);
	memcpy(ip + 24, remote, 16);
}

void wg_head_make(struct wg_head *ret, uint8_t family, const uint8_t *local, const uint8_t *remote, uint16_t local_port, uint16_t remote_port)
{
	uint16_t ports[2] = {wg_head_be16(local_port), wg_head_be16(remote_port)};
	unsigned int ip = family == 4 ? 20 : 40, addresses = family == 4 ? 8 : 32;
	memset(ret, 0, sizeof(*ret));
	ret->family = family;
	ret->size = (uint8_t)(ip + WG_HEAD_UDP);
	ret->sums_ip = ret->sums_udp = true;
	if (family == 4)
		make4(ret->bytes, local, remote);
	else
		make6(ret->bytes, local, remote);
	memcpy(ret->bytes + ip, ports, sizeof(ports));
	ret->ip_sum = family == 4 ? sum(ret->bytes, ip) : 0;
	ret->pseudo_sum = sum(ret->bytes + ip - addresses, addresses) + wg_head_be16(UDP);
	ret->ports_sum = sum((const uint8_t *)ports, sizeof(ports));
}
