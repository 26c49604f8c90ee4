/* SPDX-License-Identifier: Apache-2.0 */
#include "common.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int ascending(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

struct bench_stat bench_stat_of(const double *samples, unsigned int n)
{
	double sorted[BENCH_SAMPLES_MAX];
	/* cppcheck-suppress uninitvar ; every caller has filled the first n */
	memcpy(sorted, samples, n * sizeof(*samples));
	qsort(sorted, n, sizeof(*sorted), ascending);
	return (struct bench_stat){.median = sorted[n / 2], .min = sorted[0], .max = sorted[n - 1]};
}

struct bench_cpu bench_cpu(void)
{
	struct bench_cpu cpu = {.name = "unknown"};
	char line[256];
	FILE *f = fopen("/proc/cpuinfo", "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "model name : %127[^\n]", cpu.name) == 1) /* stands after the two numbers */
			break;
		else if (sscanf(line, "cpu family : %d", &cpu.family) != 1)
			(void)sscanf(line, "model : %d", &cpu.model);
	if (f)
		fclose(f);
	return cpu;
}
