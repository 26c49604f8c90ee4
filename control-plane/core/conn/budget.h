/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much of what strangers send is looked at. Token buckets: one per source address and port, one for all
 * strangers together, and one per connection for requests that name it.
 *
 * A source that is over its own limit takes nothing from the common one, so a flood from one address and port
 * leaves the others their share. The table of sources has a fixed size and is indexed by a keyed hash; a source
 * that has been silent longest gives way, a flooding one is never the most silent.
 *
 * Requests that name a connection and are not signed by its peer are charged to their source, apart from the rest. A source
 * that forges too many is not looked at for a while. Who can send from a peer's own address and port, and has read both
 * names off the wire, can do that to this one pair; he could drop its packets as well.
 *
 * What a connection is granted: a stock peer keeps at most 100 pairs, and checks each at 0, 0.25, 0.75 and 1.75 s, then
 * every 1.5 s, and once more when it is nominated. All pairs at once: 400 requests within the first second at
 * the very most (three of each and one that nominates), 100 / 1.5 s = 67 per second from then on. So 400 at
 * once and 100 per second never hold a stock peer back.
 */
#ifndef CP_CONN_BUDGET_H
#define CP_CONN_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/time.h"

#define BUDGET_CONN_BURST 400u
#define BUDGET_CONN_PER_S 100u
#define BUDGET_SETS       512u /* of four sources */

struct bucket {
	uint32_t milli; /* thousandths of a token that are left */
	uint32_t at_ms; /* when that was so; wraps */
};
void bucket_fill(struct bucket *b, uint32_t burst, cp_time now);
/* Takes a token; false: there is none. */
bool bucket_take(struct bucket *b, uint32_t per_s, uint32_t burst, cp_time now);
/* Is there one to take? */
bool bucket_has(struct bucket *b, uint32_t per_s, uint32_t burst, cp_time now);

/* What a source is charged for; each has its own bucket. */
enum budget_for { BUDGET_UNKNOWN = 1, BUDGET_FORGED = 2 };
enum budget_verdict { BUDGET_GRANTED = 0, BUDGET_SOURCE, BUDGET_ALL };

struct budget {
	uint8_t secret[16];
	uint32_t per_source_per_s, per_s;
	struct bucket all;
	struct budget_source *sources; /* owned */
};
/* False: out of memory. */
bool budget_init(struct budget *b, const uint8_t secret[16], uint32_t per_source_per_s, uint32_t per_s, cp_time now);
void budget_fini(struct budget *b);
/* Charges a stranger. */
enum budget_verdict budget_unknown(struct budget *b, const struct cp_addr *from, cp_time now);
/* A request that named a connection and was not signed by its peer: charges the source, and no stranger. */
void budget_forged(struct budget *b, const struct cp_addr *from, cp_time now);
/* Has it sent too many of those to be worth another look? */
bool budget_is_forger(const struct budget *b, const struct cp_addr *from, cp_time now);

#endif
