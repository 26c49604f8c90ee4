/* SPDX-License-Identifier: Apache-2.0 */
#include "portal/base64.h"

/* No table and no branch that depends on the digit: keys pass here. */
static int between(int c, int first, int last)
{
	return ~((c - first) >> 8) & ~((last - c) >> 8) & 0xff;
}

static int digit(enum portal_alphabet a, char character)
{
	int c = (unsigned char)character;
	int c62 = a == PORTAL_BASE64 ? '+' : '-', c63 = a == PORTAL_BASE64 ? '/' : '_';
	return -1 + (between(c, 'A', 'Z') & (c - 'A' + 1)) + (between(c, 'a', 'z') & (c - 'a' + 27)) +
	       (between(c, '0', '9') & (c - '0' + 53)) + (between(c, c62, c62) & 63) + (between(c, c63, c63) & 64);
}

bool portal_base64_decode(enum portal_alphabet a, const char *text, size_t chars, uint8_t *ret, size_t *ret_bytes)
{
	uint32_t bits = 0;
	unsigned int n = 0;
	size_t bytes = 0;
	int bad = chars % 4 == 1;
	for (size_t i = 0; i < chars; i++) {
		int d = digit(a, text[i]);
		bad |= d < 0;
		bits = bits << 6 | (uint32_t)(d & 63);
		n += 6;
		if (n >= 8) {
			n -= 8;
			ret[bytes++] = (uint8_t)(bits >> n);
		}
	}
	*ret_bytes = bytes;
	return !bad && (bits & ((1u << n) - 1)) == 0;
}

static char character(uint32_t d)
{
	int v = (int)d;
	return (char)((between(v, 0, 25) & (v + 'A')) | (between(v, 26, 51) & (v - 26 + 'a')) | (between(v, 52, 61) & (v - 52 + '0')) |
		      (between(v, 62, 62) & '+') | (between(v, 63, 63) & '/'));
}

size_t portal_base64_encode(const uint8_t *data, size_t bytes, char *ret)
{
	uint32_t bits = 0;
	unsigned int n = 0;
	size_t chars = 0;
	for (size_t i = 0; i < bytes; i++) {
		bits = bits << 8 | data[i];
		for (n += 8; n >= 6; n -= 6)
			ret[chars++] = character(bits >> (n - 6) & 63);
	}
	if (n > 0)
		ret[chars++] = character(bits << (6 - n) & 63);
	return chars;
}
