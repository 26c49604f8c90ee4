/* SPDX-License-Identifier: Apache-2.0 */
/* Chance of the simulated world (splitmix64): same seed, same world. Apart from the randomness of the core under test. */
#ifndef SIM_DICE_H
#define SIM_DICE_H

#include <stdbool.h>
#include <stdint.h>

struct dice {
	uint64_t state;
};

static inline uint64_t dice_u64(struct dice *d)
{
	uint64_t z = d->state += 0x9e3779b97f4a7c15u;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* Uniform enough in [0, n); n > 0. */
static inline uint32_t dice_below(struct dice *d, uint32_t n)
{
	return (uint32_t)(((dice_u64(d) >> 32) * n) >> 32);
}

static inline uint64_t dice_between(struct dice *d, uint64_t low, uint64_t high)
{
	return low + (high > low ? dice_u64(d) % (high - low + 1) : 0);
}

static inline bool dice_ppm(struct dice *d, uint32_t ppm)
{
	return ppm > 0 && dice_below(d, 1000000) < ppm;
}

/* An independent one, so that more throws here do not change what is thrown there. */
static inline struct dice dice_fork(struct dice *d)
{
	return (struct dice){.state = dice_u64(d)};
}

#endif
