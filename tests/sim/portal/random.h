/* SPDX-License-Identifier: Apache-2.0 */
/* One life of a portal, as a seed has it. */
#ifndef SIM_PORTAL_RANDOM_H
#define SIM_PORTAL_RANDOM_H

#include <stdio.h>

#include "sim.h"

struct random_result {
	char violation[200]; /* "": none */
	uint64_t hash, inputs, outputs, starts;
	uint64_t counts[sizeof(((struct oracle *)0)->counts) / sizeof(uint64_t)];
};
struct random_result random_life(uint64_t seed, FILE *log);
/* Peers come, ask, go, and all that they were granted ends, again and again: how many bytes the process has more after
 * the last time than after the second. */
long random_growth(uint64_t seed, unsigned int times, char ret_violation[200]);

#endif
