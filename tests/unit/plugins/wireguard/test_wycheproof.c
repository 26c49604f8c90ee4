/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The crypto seam against Wycheproof's vectors (vectors/ of the shared folder), and
 * against vectors of the RFCs that are typed in. The former are skipped where the folder is not there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <sodium.h>

#include "crypto.h"

#define MOST 4096

struct bytes {
	size_t n;
	uint8_t at[MOST];
};

static void hex(const json_t *test, const char *name, struct bytes *ret)
{
	const char *text = json_string_value(json_object_get(test, name));
	assert_non_null(text);
	assert_int_equal(sodium_hex2bin(ret->at, sizeof(ret->at), text, strlen(text), NULL, &ret->n, NULL), 0);
}

static void each(const char *file, void (*fn)(const json_t *group, const json_t *test, bool valid))
{
	char path[600];
	const char *shared = getenv("SLUICE_SHARED");
	size_t g, t;
	json_t *group, *test;
	snprintf(path, sizeof(path), "%s/vectors/%s", shared ? shared : "../shared", file);
	json_t *all = json_load_file(path, 0, NULL);
	if (!all)
		skip();
	json_array_foreach(json_object_get(all, "testGroups"), g, group)
		json_array_foreach(json_object_get(group, "tests"), t, test)
			fn(group, test, strcmp(json_string_value(json_object_get(test, "result")), "invalid") != 0);
	json_decref(all);
}

static unsigned int checked, unspeakable;

/* Nonces that begin with four zero bytes are WireGuard's; others cannot be said at the seam. */
static void aead_one(const json_t *group, const json_t *test, bool valid)
{
	static struct bytes key, iv, aad, msg, ct, tag;
	uint8_t buf[MOST + 16], plain[MOST];
	static const uint8_t zero[4];
	uint64_t counter;
	(void)group;
	hex(test, "key", &key);
	hex(test, "iv", &iv);
	hex(test, "aad", &aad);
	hex(test, "msg", &msg);
	hex(test, "ct", &ct);
	hex(test, "tag", &tag);
	if (iv.n != 12 || memcmp(iv.at, zero, 4) != 0 || tag.n != 16) {
		unspeakable++;
		return;
	}
	memcpy(&counter, iv.at + 4, 8);
	memcpy(buf, ct.at, ct.n);
	memcpy(buf + ct.n, tag.at, 16);
	assert_int_equal(wg_aead_open(plain, key.at, counter, buf, ct.n + 16, aad.at, aad.n), valid);
	checked++;
	if (!valid)
		return;
	assert_memory_equal(plain, msg.at, msg.n);
	wg_aead_seal(buf, key.at, counter, msg.at, msg.n, aad.at, aad.n);
	assert_memory_equal(buf, ct.at, ct.n);
	assert_memory_equal(buf + ct.n, tag.at, 16);
}

static void chacha20_poly1305_agrees_with_wycheproof(void **state)
{
	(void)state;
	checked = 0;
	each("wycheproof_chacha20_poly1305.json", aead_one);
	printf("# %u vectors ran, %u have a nonce that is not WireGuard's\n", checked, unspeakable);
	assert_true(checked > 0);
}

static void xaead_one(const json_t *group, const json_t *test, bool valid)
{
	static struct bytes key, iv, aad, msg, ct, tag;
	uint8_t buf[MOST + 16], plain[MOST];
	(void)group;
	hex(test, "key", &key);
	hex(test, "iv", &iv);
	hex(test, "aad", &aad);
	hex(test, "msg", &msg);
	hex(test, "ct", &ct);
	hex(test, "tag", &tag);
	if (iv.n != 24 || tag.n != 16)
		return;
	memcpy(buf, ct.at, ct.n);
	memcpy(buf + ct.n, tag.at, 16);
	assert_int_equal(wg_xaead_open(plain, key.at, iv.at, buf, ct.n + 16, aad.at, aad.n), valid);
	checked++;
	if (valid)
		assert_memory_equal(plain, msg.at, msg.n);
}

static void xchacha20_poly1305_agrees_with_wycheproof(void **state)
{
	(void)state;
	checked = 0;
	each("wycheproof_xchacha20_poly1305.json", xaead_one);
	assert_true(checked > 0);
}

/* A shared secret of zeros is refused: WireGuard has no use for a key of small order. */
static void x25519_one(const json_t *group, const json_t *test, bool valid)
{
	static struct bytes private, public, shared;
	static const uint8_t zero[32];
	uint8_t got[32];
	(void)group;
	hex(test, "private", &private);
	hex(test, "public", &public);
	hex(test, "shared", &shared);
	if (private.n != 32 || public.n != 32 || !valid)
		return;
	bool is_zero = memcmp(shared.at, zero, 32) == 0;
	assert_int_equal(wg_x25519(got, private.at, public.at), !is_zero);
	if (!is_zero)
		assert_memory_equal(got, shared.at, 32);
	checked++;
}

static void x25519_agrees_with_wycheproof(void **state)
{
	(void)state;
	checked = 0;
	each("wycheproof_x25519.json", x25519_one);
	assert_true(checked > 0);
}

/* RFC 7748 §5.2: the base point, multiplied once by the number that it is. */
static void x25519_agrees_with_rfc_7748(void **state)
{
	uint8_t nine[32] = {9}, want[32], got[32];
	(void)state;
	assert_int_equal(sodium_hex2bin(want, 32, "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079", 64, NULL, NULL,
					NULL), 0);
	assert_true(wg_x25519(got, nine, nine));
	assert_memory_equal(got, want, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chacha20_poly1305_agrees_with_wycheproof),
		cmocka_unit_test(xchacha20_poly1305_agrees_with_wycheproof),
		cmocka_unit_test(x25519_agrees_with_wycheproof),
		cmocka_unit_test(x25519_agrees_with_rfc_7748),
	};
	return wg_crypto_init() != 0 || cmocka_run_group_tests_name("wycheproof", tests, NULL, NULL);
}
