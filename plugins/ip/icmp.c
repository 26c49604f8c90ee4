/* SPDX-License-Identifier: Apache-2.0 */
#include "icmp.h"

#include <string.h>

#include "ext6.h"
#include "frame.h"

#define ICMPV4   1
#define ICMPV6   58
#define REDIRECT 137 /* RFC 4861 §4.5 */
#define TTL      64

static bool may_answer4(const uint8_t *p, size_t bytes)
{
	size_t ihl = (size_t)(p[0] & 15) * 4;
	static const uint8_t zero[4];
	if (bytes < 20 || ihl < 20 || bytes < ihl)
		return false;
	if ((p[6] & 0x1f) || p[7]) /* a later fragment */
		return false;
	if (p[12] >= 224 || p[16] >= 224 || p[12] == 127 || memcmp(p + 12, zero, 4) == 0)
		return false;
	/* of ICMP only echo and its like are no errors */
	return p[9] != ICMPV4 || (bytes > ihl && (p[ihl] == 0 || p[ihl] == 8 || p[ihl] == 13 || p[ihl] == 14));
}

/* RFC 4443 §2.4 (e.1, e.2), wherever the extension headers put it; what cannot be seen counts as one. */
static bool is_error6(const uint8_t *p, size_t bytes)
{
	struct ip6_upper u;
	if (!ip6_upper_find(p, bytes, &u))
		return true;
	if (u.proto != ICMPV6)
		return false;
	return u.later_fragment || u.at == bytes || p[u.at] < 128 || p[u.at] == REDIRECT;
}

static bool may_answer6(const uint8_t *p, size_t bytes)
{
	static const uint8_t zero[16];
	if (bytes < 40 || p[8] == 0xff || memcmp(p + 8, zero, 16) == 0)
		return false;
	if (p[24] == 0xff)
		return false;
	return !is_error6(p, bytes);
}

bool icmp_may_answer(const uint8_t *packet, size_t bytes)
{
	uint8_t version = bytes ? packet[0] >> 4 : 0;
	if (version == 4)
		return may_answer4(packet, bytes);
	return version == 6 && may_answer6(packet, bytes);
}

struct code {
	uint8_t type, code;
};

static size_t build4(uint8_t *ret, const uint8_t *p, size_t bytes, const uint8_t *source, enum icmp_error what, uint16_t mtu)
{
	static const struct code codes[] = {[ICMP_HOST_UNREACHABLE] = {3, 1}, [ICMP_TIME_EXCEEDED] = {11, 0},
					    [ICMP_TOO_BIG] = {3, 4}, [ICMP_PROHIBITED] = {3, 13}};
	size_t quote = bytes < ICMP4_QUOTE_MAX ? bytes : ICMP4_QUOTE_MAX, total = 28 + quote;
	memset(ret, 0, 28);
	ret[0] = 0x45;
	ret[1] = 0xc0; /* RFC 1812 §4.3.2.5: internetwork control */
	ret[2] = (uint8_t)(total >> 8);
	ret[3] = (uint8_t)total;
	ret[8] = TTL;
	ret[9] = ICMPV4;
	memcpy(ret + 12, source, 4);
	memcpy(ret + 16, p + 12, 4);
	uint16_t c = ip_checksum(ret, 20);
	ret[10] = (uint8_t)(c >> 8);
	ret[11] = (uint8_t)c;
	ret[20] = codes[what].type;
	ret[21] = codes[what].code;
	if (what == ICMP_TOO_BIG) {
		ret[26] = (uint8_t)(mtu >> 8);
		ret[27] = (uint8_t)mtu;
	}
	memcpy(ret + 28, p, quote);
	c = ip_checksum(ret + 20, 8 + quote);
	ret[22] = (uint8_t)(c >> 8);
	ret[23] = (uint8_t)c;
	return total;
}

static size_t build6(uint8_t *ret, const uint8_t *p, size_t bytes, const uint8_t *source, enum icmp_error what, uint16_t mtu)
{
	static const struct code codes[] = {[ICMP_HOST_UNREACHABLE] = {1, 0}, [ICMP_TIME_EXCEEDED] = {3, 0},
					    [ICMP_TOO_BIG] = {2, 0}, [ICMP_PROHIBITED] = {1, 1}};
	size_t room = ICMP6_TOTAL_MAX - 48, quote = bytes < room ? bytes : room, payload = 8 + quote;
	memset(ret, 0, 48);
	ret[0] = 0x60;
	ret[4] = (uint8_t)(payload >> 8);
	ret[5] = (uint8_t)payload;
	ret[6] = ICMPV6;
	ret[7] = TTL;
	memcpy(ret + 8, source, 16);
	memcpy(ret + 24, p + 8, 16);
	ret[40] = codes[what].type;
	ret[41] = codes[what].code;
	if (what == ICMP_TOO_BIG) {
		ret[46] = (uint8_t)(mtu >> 8);
		ret[47] = (uint8_t)mtu;
	}
	memcpy(ret + 48, p, quote);
	uint16_t c = ip6_checksum(source, p + 8, ICMPV6, ret + 40, payload);
	ret[42] = (uint8_t)(c >> 8);
	ret[43] = (uint8_t)c;
	return 40 + payload;
}

size_t icmp_error_build(uint8_t ret[ICMP_ERROR_MAX], const uint8_t *packet, size_t bytes, const uint8_t *source,
			enum icmp_error what, uint16_t mtu)
{
	return packet[0] >> 4 == 4 ? build4(ret, packet, bytes, source, what, mtu) : build6(ret, packet, bytes, source, what, mtu);
}
