/* SPDX-License-Identifier: Apache-2.0 */
#include "stun/utf8.h"

#include <stdint.h>

/* RFC 3629 §4, by first byte: how many follow, and what the second may be. */
static const struct lead {
	uint8_t first, last, follow, second_min, second_max;
} leads[] = {
	{0x00, 0x7f, 0, 0, 0},       {0xc2, 0xdf, 1, 0x80, 0xbf}, {0xe0, 0xe0, 2, 0xa0, 0xbf},
	{0xe1, 0xec, 2, 0x80, 0xbf}, {0xed, 0xed, 2, 0x80, 0x9f}, {0xee, 0xef, 2, 0x80, 0xbf},
	{0xf0, 0xf0, 3, 0x90, 0xbf}, {0xf1, 0xf3, 3, 0x80, 0xbf}, {0xf4, 0xf4, 3, 0x80, 0x8f},
};

static const struct lead *lead_of(uint8_t byte)
{
	for (unsigned int i = 0; i < sizeof(leads) / sizeof(leads[0]); i++)
		if (byte >= leads[i].first && byte <= leads[i].last)
			return &leads[i];
	return NULL;
}

/* Bytes of the character at p; 0: it is none. */
static size_t character(const uint8_t *p, size_t bytes)
{
	const struct lead *l = lead_of(p[0]);
	if (!l || bytes <= l->follow)
		return 0;
	if (l->follow > 0 && (p[1] < l->second_min || p[1] > l->second_max))
		return 0;
	for (unsigned int i = 2; i <= l->follow; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return 1u + l->follow;
}

bool utf8_is_valid(const void *text, size_t bytes)
{
	const uint8_t *p = text;
	while (bytes > 0) {
		size_t n = character(p, bytes);
		if (n == 0)
			return false;
		p += n;
		bytes -= n;
	}
	return true;
}
