/* SPDX-License-Identifier: Apache-2.0 */
/* ARP and neighbour discovery: what is built parses, and what breaks the RFCs does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "frame.h"
#include "icmp.h"
#include "neigh.h"

#define S 1000000000ull

static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1}, here[16] = {0xfe, 0x80, [15] = 1}, there[16] = {0xfe, 0x80, [15] = 2};

static struct nd solicitation(void)
{
	struct nd n = {.type = ND_SOLICIT};
	uint8_t group_mac[6];
	memcpy(n.source, here, 16);
	memcpy(n.target, there, 16);
	memcpy(n.mac, mac, 6);
	nd_solicited_node(there, n.destination, group_mac);
	return n;
}

/* After a change of the packet: its checksum is right again. */
static void seal(uint8_t p[ND_BYTES])
{
	p[42] = p[43] = 0;
	uint16_t c = ip6_checksum(p + 8, p + 24, 58, p + 40, ND_BYTES - 40);
	p[42] = (uint8_t)(c >> 8);
	p[43] = (uint8_t)c;
}

static void arp_that_was_built_parses(void **state)
{
	struct arp a = {.op = ARP_REQUEST, .sender_ip = {192, 0, 2, 1}, .target_ip = {192, 0, 2, 2}}, b;
	uint8_t bytes[ARP_BYTES];
	(void)state;
	memcpy(a.sender_mac, mac, 6);
	arp_build(bytes, &a);
	assert_true(arp_parse(bytes, sizeof(bytes), &b));
	assert_memory_equal(&a, &b, sizeof(a));
	assert_false(arp_parse(bytes, sizeof(bytes) - 1, &b));
	bytes[8] |= 1; /* a multicast MAC is nobody's */
	assert_false(arp_parse(bytes, sizeof(bytes), &b));
}

static void a_solicitation_that_was_built_parses(void **state)
{
	struct nd n = solicitation(), got;
	uint8_t p[ND_BYTES];
	(void)state;
	nd_build(p, &n);
	assert_true(nd_parse(p, sizeof(p), &got));
	assert_true(got.has_mac);
	assert_memory_equal(got.mac, mac, 6);
	assert_memory_equal(got.target, there, 16);
}

static void what_breaks_rfc_4861_is_refused(void **state)
{
	struct nd n = solicitation(), got;
	uint8_t p[ND_BYTES];
	(void)state;
	static const struct {
		size_t at;
		uint8_t value;
		bool reseal;
	} rows[] = {
		{7, 254, false}, /* from beyond the link */
		{41, 1, true},   /* code */
		{65, 0, true},   /* an option of no length */
		{65, 9, true},   /* one longer than the message */
		{48, 0xff, true}, /* a group as target */
		{66, 0x03, true}, /* a group's MAC */
		{42, 0, false},  /* checksum */
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		nd_build(p, &n);
		p[rows[i].at] = rows[i].value;
		if (rows[i].reseal)
			seal(p);
		if (nd_parse(p, sizeof(p), &got))
			fail_msg("row %zu was taken", i);
	}
	for (size_t bytes = 0; bytes < sizeof(p); bytes++) {
		nd_build(p, &n);
		assert_false(nd_parse(p, bytes, &got));
	}
}

/* §7.1.1, §7.1.2 */
static void addresses_must_fit_the_message(void **state)
{
	struct nd n = solicitation(), got;
	uint8_t p[ND_BYTES];
	(void)state;
	memset(n.source, 0, 16);
	nd_build(p, &n);
	assert_false(nd_parse(p, sizeof(p), &got)); /* a MAC of nobody's address */
	n = (struct nd){.type = ND_ADVERTISE, .solicited = true, .destination = {0xff, 2, [15] = 1}};
	memcpy(n.source, here, 16);
	memcpy(n.target, here, 16);
	memcpy(n.mac, mac, 6);
	nd_build(p, &n);
	assert_false(nd_parse(p, sizeof(p), &got)); /* an answer to all */
	n.solicited = false;
	nd_build(p, &n);
	assert_true(nd_parse(p, sizeof(p), &got));
}

static void too_big_tells_the_mtu_in_both_families(void **state)
{
	uint8_t v4[60] = {0x45, [3] = 60, [8] = 9, [9] = 17, [12] = 10, [15] = 1, [16] = 10, [19] = 2}, out[ICMP_ERROR_MAX];
	uint8_t v6[60] = {0x60, [5] = 20, [6] = 17, [7] = 9, [8] = 0xfd, [24] = 0xfd}, source[16] = {10, 0, 0, 9};
	(void)state;
	assert_true(icmp_may_answer(v4, sizeof(v4)));
	assert_int_equal(icmp_error_build(out, v4, sizeof(v4), source, ICMP_TOO_BIG, 1280), 28 + 60);
	assert_int_equal(out[20], 3);
	assert_int_equal(out[21], 4);
	assert_int_equal(out[26] << 8 | out[27], 1280);
	assert_int_equal(ip_checksum(out, 20), 0);
	assert_int_equal(ip_checksum(out + 20, 8 + 60), 0);
	assert_int_equal(icmp_error_build(out, v6, sizeof(v6), here, ICMP_TOO_BIG, 1280), 48 + 60);
	assert_int_equal(out[40], 2);
	assert_int_equal(out[46] << 8 | out[47], 1280);
	assert_int_equal(ip6_checksum(out + 8, out + 24, 58, out + 40, 8 + 60), 0);
}

static void extension_headers_hide_no_icmpv6_error(void **state)
{
	static const struct {
		const char *what;
		uint8_t first, headers[32], n, type;
		bool answered;
	} cases[] = {
		{"an error", 58, {0}, 0, 1, false},
		{"an echo", 58, {0}, 0, 128, true},
		{"a redirect", 58, {0}, 0, 137, false},
		{"an error behind hop by hop options", 0, {58, 0, 1, 4}, 8, 3, false},
		{"an echo behind them", 0, {58, 0, 1, 4}, 8, 128, true},
		{"an error behind destination options of 16 bytes", 60, {58, 1, 1, 12}, 16, 1, false},
		{"an error behind a routing and a fragment header", 43, {44, 0, [8] = 58}, 16, 2, false},
		{"an error behind an authentication header", 51, {58, 1}, 12, 1, false},
		{"a later fragment of ICMPv6", 44, {58, 0, 0, 8}, 8, 128, false},
		{"a later fragment of UDP", 44, {17, 0, 0, 8}, 8, 1, true},
		{"UDP behind hop by hop options", 0, {17, 0, 1, 4}, 8, 1, true},
		{"a header that is longer than the packet", 60, {58, 9}, 8, 128, false},
		{"nothing behind the header", 59, {0}, 0, 0, true},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t p[80] = {0x60, [6] = cases[i].first, [8] = 0xfd, [24] = 0xfd};
		memcpy(p + 40, cases[i].headers, cases[i].n);
		p[40 + cases[i].n] = cases[i].type;
		print_message("%s\n", cases[i].what);
		assert_int_equal(icmp_may_answer(p, 48u + cases[i].n), cases[i].answered);
	}
	uint8_t cut[44] = {0x60, [6] = 60, [8] = 0xfd, [24] = 0xfd, [40] = 58};
	assert_false(icmp_may_answer(cut, sizeof(cut)));
}

static void no_error_is_sent_about_errors_groups_and_later_fragments(void **state)
{
	uint8_t p[60] = {0x45, [3] = 60, [8] = 9, [9] = 1, [12] = 10, [16] = 10, [20] = 3};
	(void)state;
	assert_false(icmp_may_answer(p, sizeof(p))); /* unreachable */
	p[20] = 8;
	assert_true(icmp_may_answer(p, sizeof(p))); /* echo */
	p[7] = 1;
	assert_false(icmp_may_answer(p, sizeof(p))); /* a later fragment */
	p[7] = 0;
	p[16] = 224;
	assert_false(icmp_may_answer(p, sizeof(p)));
	p[16] = 10;
	p[12] = 0;
	assert_false(icmp_may_answer(p, sizeof(p))); /* from nobody */
}

static void a_neighbour_is_asked_three_times_and_given_up(void **state)
{
	struct neigh n;
	uint64_t now = 1 * S;
	unsigned int asked = 1;
	(void)state;
	assert_int_equal(neigh_begin(&n, now), NEIGH_REQUEST);
	enum neigh_action a = NEIGH_NOTHING;
	while (a != NEIGH_GIVE_UP) {
		now = n.next_ns;
		a = neigh_tick(&n, now);
		asked += a == NEIGH_REQUEST;
	}
	assert_int_equal(asked, 3);
	assert_int_equal(now, 4 * S);
}

static void a_neighbour_that_is_used_is_asked_again_after_30_seconds(void **state)
{
	struct neigh n = {0};
	(void)state;
	neigh_learnt(&n, 1 * S);
	assert_int_equal(neigh_used(&n, 20 * S), NEIGH_NOTHING);
	assert_int_equal(neigh_tick(&n, 31 * S), NEIGH_NOTHING);
	assert_true(neigh_is_usable(&n));
	assert_int_equal(neigh_used(&n, 32 * S), NEIGH_REQUEST);
	assert_true(neigh_is_usable(&n));
	neigh_learnt(&n, 33 * S);
	assert_int_equal(n.state, NEIGH_REACHABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arp_that_was_built_parses),
		cmocka_unit_test(a_solicitation_that_was_built_parses),
		cmocka_unit_test(what_breaks_rfc_4861_is_refused),
		cmocka_unit_test(addresses_must_fit_the_message),
		cmocka_unit_test(too_big_tells_the_mtu_in_both_families),
		cmocka_unit_test(no_error_is_sent_about_errors_groups_and_later_fragments),
		cmocka_unit_test(extension_headers_hide_no_icmpv6_error),
		cmocka_unit_test(a_neighbour_is_asked_three_times_and_given_up),
		cmocka_unit_test(a_neighbour_that_is_used_is_asked_again_after_30_seconds),
	};
	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
