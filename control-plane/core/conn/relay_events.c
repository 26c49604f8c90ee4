/* SPDX-License-Identifier: Apache-2.0 */
/* What relays do: their datagrams and events are pulled here, and those that end say their last words. */
#include <stdlib.h>
#include <string.h>

#include "conn/node.h"

static bool say_channel(struct relay *r, uint16_t channel, const struct cp_addr *peer, bool up, struct conn_out *ret)
{
	const struct cp_addr *server = up ? turn_active_server(r->turn) : NULL;
	if (server)
		r->channel_server = *server;
	if (up)
		ret->from = turn_relayed(r->turn, peer->family);
	ret->kind = CONN_OUT_CHANNEL;
	memcpy(ret->id, r->id, sizeof(ret->id));
	ret->relay = r->channel_server;
	ret->channel = channel;
	ret->to = *peer;
	ret->up = up;
	return true;
}

static struct cp_addr *channel_slot(struct conn_node *n, struct relay *r, uint16_t channel)
{
	uint32_t i = channel - STUN_CHANNEL_FIRST, room = r->n_channels ? r->n_channels : 32;
	if (channel < STUN_CHANNEL_FIRST || i >= TURN_CHANNELS)
		return NULL;
	while (room <= i)
		room *= 2;
	if (room > r->n_channels) {
		struct cp_addr *grown = realloc(r->channels, room * sizeof(*grown));
		if (!grown) {
			n->counters->out_of_memory++;
			return NULL;
		}
		memset(grown + r->n_channels, 0, (room - r->n_channels) * sizeof(*grown));
		r->say_again = r->say_again == r->n_channels ? room : r->say_again;
		r->channels = grown;
		r->n_channels = room;
	}
	return &r->channels[i];
}

/* Each refresh confirms a channel anew; the NF is told once. */
static bool channel_up(struct conn_node *n, struct relay *r, const struct turn_event *e, struct conn_out *ret)
{
	struct cp_addr *slot = channel_slot(n, r, e->channel);
	path_channel(n, r, &e->addr, e->channel);
	if (!slot || cp_addr_equal(slot, &e->addr))
		return false;
	*slot = e->addr;
	return say_channel(r, e->channel, &e->addr, true, ret);
}

static bool channel_down(struct conn_node *n, struct relay *r, const struct turn_event *e, struct conn_out *ret)
{
	uint32_t i = e->channel - STUN_CHANNEL_FIRST;
	path_channel(n, r, &e->addr, 0);
	if (e->channel < STUN_CHANNEL_FIRST || i >= r->n_channels || r->channels[i].family == CP_NONE)
		return false;
	r->channels[i] = (struct cp_addr){0};
	return say_channel(r, e->channel, &e->addr, false, ret);
}

static void resync_its(struct conn_node *n, const struct relay *r, cp_time now)
{
	struct connection *c;
	for (uint32_t i = 0; (c = connection_walk(n, &i));) {
		if (c->relay != r || c->restoring)
			continue;
		candidates_sync(n, c, now);
		connection_serve(n, c, now);
	}
}

static void learnt(struct conn_node *n, cp_time now)
{
	if (candidates_gather(n))
		candidates_sync_all(n, now);
}

static const char *freed_name(enum turn_freed why)
{
	return why == TURN_FREED_PROTOCOL ? "protocol" : why == TURN_FREED_AUTHENTICATION ? "authentication" : "no_response";
}

static void freed(struct conn_node *n, struct relay *r, enum turn_freed why, cp_time now)
{
	out_log(n, 1, "relay_freed", "why=%s relays=%u", freed_name(why), n->n_relays - 1);
	relay_drop(n, r, NULL, now);
	if (n->n_relays == 0 && !n->releasing)
		n->no_relays = true;
	candidates_gather(n);
	selection_rehome(n, now);
}

static void released(struct conn_node *n, struct relay *r, bool confirmed, cp_time now)
{
	n->release_confirmed += confirmed;
	relay_drop(n, r, NULL, now);
	candidates_gather(n);
	selection_rehome(n, now);
}

/* The allocation is what a restart must not lose. */
static void save_soon(struct relay *r, cp_time at)
{
	r->save_at = cp_earlier(r->save_at, at);
}

/* True: there is something to say. r may be gone afterwards. */
static bool happened(struct conn_node *n, struct relay *r, const struct turn_event *e, cp_time now, struct conn_out *ret)
{
	save_soon(r, e->kind == TURN_ALLOCATED ? 0 : r->saved_at + CP_S);
	switch (e->kind) {
	case TURN_HOST:
	case TURN_SRFLX:
		learnt(n, now);
		return false;
	case TURN_RELAYED:
	case TURN_RELAYED_GONE:
		resync_its(n, r, now);
		return false;
	case TURN_CHANNEL_UP:
		return channel_up(n, r, e, ret);
	case TURN_CHANNEL_DOWN:
		return channel_down(n, r, e, ret);
	case TURN_CHANNELS_SHORT:
		out_log(n, 1, "channels_exhausted", "in_use=%u", turn_channels_in_use(r->turn));
		return false;
	case TURN_ALLOCATED:
		out_log(n, 2, "relay_allocated", "rtt_us=%llu", (unsigned long long)(turn_rtt(r->turn) / 1000));
		selection_served(n, r, now);
		return false;
	case TURN_INVALIDATED:
		out_log(n, 1, "relay_invalidated", "relays=%u", n->n_relays);
		return false;
	case TURN_SUSPENDED:
		out_log(n, 1, "relay_refused", "code=%u", e->code);
		selection_rehome(n, now);
		return false;
	case TURN_FREED:
		freed(n, r, e->why, now);
		return false;
	case TURN_RELEASED:
		released(n, r, e->confirmed, now);
		return false;
	}
	return false;
}

static bool send_next(struct conn_node *n, cp_time now, struct conn_out *ret)
{
	for (unsigned int i = 0; i < n->n_relays; i++) {
		struct relay *r = n->relays[(n->relay_turn + i) % n->n_relays];
		if (!r->dirty || r->restoring || !turn_next(r->turn, now, &n->turn_send))
			continue;
		n->relay_turn = (n->relay_turn + i + 1) % n->n_relays; /* none starves the others */
		ret->kind = CONN_OUT_SEND;
		ret->to = n->turn_send.to;
		ret->data = n->turn_send.data;
		ret->bytes = n->turn_send.bytes;
		n->counters->sends++;
		return true;
	}
	return false;
}

/* 1: something is to be said; 0: something happened, and there may be datagrams now; -1: all is quiet. */
static int event_next(struct conn_node *n, cp_time now, struct conn_out *ret)
{
	struct turn_event e;
	for (unsigned int i = 0; i < n->n_relays; i++) {
		struct relay *r = n->relays[i];
		if (r->dirty && !r->restoring && turn_event_next(r->turn, &e))
			return happened(n, r, &e, now, ret);
	}
	return -1;
}

static bool again_next(struct relay *r, struct conn_out *ret)
{
	while (r->say_again < r->n_channels) {
		uint32_t i = r->say_again++;
		if (r->channels[i].family != CP_NONE)
			return say_channel(r, (uint16_t)(STUN_CHANNEL_FIRST + i), &r->channels[i], true, ret);
	}
	return false;
}

static bool last_words(struct conn_node *n, struct conn_out *ret)
{
	struct relay *r;
	while ((r = n->dead_relays)) {
		while (r->n_channels > 0) {
			uint32_t i = --r->n_channels;
			if (r->channels[i].family != CP_NONE)
				return say_channel(r, (uint16_t)(STUN_CHANNEL_FIRST + i), &r->channels[i], false, ret);
		}
		if (stash_relay_gone(n, r, ret))
			return true;
		n->dead_relays = r->next_dead;
		relay_free(n, r);
	}
	return false;
}

static void settle(struct conn_node *n, struct relay *r, cp_time now)
{
	cp_time at = turn_deadline(r->turn);
	r->dirty = false;
	r->timed.why = r->save_at < at ? "stash" : "relay";
	at = cp_earlier(at, r->save_at);
	cp_heap_arm(&n->heap, &r->timed.timer, at > now ? at : now + 1);
}

bool relays_next(struct conn_node *n, cp_time now, struct conn_out *ret)
{
	int e = 0;
	if (last_words(n, ret))
		return true;
	if (!n->relays_dirty)
		return false;
	while (e == 0) {
		if (send_next(n, now, ret))
			return true;
		e = event_next(n, now, ret);
		if (e > 0)
			return true;
	}
	for (unsigned int i = 0; i < n->n_relays; i++) {
		struct relay *r = n->relays[i];
		if (!r->dirty || r->restoring)
			continue;
		if (again_next(r, ret) || stash_relay(n, r, now, ret))
			return true;
		settle(n, r, now);
	}
	n->relays_dirty = false;
	return last_words(n, ret);
}
