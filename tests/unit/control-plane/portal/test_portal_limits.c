/* SPDX-License-Identifier: Apache-2.0 */
/* control-plane/portal/portal_limits.c: what one source may cost, and all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "portal_limits.h"

#define NOW (1000 * CP_S)

static struct limits some_limits(uint32_t connections, uint32_t per_source, uint32_t handshakes, uint32_t handshakes_per_source);
static struct cp_addr v6(uint16_t network, uint16_t host);
static struct source *accepted(struct limits *l, const struct cp_addr *from);
static void leave(struct limits *l, struct source *s);

static void a_rate_gives_its_burst_and_then_one_by_one(void **state)
{
	struct rate r = {0};
	(void)state;
	for (int i = 0; i < 20; i++)
		assert_true(rate_take(&r, 10, 20, NOW));
	assert_false(rate_take(&r, 10, 20, NOW));
	assert_false(rate_has(&r, 10, 20, NOW + CP_S / 10 - 1));
	assert_true(rate_take(&r, 10, 20, NOW + CP_S / 10));
	assert_false(rate_take(&r, 10, 20, NOW + CP_S / 10));
	for (int i = 0; i < 20; i++)
		assert_true(rate_take(&r, 10, 20, NOW + 100 * CP_S)); /* never more than the burst */
	assert_false(rate_take(&r, 10, 20, NOW + 100 * CP_S));
}

static void a_rate_without_a_number_is_none(void **state)
{
	struct rate r = {0};
	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_true(rate_take(&r, 0, 0, NOW));
	assert_true(rate_take(&r, 1, 0, NOW)); /* a burst of none is one of one */
	assert_false(rate_take(&r, 1, 0, NOW));
}

static void several_at_once_are_taken_together_or_not_at_all(void **state)
{
	struct rate r = {0};
	(void)state;
	assert_true(rate_take_many(&r, 15, 10, 20, NOW));
	assert_false(rate_take_many(&r, 6, 10, 20, NOW));
	assert_true(rate_take_many(&r, 5, 10, 20, NOW));
	assert_false(rate_take(&r, 10, 20, NOW));
	assert_false(rate_take_many(&r, 1000, 10, 20, NOW + 2 * CP_S - 1));
	assert_true(rate_take_many(&r, 1000, 10, 20, NOW + 2 * CP_S)); /* more than there ever is: all there is */
	assert_false(rate_take(&r, 10, 20, NOW + 2 * CP_S));
	assert_true(rate_take_many(&r, 3, 0, 0, NOW));
}

/* Against the bucket everybody knows. */
static void a_rate_is_a_token_bucket(void **state)
{
	struct rate r = {0};
	const uint32_t per_s = 7, burst = 5;
	double level = burst;
	cp_time now = NOW;
	(void)state;
	srand(7);
	for (int i = 0; i < 20000; i++) {
		cp_time step = (cp_time)(rand() % 300) * CP_MS;
		now += step;
		level += (double)step / 1e9 * per_s;
		level = level > burst ? burst : level;
		if (level > 0.99999 && level < 1.00001)
			continue; /* which way it is rounded does not matter */
		bool expected = level >= 1;
		assert_int_equal(rate_take(&r, per_s, burst, now), expected);
		level -= expected;
	}
}

static void there_are_no_more_connections_than_the_file_or_the_system_allows(void **state)
{
	struct limits l = some_limits(3, 0, 100, 0);
	struct cp_addr from = cp_addr_v4(192, 0, 2, 1, 1);
	struct source *s, *none;
	(void)state;
	s = accepted(&l, &from);
	accepted(&l, &from);
	accepted(&l, &from);
	assert_int_equal(limits_accept(&l, &from, false, &none), REFUSAL_CONNECTIONS);
	assert_null(none);
	assert_int_equal(l.refused[REFUSAL_CONNECTIONS], 1);
	leave(&l, s);
	accepted(&l, &from);
	struct portal_config_limits more = l.is;
	more.connections = 100;
	limits_configure(&l, &more, 4);
	accepted(&l, &from);
	assert_int_equal(limits_accept(&l, &from, false, &none), REFUSAL_CONNECTIONS);
	for (int i = 0; i < 4; i++)
		leave(&l, s);
	limits_fini(&l);
}

static void strangers_are_counted_until_they_are_known(void **state)
{
	struct limits l = some_limits(100, 0, 2, 0);
	struct cp_addr a = cp_addr_v4(192, 0, 2, 1, 1), b = cp_addr_v4(192, 0, 2, 2, 1);
	struct source *none, *one = accepted(&l, &a), *two = accepted(&l, &b);
	(void)state;
	assert_ptr_not_equal(one, two);
	assert_int_equal(limits_accept(&l, &b, false, &none), REFUSAL_HANDSHAKES);
	limits_settled(&l, one);
	struct source *three = accepted(&l, &b);
	assert_ptr_equal(two, three);
	limits_gone(&l, one);
	leave(&l, two);
	leave(&l, three);
	assert_int_equal(l.connections + l.handshakes, 0);
	limits_fini(&l);
}

static void one_source_cannot_take_all_handshakes(void **state)
{
	struct limits l = some_limits(100, 0, 10, 2);
	struct cp_addr a = cp_addr_v4(192, 0, 2, 1, 1), again = cp_addr_v4(192, 0, 2, 1, 2), b = cp_addr_v4(192, 0, 2, 2, 1);
	struct source *none, *s = accepted(&l, &a);
	(void)state;
	accepted(&l, &again);
	assert_int_equal(limits_judge(&l, &a, false), REFUSAL_SOURCE_HANDSHAKES);
	assert_int_equal(limits_judge(&l, &a, true), REFUSAL_NONE);
	assert_int_equal(limits_judge(&l, &b, false), REFUSAL_NONE);
	assert_int_equal(l.refused[REFUSAL_SOURCE_HANDSHAKES], 0);
	assert_int_equal(limits_accept(&l, &a, false, &none), REFUSAL_SOURCE_HANDSHAKES);
	assert_int_equal(l.refused[REFUSAL_SOURCE_HANDSHAKES], 1);
	assert_int_equal(s->connections, 2);
	struct source *other = accepted(&l, &b);
	struct source *proxy;
	assert_int_equal(limits_accept(&l, &a, true, &proxy), REFUSAL_NONE); /* who speaks for many is not one */
	leave(&l, proxy);
	leave(&l, s);
	leave(&l, s);
	leave(&l, other);
	limits_fini(&l);
}

static void an_ipv6_source_is_its_network_of_64_bits(void **state)
{
	struct limits l = some_limits(100, 1, 100, 0);
	struct cp_addr a = v6(1, 1), b = v6(1, 2), c = v6(2, 1);
	struct source *one = accepted(&l, &a), *two = accepted(&l, &b), *three = accepted(&l, &c);
	(void)state;
	assert_ptr_equal(one, two);
	assert_ptr_not_equal(one, three);
	assert_int_equal(limits_request(&l, two, false, NOW), REFUSAL_SOURCE);
	assert_int_equal(limits_request(&l, two, true, NOW), REFUSAL_NONE);
	assert_int_equal(limits_request(&l, three, false, NOW), REFUSAL_NONE);
	assert_int_equal(l.refused[REFUSAL_SOURCE], 1);
	leave(&l, two);
	assert_int_equal(limits_request(&l, one, false, NOW), REFUSAL_NONE);
	leave(&l, one);
	leave(&l, three);
	limits_fini(&l);
}

static void bad_tokens_are_remembered_after_the_connection(void **state)
{
	struct limits l = some_limits(100, 0, 100, 0);
	struct cp_addr a = cp_addr_v4(192, 0, 2, 1, 1), b = cp_addr_v4(192, 0, 2, 2, 1);
	struct source *s;
	(void)state;
	for (int i = 0; i < 20; i++) {
		s = accepted(&l, &a);
		assert_int_equal(limits_request(&l, s, false, NOW), REFUSAL_NONE);
		limits_bad_token(&l, s, NOW);
		leave(&l, s);
	}
	s = accepted(&l, &a);
	assert_int_equal(limits_request(&l, s, false, NOW), REFUSAL_BAD_TOKENS);
	assert_int_equal(limits_request(&l, s, false, NOW + CP_S / 2), REFUSAL_NONE);
	struct source *other = accepted(&l, &b);
	assert_int_equal(limits_request(&l, other, false, NOW), REFUSAL_NONE);
	leave(&l, other);
	leave(&l, s);
	limits_fini(&l);
}

static void whom_a_proxy_names_bears_the_limits(void **state)
{
	struct limits l = some_limits(100, 1, 100, 1);
	struct cp_addr proxy = cp_addr_v4(10, 0, 0, 1, 1), a = cp_addr_v4(192, 0, 2, 1, 0);
	struct source *first = accepted(&l, &proxy), *second = NULL;
	(void)state;
	assert_int_equal(limits_accept(&l, &proxy, true, &second), REFUSAL_NONE);
	assert_ptr_equal(first, second);
	assert_int_equal(limits_forwarded(&l, &a, &first), REFUSAL_NONE);
	assert_int_equal(limits_forwarded(&l, &a, &second), REFUSAL_NONE);
	assert_ptr_equal(first, second);
	assert_int_equal(first->connections, 2);
	assert_int_equal(first->handshakes, 2);
	assert_int_equal(limits_request(&l, second, false, NOW), REFUSAL_SOURCE);
	struct source *itself = accepted(&l, &proxy); /* none of them is counted there any more */
	assert_int_equal(itself->handshakes, 1);
	leave(&l, itself);
	leave(&l, first);
	leave(&l, second);
	assert_int_equal(l.connections + l.handshakes, 0);
	limits_fini(&l);
}

static void memory_of_sources_that_left_is_bounded(void **state)
{
	struct limits l = some_limits(100000, 0, 100000, 0);
	(void)state;
	struct cp_addr staying = v6(0xffff, 1);
	struct source *kept = accepted(&l, &staying);
	for (uint32_t i = 0; i < 3 * SOURCES_REMEMBERED; i++) {
		struct cp_addr a = cp_addr_v4(10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i, 1);
		struct source *s = accepted(&l, &a);
		limits_bad_token(&l, s, NOW);
		leave(&l, s);
	}
	assert_int_equal(l.n_idle, SOURCES_REMEMBERED);
	assert_int_equal(l.sources.n, SOURCES_REMEMBERED + 1);
	struct cp_addr latest = cp_addr_v4(10, 0, (uint8_t)((3 * SOURCES_REMEMBERED - 1) >> 8), 0xff, 9);
	struct source *again = accepted(&l, &latest);
	assert_true(again->bad_tokens.full_at > 0); /* the oldest were forgotten, not the latest */
	leave(&l, again);
	leave(&l, kept);
	limits_fini(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rate_gives_its_burst_and_then_one_by_one),
		cmocka_unit_test(a_rate_without_a_number_is_none),
		cmocka_unit_test(several_at_once_are_taken_together_or_not_at_all),
		cmocka_unit_test(a_rate_is_a_token_bucket),
		cmocka_unit_test(there_are_no_more_connections_than_the_file_or_the_system_allows),
		cmocka_unit_test(strangers_are_counted_until_they_are_known),
		cmocka_unit_test(one_source_cannot_take_all_handshakes),
		cmocka_unit_test(an_ipv6_source_is_its_network_of_64_bits),
		cmocka_unit_test(bad_tokens_are_remembered_after_the_connection),
		cmocka_unit_test(whom_a_proxy_names_bears_the_limits),
		cmocka_unit_test(memory_of_sources_that_left_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

static struct limits some_limits(uint32_t connections, uint32_t per_source, uint32_t handshakes, uint32_t handshakes_per_source)
{
	static const uint8_t secret[16] = {1};
	const struct portal_config_limits is = {.connections = connections,
						.connections_per_source = per_source,
						.handshakes = handshakes,
						.handshakes_per_source = handshakes_per_source,
						.bad_tokens_per_s = 2};
	struct limits l;
	limits_init(&l, secret);
	limits_configure(&l, &is, UINT32_MAX);
	return l;
}

static struct cp_addr v6(uint16_t network, uint16_t host)
{
	struct cp_addr a = {.family = CP_V6, .ip = {0x20, 0x01, 0x0d, 0xb8}, .port = host};
	a.ip[6] = (uint8_t)(network >> 8);
	a.ip[7] = (uint8_t)network;
	a.ip[14] = (uint8_t)(host >> 8);
	a.ip[15] = (uint8_t)host;
	return a;
}

static struct source *accepted(struct limits *l, const struct cp_addr *from)
{
	struct source *s = NULL;
	assert_int_equal(limits_accept(l, from, false, &s), REFUSAL_NONE);
	assert_non_null(s);
	return s;
}

static void leave(struct limits *l, struct source *s)
{
	limits_settled(l, s);
	limits_gone(l, s);
}
