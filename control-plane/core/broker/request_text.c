/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/request_parts.h"

#include <stdint.h>

/* The bytes of the character that starts here, 0: it is none (RFC 3629 §4: the shortest form only, no surrogates). */
static unsigned int character_bytes(const unsigned char *p, uint32_t *ret)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned int n = p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 : p[0] >> 3 == 30 ? 4 : 0;
	uint32_t c = n == 1 ? p[0] : n ? p[0] & (0x7fu >> n) : 0;
	for (unsigned int i = 1; i < n; i++) {
		if (p[i] >> 6 != 2)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	*ret = c;
	return n > 0 && c >= least[n] && c <= 0x10ffff && c >> 11 != 0xd800 >> 11 ? n : 0;
}

static bool is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

size_t broker_text_characters(const char *text)
{
	size_t n = 0;
	uint32_t c;
	for (const unsigned char *p = (const unsigned char *)text; *p; n++) {
		unsigned int bytes = character_bytes(p, &c);
		if (bytes == 0 || is_control(c))
			return 0;
		p += bytes;
	}
	return n;
}
