/* SPDX-License-Identifier: Apache-2.0 */
/* The cells that are measured, and how they are told. */
#ifndef BENCH_AEAD_CELLS_H
#define BENCH_AEAD_CELLS_H

#include <stdbool.h>
#include <stdint.h>

#include "candidates.h"
#include "common.h"

struct cell {
	uint32_t bytes, burst, keys;
	double spread;         /* of libsodium's runs, largest to smallest */
	unsigned int repeated; /* because of it */
};
extern struct cell cells[];
extern const unsigned int n_cells;

/* Of one candidate in one cell: ns per packet, [0] seal and [1] open, by run. */
struct result {
	double ns[2][31];
};

bool report_open(const char *path);
void report_cell(const struct cell *cell, const struct candidate *c, unsigned int n, const struct result *results, unsigned int runs);
void report_close(void);

#endif
