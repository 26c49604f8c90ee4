/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "conn/node.h"

static size_t append(struct connection *c, size_t at, const char *text, size_t bytes)
{
	memcpy(c->text + at, text, bytes);
	c->text[at + bytes] = 0;
	return at + bytes + 1;
}

static void texts_set(struct connection *c, const struct conn_peer *p)
{
	size_t at = append(c, 0, p->local.ufrag, text_length(p->local.ufrag, ICE_UFRAG_MAX));
	c->local_pwd_at = (uint8_t)at;
	at = append(c, at, p->local.pwd, text_length(p->local.pwd, ICE_PWD_MAX));
	c->remote_ufrag_at = (uint8_t)at;
	at = append(c, at, p->remote.ufrag, text_length(p->remote.ufrag, ICE_UFRAG_MAX));
	c->remote_pwd_at = (uint8_t)at;
	append(c, at, p->remote.pwd, text_length(p->remote.pwd, ICE_PWD_MAX));
}

static size_t texts_bytes(const struct conn_peer *p)
{
	return text_length(p->local.ufrag, ICE_UFRAG_MAX) + text_length(p->local.pwd, ICE_PWD_MAX) +
	       text_length(p->remote.ufrag, ICE_UFRAG_MAX) + text_length(p->remote.pwd, ICE_PWD_MAX) + 4;
}

/* The last password begins within a byte's reach. */
_Static_assert(ICE_UFRAG_MAX + ICE_PWD_MAX + ICE_UFRAG_MAX + 3 <= UINT8_MAX, "texts are found by 8-bit offsets");

static struct ice_agent *agent_new(struct conn_node *n, const struct connection *c, const struct conn_peer *p, cp_time now)
{
	struct ice_settings s = {
		.controlling = n->role == CONN_CLIENT,
		.local = p->local,
		.remote = p->remote,
		.tie_breaker = cp_rng_u64(&n->rng),
		.owner = c->owner,
		.owner_secret = n->owner_secret,
	};
	struct ice_agent *a = ice_agent_new(&s, &n->rng, now);
	if (a)
		ice_count_into(a, &n->counters->ice);
	cp_wipe(&s, sizeof(s));
	return a;
}

static void wipe_and_free(struct connection *c)
{
	free(c->signals);
	cp_wipe(c, sizeof(*c) + c->text_bytes);
	free(c);
}

struct connection *connection_new(struct conn_node *n, const struct conn_peer *p, cp_time now)
{
	size_t bytes = texts_bytes(p);
	struct connection *c = calloc(1, sizeof(*c) + bytes);
	if (!c)
		return NULL;
	c->timed.kind = TIMED_CONNECTION;
	c->text_bytes = (uint16_t)bytes;
	texts_set(c, p);
	memcpy(c->id, p->id, sizeof(c->id));
	memcpy(c->public_key, p->public_key, sizeof(c->public_key));
	memcpy(c->preshared_key, p->preshared_key, sizeof(c->preshared_key));
	c->cookie = p->cookie;
	c->since = now;
	c->save_at = c->reannounce_at = CP_NEVER;
	bucket_fill(&c->budget, BUDGET_CONN_BURST, now);
	if (!slots_take(n, c)) {
		wipe_and_free(c);
		return NULL;
	}
	n->n_conns++;
	c->ice = agent_new(n, c, p, now);
	if (!c->ice || !cp_heap_reserve(&n->heap, n->n_conns + CONN_RELAYS_MAX + 2)) {
		connection_free(n, c);
		return NULL;
	}
	return c;
}

static void agent_end(struct conn_node *n, struct connection *c)
{
	ice_agent_free(c->ice);
	c->ice = NULL;
	slots_give(n, c);
	n->n_conns--;
}

static void leave_tables(struct conn_node *n, struct connection *c)
{
	path_detach(n, c);
	cp_map_remove(&n->by_id, &c->by_id);
	cp_map_remove(&n->by_key, &c->by_key);
	cp_map_remove(&n->by_ufrag, &c->by_ufrag);
	cp_heap_disarm(&n->heap, &c->timed.timer);
}

void connection_free(struct conn_node *n, struct connection *c)
{
	if (c->ice || n->slots[c->owner & (CONNS_MAX - 1)].conn == c) {
		leave_tables(n, c);
		agent_end(n, c);
	}
	wipe_and_free(c);
}

bool connection_enter(struct conn_node *n, struct connection *c)
{
	if (cp_map_add(&n->by_id, &c->by_id, c->id, sizeof(c->id)) &&
	    cp_map_add(&n->by_key, &c->by_key, c->public_key, sizeof(c->public_key)) &&
	    cp_map_add(&n->by_ufrag, &c->by_ufrag, c->text, strlen(c->text)))
		return true;
	connection_free(n, c);
	n->counters->out_of_memory++;
	return false;
}

void connection_end(struct conn_node *n, struct connection *c, unsigned int say)
{
	leave_tables(n, c);
	agent_end(n, c);
	free(c->signals);
	c->signals = NULL;
	c->out = 0;
	say |= c->told_responder ? OUT_RESPONDER_DOWN : 0;
	say |= c->told_peer ? OUT_REMOVE : 0;
	say |= c->stashed_peer ? OUT_STASH_PEER_GONE : 0;
	say |= c->stashed_ice ? OUT_STASH_ICE_GONE : 0;
	if (say || c->listed)
		out_mark(n, c, say);
	else if (!c->ready)
		wipe_and_free(c);
}

void connection_fail(struct conn_node *n, struct connection *c, enum conn_failure why)
{
	unsigned int say = OUT_FAILED;
	if (n->role == CONN_CLIENT && failures_count(n, c->id, c->path.handle != 0))
		say |= OUT_ROTATE_KEY;
	c->failure = (uint8_t)why;
	n->counters->failed++;
	connection_end(n, c, say);
}

void connection_serve(struct conn_node *n, struct connection *c, cp_time now)
{
	if (c->restoring)
		return;
	candidates_expect(c, now);
	ice_tick(c->ice, now);
	path_follow(n, c, now);
	idle_follow(c, now);
	if (ice_agent_state(c->ice) == ICE_FAILED) {
		connection_fail(n, c,
				ice_agent_failed_for_want_of_candidates(c->ice) ? CONN_FAILED_NO_CANDIDATES : CONN_FAILED_ICE);
		return;
	}
	if (ice_agent_state(c->ice) == ICE_DISCONNECTED && c->path_relay)
		relay_suspect(n, c->path_relay, now);
	if (c->reannounce_at <= now)
		candidates_reannounce(n, c, now);
	stash_follow(n, c, now);
	out_ready(n, c);
	connection_arm(n, c, now);
}

static void sooner(cp_time at, const char *why, cp_time *ret_at, const char **ret_why)
{
	if (at < *ret_at)
		*ret_at = at, *ret_why = why;
}

/* What is due already is done by the drain, which arms it anew; until then it is due at once. */
void connection_arm(struct conn_node *n, struct connection *c, cp_time now)
{
	cp_time at = ice_deadline(c->ice);
	const char *why = "checks";
	sooner(idle_deadline(c), "idle", &at, &why);
	sooner(candidates_expect_deadline(c), "relay", &at, &why);
	sooner(c->reannounce_at, "candidate is announced again", &at, &why);
	sooner(c->save_at, "stash", &at, &why);
	c->timed.why = why;
	cp_heap_arm(&n->heap, &c->timed.timer, at == CP_NEVER || at > now ? at : now + 1);
}

static struct connection *of_id(struct cp_map_entry *e)
{
	return e ? (struct connection *)((char *)e - offsetof(struct connection, by_id)) : NULL;
}

struct connection *connection_by_id(const struct conn_node *n, const uint8_t id[CONN_ID_BYTES])
{
	return of_id(cp_map_find(&n->by_id, id, CONN_ID_BYTES));
}

struct connection *connection_by_key(const struct conn_node *n, const uint8_t key[CONN_KEY_BYTES])
{
	struct cp_map_entry *e = cp_map_find(&n->by_key, key, CONN_KEY_BYTES);
	return e ? (struct connection *)((char *)e - offsetof(struct connection, by_key)) : NULL;
}

struct connection *connection_by_ufrag(const struct conn_node *n, const struct connection *c, const char *ufrag, size_t bytes)
{
	struct cp_map_entry *e = c ? cp_map_next(&c->by_ufrag) : cp_map_find(&n->by_ufrag, ufrag, bytes);
	return e ? (struct connection *)((char *)e - offsetof(struct connection, by_ufrag)) : NULL;
}

static bool secret_is(const char *a, const char *b, size_t max)
{
	size_t bytes = text_length(b, max);
	return strlen(a) == bytes && cp_equal(a, b, bytes);
}

bool connection_is_same(const struct connection *c, const struct conn_peer *p)
{
	return memcmp(c->public_key, p->public_key, sizeof(c->public_key)) == 0 &&
	       cp_equal(c->preshared_key, p->preshared_key, sizeof(c->preshared_key)) &&
	       secret_is(connection_ufrag(c), p->local.ufrag, ICE_UFRAG_MAX) &&
	       secret_is(connection_pwd(c), p->local.pwd, ICE_PWD_MAX) &&
	       secret_is(connection_remote_ufrag(c), p->remote.ufrag, ICE_UFRAG_MAX) &&
	       secret_is(connection_remote_pwd(c), p->remote.pwd, ICE_PWD_MAX);
}

void connection_peer(const struct connection *c, struct conn_peer *ret)
{
	*ret = (struct conn_peer){.cookie = c->cookie};
	memcpy(ret->id, c->id, sizeof(ret->id));
	memcpy(ret->public_key, c->public_key, sizeof(ret->public_key));
	memcpy(ret->preshared_key, c->preshared_key, sizeof(ret->preshared_key));
	memcpy(ret->local.ufrag, connection_ufrag(c), strlen(connection_ufrag(c)));
	memcpy(ret->local.pwd, connection_pwd(c), strlen(connection_pwd(c)));
	memcpy(ret->remote.ufrag, connection_remote_ufrag(c), strlen(connection_remote_ufrag(c)));
	memcpy(ret->remote.pwd, connection_remote_pwd(c), strlen(connection_remote_pwd(c)));
}
