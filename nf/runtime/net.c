/* SPDX-License-Identifier: Apache-2.0 */
/* The published network: look-ups for every thread, publication by mgmt. */
#include <string.h>

#include <rte_byteorder.h>

#include <nf/worker.h>

#include "runtime.h"

static struct nf_net *current; /* writer: mgmt; readers: workers (RCU) */

const struct nf_net *nf_net(void)
{
	return __atomic_load_n(&current, __ATOMIC_ACQUIRE);
}

static void free_deferred(void *net)
{
	net_free(net);
}

void net_publish(struct nf_net *net)
{
	struct nf_net *old = current;
	__atomic_store_n(&current, net, __ATOMIC_RELEASE);
	if (old)
		nf_rcu_defer(free_deferred, old);
}

static bool is_own(const struct nf_iface *iface, uint8_t family, const void *addr)
{
	size_t bytes = family == 4 ? 4 : 16;
	for (unsigned int i = 0; i < iface->n_addrs; i++)
		if (iface->addrs[i].family == family && memcmp(iface->addrs[i].v6, addr, bytes) == 0)
			return true;
	return family == 6 && iface->link_local.family == 6 && memcmp(iface->link_local.v6, addr, 16) == 0;
}

static bool find_own(const struct nf_net *net, uint8_t family, const void *addr, uint16_t *ret_iface)
{
	for (uint16_t i = 0; i < NF_IFACE_MAX; i++) {
		if (!net->iface[i].in_use || !is_own(&net->iface[i], family, addr))
			continue;
		if (ret_iface)
			*ret_iface = i;
		return true;
	}
	return false;
}

/* Asked for every packet, twice: words, and no call. */
bool nf_net_is_own4(const struct nf_net *net, uint32_t be_addr, uint16_t *ret_iface)
{
	for (uint16_t i = 0; i < net->n_own4; i++) {
		if (net->own4[i].v4 != be_addr)
			continue;
		if (ret_iface)
			*ret_iface = (uint16_t)net->own4[i].iface;
		return true;
	}
	return false;
}

bool nf_net_is_own6(const struct nf_net *net, const uint8_t addr[16], uint16_t *ret_iface)
{
	return find_own(net, 6, addr, ret_iface);
}

bool net_prefix_covers(const struct nf_ip *prefix, const void *addr)
{
	const uint8_t *a = addr;
	unsigned int bytes = prefix->prefix_len / 8, bits = prefix->prefix_len % 8;
	if (memcmp(prefix->v6, a, bytes) != 0)
		return false;
	return bits == 0 || (prefix->v6[bytes] ^ a[bytes]) >> (8 - bits) == 0;
}

/* Routes are a handful, sorted by length: a scan beats a tree. */
static const struct nf_route *route(const struct nf_net *net, uint8_t family, const void *addr)
{
	for (uint16_t i = 0; i < net->n_routes; i++)
		if (net->routes[i].to.family == family && net_prefix_covers(&net->routes[i].to, addr))
			return &net->routes[i];
	return NULL;
}

const struct nf_route *nf_net_route4(const struct nf_net *net, uint32_t be_addr)
{
	for (uint16_t i = 0; i < net->n_routes; i++) {
		const struct nf_ip *to = &net->routes[i].to;
		uint32_t mask = to->prefix_len ? UINT32_MAX << (32 - to->prefix_len) : 0;
		if (to->family == 4 && ((to->v4 ^ be_addr) & rte_cpu_to_be_32(mask)) == 0)
			return &net->routes[i];
	}
	return NULL;
}

const struct nf_route *nf_net_route6(const struct nf_net *net, const uint8_t addr[16])
{
	return route(net, 6, addr);
}

/* One that shares the prefix with `to` if there is one, else the first of its family. */
struct nf_ip nf_iface_source(const struct nf_iface *iface, const struct nf_ip *to)
{
	const struct nf_ip *best = NULL;
	if (to->family == 6 && to->v6[0] == 0xfe && (to->v6[1] & 0xc0) == 0x80)
		return iface->link_local;
	for (unsigned int i = 0; i < iface->n_addrs; i++) {
		if (iface->addrs[i].family != to->family)
			continue;
		if (net_prefix_covers(&iface->addrs[i], to->v6))
			return iface->addrs[i];
		best = best ? best : &iface->addrs[i];
	}
	return best ? *best : (struct nf_ip){0};
}
