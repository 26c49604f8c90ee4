/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Poly1305 of one vector engine from within (ENGINE_FILE), with one-time keys and blocks that no cipher would give in a
 * lifetime: random packets meet the last subtraction of p once in 2^128 times. Compared with libsodium's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include <sodium.h>

#include ENGINE_FILE

#define BYTES_MAX 320u

__extension__ typedef unsigned __int128 u128;

static struct packet {
	uint8_t data[BYTES_MAX + WG_AEAD_TAG_BYTES];
	struct wg_aead_op op;
} packets[PACKETS];
static uint8_t one_time[PACKETS][32];
static struct poly poly;

static void tag_by_libsodium(unsigned int i, uint8_t ret[16])
{
	uint8_t text[BYTES_MAX + 32] = {0};
	uint64_t bytes = packets[i].op.bytes, padded = (bytes + 15) / 16 * 16;
	memcpy(text, packets[i].data, bytes);
	memcpy(text + padded + 8, &bytes, 8);
	crypto_onetimeauth_poly1305(ret, text, padded + 16, one_time[i]);
}

static void check(unsigned int n, const char *what, int detail)
{
	struct wg_aead_op *ops[PACKETS] = {0};
	uint64_t tag[2][PACKETS];
	uint8_t want[16];
	for (unsigned int i = 0; i < n; i++)
		ops[i] = &packets[i].op;
	poly_tags(&poly, ops, (const uint8_t(*)[32])one_time, n, tag);
	for (unsigned int i = 0; i < n; i++) {
		tag_by_libsodium(i, want);
		if (memcmp(&tag[0][i], want, 8) != 0 || memcmp(&tag[1][i], want + 8, 8) != 0)
			fail_msg("%s %d: lane %u of %u", what, detail, i, n);
	}
}

static void random_packet(unsigned int i, uint32_t bytes)
{
	randombytes_buf(one_time[i], 32);
	randombytes_buf(packets[i].data, BYTES_MAX);
	packets[i].op = (struct wg_aead_op){.data = packets[i].data, .bytes = bytes};
}

static void put128(uint8_t *at, u128 v)
{
	memcpy(at, &v, 16);
}

/*
 * r = 1 makes h the sum of the blocks. Two blocks of data, the lengths, and three times 2^128 shall be p + e:
 * m0 + m1 = 2^128 - 5 + e - lengths.
 */
static void put_sum(unsigned int i, int e, const uint8_t pad[16])
{
	u128 lengths = (u128)32 << 64, m1, sum = (u128)0 - 5 + (u128)e - lengths;
	random_packet(i, 32);
	memset(one_time[i], 0, 16);
	one_time[i][0] = 1;
	memcpy(one_time[i] + 16, pad, 16);
	memcpy(&m1, packets[i].data, 16);
	m1 >>= 2; /* so that m0 is positive, too */
	put128(packets[i].data, sum - m1);
	put128(packets[i].data + 16, m1);
}

static void sums_around_p_are_reduced(void **state)
{
	uint8_t pad[16];
	(void)state;
	for (int e = -9; e <= 4; e++)
		for (unsigned int lane = 0; lane < PACKETS; lane++)
			for (int pads = 0; pads < 3; pads++) {
				for (unsigned int i = 0; i < PACKETS; i++)
					random_packet(i, 32 + 16 * (i % 3));
				randombytes_buf(pad, sizeof(pad));
				if (pads < 2)
					memset(pad, pads ? 0xff : 0, sizeof(pad));
				put_sum(lane, e, pad);
				check(PACKETS, "p plus", e);
			}
}

/* As large as everything can get, so that every carry that can happen happens. */
static void the_largest_numbers_carry(void **state)
{
	(void)state;
	for (uint32_t bytes = 0; bytes <= BYTES_MAX; bytes++)
		for (int way = 0; way < 4; way++) {
			for (unsigned int i = 0; i < PACKETS; i++) {
				random_packet(i, bytes);
				memset(one_time[i], way & 1 ? 0xff : 0, 32);
				memset(packets[i].data, way & 2 ? 0xff : 0, BYTES_MAX);
				if (i % 2)
					one_time[i][0] = (uint8_t)(1u << i % 8);
			}
			check(PACKETS, "largest, bytes", (int)bytes);
		}
}

/* Lanes whose first steps are empty, and lanes that are not there. */
static void lengths_in_a_group_mix(void **state)
{
	(void)state;
	for (int round = 0; round < 20000; round++) {
		unsigned int n = 1 + randombytes_uniform(PACKETS);
		for (unsigned int i = 0; i < n; i++)
			random_packet(i, randombytes_uniform(BYTES_MAX + 1));
		check(n, "round", round);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_around_p_are_reduced),
		cmocka_unit_test(the_largest_numbers_carry),
		cmocka_unit_test(lengths_in_a_group_mix),
	};
	if (sodium_init() < 0)
		return EXIT_FAILURE;
	if (!runs_here()) {
		printf("1..1\nok 1 - aead_poly_%s # SKIP not on this CPU\n", engine_under_test.name);
		return EXIT_SUCCESS;
	}
	return cmocka_run_group_tests_name("aead_poly", tests, NULL, NULL);
}
