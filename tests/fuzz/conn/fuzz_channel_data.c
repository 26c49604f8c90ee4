/* SPDX-License-Identifier: Apache-2.0 */
/* One ChannelData message, and what it carries. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "stun/stun.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stun_channel_data d;
	struct stun_message m;
	uint8_t header[STUN_CHANNEL_HEADER];
	if (!stun_channel_parse(data, size, &d))
		return 0;
	assert(d.channel >= 0x4000 && d.channel <= 0x7fff);
	assert(d.payload == data + STUN_CHANNEL_HEADER && d.bytes + STUN_CHANNEL_HEADER == size);
	stun_channel_header(header, d.channel, d.bytes);
	assert(memcmp(header, data, sizeof(header)) == 0);
	if (stun_parse(d.payload, d.bytes, &m) == 0)
		assert(m.bytes == d.bytes);
	return 0;
}
