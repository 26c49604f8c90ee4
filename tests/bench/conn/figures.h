/* SPDX-License-Identifier: Apache-2.0 */
/* Each figure twice: a row for people, a JSON line for programs. */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include <stdint.h>

#define FIGURE_RUNS_MAX 15

struct figure {
	const char *name, *unit;
	uint32_t conns, pairs;
	unsigned int n;
	double samples[FIGURE_RUNS_MAX];
	double baseline; /* 0: none; the ratio is median / baseline */
	double at_most;  /* of the ratio; 0: no target */
};

int figures_open(const char *path);
double figure_median(const struct figure *f);
void figure_print(const struct figure *f);
/* Targets that were missed. */
unsigned int figures_close(void);

#endif
