/* SPDX-License-Identifier: Apache-2.0 */
/* What gateways were told to let through is what the store holds, and no more than the file grants. */
#include <string.h>

#include "sim.h"

static struct told_access *find(struct line *l, const struct portal_uuid *client, uint32_t resource)
{
	for (uint32_t i = 0; i < l->n_accesses; i++)
		if (l->accesses[i].resource == resource && same_uuid(&l->accesses[i].client, client))
			return &l->accesses[i];
	return NULL;
}

static void tell(struct wire *w, const struct portal_uuid *client, const struct portal_uuid *resource, int64_t expires_at)
{
	struct line *l = &w->line;
	uint32_t r = resource_index(resource);
	struct told_access *a = find(l, client, r);
	if (r == RESOURCES) {
		sim_violation(w->sim, "%s hears of a resource that never was", w->peer->name);
		return;
	}
	if (expires_at <= sim_unix(w->sim))
		sim_violation(w->sim, "%s hears of an access that is over", w->peer->name);
	if (!a && l->n_accesses < TOLD_ACCESSES)
		a = &l->accesses[l->n_accesses++];
	if (a)
		*a = (struct told_access){*client, r, expires_at};
}

static void revoked(struct wire *w, const struct portal_uuid *client, const struct portal_uuid *resource)
{
	struct told_access *a = find(&w->line, client, resource_index(resource));
	w->sim->oracle.counts[COUNT_REJECTS]++;
	if (a)
		*a = w->line.accesses[--w->line.n_accesses];
}

static void changes(struct wire *w, const struct portal_authorization *m)
{
	struct told_access *a = find(&w->line, &m->client_id, resource_index(&m->resource_id));
	if (!a)
		return;
	if (w->speaks.dialect == PORTAL_V1)
		a->expires_at = m->expires_at;
	else if (m->expires_at < a->expires_at) /* it does not heed it (§3.6) */
		sim_violation(w->sim, "%s is asked to shorten an access, which it will not do", w->peer->name);
}

void access_out(struct wire *w, const struct portal_message *m)
{
	switch (m->type) {
	case PORTAL_GATEWAY_INIT:
		w->line.n_accesses = 0;
		for (size_t i = 0; i < m->body.gateway_init.authorizations.n; i++) {
			const struct portal_authorization *a = &m->body.gateway_init.authorizations.list[i];
			tell(w, &a->client_id, &a->resource_id, a->expires_at);
		}
		break;
	case PORTAL_AUTHORIZE_FLOW:
		tell(w, &m->body.authorize_flow.client.id, &m->body.authorize_flow.resource.id, m->body.authorize_flow.expires_at);
		break;
	case PORTAL_REJECT_ACCESS:
		revoked(w, &m->body.reject_access.client_id, &m->body.reject_access.resource_id);
		break;
	case PORTAL_EXPIRY_UPDATED:
		changes(w, &m->body.authorization);
		break;
	default:
		break;
	}
}

/* No client without access is ever named to a gateway for it. */
static void check_told(struct wire *w, const struct told_access *a)
{
	struct sim *s = w->sim;
	struct peer *c = sim_peer_of(s, &a->client);
	if (a->expires_at <= sim_unix(s) || !c)
		return;
	int64_t until = file_grants(&s->file, c->owner, a->resource, c->joined ? c->joined->network : NETWORKS, sim_unix(s));
	if (!until || !(s->file.at[a->resource] & s->file.sites & (1u << w->peer->owner)))
		sim_violation(s, "%s lets %s reach %u, which it may not", w->peer->name, c->name, a->resource);
	if (a->expires_at > until)
		sim_violation(s, "%s lets %s reach %u for %lld s too long", w->peer->name, c->name, a->resource,
			      (long long)(a->expires_at - until));
}

/* Both ways: what is stored and not told cannot be used, what is told and not stored cannot be taken back. */
static void check_stored(struct wire *w)
{
	struct sim *s = w->sim;
	const struct broker_device *self = store_find_identity(&s->store, w->peer->role, w->peer->name);
	uint32_t stored = 0, told = 0;
	for (uint32_t i = 0; self && i < s->store.n_auths; i++) {
		const struct broker_authorization *a = &s->store.auths[i];
		if (s->store.left_out[i] || !same_uuid(&a->gateway, &self->id) || a->expires_at <= sim_unix(s))
			continue;
		stored++;
		if (!find(&w->line, &a->client, resource_index(&a->resource)))
			sim_violation(s, "%s does not know of an access that is stored", w->peer->name);
	}
	for (uint32_t i = 0; i < w->line.n_accesses; i++)
		told += w->line.accesses[i].expires_at > sim_unix(s);
	if (told != stored)
		sim_violation(s, "%s knows of %u accesses, %u are stored", w->peer->name, told, stored);
}

void access_check(struct sim *s)
{
	for (uint32_t i = 0; i < s->n_peers; i++) {
		struct wire *w = s->peers[i].joined;
		if (!w || s->peers[i].role != PORTAL_GATEWAY)
			continue;
		for (uint32_t k = 0; k < w->line.n_accesses; k++)
			check_told(w, &w->line.accesses[k]);
		check_stored(w);
	}
}
