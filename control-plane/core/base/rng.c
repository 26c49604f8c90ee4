/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"

#include <string.h>

#include "base/crypto.h"

void cp_rng_seed(struct cp_rng *r, const uint8_t seed[16])
{
	memcpy(r->key, seed, sizeof(r->key));
	r->counter = 0;
}

uint64_t cp_rng_u64(struct cp_rng *r)
{
	r->counter++;
	return cp_siphash(r->key, &r->counter, sizeof(r->counter));
}

uint32_t cp_rng_below(struct cp_rng *r, uint32_t n)
{
	return (uint32_t)(((unsigned __int128)cp_rng_u64(r) * n) >> 64);
}

void cp_rng_fill(struct cp_rng *r, void *ret, size_t bytes)
{
	uint8_t *p = ret;
	while (bytes > 0) {
		uint64_t v = cp_rng_u64(r);
		size_t n = bytes < sizeof(v) ? bytes : sizeof(v);
		memcpy(p, &v, n);
		p += n;
		bytes -= n;
	}
}
