/* SPDX-License-Identifier: Apache-2.0 */
/* Each figure twice: a row of a table for people, a JSON line for programs. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>

#include "bench.h"

static FILE *out;
static struct bench_cpu cpu;
static unsigned int missed;

/* Family 25; its other models are Zen 3. */
bool report_cpu_is_zen4(void)
{
	int m = cpu.model;
	return strncmp(cpu.name, "AMD", 3) == 0 && cpu.family == 25 && ((m >= 0x10 && m <= 0x1f) || (m >= 0x60 && m <= 0x7f) || m >= 0xa0);
}

int report_open(const char *path)
{
	out = fopen(path, "w");
	cpu = bench_cpu();
	if (!out)
		return -errno;
	printf("cpu: %s, tsc %.3f GHz, memory: %s, engine: %s\n", cpu.name, (double)rte_get_tsc_hz() / 1e9,
	       rig.hugepages ? "hugepages" : "NO HUGEPAGES, figures of many peers are worse than they need be", rig.wg->aead->name);
	return 0;
}

void report_title(const char *title)
{
	printf("\n%s\n%-22s %6s %6s %7s %3s %10s %10s %10s %-14s %9s %6s\n", title, "name", "inner", "burst", "peers", "wrk", "median",
	       "min", "max", "unit", "baseline", "ratio");
}

void report_line(const struct bench_line *l)
{
	bool bad = l->target > 0 && l->ratio < l->target;
	missed += bad;
	printf("%-22s %6u %6u %7u %3u %10.1f %10.1f %10.1f %-14s", l->name, l->inner, l->burst, l->peers, l->workers, l->value.median,
	       l->value.min, l->value.max, l->unit);
	if (l->ratio > 0)
		printf(" %9.1f %6.3f", l->baseline, l->ratio);
	if (l->target > 0)
		printf(bad ? "  MISSES %.2f" : "  meets %.2f", l->target);
	printf("\n");
	fflush(stdout);
	fprintf(out,
		"{\"name\":\"%s\",\"inner_bytes\":%u,\"burst\":%u,\"peers\":%u,\"workers\":%u,\"median\":%.2f,\"min\":%.2f,\"max\":%.2f,"
		"\"unit\":\"%s\",\"baseline\":%.2f,\"ratio\":%.4f,\"target\":%.2f,\"engine\":\"%s\",\"hugepages\":%s,\"cpu\":\"%s\"}\n",
		l->name, l->inner, l->burst, l->peers, l->workers, l->value.median, l->value.min, l->value.max, l->unit, l->baseline,
		l->ratio, l->target, rig.wg->aead->name, rig.hugepages ? "true" : "false", cpu.name);
}

unsigned int report_close(void)
{
	fclose(out);
	printf("\n%u targets missed\n", missed);
	return missed;
}
