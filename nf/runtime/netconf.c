/* SPDX-License-Identifier: Apache-2.0 */
/* From the configuration's interfaces to struct nf_net: addresses, link-local ones, routes by length. */
#include <stdlib.h>
#include <string.h>

#include "runtime.h"

static struct nf_ip ip_of(const struct config_addr *a)
{
	struct nf_ip ip = {.family = a->family, .prefix_len = a->prefix_len};
	memcpy(ip.v6, a->addr, a->family == 4 ? 4 : 16);
	return ip;
}

/* RFC 4291 appendix A: modified EUI-64. */
static struct nf_ip link_local(const uint8_t mac[6])
{
	return (struct nf_ip){.family = 6,
			      .prefix_len = 64,
			      .v6 = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, (uint8_t)(mac[0] ^ 2), mac[1], mac[2], 0xff, 0xfe,
				     mac[3], mac[4], mac[5]}};
}

static void build_iface(struct nf_iface *i, uint16_t id, const char *name, const struct config_interface *c)
{
	const struct nf_port *port = nf_port(c->port);
	if (!c->in_use)
		return;
	strncpy(i->name, name, sizeof(i->name) - 1);
	i->in_use = true;
	i->id = id;
	i->port = c->port;
	i->vlan = c->vlan;
	i->mtu = c->mtu ? c->mtu : port->mtu;
	memcpy(i->mac, port->mac, 6);
	i->n_addrs = (uint8_t)c->n_addresses;
	for (uint16_t n = 0; n < c->n_addresses; n++)
		i->addrs[n] = ip_of(&c->addresses[n]);
	i->link_local = link_local(i->mac);
	i->gateway4 = ip_of(&c->gateway4);
	i->gateway6 = ip_of(&c->gateway6);
}

static void build_host(struct nf_iface *i)
{
	for (uint16_t p = 0; p < nf_port_count(); p++) {
		if (!nf_port(p)->is_host)
			continue;
		*i = (struct nf_iface){.name = "host", .in_use = true, .id = NF_IFACE_HOST, .port = p, .mtu = nf_port(p)->mtu};
		memcpy(i->mac, nf_port(p)->mac, 6);
	}
}

static void gather_own4(struct nf_net *net)
{
	for (uint16_t i = 0; i < NF_IFACE_MAX; i++)
		for (unsigned int n = 0; net->iface[i].in_use && n < net->iface[i].n_addrs; n++)
			if (net->iface[i].addrs[n].family == 4)
				net->own4[net->n_own4++] = (struct nf_own4){.v4 = net->iface[i].addrs[n].v4, .iface = i};
}

static void mask(struct nf_ip *ip)
{
	unsigned int bytes = ip->family == 4 ? 4 : 16;
	for (unsigned int b = 0; b < bytes; b++) {
		unsigned int bits = ip->prefix_len > 8 * b ? ip->prefix_len - 8 * b : 0;
		if (bits < 8)
			ip->v6[b] &= (uint8_t)(0xff00u >> bits);
	}
}

static void add_route(struct nf_net *net, struct nf_ip to, struct nf_ip via, uint16_t iface)
{
	mask(&to);
	net->routes[net->n_routes++] = (struct nf_route){.to = to, .via = via, .iface = iface};
}

static void add_iface_routes(struct nf_net *net, const struct nf_iface *i)
{
	for (unsigned int n = 0; n < i->n_addrs; n++)
		add_route(net, i->addrs[n], (struct nf_ip){0}, i->id);
	if (i->gateway4.family)
		add_route(net, (struct nf_ip){.family = 4}, i->gateway4, i->id);
	if (i->gateway6.family)
		add_route(net, (struct nf_ip){.family = 6}, i->gateway6, i->id);
}

static int longer_first(const void *a, const void *b)
{
	const struct nf_route *x = a, *y = b;
	if (x->to.prefix_len != y->to.prefix_len)
		return (int)y->to.prefix_len - (int)x->to.prefix_len;
	return (int)x->iface - (int)y->iface; /* of two default routes wan's wins */
}

struct nf_net *net_build(const struct sluice_config *cfg)
{
	struct nf_net *net = calloc(1, sizeof(*net));
	size_t most = cfg->nf.n_routes + 2u * (CONFIG_ADDR_MAX + 2u);
	if (!net)
		return NULL;
	net->routes = calloc(most, sizeof(*net->routes));
	if (!net->routes) {
		free(net);
		return NULL;
	}
	build_host(&net->iface[NF_IFACE_HOST]);
	build_iface(&net->iface[NF_IFACE_WAN], NF_IFACE_WAN, "wan", &cfg->nf.wan);
	build_iface(&net->iface[NF_IFACE_LAN], NF_IFACE_LAN, "lan", &cfg->nf.lan);
	gather_own4(net);
	add_iface_routes(net, &net->iface[NF_IFACE_WAN]);
	add_iface_routes(net, &net->iface[NF_IFACE_LAN]);
	for (uint16_t r = 0; r < cfg->nf.n_routes; r++)
		add_route(net, ip_of(&cfg->nf.routes[r].to), ip_of(&cfg->nf.routes[r].via),
			  cfg->nf.routes[r].lan ? NF_IFACE_LAN : NF_IFACE_WAN);
	qsort(net->routes, net->n_routes, sizeof(*net->routes), longer_first);
	return net;
}

void net_free(struct nf_net *net)
{
	if (net)
		free(net->routes);
	free(net);
}
