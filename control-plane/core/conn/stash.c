/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a restart cannot derive again, as records for the stash:
 *
 *   peer  key, part 0   identity, secrets, path, what was done when        at once when one of them changes
 *         key, part 1   the agent: candidates, pairs                       at most once a second
 *   relay id, part 0    addresses and credentials                          at once
 *         id, part n+1  part n of turn: allocation, channels               at most once a second, an allocation at once
 *   local part 0        this host's addresses                              at once
 *
 * restore.c reads them.
 */
#include <string.h>

#include "base/crypto.h"
#include "conn/node.h"
#include "conn/pack.h"
#include "conn/record.h"

void stash_want(struct connection *c, bool at_once)
{
	c->save_at = cp_earlier(c->save_at, at_once ? 0 : c->saved_at + CP_S);
}

/* Pairs come and go without anybody having asked for it. */
static uint32_t shape(const struct connection *c)
{
	return ice_pair_count(c->ice) << 8 | (uint32_t)ice_agent_state(c->ice);
}

void stash_follow(struct conn_node *n, struct connection *c, cp_time now)
{
	if (shape(c) != c->shape) {
		c->shape = shape(c);
		stash_want(c, false);
	}
	if (c->save_at > now)
		return;
	c->save_at = CP_NEVER;
	c->saved_at = now;
	out_mark(n, c, OUT_STASH_ICE);
}

static bool record(struct conn_node *n, struct conn_out *ret, enum conn_stash_kind kind, uint16_t part, const void *key, size_t key_bytes,
		   const void *data, size_t bytes)
{
	ret->kind = CONN_OUT_STASH;
	ret->stash.kind = kind;
	ret->stash.part = part;
	memcpy(ret->stash.key, key, key_bytes);
	ret->data = data;
	ret->bytes = bytes;
	n->stash_lent = bytes;
	return true;
}

static void pack_path(struct packer *k, const struct conn_path *p)
{
	pack_u64(k, p->handle, 4);
	pack_u64(k, p->kind, 1);
	pack_addr(k, &p->from);
	pack_addr(k, &p->to);
}

bool stash_peer(struct conn_node *n, struct connection *c, struct conn_out *ret)
{
	struct packer k = {.p = n->stash, .room = sizeof(n->stash)};
	pack_u64(&k, RECORD_PEER, 2);
	pack_bytes(&k, c->id, sizeof(c->id));
	pack_bytes(&k, c->preshared_key, sizeof(c->preshared_key));
	pack_u64(&k, c->cookie, 8);
	pack_text(&k, connection_ufrag(c));
	pack_text(&k, connection_pwd(c));
	pack_text(&k, connection_remote_ufrag(c));
	pack_text(&k, connection_remote_pwd(c));
	pack_u64(&k, c->relay != NULL, 1);
	pack_bytes(&k, c->relay ? c->relay->id : c->id, CONN_ID_BYTES);
	pack_path(&k, &c->path);
	pack_u64(&k, c->since, 8);
	pack_u64(&k, c->last_activity, 8);
	pack_u64(&k, c->proactive, 8);
	pack_u64(&k, (uint64_t)c->completed | (uint64_t)c->established << 1 | (uint64_t)c->idle << 2, 1);
	c->stashed_peer = true;
	return record(n, ret, CONN_STASH_PEER, 0, c->public_key, sizeof(c->public_key), n->stash, k.n);
}

bool stash_ice(struct conn_node *n, struct connection *c, struct conn_out *ret)
{
	struct packer k = {.p = n->stash, .room = sizeof(n->stash)};
	pack_u64(&k, RECORD_ICE, 2);
	k.n += ice_save(c->ice, n->stash + k.n);
	c->stashed_ice = true;
	return record(n, ret, CONN_STASH_PEER, 1, c->public_key, sizeof(c->public_key), n->stash, k.n);
}

bool stash_gone(struct conn_node *n, struct connection *c, uint16_t part, struct conn_out *ret)
{
	return record(n, ret, CONN_STASH_PEER, part, c->public_key, sizeof(c->public_key), NULL, 0);
}

static void pack_settings(struct packer *k, const struct relay *r)
{
	pack_u64(k, RECORD_RELAY, 2);
	pack_addr(k, &r->server[0]);
	pack_addr(k, &r->server[1]);
	pack_text(k, r->username);
	pack_text(k, r->password);
	pack_text(k, r->realm);
	pack_text(k, r->software);
}

bool stash_relay(struct conn_node *n, struct relay *r, cp_time now, struct conn_out *ret)
{
	struct packer k = {.p = n->stash, .room = sizeof(n->stash)};
	uint16_t part = 0;
	size_t bytes = 0;
	if (r->settings_unsaved) {
		r->settings_unsaved = false;
		pack_settings(&k, r);
		r->parts = r->parts ? r->parts : 1;
		return record(n, ret, CONN_STASH_RELAY, 0, r->id, sizeof(r->id), n->stash, k.n);
	}
	if (r->save_at > now)
		return false;
	if (!turn_save_next(r->turn, now, &part, n->stash, &bytes)) {
		r->save_at = CP_NEVER;
		r->saved_at = now;
		return false;
	}
	r->parts = r->parts > part + 2 ? r->parts : (uint16_t)(part + 2);
	return record(n, ret, CONN_STASH_RELAY, (uint16_t)(part + 1), r->id, sizeof(r->id), n->stash, bytes);
}

bool stash_relay_gone(struct conn_node *n, struct relay *r, struct conn_out *ret)
{
	if (r->parts == 0)
		return false;
	return record(n, ret, CONN_STASH_RELAY, --r->parts, r->id, sizeof(r->id), NULL, 0);
}

bool stash_local(struct conn_node *n, struct conn_out *ret)
{
	static const uint8_t nobody[CONN_KEY_BYTES];
	struct packer k = {.p = n->stash, .room = sizeof(n->stash)};
	n->local_unsaved = false;
	pack_u64(&k, RECORD_LOCAL, 2);
	pack_u64(&k, n->n_told, 1);
	for (unsigned int i = 0; i < n->n_told; i++)
		pack_addr(&k, &n->told[i]);
	return record(n, ret, CONN_STASH_LOCAL, 0, nobody, sizeof(nobody), n->stash, k.n);
}
