/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "ice/candidate.h"

static int parse(const char *text, struct ice_candidate *c)
{
	return ice_candidate_parse(text, strlen(text), c);
}

static struct cp_addr at(const char *ip, uint16_t port)
{
	struct cp_addr a;
	assert_true(cp_ip_parse(ip, strlen(ip), &a));
	a.port = port;
	return a;
}

static void reads_what_stock_writes(void **state)
{
	static const struct {
		const char *text, *ip, *raddr, *ufrag;
		uint32_t priority;
		uint16_t port;
		enum ice_kind kind;
	} rows[] = {
		{"candidate:fffeff7e85b989a9086dd1e5 1 udp 2130706175 192.0.2.10 52625 typ host ufrag resc", "192.0.2.10", NULL, "resc",
		 2130706175, 52625, ICE_HOST},
		{"candidate:ffffff7e9a7aee9c105e272a 1 udp 2130706431 2001:db8::10 52625 typ host ufrag resc", "2001:db8::10", NULL,
		 "resc", 2130706431, 52625, ICE_HOST},
		{"candidate:fffeff645bf412bf9fadb641 1 udp 1694498559 198.51.100.7 40000 typ srflx raddr 0.0.0.0 rport 0",
		 "198.51.100.7", "0.0.0.0", "", 1694498559, 40000, ICE_SRFLX},
		{"candidate:fffe3f0273ac5a45cf1d68ff 1 udp 37748479 203.0.113.5 60000 typ relay raddr 0.0.0.0 rport 0 ufrag resc",
		 "203.0.113.5", "0.0.0.0", "resc", 37748479, 60000, ICE_RELAY},
		{"candidate:ff173c028b63dfb5b556ba3c 1 udp 37492735 2001:db8:5::5 60000 typ relay raddr :: rport 0 ufrag resc",
		 "2001:db8:5::5", "::", "resc", 37492735, 60000, ICE_RELAY},
		{"candidate:fffeff6435be70ddbf995982 1 udp 1694498559 87.121.72.60 57114 typ srflx raddr 0.0.0.0 rport 0",
		 "87.121.72.60", "0.0.0.0", "", 1694498559, 57114, ICE_SRFLX},
		{"candidate:1 1 UDP 2130706431 2001:db8::1 52625 typ host ufrag abcd generation 0", "2001:db8::1", NULL, "abcd",
		 2130706431, 52625, ICE_HOST},
		{"candidate:1 1 udp 1 1.2.3.4 5 typ relay", "1.2.3.4", NULL, "", 1, 5, ICE_RELAY},
		{"candidate:1 1 udp 1 1.2.3.4 5 typ prflx", "1.2.3.4", NULL, "", 1, 5, ICE_PRFLX},
		{"candidate:1  1\tudp 1 1.2.3.4 5 typ host", "1.2.3.4", NULL, "", 1, 5, ICE_HOST},
		{"candidate:1 1 udp 1 1.2.3.4 5 typ srflx network-cost 5 ufrag u rport 7 generation 0 raddr 10.0.0.1", "1.2.3.4",
		 "10.0.0.1", "u", 1, 5, ICE_SRFLX},
		{"candidate:1 1 udp 1 1.2.3.4 5 typ host rport 9", "1.2.3.4", NULL, "", 1, 5, ICE_HOST},
		{"candidate:1 1 udp 1 1.2.3.4 5 typ host generation", "1.2.3.4", NULL, "", 1, 5, ICE_HOST},
		{"candidate:1 1 udp 4294967295 1.2.3.4 65535 typ host\r\n", "1.2.3.4", NULL, "", 4294967295, 65535, ICE_HOST},
	};
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct ice_candidate c;
		struct cp_addr addr = at(rows[i].ip, rows[i].port);
		assert_int_equal(parse(rows[i].text, &c), 0);
		assert_true(cp_addr_equal(&c.addr, &addr) && cp_addr_equal(&c.base, &addr));
		assert_int_equal(c.priority, rows[i].priority);
		assert_int_equal(c.kind, rows[i].kind);
		assert_string_equal(c.ufrag, rows[i].ufrag);
		if (rows[i].raddr) {
			struct cp_addr raddr = at(rows[i].raddr, strstr(rows[i].text, "rport 7") ? 7 : 0);
			assert_true(cp_addr_equal(&c.raddr, &raddr));
		} else {
			assert_int_equal(c.raddr.family, CP_NONE);
			assert_int_equal(c.raddr.port, 0);
		}
	}
	(void)state;
}

static void refuses_the_rest(void **state)
{
	static const struct {
		const char *text;
		int outcome;
	} rows[] = {
		{"", ICE_E_NOT_A_CANDIDATE},
		{"foo", ICE_E_NOT_A_CANDIDATE},
		{"candidate:", ICE_E_NOT_A_CANDIDATE},
		{"candidate: 1 udp 1 1.2.3.4 5 typ host", ICE_E_NOT_A_CANDIDATE},
		{"a=candidate:1 1 udp 1 1.2.3.4 5 typ host", ICE_E_NOT_A_CANDIDATE},
		{"candidate:1 1 udp 1 1.2.3.4 5 typ", ICE_E_NOT_A_CANDIDATE},
		{"candidate:1 1 udp 1 1.2.3.4 5", ICE_E_NOT_A_CANDIDATE},
		{"candidate:1 1 udp 1 1.2.3.4 5 typ HOST", ICE_E_NOT_A_CANDIDATE},
		{"candidate:1 1 udp 1 1.2.3.4 5 typ hosts", ICE_E_NOT_A_CANDIDATE},
		{"candidate:1 1 udp 1 1.2.3.4 65536 typ host", ICE_E_NOT_A_CANDIDATE},
		{"candidate:1 1 udp 4294967296 1.2.3.4 5 typ host", ICE_E_NOT_A_CANDIDATE},
		{"candidate:1 1 udp 18446744073709551617 1.2.3.4 5 typ host", ICE_E_NOT_A_CANDIDATE},
		{"candidate:1 1 udp -1 1.2.3.4 5 typ host", ICE_E_NOT_A_CANDIDATE},
		{"candidate:1 65537 udp 1 1.2.3.4 5 typ host", ICE_E_NOT_A_CANDIDATE},
		{"candidate:1 1 sctp 1 1.2.3.4 5 typ host", ICE_E_NOT_A_CANDIDATE},
		{"candidate:1 1 udp 1 name.local 5 typ host", ICE_E_NOT_A_CANDIDATE},
		{"candidate:1 1 udp 1 [2001:db8::1] 5 typ host", ICE_E_NOT_A_CANDIDATE},
		{"candidate:1 1 udp 1 fe80::1%eth0 5 typ host", ICE_E_NOT_A_CANDIDATE},
		{"candidate:1 1 udp 1 1.2.3.4 5 typ srflx raddr x rport 0", ICE_E_NOT_A_CANDIDATE},
		{"candidate:1 1 udp 1 1.2.3.4 5 typ srflx raddr 0.0.0.0 rport 65536", ICE_E_NOT_A_CANDIDATE},
		{"candidate:1 2 udp 1 1.2.3.4 5 typ host", ICE_E_NOT_USABLE},
		{"candidate:1 0 udp 1 1.2.3.4 5 typ host", ICE_E_NOT_USABLE},
		{"candidate:1 1 tcp 1 1.2.3.4 9 typ host tcptype active", ICE_E_NOT_USABLE},
		{"candidate:1 1 SSLTCP 1 1.2.3.4 9 typ host", ICE_E_NOT_USABLE},
		{"candidate:1 1 udp 1 1.2.3.4 0 typ host", ICE_E_NOT_USABLE},
		{"candidate:1 1 udp 1 0.0.0.0 5 typ host", ICE_E_NOT_USABLE},
		{"candidate:1 1 udp 1 255.255.255.255 5 typ host", ICE_E_NOT_USABLE},
		{"candidate:1 1 udp 1 224.0.0.1 5 typ host", ICE_E_NOT_USABLE},
		{"candidate:1 1 udp 1 ff02::1 5 typ host", ICE_E_NOT_USABLE},
		{"candidate:1 1 udp 1 1.2.3.4 5 typ host ufrag 0123456789012345678901234567890123", ICE_E_NOT_A_CANDIDATE},
	};
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct ice_candidate c = {.kind = 77};
		assert_int_equal(parse(rows[i].text, &c), rows[i].outcome);
		assert_int_equal(c.kind, 77);
	}
	(void)state;
}

static void writes_what_both_generations_read(void **state)
{
	char text[ICE_CANDIDATE_TEXT];
	struct ice_candidate c = {.addr = at("192.0.2.10", 52625), .priority = 2130706175, .kind = ICE_HOST};
	size_t n = ice_candidate_format(&c, "resc", text);
	assert_int_equal(n, strlen(text));
	assert_memory_equal(text, "candidate:", 10);
	assert_string_equal(strchr(text, ' '), " 1 udp 2130706175 192.0.2.10 52625 typ host ufrag resc");
	assert_in_range(strchr(text, ' ') - text - 10, 1, 32);

	c = (struct ice_candidate){.addr = at("198.51.100.7", 40000), .priority = 1686109951, .kind = ICE_SRFLX};
	ice_candidate_format(&c, NULL, text);
	assert_string_equal(strchr(text, ' '), " 1 udp 1686109951 198.51.100.7 40000 typ srflx raddr 0.0.0.0 rport 0");

	c = (struct ice_candidate){.addr = at("2001:db8:5::5", 60000), .priority = 37492735, .kind = ICE_RELAY};
	ice_candidate_format(&c, "", text);
	assert_string_equal(strchr(text, ' '), " 1 udp 37492735 2001:db8:5::5 60000 typ relay raddr :: rport 0");
	(void)state;
}

/* The longest there is, and its identity survives the way there and back. */
static void what_is_written_is_read_as_the_same(void **state)
{
	char text[ICE_CANDIDATE_TEXT], ufrag[ICE_UFRAG_MAX + 1];
	struct ice_candidate c = {.addr = at("1111:2222:3333:4444:5555:6666:7777:8888", 65535), .priority = UINT32_MAX};
	memset(ufrag, 'u', ICE_UFRAG_MAX);
	ufrag[ICE_UFRAG_MAX] = 0;
	for (enum ice_kind k = ICE_HOST; k <= ICE_RELAY; k++) {
		struct ice_candidate once, twice;
		c.kind = (uint8_t)k;
		assert_in_range(ice_candidate_format(&c, ufrag, text), 1, ICE_CANDIDATE_TEXT - 1);
		assert_int_equal(parse(text, &once), 0);
		assert_int_equal(once.priority, c.priority);
		assert_string_equal(once.ufrag, ufrag);
		once.priority = 1;
		ice_candidate_format(&once, NULL, text);
		assert_int_equal(parse(text, &twice), 0);
		assert_true(ice_candidate_same(&once, &twice));
	}
	(void)state;
}

static void identity_is_kind_address_and_raddr(void **state)
{
	struct ice_candidate a = {.addr = at("1.2.3.4", 5), .kind = ICE_SRFLX, .priority = 1}, b = a;
	b.priority = 2;
	strcpy(b.ufrag, "x");
	assert_true(ice_candidate_same(&a, &b));
	b.raddr = at("0.0.0.0", 0);
	assert_false(ice_candidate_same(&a, &b));
	b = a;
	b.kind = ICE_RELAY;
	assert_false(ice_candidate_same(&a, &b));
	b = a;
	b.addr.port = 6;
	assert_false(ice_candidate_same(&a, &b));
	(void)state;
}

static void priorities_are_those_on_the_wire(void **state)
{
	static const struct {
		enum ice_kind kind;
		unsigned int nth;
		bool cross;
		uint32_t v4, v6;
	} rows[] = {
		{ICE_HOST, 0, false, 2130706175, 2130706431},
		{ICE_HOST, 1, false, 2130705663, 2130705919},
		{ICE_SRFLX, 0, false, 1686109951, 1686110207},
		{ICE_RELAY, 0, false, 37748479, 37748735},
		{ICE_RELAY, 0, true, 37492479, 37492735},
		{ICE_PRFLX, 0, false, (110u << 24) + (49150u << 8) + 255, (110u << 24) + (49151u << 8) + 255},
	};
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(ice_priority(rows[i].kind, CP_V4, rows[i].nth, rows[i].cross), rows[i].v4);
		assert_int_equal(ice_priority(rows[i].kind, CP_V6, rows[i].nth, rows[i].cross), rows[i].v6);
	}
	assert_int_equal(ice_priority(ICE_RELAY, CP_V4, 100000, true), (2u << 24) + 255); /* never below its kind */
	(void)state;
}

static void checks_have_the_priority_of_a_reflexive_candidate(void **state)
{
	static const uint32_t rows[][2] = {{2130706175, 1862270719}, {2130706431, 1862270975}, {37748479, 1849687807},
					   {37748735, 1849688063},   {37492735, 1849432063},   {37492479, 1849431807}};
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(ice_check_priority(rows[i][0]), rows[i][1]);
	(void)state;
}

static void pair_priorities_break_ties_by_the_controlling_side(void **state)
{
	assert_true(ice_pair_priority(1, 2) == (1ull << 32) + 4);
	assert_true(ice_pair_priority(2, 1) == (1ull << 32) + 5);
	assert_true(ice_pair_priority(7, 7) == (7ull << 32) + 14);
	assert_true(ice_pair_priority(UINT32_MAX, UINT32_MAX) == (0xffffffffull << 32) + 0x1fffffffeull);
	(void)state;
}

static void only_addresses_of_one_host_are_usable(void **state)
{
	static const char *const good[] = {"192.168.1.10", "127.0.0.1", "10.0.0.1", "198.51.100.7", "2001:db8::1", "::1", "fd00::1"};
	static const char *const bad[] = {"0.0.0.0", "255.255.255.255", "224.0.0.1", "239.255.255.255", "169.254.1.1", "::",
					  "ff02::1", "fe80::1", "febf::1"};
	for (unsigned int i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct cp_addr a = at(good[i], 1);
		assert_true(ice_address_is_usable(&a));
	}
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct cp_addr a = at(bad[i], 1);
		assert_false(ice_address_is_usable(&a));
	}
	struct cp_addr no_port = at("192.0.2.1", 0), none = {.port = 7};
	assert_false(ice_address_is_usable(&no_port));
	assert_false(ice_address_is_usable(&none));
	(void)state;
}

/* Every prefix and thousands of damaged copies: nothing but an outcome comes of them. */
static void damaged_text_is_harmless(void **state)
{
	static const char whole[] =
		"candidate:1 1 udp 2130706431 2001:db8::1 52625 typ srflx raddr 0.0.0.0 rport 0 ufrag abcd generation 0";
	struct cp_rng rng;
	cp_rng_seed(&rng, (const uint8_t[16]){1});
	for (size_t n = 0; n < sizeof(whole); n++) {
		struct ice_candidate c;
		char *text = malloc(n + 1); /* exactly as long, so that a sanitizer sees one byte too many */
		memcpy(text, whole, n);
		int e = ice_candidate_parse(text, n, &c);
		assert_true(e >= 0 && e <= ICE_E_NOT_USABLE);
		free(text);
	}
	for (unsigned int round = 0; round < 20000; round++) {
		struct ice_candidate c = {0};
		char text[sizeof(whole)];
		memcpy(text, whole, sizeof(whole));
		for (unsigned int k = 0; k < 1 + cp_rng_below(&rng, 4); k++)
			text[cp_rng_below(&rng, sizeof(text) - 1)] = (char)cp_rng_below(&rng, 256);
		if (ice_candidate_parse(text, sizeof(text) - 1, &c) == 0) {
			assert_true(c.addr.port > 0 && c.addr.family != CP_NONE && c.kind >= ICE_HOST && c.kind <= ICE_RELAY);
			assert_true(memchr(c.ufrag, 0, sizeof(c.ufrag)) != NULL);
		}
	}
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_stock_writes),
		cmocka_unit_test(refuses_the_rest),
		cmocka_unit_test(writes_what_both_generations_read),
		cmocka_unit_test(what_is_written_is_read_as_the_same),
		cmocka_unit_test(identity_is_kind_address_and_raddr),
		cmocka_unit_test(priorities_are_those_on_the_wire),
		cmocka_unit_test(checks_have_the_priority_of_a_reflexive_candidate),
		cmocka_unit_test(pair_priorities_break_ties_by_the_controlling_side),
		cmocka_unit_test(only_addresses_of_one_host_are_usable),
		cmocka_unit_test(damaged_text_is_harmless),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
