/* SPDX-License-Identifier: Apache-2.0 */
/* A client (portal §4, §8.2): asks when packets come, goes where it is sent, and notices late that a gateway is dead. */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

/* --- its list --- */

static void unmap(struct want *w)
{
	w->is_pending = w->is_mapped = false;
}

/* Without a resource left, the connection ends (§4.3). */
static void close_unused(struct peer *p)
{
	const struct broker_device *self = store_find_identity(&p->sim->store, p->role, p->name);
	for (uint32_t i = 0; i < TUNNELS; i++) {
		struct tunnel *t = &p->tunnels[i];
		bool used = false;
		for (uint32_t r = 0; r < RESOURCES; r++)
			used |= p->wants[r].is_mapped && same_uuid(&p->wants[r].gateway, &t->peer);
		if (!t->is_up || used)
			continue;
		t->is_up = false;
		struct peer *gateway = sim_peer_of(p->sim, &t->peer);
		if (gateway && self)
			gateway_goodbye(gateway, &self->id);
	}
}

static void upsert(struct peer *p, const struct portal_resource *r)
{
	uint32_t i = resource_index(&r->id);
	if (i == RESOURCES)
		return;
	p->wants[i].listed = resource_digest(r);
}

static void delete(struct peer *p, const struct portal_uuid *id)
{
	uint32_t i = resource_index(id);
	if (i == RESOURCES)
		return;
	p->wants[i].listed = 0;
	unmap(&p->wants[i]);
	close_unused(p);
}

static void init(struct peer *p, const struct portal_client_init *m)
{
	bool listed[RESOURCES] = {false};
	p->has_init = true;
	for (size_t i = 0; i < m->resources.n; i++)
		if (resource_index(&m->resources.list[i].id) < RESOURCES)
			listed[resource_index(&m->resources.list[i].id)] = true;
	for (uint32_t r = 0; r < RESOURCES; r++) {
		struct portal_uuid id = resource_id(r);
		if (!listed[r] && p->wants[r].listed)
			delete(p, &id);
	}
	for (size_t i = 0; i < m->resources.n; i++)
		upsert(p, &m->resources.list[i]);
	peer_relays_set(p, &m->relays);
}

/* --- flows --- */

static void remember(struct peer *p, const struct portal_uuid *gateway)
{
	for (uint32_t i = 0; i < p->n_used; i++)
		if (same_uuid(&p->used[i], gateway))
			return;
	if (p->n_used < TUNNELS)
		p->used[p->n_used++] = *gateway;
}

static void ask(struct peer *p, uint32_t r)
{
	struct portal_message m = {.type = PORTAL_CREATE_FLOW};
	m.body.create_flow = (struct portal_create_flow){resource_id(r), {p->used, p->n_used}};
	if (peer_say(p, &m) != 0)
		return;
	p->wants[r].is_pending = true;
	p->wants[r].asked_at = p->sim->clock.now;
}

static void created(struct peer *p, const struct portal_flow_created *f)
{
	struct keys k;
	uint32_t r = resource_index(&f->resource_id);
	if (r == RESOURCES || !p->wants[r].listed || !p->wants[r].is_pending)
		return;
	struct want *w = &p->wants[r];
	w->is_pending = false;
	if (p->n_relays == 0) {
		peer_no_relays(p);
		return;
	}
	if (p->is_older && w->is_mapped && !same_uuid(&w->gateway, &f->gateway_id) && tunnel_find(p, &w->gateway))
		sim_violation(p->sim, "%s panics: another gateway for %u", p->name, r); /* §4.5 */
	struct tunnel *t = tunnel_make(p, &f->gateway_id);
	keys_fill(&k, &f->gateway_public_key, &f->preshared_key, &f->client_ice, &f->gateway_ice);
	t->keys = k;
	t->failing_until = 0;
	t->to_send = 1 + dice_below(&p->sim->dice, 3);
	w->is_mapped = true;
	w->gateway = f->gateway_id;
	remember(p, &f->gateway_id);
	close_unused(p);
}

static void drop_gateway(struct peer *p, const struct portal_uuid *gateway)
{
	struct tunnel *t = tunnel_find(p, gateway);
	if (t)
		t->is_up = false;
	for (uint32_t r = 0; r < RESOURCES; r++)
		if (p->wants[r].is_mapped && same_uuid(&p->wants[r].gateway, gateway))
			p->wants[r].is_mapped = false;
}

static void failed(struct peer *p, const struct portal_flow_creation_failed *f)
{
	uint32_t r = resource_index(&f->resource_id);
	if (r == RESOURCES || f->reason != PORTAL_FAILED_OFFLINE)
		return;
	p->wants[r].is_pending = false;
	p->wants[r].quiet_until = p->sim->clock.now + dice_below(&p->sim->dice, 8) * CP_S;
	struct portal_uuid gateway = p->wants[r].gateway;
	if (p->wants[r].is_mapped)
		drop_gateway(p, &gateway);
}

void client_goodbye(struct peer *client, const struct portal_uuid *gateway)
{
	if (client->channel)
		drop_gateway(client, gateway);
}

void client_message(struct peer *p, const struct portal_message *m)
{
	switch (m->type) {
	case PORTAL_CLIENT_INIT:
		init(p, &m->body.client_init);
		break;
	case PORTAL_RESOURCE_UPSERTED:
		upsert(p, &m->body.resource);
		break;
	case PORTAL_RESOURCE_DELETED:
		delete(p, &m->body.resource_deleted.id);
		break;
	case PORTAL_FLOW_CREATED:
		created(p, &m->body.flow_created);
		break;
	case PORTAL_FLOW_CREATION_FAILED:
		failed(p, &m->body.flow_creation_failed);
		break;
	case PORTAL_RELAYS_PRESENCE:
		peer_relays_gone(p, &m->body.relays_presence.disconnected);
		peer_relays_set(p, &m->body.relays_presence.connected);
		break;
	case PORTAL_CANDIDATES:
	case PORTAL_INVALIDATED_CANDIDATES:
		tunnel_candidates(p, tunnel_find(p, &m->body.candidates.from), &m->body.candidates);
		break;
	default:
		break;
	}
}

/* --- packets --- */

enum carries client_reaches(struct peer *p, uint32_t r)
{
	const struct want *w = &p->wants[r];
	const struct broker_device *self = store_find_identity(&p->sim->store, p->role, p->name);
	struct tunnel *t = w->is_mapped ? tunnel_find(p, &w->gateway) : NULL;
	struct peer *g = t ? sim_peer_of(p->sim, &w->gateway) : NULL;
	return g && self ? gateway_carries(g, &self->id, r, &t->keys, &p->key) : CARRIES_NOTHING;
}

/* The data plane fails for good only after a while (ICE, WireGuard: 2 to 20 s). */
static void fails(struct peer *p, uint32_t r)
{
	struct portal_uuid gateway = p->wants[r].gateway;
	struct tunnel *t = tunnel_find(p, &gateway);
	cp_time now = p->sim->clock.now;
	if (!t)
		p->wants[r].is_mapped = false;
	else if (!t->failing_until)
		t->failing_until = now + 2 * CP_S + (p->sim->is_calm ? 0 : dice_below(&p->sim->dice, 18) * CP_S);
	else if (now >= t->failing_until)
		drop_gateway(p, &gateway);
}

static void ask_at_times(struct peer *p, uint32_t r)
{
	if (!p->wants[r].is_pending || p->sim->clock.now - p->wants[r].asked_at >= 2 * CP_S)
		ask(p, r);
}

static void packet(struct peer *p, uint32_t r)
{
	struct want *w = &p->wants[r];
	enum carries c = client_reaches(p, r);
	if (!w->listed || p->sim->clock.now < w->quiet_until)
		return;
	if (!w->is_mapped)
		ask_at_times(p, r);
	else if (c == CARRIES_NOTHING)
		fails(p, r);
	else if (c == PROHIBITS && !p->is_older) /* the ICMP error says so (§4.5) */
		ask_at_times(p, r);
	else
		tunnel_find(p, &w->gateway)->failing_until = 0;
}

void client_packet(struct peer *p, uint32_t resource)
{
	if (!p->channel || !p->has_init)
		return;
	packet(p, resource);
	peer_pump(p);
}

void client_works(struct peer *p)
{
	if (!p->has_init)
		return;
	for (uint32_t i = 0; i < TUNNELS; i++)
		if (p->tunnels[i].is_up && p->tunnels[i].to_send)
			tunnel_say_candidates(p, &p->tunnels[i]);
	packet(p, dice_below(&p->sim->dice, RESOURCES));
}
