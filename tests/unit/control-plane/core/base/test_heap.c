/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/heap.h"
#include "base/rng.h"

#define N 200u

static cp_time earliest(const cp_time *at)
{
	cp_time e = CP_NEVER;
	for (unsigned int i = 0; i < N; i++)
		e = cp_earlier(e, at[i]);
	return e;
}

/* An array that is searched is the oracle. */
static void agrees_with_a_search(void **s)
{
	static const uint8_t seed[16] = {1};
	struct cp_timer t[N] = {{0}};
	cp_time at[N];
	struct cp_heap h;
	struct cp_rng r;
	cp_rng_seed(&r, seed);
	cp_heap_init(&h);
	assert_true(cp_heap_reserve(&h, N));
	for (unsigned int i = 0; i < N; i++)
		at[i] = CP_NEVER;
	for (int step = 0; step < 200000; step++) {
		uint32_t i = cp_rng_below(&r, N);
		cp_time when = cp_rng_below(&r, 4) ? 1 + cp_rng_below(&r, 1000) : CP_NEVER;
		if (cp_rng_below(&r, 5) == 0) {
			cp_heap_disarm(&h, &t[i]);
			when = CP_NEVER;
		} else {
			cp_heap_arm(&h, &t[i], when);
		}
		at[i] = when;
		cp_time e = earliest(at), now = cp_rng_below(&r, 1000);
		assert_true(cp_heap_next(&h) == e);
		struct cp_timer *due = cp_heap_due(&h, now);
		assert_true((due != NULL) == (e <= now));
		assert_true(!due || (due->at == e && at[due - t] == e));
	}
	cp_heap_fini(&h);
}

static void drains_in_order(void **s)
{
	static const uint8_t seed[16] = {2};
	struct cp_timer t[N] = {{0}}, *due;
	struct cp_heap h;
	struct cp_rng r;
	cp_time last = 0;
	unsigned int n = 0;
	cp_rng_seed(&r, seed);
	cp_heap_init(&h);
	assert_true(cp_heap_reserve(&h, N));
	for (unsigned int i = 0; i < N; i++)
		cp_heap_arm(&h, &t[i], 1 + cp_rng_below(&r, 50));
	while ((due = cp_heap_due(&h, 1000))) {
		assert_true(due->at >= last);
		last = due->at;
		cp_heap_disarm(&h, due);
		assert_int_equal(due->slot, 0);
		n++;
	}
	assert_int_equal(n, N);
	assert_true(cp_heap_next(&h) == CP_NEVER);
	cp_heap_fini(&h);
}

static void room_only_grows(void **s)
{
	struct cp_timer t = {0};
	struct cp_heap h;
	cp_heap_init(&h);
	assert_null(cp_heap_due(&h, CP_NEVER));
	assert_true(cp_heap_reserve(&h, 100));
	uint32_t room = h.room;
	assert_true(room >= 100);
	assert_true(cp_heap_reserve(&h, 1));
	assert_int_equal(h.room, room);
	cp_heap_arm(&h, &t, 5);
	assert_true(cp_heap_reserve(&h, 1000));
	assert_ptr_equal(cp_heap_due(&h, 5), &t);
	assert_null(cp_heap_due(&h, 4));
	cp_heap_fini(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_a_search),
		cmocka_unit_test(drains_in_order),
		cmocka_unit_test(room_only_grows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
