/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "base/rng.h"

static void same_seed_same_sequence(void **s)
{
	static const uint8_t one[16] = {1}, two[16] = {2};
	struct cp_rng a, b, c;
	unsigned int same = 0;
	cp_rng_seed(&a, one);
	cp_rng_seed(&b, one);
	cp_rng_seed(&c, two);
	for (int i = 0; i < 1000; i++) {
		uint64_t v = cp_rng_u64(&a);
		assert_true(v == cp_rng_u64(&b));
		same += v == cp_rng_u64(&c);
	}
	assert_int_equal(same, 0);
}

/* The naive way: the hash of a counter that begins at one. */
static void it_is_a_keyed_hash_of_a_counter(void **s)
{
	static const uint8_t seed[16] = {9, 8, 7};
	struct cp_rng r;
	cp_rng_seed(&r, seed);
	for (uint64_t i = 1; i < 100; i++)
		assert_true(cp_rng_u64(&r) == cp_siphash(seed, &i, sizeof(i)));
}

static void below_is_even(void **s)
{
	static const uint8_t seed[16] = {1};
	static const uint32_t limits[] = {1, 2, 3, 7, 10};
	struct cp_rng r;
	cp_rng_seed(&r, seed);
	for (size_t l = 0; l < sizeof(limits) / sizeof(limits[0]); l++) {
		unsigned int seen[10] = {0};
		for (int i = 0; i < 100000; i++) {
			uint32_t v = cp_rng_below(&r, limits[l]);
			assert_true(v < limits[l]);
			seen[v]++;
		}
		for (uint32_t v = 0; v < limits[l]; v++)
			assert_in_range(seen[v], 95000 / limits[l], 105000 / limits[l]);
	}
	for (int i = 0; i < 1000; i++)
		assert_true(cp_rng_below(&r, UINT32_MAX) < UINT32_MAX);
}

static void fill_writes_exactly_what_it_is_given(void **s)
{
	static const uint8_t seed[16] = {1};
	for (size_t n = 0; n <= 33; n++) {
		struct cp_rng r;
		uint8_t is[40], should[40];
		memset(is, 0xa5, sizeof(is));
		cp_rng_seed(&r, seed);
		for (size_t i = 0; i < sizeof(should); i += 8) {
			uint64_t v = cp_rng_u64(&r);
			memcpy(should + i, &v, sizeof(v));
		}
		cp_rng_seed(&r, seed);
		cp_rng_fill(&r, is, n);
		assert_memory_equal(is, should, n);
		for (size_t i = n; i < sizeof(is); i++)
			assert_int_equal(is[i], 0xa5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_seed_same_sequence),
		cmocka_unit_test(it_is_a_keyed_hash_of_a_counter),
		cmocka_unit_test(below_is_even),
		cmocka_unit_test(fill_writes_exactly_what_it_is_given),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
