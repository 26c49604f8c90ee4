/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A burst whose answer is written down: lengths meet every residue of a block, keys mix, counters have all 64 bits. It
 * is sealed and opened in pieces of several sizes, and every third packet is tampered with in between.
 */
#include <string.h>

#include "aead.h"

#define PACKETS   64u
#define BYTES_MAX 1600u
#define ROOM      (BYTES_MAX + WG_AEAD_TAG_BYTES)

/* xorshift64: what is sealed only has to be the same everywhere. */
static uint8_t next_byte(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint8_t)(*state >> 32);
}

struct burst {
	uint8_t keys[3][32];
	uint8_t data[PACKETS][ROOM], before[PACKETS][ROOM];
	struct wg_aead_op ops[PACKETS];
};

static void fill(struct burst *b)
{
	uint64_t state = 0x9e3779b97f4a7c15u;
	for (unsigned int i = 0; i < sizeof(b->keys); i++)
		b->keys[i / 32][i % 32] = next_byte(&state);
	for (unsigned int i = 0; i < PACKETS; i++) {
		uint32_t bytes = i < 40 ? i * 41 : i % 4 * 480;
		b->ops[i] = (struct wg_aead_op){
			.key = b->keys[i % 3], .counter = 0xfffffffffffffff0u * i + i, .data = b->data[i], .bytes = bytes};
		for (uint32_t j = 0; j < bytes; j++)
			b->data[i][j] = next_byte(&state);
	}
}

/* FNV-1a of all ciphertexts and tags, as libsodium's and OpenSSL's ciphers both give it. */
#define ANSWER 0xba0eca4e15c2368eu

static bool sealed_right(const struct burst *b)
{
	uint64_t h = 0xcbf29ce484222325u;
	for (unsigned int i = 0; i < PACKETS; i++)
		for (uint32_t j = 0; j < b->ops[i].bytes + WG_AEAD_TAG_BYTES; j++)
			h = (h ^ b->data[i][j]) * 0x100000001b3u;
	return h == ANSWER;
}

static bool opened_right(const struct burst *b, const struct burst *plain)
{
	bool right = true;
	for (unsigned int i = 0; i < PACKETS; i++) {
		bool tampered = i % 3 == 2;
		const uint8_t *want = tampered ? b->before[i] : plain->data[i];
		right &= b->ops[i].ok == !tampered && memcmp(b->data[i], want, b->ops[i].bytes) == 0;
	}
	return right;
}

static void tamper(struct burst *b)
{
	for (unsigned int i = 2; i < PACKETS; i += 3)
		b->data[i][i % 2 ? b->ops[i].bytes + i % 16 : b->ops[i].bytes / 2] ^= (uint8_t)(1u << i % 8);
	memcpy(b->before, b->data, sizeof(b->data));
}

static void in_pieces(void (*fn)(struct wg_aead_op *, unsigned int), struct burst *b, unsigned int piece)
{
	for (unsigned int i = 0; i < PACKETS; i += piece)
		fn(b->ops + i, PACKETS - i < piece ? PACKETS - i : piece);
}

bool wg_aead_knows_answers(const struct wg_aead_engine *engine)
{
	static const unsigned int pieces[] = {1, 3, 7, 24, PACKETS};
	static struct burst plain, b; /* too large for a stack; called before there are other threads */
	fill(&plain);
	for (unsigned int k = 0; k < sizeof(pieces) / sizeof(pieces[0]); k++) {
		fill(&b);
		in_pieces(engine->seal, &b, pieces[k]);
		if (!sealed_right(&b))
			return false;
		tamper(&b);
		in_pieces(engine->open, &b, pieces[k]);
		if (!opened_right(&b, &plain))
			return false;
	}
	return true;
}
