/* SPDX-License-Identifier: Apache-2.0 */
/* The replay window (RFC 6479): 8192 packets. Callers hold the keypair's lock. Pure. */
#ifndef WG_REPLAY_H
#define WG_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#define WG_REPLAY_BITS    8192u /* power of two; one word of it is always being cleared */
#define WG_REPLAY_WINDOW  (WG_REPLAY_BITS - 64u)
#define WG_REJECT_AFTER_MESSAGES (UINT64_MAX - (1u << 13))

struct wg_replay {
	uint64_t next; /* highest counter seen, plus one */
	uint64_t words[WG_REPLAY_BITS / 64];
};

/* True if the counter is new, which it is then no longer. Only for packets that opened. */
bool wg_replay_accept(struct wg_replay *r, uint64_t counter);

/* The same; of packets that come in order, nearly all need not clear a word, and no call. */
static inline bool wg_replay_accept_next(struct wg_replay *r, uint64_t counter)
{
	bool same_word = r->next % 64 != 0 && counter / 64 == r->next / 64; /* as the newest one, which is before `next` */
	if (!same_word || counter < r->next || counter >= WG_REJECT_AFTER_MESSAGES)
		return wg_replay_accept(r, counter);
	r->words[counter / 64 % (WG_REPLAY_BITS / 64)] |= 1ull << (counter % 64);
	r->next = counter + 1;
	return true;
}

#endif
