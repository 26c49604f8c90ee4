/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time. One monotonic clock for the whole network function, in nanoseconds since start, never 0.
 * Workers use nf_worker_now() (worker.h), sampled once per graph walk.
 */
#ifndef NF_CLOCK_H
#define NF_CLOCK_H

#include <stdint.h>

#define NF_NS_PER_MS 1000000ull
#define NF_NS_PER_S  1000000000ull

/* Any thread. */
uint64_t nf_clock_ns(void);

/* Wall-clock nanoseconds since 1970, any thread; anchored once, so it never steps back. */
uint64_t nf_clock_wall_ns(void);

#endif
