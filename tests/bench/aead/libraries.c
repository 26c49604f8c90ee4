/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <sodium.h>

#include "candidates.h"

static void nonce_of(uint64_t counter, uint8_t ret[12])
{
	memset(ret, 0, 4);
	memcpy(ret + 4, &counter, 8);
}

static void sodium_seal(struct wg_aead_op *ops, unsigned int n)
{
	uint8_t nonce[12];
	for (struct wg_aead_op *op = ops; op < ops + n; op++) {
		nonce_of(op->counter, nonce);
		crypto_aead_chacha20poly1305_ietf_encrypt(op->data, NULL, op->data, op->bytes, NULL, 0, NULL, nonce, op->key);
	}
}

static void sodium_open(struct wg_aead_op *ops, unsigned int n)
{
	uint8_t nonce[12];
	for (struct wg_aead_op *op = ops; op < ops + n; op++) {
		nonce_of(op->counter, nonce);
		op->ok = crypto_aead_chacha20poly1305_ietf_decrypt(op->data, NULL, NULL, op->data, op->bytes + WG_AEAD_TAG_BYTES, NULL,
								   0, nonce, op->key) == 0;
	}
}

static bool sodium_runs(void)
{
	return sodium_init() >= 0;
}

const struct wg_aead_engine bench_libsodium = {
	.name = "libsodium", .needs = "libsodium", .runs_here = sodium_runs, .seal = sodium_seal, .open = sodium_open};

static EVP_CIPHER_CTX *ctx; /* one, with a new key and nonce for each packet */

static void must(int ok)
{
	if (!ok)
		abort();
}

static void openssl_seal(struct wg_aead_op *ops, unsigned int n)
{
	uint8_t nonce[12];
	int got;
	for (struct wg_aead_op *op = ops; op < ops + n; op++) {
		nonce_of(op->counter, nonce);
		must(EVP_EncryptInit_ex(ctx, NULL, NULL, op->key, nonce));
		must(EVP_EncryptUpdate(ctx, op->data, &got, op->data, (int)op->bytes));
		must(EVP_EncryptFinal_ex(ctx, op->data + op->bytes, &got));
		must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, WG_AEAD_TAG_BYTES, op->data + op->bytes));
	}
}

static void openssl_open(struct wg_aead_op *ops, unsigned int n)
{
	uint8_t nonce[12];
	int got;
	for (struct wg_aead_op *op = ops; op < ops + n; op++) {
		nonce_of(op->counter, nonce);
		must(EVP_DecryptInit_ex(ctx, NULL, NULL, op->key, nonce));
		must(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, WG_AEAD_TAG_BYTES, op->data + op->bytes));
		must(EVP_DecryptUpdate(ctx, op->data, &got, op->data, (int)op->bytes));
		op->ok = EVP_DecryptFinal_ex(ctx, op->data + op->bytes, &got) == 1;
	}
}

static bool openssl_runs(void)
{
	ctx = EVP_CIPHER_CTX_new();
	return ctx && EVP_CipherInit_ex(ctx, EVP_chacha20_poly1305(), NULL, NULL, NULL, 1);
}

const struct wg_aead_engine bench_openssl = {
	.name = "openssl", .needs = "libcrypto", .runs_here = openssl_runs, .seal = openssl_seal, .open = openssl_open};

static void add(struct candidate *ret, unsigned int *n, const struct wg_aead_engine *e, enum family family)
{
	if (e->runs_here())
		ret[(*n)++] = (struct candidate){e, family};
}

unsigned int candidates(struct candidate ret[CANDIDATES_MAX])
{
	unsigned int n = 0;
	add(ret, &n, &bench_libsodium, LIBSODIUM);
	add(ret, &n, &bench_openssl, OPENSSL);
#ifdef WG_AEAD_IPSEC_MB
	add(ret, &n, &bench_ipsec_mb_jobs, IPSEC_MB);
	add(ret, &n, &bench_ipsec_mb_burst, IPSEC_MB);
	add(ret, &n, &bench_ipsec_mb_direct, IPSEC_MB);
#endif
	for (const struct wg_aead_engine *const *e = wg_aead_engines; *e; e++)
		add(ret, &n, *e, OURS);
	return n;
}
