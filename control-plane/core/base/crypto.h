/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the core needs of cryptography, supplied by whoever links it (control-plane/crypto, or a benchmark
 * that wants to know what the rest costs). None of them fails; any thread.
 */
#ifndef CP_CRYPTO_H
#define CP_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CP_SHA1_BYTES   20
#define CP_MD5_BYTES    16
#define CP_SHA256_BYTES 32

struct cp_span {
	const void *data;
	size_t bytes;
};

/* RFC 2104 over the parts in their order. */
void cp_hmac_sha1(const void *key, size_t key_bytes, const struct cp_span *parts, unsigned int n,
		  uint8_t ret[CP_SHA1_BYTES]);
void cp_hmac_sha256(const void *key, size_t key_bytes, const struct cp_span *parts, unsigned int n,
		    uint8_t ret[CP_SHA256_BYTES]);
void cp_md5(const void *data, size_t bytes, uint8_t ret[CP_MD5_BYTES]);
void cp_sha256(const void *data, size_t bytes, uint8_t ret[CP_SHA256_BYTES]);
/* SipHash-2-4 with a secret key: for tables that a remote fills, and as the generator behind base/rng.h. */
uint64_t cp_siphash(const uint8_t key[16], const void *data, size_t bytes);
/* In constant time. */
bool cp_equal(const void *a, const void *b, size_t bytes);
/* Is not optimised away. */
void cp_wipe(void *p, size_t bytes);

#endif
