/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The portable engine: libsodium, packet by packet. Put together from its parts, because its own decryption
 * zeroes the data of a packet whose tag is wrong, and verifying twice would cost a third.
 */
#include <string.h>

#include <sodium.h>

#include "aead.h"
#include "declassify.h"
#include "forget.h"

#define STACK_KIB 3u /* what the library uses at most */

struct nonce {
	uint8_t at[crypto_stream_chacha20_ietf_NONCEBYTES];
};

static struct nonce nonce_of(uint64_t counter)
{
	struct nonce n = {{0}};
	for (int i = 0; i < 8; i++)
		n.at[4 + i] = (uint8_t)(counter >> (8 * i));
	return n;
}

/* RFC 8439 §2.8: the tag covers the data, zeros up to a multiple of 16, and both lengths. */
static void tag_of(const struct wg_aead_op *op, const struct nonce *nonce, uint8_t ret[WG_AEAD_TAG_BYTES])
{
	static const uint8_t zeros[16];
	uint8_t one_time_key[crypto_onetimeauth_poly1305_KEYBYTES];
	uint8_t lengths[16] = {0};
	crypto_onetimeauth_poly1305_state state;
	for (int i = 0; i < 4; i++)
		lengths[8 + i] = (uint8_t)(op->bytes >> (8 * i));
	crypto_stream_chacha20_ietf(one_time_key, sizeof(one_time_key), nonce->at, op->key);
	crypto_onetimeauth_poly1305_init(&state, one_time_key);
	crypto_onetimeauth_poly1305_update(&state, op->data, op->bytes);
	crypto_onetimeauth_poly1305_update(&state, zeros, -op->bytes & 15);
	crypto_onetimeauth_poly1305_update(&state, lengths, sizeof(lengths));
	crypto_onetimeauth_poly1305_final(&state, ret);
	sodium_memzero(one_time_key, sizeof(one_time_key));
	sodium_memzero(&state, sizeof(state));
}

static void crypt(const struct wg_aead_op *op, const struct nonce *nonce)
{
	crypto_stream_chacha20_ietf_xor_ic(op->data, op->data, op->bytes, nonce->at, 1, op->key);
}

static void seal(struct wg_aead_op *ops, unsigned int n)
{
	uint8_t tag[WG_AEAD_TAG_BYTES];
	for (unsigned int i = 0; i < n; i++) {
		struct nonce nonce = nonce_of(ops[i].counter);
		crypt(&ops[i], &nonce);
		tag_of(&ops[i], &nonce, tag);
		memcpy(ops[i].data + ops[i].bytes, tag, sizeof(tag));
	}
	wg_aead_forget(STACK_KIB);
}

static void open(struct wg_aead_op *ops, unsigned int n)
{
	uint8_t tag[WG_AEAD_TAG_BYTES];
	for (unsigned int i = 0; i < n; i++) {
		struct nonce nonce = nonce_of(ops[i].counter);
		tag_of(&ops[i], &nonce, tag);
		int differs = crypto_verify_16(tag, ops[i].data + ops[i].bytes);
		wg_aead_declassify(&differs, sizeof(differs));
		ops[i].ok = differs == 0;
		if (ops[i].ok)
			crypt(&ops[i], &nonce);
	}
	sodium_memzero(tag, sizeof(tag));
	wg_aead_forget(STACK_KIB);
}

static bool runs_here(void)
{
	return sodium_init() >= 0;
}

const struct wg_aead_engine wg_aead_portable = {
	.name = "portable", .needs = "libsodium", .runs_here = runs_here, .seal = seal, .open = open};
