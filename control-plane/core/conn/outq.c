/* SPDX-License-Identifier: Apache-2.0 */
/* Marks, answers and lines of the log: what waits to be drained. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "conn/node.h"

void out_mark(struct conn_node *n, struct connection *c, unsigned int bits)
{
	c->out |= (uint16_t)bits;
	if (c->listed)
		return;
	c->listed = true;
	c->next_out = NULL;
	*(n->out_last ? &n->out_last->next_out : &n->out_first) = c;
	n->out_last = c;
}

void out_ready(struct conn_node *n, struct connection *c)
{
	if (c->ready)
		return;
	c->ready = true;
	c->next_ready = NULL;
	*(n->ready_last ? &n->ready_last->next_ready : &n->ready_first) = c;
	n->ready_last = c;
}

static bool wrap(struct conn_node *n, struct relay *r, const struct ice_send *s, uint8_t *wire, cp_time now, struct conn_out *ret)
{
	uint16_t channel = r ? turn_channel_to(r->turn, &s->to, now) : 0;
	const struct cp_addr *server = r ? turn_active_server(r->turn) : NULL;
	if (r)
		relay_touch(n, r);
	if (channel == 0 || !server) {
		n->counters->sends_without_channel++;
		return false;
	}
	stun_channel_header(wire, channel, s->bytes);
	memcpy(wire + STUN_CHANNEL_HEADER, s->data, s->bytes);
	turn_channel_sent(r->turn, channel, now);
	ret->from = (struct cp_addr){0};
	ret->to = *server;
	ret->bytes = s->bytes + STUN_CHANNEL_HEADER;
	return true;
}

bool out_send(struct conn_node *n, struct relay *r, const struct ice_send *s, uint8_t *wire, cp_time now, struct conn_out *ret)
{
	ret->kind = CONN_OUT_SEND;
	ret->data = wire;
	if (s->from_relay) {
		if (!wrap(n, r, s, wire, now, ret))
			return false;
	} else {
		memcpy(wire, s->data, s->bytes);
		ret->from = s->from;
		ret->to = s->to;
		ret->bytes = s->bytes;
	}
	n->counters->sends++;
	return true;
}

void out_answer(struct conn_node *n, struct relay *r, const struct ice_send *s, cp_time now)
{
	struct answer *a = &n->answers[(n->answer_at + n->n_answers) % ANSWERS_MAX];
	struct conn_out o;
	if (n->n_answers == ANSWERS_MAX) {
		n->counters->answers_lost++;
		return;
	}
	if (!out_send(n, r, s, a->data, now, &o))
		return;
	a->from = o.from;
	a->to = o.to;
	a->bytes = (uint16_t)o.bytes;
	n->n_answers++;
}

void out_log(struct conn_node *n, int level, const char *event, const char *format, ...)
{
	va_list ap;
	if (n->n_log == LOG_LINES_MAX) {
		n->counters->log_lost++;
		return;
	}
	struct log_line *l = &n->log[(n->log_at + n->n_log++) % LOG_LINES_MAX];
	l->level = level;
	l->event = event;
	va_start(ap, format);
	vsnprintf(l->text, sizeof(l->text), format, ap);
	va_end(ap);
}

static bool answers_next(struct conn_node *n, struct conn_out *ret)
{
	if (n->n_answers == 0)
		return false;
	struct answer *a = &n->answers[n->answer_at];
	n->answer_at = (n->answer_at + 1) % ANSWERS_MAX;
	n->n_answers--;
	ret->kind = CONN_OUT_SEND;
	ret->from = a->from;
	ret->to = a->to;
	ret->data = a->data;
	ret->bytes = a->bytes;
	return true;
}

static bool log_next(struct conn_node *n, struct conn_out *ret)
{
	if (n->n_log == 0)
		return false;
	struct log_line *l = &n->log[n->log_at];
	n->log_at = (n->log_at + 1) % LOG_LINES_MAX;
	n->n_log--;
	ret->kind = CONN_OUT_LOG;
	ret->level = l->level;
	ret->event = l->event;
	ret->text = l->text;
	return true;
}

static bool notices_next(struct conn_node *n, struct conn_out *ret)
{
	if (log_next(n, ret))
		return true;
	if (n->no_relays) {
		n->no_relays = false;
		ret->kind = CONN_OUT_NO_RELAYS;
		return true;
	}
	if (n->releasing && n->release_waits == 0) {
		n->releasing = false;
		ret->kind = CONN_OUT_RELEASED;
		ret->code = (int)n->release_confirmed;
		return true;
	}
	return n->local_unsaved && stash_local(n, ret);
}

static bool words_next(struct conn_node *n, cp_time now, struct conn_out *ret)
{
	struct connection *c;
	while ((c = n->out_first)) {
		if (says_next(n, c, now, ret))
			return true;
		n->out_first = c->next_out;
		if (!n->out_first)
			n->out_last = NULL;
		c->listed = false;
		if (!c->ice && !c->ready)
			connection_free(n, c);
	}
	return false;
}

static void settled(struct conn_node *n, struct connection *c, cp_time now)
{
	n->ready_first = c->next_ready;
	if (!n->ready_first)
		n->ready_last = NULL;
	c->ready = false;
	if (c->ice)
		connection_arm(n, c, now);
	else if (!c->listed)
		connection_free(n, c);
}

enum drained { NOTHING, SENT, LOST };

static enum drained checks_next(struct conn_node *n, cp_time now, struct conn_out *ret)
{
	struct connection *c;
	while ((c = n->ready_first)) {
		if (c->ice && ice_check_next(c->ice, now, &n->check))
			return out_send(n, c->relay, &n->check, n->wire, now, ret) ? SENT : LOST;
		settled(n, c, now);
	}
	return NOTHING;
}

static void take_back(struct conn_node *n)
{
	if (n->stash_lent)
		cp_wipe(n->stash, n->stash_lent);
	if (n->peer_lent)
		cp_wipe(&n->peer, sizeof(n->peer));
	n->stash_lent = 0;
	n->peer_lent = false;
}

bool conn_next(struct conn_node *n, cp_time now, struct conn_out *ret)
{
	enum drained d = LOST;
	node_at(n, now);
	take_back(n);
	while (d == LOST) { /* a check without a channel asks the relay for one, and that goes first */
		*ret = (struct conn_out){0};
		if (relays_next(n, now, ret) || answers_next(n, ret) || notices_next(n, ret) || words_next(n, now, ret))
			return true;
		d = checks_next(n, now, ret);
	}
	return d == SENT;
}
