/* SPDX-License-Identifier: Apache-2.0 */
/* The seam with an HMAC that costs nothing, so that the difference is its price. Not secure, and both ends agree. */
#include <sodium.h>
#include <string.h>

#include "base/crypto.h"

void cp_hmac_sha1(const void *key, size_t key_bytes, const struct cp_span *parts, unsigned int n,
		  uint8_t ret[CP_SHA1_BYTES])
{
	memset(ret, (int)key_bytes, CP_SHA1_BYTES);
}

void cp_md5(const void *data, size_t bytes, uint8_t ret[CP_MD5_BYTES])
{
	memset(ret, 0, CP_MD5_BYTES);
}

void cp_sha256(const void *data, size_t bytes, uint8_t ret[CP_SHA256_BYTES])
{
	crypto_hash_sha256(ret, data, bytes);
}

uint64_t cp_siphash(const uint8_t key[16], const void *data, size_t bytes)
{
	uint64_t v;
	crypto_shorthash((uint8_t *)&v, data, bytes, key);
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
