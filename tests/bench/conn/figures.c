/* SPDX-License-Identifier: Apache-2.0 */
#include "figures.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef FREE_CRYPTO
#define HMAC "false"
#else
#define HMAC "true"
#endif

static FILE *out;
static char cpu[128] = "unknown";
static unsigned int missed;

static void read_cpu(void)
{
	char line[256];
	FILE *f = fopen("/proc/cpuinfo", "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "model name : %127[^\n]", cpu) == 1)
			break;
	if (f)
		fclose(f);
}

int figures_open(const char *path)
{
	out = fopen(path, "w");
	if (!out)
		return -errno;
	read_cpu();
	printf("cpu: %s, HMAC: %s\n%-24s %7s %5s %11s %11s %11s %-14s %9s %6s\n", cpu, HMAC, "name", "conns", "pairs", "median", "min",
	       "max", "unit", "baseline", "ratio");
	return 0;
}

static int ascending(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static void sorted(const struct figure *f, double ret[FIGURE_RUNS_MAX])
{
	memcpy(ret, f->samples, f->n * sizeof(*ret));
	qsort(ret, f->n, sizeof(*ret), ascending);
}

double figure_median(const struct figure *f)
{
	double s[FIGURE_RUNS_MAX];
	sorted(f, s);
	return s[f->n / 2];
}

void figure_print(const struct figure *f)
{
	double s[FIGURE_RUNS_MAX], median = figure_median(f), ratio = f->baseline > 0 ? median / f->baseline : 0;
	sorted(f, s);
	printf("%-24s %7u %5u %11.2f %11.2f %11.2f %-14s", f->name, f->conns, f->pairs, median, s[0], s[f->n - 1], f->unit);
	if (ratio > 0)
		printf(" %9.2f %6.2f", f->baseline, ratio);
	if (f->at_most > 0)
		printf(ratio > f->at_most ? "  MISSES %.2f" : "  meets %.2f", f->at_most);
	printf("\n");
	fflush(stdout);
	missed += f->at_most > 0 && ratio > f->at_most;
	fprintf(out,
		"{\"name\":\"%s\",\"conns\":%u,\"pairs\":%u,\"hmac\":" HMAC ",\"median\":%.3f,\"min\":%.3f,\"max\":%.3f,\"unit\":\"%s\","
		"\"baseline\":%.3f,\"ratio\":%.4f,\"target\":%.2f,\"cpu\":\"%s\"}\n",
		f->name, f->conns, f->pairs, median, s[0], s[f->n - 1], f->unit, f->baseline, ratio, f->at_most, cpu);
}

unsigned int figures_close(void)
{
	fclose(out);
	printf("\n%u targets missed\n", missed);
	return missed;
}
