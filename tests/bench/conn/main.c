/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_conn OUT.jsonl [--quick]: what connections cost the control plane's core.
 *
 *   active   four live pairs at stock cadence: a check per pair and 1.5 s each way
 *   idle     idle mode: a check per pair and 25 s each way
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "figures.h"
#include "pair.h"

#define RUNS 7u

static unsigned int runs = RUNS;
static double per_conn_at_100, per_idle_at_100;

static struct figure figure(const char *name, const char *unit, const struct pair *p, uint32_t n)
{
	return (struct figure){.name = name, .unit = unit, .conns = n, .pairs = pair_pairs(p), .n = runs};
}

static struct pair *connected(uint32_t n)
{
	struct pair *p = pair_new(n);
	cp_time took = pair_connect(p);
	if (!took) {
		fprintf(stderr, "bench_conn: not all of %u connections were made\n", n);
		exit(1);
	}
	return p;
}

static void memory(const struct pair *p, uint32_t n)
{
	struct figure f = figure("memory", "bytes/conn", p, n);
	f.n = 1;
	f.samples[0] = pair_bytes_per_conn(p);
	figure_print(&f);
}

static void measure(struct pair *p, uint32_t n, int active, double *at_100)
{
	struct figure message = figure(active ? "active_per_datagram" : "idle_per_datagram", "ns", p, n);
	struct figure conn = figure(active ? "active_cpu_per_conn" : "idle_cpu_per_conn", "us/s", p, n);
	struct figure load = figure(active ? "active_cpu" : "idle_cpu", "% of a core", p, n);
	struct figure rate = figure(active ? "active_capacity" : "idle_capacity", "datagrams/s", p, n);
	struct figure checks = figure(active ? "active_checks" : "idle_checks", "per conn, s", p, n);
	for (unsigned int i = 0; i < runs; i++) {
		struct pair_cost c = pair_run(p, active ? 6 * CP_S : 25 * CP_S, active);
		message.samples[i] = c.busy_s * 1e9 / (double)c.datagrams;
		conn.samples[i] = c.busy_s * 1e6 / c.virtual_s / n;
		load.samples[i] = c.busy_s * 100 / c.virtual_s;
		rate.samples[i] = (double)c.datagrams / c.busy_s;
		checks.samples[i] = (double)(c.checks + c.answers) / c.virtual_s / n;
	}
	*at_100 = n == 100 ? figure_median(&conn) : *at_100;
	conn.baseline = n > 100 ? *at_100 : 0;
	figure_print(&message);
	figure_print(&conn);
	figure_print(&load);
	figure_print(&rate);
	figure_print(&checks);
}

static void active(uint32_t n)
{
	struct pair *p = connected(n);
	memory(p, n);
	pair_run(p, 10 * CP_S, 1); /* the first checks come faster than the later ones */
	measure(p, n, 1, &per_conn_at_100);
	pair_free(p);
}

static void idle(uint32_t n)
{
	struct pair *p = connected(n);
	pair_run(p, 75 * CP_S, 0);
	if (pair_count(p, CONN_IDLE) != n) {
		fprintf(stderr, "bench_conn: %u of %u connections are idle\n", pair_count(p, CONN_IDLE), n);
		exit(1);
	}
	memory(p, n);
	measure(p, n, 0, &per_idle_at_100);
	pair_free(p);
}

int main(int argc, char **argv)
{
	bool quick = argc == 3 && strcmp(argv[2], "--quick") == 0;
	if ((argc != 2 && !quick) || figures_open(argv[1]) != 0) {
		fprintf(stderr, "usage: bench_conn OUT.jsonl [--quick]\n");
		return 2;
	}
	runs = quick ? 3 : RUNS;
	active(100);
	active(1000);
	if (!quick)
		active(10000);
	idle(100);
	idle(quick ? 1000 : 100000);
	figures_close();
	return 0;
}
