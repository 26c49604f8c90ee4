/* SPDX-License-Identifier: Apache-2.0 */
/* The network function comes up in order, and goes down in the same order backwards. */
#include <errno.h>
#include <stdio.h>

#include <rte_eal.h>
#include <rte_ring.h>

#include "nodes/nodes.h"
#include "runtime.h"

#define RING_SIZE 4096

uint8_t nf_boot_id[NF_BOOT_BYTES];

static int rings_create(uint32_t workers)
{
	char name[RTE_RING_NAMESIZE];
	for (uint32_t w = 0; w < workers; w++) {
		snprintf(name, sizeof(name), "handoff-%u", w);
		nf_handoff_rings[w] = rte_ring_create(name, RING_SIZE, SOCKET_ID_ANY, RING_F_SC_DEQ);
		snprintf(name, sizeof(name), "inject-%u", w);
		nf_inject_rings[w] = rte_ring_create(name, RING_SIZE, SOCKET_ID_ANY, RING_F_SC_DEQ);
		if (!nf_handoff_rings[w] || !nf_inject_rings[w])
			return -ENOMEM;
	}
	return 0;
}

static void register_counters(void)
{
	counters_init();
	nf_rx_counters();
	nf_tx_counters();
	nf_classify_counters();
	nf_handoff_counters();
	nf_inject_counters();
}

static int build_graph(const struct sluice_config *cfg, uint32_t workers)
{
	int rc = plugins_load(cfg, workers);
	if (rc == 0)
		rc = graph_wire();
	if (rc == 0)
		rc = ports_start();
	if (rc == 0)
		rc = graph_create(workers);
	if (rc == 0 && cfg->nf.host_port)
		rc = host_start(cfg->nf.host_name);
	return rc;
}

int nf_bring_up(const struct sluice_config *cfg)
{
	uint32_t workers = eal_worker_count(cfg);
	int rc = host_check(cfg);
	rc = rc ? rc : eal_start(cfg, &workers);
	if (rc != 0)
		return rc;
	clock_init();
	rc = mgmt_init();
	if (rc == 0)
		rc = rcu_init(workers);
	if (rc == 0)
		rc = workers_init(workers, cfg->nf.idle_sleep_us);
	register_counters();
	if (rc == 0)
		rc = rings_create(workers);
	if (rc == 0)
		rc = ports_open(cfg, workers);
	struct nf_net *net = rc == 0 ? net_build(cfg) : NULL;
	if (rc == 0 && !net)
		rc = -ENOMEM;
	if (rc != 0)
		return rc;
	net_publish(net);
	rc = stash_init(cfg->nf.max_peers * 4);
	if (rc == 0)
		rc = ctl_open(cfg->runtime_dir);
	return rc ? rc : build_graph(cfg, workers);
}

void nf_tear_down(void)
{
	handshake_stop();
	workers_stop();
	rcu_drain();
	plugins_fini();
	rcu_drain();
	graph_destroy();
	host_stop();
	ports_stop();
	stash_fini();
	ctl_close();
	rte_eal_cleanup();
}
