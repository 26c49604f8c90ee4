/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hosts.h"

#define KEYS 600u
#define STEPS 200000u

/* Few enough keys that each is set, moved, removed and set again, and tables are outgrown. */
static void address_of(uint32_t key, uint8_t *ret_family, uint8_t ret[16])
{
	memset(ret, 0, 16);
	*ret_family = key & 1 ? 4 : 6;
	memcpy(ret, &key, 4);
	if (key % 7 == 0)
		memset(ret, 0, 4); /* 0.0.0.0 and :: are addresses too */
	if (key & 2 && *ret_family == 6)
		ret[15] = (uint8_t)key;
}

static void agrees_with_an_array_over_random_changes(void **state)
{
	struct wg_hosts *t = NULL;
	uint32_t oracle[KEYS] = {0}, seed = 20260101;
	(void)state;
	for (uint32_t n = 0; n < STEPS; n++) {
		uint8_t family, addr[16];
		seed = seed * 1664525u + 1013904223u;
		uint32_t key = (seed >> 8) % KEYS;
		if (key % 7 == 0)
			key = key & 1 ? 7 : 14; /* those share one address per family */
		address_of(key, &family, addr);
		if (wg_hosts_get(t, family, addr) != oracle[key])
			fail_msg("step %u: key %u", n, key);
		oracle[key] = seed & 0x80 ? seed >> 12 | 1 : 0;
		wg_hosts_set(&t, free, family, addr, oracle[key]);
		assert_int_equal(wg_hosts_get(t, family, addr), oracle[key]);
	}
	free(t);
}

static void an_empty_table_has_nobody(void **state)
{
	uint8_t addr[16] = {10};
	struct wg_hosts *t = NULL;
	(void)state;
	assert_int_equal(wg_hosts_get(NULL, 4, addr), 0);
	wg_hosts_set(&t, free, 4, addr, 0);
	assert_null(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(agrees_with_an_array_over_random_changes),
					   cmocka_unit_test(an_empty_table_has_nobody)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
