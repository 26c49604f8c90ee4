/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

#include <stdio.h>

const struct nat_settings nat_cone = {.mapping = NAT_INDEPENDENT, .filtering = NAT_INDEPENDENT, .preserves_ports = true,
				      .expiry = 120 * CP_S};
const struct nat_settings nat_restricted = {.mapping = NAT_INDEPENDENT, .filtering = NAT_ADDRESS_PORT, .expiry = 60 * CP_S};
const struct nat_settings nat_symmetric = {.mapping = NAT_ADDRESS_PORT, .filtering = NAT_ADDRESS_PORT, .expiry = 60 * CP_S};

static struct host *place(struct stage *s, int side, const char *name, const struct host_settings *nf, struct stage_end end)
{
	struct host_settings h = *nf;
	struct zone *z = world_internet(s->w);
	char outside[32];
	h.role = side ? CONN_GATEWAY : CONN_CLIENT;
	snprintf(outside, sizeof(outside), "198.51.100.%d", side + 1);
	if (end.nat)
		z = s->home[side] = world_home(s->w, side ? "nat2" : "nat1", end.nat, z, outside, NULL);
	return world_host(s->w, name, &h, z, end.v4, end.v6);
}

struct stage stage_build(struct world *w, const struct host_settings *nf, struct stage_end client, struct stage_end gateway,
			 unsigned int relays)
{
	struct stage s = {.w = w};
	const struct relay_settings stock = {.kind = RELAY_STOCK};
	trace_party(w->net.trace, "portal");
	s.client = place(&s, 0, "client", nf, client);
	trace_party(w->net.trace, "client");
	for (unsigned int i = 0; i < relays; i++) {
		char v4[32], v6[32];
		snprintf(v4, sizeof(v4), "203.0.113.%u", i + 1);
		snprintf(v6, sizeof(v6), "2001:db8:5::%u", i + 1);
		trace_party(w->net.trace, world_relay(w, world_name(w, "relay%u", i + 1), &stock, v4, v6)->nic.name);
	}
	s.gateway = place(&s, 1, "gateway", nf, gateway);
	trace_party(w->net.trace, "gateway");
	world_latency(w, 5 * CP_MS);
	return s;
}

bool stage_is_connected(struct stage *s)
{
	return host_is_connected(s->client, s->gateway, NULL) && host_is_connected(s->gateway, s->client, NULL);
}

struct conn_info stage_info(const struct host *h, const struct host *peer)
{
	struct conn_info info = {0};
	if (h->core)
		conn_info(h->core, peer->id, &info);
	return info;
}

static bool both_are(struct stage *s, bool direct)
{
	enum conn_path_kind a = stage_info(s->client, s->gateway).path.kind, b = stage_info(s->gateway, s->client).path.kind;
	return stage_is_connected(s) && (a == CONN_PATH_DIRECT) == direct && (b == CONN_PATH_DIRECT) == direct;
}

bool stage_is_direct(struct stage *s)
{
	return both_are(s, true);
}

bool stage_is_relayed(struct stage *s)
{
	return both_are(s, false);
}

bool stage_wait(struct stage *s, bool (*is)(struct stage *s), cp_time limit)
{
	for (cp_time end = s->w->clock.now + limit; !is(s); world_run(s->w, CP_MS))
		if (s->w->clock.now >= end)
			return false;
	return true;
}

bool stage_connect(struct stage *s)
{
	world_start(s->w);
	world_run(s->w, CP_S);
	portal_connect(&s->w->portal, s->client, s->gateway);
	return stage_wait(s, stage_is_connected, oracle_bound(s->w, s->client, s->gateway));
}

bool stage_settle(struct stage *s)
{
	bool came = stage_connect(s);
	world_run(s->w, 5 * CP_S);
	return came && stage_is_connected(s);
}

void stage_talk(struct stage *s, cp_time every)
{
	flow_start(flow_of(s->client, s->gateway->id), every);
	flow_start(flow_of(s->gateway, s->client->id), every);
}

void stage_hush(struct stage *s)
{
	flow_stop(flow_of(s->client, s->gateway->id));
	flow_stop(flow_of(s->gateway, s->client->id));
}

uint64_t stage_lost(struct stage *s)
{
	struct flow *c = flow_of(s->client, s->gateway->id), *g = flow_of(s->gateway, s->client->id);
	cp_time every = c->every;
	stage_hush(s);
	world_run(s->w, CP_S);
	uint64_t lost = flow_lost(c, g) + flow_lost(g, c);
	if (every)
		stage_talk(s, every);
	return lost;
}

bool stage_flows(struct stage *s, cp_time duration)
{
	struct flow *c = flow_of(s->client, s->gateway->id), *g = flow_of(s->gateway, s->client->id);
	uint64_t lost = stage_lost(s), before_c = c->received, before_g = g->received;
	uint64_t unsent = c->unsent + g->unsent;
	if (!c->every)
		stage_talk(s, 50 * CP_MS);
	world_run(s->w, duration);
	return stage_lost(s) == lost && c->received > before_c && g->received > before_g && c->unsent + g->unsent == unsent;
}
