/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the AEAD engines share: bursts of random packets, and libsodium's answers beside them. */
#ifndef AEAD_RIG_H
#define AEAD_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "aead/aead.h"

#define RIG_PACKETS 256u
#define RIG_BYTES   2048u
#define RIG_MARGIN  80u /* around each packet, must stay as it is */

struct rig_packet {
	uint8_t room[RIG_MARGIN + RIG_BYTES + WG_AEAD_TAG_BYTES + RIG_MARGIN];
	uint8_t want[RIG_BYTES + WG_AEAD_TAG_BYTES]; /* sealed, by libsodium */
	uint8_t plain[RIG_BYTES];
	uint8_t key[32];
};

struct rig {
	struct rig_packet packets[RIG_PACKETS];
	struct wg_aead_op ops[RIG_PACKETS];
	bool tampered[RIG_PACKETS];
	uint64_t state; /* of the random numbers; printed when a test fails */
};

uint64_t rig_random(struct rig *r);
uint32_t rig_below(struct rig *r, uint32_t n);
void rig_fill(struct rig *r, void *at, uint32_t bytes);

/* Packet i of the next burst: random plaintext, where `offset` (0 … 15) unaligns it; its answer is made, too. */
void rig_packet(struct rig *r, unsigned int i, const uint8_t *key, uint64_t counter, uint32_t bytes, unsigned int offset);

/* Seals n packets; then changes one bit in some of them, opens them, and looks at everything. NULL, or what is wrong. */
const char *rig_check(struct rig *r, const struct wg_aead_engine *e, unsigned int n, bool tamper);

/* Engines of this build that run on this CPU; the others are named once. */
unsigned int rig_engines(const struct wg_aead_engine *ret[8]);

#endif
