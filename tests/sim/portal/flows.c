/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests are answered once and in time (portal §6.3 c), through the gateway that they must go through, and what the
 * gateway says then reaches the client in its order (§6.4).
 */
#include <string.h>

#include "sim.h"

#define SULKS (60 * CP_S) /* a gateway that missed an answer may be passed over */

static uint32_t number(const struct peer *p)
{
	return (uint32_t)(p - p->sim->peers);
}

static struct use *use_of(struct peer *client, uint32_t resource)
{
	return &client->sim->oracle.uses[number(client)][resource];
}

static const struct portal_uuid *id_of(struct peer *p)
{
	const struct broker_device *d = store_find_identity(&p->sim->store, p->role, p->name);
	return d ? &d->id : NULL;
}

/* --- requests and answers --- */

static void asks(struct wire *w, const struct portal_create_flow *m)
{
	struct line *l = &w->line;
	uint32_t r = resource_index(&m->resource_id);
	if (!l->has_init || l->has_left || r == RESOURCES)
		return;
	l->asked[r]++;
	use_of(w->peer, r)->asked++;
	if (!l->oldest[r])
		l->oldest[r] = w->sim->clock.now;
	l->n_preferred = 0;
	for (size_t i = 0; i < m->connected_gateways.n && i < PREFERRED; i++)
		l->preferred[l->n_preferred++] = m->connected_gateways.ids[i];
}

static struct flow *open_flow(struct sim *s, uint64_t conn, uint32_t resource)
{
	for (uint32_t i = 0; i < s->oracle.n_flows; i++)
		if (!s->oracle.flows[i].is_over && s->oracle.flows[i].conn == conn && s->oracle.flows[i].resource == resource)
			return &s->oracle.flows[i];
	return NULL;
}

static void is_answered(struct wire *w, uint32_t r)
{
	struct line *l = &w->line;
	if (r == RESOURCES || l->answered[r] == l->asked[r]) {
		sim_violation(w->sim, "%s gets an answer to nothing, of %u", w->peer->name, r);
		return;
	}
	l->answered[r]++;
	l->oldest[r] = 0;
}

static void created(struct wire *w, const struct portal_flow_created *m)
{
	struct sim *s = w->sim;
	struct flow *f = s->oracle.answered;
	uint32_t r = resource_index(&m->resource_id);
	is_answered(w, r);
	if (!f || f->conn != w->conn || f->resource != r || !same_uuid(&f->gateway, &m->gateway_id)) {
		sim_violation(s, "%s gets a flow to %u that no gateway has just granted", w->peer->name, r);
		return;
	}
	if (!file_grants(&s->file, w->peer->owner, r, w->network, sim_unix(s)))
		sim_violation(s, "%s gets a flow to %u, which it may not", w->peer->name, r);
	s->oracle.counts[COUNT_FLOWS]++;
	*use_of(w->peer, r) = (struct use){true, 0, m->gateway_id, w->line.key, s->clock.now};
}

static bool can_serve(struct sim *s, struct peer *g, uint32_t r)
{
	const struct leaving *l = &s->oracle.leaving[number(g)];
	return g->role == PORTAL_GATEWAY && g->joined && !l->is_cordoned && !l->is_moving && (s->file.at[r] & s->file.sites & (1u << g->owner));
}

static bool sulks(struct sim *s, const struct peer *g)
{
	return g->missed_at && s->clock.now < g->missed_at + SULKS;
}

/* The gateways of flows that end so late are passed over for a while. */
static void missed(struct sim *s, struct flow *f)
{
	struct peer *g = sim_peer_of(s, &f->gateway);
	f->is_over = true;
	if (g)
		g->missed_at = s->clock.now;
}

/* One answer for all that were asked; without any, there must be nobody to ask. */
static void offline(struct wire *w, uint32_t r)
{
	struct sim *s = w->sim;
	struct flow *f = open_flow(s, w->conn, r);
	bool asked = f || s->oracle.input != ORACLE_TEXT;
	for (; f; f = open_flow(s, w->conn, r)) {
		if (s->clock.now - f->at >= s->file.timing.answer_within)
			missed(s, f);
		f->is_over = true;
	}
	if (asked)
		return;
	for (uint32_t i = 0; i < s->n_peers; i++)
		if (can_serve(s, &s->peers[i], r) && s->oracle.from == w)
			sim_violation(s, "%s is told that %u is offline, but %s is there", w->peer->name, r, s->peers[i].name);
}

static void failed(struct wire *w, const struct portal_flow_creation_failed *m)
{
	struct sim *s = w->sim;
	uint32_t r = resource_index(&m->resource_id);
	is_answered(w, r);
	s->oracle.counts[COUNT_FAILED]++;
	if (r == RESOURCES)
		return;
	bool may = file_grants(&s->file, w->peer->owner, r, w->network, sim_unix(s));
	bool named = file_names(&s->file, w->peer->owner, r);
	if (m->reason == PORTAL_FAILED_OFFLINE)
		offline(w, r);
	else if (may || (m->reason == PORTAL_FAILED_FORBIDDEN) != named)
		sim_violation(s, "%s fails at %u for reason %d", w->peer->name, r, m->reason);
}

/* --- the choice --- */

static struct portal_uuid sticks_to(struct peer *c, uint32_t r, bool *ret_sticks)
{
	struct sim *s = c->sim;
	const struct use *u = use_of(c, r);
	const struct portal_uuid *id = id_of(c);
	*ret_sticks = false;
	if (!u->is_known || u->asked > 1 || !id || memcmp(&u->client_key, &c->joined->line.key, sizeof(u->client_key)) != 0)
		return (struct portal_uuid){0};
	struct peer *g = sim_peer_of(s, &u->gateway);
	struct broker_authorization a = {.client = *id, .resource = resource_id(r), .gateway = u->gateway};
	*ret_sticks = g && can_serve(s, g, r) && !sulks(s, g) && store_find_live(&s->store, &a);
	return u->gateway;
}

/* It had an access through this gateway before this input: the client may go through it, for all that anybody knows. */
static bool had_access(struct sim *s, const struct portal_uuid *client, uint32_t r, const struct portal_uuid *gateway)
{
	struct broker_authorization key = {.client = *client, .resource = resource_id(r), .gateway = *gateway};
	const struct broker_authorization *a = store_find(&s->store, &key);
	return a && s->store.since[a - s->store.auths] < s->shell.inputs;
}

static bool is_preferred(const struct line *l, const struct portal_uuid *gateway)
{
	for (uint32_t i = 0; i < l->n_preferred; i++)
		if (same_uuid(&l->preferred[i], gateway))
			return true;
	return false;
}

/* It may answer still, so that nobody else must be asked, even if it is not offered any more. */
static bool is_asked(struct sim *s, const struct portal_uuid *client, uint32_t r, const struct portal_uuid *gateway)
{
	for (uint32_t i = 0; i < s->oracle.n_flows; i++) {
		const struct flow *f = &s->oracle.flows[i];
		if (!f->is_over && f->resource == r && same_uuid(&f->client, client) && same_uuid(&f->gateway, gateway))
			return true;
	}
	return false;
}

static void check_choice(struct wire *client, struct peer *g, uint32_t r)
{
	struct sim *s = g->sim;
	const struct portal_uuid *id = id_of(g);
	const struct portal_uuid *client_id = id_of(client->peer);
	bool sticks;
	struct portal_uuid to = sticks_to(client->peer, r, &sticks);
	if (!can_serve(s, g, r) && !is_asked(s, client_id, r, id))
		sim_violation(s, "%s is asked for %u, which it must not serve: cordoned %d, left %d", g->name, r,
			      s->oracle.leaving[number(g)].is_cordoned, s->oracle.leaving[number(g)].is_moving);
	if (sticks && id && !same_uuid(&to, id))
		sim_violation(s, "%s is sent from %s to %s", client->peer->name, uuid_text(&to).text, g->name);
	if (sticks || client != s->oracle.from || !id || is_preferred(&client->line, id) || had_access(s, client_id, r, id))
		return;
	for (uint32_t i = 0; i < client->line.n_preferred; i++) {
		struct peer *other = sim_peer_of(s, &client->line.preferred[i]);
		if (other && can_serve(s, other, r) && !sulks(s, other))
			sim_violation(s, "%s prefers %s to %s", client->peer->name, other->name, g->name);
	}
}

static struct flow *flow_by_ref(struct sim *s, const char *ref)
{
	for (uint32_t i = 0; i < s->oracle.n_flows; i++)
		if (strcmp(s->oracle.flows[i].ref, ref) == 0)
			return &s->oracle.flows[i];
	return NULL;
}

static struct flow *flow_new(struct sim *s)
{
	struct oracle *o = &s->oracle;
	for (uint32_t i = 0; i < o->n_flows; i++)
		if (o->flows[i].is_over && s->clock.now - o->flows[i].at > 40 * CP_S)
			return &o->flows[i];
	return o->n_flows < FLOWS ? &o->flows[o->n_flows++] : NULL;
}

static void authorize(struct wire *w, const struct portal_authorize_flow *m)
{
	struct sim *s = w->sim;
	struct peer *c = sim_peer_of(s, &m->client.id);
	uint32_t r = resource_index(&m->resource.id);
	struct flow *f = flow_by_ref(s, m->ref);
	if (f) { /* repeated, once there are relays (§5.5), or its new connection is */
		if ((f->is_over && f->lost_at != s->clock.now) || !same_uuid(&f->gateway, id_of(w->peer)))
			sim_violation(s, "%s is asked again for what is over", w->peer->name);
		f->is_over = false;
		f->gateway_conn = w->conn;
		return;
	}
	if (!c || !c->joined || r == RESOURCES) {
		sim_violation(s, "%s is asked for nobody", w->peer->name);
		return;
	}
	check_choice(c->joined, w->peer, r);
	f = flow_new(s);
	if (!f || strlen(m->ref) >= sizeof(f->ref)) {
		sim_violation(s, "flows without end");
		return;
	}
	*f = (struct flow){.client = m->client.id, .gateway = *id_of(w->peer), .resource = r, .conn = c->joined->conn,
			   .gateway_conn = w->conn, .at = s->clock.now};
	snprintf(f->ref, sizeof(f->ref), "%s", m->ref);
}

/* --- candidates --- */

static uint64_t digest(enum portal_type type, const struct portal_texts *t)
{
	uint64_t h = 0xcbf29ce484222325u + (uint64_t)type;
	for (size_t i = 0; i < t->n; i++)
		for (const char *c = t->texts[i]; *c; c++)
			h = (h ^ (uint8_t)*c) * 0x100000001b3u;
	return h;
}

static bool have_business(struct sim *s, const struct portal_uuid *a, const struct portal_uuid *b)
{
	for (uint32_t i = 0; i < s->store.n_auths; i++) {
		const struct broker_authorization *o = &s->store.auths[i];
		if (!s->store.left_out[i] && ((same_uuid(&o->client, a) && same_uuid(&o->gateway, b)) || (same_uuid(&o->client, b) && same_uuid(&o->gateway, a))))
			return o->expires_at > sim_unix(s);
	}
	return false;
}

static void expect(struct wire *w, const struct portal_uuid *to, enum portal_type type, const struct portal_texts *texts)
{
	struct oracle *o = &w->sim->oracle;
	struct peer *p = sim_peer_of(w->sim, to);
	const struct portal_uuid *self = id_of(w->peer);
	if (!p || !p->joined || w->peer->joined != w || !self || o->n_expected == EXPECTED)
		return;
	o->expected[o->n_expected++] = (struct expected){p->joined, digest(type, texts), 0, have_business(w->sim, self, to)};
}

static void expect_all(struct wire *w, const struct portal_message *m)
{
	bool invalidated = m->type == PORTAL_BROADCAST_INVALIDATED_CANDIDATES || m->type == PORTAL_INVALIDATED_GATEWAY_CANDIDATES;
	enum portal_type type = invalidated ? PORTAL_INVALIDATED_CANDIDATES : PORTAL_CANDIDATES;
	if (m->type == PORTAL_NEW_GATEWAY_CANDIDATES || m->type == PORTAL_INVALIDATED_GATEWAY_CANDIDATES) {
		expect(w, &m->body.unicast.to, type, &m->body.unicast.candidates);
		return;
	}
	for (size_t i = 0; i < m->body.broadcast.to.n; i++)
		expect(w, &m->body.broadcast.to.ids[i], type, &m->body.broadcast.candidates);
}

static void forwarded(struct wire *w, const struct portal_message *m)
{
	struct oracle *o = &w->sim->oracle;
	const struct portal_uuid *from = o->from ? id_of(o->from->peer) : NULL;
	uint64_t h = digest(m->type, &m->body.candidates.candidates);
	o->counts[COUNT_CANDIDATES]++;
	if (!from || !same_uuid(from, &m->body.candidates.from))
		sim_violation(w->sim, "%s hears candidates of somebody who did not speak", w->peer->name);
	for (uint32_t i = 0; i < o->n_expected; i++)
		if (o->expected[i].to == w && o->expected[i].digest == h) {
			o->expected[i].seen++;
			return;
		}
	sim_violation(w->sim, "%s hears candidates that nobody sent it", w->peer->name);
}

/* --- all of it --- */

static void grants(struct wire *w, const char *ref)
{
	struct flow *f = flow_by_ref(w->sim, ref);
	if (!f || f->is_over || f->gateway_conn != w->conn)
		return;
	f->is_over = true;
	w->sim->oracle.answered = f;
	if (w->sim->clock.now - f->at > w->sim->file.timing.answer_within)
		sim_violation(w->sim, "a request lives too long");
}

void flows_in(struct wire *w, const struct portal_message *m)
{
	switch (m->type) {
	case PORTAL_CREATE_FLOW:
		asks(w, &m->body.create_flow);
		break;
	case PORTAL_FLOW_AUTHORIZED:
		grants(w, m->body.flow_authorized.ref);
		break;
	case PORTAL_BROADCAST_CANDIDATES:
	case PORTAL_BROADCAST_INVALIDATED_CANDIDATES:
	case PORTAL_NEW_GATEWAY_CANDIDATES:
	case PORTAL_INVALIDATED_GATEWAY_CANDIDATES:
		expect_all(w, m);
		break;
	case PORTAL_NO_RELAYS:
		w->sim->oracle.must_give_relays = w;
		break;
	default:
		break;
	}
}

void flows_out(struct wire *w, const struct portal_message *m)
{
	struct oracle *o = &w->sim->oracle;
	switch (m->type) {
	case PORTAL_RELAYS_PRESENCE:
		if (o->must_give_relays == w)
			o->must_give_relays = NULL;
		break;
	case PORTAL_AUTHORIZE_FLOW:
		authorize(w, &m->body.authorize_flow);
		break;
	case PORTAL_FLOW_CREATED:
		created(w, &m->body.flow_created);
		break;
	case PORTAL_FLOW_CREATION_FAILED:
		failed(w, &m->body.flow_creation_failed);
		break;
	case PORTAL_CANDIDATES:
	case PORTAL_INVALIDATED_CANDIDATES:
		forwarded(w, m);
		break;
	default:
		break;
	}
	if (o->must_give_relays == w && m->type == PORTAL_AUTHORIZE_FLOW)
		sim_violation(w->sim, "%s has no relays, and is asked for a flow first", w->peer->name);
}

void flows_lost(struct wire *w)
{
	struct oracle *o = &w->sim->oracle;
	for (uint32_t i = 0; i < o->n_flows; i++) {
		if (o->flows[i].gateway_conn != w->conn || o->flows[i].is_over)
			continue;
		o->flows[i].is_over = true;
		o->flows[i].lost_at = w->sim->clock.now;
	}
}

static void check_requests(struct wire *w)
{
	struct sim *s = w->sim;
	for (uint32_t r = 0; r < RESOURCES; r++) {
		if (!w->line.oldest[r])
			continue;
		if (s->clock.now - w->line.oldest[r] >= s->file.timing.answer_within && s->oracle.input == ORACLE_TICK)
			sim_violation(s, "%s waits for %u too long", w->peer->name, r);
		if (!open_flow(s, w->conn, r))
			sim_violation(s, "%s waits for %u, and nobody was asked", w->peer->name, r);
	}
}

void flows_check(struct sim *s)
{
	struct oracle *o = &s->oracle;
	for (uint32_t i = 0; i < o->n_expected; i++)
		if (o->expected[i].seen > 1 || (o->expected[i].is_due && o->expected[i].seen == 0 && !o->expected[i].to->line.is_closed))
			sim_violation(s, "candidates for %s are forwarded %u times", o->expected[i].to->peer->name, o->expected[i].seen);
	if (o->must_give_relays && !o->must_give_relays->line.is_closed && o->must_give_relays->line.has_init)
		sim_violation(s, "%s asks for relays in vain", o->must_give_relays->peer->name);
	o->must_give_relays = NULL;
	for (uint32_t i = 0; i < o->n_flows; i++)
		if (!o->flows[i].is_over && s->clock.now - o->flows[i].at >= s->file.timing.answer_within)
			missed(s, &o->flows[i]);
	for (uint32_t i = 0; i < s->n_peers; i++)
		if (s->peers[i].role == PORTAL_CLIENT && s->peers[i].joined)
			check_requests(s->peers[i].joined);
}

void flows_restarted(struct sim *s)
{
	s->oracle.n_flows = 0;
}
