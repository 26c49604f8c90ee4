/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layout of what is saved, integers big-endian:
 *
 *   every part   version 1 | part 2 | digest of the settings 16
 *   part 0       server kind 1 | active server 1 (255: none) | omit_allocate 1 | omit_refresh 1 |
 *                nonce: bytes 2, text | realm: bytes 2, text | next number 2 | rtt 8 |
 *                allocated_at 8 | expires 8 | relayed, host, srflx: two addresses each
 *   part n       channels: count 1 | { number 2 | received 1 | bound_at 8 | peer address }
 *   address      family 1 | port 2 | ip 16
 */
#ifndef CP_TURN_SAVED_H
#define CP_TURN_SAVED_H

#include "stun/bytes.h"
#include "turn/turn_internal.h"

#define SAVED_VERSION       1u
#define SAVED_NO_SERVER     255u
#define SAVED_ADDRESS_BYTES 19u
#define SAVED_CHANNEL_BYTES (2u + 1u + 8u + SAVED_ADDRESS_BYTES)
#define SAVED_BLOCK         64u /* channel numbers in one part */
#define SAVED_PARTS         (1u + TURN_CHANNELS / SAVED_BLOCK)

_Static_assert(19 + 1 + SAVED_BLOCK * SAVED_CHANNEL_BYTES <= TURN_SAVE_MAX, "a block of channels fits");
_Static_assert(19 + 4 + 2 * (2 + TURN_TEXT_MAX) + 2 + 3 * 8 + 6 * SAVED_ADDRESS_BYTES <= TURN_SAVE_MAX, "part 0 fits");

struct turn_in {
	const uint8_t *p; /* borrows the part */
	size_t left;
	bool bad; /* something was missing or unsound; what was read is of no use */
};
const uint8_t *turn_in_bytes(struct turn_in *in, size_t bytes); /* at most TURN_TEXT_MAX; valid as long as the part */
uint8_t turn_in_u8(struct turn_in *in);
uint16_t turn_in_u16(struct turn_in *in);
cp_time turn_in_time(struct turn_in *in);
/* One that lies ahead of now counts as now. */
cp_time turn_in_past(struct turn_in *in, cp_time now);
void turn_in_text(struct turn_in *in, struct turn_text *ret);
struct cp_addr turn_in_address(struct turn_in *in);
/* Of a family, or none. */
struct cp_addr turn_in_address_of(struct turn_in *in, uint8_t family);

#endif
