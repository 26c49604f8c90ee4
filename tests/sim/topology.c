/* SPDX-License-Identifier: Apache-2.0 */
#include "topology.h"

#include <stdio.h>

static bool one_in(struct dice *d, uint32_t n)
{
	return dice_below(d, n) == 0;
}

static struct nat_settings throw_nat(struct dice *d)
{
	enum nat_behaviour mapping = one_in(d, 3) ? NAT_ADDRESS_PORT : one_in(d, 6) ? NAT_ADDRESS : NAT_INDEPENDENT;
	return (struct nat_settings){
		.mapping = mapping,
		.filtering = (enum nat_behaviour)dice_between(d, NAT_INDEPENDENT, NAT_ADDRESS_PORT),
		.v6 = (enum nat_v6)dice_below(d, 3),
		.preserves_ports = one_in(d, 2),
		.hairpins = one_in(d, 2),
		.refreshed_inbound = one_in(d, 2),
		.expiry = dice_between(d, 30, 120) * CP_S,
	};
}

/* Homes hand out the same addresses everywhere. */
struct places {
	struct zone *zones[6];
	unsigned int n, hosts[6];
	bool shares[6]; /* of a zone: its addresses are those of the other homes as well */
};

static void settle_home(struct world *w, struct places *p, struct zone *outer, unsigned int number)
{
	char v4[40], v6[40];
	struct nat_settings s = throw_nat(&w->dice);
	if (outer == world_internet(w))
		snprintf(v4, sizeof(v4), "198.51.100.%u", number);
	else
		snprintf(v4, sizeof(v4), "100.64.0.%u", number);
	snprintf(v6, sizeof(v6), "2001:db8:%x::1", 0x100 + number);
	p->shares[p->n] = one_in(&w->dice, 4);
	p->zones[p->n++] = world_home(w, world_name(w, "nat%u", number), &s, outer, v4, v6);
}

static void throw_places(struct world *w, struct places *p)
{
	unsigned int homes = dice_below(&w->dice, 4);
	struct zone *carrier = NULL;
	p->zones[p->n++] = world_internet(w);
	if (one_in(&w->dice, 3)) {
		settle_home(w, p, world_internet(w), 1);
		carrier = p->zones[p->n - 1];
	}
	for (unsigned int i = 0; i < homes; i++)
		settle_home(w, p, carrier && one_in(&w->dice, 2) ? carrier : world_internet(w), 2 + i);
}

static struct host *throw_host(struct world *w, struct places *p, enum conn_role role, unsigned int number)
{
	unsigned int at = dice_below(&w->dice, p->n), family = dice_below(&w->dice, 4), seat = ++p->hosts[at];
	char v4[40], v6[40];
	struct host_settings s = {.role = role, .strips = one_in(&w->dice, 2), .responds = one_in(&w->dice, 2)};
	if (at == 0)
		snprintf(v4, sizeof(v4), "192.0.2.%u", number);
	else
		snprintf(v4, sizeof(v4), "192.168.%u.%u", p->shares[at] ? 0 : at, 9 + seat);
	snprintf(v6, sizeof(v6), "2001:db8:%x::%x", 0x200 + at, 9 + seat);
	return world_host(w, world_name(w, role == CONN_CLIENT ? "client%u" : "gateway%u", number), &s, p->zones[at],
			  family == 1 ? NULL : v4, family == 0 ? NULL : v6);
}

static void throw_relays(struct world *w)
{
	unsigned int n = one_in(&w->dice, 8) ? 0 : 1 + dice_below(&w->dice, 2);
	for (unsigned int i = 0; i < n; i++) {
		char v4[40], v6[40];
		unsigned int family = dice_below(&w->dice, 6);
		struct relay_settings s = {.kind = one_in(&w->dice, 4) ? RELAY_THIRD_PARTY : RELAY_STOCK,
					   .one_per_username = one_in(&w->dice, 2),
					   .nonce_uses = one_in(&w->dice, 4) ? 30 : 0};
		snprintf(v4, sizeof(v4), "203.0.113.%u", i + 1);
		snprintf(v6, sizeof(v6), "2001:db8:5::%u", i + 1);
		world_relay(w, world_name(w, "relay%u", i + 1), &s, family == 1 ? NULL : v4, family == 0 ? NULL : v6);
	}
}

static void weather(struct world *w, struct link *l, bool lossy)
{
	struct dice *d = &w->dice;
	l->latency = dice_between(d, 1, 40) * CP_MS;
	l->jitter = one_in(d, 3) ? dice_between(d, 1, 10) * CP_MS : 0;
	l->reorder_ppm = one_in(d, 6) ? 50000 : 0;
	l->duplicate_ppm = one_in(d, 6) ? 20000 : 0;
	if (lossy && one_in(d, 3))
		l->loss_ppm = dice_below(d, 60000);
}

static void throw_weather(struct world *w, bool lossy)
{
	for (unsigned int i = 0; i < w->n_nats; i++) {
		weather(w, &w->nats[i].outer.link, lossy);
		weather(w, &w->nats[i].inner.link, false);
	}
	for (unsigned int i = 0; i < w->n_relays; i++)
		weather(w, &w->relays[i].nic.link, lossy);
	for (unsigned int i = 0; i < w->n_hosts; i++)
		weather(w, &w->hosts[i].nics[0].link, lossy);
}

struct topology topology_throw(struct world *w)
{
	struct topology t = {.n_clients = 1 + dice_below(&w->dice, 3), .n_gateways = 1 + dice_below(&w->dice, 2)};
	struct places p = {0};
	throw_places(w, &p);
	throw_relays(w);
	for (unsigned int i = 0; i < t.n_clients; i++)
		t.clients[i] = throw_host(w, &p, CONN_CLIENT, i + 1);
	for (unsigned int i = 0; i < t.n_gateways; i++)
		t.gateways[i] = throw_host(w, &p, CONN_GATEWAY, i + 1 + t.n_clients);
	t.lossy = one_in(&w->dice, 4);
	throw_weather(w, t.lossy);
	w->portal.reorders = one_in(&w->dice, 2);
	w->portal.least = CP_MS;
	w->portal.most = dice_between(&w->dice, 2, 200) * CP_MS;
	if (one_in(&w->dice, 4))
		w->portal.ufrag_chars = 1 + dice_below(&w->dice, 2);
	return t;
}
