/* SPDX-License-Identifier: Apache-2.0 */
/* Brings DPDK up: lcore 0 is the management thread and floats, lcores 1..n are the workers. */
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>

#include "runtime.h"

#define ARGS_MAX 48

struct args {
	int n;
	char *at[ARGS_MAX];
};

static void add(struct args *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(struct args *a, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	if (a->n == ARGS_MAX || vasprintf(&a->at[a->n++], fmt, ap) < 0)
		abort(); /* start-up */
	va_end(ap);
}

/* The CPUs this process may use. */
static unsigned int affinity(uint16_t cpus[CPU_SETSIZE])
{
	cpu_set_t set;
	unsigned int n = 0;
	CPU_ZERO(&set);
	sched_getaffinity(0, sizeof(set), &set);
	for (uint16_t i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set))
			cpus[n++] = i;
	return n;
}

uint32_t eal_worker_count(const struct sluice_config *cfg)
{
	uint16_t cpus[CPU_SETSIZE];
	if (!cfg->nf.workers_auto)
		return cfg->nf.worker_count;
	unsigned int n = affinity(cpus);
	n = n > 1 ? n - 1 : 1; /* the first CPU is left to mgmt, handshakes and the control plane */
	return n < CONFIG_WORKER_MAX ? n : CONFIG_WORKER_MAX;
}

/* Workers take the highest CPUs of the mask, round when there are more workers than CPUs. */
static void add_lcores(struct args *a, const struct sluice_config *cfg, uint32_t workers)
{
	uint16_t cpus[CPU_SETSIZE];
	unsigned int n = affinity(cpus);
	char text[1024];
	size_t at = (size_t)snprintf(text, sizeof(text), "0@(");
	for (unsigned int i = 0; i < n && at < sizeof(text) - 200; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%u", i ? "," : "", cpus[i]);
	at += (size_t)snprintf(text + at, sizeof(text) - at, ")");
	for (uint32_t w = 0; w < workers; w++) {
		unsigned int cpu = cfg->nf.workers_listed ? cfg->nf.worker_cpus[w] : cpus[n - 1 - w % n];
		at += (size_t)snprintf(text + at, sizeof(text) - at, ",%u@%u", w + 1, cpu);
	}
	add(a, "--lcores=%s", text);
}

static bool is_pci(const char *device)
{
	unsigned int d, b, s, f;
	return sscanf(device, "%x:%x:%x.%x", &d, &b, &s, &f) == 4 || sscanf(device, "%x:%x.%x", &b, &s, &f) == 3;
}

static void add_devices(struct args *a, const struct sluice_config *cfg)
{
	bool pci = false;
	for (uint16_t i = 0; i < cfg->nf.n_ports; i++) {
		pci |= is_pci(cfg->nf.ports[i].device);
		add(a, "%s%s", is_pci(cfg->nf.ports[i].device) ? "--allow=" : "--vdev=", cfg->nf.ports[i].device);
	}
	if (cfg->nf.host_port)
		add(a, "--vdev=net_tap_host,iface=%s", cfg->nf.host_name);
	if (!pci)
		add(a, "--no-pci");
}

static void add_memory(struct args *a, const struct sluice_config *cfg)
{
	if (cfg->nf.hugepages) {
		add(a, "--in-memory");
		add(a, "--single-file-segments"); /* virtio-user drops everything silently without */
		return;
	}
	add(a, "--no-huge");
	add(a, "--file-prefix=sluice-%d", getpid());
	add(a, "-m");
	add(a, "%u", cfg->nf.memory_mb);
}

int eal_start(const struct sluice_config *cfg, uint32_t *ret_workers)
{
	struct args a = {0};
	uint32_t workers = eal_worker_count(cfg);
	add(&a, "sluice-nf");
	add(&a, "--no-telemetry");
	add(&a, "--log-level=*:warning");
	add_lcores(&a, cfg, workers);
	add_memory(&a, cfg);
	add_devices(&a, cfg);
	int rc = rte_eal_init(a.n, a.at);
	if (rc < 0) {
		nf_log(NF_ERR, "eal_failed", "error=\"%s\" hint=\"%s\"", rte_strerror(rte_errno),
		       cfg->nf.hugepages ? "hugepages: sysctl vm.nr_hugepages, or nf.hugepages false" :
					   "device strings of nf.ports, CPUs of nf.workers, nf.memory_mb");
		return -rte_errno;
	}
	*ret_workers = workers;
	return 0;
}
