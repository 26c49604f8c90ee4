/* SPDX-License-Identifier: Apache-2.0 */
/* The table of relays (connectivity §2.1, §2.8). What they do is in relay_events.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "conn/node.h"

#define SUSPECT_PAUSE (5 * CP_S)

struct relay *relay_by_server(const struct conn_node *n, const struct cp_addr *a)
{
	struct cp_map_entry *e = cp_map_find(&n->by_server, a, sizeof(*a));
	for (unsigned int i = 0; e && i < n->n_relays; i++)
		if (e == &n->relays[i]->by_server[0] || e == &n->relays[i]->by_server[1])
			return n->relays[i];
	return NULL;
}

struct relay *relay_by_id(const struct conn_node *n, const uint8_t id[CONN_ID_BYTES])
{
	for (unsigned int i = 0; i < n->n_relays; i++)
		if (memcmp(n->relays[i]->id, id, CONN_ID_BYTES) == 0)
			return n->relays[i];
	return NULL;
}

static bool is_text(const char *s)
{
	return s && text_length(s, TURN_TEXT_MAX) < TURN_TEXT_MAX;
}

static bool is_server(const struct cp_addr *a, uint8_t family)
{
	return a->family == family && a->port != 0;
}

int relay_settings_check(const struct turn_settings *s)
{
	bool v4 = is_server(&s->server[0], CP_V4), v6 = is_server(&s->server[1], CP_V6);
	if (!(v4 || v6) || (!v4 && s->server[0].family != CP_NONE) || (!v6 && s->server[1].family != CP_NONE))
		return -EINVAL;
	/* SOFTWARE is shorter than 128 bytes (RFC 8489 §14.14) */
	bool software = !s->software || text_length(s->software, 128) < 128;
	return is_text(s->username) && is_text(s->password) && is_text(s->realm) && software ? 0 : -EINVAL;
}

static void text_free(char *s)
{
	if (s)
		cp_wipe(s, strlen(s));
	free(s);
}

void relay_free(struct conn_node *n, struct relay *r)
{
	cp_heap_disarm(&n->heap, &r->timed.timer);
	cp_map_remove(&n->by_server, &r->by_server[0]);
	cp_map_remove(&n->by_server, &r->by_server[1]);
	turn_free(r->turn);
	text_free(r->username);
	text_free(r->password);
	text_free(r->realm);
	text_free(r->software);
	free(r->channels);
	free(r);
}

static bool enter(struct conn_node *n, struct relay *r)
{
	for (int i = 0; i < 2; i++)
		if (r->server[i].family != CP_NONE &&
		    !cp_map_add(&n->by_server, &r->by_server[i], &r->server[i], sizeof(r->server[i])))
			return false;
	return cp_heap_reserve(&n->heap, n->n_conns + CONN_RELAYS_MAX + 2);
}

static struct relay *relay_new(struct conn_node *n, const struct turn_settings *s, cp_time now)
{
	struct relay *r = calloc(1, sizeof(*r));
	struct turn_settings own = *s;
	if (!r)
		return NULL;
	own.software = s->software ? s->software : n->software;
	r->timed.kind = TIMED_RELAY;
	memcpy(r->server, s->server, sizeof(r->server));
	r->serial = ++n->relay_serial;
	r->save_at = CP_NEVER;
	r->username = strdup(s->username);
	r->password = strdup(s->password);
	r->realm = strdup(s->realm);
	r->software = strdup(own.software);
	if (r->username && r->password && r->realm && r->software)
		r->turn = turn_new(&own, &n->rng, now);
	else
		n->counters->out_of_memory++;
	if (r->turn && enter(n, r))
		return r;
	relay_free(n, r);
	return NULL;
}

struct relay *relay_add(struct conn_node *n, const uint8_t id[CONN_ID_BYTES], const struct turn_settings *s, cp_time now)
{
	struct relay *r = relay_new(n, s, now);
	if (!r)
		return NULL;
	memcpy(r->id, id, sizeof(r->id));
	r->settings_unsaved = true;
	n->relays[n->n_relays++] = r;
	relay_touch(n, r);
	return r;
}

/* The counters of turn are all of one kind. */
void relay_count(struct turn_counters *sum, const struct turn_counters *of)
{
	const uint64_t *from = (const uint64_t *)of;
	uint64_t *to = (uint64_t *)sum;
	for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
		to[i] += from[i];
}

static void unlist(struct conn_node *n, struct relay *r)
{
	unsigned int i = 0;
	while (n->relays[i] != r)
		i++;
	n->n_relays--;
	memmove(&n->relays[i], &n->relays[i + 1], (n->n_relays - i) * sizeof(n->relays[0]));
}

static void inherit(struct conn_node *n, struct relay *r, struct relay *heir, cp_time now)
{
	struct connection *c;
	for (uint32_t i = 0; (c = connection_walk(n, &i));) {
		if (c->path_relay == r)
			path_detach(n, c);
		if (c->relay != r)
			continue;
		c->relay = heir;
		c->chosen_blind = true;
		if (heir && !c->restoring)
			candidates_bind(n, c, now);
	}
}

void relay_drop(struct conn_node *n, struct relay *r, struct relay *heir, cp_time now)
{
	unlist(n, r);
	r->dead = true;
	cp_heap_disarm(&n->heap, &r->timed.timer);
	cp_map_remove(&n->by_server, &r->by_server[0]);
	cp_map_remove(&n->by_server, &r->by_server[1]);
	inherit(n, r, heir, now);
	relay_count(&n->retired, turn_counters(r->turn));
	turn_free(r->turn);
	r->turn = NULL;
	n->release_waits -= r->releasing;
	struct relay **last = &n->dead_relays;
	while (*last)
		last = &(*last)->next_dead;
	*last = r;
}

void relay_touch(struct conn_node *n, struct relay *r)
{
	r->dirty = n->relays_dirty = true;
}

/* A path dies of much longer silence: what carried something to others meanwhile is not to blame. Else peers that vanish
 * behind a busy relay would have it asked all day, and the first answer that is lost would cost everybody their path. */
static bool is_above_suspicion(const struct relay *r, cp_time now)
{
	cp_time carried = turn_carried(r->turn);
	return (carried && now - carried < SUSPECT_PAUSE) || (r->suspected_at && now - r->suspected_at < SUSPECT_PAUSE);
}

void relay_suspect(struct conn_node *n, struct relay *r, cp_time now)
{
	if (is_above_suspicion(r, now))
		return;
	r->suspected_at = now;
	turn_probe(r->turn, now);
	relay_touch(n, r);
}

static bool secret_is(const char *a, const char *b)
{
	size_t bytes = strlen(b);
	return strlen(a) == bytes && cp_equal(a, b, bytes);
}

static bool is_same(const struct relay *r, const struct turn_settings *s)
{
	return memcmp(r->server, s->server, sizeof(r->server)) == 0 && strcmp(r->username, s->username) == 0 &&
	       secret_is(r->password, s->password);
}

static bool share_server(const struct cp_addr a[2], const struct cp_addr b[2])
{
	return (a[0].family && cp_addr_equal(&a[0], &b[0])) || (a[1].family && cp_addr_equal(&a[1], &b[1]));
}

/* Of two entries of one list that name one relay, or one server, the first is right: were it the last, each time the list
 * came both would begin anew. */
static bool was_named(const struct conn_node *n, const struct conn_relay *add)
{
	for (unsigned int i = 0; i < n->n_relays; i++) {
		const struct relay *r = n->relays[i];
		if (r->listed && (memcmp(r->id, add->id, CONN_ID_BYTES) == 0 || share_server(r->server, add->turn.server)))
			return true;
	}
	return false;
}

/* Two ids cannot be one server: the newer list is right. */
static void drop_namesakes(struct conn_node *n, struct relay *r, cp_time now)
{
	for (unsigned int i = 0; i < n->n_relays; i++) {
		struct relay *other = n->relays[i];
		if (other == r || !share_server(r->server, other->server))
			continue;
		relay_drop(n, other, r, now);
		i = (unsigned int)-1;
	}
}

static int take(struct conn_node *n, const struct conn_relay *add, cp_time now)
{
	struct relay *old = relay_by_id(n, add->id);
	if (n->leaving)
		return -ESHUTDOWN;
	if (relay_settings_check(&add->turn) != 0)
		return -EINVAL;
	if (old && is_same(old, &add->turn)) {
		old->listed = true;
		old->unconfirmed = false;
		return 0;
	}
	if (was_named(n, add))
		return -EINVAL;
	if (!old && n->n_relays >= CONN_RELAYS_MAX)
		return -ENOSPC;
	struct relay *r = relay_add(n, add->id, &add->turn, now);
	if (!r)
		return -EINVAL; /* its texts do not fit into one message */
	r->listed = true;
	if (old)
		relay_drop(n, old, r, now);
	drop_namesakes(n, r, now);
	return 0;
}

static void probe_others(struct conn_node *n, cp_time now)
{
	for (unsigned int i = 0; i < n->n_relays; i++) {
		struct relay *r = n->relays[i];
		if (r->listed || r->restoring)
			continue;
		turn_probe(r->turn, now);
		relay_touch(n, r);
	}
}

int conn_relays_update(struct conn_node *n, const uint8_t (*remove)[CONN_ID_BYTES], unsigned int n_remove,
		       const struct conn_relay *add, unsigned int n_add, cp_time now)
{
	int e = 0;
	node_at(n, now);
	unsigned int had = n->n_relays;
	for (unsigned int i = 0; i < n_remove; i++) {
		struct relay *r = relay_by_id(n, remove[i]);
		if (r)
			relay_drop(n, r, NULL, now);
	}
	for (unsigned int i = 0; i < n->n_relays; i++)
		n->relays[i]->listed = false;
	for (unsigned int i = 0; i < n_add; i++) {
		int taken = take(n, &add[i], now);
		e = e ? e : taken;
	}
	probe_others(n, now);
	if (had > 0 && n->n_relays == 0)
		n->no_relays = true;
	candidates_gather(n);
	selection_rehome(n, now);
	return e;
}

void conn_release(struct conn_node *n, cp_time now)
{
	node_at(n, now);
	n->releasing = n->leaving = true;
	n->release_waits = n->release_confirmed = 0;
	for (unsigned int i = 0; i < n->n_relays; i++) {
		struct relay *r = n->relays[i];
		r->releasing = true;
		n->release_waits++;
		turn_release(r->turn, now);
		relay_touch(n, r);
	}
}
