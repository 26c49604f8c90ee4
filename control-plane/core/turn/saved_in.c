/* SPDX-License-Identifier: Apache-2.0 */
/* Reading piece by piece: what is missing or unsound makes the whole bad, and reads as zeros. */
#include "turn/saved.h"

const uint8_t *turn_in_bytes(struct turn_in *in, size_t bytes)
{
	static const uint8_t zeros[TURN_TEXT_MAX];
	if (in->left < bytes)
		in->bad = true;
	if (in->bad)
		return zeros;
	in->p += bytes;
	in->left -= bytes;
	return in->p - bytes;
}

uint8_t turn_in_u8(struct turn_in *in)
{
	return *turn_in_bytes(in, 1);
}

uint16_t turn_in_u16(struct turn_in *in)
{
	return get_be16(turn_in_bytes(in, 2));
}

cp_time turn_in_time(struct turn_in *in)
{
	return get_be64(turn_in_bytes(in, 8));
}

/* One that lies ahead of now counts as now. */
cp_time turn_in_past(struct turn_in *in, cp_time now)
{
	return cp_earlier(turn_in_time(in), now);
}

void turn_in_text(struct turn_in *in, struct turn_text *ret)
{
	uint16_t bytes = turn_in_u16(in);
	if (bytes >= TURN_TEXT_MAX || !turn_text_set(ret, (const char *)turn_in_bytes(in, bytes), bytes))
		in->bad = true;
}

struct cp_addr turn_in_address(struct turn_in *in)
{
	struct cp_addr a = {.family = turn_in_u8(in)};
	a.port = turn_in_u16(in);
	memcpy(a.ip, turn_in_bytes(in, sizeof(a.ip)), a.family == CP_V4 ? 4 : sizeof(a.ip));
	if (a.family != CP_NONE && !turn_address_is_usable(&a))
		in->bad = true;
	return a.family == CP_NONE ? (struct cp_addr){0} : a;
}

/* Of a family, or none. */
struct cp_addr turn_in_address_of(struct turn_in *in, uint8_t family)
{
	struct cp_addr a = turn_in_address(in);
	if (a.family != CP_NONE && a.family != family)
		in->bad = true;
	return a;
}
