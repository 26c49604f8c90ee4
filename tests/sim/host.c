/* SPDX-License-Identifier: Apache-2.0 */
#include "host.h"

#include <assert.h>
#include <string.h>

#include "portal.h"
#include "world.h"

static void deliver(void *owner, struct nic *at, const struct packet *p)
{
	struct host *h = owner;
	if (p->dst.port != HOST_PORT)
		nic_refuse(at, p, "nobody listens there");
	else
		nf_datagram(h, p);
}

void host_init(struct host *h, struct world *w, const char *name, const struct host_settings *s, struct dice d)
{
	*h = (struct host){.world = w, .clock = &w->clock, .name = name, .s = *s, .role = s->role, .dice = d};
	for (unsigned int i = 0; i < sizeof(h->id); i++)
		h->id[i] = (uint8_t)dice_u64(&h->dice);
	for (unsigned int i = 0; i < sizeof(h->key); i++)
		h->key[i] = (uint8_t)dice_u64(&h->dice);
	h->count.hash = 0xcbf29ce484222325u;
}

void host_fini(struct host *h)
{
	if (h->core)
		core_kill(h);
	nf_fini(h);
}

struct nic *host_attach(struct host *h, struct zone *z)
{
	assert(h->n_nics < sizeof(h->nics) / sizeof(h->nics[0]));
	struct nic *n = &h->nics[h->n_nics++];
	*n = (struct nic){.name = h->name, .zone = z, .owner = h, .deliver = deliver};
	return n;
}

static void address_put(struct host *h, struct nic *nic, const struct cp_addr *ip)
{
	assert(h->n_addrs < HOST_ADDRS_MAX);
	h->addrs[h->n_addrs].addr = *ip;
	h->addrs[h->n_addrs].addr.port = HOST_PORT;
	h->addrs[h->n_addrs++].nic = (unsigned int)(nic - h->nics);
	nic_address_add(nic, ip);
}

static void address_take(struct host *h, unsigned int i)
{
	nic_address_remove(&h->nics[h->addrs[i].nic], &h->addrs[i].addr);
	memmove(&h->addrs[i], &h->addrs[i + 1], (h->n_addrs - i - 1) * sizeof(h->addrs[0]));
	h->n_addrs--;
}

void host_address_add(struct host *h, struct nic *nic, const struct cp_addr *ip)
{
	address_put(h, nic, ip);
	host_addresses_changed(h);
}

void host_address_remove(struct host *h, const struct cp_addr *ip)
{
	for (unsigned int i = 0; i < h->n_addrs; i++)
		if (cp_ip_equal(&h->addrs[i].addr, ip)) {
			address_take(h, i);
			break;
		}
	host_addresses_changed(h);
}

void host_roam(struct host *h, struct nic *nic, struct zone *z, const struct cp_addr *ips, unsigned int n)
{
	for (unsigned int i = h->n_addrs; i-- > 0;)
		if (&h->nics[h->addrs[i].nic] == nic)
			address_take(h, i);
	nic->zone = z;
	for (unsigned int i = 0; i < n; i++)
		address_put(h, nic, &ips[i]);
	host_addresses_changed(h);
}

void host_goodbye_came(struct host *h, const uint8_t id[CONN_ID_BYTES])
{
	uint8_t copy[CONN_ID_BYTES]; /* the peer goes away under it */
	memcpy(copy, id, sizeof(copy));
	h->count.goodbyes_in++;
	if (!h->core)
		return;
	conn_remove(h->core, copy, h->clock->now);
	core_drain(h);
}

void host_wants(struct host *h, const uint8_t id[CONN_ID_BYTES])
{
	portal_wanted(&h->world->portal, h, id);
}

bool host_is_connected(const struct host *h, const struct host *peer, struct conn_info *ret)
{
	struct conn_info info;
	const struct wg_peer *p = host_peer(h, peer->id);
	if (!h->core || !conn_info(h->core, peer->id, &info))
		return false;
	if (ret)
		*ret = info;
	return p && p->session[WG_CURRENT].local && info.path.handle != 0 && info.state != CONN_CONNECTING;
}

uint64_t host_checks_sent(const struct host *h)
{
	uint64_t n = 0;
	for (unsigned int i = 0; i < h->n_checks; i++)
		n += h->checks[i].sent;
	return n;
}
