/* SPDX-License-Identifier: Apache-2.0 */
#include "ext6.h"

#define HOP_BY_HOP  0
#define ROUTING     43
#define FRAGMENT    44
#define AUTH        51
#define DESTINATION 60

/* Bytes of the extension header at p, of which eight are there; 0: it is none. */
static size_t length_of(uint8_t header, const uint8_t *p)
{
	switch (header) {
	case HOP_BY_HOP:
	case ROUTING:
	case DESTINATION:
		return (p[1] + 1u) * 8u;
	case FRAGMENT:
		return 8;
	case AUTH:
		return (p[1] + 2u) * 4u;
	default:
		return 0;
	}
}

static bool is_extension(uint8_t header)
{
	static const uint8_t any[2];
	return length_of(header, any) != 0;
}

bool ip6_upper_find(const uint8_t *packet, size_t bytes, struct ip6_upper *ret)
{
	struct ip6_upper u = {.proto = packet[6], .at = 40};
	while (!u.later_fragment && is_extension(u.proto)) {
		const uint8_t *p = packet + u.at;
		size_t len = bytes - u.at >= 8 ? length_of(u.proto, p) : 0;
		if (len == 0 || len > bytes - u.at)
			return false;
		u.later_fragment = u.proto == FRAGMENT && (p[2] || p[3] & 0xf8);
		u.proto = p[0];
		u.at += len;
	}
	*ret = u;
	return true;
}
