/* SPDX-License-Identifier: Apache-2.0 */
/* Budgets, early candidates and the choice of relays by themselves. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "conn/budget.h"
#include "conn/early.h"
#include "conn/node.h"

static const uint8_t secret[16] = {1, 2, 3};

/* The naive way: all that was taken since a moment never exceeds the burst and what came in since. */
static void buckets_never_grant_more_than_they_should(void **s)
{
	struct cp_rng r;
	cp_rng_seed(&r, secret);
	for (int round = 0; round < 50; round++) {
		uint32_t per_s = 1 + cp_rng_below(&r, 200), burst = 1 + cp_rng_below(&r, 400);
		cp_time now = 1000 * CP_S, start = now;
		struct bucket b;
		uint64_t taken = 0, asked = 0;
		bucket_fill(&b, burst, now);
		for (int i = 0; i < 2000; i++) {
			now += cp_rng_below(&r, 20) * CP_MS;
			asked++;
			taken += bucket_take(&b, per_s, burst, now);
			assert_true(taken <= burst + per_s * (now - start) / CP_S + 1);
		}
		/* and not less, when more was asked for all the time */
		uint64_t due = burst + per_s * (now - start) / CP_S;
		if (per_s < 50)
			assert_true(taken + 2 >= (due < asked ? due : asked));
	}
}

static void a_bucket_fills_up_and_no_further(void **s)
{
	struct bucket b;
	bucket_fill(&b, 3, CP_S);
	for (int i = 0; i < 3; i++)
		assert_true(bucket_take(&b, 10, 3, CP_S));
	assert_false(bucket_take(&b, 10, 3, CP_S + 99 * CP_MS));
	assert_true(bucket_take(&b, 10, 3, CP_S + 100 * CP_MS));
	for (int i = 0; i < 3; i++)
		assert_true(bucket_take(&b, 10, 3, 1000 * CP_S));
	assert_false(bucket_take(&b, 10, 3, 1000 * CP_S));
}

static void a_flooding_source_takes_nothing_from_the_common_budget(void **s)
{
	struct budget b;
	struct cp_addr flood = cp_addr_v4(198, 51, 100, 1, 1), other = cp_addr_v4(198, 51, 100, 2, 1);
	assert_true(budget_init(&b, secret, 20, 100, CP_S));
	for (int i = 0; i < 10000; i++)
		assert_int_equal(budget_unknown(&b, &flood, CP_S), i < 20 ? BUDGET_GRANTED : BUDGET_SOURCE);
	for (int i = 0; i < 20; i++)
		assert_int_equal(budget_unknown(&b, &other, CP_S), BUDGET_GRANTED);
	budget_fini(&b);
}

/* Ten thousand sources do not push the flooding one out of the table, which would fill its bucket anew. */
static void a_flooding_source_stays_known(void **s)
{
	struct budget b;
	struct cp_addr flood = cp_addr_v4(198, 51, 100, 1, 1);
	unsigned int granted = 0;
	assert_true(budget_init(&b, secret, 20, 1000000, CP_S));
	for (uint32_t i = 0; i < 100000; i++) {
		struct cp_addr other = cp_addr_v4(10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i, 5);
		cp_time now = CP_S + i / 100 * CP_MS;
		granted += budget_unknown(&b, &flood, now) == BUDGET_GRANTED;
		assert_int_equal(budget_unknown(&b, &other, now), BUDGET_GRANTED);
	}
	assert_in_range(granted, 20, 20 + 20 + 20); /* one second, and a little luck */
	budget_fini(&b);
}

static void forgers_and_strangers_are_charged_apart(void **s)
{
	struct budget b;
	struct cp_addr a = cp_addr_v4(198, 51, 100, 1, 1);
	assert_true(budget_init(&b, secret, 5, 100, CP_S));
	for (int i = 0; i < 5; i++) {
		assert_false(budget_is_forger(&b, &a, CP_S));
		budget_forged(&b, &a, CP_S);
	}
	assert_true(budget_is_forger(&b, &a, CP_S));
	assert_int_equal(budget_unknown(&b, &a, CP_S), BUDGET_GRANTED);
	assert_false(budget_is_forger(&b, &a, CP_S + 200 * CP_MS));
	budget_fini(&b);
}

static void early_candidates_come_in_their_order_and_once(void **s)
{
	struct early e;
	struct ice_candidate c[3] = {{.kind = ICE_HOST, .priority = 3}, {.kind = ICE_HOST, .priority = 9}, {.kind = ICE_RELAY}}, out[8];
	uint8_t id[CONN_ID_BYTES] = {1}, other[CONN_ID_BYTES] = {2};
	for (int i = 0; i < 3; i++)
		c[i].addr = cp_addr_v4(192, 0, 2, (uint8_t)i, 1);
	early_init(&e, secret);
	assert_true(early_deadline(&e) == CP_NEVER);
	for (int i = 0; i < 3; i++)
		assert_int_equal(early_add(&e, id, &c[i], CP_S), 0);
	assert_int_equal(early_add(&e, id, &c[1], CP_S), 1);
	assert_int_equal(early_add(&e, other, &c[0], 2 * CP_S), 0);
	assert_true(early_remove(&e, id, &c[1]));
	assert_false(early_remove(&e, id, &c[1]));
	assert_int_equal(early_take(&e, id, out, 8), 2);
	assert_memory_equal(&out[0], &c[0], sizeof(c[0]));
	assert_memory_equal(&out[1], &c[2], sizeof(c[0]));
	assert_int_equal(early_take(&e, id, out, 8), 0);
	assert_true(early_deadline(&e) == 12 * CP_S);
	assert_int_equal(early_expire(&e, 12 * CP_S - 1), 0);
	assert_int_equal(early_expire(&e, 12 * CP_S), 1);
	assert_true(early_deadline(&e) == CP_NEVER);
	early_fini(&e);
}

static void near_relays_are_eligible(void **s)
{
	static const struct {
		cp_time ms[6];
		unsigned int n;
		uint32_t eligible;
	} cases[] = {
		{{0, 0, 0}, 3, 0},
		{{10}, 1, 1},
		{{10, 15}, 2, 3},        /* 1.5 times the least */
		{{10, 16}, 2, 1},
		{{16, 10, 0}, 3, 2},     /* one is not measured: two are */
		{{10, 12, 14}, 3, 7},    /* median 12, deviation 2: up to 18 */
		{{10, 12, 90}, 3, 3},    /* likewise */
		{{10, 10, 10, 16}, 4, 15}, /* no deviation counts as 2 ms: up to 16 */
		{{10, 10, 10, 17}, 4, 7},
		{{10, 20, 30, 40, 100}, 5, 31 & ~16}, /* median 30, deviation 10: up to 60 */
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cp_time rtt[6];
		for (unsigned int k = 0; k < 6; k++)
			rtt[k] = cases[i].ms[k] * CP_MS;
		if (selection_eligible(rtt, cases[i].n) != cases[i].eligible) {
			print_error("case %zu: %x\n", i, selection_eligible(rtt, cases[i].n));
			fail();
		}
	}
}

static void paths_are_named_after_their_relays(void **s)
{
	assert_int_equal(path_kind(ICE_HOST, ICE_HOST), CONN_PATH_DIRECT);
	assert_int_equal(path_kind(ICE_HOST, ICE_SRFLX), CONN_PATH_DIRECT);
	assert_int_equal(path_kind(ICE_HOST, ICE_PRFLX), CONN_PATH_DIRECT);
	assert_int_equal(path_kind(ICE_HOST, ICE_RELAY), CONN_PATH_TO_RELAY);
	assert_int_equal(path_kind(ICE_RELAY, ICE_HOST), CONN_PATH_OUR_RELAY);
	assert_int_equal(path_kind(ICE_RELAY, ICE_RELAY), CONN_PATH_RELAY_TO_RELAY);
}

static void only_failures_in_a_row_count(void **s)
{
	struct conn_node *n = calloc(1, sizeof(*n));
	uint8_t a[CONN_ID_BYTES] = {1}, b[CONN_ID_BYTES] = {2};
	assert_false(failures_count(n, a, true));
	assert_false(failures_count(n, b, true));
	assert_true(failures_count(n, a, true));
	assert_false(failures_count(n, a, true)); /* told once, counted anew */
	assert_false(failures_count(n, a, false)); /* no path: the gateway is away, not stuck */
	assert_false(failures_count(n, a, true));
	failures_forget(n, a);
	assert_false(failures_count(n, a, true));
	for (unsigned int i = 0; i < FAILURES_MAX; i++) {
		uint8_t other[CONN_ID_BYTES] = {3, (uint8_t)i};
		assert_false(failures_count(n, other, true));
	}
	assert_false(failures_count(n, a, true)); /* forgotten for them */
	free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets_never_grant_more_than_they_should),
		cmocka_unit_test(a_bucket_fills_up_and_no_further),
		cmocka_unit_test(a_flooding_source_takes_nothing_from_the_common_budget),
		cmocka_unit_test(a_flooding_source_stays_known),
		cmocka_unit_test(forgers_and_strangers_are_charged_apart),
		cmocka_unit_test(early_candidates_come_in_their_order_and_once),
		cmocka_unit_test(only_failures_in_a_row_count),
		cmocka_unit_test(near_relays_are_eligible),
		cmocka_unit_test(paths_are_named_after_their_relays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
