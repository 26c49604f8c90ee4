/* SPDX-License-Identifier: Apache-2.0 */
/* The façade: a node's life, its inputs from the portal and the embedder, and time. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "conn/node.h"

#define CONNS_DEFAULT      200000u
#define PER_SOURCE_DEFAULT 20u
#define IN_ALL_DEFAULT     2000u

/* Keys of tables and of randomness, each its own, out of one seed. */
static void derive(const uint8_t seed[32], uint8_t which, uint8_t ret[16])
{
	uint8_t text[18] = {which};
	memcpy(text + 2, seed + 16, 16);
	for (uint8_t half = 0; half < 2; half++) {
		text[1] = half;
		uint64_t v = cp_siphash(seed, text, sizeof(text));
		memcpy(ret + 8 * half, &v, sizeof(v));
	}
	cp_wipe(text, sizeof(text));
}

static bool tables_init(struct conn_node *n, const struct conn_settings *s, cp_time now)
{
	uint8_t key[16];
	derive(s->seed, 1, n->owner_secret);
	derive(s->seed, 2, key);
	cp_rng_seed(&n->rng, key);
	derive(s->seed, 3, key);
	cp_map_init(&n->by_id, key);
	cp_map_init(&n->by_key, key);
	cp_map_init(&n->by_ufrag, key);
	cp_map_init(&n->by_path, key);
	cp_map_init(&n->by_server, key);
	early_init(&n->early, key);
	cp_heap_init(&n->heap);
	bool ok = budget_init(&n->budget, key, s->unknown_per_source_per_s ? s->unknown_per_source_per_s : PER_SOURCE_DEFAULT,
			      s->unknown_per_s ? s->unknown_per_s : IN_ALL_DEFAULT, now);
	cp_wipe(key, sizeof(key));
	return ok && cp_heap_reserve(&n->heap, CONN_RELAYS_MAX + 2);
}

struct conn_node *conn_node_new(const struct conn_settings *s, cp_time now)
{
	struct conn_node *n = calloc(1, sizeof(*n));
	if (!n)
		return NULL;
	n->role = s->role;
	n->conns_max = s->conns_max ? s->conns_max : CONNS_DEFAULT;
	n->conns_max = n->conns_max < CONNS_MAX ? n->conns_max : CONNS_MAX;
	n->early_timed = (struct timed){.kind = TIMED_EARLY, .why = "early candidates"};
	n->software = strdup(s->software ? s->software : "sluice");
	n->answers = calloc(ANSWERS_MAX, sizeof(*n->answers));
	n->log = calloc(LOG_LINES_MAX, sizeof(*n->log));
	n->counters = calloc(1, sizeof(*n->counters));
	if (tables_init(n, s, now) && n->software && n->answers && n->log && n->counters)
		return n;
	conn_node_free(n);
	return NULL;
}

static void free_marked(struct conn_node *n)
{
	struct connection *c;
	while ((c = n->ready_first)) {
		n->ready_first = c->next_ready;
		c->ready = false;
		if (!c->ice && !c->listed)
			connection_free(n, c);
	}
	while ((c = n->out_first)) {
		n->out_first = c->next_out;
		c->listed = false;
		if (!c->ice)
			connection_free(n, c);
	}
}

static void free_relays(struct conn_node *n)
{
	struct relay *r;
	while ((r = n->dead_relays)) {
		n->dead_relays = r->next_dead;
		relay_free(n, r);
	}
	while (n->n_relays > 0)
		relay_free(n, n->relays[--n->n_relays]);
}

void conn_node_free(struct conn_node *n)
{
	struct connection *c;
	if (!n)
		return;
	free_marked(n);
	for (uint32_t i = 0; (c = connection_walk(n, &i));)
		connection_free(n, c);
	free_relays(n);
	restore_forget(n);
	early_fini(&n->early);
	budget_fini(&n->budget);
	cp_map_fini(&n->by_id);
	cp_map_fini(&n->by_key);
	cp_map_fini(&n->by_ufrag);
	cp_map_fini(&n->by_path);
	cp_map_fini(&n->by_server);
	cp_heap_fini(&n->heap);
	free(n->slots);
	free(n->software);
	free(n->answers);
	free(n->log);
	free(n->counters);
	cp_wipe(n, sizeof(*n));
	free(n);
}

static bool has_family(const struct cp_addr *list, unsigned int n, uint8_t family)
{
	for (unsigned int i = 0; i < n; i++)
		if (list[i].family == family)
			return true;
	return false;
}

static bool is_told(const struct conn_node *n, const struct cp_addr *a)
{
	for (unsigned int i = 0; i < n->n_told; i++)
		if (cp_addr_equal(&n->told[i], a))
			return true;
	return false;
}

/* A relay that knows us by an address which is gone, or that had no way to answer on a family, begins anew. */
static bool must_restart(const struct conn_node *n, const struct relay *r, bool new_v4, bool new_v6)
{
	struct cp_addr v4 = turn_host(r->turn, CP_V4), v6 = turn_host(r->turn, CP_V6);
	if ((v4.family && !is_told(n, &v4)) || (v6.family && !is_told(n, &v6)))
		return true;
	return (new_v4 && r->server[0].family && !v4.family) || (new_v6 && r->server[1].family && !v6.family);
}

void conn_addresses(struct conn_node *n, const struct cp_addr *addrs, unsigned int count, cp_time now)
{
	bool had_v4 = has_family(n->told, n->n_told, CP_V4), had_v6 = has_family(n->told, n->n_told, CP_V6);
	memset(n->told, 0, sizeof(n->told));
	n->n_told = 0;
	for (unsigned int i = 0; i < count && n->n_told < HOSTS_MAX; i++)
		if (ice_address_is_usable(&addrs[i]) && !is_told(n, &addrs[i]))
			n->told[n->n_told++] = addrs[i];
	n->hosts_told = n->local_unsaved = true;
	bool new_v4 = !had_v4 && has_family(n->told, n->n_told, CP_V4), new_v6 = !had_v6 && has_family(n->told, n->n_told, CP_V6);
	for (unsigned int i = 0; i < n->n_relays; i++) {
		struct relay *r = n->relays[i];
		if (r->restoring || !must_restart(n, r, new_v4, new_v6))
			continue;
		turn_restart(r->turn, now);
		relay_touch(n, r);
	}
	if (candidates_gather(n))
		candidates_sync_all(n, now);
}

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

static void early_arm(struct conn_node *n)
{
	cp_heap_arm(&n->heap, &n->early_timed.timer, early_deadline(&n->early));
}

static void take_early(struct conn_node *n, struct connection *c, cp_time now)
{
	struct ice_candidate early[CONN_EARLY_MAX];
	unsigned int count = early_take(&n->early, c->id, early, CONN_EARLY_MAX);
	for (unsigned int i = 0; i < count; i++)
		candidates_remote(n, c, &early[i], now);
	early_arm(n);
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
	if (!is_filled(&p->local) || !is_filled(&p->remote))
		return refuse(n, -EINVAL);
	if (old && connection_is_same(old, p))
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

static int buffer(struct conn_node *n, const uint8_t id[CONN_ID_BYTES], const struct ice_candidate *r, cp_time now)
{
	int e = early_add(&n->early, id, r, now);
	n->counters->candidates_early += e == 0;
	n->counters->candidates_early_dropped += e < 0;
	early_arm(n);
	return e;
}

int conn_candidate_add(struct conn_node *n, const uint8_t id[CONN_ID_BYTES], const char *text, size_t bytes, cp_time now)
{
	struct ice_candidate r;
	struct connection *c = connection_by_id(n, id);
	int e = ice_candidate_parse(text, bytes, &r);
	n->counters->candidates++;
	if (e != 0) {
		n->counters->candidates_bad++;
		return e;
	}
	if (!c)
		return buffer(n, id, &r, now);
	e = candidates_remote(n, c, &r, now);
	n->counters->candidates_bad += e == ICE_E_NOT_USABLE;
	connection_serve(n, c, now);
	return e;
}

int conn_candidate_remove(struct conn_node *n, const uint8_t id[CONN_ID_BYTES], const char *text, size_t bytes, cp_time now)
{
	struct ice_candidate r;
	struct connection *c = connection_by_id(n, id);
	int e = ice_candidate_parse(text, bytes, &r);
	n->counters->candidates_bad += e != 0;
	if (e != 0)
		return e;
	if (!c) {
		bool was = early_remove(&n->early, id, &r);
		early_arm(n);
		return was ? 0 : 1;
	}
	bool was = ice_remote_remove(c->ice, &r, now);
	if (was)
		stash_want(c, false);
	connection_serve(n, c, now);
	return was ? 0 : 1;
}

bool conn_remove(struct conn_node *n, const uint8_t id[CONN_ID_BYTES], cp_time now)
{
	struct connection *c = connection_by_id(n, id);
	if (!c)
		return false;
	n->counters->removed++;
	connection_end(n, c, 0);
	return true;
}

/* Without a path there is nobody to say goodbye to (§3.6). */
static void close_one(struct conn_node *n, struct connection *c, bool goodbye)
{
	n->counters->closed++;
	c->goodbye = goodbye && c->path.handle != 0;
	connection_end(n, c, OUT_CLOSED);
}

bool conn_close(struct conn_node *n, const uint8_t id[CONN_ID_BYTES], cp_time now)
{
	struct connection *c = connection_by_id(n, id);
	if (c)
		close_one(n, c, true);
	return c != NULL;
}

void conn_close_all(struct conn_node *n, cp_time now)
{
	struct connection *c;
	for (uint32_t i = 0; (c = connection_walk(n, &i));)
		close_one(n, c, true);
}

void conn_reset(struct conn_node *n, cp_time now)
{
	struct connection *c;
	for (uint32_t i = 0; (c = connection_walk(n, &i));)
		close_one(n, c, false);
	for (unsigned int i = 0; i < n->n_relays; i++) {
		turn_restart(n->relays[i]->turn, now);
		relay_touch(n, n->relays[i]);
	}
}

static void due(struct conn_node *n, struct timed *t, cp_time now)
{
	cp_heap_disarm(&n->heap, &t->timer);
	switch (t->kind) {
	case TIMED_CONNECTION:
		connection_serve(n, (struct connection *)t, now);
		break;
	case TIMED_RELAY:
		turn_tick(((struct relay *)t)->turn, now);
		relay_touch(n, (struct relay *)t);
		break;
	default:
		n->counters->candidates_early_expired += early_expire(&n->early, now);
		early_arm(n);
	}
}

void conn_tick(struct conn_node *n, cp_time now)
{
	struct cp_timer *t;
	while ((t = cp_heap_due(&n->heap, now)))
		due(n, (struct timed *)t, now);
}

struct conn_deadline conn_deadline(const struct conn_node *n)
{
	if (cp_heap_next(&n->heap) == CP_NEVER)
		return (struct conn_deadline){CP_NEVER, "nothing"};
	const struct timed *t = (const struct timed *)n->heap.timers[0];
	return (struct conn_deadline){t->timer.at, t->why};
}

void conn_reassert(struct conn_node *n, cp_time now)
{
	struct connection *c;
	for (uint32_t i = 0; (c = connection_walk(n, &i));)
		out_mark(n, c, OUT_PEER | OUT_RESPONDER | OUT_PATH | OUT_STASH_PEER | OUT_STASH_ICE);
	for (unsigned int i = 0; i < n->n_relays; i++) {
		struct relay *r = n->relays[i];
		r->say_again = 0;
		r->settings_unsaved = true;
		r->save_at = 0;
		turn_save_again(r->turn);
		relay_touch(n, r);
	}
	n->local_unsaved = n->hosts_told;
}
