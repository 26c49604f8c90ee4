/* SPDX-License-Identifier: Apache-2.0 */
/* A gateway (portal §3, §8.2): answers, grants, revokes, and tells its candidates. */
#include <string.h>

#include "sim.h"

/* --- access --- */

static bool has_any(const struct tunnel *t, int64_t now)
{
	for (uint32_t r = 0; r < RESOURCES; r++)
		if (t->access[r] > now)
			return true;
	return false;
}

static void say_goodbye(struct peer *p, struct tunnel *t)
{
	struct peer *client = sim_peer_of(p->sim, &t->peer);
	const struct broker_device *self = store_find_identity(&p->sim->store, p->role, p->name);
	t->is_up = false;
	if (client && self)
		client_goodbye(client, &self->id);
}

static void revoke(struct peer *p, struct tunnel *t, uint32_t resource)
{
	t->access[resource] = 0;
	if (!has_any(t, sim_unix(p->sim)))
		say_goodbye(p, t);
}

/* The list is all there is (§3.1). */
static void reconcile(struct peer *p, const struct portal_authorizations *l)
{
	for (uint32_t i = 0; i < TUNNELS; i++) {
		struct tunnel *t = &p->tunnels[i];
		int64_t access[RESOURCES] = {0};
		if (!t->is_up)
			continue;
		for (size_t k = 0; k < l->n; k++)
			if (same_uuid(&l->list[k].client_id, &t->peer) && resource_index(&l->list[k].resource_id) < RESOURCES)
				access[resource_index(&l->list[k].resource_id)] = l->list[k].expires_at;
		for (uint32_t r = 0; r < RESOURCES; r++)
			if (t->access[r])
				t->access[r] = access[r];
		if (!has_any(t, sim_unix(p->sim)))
			say_goodbye(p, t);
	}
}

/* --- requests --- */

static void answer(struct peer *p, const char *ref)
{
	struct portal_message m = {.type = PORTAL_FLOW_AUTHORIZED, .body.flow_authorized.ref = ref};
	peer_say(p, &m);
}

static void authorize(struct peer *p, const struct portal_authorize_flow *f)
{
	struct keys k;
	uint32_t resource = resource_index(&f->resource.id);
	if (p->n_relays == 0) { /* §5.5 */
		peer_no_relays(p);
		return;
	}
	if (!p->sim->is_calm && (p->is_mute || dice_below(&p->sim->dice, 40) == 0))
		return;
	struct tunnel *t = tunnel_make(p, &f->client.id);
	keys_fill(&k, &f->client.public_key, &f->client.preshared_key, &f->client_ice, &f->gateway_ice);
	if (memcmp(&k, &t->keys, sizeof(k)) != 0)
		memset(t->access, 0, sizeof(t->access));
	t->keys = k;
	if (resource < RESOURCES)
		t->access[resource] = f->expires_at;
	t->to_send = 1 + dice_below(&p->sim->dice, 3);
	answer(p, f->ref);
	if (dice_below(&p->sim->dice, 2))
		tunnel_say_candidates(p, t);
}

static void expiry(struct peer *p, const struct portal_authorization *a)
{
	struct tunnel *t = tunnel_find(p, &a->client_id);
	uint32_t r = resource_index(&a->resource_id);
	if (p->speaks.dialect == PORTAL_V1 && t && r < RESOURCES && t->access[r])
		t->access[r] = a->expires_at;
}

void gateway_message(struct peer *p, const struct portal_message *m)
{
	struct tunnel *t;
	switch (m->type) {
	case PORTAL_GATEWAY_INIT:
		p->has_init = true;
		peer_relays_set(p, &m->body.gateway_init.relays);
		reconcile(p, &m->body.gateway_init.authorizations);
		break;
	case PORTAL_AUTHORIZE_FLOW:
		authorize(p, &m->body.authorize_flow);
		break;
	case PORTAL_REJECT_ACCESS:
		t = tunnel_find(p, &m->body.reject_access.client_id);
		if (t && resource_index(&m->body.reject_access.resource_id) < RESOURCES)
			revoke(p, t, resource_index(&m->body.reject_access.resource_id));
		break;
	case PORTAL_EXPIRY_UPDATED:
		expiry(p, &m->body.authorization);
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

void gateway_works(struct peer *p)
{
	for (uint32_t i = 0; i < TUNNELS; i++) {
		struct tunnel *t = &p->tunnels[i];
		if (t->is_up && t->to_send)
			tunnel_say_candidates(p, t);
		if (t->is_up && !has_any(t, sim_unix(p->sim)))
			say_goodbye(p, t);
	}
}

void gateway_goodbye(struct peer *gateway, const struct portal_uuid *client)
{
	struct tunnel *t = gateway->channel ? tunnel_find(gateway, client) : NULL;
	if (t)
		t->is_up = false;
}

enum carries gateway_carries(struct peer *g, const struct portal_uuid *client, uint32_t resource, const struct keys *k,
			     const struct portal_key *client_key)
{
	struct tunnel *t = g->channel ? tunnel_find(g, client) : NULL;
	bool agree = t && memcmp(&t->keys.psk, &k->psk, sizeof(k->psk)) == 0 && memcmp(&g->key, &k->peer_key, sizeof(g->key)) == 0 &&
		     memcmp(&t->keys.peer_key, client_key, sizeof(*client_key)) == 0 &&
		     strcmp(t->keys.client_ice, k->client_ice) == 0 && strcmp(t->keys.gateway_ice, k->gateway_ice) == 0;
	if (!agree)
		return CARRIES_NOTHING;
	return t->access[resource] > sim_unix(g->sim) ? CARRIES : PROHIBITS;
}
