/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The AEAD of data packets, a burst at a time: ChaCha20-Poly1305 of RFC 8439 with a nonce of four zero bytes
 * and a little-endian counter, and no additional data. Any thread; engines differ in speed only.
 *
 *   select.c        which engine runs, decided once at start     known_answer.c   what each must answer first
 *   portable.c      libsodium, packet by packet: for every CPU, and what the others are compared with
 *   forget.c        wipes stack and registers
 *   small*.c        bursts too small for a group
 *   avx2.c avx512.c vectors for one instruction set, and around them, from the same source for both:
 *     engine.inc.c   a burst: order, one-time keys, verdicts
 *     lanes.inc.c    ChaCha20, one block per lane, lanes filled across packets
 *     poly1305.inc.c Poly1305, one packet per lane; its arithmetic is in limbs44.inc.c and limbs26.inc.c
 *
 * An engine leaves no key, one-time key or keystream behind in memory or vector registers.
 */
#ifndef WG_AEAD_H
#define WG_AEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WG_AEAD_TAG_BYTES 16

/* One packet, in place: data[0..bytes), and behind it room for the tag, or the tag. Nothing else is touched. */
struct wg_aead_op {
	const uint8_t *key; /* 32 bytes, borrowed */
	uint64_t counter;
	uint8_t *data;
	uint32_t bytes; /* without the tag */
	bool ok;        /* written by open. true: data is plaintext now; false: the tag is wrong and data as it was */
};

/* Packets of a burst share nothing: keys, counters and lengths mix freely. */
struct wg_aead_engine {
	const char *name;
	const char *needs;        /* CPU features, for people */
	bool (*runs_here)(void);
	void (*seal)(struct wg_aead_op *ops, unsigned int n);
	void (*open)(struct wg_aead_op *ops, unsigned int n);
};

extern const struct wg_aead_engine wg_aead_portable, wg_aead_avx2, wg_aead_avx512;

/* known_answer.c: seals and opens bursts whose answers are written down, true and tampered. */
bool wg_aead_knows_answers(const struct wg_aead_engine *engine);

/* select.c */
struct wg_aead_choice {
	const struct wg_aead_engine *engine;
	char why[160];     /* "avx512: not on this CPU (AVX-512 IFMA, VBMI2); avx2: chosen" */
	char refused[160]; /* engines whose answers were wrong, to be shouted; "" if there are none */
};

/* What this build has, best first, NULL at the end. */
extern const struct wg_aead_engine *const wg_aead_engines[];
/* What any build may be asked for by name, NULL at the end. */
extern const char *const wg_aead_names[];

/*
 * The first of engines[] that runs on this CPU and knows the answers, or the one that is forced by name; NULL or
 * "auto" forces none. Before any other thread uses an engine. 0; -ENOENT: no engine has that name; -ENOTSUP: it
 * does not run on this CPU; -EBADMSG: its answers are wrong. ret->why tells in every case.
 */
int wg_aead_choose(const struct wg_aead_engine *const *engines, const char *forced, struct wg_aead_choice *ret);

#endif
