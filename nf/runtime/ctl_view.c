/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that change nothing: status, interfaces, counters, graph. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_ethdev.h>

#include <nf/clock.h>
#include <nf/worker.h>

#include "runtime.h"

static void sum_ports(struct nf_status *s)
{
	for (uint16_t i = 0; i < nf_port_count(); i++) {
		struct rte_eth_stats stats;
		if (rte_eth_stats_get(nf_port(i)->dpdk_id, &stats) != 0)
			continue;
		s->rx_packets += stats.ipackets;
		s->tx_packets += stats.opackets;
	}
}

static int status_get(const struct nf_request *req)
{
	struct nf_status s = {
		.uptime_ns = nf_clock_ns(),
		.pid = (uint32_t)getpid(),
		.workers = nf_worker_count(),
		.control_attached = nf_control_attached(),
		.stopping = stop_is_requested(),
		.drops = counter_drops(),
		.punt_dropped = ctl_punt_dropped(),
	};
	snprintf(s.version, sizeof(s.version), "%s", SLUICE_VERSION);
	memcpy(s.boot_id, nf_boot_id, sizeof(s.boot_id));
	sum_ports(&s);
	for (unsigned int i = 0; plugin_at(i); i++)
		if (plugin_at(i)->status)
			plugin_at(i)->status(&s);
	nf_reply(req, &s, sizeof(s), NULL, 0, false);
	return 0;
}

static struct nf_addr addr_of(const struct nf_ip *ip)
{
	struct nf_addr a = {.family = ip->family, .prefix_len = ip->prefix_len};
	memcpy(a.addr, ip->v6, ip->family == 4 ? 4 : 16);
	return a;
}

static void interface_reply(const struct nf_request *req, const struct nf_iface *iface, bool more)
{
	const struct nf_port *port = nf_port(iface->port);
	struct nf_addr addrs[NF_IFACE_ADDR_MAX];
	struct nf_interface_info info = {
		.vlan = iface->vlan,
		.mtu = iface->mtu,
		.rss = port->rss,
		.rx_queues = port->rx_queues,
		.tx_queues = port->tx_queues,
		.tx_offloads = (port->csum_ip ? 1u : 0u) | (port->csum_udp ? 2u : 0u),
		.address_count = iface->n_addrs,
	};
	struct rte_eth_dev_info dev;
	struct rte_eth_stats stats = {0};
	struct rte_eth_link link = {0};
	snprintf(info.name, sizeof(info.name), "%s", iface->name);
	memcpy(info.port, port->name, sizeof(info.port));
	if (rte_eth_dev_info_get(port->dpdk_id, &dev) == 0)
		snprintf(info.driver, sizeof(info.driver), "%s", dev.driver_name);
	memcpy(info.mac, iface->mac, sizeof(info.mac));
	rte_eth_link_get_nowait(port->dpdk_id, &link);
	rte_eth_stats_get(port->dpdk_id, &stats);
	info.link_up = link.link_status == RTE_ETH_LINK_UP;
	info.rx_packets = stats.ipackets;
	info.rx_bytes = stats.ibytes;
	info.rx_missed = stats.imissed + stats.rx_nombuf;
	info.tx_packets = stats.opackets;
	info.tx_bytes = stats.obytes;
	info.tx_errors = stats.oerrors;
	for (unsigned int i = 0; i < iface->n_addrs; i++)
		addrs[i] = addr_of(&iface->addrs[i]);
	nf_reply(req, &info, sizeof(info), addrs, iface->n_addrs * sizeof(addrs[0]), more);
}

static int interfaces_get(const struct nf_request *req)
{
	const struct nf_net *net = nf_net();
	const struct nf_iface *last = NULL;
	for (unsigned int i = 0; i < NF_IFACE_MAX; i++) {
		if (!net->iface[i].in_use)
			continue;
		if (last)
			interface_reply(req, last, true);
		last = &net->iface[i];
	}
	if (last)
		interface_reply(req, last, false);
	return 0;
}

static int drops_get(const struct nf_request *req)
{
	struct nf_counter_info info;
	for (uint16_t id = 0; id < counter_count(); id++) {
		counter_info(id, &info);
		nf_reply(req, &info, sizeof(info), NULL, 0, id + 1 < counter_count());
	}
	return 0;
}

#define TEXT_PIECE 16384u

static int graph_get(const struct nf_request *req)
{
	const struct nf_text *want = req->body;
	char *text = want->flags & 1 ? graph_stats_json() : graph_dot();
	if (!text)
		return -ENOMEM;
	size_t left = strlen(text), at = 0;
	do {
		size_t n = left > TEXT_PIECE ? TEXT_PIECE : left;
		struct nf_text piece = {.flags = want->flags, .text_bytes = (uint32_t)n};
		left -= n;
		nf_reply(req, &piece, sizeof(piece), text + at, n, left > 0);
		at += n;
	} while (left > 0);
	free(text);
	return 0;
}

const struct nf_handler view_handlers[] = {
	{NF_MSG_STATUS_GET, status_get},
	{NF_MSG_INTERFACES_GET, interfaces_get},
	{NF_MSG_DROPS_GET, drops_get},
	{NF_MSG_GRAPH_GET, graph_get},
	{0},
};
