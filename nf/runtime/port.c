/* SPDX-License-Identifier: Apache-2.0 */
/* DPDK ports: queues, RSS where there is any, offloads, rx and tx nodes per port. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_graph.h>
#include <rte_errno.h>

#include <nf/pkt.h>

#include "nodes/nodes.h"
#include "runtime.h"

#define RSS_WANTED (RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_TCP)

rte_spinlock_t nf_tx_locks[NF_PORT_MAX][NF_WORKER_MAX];

static struct {
	uint16_t n;
	struct nf_port at[NF_PORT_MAX];
} ports;

const struct nf_port *nf_port(uint16_t index)
{
	return &ports.at[index];
}

uint16_t nf_port_count(void)
{
	return ports.n;
}

/*
 * A driver that cannot say (af_packet, ring, tap, memif, af_xdp) has no descriptor status. Offset 0 is the
 * descriptor that the next packet will take; the last packet's lies one ring further, less one.
 */
static enum nf_tx_state queue_state(const struct nf_port *p, uint16_t queue)
{
	struct rte_eth_txq_info info;
	if (rte_eth_tx_queue_info_get(p->dpdk_id, queue, &info) != 0 || info.nb_desc == 0)
		return NF_TX_ACCEPTED;
	int done = rte_eth_tx_descriptor_status(p->dpdk_id, queue, (uint16_t)(info.nb_desc - 1));
	if (done < 0)
		return NF_TX_ACCEPTED;
	return done == RTE_ETH_TX_DESC_DONE ? NF_TX_SENT : NF_TX_PENDING;
}

enum nf_tx_state nf_port_tx_state(uint16_t index)
{
	const struct nf_port *p = &ports.at[index];
	enum nf_tx_state worst = NF_TX_SENT;
	for (uint16_t q = 0; q < p->tx_queues; q++) {
		enum nf_tx_state s = queue_state(p, q);
		if (s == NF_TX_PENDING)
			return s;
		if (s == NF_TX_ACCEPTED)
			worst = s;
	}
	return worst;
}

static uint16_t queues(uint16_t wanted, uint32_t workers, uint16_t max)
{
	uint16_t n = wanted ? wanted : (uint16_t)workers;
	return n < max ? n : max;
}

/* Software queues that were asked for by number spread flows too (af_packet's fan-out, af_xdp's NIC). */
static void choose_queues(struct nf_port *p, const struct config_port *c, const struct rte_eth_dev_info *info,
			  uint32_t workers)
{
	bool rss_capable = info->flow_type_rss_offloads != 0 && info->reta_size != 0;
	p->rx_queues = rss_capable || c->rx_queues ? queues(c->rx_queues, workers, info->max_rx_queues) : 1;
	p->tx_queues = queues(c->tx_queues, workers, info->max_tx_queues);
	if (p->is_host)
		p->rx_queues = p->tx_queues = 1; /* net_tap wants as many of one as of the other */
	p->rss = p->rx_queues > 1 || workers == 1;
}

static int set_up_queues(const struct nf_port *p, uint16_t descriptors)
{
	uint16_t rxd = descriptors, txd = descriptors;
	int rc = rte_eth_dev_adjust_nb_rx_tx_desc(p->dpdk_id, &rxd, &txd);
	for (uint16_t q = 0; rc == 0 && q < p->rx_queues; q++)
		rc = rte_eth_rx_queue_setup(p->dpdk_id, q, rxd, SOCKET_ID_ANY, NULL, ports_pool());
	for (uint16_t q = 0; rc == 0 && q < p->tx_queues; q++)
		rc = rte_eth_tx_queue_setup(p->dpdk_id, q, txd, SOCKET_ID_ANY, NULL);
	return rc;
}

static int configure(struct nf_port *p, const struct config_port *c, uint32_t workers)
{
	struct rte_eth_dev_info info;
	struct rte_eth_conf conf = {0};
	int rc = rte_eth_dev_info_get(p->dpdk_id, &info);
	if (rc != 0)
		return rc;
	choose_queues(p, c, &info, workers);
	conf.txmode.offloads = info.tx_offload_capa & (RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM);
	conf.rxmode.offloads = info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_CHECKSUM;
	if (p->is_host)
		conf.txmode.offloads = conf.rxmode.offloads = 0;
	p->csum_ip = conf.txmode.offloads & RTE_ETH_TX_OFFLOAD_IPV4_CKSUM;
	p->csum_udp = conf.txmode.offloads & RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
	if (p->rx_queues > 1 && info.flow_type_rss_offloads) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf = RSS_WANTED & info.flow_type_rss_offloads;
	}
	rc = rte_eth_dev_configure(p->dpdk_id, p->rx_queues, p->tx_queues, &conf);
	if (rc == 0 && c->mtu)
		rc = rte_eth_dev_set_mtu(p->dpdk_id, c->mtu);
	if (rc == 0)
		rc = set_up_queues(p, port_descriptors(c));
	return rc;
}

/* "net_af_packet0,iface=eth0" → "net_af_packet0": what ethdev calls it. */
static int find_device(const char *device, uint16_t *ret_id)
{
	char name[RTE_ETH_NAME_MAX_LEN];
	size_t n = strcspn(device, ",");
	snprintf(name, sizeof(name), "%.*s", (int)n, device);
	return rte_eth_dev_get_port_by_name(name, ret_id);
}

static int clone_nodes(const struct nf_port *p, uint16_t index)
{
	char suffix[16];
	for (uint16_t q = 0; q < p->rx_queues; q++) {
		snprintf(suffix, sizeof(suffix), "%u-%u", index, q);
		if (rte_node_clone(rte_node_from_name("nf_rx"), suffix) == RTE_NODE_ID_INVALID)
			return -rte_errno;
	}
	snprintf(suffix, sizeof(suffix), "%u", index);
	return rte_node_clone(rte_node_from_name("nf_tx"), suffix) == RTE_NODE_ID_INVALID ? -rte_errno : 0;
}

static int open_one(const struct config_port *c, bool is_host, uint32_t workers)
{
	struct nf_port *p = &ports.at[ports.n];
	struct rte_ether_addr mac;
	snprintf(p->name, sizeof(p->name), "%s", c->name);
	p->is_host = is_host;
	int rc = find_device(c->device, &p->dpdk_id);
	if (rc == 0)
		rc = configure(p, c, workers);
	if (rc == 0)
		rc = rte_eth_macaddr_get(p->dpdk_id, &mac);
	if (rc == 0)
		rc = rte_eth_dev_get_mtu(p->dpdk_id, &p->mtu);
	if (rc == 0)
		rc = clone_nodes(p, ports.n);
	if (rc != 0) {
		nf_log(NF_ERR, "port_failed", "port=%s device=\"%s\" error=\"%s\"", c->name, c->device, strerror(-rc));
		return rc;
	}
	memcpy(p->mac, mac.addr_bytes, 6);
	ports.n++;
	return 0;
}

int ports_open(const struct sluice_config *cfg, uint32_t workers)
{
	static const struct config_port host = {.name = "host", .device = "net_tap_host"};
	int rc = pool_create(cfg, workers);
	for (unsigned int p = 0; p < NF_PORT_MAX; p++)
		for (unsigned int q = 0; q < NF_WORKER_MAX; q++)
			rte_spinlock_init(&nf_tx_locks[p][q]);
	for (uint16_t i = 0; rc == 0 && i < cfg->nf.n_ports; i++)
		rc = open_one(&cfg->nf.ports[i], false, workers);
	if (rc != 0 || !cfg->nf.host_port)
		return rc;
	rc = open_one(&host, true, workers);
	if (rc != 0)
		nf_log(NF_ERR, "host_port_failed", "error=\"host_port: the TAP %s cannot be made: no privilege (CAP_NET_ADMIN), no "
		       "/dev/net/tun, or the name is taken\" hint=\"set nf.host_port to false\"", cfg->nf.host_name);
	return rc;
}

int ports_start(void)
{
	for (uint16_t i = 0; i < ports.n; i++) {
		int rc = rte_eth_dev_start(ports.at[i].dpdk_id);
		if (rc != 0) {
			nf_log(NF_ERR, "port_start_failed", "port=%s error=\"%s\"", ports.at[i].name, strerror(-rc));
			return rc;
		}
		rte_eth_allmulticast_enable(ports.at[i].dpdk_id); /* neighbour discovery; some drivers cannot, and need not */
		nf_log(NF_INFO, "port_started", "port=%s rx_queues=%u tx_queues=%u rss=%d mtu=%u", ports.at[i].name,
		       ports.at[i].rx_queues, ports.at[i].tx_queues, ports.at[i].rss, ports.at[i].mtu);
	}
	return 0;
}

void ports_stop(void)
{
	for (uint16_t i = 0; i < ports.n; i++) {
		rte_eth_dev_stop(ports.at[i].dpdk_id);
		rte_eth_dev_close(ports.at[i].dpdk_id);
	}
}
