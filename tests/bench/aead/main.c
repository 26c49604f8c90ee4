/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_aead: every candidate on the same bursts. Candidates take turns within a round, in an order that rotates, so that
 * what the machine does meanwhile meets all alike. A run's figure is its median round; the figures shown are the median,
 * smallest and largest of the runs, and ratios the median of the runs' own ratios.
 *
 * A machine with neighbours is disturbed for minutes at a time: a cell in which libsodium's own runs differ by more than
 * 1.15 is measured again, twice at most, and what happened is recorded.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <x86intrin.h>

#include "candidates.h"
#include "cells.h"

#define BURST_MAX  256u
#define BYTES_MAX  2048u
#define RUNS_MAX   31u
#define ROUNDS_MAX 201u

static struct {
	struct candidate c[CANDIDATES_MAX];
	unsigned int n_c, runs, rounds;
	double ticks_per_ns;
	uint8_t keys[BURST_MAX][32];
	uint8_t data[BURST_MAX][BYTES_MAX] __attribute__((aligned(64)));
	struct wg_aead_op ops[BURST_MAX];
	uint64_t counter;
} b;

static uint64_t now(void)
{
	unsigned int core;
	_mm_lfence();
	return __rdtscp(&core);
}

static void calibrate(void)
{
	struct timespec a, z;
	clock_gettime(CLOCK_MONOTONIC, &a);
	uint64_t ticks = now();
	do
		clock_gettime(CLOCK_MONOTONIC, &z);
	while ((z.tv_sec - a.tv_sec) * 1000000000 + z.tv_nsec - a.tv_nsec < 50000000);
	b.ticks_per_ns = (double)(now() - ticks) / (double)((z.tv_sec - a.tv_sec) * 1000000000 + z.tv_nsec - a.tv_nsec);
}

/* As in an mbuf: a header in front, 16 bytes off a cache line. Not timed. */
static void refill(const struct cell *cell)
{
	for (uint32_t i = 0; i < cell->burst; i++) {
		uint8_t *data = b.data[i] + 16;
		memset(data, (int)b.counter, cell->bytes);
		b.ops[i] = (struct wg_aead_op){
			.key = b.keys[i % cell->keys], .counter = b.counter++, .data = data, .bytes = cell->bytes};
	}
}

static void time_burst(const struct cell *cell, const struct wg_aead_engine *e, double ret[2])
{
	refill(cell);
	uint64_t t0 = now();
	e->seal(b.ops, cell->burst);
	uint64_t t1 = now();
	e->open(b.ops, cell->burst);
	uint64_t t2 = now();
	for (uint32_t i = 0; i < cell->burst; i++)
		if (!b.ops[i].ok) {
			fprintf(stderr, "%s does not open what it sealed\n", e->name);
			exit(EXIT_FAILURE);
		}
	ret[0] = (double)(t1 - t0) / b.ticks_per_ns / cell->burst;
	ret[1] = (double)(t2 - t1) / b.ticks_per_ns / cell->burst;
}

/* Small bursts come a few times in a row, as they do where packets trickle: one alone would measure a cold start. */
static void measure_round(const struct cell *cell, const struct wg_aead_engine *e, double ret[2])
{
	uint32_t times = cell->burst < 16 ? 16 / cell->burst : 1;
	double one[2];
	ret[0] = ret[1] = 0;
	for (uint32_t i = 0; i < times; i++) {
		time_burst(cell, e, one);
		ret[0] += one[0] / times;
		ret[1] += one[1] / times;
	}
}

static void run(const struct cell *cell, unsigned int r, struct result results[CANDIDATES_MAX])
{
	static double samples[CANDIDATES_MAX][2][ROUNDS_MAX];
	for (unsigned int k = 0; k < b.rounds; k++)
		for (unsigned int i = 0; i < b.n_c; i++) {
			unsigned int c = (i + k) % b.n_c;
			double ns[2];
			measure_round(cell, b.c[c].engine, ns);
			samples[c][0][k] = ns[0];
			samples[c][1][k] = ns[1];
		}
	for (unsigned int c = 0; c < b.n_c; c++)
		for (unsigned int way = 0; way < 2; way++)
			results[c].ns[way][r] = bench_stat_of(samples[c][way], b.rounds).median;
}

static double spread(const struct result *libsodium, unsigned int runs)
{
	struct bench_stat seal = bench_stat_of(libsodium->ns[0], runs);
	return seal.max / seal.min;
}

static void measure(struct cell *cell)
{
	static struct result results[CANDIDATES_MAX];
	for (cell->repeated = 0;; cell->repeated++) {
		for (unsigned int r = 0; r < b.runs; r++)
			run(cell, r, results);
		cell->spread = spread(&results[0], b.runs);
		if (cell->spread <= 1.15 || cell->repeated == 2)
			break;
	}
	report_cell(cell, b.c, b.n_c, results, b.runs);
}

static int usage(void)
{
	fprintf(stderr, "usage: bench_aead [--quick] [--runs N] OUT.jsonl\n");
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"quick", no_argument, NULL, 'q'}, {"runs", required_argument, NULL, 'r'}, {0}};
	int opt;
	b.runs = 7;
	b.rounds = 61;
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'q')
			b.rounds = 15;
		else if (opt == 'r')
			b.runs = (unsigned int)atoi(optarg);
		else
			return usage();
	}
	if (optind + 1 != argc || b.runs < 1 || b.runs > RUNS_MAX)
		return usage();
	b.n_c = candidates(b.c);
	if (b.n_c == 0 || b.c[0].family != LIBSODIUM || !report_open(argv[optind]))
		return EXIT_FAILURE;
	memset(b.keys, 0x5a, sizeof(b.keys));
	for (unsigned int i = 0; i < BURST_MAX; i++)
		b.keys[i][0] = (uint8_t)i;
	calibrate();
	for (unsigned int i = 0; i < n_cells; i++)
		measure(&cells[i]);
	report_close();
	return EXIT_SUCCESS;
}
