/* SPDX-License-Identifier: Apache-2.0 */
/* The portal authorises a peer, again and again: reuse, creation and replacement of connections (connectivity §3.1). */
#include <errno.h>
#include <string.h>

#include "conn/node.h"

static bool is_filled(const struct ice_credentials *c)
{
	size_t ufrag = text_length(c->ufrag, sizeof(c->ufrag)), pwd = text_length(c->pwd, sizeof(c->pwd));
	return ufrag > 0 && ufrag < sizeof(c->ufrag) && pwd > 0 && pwd < sizeof(c->pwd);
}

static int reuse(struct conn_node *n, struct connection *c, const struct conn_peer *p, cp_time now)
{
	n->counters->reused++;
	c->unconfirmed = false;
	if (c->cookie != p->cookie) {
		c->cookie = p->cookie;
		out_mark(n, c, OUT_PEER | OUT_STASH_PEER);
	}
	if (c->restoring)
		return CONN_REUSED;
	idle_leave(c, now);
	candidates_announce_all(n, c);
	path_handshake(n, c, now);
	connection_serve(n, c, now);
	return CONN_REUSED;
}

/* In ICE's grace: nothing is left to be reused, and it would end before the peer's candidates are here. The peer, whose
 * attempt has failed already or is about to, begins anew as well (ours: stock reuses it, and fails). */
static bool is_dying(const struct connection *c)
{
	return !c->restoring && ice_agent_state(c->ice) == ICE_DISCONNECTED;
}

/* One key is one peer to WireGuard (§4.1): whoever comes with it last has it. */
static void make_way(struct conn_node *n, struct connection *old, const struct conn_peer *p)
{
	if (old)
		connection_end(n, old, 0);
	struct connection *namesake = connection_by_key(n, p->public_key);
	if (namesake) {
		n->counters->removed++;
		connection_end(n, namesake, OUT_CLOSED);
	}
}

static void take_early(struct conn_node *n, struct connection *c, cp_time now)
{
	struct ice_candidate early[CONN_EARLY_MAX];
	unsigned int count = early_take(&n->early, c->id, early, CONN_EARLY_MAX);
	for (unsigned int i = 0; i < count; i++)
		candidates_remote(n, c, &early[i], now);
	candidates_early_arm(n);
}

static void begin(struct conn_node *n, struct connection *c, cp_time now)
{
	out_mark(n, c, OUT_PEER | OUT_RESPONDER | OUT_STASH_PEER);
	selection_home(n, c, now);
	candidates_sync(n, c, now);
	take_early(n, c, now);
	connection_serve(n, c, now);
}

static int refuse(struct conn_node *n, int e)
{
	n->counters->refused++;
	n->no_relays = n->no_relays || e == -ENETUNREACH;
	return e;
}

int conn_upsert(struct conn_node *n, const struct conn_peer *p, cp_time now)
{
	struct connection *old = connection_by_id(n, p->id);
	node_at(n, now);
	if (!is_filled(&p->local) || !is_filled(&p->remote))
		return refuse(n, -EINVAL);
	if (old && connection_is_same(old, p) && !is_dying(old))
		return reuse(n, old, p, now);
	if (!old && n->n_conns >= n->conns_max)
		return refuse(n, -ENOSPC);
	if (n->n_relays == 0 && n->n_hosts == 0)
		return refuse(n, -ENETUNREACH);
	struct connection *c = connection_new(n, p, now);
	if (!c) {
		n->counters->out_of_memory++;
		return -ENOMEM;
	}
	bool replaces = old != NULL;
	make_way(n, old, p);
	if (!connection_enter(n, c))
		return -ENOMEM;
	*(replaces ? &n->counters->replaced : &n->counters->created) += 1;
	begin(n, c, now);
	return replaces ? CONN_REPLACED : CONN_CREATED;
}
