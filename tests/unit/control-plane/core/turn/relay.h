/* SPDX-License-Identifier: Apache-2.0 */
/* A relay: stock's rules (connectivity §2.3, §2.6, §2.7), or those of a third-party server (trap 25). */
#ifndef TURN_TEST_RELAY_H
#define TURN_TEST_RELAY_H

#include "world.h"

struct relay {
	bool third_party, v4_only;
	const char *realm;
	char nonce[40];
	unsigned int nonces, nonce_uses; /* stale after nonce_uses requests; 0: never */
	uint8_t key[16];
	bool allocated;
	cp_time expires;
	struct {
		struct cp_addr peer;
		cp_time bound_at;
	} channels[TURN_CHANNELS];
	unsigned int uses, binds, conflicts, allocations, refreshes, deletes;
};

void relay_open(struct relay *r, const struct world *w);
/* What it says to s; false: nothing. */
bool relay_answer(struct relay *r, const struct sent *s, cp_time now, struct answer *ret);

#endif
