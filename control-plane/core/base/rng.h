/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seeded randomness: same seed, same sequence. The shell seeds it with 16 bytes of the system's generator;
 * what comes out is a keyed hash of a counter, which a remote that sees some cannot continue.
 */
#ifndef CP_RNG_H
#define CP_RNG_H

#include <stddef.h>
#include <stdint.h>

struct cp_rng {
	uint8_t key[16]; /* secret */
	uint64_t counter;
};

void cp_rng_seed(struct cp_rng *r, const uint8_t seed[16]);
uint64_t cp_rng_u64(struct cp_rng *r);
/* Uniform in [0, n); n > 0. */
uint32_t cp_rng_below(struct cp_rng *r, uint32_t n);
void cp_rng_fill(struct cp_rng *r, void *ret, size_t bytes);

#endif
