/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s as in the WireGuard paper §5.4. Pure: ephemeral keys and
 * time stamps are arguments. An object belongs to one thread at a time (the handshake thread).
 */
#ifndef WG_NOISE_H
#define WG_NOISE_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto.h"
#include "message.h"

#define WG_TIMESTAMP_BYTES 12

/* Ours. */
struct wg_identity {
	uint8_t private_key[WG_KEY_BYTES];
	uint8_t public_key[WG_KEY_BYTES];
};

enum wg_handshake_state { WG_ZEROED, WG_CREATED_INITIATION, WG_CONSUMED_INITIATION };

struct wg_handshake {
	enum wg_handshake_state state;
	uint32_t local_index, remote_index;
	uint8_t ephemeral_private[WG_KEY_BYTES];
	uint8_t remote_ephemeral[WG_KEY_BYTES];
	uint8_t hash[WG_HASH_BYTES];
	uint8_t chaining_key[WG_HASH_BYTES];
};

/* What we know of a peer. */
struct wg_remote {
	uint8_t public_key[WG_KEY_BYTES];
	uint8_t preshared_key[WG_KEY_BYTES]; /* zeros: none */
	uint8_t static_static[WG_KEY_BYTES]; /* X25519 of both static keys */
	uint8_t last_timestamp[WG_TIMESTAMP_BYTES];
	struct wg_handshake own[2]; /* outstanding initiations, the newer first: a late response still counts */
	struct wg_handshake theirs;
};

struct wg_session_keys {
	uint8_t send[WG_KEY_BYTES];
	uint8_t receive[WG_KEY_BYTES];
	uint32_t local_index, remote_index;
	bool initiator;
};

/* Who sent an initiation, between the two steps of consuming it. Wiped by the second, or the caller. */
struct wg_consumed {
	uint8_t public_key[WG_KEY_BYTES];
	struct wg_handshake handshake;
};

void wg_identity_set(struct wg_identity *id, const uint8_t private_key[WG_KEY_BYTES]);
/* false: the peer's key has small order. */
bool wg_remote_init(struct wg_remote *r, const struct wg_identity *id, const uint8_t public_key[WG_KEY_BYTES],
		    const uint8_t preshared_key[WG_KEY_BYTES]);
void wg_remote_wipe(struct wg_remote *r);

/* TAI64N of a wall clock, strictly above *last, which it replaces (connectivity §4.6). */
void wg_timestamp(uint8_t ret[WG_TIMESTAMP_BYTES], uint64_t wall_ns, uint64_t *last);

/* Everything but the MACs. ephemeral: 32 random bytes. */
bool wg_initiation_create(const struct wg_identity *id, struct wg_remote *r, uint32_t local_index,
			  const uint8_t ephemeral[WG_KEY_BYTES], const uint8_t timestamp[WG_TIMESTAMP_BYTES],
			  struct wg_initiation *ret);
/* First step: opens the sender's static key. */
bool wg_initiation_open(const struct wg_identity *id, const struct wg_initiation *m, struct wg_consumed *ret);
/* Second step, for the peer of that key; false: forged, or a time stamp not above the last one. */
bool wg_initiation_finish(struct wg_remote *r, const struct wg_initiation *m, struct wg_consumed *c);
/* Answers the initiation that was consumed last and derives the session. */
bool wg_response_create(struct wg_remote *r, uint32_t local_index, const uint8_t ephemeral[WG_KEY_BYTES],
			struct wg_response *ret, struct wg_session_keys *ret_keys);
/* False: not an answer to an outstanding initiation, or forged (then the initiation stays outstanding). */
bool wg_response_consume(const struct wg_identity *id, struct wg_remote *r, const struct wg_response *m,
			 struct wg_session_keys *ret_keys);

#endif
