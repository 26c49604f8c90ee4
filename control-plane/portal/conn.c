/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "server.h"

struct conns *conns_new(uint32_t room)
{
	struct conns *c = calloc(1, sizeof(*c));
	uint32_t max = 1u << CONN_SLOT_BITS;
	if (!c)
		return NULL;
	c->room = room < max ? room : max;
	c->slots = calloc(c->room, sizeof(struct conn *));
	c->last_waiting = &c->first_waiting;
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

static void leave_list(struct conn *c)
{
	if (!c->list)
		return;
	*(c->earlier ? &c->earlier->later : &c->list->first) = c->later;
	*(c->later ? &c->later->earlier : &c->list->last) = c->earlier;
	c->earlier = c->later = NULL;
	c->list = NULL;
}

static void enter_list(struct conn *c, struct conn_list *l)
{
	leave_list(c);
	c->list = l;
	c->since = shell_now(c->shell);
	c->earlier = l->last;
	*(l->last ? &l->last->later : &l->first) = c;
	l->last = c;
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
			   .is_stranger = true};
	enter_list(c, &all->joining);
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
	if (c->list == &c->shell->conns->joining) /* time for the join is counted from here */
		enter_list(c, c->list);
}

void conn_settled(struct conn *c)
{
	conn_authenticated(c);
	if (c->list == &c->shell->conns->joining)
		leave_list(c);
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
	conn_authenticated(c);
	leave_list(c);
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
	const struct linger none = {.l_onoff = 1};
	conn_authenticated(c);
	leave_list(c);
	conn_drop_output(c);
	c->phase = CONN_CLOSED;
	if (!c->wsi)
		return;
	/* libwebsockets finds the end by itself; a timeout of its, sorted into a list, would cost the square of their number */
	setsockopt(lws_get_socket_fd(c->wsi), SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	shutdown(lws_get_socket_fd(c->wsi), SHUT_RDWR);
}

void conn_close(struct conn *c, uint16_t code, const char *why)
{
	if (c->phase != CONN_UPGRADED || !c->wsi)
		return;
	c->phase = CONN_CLOSING;
	c->close_code = code;
	c->close_why = why;
	conn_authenticated(c);
	enter_list(c, &c->shell->conns->closing);
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

/* RFC 6455 §5.5.1. By hand and not by lws_close_reason(), which sorts a timeout into a list: to send everybody away when
 * the portal stops would cost the square of their number. */
static bool send_close(struct conn *c)
{
	unsigned char frame[LWS_PRE + 2 + 125], *at = frame + LWS_PRE;
	size_t bytes = strnlen(c->close_why, 123);
	at[0] = 0x88; /* FIN, close */
	at[1] = (unsigned char)(2 + bytes);
	at[2] = (unsigned char)(c->close_code >> 8);
	at[3] = (unsigned char)c->close_code;
	memcpy(at + 4, c->close_why, bytes);
	c->phase = CONN_CLOSED;
	return lws_write(c->wsi, at, 4 + bytes, LWS_WRITE_RAW) >= 0;
}

bool conn_write(struct conn *c)
{
	if (!c->is_open || c->phase == CONN_CLOSED)
		return true; /* closed: the peer's answer is awaited, or its time is over soon */
	while (!lws_send_pipe_choked(c->wsi)) {
		c->in_flight = 0; /* what libwebsockets held is gone */
		if (!c->out.head)
			return c->phase != CONN_CLOSING || send_close(c);
		if (!send_head(c))
			return false;
	}
	if (c->out.head || c->phase == CONN_CLOSING || lws_partial_buffered(c->wsi))
		lws_callback_on_writable(c->wsi);
	return true;
}
