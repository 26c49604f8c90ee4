/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "sim.h"

void oracle_begin(struct sim *s, enum oracle_input input, struct wire *from)
{
	s->oracle.input = input;
	s->oracle.from = from;
	s->oracle.n_expected = 0;
	s->oracle.answered = NULL;
	s->oracle.must_give_relays = NULL;
	s->oracle.reply = (struct reply_due){0};
	for (struct wire *w = s->wires; w; w = w->next)
		memset(w->line.deleted, 0, sizeof(w->line.deleted));
}

void oracle_text_in(struct wire *w, const char *text, size_t bytes)
{
	struct portal_message m;
	struct portal_error e;
	sim_log(w->sim, "%s > %.*s", w->peer->name, (int)bytes, text);
	w->line.heard_at = w->sim->clock.now;
	if (portal_read(&w->speaks, PORTAL_FROM_PEER, text, bytes, &m, &e) != 0) {
		sim_violation(w->sim, "%s says what the codec cannot read: %s %s", w->peer->name, e.where, e.what);
		return;
	}
	order_in(w, &m);
	flows_in(w, &m);
	portal_message_free(&m);
}

static void hash(struct sim *s, const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		s->hash = (s->hash ^ (uint8_t)text[i]) * 0x100000001b3u;
}

void oracle_text_out(struct wire *w, const char *text, size_t bytes)
{
	struct portal_message m;
	struct portal_error e;
	sim_log(w->sim, "%s < %.*s", w->peer->name, (int)bytes, text);
	hash(w->sim, text, bytes);
	if (portal_read(&w->speaks, PORTAL_FROM_PORTAL, text, bytes, &m, &e) != 0) {
		sim_violation(w->sim, "the portal says to %s what nobody can read: %s %s", w->peer->name, e.where, e.what);
		return;
	}
	if (m.n_skipped)
		sim_violation(w->sim, "a resource for %s is malformed: %s %s", w->peer->name, m.skipped.where, m.skipped.what);
	order_out(w, &m);
	identity_out(w, &m);
	access_out(w, &m);
	lists_out(w, &m);
	flows_out(w, &m);
	portal_message_free(&m);
}

static void gone(struct wire *w)
{
	struct line *l = &w->line;
	if (l->is_closed)
		return;
	l->is_closed = true;
	flows_lost(w);
	if (w->peer->joined != w)
		return;
	w->peer->joined = NULL;
	w->peer->lost_at = w->sim->clock.now;
	rescued_lost(w);
}

void oracle_closed(struct wire *w, const struct broker_out *o)
{
	sim_log(w->sim, "%s < close %u: %s", w->peer->name, o->close_code, o->why);
	hash(w->sim, o->why, strlen(o->why));
	order_closed(w, o);
	gone(w);
}

void oracle_lost(struct wire *w)
{
	sim_log(w->sim, "%s is gone", w->peer->name);
	gone(w);
}

void oracle_connected(struct wire *w)
{
	sim_log(w->sim, "%s connects as %llu", w->peer->name, (unsigned long long)w->conn);
	w->line = (struct line){.began_at = w->sim->clock.now, .heard_at = w->sim->clock.now, .key = w->key};
}

void oracle_refused(struct wire *w, const struct broker_refusal *r)
{
	sim_log(w->sim, "%s is refused: %u %s", w->peer->name, r->status, r->code);
	if (r->status < 400 || r->status > 599 || !r->code || !r->text)
		sim_violation(w->sim, "%s is refused with %u", w->peer->name, r->status);
}

void oracle_end(struct sim *s)
{
	order_check(s);
	access_check(s);
	lists_check(s);
	flows_check(s);
	rescued_check(s);
}

void oracle_restarted(struct sim *s)
{
	for (struct wire *w = s->wires; w; w = w->next)
		w->line.is_closed = true;
	for (uint32_t i = 0; i < s->n_peers; i++)
		s->peers[i].joined = NULL;
	flows_restarted(s);
	rescued_restarted(s);
}
