/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/map.h"
#include "base/rng.h"

#define N    500u
#define KEYS 90u /* fewer than objects: many have one */

struct object {
	struct cp_map_entry entry;
	uint32_t key;
	bool in;
};

static unsigned int count_in_map(const struct cp_map *m, uint32_t key)
{
	unsigned int n = 0;
	for (struct cp_map_entry *e = cp_map_find(m, &key, sizeof(key)); e; e = cp_map_next(e)) {
		assert_int_equal(((struct object *)e)->key, key);
		assert_true(((struct object *)e)->in);
		n++;
	}
	return n;
}

static unsigned int count_in_array(const struct object *o, uint32_t key)
{
	unsigned int n = 0;
	for (unsigned int i = 0; i < N; i++)
		n += o[i].in && o[i].key == key;
	return n;
}

/* An array that is searched is the oracle. */
static void agrees_with_a_search(void **s)
{
	static const uint8_t seed[16] = {3};
	struct object *o = calloc(N, sizeof(*o));
	struct cp_map m;
	struct cp_rng r;
	uint32_t in = 0;
	cp_rng_seed(&r, seed);
	cp_map_init(&m, seed);
	for (int step = 0; step < 100000; step++) {
		struct object *x = &o[cp_rng_below(&r, N)];
		if (x->in) {
			cp_map_remove(&m, &x->entry);
			assert_null(x->entry.key);
			x->in = false;
			in--;
		} else {
			x->key = cp_rng_below(&r, KEYS);
			assert_true(cp_map_add(&m, &x->entry, &x->key, sizeof(x->key)));
			x->in = true;
			in++;
		}
		uint32_t key = cp_rng_below(&r, KEYS + 1);
		assert_int_equal(count_in_map(&m, key), count_in_array(o, key));
		assert_int_equal(m.n, in);
	}
	cp_map_fini(&m);
	free(o);
}

static void keys_of_different_length_are_different(void **s)
{
	static const uint8_t seed[16] = {3};
	struct cp_map_entry a = {0}, b = {0}, nowhere = {0};
	struct cp_map m;
	cp_map_init(&m, seed);
	assert_null(cp_map_find(&m, "abcd", 4));
	assert_true(cp_map_add(&m, &a, "abcd", 4));
	assert_true(cp_map_add(&m, &b, "abcde", 5));
	assert_ptr_equal(cp_map_find(&m, "abcd", 4), &a);
	assert_null(cp_map_next(&a));
	assert_ptr_equal(cp_map_find(&m, "abcde", 5), &b);
	assert_null(cp_map_find(&m, "abc", 3));
	cp_map_remove(&m, &nowhere);
	assert_int_equal(m.n, 2);
	cp_map_fini(&m);
}

/* A remote that knows how keys are hashed under one secret knows nothing under another. */
static void the_secret_decides(void **s)
{
	static const uint8_t one[16] = {1}, two[16] = {2};
	struct cp_map_entry a = {0}, b = {0};
	struct cp_map m, k;
	cp_map_init(&m, one);
	cp_map_init(&k, two);
	assert_true(cp_map_add(&m, &a, "abcd", 4) && cp_map_add(&k, &b, "abcd", 4));
	assert_true(a.hash != b.hash);
	cp_map_fini(&m);
	cp_map_fini(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_a_search),
		cmocka_unit_test(keys_of_different_length_are_different),
		cmocka_unit_test(the_secret_decides),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
