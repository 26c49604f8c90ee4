/* SPDX-License-Identifier: Apache-2.0 */
/* What every benchmark says of its samples and of the machine they are from. */
#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H

struct bench_stat {
	double median, min, max;
};
/* n is 1 to BENCH_SAMPLES_MAX. */
#define BENCH_SAMPLES_MAX 256
struct bench_stat bench_stat_of(const double *samples, unsigned int n);

struct bench_cpu {
	char name[128]; /* "unknown": the system does not say */
	int family, model;
};
struct bench_cpu bench_cpu(void);

#endif
