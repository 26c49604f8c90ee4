/* SPDX-License-Identifier: Apache-2.0 */
/* The façade: a node's life, its inputs from the portal and the embedder, and time. */
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
		candidates_early_arm(n);
	}
}

void conn_tick(struct conn_node *n, cp_time now)
{
	struct cp_timer *t;
	node_at(n, now);
	while ((t = cp_heap_due(&n->heap, now)))
		due(n, (struct timed *)t, now);
}

struct conn_deadline conn_deadline(const struct conn_node *n)
{
	if (cp_heap_next(&n->heap) == CP_NEVER)
		return (struct conn_deadline){CP_NEVER, "nothing"};
	const struct timed *t = (const struct timed *)cp_heap_due(&n->heap, CP_NEVER);
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
