/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records that come back from the stash, in any order: those that belong to something that has not come yet wait. Until
 * conn_restored() nothing restored says a word, so that draining in between sends nothing that is only half known.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "conn/node.h"
#include "conn/pack.h"
#include "conn/record.h"

struct deferred {
	struct deferred *next;
	struct conn_stash_key key;
	size_t bytes;
	uint8_t data[];
};

static void drop(struct deferred *d)
{
	cp_wipe(d->data, d->bytes);
	free(d);
}

static struct deferred *pop(struct deferred **list)
{
	struct deferred *d = *list;
	if (d)
		*list = d->next;
	return d;
}

void restore_forget(struct conn_node *n)
{
	struct deferred *d;
	while ((d = pop(&n->deferred)) || (d = pop(&n->deferred_turn)))
		drop(d);
}

/* Those of relays in ascending order of their parts: an allocation comes before its channels. */
static int defer(struct conn_node *n, const struct conn_stash_key *key, const void *data, size_t bytes)
{
	struct deferred **at = key->kind == CONN_STASH_RELAY ? &n->deferred_turn : &n->deferred;
	struct deferred *d = malloc(sizeof(*d) + bytes);
	if (!d)
		return -ENOMEM;
	while (key->kind == CONN_STASH_RELAY && *at && (*at)->key.part < key->part)
		at = &(*at)->next;
	*d = (struct deferred){.next = *at, .key = *key, .bytes = bytes};
	memcpy(d->data, data, bytes);
	*at = d;
	return 0;
}

static struct unpacker begin(const void *data, size_t bytes, enum record record)
{
	struct unpacker u = {.p = data, .bytes = bytes};
	u.bad = unpack_u64(&u, 2) != record;
	return u;
}

static int restore_local(struct conn_node *n, const void *data, size_t bytes)
{
	struct unpacker u = begin(data, bytes, RECORD_LOCAL);
	struct cp_addr told[HOSTS_MAX] = {0};
	unsigned int count = (unsigned int)unpack_u64(&u, 1);
	if (count > HOSTS_MAX)
		return -EPROTO;
	for (unsigned int i = 0; i < count; i++)
		told[i] = unpack_addr(&u);
	if (u.bad || u.bytes)
		return -EPROTO;
	if (n->hosts_told) /* what we were told since is newer */
		return 0;
	memcpy(n->told, told, sizeof(told));
	n->n_told = count;
	n->hosts_told = count > 0;
	return 0;
}

static int restore_relay(struct conn_node *n, const uint8_t *id, const void *data, size_t bytes, cp_time now)
{
	struct unpacker u = begin(data, bytes, RECORD_RELAY);
	char username[TURN_TEXT_MAX], password[TURN_TEXT_MAX], realm[TURN_TEXT_MAX], software[TURN_TEXT_MAX];
	struct turn_settings s = {.username = username, .password = password, .realm = realm, .software = software};
	s.server[0] = unpack_addr(&u);
	s.server[1] = unpack_addr(&u);
	unpack_text(&u, username, sizeof(username) - 1);
	unpack_text(&u, password, sizeof(password) - 1);
	unpack_text(&u, realm, sizeof(realm) - 1);
	unpack_text(&u, software, sizeof(software) - 1);
	int e = u.bad || u.bytes || relay_settings_check(&s) != 0 ? -EPROTO : 0;
	if (e == 0 && !relay_by_id(n, id)) {
		struct relay *r = n->n_relays < CONN_RELAYS_MAX ? relay_add(n, id, &s, now) : NULL;
		e = r ? 0 : -ENOSPC;
		if (r)
			r->restoring = r->unconfirmed = true;
	}
	cp_wipe(password, sizeof(password));
	return e;
}

static void unpack_identity(struct unpacker *u, struct conn_peer *p)
{
	unpack_bytes(u, p->id, sizeof(p->id));
	unpack_bytes(u, p->preshared_key, sizeof(p->preshared_key));
	p->cookie = unpack_u64(u, 8);
	unpack_text(u, p->local.ufrag, ICE_UFRAG_MAX);
	unpack_text(u, p->local.pwd, ICE_PWD_MAX);
	unpack_text(u, p->remote.ufrag, ICE_UFRAG_MAX);
	unpack_text(u, p->remote.pwd, ICE_PWD_MAX);
	u->bad = u->bad || !p->local.ufrag[0] || !p->local.pwd[0] || !p->remote.ufrag[0] || !p->remote.pwd[0];
}

static void unpack_path(struct unpacker *u, struct conn_path *p)
{
	p->handle = (uint32_t)unpack_u64(u, 4);
	p->kind = (enum conn_path_kind)unpack_u64(u, 1);
	p->from = unpack_addr(u);
	p->to = unpack_addr(u);
	u->bad = u->bad || (p->handle != 0 && (p->kind < CONN_PATH_DIRECT || p->kind > CONN_PATH_RELAY_TO_RELAY));
}

struct history {
	struct conn_path path;
	cp_time since, last_activity, proactive;
	bool has_relay;
	uint8_t relay[CONN_ID_BYTES], flags;
};

static void unpack_history(struct unpacker *u, struct history *h, cp_time now)
{
	h->has_relay = unpack_u64(u, 1) != 0;
	unpack_bytes(u, h->relay, sizeof(h->relay));
	unpack_path(u, &h->path);
	h->since = cp_earlier(unpack_u64(u, 8), now);
	h->last_activity = cp_earlier(unpack_u64(u, 8), now);
	h->proactive = cp_earlier(unpack_u64(u, 8), now);
	h->flags = (uint8_t)unpack_u64(u, 1);
	u->bad = u->bad || u->bytes != 0;
}

static void remember(struct connection *c, const struct history *h)
{
	c->path = h->path;
	c->since = h->since;
	c->last_activity = h->last_activity;
	c->proactive = h->proactive;
	c->completed = h->flags & 1;
	c->established = h->flags & 2;
	c->idle = h->flags & 4;
	c->restoring = c->unconfirmed = true;
	c->stashed_peer = true;
}

static int enter(struct conn_node *n, const struct conn_peer *p, const struct history *h, cp_time now)
{
	if (connection_by_id(n, p->id) || connection_by_key(n, p->public_key)) /* what the portal said since is newer */
		return 0;
	if (n->n_conns >= n->conns_max)
		return -ENOSPC;
	struct connection *c = connection_new(n, p, now);
	if (!c || !connection_enter(n, c))
		return -ENOMEM;
	remember(c, h);
	return 0;
}

static int restore_peer(struct conn_node *n, const struct conn_stash_key *key, const void *data, size_t bytes, cp_time now)
{
	struct unpacker u = begin(data, bytes, RECORD_PEER);
	struct conn_peer p = {0};
	struct history h = {0};
	memcpy(p.public_key, key->key, sizeof(p.public_key));
	unpack_identity(&u, &p);
	unpack_history(&u, &h, now);
	int e = u.bad ? -EPROTO : enter(n, &p, &h, now);
	cp_wipe(&p, sizeof(p));
	return e || !h.has_relay ? e : defer(n, key, h.relay, sizeof(h.relay)); /* the relay may come later */
}

static int restore_ice(struct conn_node *n, struct connection *c, const void *data, size_t bytes, cp_time now)
{
	struct unpacker u = begin(data, bytes, RECORD_ICE);
	if (u.bad)
		return -EPROTO;
	if (!c->restoring)
		return 0;
	c->stashed_ice = true;
	return ice_restore(c->ice, u.p, u.bytes, now);
}

static int restore_turn(struct relay *r, uint16_t part, const void *data, size_t bytes, cp_time now)
{
	if (!r->restoring)
		return 0;
	r->parts = r->parts > part + 1 ? r->parts : (uint16_t)(part + 1);
	int e = turn_restore(r->turn, (uint16_t)(part - 1), data, bytes, now);
	return e == -EINVAL ? 0 : e; /* other credentials: it begins afresh */
}

/* final: nothing more will come. What belongs to turn waits for that anyway: order matters there. */
static int restore(struct conn_node *n, const struct conn_stash_key *k, const void *data, size_t bytes, bool final, cp_time now)
{
	struct relay *r = k->kind == CONN_STASH_RELAY ? relay_by_id(n, k->key) : NULL;
	struct connection *c = k->kind == CONN_STASH_PEER ? connection_by_key(n, k->key) : NULL;
	if (k->kind == CONN_STASH_LOCAL && k->part == 0)
		return restore_local(n, data, bytes);
	if (k->kind == CONN_STASH_RELAY && k->part == 0)
		return restore_relay(n, k->key, data, bytes, now);
	if (k->kind == CONN_STASH_PEER && k->part == 0)
		return restore_peer(n, k, data, bytes, now);
	if (r && final)
		return restore_turn(r, k->part, data, bytes, now);
	if (c && k->part == 1)
		return restore_ice(n, c, data, bytes, now);
	bool may_come = k->kind == CONN_STASH_RELAY || (k->kind == CONN_STASH_PEER && k->part == 1);
	return may_come && !final ? defer(n, k, data, bytes) : -EPROTO;
}

static int counted(struct conn_node *n, int e)
{
	n->counters->restored += e == 0;
	n->counters->restore_malformed += e == -EPROTO;
	n->counters->out_of_memory += e == -ENOMEM;
	return e;
}

int conn_restore(struct conn_node *n, const struct conn_stash_key *k, const void *data, size_t bytes, cp_time now)
{
	node_at(n, now);
	if (bytes > CONN_STASH_MAX)
		return counted(n, -EPROTO);
	return counted(n, restore(n, k, data, bytes, false, now));
}

static void retry(struct conn_node *n, const struct deferred *d, cp_time now)
{
	struct connection *c = d->key.kind == CONN_STASH_PEER && d->key.part == 0 ? connection_by_key(n, d->key.key) : NULL;
	if (c)
		c->relay = c->restoring ? relay_by_id(n, d->data) : c->relay;
	else if (d->key.part != 0 && restore(n, &d->key, d->data, d->bytes, true, now) != 0)
		n->counters->restore_malformed++;
}

static void retry_deferred(struct conn_node *n, cp_time now)
{
	struct deferred *d;
	while ((d = pop(&n->deferred_turn)) || (d = pop(&n->deferred))) {
		retry(n, d, now);
		drop(d);
	}
}

static void go_on(struct conn_node *n, struct connection *c, cp_time now)
{
	c->restoring = false;
	/* the agent's record may be younger than the peer's: one of them says how often it is checked */
	ice_set_timing(c->ice, c->idle ? &ice_timing_idle : &ice_timing_default, now);
	path_restore(n, c, now);
	selection_home(n, c, now);
	candidates_sync(n, c, now);
	connection_serve(n, c, now);
}

void conn_restored(struct conn_node *n, cp_time now)
{
	struct connection *c;
	node_at(n, now);
	retry_deferred(n, now);
	for (unsigned int i = 0; i < n->n_relays; i++) {
		n->relays[i]->restoring = false;
		relay_touch(n, n->relays[i]);
	}
	if (n->hosts_told) /* they may have changed in between */
		addresses_restart(n, false, false, false, now);
	candidates_gather(n);
	for (uint32_t i = 0; (c = connection_walk(n, &i));)
		if (c->restoring)
			go_on(n, c, now);
	conn_reassert(n, now);
}

void conn_sweep(struct conn_node *n, cp_time now)
{
	struct connection *c;
	for (uint32_t i = 0; (c = connection_walk(n, &i));) {
		if (!c->unconfirmed)
			continue;
		n->counters->swept++;
		connection_end(n, c, 0);
	}
	for (unsigned int i = 0; i < n->n_relays;) {
		struct relay *r = n->relays[i];
		if (!r->unconfirmed) {
			i++;
			continue;
		}
		n->counters->swept++;
		relay_drop(n, r, NULL, now);
	}
	candidates_gather(n);
	selection_rehome(n, now);
}
