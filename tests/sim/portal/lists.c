/* SPDX-License-Identifier: Apache-2.0 */
/* Clients are told what they may reach, nothing else and never twice (portal §4.3); relays as §5 and §6.4 5 have it. */
#include <string.h>

#include "sim.h"

/* --- resources --- */

static void list(struct wire *w, const struct portal_resources *l)
{
	memset(w->line.told, 0, sizeof(w->line.told));
	memset(w->line.sites, 0, sizeof(w->line.sites));
	for (size_t i = 0; i < l->n; i++) {
		uint32_t r = resource_index(&l->list[i].id);
		if (r == RESOURCES || w->line.told[r]) {
			sim_violation(w->sim, "%s gets a wrong list", w->peer->name);
			return;
		}
		w->line.told[r] = resource_digest(&l->list[i]);
		w->line.sites[r] = sites_digest(&l->list[i].sites);
	}
}

static void upsert(struct wire *w, const struct portal_resource *m)
{
	struct line *l = &w->line;
	uint32_t r = resource_index(&m->id);
	if (r == RESOURCES) {
		sim_violation(w->sim, "%s hears of a resource that never was", w->peer->name);
		return;
	}
	uint64_t told = resource_digest(m), sites = sites_digest(&m->sites);
	if (l->told[r] && l->sites[r] != sites)
		sim_violation(w->sim, "resource %u moves under %s", r, w->peer->name);
	if (l->told[r] == told && l->sites[r] == sites)
		sim_violation(w->sim, "%s hears of resource %u what it knows", w->peer->name, r);
	if (l->deleted[r] && l->was[r] == told && l->were_at[r] == sites)
		rescued_pushed(w, r);
	l->told[r] = told;
	l->sites[r] = sites;
}

static void delete(struct wire *w, const struct portal_uuid *id)
{
	struct line *l = &w->line;
	uint32_t r = resource_index(id);
	if (r == RESOURCES || !l->told[r]) {
		sim_violation(w->sim, "%s must delete what it does not have", w->peer->name);
		return;
	}
	l->deleted[r] = true;
	l->was[r] = l->told[r];
	l->were_at[r] = l->sites[r];
	l->told[r] = l->sites[r] = 0;
	l->oldest[r] = 0; /* the client forgets its request (§4.3); what is answered still does no harm */
	w->sim->oracle.uses[w->peer - w->sim->peers][r].is_known = false;
}

static void check_client(struct wire *w)
{
	struct sim *s = w->sim;
	for (uint32_t r = 0; r < RESOURCES; r++) {
		bool may = file_grants(&s->file, w->peer->owner, r, w->network, sim_unix(s));
		if ((may ? s->told[r] : 0) != w->line.told[r] || (may ? s->sites[r] : 0) != w->line.sites[r])
			sim_violation(s, "%s has %s of resource %u", w->peer->name, may ? "to know something else" : "not to know", r);
	}
}

/* --- relays --- */

static struct peer *relay_at(struct sim *s, const struct cp_addr *a)
{
	for (uint32_t i = 0; i < s->n_peers; i++)
		if (s->peers[i].role == PORTAL_RELAY && a->ip[0] == 203 && a->ip[3] == 10 + s->peers[i].owner)
			return &s->peers[i];
	return NULL;
}

static uint32_t relays_there(struct sim *s)
{
	uint32_t n = (uint32_t)__builtin_popcount(s->file.relays);
	for (uint32_t i = 0; i < s->n_peers; i++)
		n += s->peers[i].role == PORTAL_RELAY && s->peers[i].joined != NULL;
	return n;
}

static void check_there(struct wire *w, const struct portal_relay *r)
{
	struct sim *s = w->sim;
	for (uint32_t i = 0; i < STATICS; i++) {
		struct portal_uuid id = static_relay_id(i);
		if ((s->file.relays & (1u << i)) && same_uuid(&id, &r->id))
			return;
	}
	struct peer *p = relay_at(s, &r->addr);
	if (!p || (!p->joined && s->clock.now > p->lost_at + s->file.timing.relay_gone_after))
		sim_violation(s, "%s is given a relay that is not there", w->peer->name);
}

static void check_credentials(struct wire *w, const struct portal_relay *r)
{
	struct oracle *o = &w->sim->oracle;
	struct relay_key k = {.key = w->line.key, .relay = r->id, .expires_at = w->sim->tokens[w->token - 1].expires_at};
	snprintf(k.username, sizeof(k.username), "%s", r->username);
	snprintf(k.password, sizeof(k.password), "%s", r->password);
	for (uint32_t i = 0; i < o->n_relay_keys; i++) {
		const struct relay_key *old = &o->relay_keys[i];
		if (!same_uuid(&old->relay, &k.relay) || memcmp(&old->key, &k.key, sizeof(k.key)) != 0 || old->expires_at != k.expires_at)
			continue;
		if (strcmp(old->username, k.username) != 0 || strcmp(old->password, k.password) != 0)
			sim_violation(w->sim, "%s gets other credentials of the same relay", w->peer->name);
		return;
	}
	if (o->n_relay_keys < RELAY_KEYS)
		o->relay_keys[o->n_relay_keys++] = k;
}

static void drop_relay(struct line *l, const struct portal_uuid *id)
{
	for (uint32_t i = 0; i < l->n_relays; i++)
		if (same_uuid(&l->relays[i], id))
			l->relays[i] = l->relays[--l->n_relays];
}

static void give(struct wire *w, const struct portal_relays *l)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct portal_relay *r = &l->list[i];
		check_there(w, r);
		check_credentials(w, r);
		drop_relay(&w->line, &r->id);
		if (w->line.n_relays < TOLD_RELAYS)
			w->line.relays[w->line.n_relays++] = r->id;
	}
}

static void presence(struct wire *w, const struct portal_relays_presence *m)
{
	for (size_t i = 0; i < m->disconnected.n; i++)
		drop_relay(&w->line, &m->disconnected.ids[i]);
	give(w, &m->connected);
}

static void at_most_two(struct wire *w)
{
	if (w->line.init_at == w->sim->clock.now && w->line.n_relays > 2)
		sim_violation(w->sim, "%s is given %u relays", w->peer->name, w->line.n_relays);
}

static void needs_relays(struct wire *w)
{
	if (w->line.n_relays == 0 && relays_there(w->sim) > 0)
		sim_violation(w->sim, "%s hears of a flow before it has a relay", w->peer->name);
}

void lists_out(struct wire *w, const struct portal_message *m)
{
	switch (m->type) {
	case PORTAL_CLIENT_INIT:
		list(w, &m->body.client_init.resources);
		w->line.n_relays = 0;
		give(w, &m->body.client_init.relays);
		at_most_two(w);
		break;
	case PORTAL_GATEWAY_INIT:
		give(w, &m->body.gateway_init.relays);
		at_most_two(w);
		break;
	case PORTAL_RESOURCE_UPSERTED:
		upsert(w, &m->body.resource);
		break;
	case PORTAL_RESOURCE_DELETED:
		delete(w, &m->body.resource_deleted.id);
		break;
	case PORTAL_RELAYS_PRESENCE:
		presence(w, &m->body.relays_presence);
		break;
	case PORTAL_AUTHORIZE_FLOW:
	case PORTAL_FLOW_CREATED:
		needs_relays(w);
		break;
	default:
		break;
	}
}

void lists_check(struct sim *s)
{
	for (uint32_t i = 0; i < s->n_peers; i++)
		if (s->peers[i].role == PORTAL_CLIENT && s->peers[i].joined)
			check_client(s->peers[i].joined);
}
