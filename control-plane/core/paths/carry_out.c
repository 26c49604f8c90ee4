/* SPDX-License-Identifier: Apache-2.0 */
#include "paths/carry_out.h"

#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "paths/tunnel.h"

#define PORTAL_MTU 1280

_Static_assert((int)CONN_STASH_PEER == NF_STASH_PEER && (int)CONN_STASH_RELAY == NF_STASH_RELAY &&
		       (int)CONN_STASH_LOCAL == NF_STASH_LOCAL,
	       "one numbering");

static struct nf_addr nf_addr_of(const struct cp_addr *a)
{
	struct nf_addr n = {.family = a->family, .port = a->port};
	memcpy(n.addr, a->ip, sizeof(a->ip));
	return n;
}

/* While the NF is away this is nothing: it will be told everything. */
static void request(struct cp_paths *p, uint16_t type, const void *body, size_t bytes, const void *tail, size_t tail_bytes,
		    cp_time now)
{
	uint32_t seq = link_say(p->link, type, body, bytes, tail, tail_bytes, now);
	if (seq == 0)
		return;
	for (uint32_t i = 0; i < PATHS_WINDOW; i++)
		if (p->under_way[i] == 0) {
			p->under_way[i] = seq;
			p->n_under_way++;
			return;
		}
}

static void send(struct cp_paths *p, const struct conn_out *o)
{
	struct nf_inject inject = {.kind = NF_PUNT_STUN, .source = nf_addr_of(&o->from), .destination = nf_addr_of(&o->to),
				   .data_bytes = (uint32_t)o->bytes};
	struct nf_msg_hdr hdr = {.type = NF_MSG_INJECT};
	if (p->link->state < LINK_HELLO) {
		p->lost++;
		return;
	}
	cp_outq_message(p->out, (struct cp_out){.kind = CP_OUT_PUNT_SEND}, hdr, &inject, sizeof(inject), o->data, o->bytes);
}

static void put_stash(struct cp_paths *p, const struct conn_stash_key *k, const void *data, size_t bytes, cp_time now)
{
	struct nf_stash s = {.kind = (uint16_t)k->kind, .part = k->part, .data_bytes = (uint32_t)bytes};
	memcpy(s.key, k->key, sizeof(s.key));
	request(p, bytes ? NF_MSG_STASH_PUT : NF_MSG_STASH_DELETE, &s, sizeof(s), data, bytes, now);
}

static void save_tunnel(struct cp_paths *p, struct paths_tunnel *t, cp_time now)
{
	struct conn_stash_key k = {.kind = CONN_STASH_PEER, .part = TUNNEL_STASH_PART};
	struct tunnel_record r;
	if (!t->unsaved)
		return;
	memcpy(k.key, t->key, sizeof(k.key));
	tunnel_save(t, &r);
	t->unsaved = false;
	put_stash(p, &k, &r, sizeof(r), now);
}

/* An NF that has begun anew initiates wherever a peer was last (connectivity trap 18). */
static void upsert(struct cp_paths *p, const struct paths_tunnel *t, cp_time now)
{
	struct nf_peer_upsert u = t->upsert;
	if (p->link->state == LINK_SYNCING && p->link->fresh && u.endpoint.family)
		u.flags |= NF_PEER_INITIATE;
	request(p, NF_MSG_PEER_UPSERT, &u, sizeof(u), t->allowed, u.allowed_count * sizeof(*t->allowed), now);
	cp_wipe(&u, sizeof(u));
}

static void tell_tunnel(struct cp_paths *p, struct paths_tunnel *t, cp_time now)
{
	upsert(p, t, now);
	save_tunnel(p, t, now);
}

static void tell_peer(struct cp_paths *p, const struct conn_out *o, cp_time now)
{
	struct paths_tunnel *t = tunnel_make(p, o->peer->public_key);
	if (!t) {
		cp_outq_log(p->out, CP_ERR, "out_of_memory", "what=tunnel");
		return;
	}
	struct nf_peer_upsert *u = &t->upsert;
	memcpy(t->id, o->peer->id, sizeof(t->id));
	memcpy(u->public_key, o->peer->public_key, sizeof(u->public_key));
	memcpy(u->preshared_key, o->peer->preshared_key, sizeof(u->preshared_key));
	u->flags = NF_PEER_HAS_PSK;
	u->inner_mtu = PORTAL_MTU;
	u->timers = NF_TIMERS_STOCK;
	u->endpoint_mode = NF_ENDPOINT_PINNED;
	u->padding = NF_PADDING_NONE;
	tell_tunnel(p, t, now);
}

static void tell_path(struct cp_paths *p, const struct conn_out *o, cp_time now)
{
	struct paths_tunnel *t = tunnel_find(p, o->key);
	if (!t)
		return;
	if (o->path.kind == CONN_PATH_OUR_RELAY || o->path.kind == CONN_PATH_RELAY_TO_RELAY) {
		p->unsayable++;
		cp_outq_log(p->out, CP_DEBUG, "path_not_carried", "name=%.31s why=\"the network function has no relayed paths\"",
			    t->upsert.name);
		return;
	}
	t->upsert.endpoint = nf_addr_of(&o->path.to);
	t->upsert.flags |= NF_PEER_MOVE;
	upsert(p, t, now);
}

static void handshake(struct cp_paths *p, const struct conn_out *o, cp_time now)
{
	struct nf_peer_key k;
	memcpy(k.public_key, o->key, sizeof(k.public_key));
	request(p, NF_MSG_PEER_HANDSHAKE, &k, sizeof(k), NULL, 0, now);
}

/* The NF forgets it; a connection that came in its place, by the same key, keeps what is to be told with it. */
static void forget(struct cp_paths *p, const uint8_t key[NF_KEY_BYTES])
{
	struct paths_tunnel *t = tunnel_find(p, key);
	if (!t || !tunnel_is_used(p, t)) {
		tunnel_drop(p, t);
		return;
	}
	t->upsert.flags = 0;
	t->upsert.endpoint = (struct nf_addr){0};
	t->unsaved = true;
}

static void remove_peer(struct cp_paths *p, const struct conn_out *o, cp_time now)
{
	struct conn_stash_key s = {.kind = CONN_STASH_PEER, .part = TUNNEL_STASH_PART};
	struct nf_peer_close close = {.reason = NF_CLOSE_REMOVED};
	struct nf_peer_key k;
	memcpy(close.public_key, o->key, sizeof(close.public_key));
	memcpy(k.public_key, o->key, sizeof(k.public_key));
	memcpy(s.key, o->key, sizeof(s.key));
	if (o->goodbye)
		request(p, NF_MSG_PEER_CLOSE, &close, sizeof(close), NULL, 0, now);
	else
		request(p, NF_MSG_PEER_REMOVE, &k, sizeof(k), NULL, 0, now);
	put_stash(p, &s, NULL, 0, now);
	forget(p, o->key);
}

static void tell_portal(struct cp_paths *p, const struct conn_out *o)
{
	if (o->kind == CONN_OUT_FAILED || o->kind == CONN_OUT_CLOSED)
		tunnel_drop_unused(p, o->key); /* it may have ended before the NF heard of it */
	struct cp_portal_word w = {.kind = (uint8_t)o->kind, .failure = (uint8_t)o->failure, .code = o->code};
	memcpy(w.id, o->id, sizeof(w.id));
	if (o->text)
		snprintf(w.text, sizeof(w.text), "%s", o->text);
	cp_outq_portal(p->out, &w);
}

void carry_out(struct cp_paths *p, const struct conn_out *o, cp_time now)
{
	switch (o->kind) {
	case CONN_OUT_SEND:
		send(p, o);
		break;
	case CONN_OUT_PEER:
		tell_peer(p, o, now);
		break;
	case CONN_OUT_PATH:
		tell_path(p, o, now);
		break;
	case CONN_OUT_HANDSHAKE:
		handshake(p, o, now);
		break;
	case CONN_OUT_REMOVE:
		remove_peer(p, o, now);
		break;
	case CONN_OUT_STASH:
		put_stash(p, &o->stash, o->data, o->bytes, now);
		break;
	case CONN_OUT_CHANNEL:
	case CONN_OUT_RESPONDER:
		p->unsayable++;
		break;
	case CONN_OUT_LOG:
		cp_outq_log(p->out, (enum cp_log_level)o->level, o->event, "%s", o->text);
		break;
	default:
		tell_portal(p, o);
	}
}

bool paths_has_room(const struct cp_paths *p)
{
	return p->n_under_way + 4 <= PATHS_WINDOW; /* one output is at most three requests */
}

void paths_pump(struct cp_paths *p, cp_time now)
{
	struct conn_out o;
	unsigned int n = 0;
	while (n < PATHS_AT_ONCE && paths_has_room(p) && conn_next(p->conns, now, &o)) {
		carry_out(p, &o, now);
		n++;
	}
	p->more = n == PATHS_AT_ONCE;
	if (n < PATHS_AT_ONCE && p->n_under_way == 0)
		link_said(p->link, now);
}
