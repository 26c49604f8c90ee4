/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core's crypto seam on libcrypto (SHA-1, MD5) and libsodium (the rest). A process whose libcrypto or libsodium
 * cannot be made ready cannot go on and says so.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* SHA1_Update() and its like: every datagram costs an HMAC, and EVP doubles its price */
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"

#define SHA1_BLOCK_BYTES 64u

static pthread_once_t fetched = PTHREAD_ONCE_INIT;
static EVP_MD *md5; /* written once by fetch() */

static void must(int ok)
{
	if (ok)
		return;
	fprintf(stderr, "libcrypto cannot do MD5, or libsodium cannot be made ready\n");
	abort();
}

static void fetch(void)
{
	md5 = EVP_MD_fetch(NULL, "MD5", "-fips");
	must(md5 && sodium_init() >= 0);
}

static void digest(const uint8_t block[SHA1_BLOCK_BYTES], const struct cp_span *parts, unsigned int n,
		   uint8_t ret[CP_SHA1_BYTES])
{
	SHA_CTX ctx;
	SHA1_Init(&ctx);
	SHA1_Update(&ctx, block, SHA1_BLOCK_BYTES);
	for (unsigned int i = 0; i < n; i++)
		SHA1_Update(&ctx, parts[i].data, parts[i].bytes);
	SHA1_Final(ret, &ctx);
	cp_wipe(&ctx, sizeof(ctx));
}

static void padded(const void *key, size_t key_bytes, uint8_t pad, uint8_t ret[SHA1_BLOCK_BYTES])
{
	memset(ret, 0, SHA1_BLOCK_BYTES);
	if (key_bytes > SHA1_BLOCK_BYTES)
		SHA1(key, key_bytes, ret);
	else
		memcpy(ret, key, key_bytes);
	for (unsigned int i = 0; i < SHA1_BLOCK_BYTES; i++)
		ret[i] ^= pad;
}

void cp_hmac_sha1(const void *key, size_t key_bytes, const struct cp_span *parts, unsigned int n,
		  uint8_t ret[CP_SHA1_BYTES])
{
	uint8_t block[SHA1_BLOCK_BYTES], inner[CP_SHA1_BYTES];
	padded(key, key_bytes, 0x36, block);
	digest(block, parts, n, inner);
	padded(key, key_bytes, 0x5c, block);
	digest(block, &(struct cp_span){inner, sizeof(inner)}, 1, ret);
	cp_wipe(block, sizeof(block));
	cp_wipe(inner, sizeof(inner));
}

void cp_hmac_sha256(const void *key, size_t key_bytes, const struct cp_span *parts, unsigned int n,
		    uint8_t ret[CP_SHA256_BYTES])
{
	crypto_auth_hmacsha256_state state;
	crypto_auth_hmacsha256_init(&state, key, key_bytes);
	for (unsigned int i = 0; i < n; i++)
		crypto_auth_hmacsha256_update(&state, parts[i].data, parts[i].bytes);
	crypto_auth_hmacsha256_final(&state, ret);
	cp_wipe(&state, sizeof(state));
}

void cp_md5(const void *data, size_t bytes, uint8_t ret[CP_MD5_BYTES])
{
	pthread_once(&fetched, fetch);
	must(EVP_Digest(data, bytes, ret, NULL, md5, NULL));
}

void cp_sha256(const void *data, size_t bytes, uint8_t ret[CP_SHA256_BYTES])
{
	crypto_hash_sha256(ret, data, bytes);
}

uint64_t cp_siphash(const uint8_t key[16], const void *data, size_t bytes)
{
	uint8_t out[crypto_shorthash_BYTES];
	uint64_t v;
	_Static_assert(crypto_shorthash_KEYBYTES == 16 && sizeof(out) == sizeof(v), "SipHash-2-4");
	crypto_shorthash(out, data, bytes, key);
	memcpy(&v, out, sizeof(v));
	return v;
}

bool cp_equal(const void *a, const void *b, size_t bytes)
{
	return sodium_memcmp(a, b, bytes) == 0;
}

void cp_wipe(void *p, size_t bytes)
{
	sodium_memzero(p, bytes);
}
