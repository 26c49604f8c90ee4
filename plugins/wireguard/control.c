/* SPDX-License-Identifier: Apache-2.0 */
#include "control.h"

#include <string.h>

#define NEXT_HEADER 0xff

int wg_control_event(const void *packet, size_t bytes)
{
	static const uint8_t zero[32];
	const uint8_t *p = packet;
	if (bytes < WG_CONTROL_BYTES || p[0] >> 4 != 6 || p[6] != NEXT_HEADER || memcmp(p + 8, zero, 32) != 0)
		return -1;
	size_t payload = (size_t)p[4] << 8 | p[5];
	return payload >= 8 && payload + 40 <= bytes ? p[40] : -1;
}

void wg_control_build(uint8_t ret[WG_CONTROL_BYTES], enum wg_control_event event)
{
	memset(ret, 0, WG_CONTROL_BYTES);
	ret[0] = 0x60;
	ret[5] = 8;
	ret[6] = NEXT_HEADER;
	ret[40] = (uint8_t)event;
}
