/* SPDX-License-Identifier: Apache-2.0 */
/* The inner packet, as it comes out of the AEAD: padded, and of a sender who may lie. Pure; workers. */
#ifndef WG_INNER_H
#define WG_INNER_H

#include <stddef.h>
#include <stdint.h>

#define WG_ECN_CE 3

/* Length by the inner header; what follows it is padding. 0 when it contradicts the bytes that came. */
static inline uint32_t wg_inner_length(const uint8_t *inner, uint32_t bytes)
{
	if (bytes >= 20 && inner[0] >> 4 == 4) {
		uint32_t len = (uint32_t)inner[2] << 8 | inner[3];
		return len >= 20 && len <= bytes ? len : 0;
	}
	if (bytes >= 40 && inner[0] >> 4 == 6) {
		uint32_t len = 40u + ((uint32_t)inner[4] << 8 | inner[5]);
		return len <= bytes ? len : 0;
	}
	return 0;
}

/* The outer header said "congestion experienced": marks an ECN-capable packet, and leaves others alone. */
void wg_inner_mark_ce(uint8_t *inner, uint32_t bytes);

#endif
