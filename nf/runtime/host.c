/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's side of the host port. The TAP owns the addresses of all interfaces and the default
 * routes of the namespace, at a metric that leaves a management NIC's own default route in front.
 * Addresses, routes and per-device settings go with the TAP when the process ends, however it ends; the
 * reserved ports, which belong to the namespace, are taken back by host_stop().
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "netlink.h"
#include "nodes/nodes.h"
#include "runtime.h"

#define METRIC        2048 /* behind static routes, DHCP (100, 1024) and router advertisements (1024) */
#define ADDRESSES_MAX (NF_IFACE_MAX * NF_IFACE_ADDR_MAX)
#define RESERVED_PATH "/proc/sys/net/ipv4/ip_local_reserved_ports"
#define RESERVED_MAX  4096

static struct {
	struct mnl_socket *nl;
	char name[16];
	unsigned int ifindex;
	unsigned int n;
	struct nf_ip addrs[ADDRESSES_MAX]; /* what the TAP has */
	char reserved_before[RESERVED_MAX], reserved_by_us[RESERVED_MAX];
} host;

static int failed(const char *what, int rc)
{
	nf_log(NF_ERR, "host_port_failed", "error=\"host_port: %s: %s\" device=%s hint=\"set nf.host_port to false\"", what,
	       strerror(-rc), host.name);
	return rc;
}

static int read_text(const char *path, char *ret, size_t bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, ret, bytes - 1);
	int rc = n < 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	ret[n > 0 ? n : 0] = 0;
	ret[strcspn(ret, "\n")] = 0;
	return rc;
}

static int write_text(const char *path, const char *text)
{
	char line[RESERVED_MAX + 1];
	int bytes = snprintf(line, sizeof(line), "%s\n", text), fd = open(path, O_WRONLY | O_CLOEXEC);
	int rc = fd < 0 || write(fd, line, (size_t)bytes) < 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	return rc;
}

/* What a setting protects from is harmless on kernels that lack it, so -ENOENT is none of a failure. */
static int set(const char *family, const char *key, const char *value)
{
	char path[128];
	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, host.name, key);
	int rc = write_text(path, value);
	return rc == 0 || rc == -ENOENT ? 0 : failed(path, rc);
}

/*
 * Loose reverse path: a management NIC may have the better route to a sender. accept_local: our own ICMP
 * errors about the kernel's packets come from an address of the kernel's. No link-local address, no
 * router solicitations: the link behind the TAP is the graph, which does neighbour discovery by itself.
 */
static int settings(void)
{
	int rc = set("ipv4", "rp_filter", "2");
	rc = rc ? rc : set("ipv4", "accept_local", "1");
	rc = rc ? rc : set("ipv6", "addr_gen_mode", "1");
	rc = rc ? rc : set("ipv6", "accept_ra", "0");
	rc = rc ? rc : set("ipv6", "router_solicitations", "0");
	return rc ? rc : set("ipv6", "disable_ipv6", "0");
}

/* The kernel must not hand a tunnel's port to a socket of its own: the answers would never arrive there. */
static int reserve_ports(void)
{
	char text[RESERVED_MAX];
	int rc = read_text(RESERVED_PATH, host.reserved_before, sizeof(host.reserved_before));
	size_t at = (size_t)snprintf(text, sizeof(text), "%s", host.reserved_before);
	for (unsigned int i = 0; rc == 0 && i < nf_classify_table.n_matches && at < sizeof(text) - 8; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%u", at ? "," : "", nf_classify_table.match[i].port);
	rc = rc ? rc : write_text(RESERVED_PATH, text);
	rc = rc ? rc : read_text(RESERVED_PATH, host.reserved_by_us, sizeof(host.reserved_by_us));
	return rc ? failed(RESERVED_PATH, rc) : 0;
}

static bool same(const struct nf_ip *a, const struct nf_ip *b)
{
	return a->family == b->family && memcmp(a->v6, b->v6, a->family == 4 ? 4 : 16) == 0;
}

static bool is_among(const struct nf_ip *ip, const struct nf_ip *list, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (same(ip, &list[i]))
			return true;
	return false;
}

/* wan's first: the kernel prefers what came first. */
static unsigned int addresses_of(const struct nf_net *net, struct nf_ip ret[ADDRESSES_MAX])
{
	unsigned int n = 0;
	for (unsigned int i = NF_IFACE_WAN; i < NF_IFACE_MAX; i++)
		for (unsigned int a = 0; net->iface[i].in_use && a < net->iface[i].n_addrs; a++)
			ret[n++] = net->iface[i].addrs[a];
	return n;
}

/* The driver's TAP takes no more than its port's MTU, whatever wan's is. */
static uint16_t mtu_of(const struct nf_net *net)
{
	uint16_t wan = net->iface[NF_IFACE_WAN].mtu, most = net->iface[NF_IFACE_HOST].mtu;
	return wan < most ? wan : most;
}

static int default_route(const struct nf_ip *addrs, unsigned int n, uint8_t family)
{
	for (unsigned int i = 0; i < n; i++)
		if (addrs[i].family == family)
			return netlink_default_route(host.nl, host.ifindex, &addrs[i], METRIC);
	return 0;
}

static int first_error(int rc, int next)
{
	return rc ? rc : next;
}

/* All of them, whether or not they were given before: the kernel may have refused one, or lost it since. */
static int give(const struct nf_ip *next, unsigned int n, struct nf_ip *ret_has, unsigned int *ret_n)
{
	int rc = 0;
	*ret_n = 0;
	for (unsigned int i = 0; i < n; i++) {
		int one = netlink_address_add(host.nl, host.ifindex, &next[i]);
		if (one == 0 || one == -EEXIST)
			ret_has[(*ret_n)++] = next[i];
		else
			rc = first_error(rc, one);
	}
	return rc;
}

static int take_old(const struct nf_ip *next, unsigned int n)
{
	int rc = 0;
	for (unsigned int i = 0; i < host.n; i++) {
		int one = is_among(&host.addrs[i], next, n) ? 0 : netlink_address_remove(host.nl, host.ifindex, &host.addrs[i]);
		if (one != -EADDRNOTAVAIL) /* gone is gone */
			rc = first_error(rc, one);
	}
	return rc;
}

/* New addresses first, then routes that may prefer them, old ones last: the kernel is never without. */
static int apply(const struct nf_net *net)
{
	struct nf_ip next[ADDRESSES_MAX], has[ADDRESSES_MAX];
	unsigned int n = addresses_of(net, next), n_has;
	int rc = give(next, n, has, &n_has);
	rc = first_error(rc, default_route(has, n_has, 4));
	rc = first_error(rc, default_route(has, n_has, 6));
	rc = first_error(rc, take_old(next, n));
	memcpy(host.addrs, has, sizeof(has[0]) * n_has);
	host.n = n_has;
	return rc ? failed("addresses and routes", rc) : 0;
}

int host_check(const struct sluice_config *cfg)
{
	int fd = cfg->nf.host_port ? open("/dev/net/tun", O_RDWR | O_CLOEXEC) : 0;
	snprintf(host.name, sizeof(host.name), "%s", cfg->nf.host_name);
	if (fd < 0)
		return failed("/dev/net/tun", -errno);
	if (fd > 0)
		close(fd);
	return 0;
}

int host_start(const char *name)
{
	snprintf(host.name, sizeof(host.name), "%s", name);
	host.ifindex = if_nametoindex(name);
	if (host.ifindex == 0)
		return failed("the TAP is not there", -errno);
	host.nl = netlink_open();
	if (!host.nl)
		return failed("rtnetlink", -errno);
	int rc = settings();
	if (rc == 0) {
		rc = netlink_link_up_noarp(host.nl, host.ifindex, mtu_of(nf_net()));
		rc = rc ? failed("bringing the TAP up", rc) : 0;
	}
	rc = rc ? rc : apply(nf_net());
	rc = rc ? rc : reserve_ports();
	if (rc == 0)
		nf_log(NF_INFO, "host_port_ready", "device=%s addresses=%u", host.name, host.n);
	return rc;
}

/* A failure leaves the node forwarding; the log says what the kernel lacks. */
void host_net_changed(void)
{
	const struct nf_net *net = nf_net();
	if (!host.nl)
		return;
	int rc = netlink_link_up_noarp(host.nl, host.ifindex, mtu_of(net));
	if (rc != 0)
		failed("MTU", rc);
	apply(net);
}

/* Somebody else's later change of the reserved ports wins over ours. */
void host_stop(void)
{
	char now[RESERVED_MAX];
	if (host.reserved_by_us[0] && read_text(RESERVED_PATH, now, sizeof(now)) == 0 && strcmp(now, host.reserved_by_us) == 0)
		write_text(RESERVED_PATH, host.reserved_before);
	netlink_close(host.nl);
	host.nl = NULL;
}
