/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients are moved off a gateway exactly when it is dead, left, or is drained (portal §6.3 g), and only those that go
 * through it. Kept for each gateway from what happens to it, not from the broker's own machine.
 */
#include <string.h>

#include "sim.h"

static struct leaving *leaving(struct wire *w)
{
	return &w->sim->oracle.leaving[w->peer - w->sim->peers];
}

static void begin(struct sim *s, struct leaving *l)
{
	l->is_gone = false;
	l->is_moving = true;
	l->begin_at = s->clock.now;
	l->within = s->file.timing.move_within;
}

static cp_time due(struct sim *s, const struct leaving *l)
{
	cp_time at = l->since + s->file.timing.rescue_after, quiet = s->shell.began + s->file.timing.rescue_not_before;
	return at > quiet ? at : quiet;
}

void rescued_joined(struct wire *w)
{
	struct leaving *l = leaving(w);
	struct sim *s = w->sim;
	if (w->peer->role == PORTAL_CLIENT) {
		for (uint32_t r = 0; r < RESOURCES; r++) {
			struct use *u = &s->oracle.uses[w->peer - s->peers][r];
			u->is_known &= memcmp(&u->client_key, &w->line.key, sizeof(u->client_key)) == 0;
		}
	}
	if (w->peer->role != PORTAL_GATEWAY)
		return;
	if (l->has_key && memcmp(&l->key, &w->line.key, sizeof(l->key)) != 0)
		l->forgot_at = s->clock.now;
	l->key = w->line.key;
	l->has_key = true;
	l->is_gone = l->has_left = false;
	if (!l->is_drained)
		l->is_moving = false;
}

void rescued_lost(struct wire *w)
{
	struct leaving *l = leaving(w);
	if (w->peer->role != PORTAL_GATEWAY || l->is_moving)
		return;
	l->is_gone = true;
	l->since = w->sim->clock.now;
}

void rescued_left(struct wire *w)
{
	struct leaving *l = leaving(w);
	if (w->peer->role != PORTAL_GATEWAY)
		return;
	l->has_left = true;
	if (!l->is_moving)
		begin(w->sim, l);
}

void rescued_order(struct sim *s, int order, const struct portal_uuid *gateway)
{
	struct peer *g = sim_peer_of(s, gateway);
	if (!g)
		return;
	struct leaving *l = &s->oracle.leaving[g - s->peers];
	l->is_cordoned = order != SHELL_UNCORDON;
	if (order == SHELL_DRAIN) {
		l->is_drained = true;
		begin(s, l);
	} else if (order == SHELL_UNCORDON) {
		l->is_drained = false;
		l->is_moving &= g->joined == NULL;
	}
}

static void begin_what_is_due(struct sim *s)
{
	for (uint32_t i = 0; i < s->n_peers; i++) {
		struct leaving *l = &s->oracle.leaving[i];
		if (!l->is_gone || due(s, l) > s->clock.now)
			continue;
		s->oracle.counts[COUNT_RESCUES]++;
		begin(s, l); /* which is later than due if a new file made it so */
	}
}

static bool is_left_by_clients(const struct sim *s, const struct leaving *l)
{
	return l->is_moving || l->forgot_at == s->clock.now;
}

void rescued_pushed(struct wire *w, uint32_t r)
{
	struct sim *s = w->sim;
	const struct broker_device *self = store_find_identity(&s->store, w->peer->role, w->peer->name);
	begin_what_is_due(s);
	s->oracle.counts[COUNT_MOVES]++;
	for (uint32_t i = 0; self && i < s->n_peers; i++) {
		struct peer *g = &s->peers[i];
		const struct broker_device *d = store_find_identity(&s->store, g->role, g->name);
		if (g->role != PORTAL_GATEWAY || !d || !is_left_by_clients(s, &s->oracle.leaving[i]))
			continue;
		struct broker_authorization a = {.client = self->id, .resource = resource_id(r), .gateway = d->id};
		if (store_find(&s->store, &a))
			return;
	}
	sim_violation(s, "%s is moved off a gateway for %u, though none is being left", w->peer->name, r);
}

/* Gateways of ours tell clients of ours themselves (§6.3 g 3). */
static bool moves_itself(const struct leaving *l, const struct peer *g, const struct peer *c)
{
	return l->has_left && g->is_ours && c->is_ours;
}

static void check_use(struct sim *s, struct peer *c, uint32_t r)
{
	const struct use *u = &s->oracle.uses[c - s->peers][r];
	const struct broker_device *self = store_find_identity(&s->store, c->role, c->name);
	struct peer *g = u->is_known && self ? sim_peer_of(s, &u->gateway) : NULL;
	if (!g || !c->joined || u->asked)
		return;
	const struct leaving *l = &s->oracle.leaving[g - s->peers];
	struct broker_authorization a = {.client = self->id, .resource = resource_id(r), .gateway = u->gateway};
	const struct broker_authorization *stored = store_find_live(&s->store, &a);
	cp_time from = l->begin_at > c->joined->line.init_at ? l->begin_at : c->joined->line.init_at;
	from = from > u->since ? from : u->since;
	if (l->forgot_at > u->since && l->forgot_at > c->joined->line.init_at && stored && stored->expires_at > sim_unix(s))
		sim_violation(s, "%s has forgotten %s, which is not moved for %u", g->name, c->name, r);
	if (!l->is_moving || !stored || stored->expires_at <= sim_unix(s) || moves_itself(l, g, c))
		return;
	if (s->clock.now > from + (l->within > s->file.timing.move_within ? l->within : s->file.timing.move_within))
		sim_violation(s, "%s is not moved off %s for %u", c->name, g->name, r);
}

void rescued_check(struct sim *s)
{
	begin_what_is_due(s);
	for (uint32_t i = 0; i < s->n_peers; i++)
		for (uint32_t r = 0; s->peers[i].role == PORTAL_CLIENT && r < RESOURCES; r++)
			check_use(s, &s->peers[i], r);
}

void rescued_restarted(struct sim *s)
{
	for (uint32_t i = 0; i < s->n_peers; i++) {
		struct peer *g = &s->peers[i];
		const struct broker_device *d = store_find_identity(&s->store, g->role, g->name);
		if (g->role == PORTAL_GATEWAY)
			s->oracle.leaving[i] = (struct leaving){.is_gone = d != NULL, .is_cordoned = d && d->cordoned, .since = s->clock.now,
								.key = d ? d->public_key : g->key, .has_key = d != NULL};
	}
}
