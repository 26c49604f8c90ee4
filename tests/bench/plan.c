/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan: cells, each a handful of steps that are measured in turn, run by run, so that what the
 * machine does meanwhile meets all of them alike. A ratio is the median of the runs' own ratios.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "bench.h"

#define STEPS_MAX 6
#define CELLS_MAX 128
#define LOST_MAX  0.001 /* more than this share of a sample's packets: the figure would be of drops */

enum kind { ENGINE, PIPELINE, PEERS, SCALING };

struct step {
	enum bench_what what;
	uint32_t peers, workers;
	double ns[BENCH_RUNS_MAX]; /* per packet; with two workers of both together */
	char node_names[BENCH_NODES_MAX][64];
	double node_cycles[BENCH_NODES_MAX][BENCH_RUNS_MAX]; /* per packet; 0: it got none */
	unsigned int n_nodes;
};

struct cell {
	enum kind kind;
	uint32_t inner, burst;
	unsigned int n_steps;
	struct step steps[STEPS_MAX];
};

static struct {
	struct cell cells[CELLS_MAX];
	unsigned int n, cell, run, step, announced;
	struct bench_options o;
	uint64_t lost, packets;
	bool failed;
	int titled; /* kind whose table stands, -1: none */
} plan = {.titled = -1};

static const char *const kind_names[] = {[ENGINE] = "engine", [PIPELINE] = "pipeline", [PEERS] = "peers", [SCALING] = "scaling"};
static const char *const what_names[] = {[BENCH_SEAL] = "seal", [BENCH_OPEN] = "open", [BENCH_ENCAP] = "encap", [BENCH_DECAP] = "decap"};

static void add(enum kind kind, uint32_t inner, uint32_t burst, const struct step *steps, unsigned int n)
{
	struct cell *c = &plan.cells[plan.n];
	if (plan.o.only && !strstr(kind_names[kind], plan.o.only))
		return;
	if ((plan.o.inner && plan.o.inner != inner) || (plan.o.burst && plan.o.burst != burst))
		return;
	*c = (struct cell){.kind = kind, .inner = inner, .burst = burst, .n_steps = n};
	memcpy(c->steps, steps, n * sizeof(*steps));
	plan.n++;
}

static void add_engine(uint32_t inner, uint32_t burst)
{
	const struct step steps[] = {{BENCH_SEAL, 1, 1}, {BENCH_OPEN, 1, 1}};
	add(ENGINE, inner, burst, steps, 2);
}

static void add_pipeline(uint32_t inner, uint32_t burst)
{
	const struct step steps[] = {{BENCH_SEAL, 1, 1}, {BENCH_ENCAP, 1, 1}, {BENCH_OPEN, 1, 1}, {BENCH_DECAP, 1, 1}};
	add(PIPELINE, inner, burst, steps, 4);
}

static void add_peers(uint32_t inner, uint32_t burst)
{
	const struct step steps[] = {{BENCH_ENCAP, 1, 1},      {BENCH_DECAP, 1, 1},      {BENCH_ENCAP, 1000, 1},
				     {BENCH_DECAP, 1000, 1},   {BENCH_ENCAP, 100000, 1}, {BENCH_DECAP, 100000, 1}};
	add(PEERS, inner, burst, steps, 6);
}

static void add_scaling(uint32_t inner, uint32_t burst)
{
	const struct step steps[] = {{BENCH_ENCAP, 1000, 1}, {BENCH_ENCAP, 1000, 2}, {BENCH_DECAP, 1000, 1}, {BENCH_DECAP, 1000, 2}};
	add(SCALING, inner, burst, steps, 4);
}

static const uint32_t sizes[] = {64, 512, 1280, 1420}, bursts[] = {1, 32, 256};

int plan_init(const struct bench_options *o)
{
	plan.o = *o;
	if (o->quick)
		plan.o.runs = o->runs < 3 ? o->runs : 3;
	for (unsigned int b = 0; b < 3; b++)
		add_engine(1440, bursts[b]);
	for (unsigned int s = 0; s < 4; s++)
		for (unsigned int b = 0; b < 3; b++)
			if (!o->quick || (s % 2 == 0 && b > 0))
				add_pipeline(sizes[s], bursts[b]);
	for (unsigned int s = 0; s < 4 && rig.workers > 1; s++)
		for (unsigned int b = 0; b < 3; b++)
			if (!o->quick || (s % 2 == 0 && b == 2))
				add_scaling(sizes[s], bursts[b]);
	for (unsigned int s = 0; s < 4; s++)
		for (unsigned int b = 0; b < 3; b++)
			if (!o->quick || (s % 2 == 0 && b == 2))
				add_peers(sizes[s], bursts[b]);
	return plan.n ? rig_add_peers(1) : -EINVAL;
}

static uint64_t cpu_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* The handshake thread prepares every new peer; no figure is taken meanwhile. */
static void settle(void)
{
	uint64_t before, used;
	do {
		before = cpu_ns();
		usleep(100000);
		used = cpu_ns() - before;
	} while (used > 5000000);
}

static void report_memory(void)
{
	struct bench_line l = {.name = "memory_no_session", .unit = "bytes/peer", .peers = rig.n_peers,
			       .value = {rig.bytes_without, rig.bytes_without, rig.bytes_without}, .baseline = 2048,
			       .ratio = 2048 / rig.bytes_without, .target = 1};
	report_title("heap per peer, baseline: what it may be");
	report_line(&l);
	double b = rig.bytes_with;
	l.name = "memory_session";
	l.value = (struct bench_stat){b, b, b};
	l.baseline = 8192;
	l.ratio = 8192 / b;
	report_line(&l);
}

static bool have_peers(const struct cell *c)
{
	uint32_t most = 1;
	for (unsigned int i = 0; i < c->n_steps; i++)
		most = RTE_MAX(most, c->steps[i].peers);
	if (rig.n_peers >= most)
		return true;
	if (rig_add_peers(most) != 0)
		return false;
	settle();
	if (most == BENCH_PEERS_MAX)
		report_memory();
	return true;
}

/* Of many peers long enough that most of them are met more than once a second: what happens at the first packet of a
 * second has the share that it has in steady traffic. */
static uint64_t budget(const struct step *s)
{
	uint64_t ms = plan.o.quick ? 5 : 8;
	return rte_get_tsc_hz() / 1000 * (s->peers > 1000 ? 90 * ms : ms);
}

/* Two rounds: mgmt learns what the first has brought before the second ends. */
static bool announcing(struct bench_job jobs[BENCH_WORKERS_MAX])
{
	if (plan.announced == 2)
		return false;
	plan.announced++;
	jobs[0] = (struct bench_job){.what = BENCH_FRAMES, .budget_cycles = 1};
	return true;
}

bool plan_next(struct bench_job jobs[BENCH_WORKERS_MAX])
{
	if (announcing(jobs))
		return true;
	const struct cell *c = &plan.cells[plan.cell];
	if (plan.cell == plan.n || !have_peers(c))
		return false;
	const struct step *s = &c->steps[plan.step];
	for (uint32_t w = 0; w < s->workers; w++)
		jobs[w] = (struct bench_job){.what = s->what, .inner = c->inner, .burst = c->burst, .peers = s->peers,
					     .stride = s->what == BENCH_DECAP && c->kind == SCALING ? 2 : 1, .budget_cycles = budget(s)};
	return true;
}

static void take_nodes(struct step *s, const struct bench_job *job)
{
	s->n_nodes = job->n_nodes;
	for (unsigned int i = 0; i < job->n_nodes; i++) {
		const struct bench_node *n = &job->nodes[i];
		memcpy(s->node_names[i], n->name, sizeof(s->node_names[i]));
		s->node_cycles[i][plan.run] = n->objs ? (double)n->cycles / (double)n->objs : 0;
	}
}

static double rate(const struct bench_job *job)
{
	return job->cycles_per_packet > 0 ? 1 / job->cycles_per_packet : 0;
}

static void ratios(const struct cell *c, unsigned int of, unsigned int to, double ret[BENCH_RUNS_MAX])
{
	for (unsigned int r = 0; r < plan.o.runs; r++)
		ret[r] = c->steps[to].ns[r] / c->steps[of].ns[r];
}

/* Step `of` against step `to`; of == to: no baseline. */
static void report_step(const struct cell *c, unsigned int of, unsigned int to, double target)
{
	const struct step *s = &c->steps[of];
	char name[48];
	double r[BENCH_RUNS_MAX];
	snprintf(name, sizeof(name), "%s_%s", kind_names[c->kind], what_names[s->what]);
	struct bench_line l = {.name = name, .unit = "ns/packet", .inner = c->inner, .burst = c->burst, .peers = s->peers,
			       .workers = s->workers, .value = bench_stat_of(s->ns, plan.o.runs), .target = target};
	if (of != to) {
		ratios(c, of, to, r);
		l.baseline = bench_stat_of(c->steps[to].ns, plan.o.runs).median;
		l.ratio = bench_stat_of(r, plan.o.runs).median;
	}
	report_line(&l);
}

static void report_nodes(const struct cell *c, unsigned int of)
{
	const struct step *s = &c->steps[of];
	for (unsigned int i = 0; i < s->n_nodes; i++) {
		char name[96];
		snprintf(name, sizeof(name), "%s:%s", what_names[s->what], s->node_names[i]);
		struct bench_line l = {.name = name, .unit = "cycles/packet", .inner = c->inner, .burst = c->burst, .peers = s->peers,
				       .workers = 1, .value = bench_stat_of(s->node_cycles[i], plan.o.runs)};
		if (l.value.max > 0)
			report_line(&l);
	}
}

/* The faster the engine, the more the rest weighs. */
static double pipeline_target(const struct cell *c)
{
	bool vectors = strcmp(rig.wg->aead->name, "portable") != 0;
	if (c->burst == 1)
		return 0;
	return c->inner == 64 ? (vectors ? 0.5 : 0.75) : c->inner == 1280 ? (vectors ? 0.85 : 0.9) : 0;
}

/* What the encap path of another program takes on a Zen 4: FD.io VPP 26.06, TSC clocks per packet. 0: not known. */
static double reference_clocks(uint32_t inner)
{
	return inner == 64 ? 573 : inner == 512 ? 1004 : inner == 1420 ? 1509 : 0;
}

/* Our whole encap path in clocks, and beside it, on the same kind of machine, the reference. */
static void report_clocks(const struct cell *c)
{
	const struct step *s = &c->steps[1];
	double clocks[BENCH_RUNS_MAX], reference = report_cpu_is_zen4() ? reference_clocks(c->inner) : 0;
	for (unsigned int r = 0; r < plan.o.runs; r++)
		clocks[r] = s->ns[r] * (double)rte_get_tsc_hz() / 1e9;
	struct bench_line l = {.name = "pipeline_encap_clocks", .unit = "clocks/packet", .inner = c->inner, .burst = c->burst, .peers = 1,
			       .workers = 1, .value = bench_stat_of(clocks, plan.o.runs), .baseline = reference};
	l.ratio = reference / l.value.median;
	report_line(&l);
}

static void report_cell(const struct cell *c)
{
	static const char *const titles[] = {
		[ENGINE] = "the engine alone", [PIPELINE] = "rx to tx node, one worker, one peer; baseline: the engine alone; cycles are the node's own;\nclocks: the whole encap path, baseline on a Zen 4: FD.io VPP 26.06",
		[PEERS] = "random peers, one worker; baseline: one peer (ratio is of rates: 0.667 is 1.5 times the cost)",
		[SCALING] = "two workers, 1000 random peers; ns per packet of both together; baseline: one worker"};
	if (plan.titled != (int)c->kind)
		report_title(titles[c->kind]);
	plan.titled = (int)c->kind;
	if (c->kind == ENGINE)
		for (unsigned int i = 0; i < 2; i++)
			report_step(c, i, i, 0);
	else if (c->kind == PEERS)
		for (unsigned int i = 0; i < 6; i++)
			report_step(c, i, i % 2, i > 3 && c->burst > 1 ? 0.667 : 0);
	else
		for (unsigned int i = 0; i < 4; i++)
			report_step(c, i, i & 2u, !(i & 1) ? 0 : c->kind == PIPELINE ? pipeline_target(c) : c->burst > 1 ? 1.8 : 0);
	if (c->kind == PIPELINE)
		report_clocks(c);
	for (unsigned int i = 0; c->kind == PIPELINE && i < 4; i++)
		report_nodes(c, i);
	for (unsigned int i = 4; c->kind == PEERS && i < 6; i++)
		report_nodes(c, i);
}

void plan_took(const struct bench_job jobs[BENCH_WORKERS_MAX])
{
	struct cell *c = &plan.cells[plan.cell];
	struct step *s = &c->steps[plan.step];
	if (jobs[0].what == BENCH_FRAMES)
		return;
	s->ns[plan.run] = 1e9 / (double)rte_get_tsc_hz() / (rate(&jobs[0]) + rate(&jobs[1]));
	take_nodes(s, &jobs[0]);
	uint64_t lost = jobs[0].lost + jobs[1].lost, packets = jobs[0].packets + jobs[1].packets;
	if ((double)lost > LOST_MAX * (double)packets) {
		printf("%s, %u bytes, burst %u, %u peers: %lu of %lu packets lost\n", what_names[s->what], c->inner, c->burst, s->peers,
		       (unsigned long)lost, (unsigned long)packets);
		plan.failed = true;
	}
	if (++plan.step < c->n_steps)
		return;
	plan.step = 0;
	if (++plan.run < plan.o.runs)
		return;
	plan.run = 0;
	report_cell(c);
	plan.cell++;
}

bool plan_failed(void)
{
	return plan.failed;
}
