/* SPDX-License-Identifier: Apache-2.0 */
#include "control.h"

#include <string.h>

#define NEXT_HEADER 0xff
#define HEADER      40
#define EVENT       8 /* id and reserved bytes */

/* RFC 8200 §4.1; what a security payload hides is not looked for. */
enum { HOP_BY_HOP = 0, ROUTING = 43, FRAGMENT = 44, AUTH = 51, DESTINATION = 60 };

/* Bytes of the extension header at p, eight of which are there; 0: it is none, or one of a fragment. */
static size_t extension_bytes(uint8_t header, const uint8_t *p)
{
	bool whole = p[2] == 0 && (p[3] & 0xf9) == 0; /* RFC 6946: offset 0 and nothing that follows */
	if (header == HOP_BY_HOP || header == ROUTING || header == DESTINATION)
		return (p[1] + 1u) * 8u;
	if (header == AUTH)
		return (p[1] + 2u) * 4u;
	return header == FRAGMENT && whole ? 8 : 0;
}

/* Where the event begins; 0: this is no control packet. */
static size_t find_event(const uint8_t *p, size_t bytes)
{
	static const uint8_t zero[32];
	if (bytes < WG_CONTROL_BYTES || p[0] >> 4 != 6 || memcmp(p + 8, zero, sizeof(zero)) != 0)
		return 0;
	size_t end = HEADER + ((size_t)p[4] << 8 | p[5]), at = HEADER;
	uint8_t header = p[6];
	while (end <= bytes && end - at >= EVENT) {
		size_t len = extension_bytes(header, p + at);
		if (header == NEXT_HEADER)
			return at;
		if (len == 0 || len > end - at)
			return 0;
		header = p[at];
		at += len;
	}
	return 0;
}

int wg_control_event(const void *packet, size_t bytes)
{
	const uint8_t *p = packet;
	size_t at = find_event(p, bytes);
	return at ? p[at] : -1;
}

size_t wg_control_flatten(void *packet, size_t bytes)
{
	uint8_t *p = packet;
	size_t at = find_event(p, bytes);
	if (at <= HEADER)
		return 0;
	size_t cut = at - HEADER, payload = ((size_t)p[4] << 8 | p[5]) - cut;
	p[4] = (uint8_t)(payload >> 8);
	p[5] = (uint8_t)payload;
	p[6] = NEXT_HEADER;
	memmove(p + cut, p, HEADER);
	return cut;
}

void wg_control_build(uint8_t ret[WG_CONTROL_BYTES], enum wg_control_event event)
{
	memset(ret, 0, WG_CONTROL_BYTES);
	ret[0] = 0x60;
	ret[5] = EVENT;
	ret[6] = NEXT_HEADER;
	ret[40] = (uint8_t)event;
}
