/* SPDX-License-Identifier: Apache-2.0 */
#include "wire.h"

#include <stdlib.h>
#include <string.h>

#include "sim.h"

enum kind { CONNECT, CONNECTED, REFUSED, TEXT_UP, TEXT_DOWN, END_UP, END_DOWN };

struct packet {
	struct event event; /* first */
	enum kind kind;
	struct wire *wire;
	struct portal_text text; /* owned */
	unsigned int status;
};

static void wire_end(struct wire *w)
{
	if (w->peer_open || w->portal_open || w->flying)
		return;
	*w->link = w->next;
	if (w->next)
		w->next->link = w->link;
	if (w->peer->wire == w)
		w->peer->wire = NULL;
	free(w);
}

static void packet_free(struct event *e)
{
	struct packet *p = (struct packet *)(void *)e;
	p->wire->flying--;
	portal_text_free(&p->text);
	free(p);
}

static void build_request(struct wire *w)
{
	struct broker_request r = {.link = w->speaks, .public_key = w->key, .is_ours = w->peer->is_ours, .has_token = true};
	snprintf(r.external_id, sizeof(r.external_id), "%s", w->peer->name);
	snprintf(r.name, sizeof(r.name), "%s", w->peer->name);
	snprintf(r.version, sizeof(r.version), "%s", w->speaks.dialect == PORTAL_V2 ? "1.6.0" : "1.4.17");
	if (w->speaks.role == PORTAL_RELAY)
		r.ipv4 = cp_addr_v4(203, 0, 113, (uint8_t)(10 + w->peer->owner), 3478);
	shell_connect(w, &r);
}

static void arrive_at_portal(struct packet *p)
{
	struct wire *w = p->wire;
	if (p->kind == CONNECT && w->peer_open)
		build_request(w);
	else if (!w->portal_open)
		return;
	else if (p->kind == TEXT_UP)
		shell_text(w, p->text.text, p->text.bytes);
	else
		shell_lost(w);
}

static void arrive_at_peer(struct packet *p)
{
	struct wire *w = p->wire;
	if (!w->peer_open || w->peer->wire != w)
		return;
	if (p->kind == CONNECTED)
		peer_connected(w->peer);
	else if (p->kind == TEXT_DOWN)
		peer_text(w->peer, p->text.text, p->text.bytes);
	else {
		w->peer_open = false;
		peer_lost(w->peer, p->kind == REFUSED, p->status);
	}
}

static void fire(struct event *e)
{
	struct packet *p = (struct packet *)(void *)e;
	struct wire *w = p->wire;
	bool up = p->kind == CONNECT || p->kind == TEXT_UP || p->kind == END_UP;
	if (up && !w->is_cut)
		arrive_at_portal(p);
	else if (!up && !w->is_cut)
		arrive_at_peer(p);
	packet_free(e);
	wire_end(w);
}

static struct packet *send_packet(struct wire *w, enum kind kind, bool up)
{
	struct packet *p = calloc(1, sizeof(*p));
	struct clock *c = &w->sim->clock;
	cp_time *last = up ? &w->up_at : &w->down_at;
	if (!p)
		abort();
	*p = (struct packet){.event = {.fire = fire, .drop = packet_free}, .kind = kind, .wire = w};
	w->flying++;
	cp_time at = c->now + w->delay + dice_below(&w->sim->dice, 3) * w->delay / 4;
	*last = at > *last ? at : *last;
	clock_at(c, &p->event, *last);
	return p;
}

struct wire *wire_dial(struct peer *p)
{
	struct wire *w = calloc(1, sizeof(*w));
	struct sim *s = p->sim;
	if (!w)
		abort();
	*w = (struct wire){
		.next = s->wires,
		.link = &s->wires,
		.sim = s,
		.peer = p,
		.speaks = p->speaks,
		.conn = ++s->n_conns,
		.token = p->token,
		.network = p->network,
		.key = p->key,
		.from = cp_addr_v4(192, 0, (uint8_t)p->network, (uint8_t)(10 + (p - s->peers)), 40000),
		.delay = CP_MS / 10 + dice_below(&s->dice, 100) * CP_MS / (dice_below(&s->dice, 3) ? 10 : 1),
		.peer_open = true,
	};
	if (w->next)
		w->next->link = &w->next;
	s->wires = w;
	send_packet(w, CONNECT, true);
	return w;
}

void wire_up(struct wire *w, const char *text, size_t bytes)
{
	struct packet *p = send_packet(w, TEXT_UP, true);
	p->text = (struct portal_text){malloc(bytes + 1), bytes};
	if (!p->text.text)
		abort();
	memcpy(p->text.text, text, bytes);
	p->text.text[bytes] = 0;
}

void wire_down(struct wire *w, struct portal_text *text)
{
	struct packet *p = send_packet(w, TEXT_DOWN, false);
	p->text = *text;
	*text = (struct portal_text){0};
}

void wire_accept(struct wire *w)
{
	w->portal_open = true;
	send_packet(w, CONNECTED, false);
}

void wire_refuse(struct wire *w, unsigned int status)
{
	send_packet(w, REFUSED, false)->status = status;
}

void wire_close_up(struct wire *w)
{
	w->peer_open = false;
	send_packet(w, END_UP, true);
}

void wire_close_down(struct wire *w)
{
	w->portal_open = false;
	send_packet(w, END_DOWN, false);
}

/* --- the way breaks --- */

struct notice {
	struct event event; /* first */
	struct wire *wire;
	bool portal;
};

static void notice_free(struct event *e)
{
	((struct notice *)(void *)e)->wire->flying--;
	free(e);
}

static void notice_fire(struct event *e)
{
	struct notice *n = (struct notice *)(void *)e;
	struct wire *w = n->wire;
	if (n->portal && w->portal_open) {
		shell_lost(w);
	} else if (!n->portal && w->peer_open) {
		w->peer_open = false;
		if (w->peer->wire == w)
			peer_lost(w->peer, false, 0);
	}
	notice_free(e);
	wire_end(w);
}

static void notice(struct wire *w, bool portal)
{
	struct notice *n = calloc(1, sizeof(*n));
	if (!n)
		abort();
	*n = (struct notice){.event = {.fire = notice_fire, .drop = notice_free}, .wire = w, .portal = portal};
	w->flying++;
	clock_after(&w->sim->clock, &n->event, dice_below(&w->sim->dice, 2000) * CP_MS);
}

void wire_cut(struct wire *w, bool portal_notices, bool peer_notices)
{
	w->is_cut = true;
	if (portal_notices)
		notice(w, true);
	if (peer_notices)
		notice(w, false);
}

void wires_free(struct sim *s)
{
	for (struct wire *w = s->wires, *next; w; w = next) {
		next = w->next;
		free(w);
	}
	s->wires = NULL;
}
