/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>

#include "base/addr.h"
#include "base/rng.h"

/* inet_pton() is the naive oracle; it reads what is terminated. */
static bool oracle(const char *text, struct cp_addr *ret)
{
	*ret = (struct cp_addr){.family = CP_V4};
	if (inet_pton(AF_INET, text, ret->ip) == 1)
		return true;
	*ret = (struct cp_addr){.family = CP_V6};
	return inet_pton(AF_INET6, text, ret->ip) == 1;
}

static void agrees(const char *text)
{
	struct cp_addr is = {.port = 7}, should;
	bool good = oracle(text, &should);
	if (cp_ip_parse(text, strlen(text), &is) != good || (good && !cp_addr_equal(&is, &should))) {
		print_error("\"%s\"\n", text);
		fail();
	}
	assert_true(good || is.port == 7);
}

static void reads_what_inet_pton_reads(void **s)
{
	static const char *const texts[] = {"", "0.0.0.0", "255.255.255.255", "256.1.1.1", "1.2.3", "1.2.3.4.5", "1.2.3.4 ", " 1.2.3.4",
		"01.2.3.4", "1..2.3", "1.2.3.", "::", "::1", "1::", ":::", "1:::2", "::1::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "::ffff:1.2.3.4", "1:2:3:4:5:6:1.2.3.4", "::1.2.3",
		"1:2:3:4:5:6:7:1.2.3.4", "::1.2.3.4:1", "fe80::1%eth0", "12345::", "g::", "2001:DB8::A", "[::1]", ":1", "1:", "-1::",
		"0000:0000:0000:0000:0000:0000:0000:0000", "::00001"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		agrees(texts[i]);
}

static void reads_random_text_as_inet_pton_does(void **s)
{
	static const char letters[] = "0123456789abcdefAF::::....g%";
	static const uint8_t seed[16] = {4};
	struct cp_rng r;
	cp_rng_seed(&r, seed);
	for (int i = 0; i < 300000; i++) {
		char text[24];
		uint32_t n = cp_rng_below(&r, sizeof(text));
		for (uint32_t k = 0; k < n; k++)
			text[k] = letters[cp_rng_below(&r, sizeof(letters) - 1)];
		text[n] = 0;
		agrees(text);
	}
}

static void random_address(struct cp_rng *r, struct cp_addr *a)
{
	*a = (struct cp_addr){.family = cp_rng_below(r, 2) ? CP_V4 : CP_V6, .port = (uint16_t)cp_rng_u64(r)};
	for (size_t i = 0; i < cp_ip_bytes(a); i++)
		a->ip[i] = cp_rng_below(r, 3) ? 0 : (uint8_t)cp_rng_u64(r); /* runs of zeros */
}

/* inet_ntop() writes mapped addresses with dots, which RFC 5952 §5 leaves open. */
static bool is_mapped(const struct cp_addr *a)
{
	static const uint8_t zeros[10];
	return a->family == CP_V6 && memcmp(a->ip, zeros, sizeof(zeros)) == 0;
}

static void writes_what_inet_ntop_writes_and_reads_it_back(void **s)
{
	static const uint8_t seed[16] = {5};
	struct cp_rng r;
	cp_rng_seed(&r, seed);
	for (int i = 0; i < 100000; i++) {
		struct cp_addr a, back;
		char is[CP_ADDR_TEXT], should[INET6_ADDRSTRLEN];
		random_address(&r, &a);
		size_t n = cp_ip_format(&a, is);
		assert_int_equal(n, strlen(is));
		inet_ntop(a.family == CP_V4 ? AF_INET : AF_INET6, a.ip, should, sizeof(should));
		if (!is_mapped(&a))
			assert_string_equal(is, should);
		assert_true(cp_ip_parse(is, n, &back));
		assert_true(cp_ip_equal(&a, &back));
	}
}

static void writes_ports(void **s)
{
	struct cp_addr a = cp_addr_v4(192, 0, 2, 1, 65535), b = {.family = CP_V6, .port = 7}, none = {0};
	char text[CP_ADDR_TEXT];
	memset(b.ip, 0xff, sizeof(b.ip));
	cp_addr_format(&a, text);
	assert_string_equal(text, "192.0.2.1:65535");
	size_t n = cp_addr_format(&b, text);
	assert_int_equal(n, strlen(text));
	assert_string_equal(text, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:7");
	cp_ip_format(&none, text);
	assert_string_equal(text, "none");
}

static void the_port_is_no_part_of_the_ip(void **s)
{
	struct cp_addr a = cp_addr_v4(192, 0, 2, 1, 1), b = cp_addr_v4(192, 0, 2, 1, 2), c = {.ip = {192, 0, 2, 1}, .family = CP_V6};
	assert_false(cp_addr_equal(&a, &b));
	assert_true(cp_ip_equal(&a, &b));
	assert_false(cp_ip_equal(&a, &c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_inet_pton_reads),
		cmocka_unit_test(reads_random_text_as_inet_pton_does),
		cmocka_unit_test(writes_what_inet_ntop_writes_and_reads_it_back),
		cmocka_unit_test(writes_ports),
		cmocka_unit_test(the_port_is_no_part_of_the_ip),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
