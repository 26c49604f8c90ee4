/* SPDX-License-Identifier: Apache-2.0 */
/* What comes out of the AEAD, as a peer may send it: length, control packets, congestion marks. */
#include "../target.h"
#include "control.h"
#include "inner.h"

static uint16_t sum_of(const uint8_t *ip)
{
	uint32_t sum = 0;
	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)ip[i] << 8 | ip[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* A mark keeps the one's complement sum, and changes the ECN bits and nothing else. */
static void mark(const uint8_t *before, uint8_t *p, uint32_t bytes)
{
	wg_inner_mark_ce(p, bytes);
	if (bytes >= 20 && p[0] >> 4 == 4) {
		assert((before[1] & 0xfc) == (p[1] & 0xfc));
		assert(sum_of(before) % 0xffff == sum_of(p) % 0xffff);
		p[1] = before[1];
		memcpy(p + 10, before + 10, 2);
	} else if (bytes >= 40 && p[0] >> 4 == 6) {
		assert((before[1] & 0xcf) == (p[1] & 0xcf));
		p[1] = before[1];
	}
	assert(memcmp(before, p, bytes) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 65535)
		return 0;
	uint8_t *p = copy_of(data, size);
	uint32_t bytes = (uint32_t)size, len = wg_inner_length(p, bytes);
	assert(len <= bytes && (len == 0 || len >= 20));
	if (len) {
		uint8_t *exact = copy_of(p, len);
		int event = wg_control_event(exact, len);
		assert(event >= -1 && event <= 255 && (event < 0 || len >= WG_CONTROL_BYTES));
		assert(wg_inner_length(exact, len) == len);
		size_t cut = wg_control_flatten(exact, len);
		assert(wg_control_event(exact + cut, len - cut) == event && (event >= 0 || cut == 0));
		assert(event < 0 || exact[cut + 40] == event);
		free(exact);
	}
	mark(data, p, bytes);
	free(p);
	return 0;
}
