/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <nf/pkt.h>

/* RFC 1071 as it is written: 16-bit words, carries folded in at once. */
static uint16_t naive(const uint8_t *p, uint32_t bytes)
{
	uint32_t sum = 0;
	for (uint32_t i = 0; i < bytes; i++) {
		sum += i & 1 ? (uint32_t)p[i] << 8 : p[i];
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)~sum;
}

static void every_length_and_alignment_agrees_with_the_definition(void **state)
{
	uint8_t data[2100];
	uint32_t seed = 7;
	(void)state;
	for (uint32_t i = 0; i < sizeof(data); i++) {
		seed = seed * 1664525u + 1013904223u;
		data[i] = (uint8_t)(seed >> 24 | (i % 512 > 256 ? 0xff : 0)); /* stretches full of carries */
	}
	for (uint32_t off = 0; off < 9; off++)
		for (uint32_t bytes = 0; bytes <= 2048; bytes++)
			if (nf_sum16_finish(nf_sum16(data + off, bytes, 0)) != naive(data + off, bytes))
				fail_msg("offset %u, %u bytes", off, bytes);
}

static void parts_chain_at_even_lengths(void **state)
{
	uint8_t data[300];
	(void)state;
	for (uint32_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 37);
	for (uint32_t cut = 0; cut <= sizeof(data); cut += 2)
		assert_int_equal(nf_sum16_finish(nf_sum16(data + cut, (uint32_t)sizeof(data) - cut, nf_sum16(data, cut, 0))),
				 naive(data, sizeof(data)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_length_and_alignment_agrees_with_the_definition),
					   cmocka_unit_test(parts_chain_at_even_lengths)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
