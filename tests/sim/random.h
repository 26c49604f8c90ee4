/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One random case: a world thrown by dice, connections in it, a fault, and its end; held against the oracle all the way.
 *
 *   start ─► ask for connections ─► bound: all that can exist exist ─► talk ─► a fault ─► it ends ─► bound: as before
 */
#ifndef SIM_RANDOM_H
#define SIM_RANDOM_H

#include "trace.h"

struct random_result {
	char violation[160]; /* "": none */
	char fault[48];
	uint64_t hash;
	unsigned int pairs, can, cannot, direct; /* of what the oracle was asked; direct: of those in use */
	uint64_t events;
};
struct random_result random_case(uint64_t seed, struct trace *trace);

#endif
