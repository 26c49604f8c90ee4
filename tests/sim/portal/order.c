/* SPDX-License-Identifier: Apache-2.0 */
/* Who hears what first (portal §2.3, §2.4, §6.4), and who is closed. */
#include <string.h>

#include "sim.h"

static bool gets_a_reply(const struct portal_message *m)
{
	return m->type == PORTAL_JOIN || m->type == PORTAL_HEARTBEAT || m->type == PORTAL_LEAVE || m->type == PORTAL_FLOW_AUTHORIZED;
}

static void leaves(struct wire *w)
{
	w->line.has_left = true;
	if (w->peer->joined != w)
		return;
	w->peer->joined = NULL;
	w->peer->lost_at = w->sim->clock.now;
	flows_lost(w);
	rescued_left(w);
}

void order_in(struct wire *w, const struct portal_message *m)
{
	struct oracle *o = &w->sim->oracle;
	if (gets_a_reply(m))
		o->reply = (struct reply_due){.wire = w, .ref = m->ref, .n = 1};
	if (m->type == PORTAL_JOIN)
		w->line.has_joined = true;
	if (m->type == PORTAL_LEAVE)
		leaves(w);
}

static void reply(struct wire *w, const struct portal_message *m)
{
	struct oracle *o = &w->sim->oracle;
	if (o->reply.wire != w || o->reply.n == 0 || !m->has_ref || o->reply.ref != m->ref)
		sim_violation(w->sim, "%s gets a reply to nothing", w->peer->name);
	o->reply.n--;
	if (!m->on_phoenix && o->input == ORACLE_TEXT && w->line.has_joined)
		w->line.has_reply = true;
}

static void begins(struct wire *w)
{
	struct line *l = &w->line;
	struct peer *p = w->peer;
	l->has_init = true;
	l->init_at = w->sim->clock.now;
	if (p->role != PORTAL_RELAY && p->joined && p->joined != w && !p->joined->line.is_closed)
		sim_violation(w->sim, "%s joins twice", p->name);
	p->joined = w;
	w->sim->oracle.counts[COUNT_JOINS]++;
	rescued_joined(w);
}

static bool is_init(enum portal_type t)
{
	return t == PORTAL_GATEWAY_INIT || t == PORTAL_CLIENT_INIT || t == PORTAL_RELAY_INIT;
}

void order_out(struct wire *w, const struct portal_message *m)
{
	struct line *l = &w->line;
	if (l->is_closed)
		sim_violation(w->sim, "%s is told something after its end", w->peer->name);
	if (m->type == PORTAL_REPLY) {
		reply(w, m);
		return;
	}
	if (!l->has_reply || (!l->has_init && !is_init(m->type)))
		sim_violation(w->sim, "%s hears of message %d before its init", w->peer->name, m->type);
	if (l->has_left && m->type != PORTAL_CLOSE)
		sim_violation(w->sim, "%s hears of message %d though it left", w->peer->name, m->type);
	if (m->type == PORTAL_DISCONNECT)
		sim_violation(w->sim, "%s is made to end its process", w->peer->name);
	if (is_init(m->type) && !l->has_init)
		begins(w);
}

void order_closed(struct wire *w, const struct broker_out *o)
{
	struct sim *s = w->sim;
	cp_time silent = s->clock.now - w->line.heard_at;
	if (w->line.is_closed)
		sim_violation(s, "%s is closed twice", w->peer->name);
	if (o->close_code == 1002 || o->close_code < 1000 || o->close_code > 1012)
		sim_violation(s, "%s is closed with %u for %s", w->peer->name, o->close_code, o->why);
	if (strcmp(o->why, "idle") == 0 && silent < 37 * CP_S)
		sim_violation(s, "%s is idle after %llu ms", w->peer->name, (unsigned long long)(silent / CP_MS));
}

static void check_token(struct wire *w)
{
	const struct token *t = &w->sim->tokens[w->token - 1];
	bool is_over = w->sim->oracle.input == ORACLE_TICK && t->expires_at <= sim_unix(w->sim);
	if (t->is_gone || is_over)
		sim_violation(w->sim, "%s is connected without a token", w->peer->name);
}

void order_check(struct sim *s)
{
	struct reply_due *r = &s->oracle.reply;
	if (r->n && r->wire && !r->wire->line.is_closed)
		sim_violation(s, "%s gets no reply", r->wire->peer->name);
	for (struct wire *w = s->wires; w; w = w->next) {
		if (!w->portal_open || w->line.is_closed)
			continue;
		if (s->clock.now - w->line.heard_at > s->file.timing.idle_after)
			sim_violation(s, "%s is idle, and not closed", w->peer->name);
		if (w->line.has_joined && !w->line.has_left && !w->line.has_init)
			sim_violation(s, "%s joined and got no init", w->peer->name);
		check_token(w);
	}
}
