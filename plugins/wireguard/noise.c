/* SPDX-License-Identifier: Apache-2.0 */
#include "noise.h"

#include <string.h>

static const char construction[] = "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s";
static const char identifier[] = "WireGuard v1 zx2c4 Jason@zx2c4.com";

#define BLOCK_BYTES  64 /* of BLAKE2s */
#define TAI_EPOCH    0x400000000000000aull
#define NS_PER_S     1000000000ull

static void hash2(uint8_t ret[32], const void *a, size_t a_bytes, const void *b, size_t b_bytes)
{
	const struct wg_part parts[] = {{a, a_bytes}, {b, b_bytes}};
	wg_hash(ret, parts, 2);
}

/* RFC 2104 over BLAKE2s, with a 32-byte key and up to two parts. */
static void hmac(uint8_t ret[32], const uint8_t key[32], const void *a, size_t a_bytes, const void *b, size_t b_bytes)
{
	uint8_t pad[BLOCK_BYTES], inner[32];
	memset(pad, 0x36, sizeof(pad));
	for (int i = 0; i < 32; i++)
		pad[i] ^= key[i];
	const struct wg_part in[] = {{pad, sizeof(pad)}, {a, a_bytes}, {b, b_bytes}};
	wg_hash(inner, in, 3);
	for (int i = 0; i < BLOCK_BYTES; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	hash2(ret, pad, sizeof(pad), inner, sizeof(inner));
	wg_wipe(pad, sizeof(pad));
	wg_wipe(inner, sizeof(inner));
}

/* HKDF of the paper §5.4: up to three outputs; the unwanted are NULL. Outputs may be the key itself. */
static void kdf(uint8_t *t1, uint8_t *t2, uint8_t *t3, const uint8_t key[32], const void *input, size_t bytes)
{
	uint8_t secret[32], out[32];
	uint8_t n = 1;
	hmac(secret, key, input, bytes, NULL, 0);
	hmac(out, secret, &n, 1, NULL, 0);
	memcpy(t1, out, 32);
	if (t2) {
		n = 2;
		hmac(out, secret, out, 32, &n, 1);
		memcpy(t2, out, 32);
	}
	if (t3) {
		n = 3;
		hmac(out, secret, out, 32, &n, 1);
		memcpy(t3, out, 32);
	}
	wg_wipe(secret, sizeof(secret));
	wg_wipe(out, sizeof(out));
}

static void mix_hash(struct wg_handshake *h, const void *data, size_t bytes)
{
	hash2(h->hash, h->hash, 32, data, bytes);
}

static void start(struct wg_handshake *h, const uint8_t responder_public[32])
{
	const struct wg_part name = {construction, sizeof(construction) - 1};
	wg_hash(h->chaining_key, &name, 1);
	hash2(h->hash, h->chaining_key, 32, identifier, sizeof(identifier) - 1);
	mix_hash(h, responder_public, 32);
}

static bool mix_dh(struct wg_handshake *h, uint8_t *ret_key, const uint8_t private_key[32], const uint8_t public_key[32])
{
	uint8_t shared[32];
	bool ok = wg_x25519(shared, private_key, public_key);
	if (ok)
		kdf(h->chaining_key, ret_key, NULL, h->chaining_key, shared, 32);
	wg_wipe(shared, sizeof(shared));
	return ok;
}

static void mix_ephemeral(struct wg_handshake *h, const uint8_t public_key[32])
{
	kdf(h->chaining_key, NULL, NULL, h->chaining_key, public_key, 32);
	mix_hash(h, public_key, 32);
}

static void seal_hashed(struct wg_handshake *h, const uint8_t key[32], uint8_t *ret, const void *data, size_t bytes)
{
	wg_aead_seal(ret, key, 0, data, bytes, h->hash, 32);
	mix_hash(h, ret, bytes + WG_TAG_BYTES);
}

static bool open_hashed(struct wg_handshake *h, const uint8_t key[32], uint8_t *ret, const uint8_t *sealed, size_t bytes)
{
	if (!wg_aead_open(ret, key, 0, sealed, bytes, h->hash, 32))
		return false;
	mix_hash(h, sealed, bytes);
	return true;
}

static void mix_psk(struct wg_handshake *h, const uint8_t psk[32], uint8_t ret_key[32])
{
	uint8_t tau[32];
	kdf(h->chaining_key, tau, ret_key, h->chaining_key, psk, 32);
	mix_hash(h, tau, 32);
	wg_wipe(tau, sizeof(tau));
}

static void begin_session(struct wg_handshake *h, bool initiator, struct wg_session_keys *ret)
{
	uint8_t *first = initiator ? ret->send : ret->receive, *second = initiator ? ret->receive : ret->send;
	kdf(first, second, NULL, h->chaining_key, NULL, 0);
	ret->local_index = h->local_index;
	ret->remote_index = h->remote_index;
	ret->initiator = initiator;
	wg_wipe(h, sizeof(*h));
}

void wg_identity_set(struct wg_identity *id, const uint8_t private_key[WG_KEY_BYTES])
{
	memcpy(id->private_key, private_key, WG_KEY_BYTES);
	wg_x25519_base(id->public_key, private_key);
}

bool wg_remote_init(struct wg_remote *r, const struct wg_identity *id, const uint8_t public_key[WG_KEY_BYTES],
		    const uint8_t preshared_key[WG_KEY_BYTES])
{
	memset(r, 0, sizeof(*r));
	memcpy(r->public_key, public_key, WG_KEY_BYTES);
	memcpy(r->preshared_key, preshared_key, WG_KEY_BYTES);
	return wg_x25519(r->static_static, id->private_key, public_key);
}

void wg_remote_wipe(struct wg_remote *r)
{
	wg_wipe(r, sizeof(*r));
}

void wg_timestamp(uint8_t ret[WG_TIMESTAMP_BYTES], uint64_t wall_ns, uint64_t *last)
{
	if (wall_ns <= *last)
		wall_ns = *last + 1;
	*last = wall_ns;
	uint64_t s = TAI_EPOCH + wall_ns / NS_PER_S;
	uint32_t ns = (uint32_t)(wall_ns % NS_PER_S);
	for (int i = 0; i < 8; i++)
		ret[i] = (uint8_t)(s >> (56 - 8 * i));
	for (int i = 0; i < 4; i++)
		ret[8 + i] = (uint8_t)(ns >> (24 - 8 * i));
}

bool wg_initiation_create(const struct wg_identity *id, struct wg_remote *r, uint32_t local_index,
			  const uint8_t ephemeral[WG_KEY_BYTES], const uint8_t timestamp[WG_TIMESTAMP_BYTES],
			  struct wg_initiation *ret)
{
	uint8_t key[32];
	struct wg_handshake *h = &r->own[0];
	memcpy(&r->own[1], h, sizeof(*h));
	memset(ret, 0, sizeof(*ret));
	memset(h, 0, sizeof(*h));
	memcpy(h->ephemeral_private, ephemeral, 32);
	h->local_index = local_index;
	wg_put32(ret->type, WG_INITIATION);
	wg_put32(ret->sender, local_index);
	wg_x25519_base(ret->ephemeral, ephemeral);

	start(h, r->public_key);
	mix_ephemeral(h, ret->ephemeral);
	bool ok = mix_dh(h, key, ephemeral, r->public_key);
	if (ok) {
		seal_hashed(h, key, ret->encrypted_static, id->public_key, 32);
		kdf(h->chaining_key, key, NULL, h->chaining_key, r->static_static, 32);
		seal_hashed(h, key, ret->encrypted_timestamp, timestamp, WG_TIMESTAMP_BYTES);
		h->state = WG_CREATED_INITIATION;
	}
	wg_wipe(key, sizeof(key));
	return ok;
}

bool wg_initiation_open(const struct wg_identity *id, const struct wg_initiation *m, struct wg_consumed *ret)
{
	uint8_t key[32];
	struct wg_handshake *h = &ret->handshake;
	memset(ret, 0, sizeof(*ret));
	start(h, id->public_key);
	memcpy(h->remote_ephemeral, m->ephemeral, 32);
	h->remote_index = wg_get32(m->sender);
	mix_ephemeral(h, m->ephemeral);
	bool ok = mix_dh(h, key, id->private_key, m->ephemeral) &&
		  open_hashed(h, key, ret->public_key, m->encrypted_static, sizeof(m->encrypted_static));
	wg_wipe(key, sizeof(key));
	if (!ok)
		wg_wipe(ret, sizeof(*ret));
	return ok;
}

bool wg_initiation_finish(struct wg_remote *r, const struct wg_initiation *m, struct wg_consumed *c)
{
	uint8_t key[32], timestamp[WG_TIMESTAMP_BYTES];
	struct wg_handshake *h = &c->handshake;
	kdf(h->chaining_key, key, NULL, h->chaining_key, r->static_static, 32);
	bool ok = open_hashed(h, key, timestamp, m->encrypted_timestamp, sizeof(m->encrypted_timestamp)) &&
		  memcmp(timestamp, r->last_timestamp, sizeof(timestamp)) > 0;
	if (ok) {
		memcpy(r->last_timestamp, timestamp, sizeof(timestamp));
		h->state = WG_CONSUMED_INITIATION;
		memcpy(&r->theirs, h, sizeof(*h));
	}
	wg_wipe(key, sizeof(key));
	wg_wipe(c, sizeof(*c));
	return ok;
}

bool wg_response_create(struct wg_remote *r, uint32_t local_index, const uint8_t ephemeral[WG_KEY_BYTES],
			struct wg_response *ret, struct wg_session_keys *ret_keys)
{
	uint8_t key[32];
	struct wg_handshake *h = &r->theirs;
	if (h->state != WG_CONSUMED_INITIATION)
		return false;
	memset(ret, 0, sizeof(*ret));
	h->local_index = local_index;
	wg_put32(ret->type, WG_RESPONSE);
	wg_put32(ret->sender, local_index);
	wg_put32(ret->receiver, h->remote_index);
	wg_x25519_base(ret->ephemeral, ephemeral);
	mix_ephemeral(h, ret->ephemeral);
	bool ok = mix_dh(h, NULL, ephemeral, h->remote_ephemeral) && mix_dh(h, NULL, ephemeral, r->public_key);
	if (ok) {
		mix_psk(h, r->preshared_key, key);
		seal_hashed(h, key, ret->encrypted_nothing, NULL, 0);
		begin_session(h, false, ret_keys);
	}
	wg_wipe(key, sizeof(key));
	wg_wipe(h, sizeof(*h));
	return ok;
}

static struct wg_handshake *outstanding(struct wg_remote *r, uint32_t local_index)
{
	for (int i = 0; i < 2; i++)
		if (r->own[i].state == WG_CREATED_INITIATION && r->own[i].local_index == local_index)
			return &r->own[i];
	return NULL;
}

bool wg_response_consume(const struct wg_identity *id, struct wg_remote *r, const struct wg_response *m,
			 struct wg_session_keys *ret_keys)
{
	uint8_t key[32];
	struct wg_handshake *mine = outstanding(r, wg_get32(m->receiver));
	if (!mine)
		return false;
	struct wg_handshake h = *mine;
	h.remote_index = wg_get32(m->sender);
	mix_ephemeral(&h, m->ephemeral);
	bool ok = mix_dh(&h, NULL, h.ephemeral_private, m->ephemeral) && mix_dh(&h, NULL, id->private_key, m->ephemeral);
	if (ok) {
		mix_psk(&h, r->preshared_key, key);
		ok = open_hashed(&h, key, key, m->encrypted_nothing, sizeof(m->encrypted_nothing));
	}
	if (ok) {
		begin_session(&h, true, ret_keys);
		wg_wipe(r->own, sizeof(r->own));
	}
	wg_wipe(key, sizeof(key));
	wg_wipe(&h, sizeof(h));
	return ok;
}
