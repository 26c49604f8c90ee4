/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The crypto seam: what the pure files need and the shell supplies (crypto_sodium.c). Any thread.
 */
#ifndef WG_CRYPTO_H
#define WG_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WG_KEY_BYTES  32
#define WG_HASH_BYTES 32
#define WG_MAC_BYTES  16
#define WG_TAG_BYTES  16

struct wg_part {
	const void *data;
	size_t bytes;
};

/* Once, before anything else; 0 or -1. */
int wg_crypto_init(void);

/* false: the shared secret is all zeros (the far end's key has small order). */
bool wg_x25519(uint8_t ret[WG_KEY_BYTES], const uint8_t private_key[WG_KEY_BYTES], const uint8_t public_key[WG_KEY_BYTES]);
void wg_x25519_base(uint8_t ret_public[WG_KEY_BYTES], const uint8_t private_key[WG_KEY_BYTES]);

/* BLAKE2s-256 over the parts in order. */
void wg_hash(uint8_t ret[WG_HASH_BYTES], const struct wg_part *parts, size_t n);
/* Keyed BLAKE2s with 16 bytes of output (the paper's Mac). */
void wg_mac(uint8_t ret[WG_MAC_BYTES], const uint8_t *key, size_t key_bytes, const void *data, size_t bytes);

/* ChaCha20-Poly1305, RFC 8439, nonce = 4 zero bytes + little-endian counter. seal writes bytes + 16. */
void wg_aead_seal(uint8_t *ret, const uint8_t key[WG_KEY_BYTES], uint64_t counter, const void *data, size_t bytes,
		  const void *ad, size_t ad_bytes);
bool wg_aead_open(uint8_t *ret, const uint8_t key[WG_KEY_BYTES], uint64_t counter, const void *sealed, size_t bytes,
		  const void *ad, size_t ad_bytes);
/* XChaCha20-Poly1305 with a 24-byte nonce, for cookies. */
void wg_xaead_seal(uint8_t *ret, const uint8_t key[WG_KEY_BYTES], const uint8_t nonce[24], const void *data, size_t bytes,
		   const void *ad, size_t ad_bytes);
bool wg_xaead_open(uint8_t *ret, const uint8_t key[WG_KEY_BYTES], const uint8_t nonce[24], const void *sealed, size_t bytes,
		   const void *ad, size_t ad_bytes);

/* In constant time. */
bool wg_equal(const void *a, const void *b, size_t bytes);
void wg_wipe(void *secret, size_t bytes);
void wg_random(void *ret, size_t bytes);

#endif
