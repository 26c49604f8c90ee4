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

#endif
