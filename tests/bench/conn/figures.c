/* SPDX-License-Identifier: Apache-2.0 */
#include "figures.h"

#include <errno.h>
#include <stdio.h>

#include "common.h"

#ifdef FREE_CRYPTO
#define HMAC "false"
#else
#define HMAC "true"
#endif

static FILE *out;
static struct bench_cpu cpu;
static unsigned int missed;

int figures_open(const char *path)
{
	out = fopen(path, "w");
	if (!out)
		return -errno;
	cpu = bench_cpu();
	printf("cpu: %s, HMAC: %s\n%-24s %7s %5s %11s %11s %11s %-14s %9s %6s\n", cpu.name, HMAC, "name", "conns", "pairs", "median", "min",
	       "max", "unit", "baseline", "ratio");
	return 0;
}

double figure_median(const struct figure *f)
{
	return bench_stat_of(f->samples, f->n).median;
}

void figure_print(const struct figure *f)
{
	struct bench_stat s = bench_stat_of(f->samples, f->n);
	double ratio = f->baseline > 0 ? s.median / f->baseline : 0;
	printf("%-24s %7u %5u %11.2f %11.2f %11.2f %-14s", f->name, f->conns, f->pairs, s.median, s.min, s.max, f->unit);
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
		f->name, f->conns, f->pairs, s.median, s.min, s.max, f->unit, f->baseline, ratio, f->at_most, cpu.name);
}

unsigned int figures_close(void)
{
	fclose(out);
	printf("\n%u targets missed\n", missed);
	return missed;
}
