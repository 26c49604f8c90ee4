/* SPDX-License-Identifier: Apache-2.0 */
#include <time.h>

#include <rte_cycles.h>

#include <nf/clock.h>

#include "runtime.h"

/* ns = ticks * mult >> 32, so no division on the workers' path. Written once before any other thread. */
static struct {
	uint64_t tsc0, wall0, mult;
} base;

void clock_init(void)
{
	struct timespec ts;
	base.mult = (uint64_t)(((unsigned __int128)NF_NS_PER_S << 32) / rte_get_tsc_hz());
	base.tsc0 = rte_rdtsc();
	clock_gettime(CLOCK_REALTIME, &ts);
	base.wall0 = (uint64_t)ts.tv_sec * NF_NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t nf_clock_ns(void)
{
	return 1 + (uint64_t)(((unsigned __int128)(rte_rdtsc() - base.tsc0) * base.mult) >> 32);
}

uint64_t nf_clock_wall_ns(void)
{
	return base.wall0 + nf_clock_ns();
}
