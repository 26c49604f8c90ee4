/* SPDX-License-Identifier: Apache-2.0 */
#include "inner.h"

/* RFC 1624, equation 3: HC' = ~(~HC + ~m + m'). */
static void replace_word(uint8_t checksum[2], uint16_t old, uint16_t new)
{
	uint32_t sum = (uint16_t)~(checksum[0] << 8 | checksum[1]) + (uint32_t)(uint16_t)~old + new;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	checksum[0] = (uint8_t)(~sum >> 8);
	checksum[1] = (uint8_t)~sum;
}

static void mark4(uint8_t *ip)
{
	uint16_t old = (uint16_t)(ip[0] << 8 | ip[1]);
	if ((ip[1] & WG_ECN_CE) == 0)
		return;
	ip[1] |= WG_ECN_CE;
	replace_word(ip + 10, old, (uint16_t)(ip[0] << 8 | ip[1]));
}

void wg_inner_mark_ce(uint8_t *inner, uint32_t bytes)
{
	if (bytes >= 20 && inner[0] >> 4 == 4)
		mark4(inner);
	else if (bytes >= 40 && inner[0] >> 4 == 6 && inner[1] >> 4 & WG_ECN_CE)
		inner[1] |= WG_ECN_CE << 4;
}
