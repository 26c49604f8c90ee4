/* SPDX-License-Identifier: Apache-2.0 */
/* The seam against published vectors: RFC 2202 §3, RFC 1321 §A.5, FIPS 180-2 §B.1, the SipHash paper's appendix A. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"

static void bytes_of(const char *hex, uint8_t *ret)
{
	for (size_t i = 0; hex[2 * i]; i++) {
		unsigned int high = (unsigned char)hex[2 * i], low = (unsigned char)hex[2 * i + 1];
		ret[i] = (uint8_t)((high > '9' ? high - 'a' + 10 : high - '0') << 4 | (low > '9' ? low - 'a' + 10 : low - '0'));
	}
}

static void is_hmac(const void *key, size_t key_bytes, const void *data, size_t bytes, const char *hex)
{
	uint8_t want[CP_SHA1_BYTES], got[CP_SHA1_BYTES];
	bytes_of(hex, want);
	cp_hmac_sha1(key, key_bytes, &(struct cp_span){data, bytes}, 1, got);
	assert_memory_equal(got, want, sizeof(want));
	for (size_t cut = 0; cut <= bytes; cut += 7) { /* in parts it is the same */
		struct cp_span parts[] = {{data, cut}, {(const uint8_t *)data + cut, bytes - cut}};
		cp_hmac_sha1(key, key_bytes, parts, 2, got);
		assert_memory_equal(got, want, sizeof(want));
	}
}

static void hmac_sha1_agrees_with_rfc_2202(void **state)
{
	uint8_t key[80], data[50];
	memset(key, 0x0b, 20);
	is_hmac(key, 20, "Hi There", 8, "b617318655057264e28bc0b6fb378c8ef146be00");
	is_hmac("Jefe", 4, "what do ya want for nothing?", 28, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
	memset(key, 0xaa, sizeof(key));
	memset(data, 0xdd, sizeof(data));
	is_hmac(key, 20, data, 50, "125d7342b9ac11cd91a39af48aa17b4f63f175d3");
	is_hmac(key, 80, "Test Using Larger Than Block-Size Key - Hash Key First", 54,
		"aa4ae5e15272d00e95705637ce8a3b55ed402112");
	is_hmac(key, 80, "Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data", 73,
		"e8e99d0f45237d786d6bbaa7965c7808bbff1a91");
}

static void is_hmac_256(const void *key, size_t key_bytes, const char *data, const char *hex)
{
	size_t bytes = strlen(data);
	uint8_t want[CP_SHA256_BYTES], got[CP_SHA256_BYTES];
	bytes_of(hex, want);
	for (size_t cut = 0; cut <= bytes; cut += 7) {
		struct cp_span parts[] = {{data, cut}, {data + cut, bytes - cut}};
		cp_hmac_sha256(key, key_bytes, parts, 2, got);
		assert_memory_equal(got, want, sizeof(want));
	}
}

static void hmac_sha256_agrees_with_rfc_4231(void **state)
{
	uint8_t key[131];
	is_hmac_256("Jefe", 4, "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof(key));
	is_hmac_256(key, sizeof(key), "Test Using Larger Than Block-Size Key - Hash Key First",
		    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void md5_agrees_with_rfc_1321(void **state)
{
	uint8_t want[CP_MD5_BYTES], got[CP_MD5_BYTES];
	bytes_of("f96b697d7cb7938d525a2f31aaf161d0", want);
	cp_md5("message digest", 14, got);
	assert_memory_equal(got, want, sizeof(want));
}

static void sha256_agrees_with_fips_180(void **state)
{
	uint8_t want[CP_SHA256_BYTES], got[CP_SHA256_BYTES];
	bytes_of("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", want);
	cp_sha256("abc", 3, got);
	assert_memory_equal(got, want, sizeof(want));
}

static void siphash_agrees_with_its_paper(void **state)
{
	uint8_t key[16], data[15];
	for (uint8_t i = 0; i < 16; i++)
		key[i] = i;
	for (uint8_t i = 0; i < 15; i++)
		data[i] = i;
	assert_true(cp_siphash(key, data, sizeof(data)) == 0xa129ca6149be45e5);
}

static void equality_looks_at_every_byte(void **state)
{
	uint8_t a[20] = {0}, b[20] = {0};
	assert_true(cp_equal(a, b, sizeof(a)));
	for (size_t i = 0; i < sizeof(a); i++) {
		b[i] = 1;
		assert_false(cp_equal(a, b, sizeof(a)));
		b[i] = 0;
	}
}

static void wiping_leaves_nothing(void **state)
{
	uint8_t a[33], zero[33] = {0};
	memset(a, 7, sizeof(a));
	cp_wipe(a, sizeof(a));
	assert_memory_equal(a, zero, sizeof(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hmac_sha1_agrees_with_rfc_2202),
		cmocka_unit_test(hmac_sha256_agrees_with_rfc_4231),
		cmocka_unit_test(md5_agrees_with_rfc_1321),
		cmocka_unit_test(sha256_agrees_with_fips_180),
		cmocka_unit_test(siphash_agrees_with_its_paper),
		cmocka_unit_test(equality_looks_at_every_byte),
		cmocka_unit_test(wiping_leaves_nothing),
	};
	return cmocka_run_group_tests_name("cp_crypto", tests, NULL, NULL);
}
