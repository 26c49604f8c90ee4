/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses in the tunnel (portal §6.5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker/internal.h"
#include "rig.h"

static void an_index_is_an_address_of_each_pool(void **state)
{
	static const struct {
		uint32_t index;
		const char *ipv4, *ipv6;
	} cases[] = {{2, "100.64.0.2", "fd00:2021:1111::2"}, {0x100c07, "100.80.12.7", "fd00:2021:1111::10:c07"},
		     {(1u << 21) - 2, "100.95.255.254", "fd00:2021:1111::1f:fffe"}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[CP_ADDR_TEXT];
		struct cp_addr a = broker_pool_ipv4(cases[i].index);
		cp_ip_format(&a, text);
		assert_string_equal(text, cases[i].ipv4);
		a = broker_pool_ipv6(cases[i].index);
		cp_ip_format(&a, text);
		assert_string_equal(text, cases[i].ipv6);
	}
}

static void each_is_given_once_until_there_is_none(void **state)
{
	struct rig r;
	uint32_t index, n = 0;
	rig_open(&r);
	uint8_t *seen = calloc(1, 1u << 21);
	assert_true(broker_pool_claim(r.b, 77));
	assert_false(broker_pool_claim(r.b, 77));
	for (; n < 1000; n++) {
		assert_true(broker_pool_take(r.b, &index));
		assert_in_range(index, 2, (1u << 21) - 2);
		assert_true(index != 77 && !seen[index]);
		seen[index] = 1;
	}
	for (uint32_t i = 2; i <= (1u << 21) - 2; i++) /* all but the last few */
		if (!seen[i] && i != 77 && i % (1u << 18) != 5)
			assert_true(broker_pool_claim(r.b, i));
	for (n = 0; broker_pool_take(r.b, &index); n++)
		assert_int_equal(index % (1u << 18), 5);
	assert_int_equal(n, 8);
	broker_pool_give_back(r.b, 77);
	assert_true(broker_pool_take(r.b, &index));
	assert_int_equal(index, 77);
	free(seen);
	rig_close(&r);
}

static void without_an_address_a_device_is_refused(void **state)
{
	struct rig r;
	unsigned int status = 0;
	rig_open(&r);
	for (uint32_t i = 2; i <= (1u << 21) - 2; i++)
		broker_pool_claim(r.b, i);
	assert_int_equal(rig_connect(&r, &(struct rig_peer){.role = PORTAL_CLIENT, .external_id = "c"}, &status), 0);
	assert_int_equal(status, 503);
	assert_int_equal(rig_count(&r, BROKER_COUNT_QUOTA), 1);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_index_is_an_address_of_each_pool),
		cmocka_unit_test(each_is_given_once_until_there_is_none),
		cmocka_unit_test(without_an_address_a_device_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
