/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <nf/pkt.h>

/*
 * RFC 1071. Words of 32 bits into 64-bit lanes: carries cannot be lost below 2^32 words, and the
 * compiler turns the loop into vector additions.
 */
uint32_t nf_sum16(const void *data, uint32_t bytes, uint32_t sum)
{
	const uint8_t *p = data;
	uint64_t acc = sum;
	uint32_t word;
	for (; bytes >= 4; bytes -= 4, p += 4) {
		memcpy(&word, p, 4);
		acc += word;
	}
	word = 0;
	memcpy(&word, p, bytes);
	acc += word;
	acc = (acc & UINT32_MAX) + (acc >> 32);
	acc = (acc & UINT32_MAX) + (acc >> 32);
	uint32_t folded = (uint32_t)(acc & 0xffff) + (uint32_t)(acc >> 16);
	return (folded & 0xffff) + (folded >> 16);
}

uint16_t nf_sum16_finish(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}
