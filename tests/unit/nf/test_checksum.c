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

/* Every identification, so that the checksum takes every value before and after. */
static void one_hop_less_keeps_the_checksum_right(void **state)
{
	uint8_t ip[20] = {0x45, 0, 0, 84, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2}, before[20];
	(void)state;
	for (uint32_t id = 0; id <= UINT16_MAX; id++) {
		ip[4] = (uint8_t)(id >> 8);
		ip[5] = (uint8_t)id;
		ip[8] = (uint8_t)(2 + id % 254);
		ip[10] = ip[11] = 0;
		uint16_t c = naive(ip, 20);
		c = c ? c : 0xffff; /* its twin, which a sender may choose as well */
		memcpy(ip + 10, &c, 2);
		memcpy(before, ip, 20);
		assert_true(nf_sum16_ipv4_is_right(ip));
		assert_true(nf_ttl_decrement(ip, 4));
		assert_int_equal(ip[8], before[8] - 1);
		assert_int_equal(naive(ip, 20), 0);
		assert_true(nf_sum16_ipv4_is_right(ip));
		memcpy(before + 10, ip + 10, 2);
		before[8]--;
		assert_memory_equal(ip, before, 20);
	}
}

static void a_header_is_right_if_its_sum_says_so(void **state)
{
	uint32_t seed = 11;
	unsigned int right = 0;
	(void)state;
	for (uint32_t round = 0; round < 200000; round++) {
		uint8_t ip[20];
		for (uint32_t i = 0; i < sizeof(ip); i++) {
			seed = seed * 1664525u + 1013904223u;
			ip[i] = (uint8_t)(round % 3 ? seed >> 24 : (seed >> 24 & 1) * 0xff); /* carries everywhere */
		}
		ip[0] = 0x45;
		ip[10] = ip[11] = 0;
		uint16_t c = (uint16_t)(naive(ip, 20) + (round % 4 == 0 ? 1u << round / 4 % 16 : 0));
		memcpy(ip + 10, &c, 2);
		assert_int_equal(nf_sum16_ipv4_is_right(ip), naive(ip, 20) == 0);
		right += nf_sum16_ipv4_is_right(ip);
	}
	assert_in_range(right, 140000, 160000);
}

static void the_last_hop_changes_nothing(void **state)
{
	(void)state;
	for (uint8_t hops = 0; hops < 4; hops++) {
		uint8_t ip4[20] = {0x45, [8] = hops, [10] = 0x12}, ip6[40] = {0x60, [7] = hops, [8] = 0xfe}, before4[20], before6[40];
		memcpy(before4, ip4, 20);
		memcpy(before6, ip6, 40);
		assert_int_equal(nf_ttl_decrement(ip4, 4), hops > 1);
		assert_int_equal(nf_ttl_decrement(ip6, 6), hops > 1);
		assert_int_equal(memcmp(ip4, before4, 20) != 0, hops > 1);
		before6[7] = hops > 1 ? hops - 1 : hops;
		assert_memory_equal(ip6, before6, 40);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_length_and_alignment_agrees_with_the_definition),
					   cmocka_unit_test(parts_chain_at_even_lengths),
					   cmocka_unit_test(a_header_is_right_if_its_sum_says_so),
					   cmocka_unit_test(one_hop_less_keeps_the_checksum_right),
					   cmocka_unit_test(the_last_hop_changes_nothing)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
