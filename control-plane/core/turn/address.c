/* SPDX-License-Identifier: Apache-2.0 */
#include "turn/turn_internal.h"

static bool v4_is_usable(const uint8_t ip[4])
{
	static const uint8_t zero[4], ones[4] = {255, 255, 255, 255};
	bool link_local = ip[0] == 169 && ip[1] == 254, multicast = (ip[0] & 0xf0) == 0xe0;
	return !link_local && !multicast && memcmp(ip, zero, 4) != 0 && memcmp(ip, ones, 4) != 0;
}

bool turn_address_is_usable(const struct cp_addr *a)
{
	static const uint8_t zero[16];
	if (a->port == 0)
		return false;
	if (a->family == CP_V4)
		return v4_is_usable(a->ip);
	return a->family == CP_V6 && a->ip[0] != 0xff && memcmp(a->ip, zero, sizeof(zero)) != 0;
}
