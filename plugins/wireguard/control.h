/* SPDX-License-Identifier: Apache-2.0 */
/* Control packets inside the tunnel (tunnel.md §2): IPv6, next header 255, both addresses zero. Pure. */
#ifndef WG_CONTROL_H
#define WG_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WG_CONTROL_BYTES 48

enum wg_control_event {
	WG_CONTROL_ASSIGNED_IPS = 0,
	WG_CONTROL_DOMAIN_STATUS = 1,
	WG_CONTROL_GOODBYE = 2,
	WG_CONTROL_HELLO = 0xe0,
	WG_CONTROL_DRAIN = 0xe1,
	WG_CONTROL_BYE_ACK = 0xe2,
	WG_CONTROL_REASON = 0xe3,
};

/* Event id, or -1: no control packet. Extension headers are skipped; a fragment that is not the whole is none. */
int wg_control_event(const void *packet, size_t bytes);
/* Of a control packet: takes its extension headers out. Returns how many bytes are no longer its own, at the front. */
size_t wg_control_flatten(void *packet, size_t bytes);
/* Writes the 48 bytes of an event without body. */
void wg_control_build(uint8_t ret[WG_CONTROL_BYTES], enum wg_control_event event);

#endif
