/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_nf: the network function measured from rx to tx node. Workers rest on a descriptor between
 * samples, offline for RCU; the management thread runs its ordinary loop and starts the next sample.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_launch.h>
#include <rte_lcore.h>

#include "bench.h"
#include "runtime.h"

#define HUGEPAGES 448 /* of 2 MiB: 100 000 peers with sessions, packets, tables */

static struct {
	int go[BENCH_WORKERS_MAX], done;
	uint32_t running; /* workers that have not finished their sample; atomic */
	bool stop;        /* writer: mgmt, before go */
	struct bench_job jobs[BENCH_WORKERS_MAX];
	int pages_before; /* -1: not changed */
} b = {.pages_before = -1};

static void await(int fd)
{
	eventfd_t ignored;
	while (eventfd_read(fd, &ignored) != 0)
		;
}

static int worker_main(void *arg)
{
	uint32_t id = (uint32_t)(uintptr_t)arg;
	for (;;) {
		await(b.go[id]);
		if (b.stop)
			return 0;
		struct nf_worker *w = worker_enter(id);
		work_run(w, &b.jobs[id]);
		worker_leave(w);
		if (__atomic_sub_fetch(&b.running, 1, __ATOMIC_ACQ_REL) == 0)
			eventfd_write(b.done, 1);
	}
}

static void start_sample(void)
{
	memset(b.jobs, 0, sizeof(b.jobs));
	if (!plan_next(b.jobs)) {
		mgmt_exit(0);
		return;
	}
	uint32_t n = 0;
	for (uint32_t w = 0; w < rig.workers; w++)
		n += b.jobs[w].budget_cycles != 0;
	__atomic_store_n(&b.running, n, __ATOMIC_RELEASE);
	for (uint32_t w = 0; w < rig.workers; w++)
		if (b.jobs[w].budget_cycles)
			eventfd_write(b.go[w], 1);
}

static void on_done(void *arg, uint32_t events)
{
	(void)arg;
	(void)events;
	await(b.done);
	plan_took(b.jobs);
	start_sample();
}

static int read_int(const char *path)
{
	int n = -1;
	FILE *f = fopen(path, "r");
	if (f && fscanf(f, "%d", &n) != 1)
		n = -1;
	if (f)
		fclose(f);
	return n;
}

static bool write_int(const char *path, int n)
{
	FILE *f = fopen(path, "w");
	bool ok = f && fprintf(f, "%d\n", n) > 0;
	return f ? fclose(f) == 0 && ok : false;
}

#define POOL "/sys/kernel/mm/hugepages/hugepages-2048kB/"

/* True if there are enough; adds to the pool what is missing, and gives it back at the end. */
static bool reserve_hugepages(void)
{
	int free_pages = read_int(POOL "free_hugepages"), all = read_int(POOL "nr_hugepages");
	if (free_pages >= HUGEPAGES)
		return true;
	if (all < 0 || !write_int(POOL "nr_hugepages", all + HUGEPAGES - free_pages))
		return false;
	b.pages_before = all;
	return read_int(POOL "free_hugepages") >= HUGEPAGES;
}

static void release_hugepages(void)
{
	if (b.pages_before >= 0)
		write_int(POOL "nr_hugepages", b.pages_before);
}

static int start_workers(void)
{
	unsigned int lcore;
	uint32_t w = 0;
	b.done = eventfd(0, EFD_CLOEXEC);
	RTE_LCORE_FOREACH_WORKER (lcore) {
		b.go[w] = eventfd(0, EFD_CLOEXEC);
		int rc = b.go[w] < 0 ? -errno : rte_eal_remote_launch(worker_main, (void *)(uintptr_t)w, lcore);
		if (rc != 0)
			return rc;
		w++;
	}
	return b.done < 0 ? -errno : mgmt_fd_add(b.done, EPOLLIN, on_done, NULL);
}

static void stop_workers(void)
{
	b.stop = true;
	for (uint32_t w = 0; w < rig.workers; w++)
		eventfd_write(b.go[w], 1);
}

static int measure(const struct bench_options *o, const char *dir)
{
	bool huge = !o->no_huge && reserve_hugepages();
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	if (!huge)
		printf("bench: no hugepages: running with --no-huge; needs root and %d free pages of 2 MiB\n", HUGEPAGES);
	int rc = rig_bring_up(dir, cpus < BENCH_WORKERS_MAX ? 1 : BENCH_WORKERS_MAX, huge, o->engine);
	rc = rc ? rc : work_init();
	rc = rc ? rc : start_workers();
	rc = rc ? rc : report_open(o->out);
	rc = rc ? rc : plan_init(o);
	if (rc != 0) {
		fprintf(stderr, "bench: cannot begin: %s\n", strerror(-rc));
		return EXIT_FAILURE;
	}
	start_sample();
	mgmt_run();
	stop_workers();
	report_close();
	return plan_failed() ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int usage(void)
{
	fprintf(stderr, "usage: bench_nf [--quick] [--runs N] [--only NAME] [--no-huge] [--engine NAME] [--inner BYTES] [--burst N] OUT.jsonl\n");
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"quick", no_argument, NULL, 'q'},
						{"runs", required_argument, NULL, 'r'},
						{"only", required_argument, NULL, 'o'},
						{"no-huge", no_argument, NULL, 'n'},
						{"engine", required_argument, NULL, 'e'},
						{"inner", required_argument, NULL, 'i'},
						{"burst", required_argument, NULL, 'b'},
						{0}};
	struct bench_options o = {.runs = 7, .engine = "auto"};
	char dir[] = "/tmp/sluice-bench-XXXXXX", command[64];
	int opt;
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'q')
			o.quick = true;
		else if (opt == 'r')
			o.runs = (unsigned int)atoi(optarg);
		else if (opt == 'o')
			o.only = optarg;
		else if (opt == 'n')
			o.no_huge = true;
		else if (opt == 'e')
			o.engine = optarg;
		else if (opt == 'i')
			o.inner = (uint32_t)atoi(optarg);
		else if (opt == 'b')
			o.burst = (uint32_t)atoi(optarg);
		else
			return usage();
	}
	if (optind + 1 != argc || o.runs < 1 || o.runs > BENCH_RUNS_MAX)
		return usage();
	o.out = argv[optind];
	if (!mkdtemp(dir))
		return EXIT_FAILURE;
	int code = measure(&o, dir);
	nf_tear_down();
	release_hugepages();
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) == 0 ? code : EXIT_FAILURE;
}
