/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handshake thread: owns all Noise state and the allocation of receiver indices. It learns of peers
 * by requests from mgmt and of messages by a bounded queue from the workers; it answers by results,
 * which mgmt publishes. X25519 happens nowhere else.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_hash.h>
#include <rte_jhash.h>
#include <rte_mempool.h>
#include <rte_ring.h>

#include <nf/clock.h>

#include "cookie.h"
#include "wg.h"

#define MESSAGES      1023 /* waiting from workers; about 200 ms of work */
#define LONG_QUEUE    128  /* from here on strangers are asked for a cookie */
#define RESULTS       16384
#define REQUESTS      65536
#define BATCH         16

struct message {
	struct wg_endpoint from;
	uint16_t bytes;
	uint8_t data[WG_INITIATION_BYTES];
};

struct request {
	enum { PEER_SET, PEER_SUSPEND, PEER_FORGET, INITIATE, INDEX_FREE, IDENTITY } kind;
	uint32_t peer; /* or index */
	union {
		struct {
			uint8_t key[WG_KEY_BYTES], psk[WG_KEY_BYTES];
		};
		struct wg_endpoint to;
		struct wg_identity identity;
	};
};

struct result {
	uint32_t peer; /* 0: only something to send */
	bool has_session;
	uint16_t bytes; /* of message; 0: nothing to send */
	struct wg_endpoint to;
	struct wg_session_keys keys;
	uint8_t message[WG_INITIATION_BYTES];
};

/* What the thread knows of a peer. */
struct known {
	uint32_t peer;
	bool suspended; /* of remote only the public key and the last timestamp are kept, jar is empty */
	struct wg_remote remote;
	struct wg_cookie_jar jar;
};

static struct {
	struct rte_mempool *pool;                    /* of struct message */
	struct rte_ring *messages, *requests, *results;
	/* H only from here on */
	struct rte_hash *by_key;
	struct known **by_index; /* by index of the peer's handle */
	struct wg_identity identity;
	bool has_identity;
	struct wg_cookie_checker checker;
	struct wg_load load;
	uint64_t last_timestamp;
	uint32_t *free_slots, n_free;
	uint32_t *owner; /* slot → peer handle, for responses and cookie replies */
} h;

/* --- any other thread --- */

bool handshaker_offer(const uint8_t *data, uint16_t bytes, const struct wg_endpoint *from)
{
	void *obj;
	if (rte_mempool_get(h.pool, &obj) != 0)
		return false;
	struct message *m = obj;
	m->from = *from;
	m->bytes = bytes;
	memcpy(m->data, data, bytes);
	if (rte_ring_mp_enqueue(h.messages, m) == 0)
		return true;
	rte_mempool_put(h.pool, m);
	return false;
}

static void request(struct request *r)
{
	/* without rings the thread is gone: keypairs that are wiped last still give their index back */
	struct request *copy = h.requests ? malloc(sizeof(*copy)) : NULL;
	if (copy)
		*copy = *r;
	wg_wipe(r, sizeof(*r));
	if (!copy)
		return;
	while (rte_ring_sp_enqueue(h.requests, copy) != 0)
		nf_handshake_wake(); /* 65536 requests behind: mgmt waits rather than lose a peer */
	nf_handshake_wake();
}

void handshaker_identity(const struct wg_identity *id)
{
	request(&(struct request){.kind = IDENTITY, .identity = *id});
}

void handshaker_peer(uint32_t peer, const uint8_t *key, const uint8_t *psk)
{
	struct request r = {.kind = PEER_SET, .peer = peer};
	memcpy(r.key, key, WG_KEY_BYTES);
	memcpy(r.psk, psk, WG_KEY_BYTES);
	request(&r);
}

void handshaker_suspend(uint32_t peer)
{
	request(&(struct request){.kind = PEER_SUSPEND, .peer = peer});
}

void handshaker_forget(uint32_t peer)
{
	request(&(struct request){.kind = PEER_FORGET, .peer = peer});
}

void handshaker_initiate(uint32_t peer, const struct wg_endpoint *to)
{
	request(&(struct request){.kind = INITIATE, .peer = peer, .to = *to});
}

void handshaker_index_free(uint32_t index)
{
	request(&(struct request){.kind = INDEX_FREE, .peer = index});
}

void handshaker_collect(uint64_t now)
{
	void *obj;
	for (unsigned int i = 0; i < 256 && rte_ring_sc_dequeue(h.results, &obj) == 0; i++) {
		struct result *r = obj;
		struct wg_peer *p = r->peer ? wg_peer_get(r->peer) : NULL;
		if (p && closing_is_shut(p)) /* it was forgotten, this was under way */
			p = NULL;
		if (p && r->has_session) {
			if (p->roaming || !p->endpoint)
				peer_set_endpoint(p, &r->to);
			peer_install(p, &r->keys, now);
		} else if (r->has_session) {
			handshaker_index_free(r->keys.local_index);
		}
		if (r->bytes && (p || !r->peer))
			outer_send(r->message, r->bytes, &r->to);
		wg_wipe(r, sizeof(*r));
		free(r);
	}
}

/* --- the thread --- */

static uint32_t index_alloc(uint32_t peer)
{
	uint32_t high;
	if (h.n_free == 0)
		return 0;
	uint32_t slot = h.free_slots[--h.n_free];
	wg_random(&high, sizeof(high));
	h.owner[slot] = peer;
	return slot | (high & ~(keypairs_slots() - 1));
}

static void index_release(uint32_t index)
{
	uint32_t slot = index & (keypairs_slots() - 1);
	if (!h.owner[slot])
		return;
	h.owner[slot] = 0;
	h.free_slots[h.n_free++] = slot;
}

static struct known *known_of(uint32_t peer)
{
	struct known *k = NF_HANDLE_INDEX(peer) <= wg.limits.max_peers ? h.by_index[NF_HANDLE_INDEX(peer)] : NULL;
	return k && k->peer == peer ? k : NULL;
}

static struct known *known_of_index(uint32_t index)
{
	return known_of(h.owner[index & (keypairs_slots() - 1)]);
}

static struct result *result_new(uint32_t peer, const struct wg_endpoint *to)
{
	struct result *r = calloc(1, sizeof(*r));
	if (r) {
		r->peer = peer;
		r->to = *to;
	}
	return r;
}

static void deliver(struct result *r)
{
	if (rte_ring_sp_enqueue(h.results, r) != 0) {
		if (r->has_session)
			index_release(r->keys.local_index);
		wg_wipe(r, sizeof(*r));
		free(r);
	}
	nf_mgmt_wake();
}

static void drop_outstanding(struct known *k)
{
	for (int i = 0; i < 2; i++)
		if (k->remote.own[i].state == WG_CREATED_INITIATION)
			index_release(k->remote.own[i].local_index);
}

/* What a peer must not be able to repeat outlives its close; its secrets do not. */
static void suspend(uint32_t peer)
{
	struct known *k = known_of(peer);
	struct wg_remote kept = {0};
	if (!k || k->suspended)
		return;
	drop_outstanding(k);
	memcpy(kept.public_key, k->remote.public_key, sizeof(kept.public_key));
	memcpy(kept.last_timestamp, k->remote.last_timestamp, sizeof(kept.last_timestamp));
	wg_wipe(&k->remote, sizeof(k->remote));
	wg_wipe(&k->jar, sizeof(k->jar));
	k->remote = kept;
	k->suspended = true;
}

static void resume(struct known *k, const struct request *r)
{
	uint8_t last[WG_TIMESTAMP_BYTES];
	memcpy(last, k->remote.last_timestamp, sizeof(last));
	if (!wg_remote_init(&k->remote, &h.identity, r->key, r->psk))
		return;
	memcpy(k->remote.last_timestamp, last, sizeof(last));
	wg_mac_keys_init(&k->jar.keys, r->key);
	k->suspended = false;
}

static void forget(uint32_t peer)
{
	struct known *k = known_of(peer);
	if (!k)
		return;
	drop_outstanding(k);
	rte_hash_del_key(h.by_key, k->remote.public_key);
	h.by_index[NF_HANDLE_INDEX(peer)] = NULL;
	wg_wipe(k, sizeof(*k));
	free(k);
}

static void set_peer(const struct request *r)
{
	struct known *k = known_of(r->peer);
	if (k && k->suspended) {
		resume(k, r);
		return;
	}
	if (k) { /* only the preshared key can change */
		memcpy(k->remote.preshared_key, r->psk, WG_KEY_BYTES);
		return;
	}
	k = calloc(1, sizeof(*k));
	if (!k)
		return;
	k->peer = r->peer;
	wg_mac_keys_init(&k->jar.keys, r->key);
	if (!wg_remote_init(&k->remote, &h.identity, r->key, r->psk) || rte_hash_add_key_data(h.by_key, r->key, k) != 0) {
		wg_wipe(k, sizeof(*k));
		free(k);
		return;
	}
	h.by_index[NF_HANDLE_INDEX(r->peer)] = k;
}

static void initiate(uint32_t peer, const struct wg_endpoint *to)
{
	struct known *k = known_of(peer);
	struct result *r = k && !k->suspended && h.has_identity ? result_new(peer, to) : NULL;
	uint8_t ephemeral[WG_KEY_BYTES], timestamp[WG_TIMESTAMP_BYTES];
	uint32_t index = r ? index_alloc(peer) : 0;
	if (!index) {
		free(r);
		return;
	}
	if (k->remote.own[1].state == WG_CREATED_INITIATION)
		index_release(k->remote.own[1].local_index);
	wg_random(ephemeral, sizeof(ephemeral));
	wg_timestamp(timestamp, nf_clock_wall_ns(), &h.last_timestamp);
	struct wg_initiation *m = (struct wg_initiation *)r->message;
	wg_initiation_create(&h.identity, &k->remote, index, ephemeral, timestamp, m);
	wg_macs_add(&k->jar, m, sizeof(*m), nf_clock_ns());
	wg_wipe(ephemeral, sizeof(ephemeral));
	r->bytes = sizeof(*m);
	nf_count_shared(wg.c.initiations_sent, 1);
	deliver(r);
}

static void serve(struct request *r)
{
	switch (r->kind) {
	case PEER_SET:
		set_peer(r);
		break;
	case PEER_SUSPEND:
		suspend(r->peer);
		break;
	case PEER_FORGET:
		forget(r->peer);
		break;
	case INITIATE:
		initiate(r->peer, &r->to);
		break;
	case INDEX_FREE:
		index_release(r->peer);
		break;
	case IDENTITY:
		h.identity = r->identity;
		h.has_identity = true;
		wg_mac_keys_init(&h.checker.keys, h.identity.public_key);
		break;
	}
}

static struct wg_source source_of(const struct wg_endpoint *e)
{
	struct wg_source s = {.n = e->family == 4 ? 6 : 18};
	memcpy(s.bytes, e->remote, s.n - 2u);
	s.bytes[s.n - 2] = (uint8_t)(e->remote_port >> 8);
	s.bytes[s.n - 1] = (uint8_t)e->remote_port;
	return s;
}

static void send_cookie(const struct message *m, const struct wg_source *from)
{
	uint8_t nonce[24];
	struct result *r = result_new(0, &m->from);
	if (!r)
		return;
	wg_random(nonce, sizeof(nonce));
	wg_cookie_reply_create(&h.checker, m->data, m->bytes, from, nonce, (struct wg_cookie_reply *)r->message);
	r->bytes = WG_COOKIE_BYTES;
	nf_count_shared(wg.c.cookies_sent, 1);
	deliver(r);
}

/* True if the message may cost us X25519. */
static bool admitted(const struct message *m, uint64_t now)
{
	uint8_t secret[32];
	struct wg_source from = source_of(&m->from);
	wg_random(secret, sizeof(secret));
	wg_cookie_rotate(&h.checker, now, secret);
	wg_wipe(secret, sizeof(secret));
	enum wg_mac_state macs = wg_macs_check(&h.checker, m->data, m->bytes, &from);
	if (macs == WG_MAC_INVALID) {
		nf_count_shared(wg.c.handshake_bad_mac, 1);
		return false;
	}
	bool high = wg_load_is_high(&h.load, now, rte_ring_count(h.messages) > LONG_QUEUE);
	if (!high || macs == WG_MAC2_VALID)
		return true;
	send_cookie(m, &from);
	return false;
}

static void consume_initiation(const struct message *m)
{
	struct wg_consumed c;
	const struct wg_initiation *in = (const struct wg_initiation *)m->data;
	void *found;
	if (!wg_initiation_open(&h.identity, in, &c)) {
		nf_count_shared(wg.c.handshake_invalid, 1);
		return;
	}
	if (rte_hash_lookup_data(h.by_key, c.public_key, &found) < 0 || ((struct known *)found)->suspended) {
		nf_count_shared(wg.c.handshake_unknown_peer, 1);
		wg_wipe(&c, sizeof(c));
		return;
	}
	struct known *k = found;
	struct result *r = wg_initiation_finish(&k->remote, in, &c) ? result_new(k->peer, &m->from) : NULL;
	uint32_t index = r ? index_alloc(k->peer) : 0;
	uint8_t ephemeral[WG_KEY_BYTES];
	wg_random(ephemeral, sizeof(ephemeral));
	struct wg_response *out = r ? (struct wg_response *)r->message : NULL;
	bool answered = index && wg_response_create(&k->remote, index, ephemeral, out, &r->keys);
	wg_wipe(ephemeral, sizeof(ephemeral));
	if (!answered) {
		nf_count_shared(wg.c.handshake_invalid, 1);
		if (index)
			index_release(index);
		free(r);
		return;
	}
	wg_macs_add(&k->jar, out, sizeof(*out), nf_clock_ns());
	r->has_session = true;
	r->bytes = sizeof(*out);
	nf_count_shared(wg.c.responses_sent, 1);
	deliver(r);
}

static void consume_response(const struct message *m)
{
	const struct wg_response *in = (const struct wg_response *)m->data;
	uint32_t index = wg_get32(in->receiver);
	struct known *k = known_of_index(index);
	struct result *r = k ? result_new(k->peer, &m->from) : NULL;
	uint32_t outstanding[2] = {0, 0};
	for (int i = 0; k && i < 2; i++)
		if (k->remote.own[i].state == WG_CREATED_INITIATION)
			outstanding[i] = k->remote.own[i].local_index;
	if (!r || !wg_response_consume(&h.identity, &k->remote, in, &r->keys)) {
		nf_count_shared(wg.c.handshake_invalid, 1);
		free(r);
		return;
	}
	for (int i = 0; i < 2; i++)
		if (outstanding[i] && outstanding[i] != index)
			index_release(outstanding[i]);
	r->has_session = true;
	deliver(r);
}

static void consume_cookie(const struct message *m, uint64_t now)
{
	const struct wg_cookie_reply *in = (const struct wg_cookie_reply *)m->data;
	struct known *k = known_of_index(wg_get32(in->receiver));
	bool ok = k && wg_cookie_reply_consume(&k->jar, in, now);
	nf_count_shared(ok ? wg.c.cookies_received : wg.c.handshake_invalid, 1);
}

static void consume(const struct message *m, uint64_t now)
{
	enum wg_type type = wg_message_type(m->data, m->bytes);
	if (type == WG_COOKIE_REPLY) {
		consume_cookie(m, now);
		return;
	}
	if (!h.has_identity || !admitted(m, now))
		return;
	if (type == WG_INITIATION)
		consume_initiation(m);
	else
		consume_response(m);
}

/* Requests first: they are cheap, and a message may be for a peer that is just being told of. */
static bool turn(uint64_t now)
{
	void *obj;
	unsigned int n = 0;
	for (; n < 256 && rte_ring_sc_dequeue(h.requests, &obj) == 0; n++) {
		serve(obj);
		wg_wipe(obj, sizeof(struct request));
		free(obj);
	}
	for (unsigned int i = 0; i < BATCH && rte_ring_sc_dequeue(h.messages, &obj) == 0; i++, n++) {
		consume(obj, now);
		rte_mempool_put(h.pool, obj);
	}
	return n > 0;
}

int handshaker_init(void)
{
	struct rte_hash_parameters p = {.name = "wg-known",
					.entries = wg.limits.max_peers,
					.key_len = WG_KEY_BYTES,
					.hash_func = rte_jhash,
					.socket_id = (int)SOCKET_ID_ANY,
					.extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE};
	uint32_t slots = keypairs_slots();
	h.pool = rte_mempool_create("wg-messages", MESSAGES, sizeof(struct message), 0, 0, NULL, NULL, NULL, NULL,
				    SOCKET_ID_ANY, 0);
	h.messages = rte_ring_create("wg-messages", 1024, SOCKET_ID_ANY, RING_F_SC_DEQ);
	h.requests = rte_ring_create("wg-requests", REQUESTS, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	h.results = rte_ring_create("wg-results", RESULTS, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	h.by_key = rte_hash_create(&p);
	h.by_index = calloc(wg.limits.max_peers + 1, sizeof(struct known *));
	h.free_slots = calloc(slots, sizeof(*h.free_slots));
	h.owner = calloc(slots, sizeof(*h.owner));
	if (!h.pool || !h.messages || !h.requests || !h.results || !h.by_key || !h.by_index || !h.free_slots || !h.owner)
		return -ENOMEM;
	/* slot 0 stays unused: an index of 0 means none */
	for (uint32_t s = slots - 1; s > 0; s--)
		h.free_slots[h.n_free++] = s;
	return nf_handshake_thread(turn);
}

/* The thread has been joined. */
void handshaker_fini(void)
{
	void *obj;
	if (!h.requests)
		return;
	while (turn(nf_clock_ns()))
		;
	while (rte_ring_sc_dequeue(h.results, &obj) == 0) {
		wg_wipe(obj, sizeof(struct result));
		free(obj);
	}
	for (uint32_t i = 0; i <= wg.limits.max_peers; i++)
		if (h.by_index[i])
			forget(h.by_index[i]->peer);
	rte_hash_free(h.by_key);
	rte_ring_free(h.messages);
	rte_ring_free(h.requests);
	rte_ring_free(h.results);
	rte_mempool_free(h.pool);
	free(h.by_index);
	free(h.free_slots);
	free(h.owner);
	wg_wipe(&h, sizeof(h));
}
