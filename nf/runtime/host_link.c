/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's side of the host port: the TAP owns the node's addresses and a default route, so that this
 * host's programs reach the world through the network function. All of it belongs to the TAP and goes
 * with it, but for the reserved ports, which are given back. Management thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nodes/nodes.h"
#include "rtnl.h"
#include "runtime.h"

#define METRIC         4096 /* a second NIC's own default route goes first */
#define ADDRESSES_MAX  (2 * NF_IFACE_ADDR_MAX)
#define PORTS_FILE     "/proc/sys/net/ipv4/ip_local_reserved_ports"

static struct {
	bool up;
	char name[IFNAMSIZ];
	int ifindex;
	struct mnl_socket *nl;
	unsigned int n;
	struct nf_ip addrs[ADDRESSES_MAX];
	char reserved_before[4096];
	bool reserved;
} host;

static int fail(const char *what, int rc)
{
	nf_log(NF_ERR, "host_port_failed", "device=%s what=\"%s\" error=\"%s\" hint=\"rights to make a TAP, or nf.host_port false\"",
	       host.name, what, strerror(-rc));
	return rc;
}

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	if (fd >= 0)
		close(fd);
	return ok;
}

/* A value that this kernel does not have is none that could disturb. */
static void set_conf(const char *family, const char *key, const char *value)
{
	char path[128];
	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, host.name, key);
	write_file(path, value);
}

/* The network function is the only neighbour: nothing to discover, and replies may come by any interface. */
static void quieten(void)
{
	set_conf("ipv4", "rp_filter", "2");
	set_conf("ipv4", "accept_local", "1"); /* the network function's ICMP errors come from an address of this host */
	set_conf("ipv6", "disable_ipv6", "0");
	set_conf("ipv6", "accept_ra", "0");
	set_conf("ipv6", "router_solicitations", "0");
	set_conf("ipv6", "dad_transmits", "0");
	set_conf("ipv6", "addr_gen_mode", "1");
}

/* Frames must come whole and with their checksums. */
static void offloads_off(void)
{
	static const uint32_t commands[] = {ETHTOOL_STXCSUM, ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	for (unsigned int i = 0; fd >= 0 && i < sizeof(commands) / sizeof(commands[0]); i++) {
		struct ethtool_value v = {.cmd = commands[i]};
		struct ifreq ifr = {.ifr_data = (char *)&v};
		memcpy(ifr.ifr_name, host.name, sizeof(ifr.ifr_name));
		ioctl(fd, SIOCETHTOOL, &ifr); /* a TAP that cannot has nothing to switch off */
	}
	if (fd >= 0)
		close(fd);
}

/* What is handed to a tunnel never reaches a socket: no program may be given such a port. */
static void reserve_ports(void)
{
	const struct nf_classify_table *t = &nf_classify_table;
	char text[sizeof(host.reserved_before) + 128];
	FILE *f = fopen(PORTS_FILE, "re");
	if (!f || !fgets(host.reserved_before, sizeof(host.reserved_before), f))
		host.reserved_before[0] = 0;
	if (f)
		fclose(f);
	host.reserved_before[strcspn(host.reserved_before, "\n")] = 0;
	size_t at = (size_t)snprintf(text, sizeof(text), "%s", host.reserved_before);
	for (unsigned int i = 0; i < t->n_matches && at < sizeof(text) - 8; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%u", at ? "," : "", t->match[i].port);
	host.reserved = write_file(PORTS_FILE, text);
	if (!host.reserved)
		nf_log(NF_WARN, "host_ports_not_reserved", "ports=%s error=\"%s\"", text, strerror(errno));
}

static bool has(const struct nf_ip *list, unsigned int n, const struct nf_ip *a)
{
	for (unsigned int i = 0; i < n; i++)
		if (list[i].family == a->family && memcmp(list[i].v6, a->v6, a->family == 4 ? 4 : 16) == 0)
			return true;
	return false;
}

static unsigned int wanted(struct nf_ip ret[ADDRESSES_MAX])
{
	const struct nf_net *net = nf_net();
	unsigned int n = 0;
	for (unsigned int i = NF_IFACE_WAN; i < NF_IFACE_MAX; i++)
		for (unsigned int k = 0; net->iface[i].in_use && k < net->iface[i].n_addrs && n < ADDRESSES_MAX; k++)
			ret[n++] = net->iface[i].addrs[k];
	return n;
}

/* The first address of wan: what this host's programs speak from, unless they choose. */
static int set_routes(void)
{
	const struct nf_iface *wan = &nf_net()->iface[NF_IFACE_WAN];
	uint8_t done = 0;
	int rc = 0;
	for (unsigned int i = 0; rc == 0 && i < wan->n_addrs; i++) {
		uint8_t bit = (uint8_t)(1 << (wan->addrs[i].family == 4));
		if (!(done & bit))
			rc = rtnl_default_route(host.nl, host.ifindex, &wan->addrs[i], METRIC);
		done |= bit;
	}
	return rc;
}

void host_link_sync(void)
{
	struct nf_ip next[ADDRESSES_MAX];
	unsigned int n = wanted(next);
	int rc = 0;
	if (!host.up)
		return;
	for (unsigned int i = 0; rc == 0 && i < n; i++)
		if (!has(host.addrs, host.n, &next[i]))
			rc = rtnl_address(host.nl, host.ifindex, &next[i], true);
	rc = rc ? rc : set_routes();
	for (unsigned int i = 0; rc == 0 && i < host.n; i++)
		if (!has(next, n, &host.addrs[i]))
			rc = rtnl_address(host.nl, host.ifindex, &host.addrs[i], false);
	if (rc != 0) {
		fail("addresses and routes", rc);
		return;
	}
	memcpy(host.addrs, next, sizeof(next));
	host.n = n;
}

int host_link_check(const struct sluice_config *cfg)
{
	int fd = cfg->nf.host_port ? open("/dev/net/tun", O_RDWR | O_CLOEXEC) : 0;
	snprintf(host.name, sizeof(host.name), "%s", cfg->nf.host_name);
	if (fd < 0)
		return fail("/dev/net/tun", -errno);
	if (fd > 0)
		close(fd);
	return 0;
}

int host_link_up(const struct sluice_config *cfg)
{
	if (!cfg->nf.host_port)
		return 0;
	host.ifindex = (int)if_nametoindex(host.name);
	host.nl = host.ifindex ? rtnl_open() : NULL;
	if (!host.nl)
		return fail("netlink", -errno);
	quieten();
	offloads_off();
	int rc = rtnl_link_up(host.nl, host.ifindex, nf_net()->iface[NF_IFACE_WAN].mtu);
	if (rc != 0)
		return fail("link up", rc);
	host.up = true;
	host_link_sync();
	if (host.n == 0 && nf_net()->iface[NF_IFACE_WAN].n_addrs)
		return -EIO; /* said why */
	reserve_ports();
	nf_log(NF_INFO, "host_port_up", "device=%s addresses=%u", host.name, host.n);
	return 0;
}

void host_link_down(void)
{
	if (host.reserved)
		write_file(PORTS_FILE, host.reserved_before[0] ? host.reserved_before : "\n");
	host.reserved = host.up = false;
	rtnl_close(host.nl);
	host.nl = NULL;
}
