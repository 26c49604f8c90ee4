/* SPDX-License-Identifier: Apache-2.0 */
#include "aead_rig.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#define FILLER 0xa5

/* xorshift64* */
uint64_t rig_random(struct rig *r)
{
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return r->state * 0x2545f4914f6cdd1du;
}

uint32_t rig_below(struct rig *r, uint32_t n)
{
	return (uint32_t)(((rig_random(r) >> 32) * n) >> 32);
}

void rig_fill(struct rig *r, void *at, uint32_t bytes)
{
	for (uint8_t *p = at; bytes > 0;) {
		uint64_t v = rig_random(r);
		uint32_t n = bytes < 8 ? bytes : 8;
		memcpy(p, &v, n);
		p += n;
		bytes -= n;
	}
}

void rig_packet(struct rig *r, unsigned int i, const uint8_t *key, uint64_t counter, uint32_t bytes, unsigned int offset)
{
	struct rig_packet *p = &r->packets[i];
	uint8_t nonce[12] = {0};
	memcpy(nonce + 4, &counter, 8);
	memset(p->room, FILLER, sizeof(p->room));
	rig_fill(r, p->plain, bytes);
	memcpy(p->room + RIG_MARGIN - offset, p->plain, bytes);
	crypto_aead_chacha20poly1305_ietf_encrypt(p->want, NULL, p->plain, bytes, NULL, 0, NULL, nonce, key);
	r->ops[i] = (struct wg_aead_op){.key = key, .counter = counter, .data = p->room + RIG_MARGIN - offset, .bytes = bytes};
}

static bool margins_are_whole(const struct rig_packet *p, const struct wg_aead_op *op)
{
	const uint8_t *end = op->data + op->bytes + WG_AEAD_TAG_BYTES;
	for (const uint8_t *b = p->room; b < p->room + sizeof(p->room); b++)
		if ((b < op->data || b >= end) && *b != FILLER)
			return false;
	return true;
}

static const char *sealed(struct rig *r, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		const struct wg_aead_op *op = &r->ops[i];
		if (memcmp(op->data, r->packets[i].want, op->bytes) != 0)
			return "ciphertext differs";
		if (memcmp(op->data + op->bytes, r->packets[i].want + op->bytes, WG_AEAD_TAG_BYTES) != 0)
			return "tag differs";
		if (!margins_are_whole(&r->packets[i], op))
			return "seal wrote beside a packet";
	}
	return NULL;
}

/* One bit of the data, of the tag, or of the nonce. want becomes what must still lie there afterwards. */
static void tamper_with(struct rig *r, unsigned int i)
{
	struct wg_aead_op *op = &r->ops[i];
	uint32_t where = rig_below(r, 3);
	if (where == 0)
		op->counter ^= 1ull << rig_below(r, 64);
	else if (where == 1 && op->bytes)
		op->data[rig_below(r, op->bytes)] ^= (uint8_t)(1u << rig_below(r, 8));
	else
		op->data[op->bytes + rig_below(r, WG_AEAD_TAG_BYTES)] ^= (uint8_t)(1u << rig_below(r, 8));
	memcpy(r->packets[i].want, op->data, op->bytes + WG_AEAD_TAG_BYTES);
}

static const char *opened(struct rig *r, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		const struct wg_aead_op *op = &r->ops[i];
		if (op->ok == r->tampered[i])
			return op->ok ? "opened what was tampered with" : "did not open what was genuine";
		if (memcmp(op->data, op->ok ? r->packets[i].plain : r->packets[i].want, op->bytes) != 0)
			return op->ok ? "plaintext differs" : "a failed packet was touched";
		if (!margins_are_whole(&r->packets[i], op))
			return "open wrote beside a packet";
	}
	return NULL;
}

const char *rig_check(struct rig *r, const struct wg_aead_engine *e, unsigned int n, bool tamper)
{
	e->seal(r->ops, n);
	const char *wrong = sealed(r, n);
	if (wrong)
		return wrong;
	for (unsigned int i = 0; i < n; i++) {
		r->tampered[i] = tamper && rig_below(r, 4) == 0;
		r->ops[i].ok = r->tampered[i];
		if (r->tampered[i])
			tamper_with(r, i);
	}
	e->open(r->ops, n);
	return opened(r, n);
}

unsigned int rig_engines(const struct wg_aead_engine *ret[8])
{
	unsigned int n = 0;
	for (const struct wg_aead_engine *const *e = wg_aead_engines; *e; e++)
		if ((*e)->runs_here())
			ret[n++] = *e;
		else
			printf("# not on this CPU, not tested: %s (%s)\n", (*e)->name, (*e)->needs);
	return n;
}
