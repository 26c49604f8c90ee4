/* SPDX-License-Identifier: Apache-2.0 */
/* When is a token to end? Pure. */
#ifndef CTL_EXPIRY_H
#define CTL_EXPIRY_H

#include <stdbool.h>
#include <stdint.h>

#define EXPIRY_NEVER INT64_MAX

/*
 * "never"; a while from now: "90d", of s, m, h, d, w; or a moment of UTC: "2027-01-31" (its first second),
 * "2027-01-31T18:00:00Z". now: Unix seconds. False: it is none of these, or not in the future.
 */
bool expiry_parse(const char *text, int64_t now, int64_t *ret);

#endif
