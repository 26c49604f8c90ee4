/* SPDX-License-Identifier: Apache-2.0 */
/* Time of the core: ns on one monotonic clock that the shell reads, never 0, never smaller than before. */
#ifndef CP_TIME_H
#define CP_TIME_H

#include <stdint.h>

typedef uint64_t cp_time;

#define CP_MS    1000000ull
#define CP_S     1000000000ull
#define CP_NEVER UINT64_MAX /* a deadline that is none, inside the core */

static inline cp_time cp_earlier(cp_time a, cp_time b)
{
	return a < b ? a : b;
}

#endif
