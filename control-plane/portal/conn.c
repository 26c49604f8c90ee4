/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "server.h"

#define CLOSE_SECONDS 2 /* that a peer may take to answer a close frame, or to read what is before it */

struct conns *conns_new(uint32_t room)
{
	struct conns *c = calloc(1, sizeof(*c));
	uint32_t max = 1u << CONN_SLOT_BITS;
	if (!c)
		return NULL;
	c->room = room < max ? room : max;
	c->slots = calloc(c->room, sizeof(struct conn *));
	if (c->slots)
		return c;
	free(c);
	return NULL;
}

void conns_free(struct conns *c)
{
	if (c)
		free(c->slots);
	free(c);
}

static uint32_t free_slot(struct conns *all)
{
	while (all->slots[all->free_hint])
		all->free_hint = (all->free_hint + 1) % all->room;
	return all->free_hint;
}

struct conn *conn_new(struct shell *s, struct listener *on, const struct cp_addr *from)
{
	struct conns *all = s->conns;
	struct conn *c = all->n < all->room ? calloc(1, sizeof(*c)) : NULL;
	if (!c)
		return NULL;
	uint32_t slot = free_slot(all);
	*c = (struct conn){.id = ++all->serial << CONN_SLOT_BITS | slot,
			   .shell = s,
			   .listener = on,
			   .from = *from,
			   .since = shell_now(s),
			   .in_handshake = true,
			   .is_stranger = true,
			   .earlier = all->last};
	*(all->last ? &all->last->later : &all->first) = c;
	all->last = c;
	all->slots[slot] = c;
	all->n++;
	return c;
}

struct conn *conn_find(const struct conns *all, uint64_t id)
{
	uint32_t slot = id & ((1u << CONN_SLOT_BITS) - 1);
	struct conn *c = slot < all->room ? all->slots[slot] : NULL;
	return c && c->id == id ? c : NULL;
}

void conn_authenticated(struct conn *c)
{
	if (!c->is_stranger)
		return;
	c->is_stranger = false;
	limits_settled(&c->shell->limits, c->source);
}

void conn_settled(struct conn *c)
{
	struct conns *all = c->shell->conns;
	conn_authenticated(c);
	if (!c->in_handshake)
		return;
	c->in_handshake = false;
	*(c->earlier ? &c->earlier->later : &all->first) = c->later;
	*(c->later ? &c->later->earlier : &all->last) = c->earlier;
	c->earlier = c->later = NULL;
}

static void clean(struct conn *c)
{
	struct conns *all = c->shell->conns;
	if (!c->is_dirty)
		return;
	for (struct conn **at = &all->dirty; *at; at = &(*at)->next_dirty)
		if (*at == c) {
			*at = c->next_dirty;
			break;
		}
}

void conn_drop_output(struct conn *c)
{
	c->shell->conns->queued_bytes -= c->out.bytes;
	outbox_clear(&c->out, LWS_PRE);
}

void conn_free(struct conn *c)
{
	struct conns *all = c->shell->conns;
	conn_settled(c);
	clean(c);
	conn_drop_output(c);
	inbox_clear(&c->in);
	if (c->is_open)
		all->n_open--;
	limits_gone(&c->shell->limits, c->source);
	all->slots[c->id & ((1u << CONN_SLOT_BITS) - 1)] = NULL;
	all->n--;
	free(c);
}

void conn_kill(struct conn *c)
{
	conn_drop_output(c);
	c->phase = CONN_CLOSED;
	if (c->wsi)
		lws_set_timeout(c->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
}

void conn_close(struct conn *c, uint16_t code, const char *why)
{
	if (c->phase != CONN_UPGRADED || !c->wsi)
		return;
	c->phase = CONN_CLOSING;
	c->close_code = code;
	c->close_why = why;
	lws_set_timeout(c->wsi, PENDING_TIMEOUT_USER_REASON_BASE, CLOSE_SECONDS);
	lws_callback_on_writable(c->wsi);
}

static bool send_head(struct conn *c)
{
	struct outbox_item *i = c->out.head;
	size_t bytes = i->bytes;
	int n = lws_write(c->wsi, (unsigned char *)i->room + LWS_PRE, bytes, LWS_WRITE_TEXT);
	outbox_pop(&c->out, LWS_PRE);
	c->shell->conns->queued_bytes -= bytes;
	c->in_flight = bytes;
	return n >= 0 && (size_t)n >= bytes;
}

bool conn_write(struct conn *c)
{
	if (c->phase == CONN_CLOSED)
		return false;
	if (!c->is_open)
		return true;
	while (!lws_send_pipe_choked(c->wsi)) {
		c->in_flight = 0; /* what libwebsockets held is gone */
		if (!c->out.head)
			return c->phase != CONN_CLOSING;
		if (!send_head(c))
			return false;
	}
	if (c->out.head || c->phase == CONN_CLOSING || lws_partial_buffered(c->wsi))
		lws_callback_on_writable(c->wsi);
	return true;
}
