/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses in the tunnel (portal §6.5): one number for both pools, drawn by chance, given for life. */
#include <stdlib.h>

#include "broker/internal.h"

#define POOL_BITS  21u /* 100.64.0.0/11, fd00:2021:1111::/107 */
#define POOL_SIZE  (1u << POOL_BITS)
#define POOL_FIRST 2u /* neither the network nor the one after it … */
#define POOL_LAST  (POOL_SIZE - 2) /* … nor the broadcast address */

bool broker_pool_init(struct broker *b)
{
	b->pool = calloc(POOL_SIZE / 64, sizeof(uint64_t));
	return b->pool;
}

static bool is_taken(const struct broker *b, uint32_t index)
{
	return b->pool[index / 64] >> (index % 64) & 1;
}

bool broker_pool_claim(struct broker *b, uint32_t index)
{
	if (index < POOL_FIRST || index > POOL_LAST || is_taken(b, index))
		return false;
	b->pool[index / 64] |= 1ull << (index % 64);
	b->n_pool++;
	return true;
}

void broker_pool_give_back(struct broker *b, uint32_t index)
{
	b->pool[index / 64] &= ~(1ull << (index % 64));
	b->n_pool--;
}

bool broker_pool_take(struct broker *b, uint32_t *ret_index)
{
	uint32_t n = POOL_LAST - POOL_FIRST + 1, start = cp_rng_below(&b->rng, n);
	if (b->n_pool == n)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t index = POOL_FIRST + (start + i) % n;
		if (broker_pool_claim(b, index)) {
			*ret_index = index;
			return true;
		}
	}
	return false;
}

struct cp_addr broker_pool_ipv4(uint32_t index)
{
	return cp_addr_v4(100, (uint8_t)(64 + (index >> 16)), (uint8_t)(index >> 8), (uint8_t)index, 0);
}

struct cp_addr broker_pool_ipv6(uint32_t index)
{
	return (struct cp_addr){.family = CP_V6,
				.ip = {0xfd, 0, 0x20, 0x21, 0x11, 0x11, [13] = (uint8_t)(index >> 16), [14] = (uint8_t)(index >> 8),
				       [15] = (uint8_t)index}};
}
