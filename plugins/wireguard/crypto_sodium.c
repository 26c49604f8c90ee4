/* SPDX-License-Identifier: Apache-2.0 */
/* The seam on libsodium; BLAKE2s, which it lacks, on libcrypto. Algorithms are fetched once. */
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <sodium.h>

#include "crypto.h"

static EVP_MD *blake2s;      /* written once by wg_crypto_init() */
static EVP_MAC *blake2s_mac; /* written once by wg_crypto_init() */

int wg_crypto_init(void)
{
	if (sodium_init() < 0)
		return -1;
	if (!blake2s)
		blake2s = EVP_MD_fetch(NULL, "BLAKE2S-256", NULL);
	if (!blake2s_mac)
		blake2s_mac = EVP_MAC_fetch(NULL, "BLAKE2SMAC", NULL);
	return blake2s && blake2s_mac ? 0 : -1;
}

bool wg_x25519(uint8_t ret[WG_KEY_BYTES], const uint8_t private_key[WG_KEY_BYTES], const uint8_t public_key[WG_KEY_BYTES])
{
	return crypto_scalarmult_curve25519(ret, private_key, public_key) == 0;
}

void wg_x25519_base(uint8_t ret_public[WG_KEY_BYTES], const uint8_t private_key[WG_KEY_BYTES])
{
	crypto_scalarmult_curve25519_base(ret_public, private_key);
}

/* libcrypto fails here only when memory is out: nothing could be authenticated any more. */
static void must(int ok)
{
	if (!ok)
		abort();
}

void wg_hash(uint8_t ret[WG_HASH_BYTES], const struct wg_part *parts, size_t n)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	must(ctx && EVP_DigestInit_ex2(ctx, blake2s, NULL));
	for (size_t i = 0; i < n; i++)
		must(EVP_DigestUpdate(ctx, parts[i].data, parts[i].bytes));
	must(EVP_DigestFinal_ex(ctx, ret, NULL));
	EVP_MD_CTX_free(ctx);
}

void wg_mac(uint8_t ret[WG_MAC_BYTES], const uint8_t *key, size_t key_bytes, const void *data, size_t bytes)
{
	size_t size = WG_MAC_BYTES, n;
	OSSL_PARAM params[] = {OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size), OSSL_PARAM_construct_end()};
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(blake2s_mac);
	must(ctx && EVP_MAC_init(ctx, key, key_bytes, params) && EVP_MAC_update(ctx, data, bytes) &&
	     EVP_MAC_final(ctx, ret, &n, WG_MAC_BYTES));
	EVP_MAC_CTX_free(ctx);
}

static void nonce_of(uint8_t nonce[12], uint64_t counter)
{
	memset(nonce, 0, 4);
	for (int i = 0; i < 8; i++)
		nonce[4 + i] = (uint8_t)(counter >> (8 * i));
}

void wg_aead_seal(uint8_t *ret, const uint8_t key[WG_KEY_BYTES], uint64_t counter, const void *data, size_t bytes,
		  const void *ad, size_t ad_bytes)
{
	uint8_t nonce[12];
	nonce_of(nonce, counter);
	crypto_aead_chacha20poly1305_ietf_encrypt(ret, NULL, data, bytes, ad, ad_bytes, NULL, nonce, key);
}

bool wg_aead_open(uint8_t *ret, const uint8_t key[WG_KEY_BYTES], uint64_t counter, const void *sealed, size_t bytes,
		  const void *ad, size_t ad_bytes)
{
	uint8_t nonce[12];
	nonce_of(nonce, counter);
	return crypto_aead_chacha20poly1305_ietf_decrypt(ret, NULL, NULL, sealed, bytes, ad, ad_bytes, nonce, key) == 0;
}

void wg_xaead_seal(uint8_t *ret, const uint8_t key[WG_KEY_BYTES], const uint8_t nonce[24], const void *data, size_t bytes,
		   const void *ad, size_t ad_bytes)
{
	crypto_aead_xchacha20poly1305_ietf_encrypt(ret, NULL, data, bytes, ad, ad_bytes, NULL, nonce, key);
}

bool wg_xaead_open(uint8_t *ret, const uint8_t key[WG_KEY_BYTES], const uint8_t nonce[24], const void *sealed, size_t bytes,
		   const void *ad, size_t ad_bytes)
{
	return crypto_aead_xchacha20poly1305_ietf_decrypt(ret, NULL, NULL, sealed, bytes, ad, ad_bytes, nonce, key) == 0;
}

bool wg_equal(const void *a, const void *b, size_t bytes)
{
	return sodium_memcmp(a, b, bytes) == 0;
}

void wg_wipe(void *secret, size_t bytes)
{
	sodium_memzero(secret, bytes);
}

void wg_random(void *ret, size_t bytes)
{
	randombytes_buf(ret, bytes);
}
