/* SPDX-License-Identifier: Apache-2.0 */
/* The path of a connection follows the pair that its agent has selected (connectivity §3.2, §3.4). */
#include <string.h>

#include "conn/node.h"

#define PROACTIVE_PAUSE (20 * CP_S)

enum conn_path_kind path_kind(uint8_t local_kind, uint8_t remote_kind)
{
	if (local_kind == ICE_RELAY)
		return remote_kind == ICE_RELAY ? CONN_PATH_RELAY_TO_RELAY : CONN_PATH_OUR_RELAY;
	return remote_kind == ICE_RELAY ? CONN_PATH_TO_RELAY : CONN_PATH_DIRECT;
}

static bool is_relayed(const struct conn_path *p)
{
	return p->kind == CONN_PATH_OUR_RELAY || p->kind == CONN_PATH_RELAY_TO_RELAY;
}

static struct connection *of_path(struct cp_map_entry *e)
{
	return e ? (struct connection *)((char *)e - offsetof(struct connection, by_path)) : NULL;
}

static void say(struct conn_node *n, struct connection *c)
{
	c->path.handle++;
	n->counters->paths++;
	out_mark(n, c, OUT_PATH | OUT_STASH_PEER);
}

/* Several connections may hold one channel: the last one lets go. */
void path_detach(struct conn_node *n, struct connection *c)
{
	struct relay *r = c->path_relay;
	if (!r)
		return;
	cp_map_remove(&n->by_path, &c->by_path);
	if (!cp_map_find(&n->by_path, &c->path_key, sizeof(c->path_key)) && !r->dead) {
		turn_channel_hold(r->turn, &c->path_key.to, false);
		relay_touch(n, r);
	}
	c->path_relay = NULL;
}

/* Where the ChannelData goes; a channel that is asked for here can only be held once it is there. */
static void address(struct connection *c, cp_time now)
{
	struct turn *t = c->path_relay->turn;
	const struct cp_addr *server = turn_active_server(t);
	c->path.relay = server ? *server : (struct cp_addr){0};
	c->path.channel = turn_channel_to(t, &c->path.to, now);
	turn_channel_hold(t, &c->path.to, true);
}

static void attach(struct conn_node *n, struct connection *c, cp_time now)
{
	struct relay *r = is_relayed(&c->path) ? c->relay : NULL;
	c->path.relay = (struct cp_addr){0};
	c->path.channel = 0;
	if (!r)
		return;
	c->path_key = (struct path_key){.to = c->path.to, .relay = r->serial};
	if (!cp_map_add(&n->by_path, &c->by_path, &c->path_key, sizeof(c->path_key))) {
		n->counters->out_of_memory++;
		return;
	}
	c->path_relay = r;
	address(c, now);
	relay_touch(n, r);
}

void path_handshake(struct conn_node *n, struct connection *c, cp_time now)
{
	if (n->role != CONN_CLIENT || c->path.handle == 0)
		return;
	if (c->proactive && now - c->proactive < PROACTIVE_PAUSE) {
		n->counters->handshakes_suppressed++;
		return;
	}
	c->proactive = now;
	n->counters->handshakes_asked++;
	out_mark(n, c, OUT_HANDSHAKE | OUT_STASH_PEER);
}

static bool leads_elsewhere(const struct connection *c, const struct ice_selection *s)
{
	return c->path.handle == 0 || !cp_addr_equal(&c->path.from, &s->from) || !cp_addr_equal(&c->path.to, &s->to);
}

static void establish(struct conn_node *n, struct connection *c)
{
	if (!c->completed || c->established || c->path.handle == 0)
		return;
	c->established = true;
	n->counters->established++;
	out_mark(n, c, OUT_ESTABLISHED | OUT_STASH_PEER);
}

static void switch_to(struct conn_node *n, struct connection *c, const struct ice_selection *s, cp_time now)
{
	if (c->path.handle == 0)
		c->last_activity = now;
	path_detach(n, c);
	c->path.kind = path_kind(s->local_kind, s->remote_kind);
	c->path.from = s->from;
	c->path.to = s->to;
	attach(n, c, now);
	say(n, c);
	establish(n, c);
	path_handshake(n, c, now);
}

/* What was peer-reflexive turns out to be the peer's relay: the same path under its right name, and no new handshake. */
static void rename_path(struct conn_node *n, struct connection *c, const struct ice_selection *s)
{
	enum conn_path_kind kind = path_kind(s->local_kind, s->remote_kind);
	if (c->path.kind == kind)
		return;
	c->path.kind = kind;
	say(n, c);
}

void path_follow(struct conn_node *n, struct connection *c, cp_time now)
{
	struct ice_selection s = ice_selection(c->ice);
	if (s.generation != c->generation) {
		c->generation = s.generation;
		stash_want(c, true);
		if (n->role == CONN_CLIENT && s.abandoned.family != CP_NONE)
			candidates_withdraw(n, c, s.abandoned_kind, &s.abandoned, now);
	}
	if (s.exists && leads_elsewhere(c, &s))
		switch_to(n, c, &s, now);
	else if (s.exists)
		rename_path(n, c, &s);
	establish(n, c);
}

void path_channel(struct conn_node *n, struct relay *r, const struct cp_addr *peer, uint16_t channel)
{
	struct path_key key = {.to = *peer, .relay = r->serial};
	struct cp_map_entry *e = cp_map_find(&n->by_path, &key, sizeof(key));
	if (e && channel)
		turn_channel_hold(r->turn, peer, true);
	for (; e; e = cp_map_next(e)) {
		struct connection *c = of_path(e);
		if (c->path.channel == channel)
			continue;
		c->path.channel = channel;
		say(n, c);
	}
}

void path_refresh(struct conn_node *n, struct connection *c, cp_time now)
{
	struct conn_path was = c->path;
	address(c, now);
	relay_touch(n, c->path_relay);
	if (was.channel != c->path.channel || !cp_addr_equal(&was.relay, &c->path.relay))
		say(n, c);
}

/* What came back from the stash goes on under its old handle. */
void path_restore(struct conn_node *n, struct connection *c, cp_time now)
{
	struct ice_selection s = ice_selection(c->ice);
	if (!s.exists || leads_elsewhere(c, &s))
		return;
	c->generation = s.generation;
	attach(n, c, now);
}
