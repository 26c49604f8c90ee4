/* SPDX-License-Identifier: Apache-2.0 */
#include "stun/bytes.h"
#include "stun/stun.h"

#define CHANNEL_LAST_ANYWHERE 0x7fffu

bool stun_channel_parse(const void *datagram, size_t bytes, struct stun_channel_data *ret)
{
	const uint8_t *p = datagram;
	if (bytes < STUN_CHANNEL_HEADER || bytes > UINT16_MAX)
		return false;
	uint16_t channel = get_be16(p), length = get_be16(p + 2);
	if (channel < STUN_CHANNEL_FIRST || channel > CHANNEL_LAST_ANYWHERE || length != bytes - STUN_CHANNEL_HEADER)
		return false;
	*ret = (struct stun_channel_data){channel, length, p + STUN_CHANNEL_HEADER};
	return true;
}

void stun_channel_header(uint8_t ret[STUN_CHANNEL_HEADER], uint16_t channel, uint16_t payload_bytes)
{
	put_be16(ret, channel);
	put_be16(ret + 2, payload_bytes);
}
