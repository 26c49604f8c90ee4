/* SPDX-License-Identifier: Apache-2.0 */
/* Each figure twice: a row for people, a JSON line for programs. Targets are printed, not failed: machines differ. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cells.h"

struct cell cells[] = {
	{64, 64, 1},  {128, 64, 1}, {256, 64, 1}, {512, 64, 1}, {1024, 64, 1}, {1440, 64, 1}, {64, 64, 64}, {1440, 64, 64},
	{64, 1, 1},   {64, 2, 1},   {64, 3, 1},   {64, 4, 1},   {512, 1, 1},   {512, 2, 1},   {512, 3, 1},  {512, 4, 1},
	{1440, 1, 1}, {1440, 2, 1}, {1440, 3, 1}, {1440, 4, 1}, {64, 8, 1},    {1440, 8, 1},  {64, 32, 1},  {1440, 32, 1},
};
const unsigned int n_cells = sizeof(cells) / sizeof(cells[0]);

/* What an engine may take in bursts of 64, relative to libsodium and to the best of ipsec-mb; 0: nothing is asked. */
static const struct target {
	const char *engine;
	uint32_t bytes;
	double of_libsodium, of_ipsec_mb;
} targets[] = {
	{"avx512", 64, 0.18, 0.42}, {"avx512", 512, 0.34, 0.60}, {"avx512", 1440, 0.29, 0.86}, {"avx2", 0 /* any */, 0.52, 0},
};
#define OF_BEST_WHEN_FEW 1.10 /* bursts of 1 to 4: relative to the best library */
#define OF_ONE_KEY       1.20 /* 64 keys at 64 B: relative to one; both by libsodium, which takes no notice of keys */

static struct {
	FILE *out;
	struct bench_cpu cpu;
	unsigned int missed;
	double one_key[CANDIDATES_MAX][2]; /* of libsodium's time, 64 B in bursts of 64 */
} r;

bool report_open(const char *path)
{
	r.cpu = bench_cpu();
	r.out = fopen(path, "w");
	if (r.out)
		printf("cpu: %s\nns per packet; ratios below 1 are faster\n", r.cpu.name);
	return r.out != NULL;
}

/* The fastest of the candidates that `libraries` admits, run by run. */
static double best_of(const struct candidate *c, unsigned int n, const struct result *results, unsigned int way, unsigned int run,
		      bool ipsec_mb_only)
{
	double best = 0;
	for (unsigned int i = 0; i < n; i++) {
		double ns = results[i].ns[way][run];
		if (c[i].family != OURS && (!ipsec_mb_only || c[i].family == IPSEC_MB) && (best == 0 || ns < best))
			best = ns;
	}
	return best;
}

struct ratios {
	double libsodium, ipsec_mb, library; /* 0: there is none */
};

static double median_ratio(const double *mine, const double *other, unsigned int runs)
{
	double ratio[31];
	for (unsigned int k = 0; k < runs; k++)
		ratio[k] = other[k] > 0 ? mine[k] / other[k] : 0;
	return bench_stat_of(ratio, runs).median;
}

static struct ratios ratios_of(const struct candidate *c, unsigned int n, const struct result *results, unsigned int of,
			       unsigned int way, unsigned int runs)
{
	double imb[31], any[31];
	for (unsigned int k = 0; k < runs; k++) {
		imb[k] = best_of(c, n, results, way, k, true);
		any[k] = best_of(c, n, results, way, k, false);
	}
	const double *mine = results[of].ns[way];
	return (struct ratios){median_ratio(mine, results[0].ns[way], runs), median_ratio(mine, imb, runs), median_ratio(mine, any, runs)};
}

static void judge(const char *of, double ratio, double target)
{
	if (target <= 0 || ratio <= 0)
		return;
	bool bad = ratio > target;
	r.missed += bad;
	printf("  %s %.2f of %s", bad ? "MISSES" : "meets", target, of);
}

static void judge_all(const struct cell *cell, const struct candidate *c, unsigned int i, unsigned int way, struct ratios is)
{
	bool chosen = i == 0 || c[i - 1].family != OURS; /* the best that runs here */
	if (c[i].family != OURS)
		return;
	for (unsigned int t = 0; t < sizeof(targets) / sizeof(targets[0]); t++)
		if (cell->burst == 64 && strcmp(targets[t].engine, c[i].engine->name) == 0 &&
		    (targets[t].bytes == 0 || targets[t].bytes == cell->bytes)) {
			judge("libsodium", is.libsodium, targets[t].of_libsodium);
			judge("ipsec-mb", is.ipsec_mb, targets[t].of_ipsec_mb);
		}
	if (cell->burst <= 4 && chosen)
		judge("the best library", is.library, OF_BEST_WHEN_FEW);
	if (cell->bytes == 64 && cell->burst == 64 && cell->keys == 1)
		r.one_key[i][way] = is.libsodium;
	if (cell->bytes == 64 && cell->keys == 64 && chosen)
		judge("one key", is.libsodium / r.one_key[i][way], OF_ONE_KEY);
}

void report_cell(const struct cell *cell, const struct candidate *c, unsigned int n, const struct result *results, unsigned int runs)
{
	static const char *const ways[] = {"seal", "open"};
	printf("\n%u B, bursts of %u, %u key%s; libsodium's runs within %.2f, repeated %u times\n%-16s %-5s %8s %8s %8s %10s %9s %8s\n",
	       cell->bytes, cell->burst, cell->keys, cell->keys == 1 ? "" : "s", cell->spread, cell->repeated, "", "", "median", "min", "max",
	       "/libsodium", "/ipsec-mb", "/library");
	for (unsigned int way = 0; way < 2; way++)
		for (unsigned int i = 0; i < n; i++) {
			struct bench_stat ns = bench_stat_of(results[i].ns[way], runs);
			struct ratios is = ratios_of(c, n, results, i, way, runs);
			printf("%-16s %-5s %8.1f %8.1f %8.1f %10.3f %9.3f %8.3f", c[i].engine->name, ways[way], ns.median, ns.min, ns.max,
			       is.libsodium, is.ipsec_mb, is.library);
			judge_all(cell, c, i, way, is);
			printf("\n");
			fprintf(r.out,
				"{\"name\":\"aead_%s\",\"candidate\":\"%s\",\"bytes\":%u,\"burst\":%u,\"keys\":%u,\"median\":%.2f,\"min\":%.2f,"
				"\"max\":%.2f,\"unit\":\"ns/packet\",\"baseline\":%.2f,\"ratio\":%.4f,\"ratio_ipsec_mb\":%.4f,\"ratio_library\":%.4f,"
				"\"spread\":%.3f,\"repeated\":%u,\"cpu\":\"%s\"}\n",
				ways[way], c[i].engine->name, cell->bytes, cell->burst, cell->keys, ns.median, ns.min, ns.max,
				bench_stat_of(results[0].ns[way], runs).median, is.libsodium, is.ipsec_mb, is.library, cell->spread, cell->repeated,
				r.cpu.name);
		}
	fflush(stdout);
}

void report_close(void)
{
	fclose(r.out);
	printf("\n%u targets missed\n", r.missed);
}
