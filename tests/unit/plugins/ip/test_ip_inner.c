/* SPDX-License-Identifier: Apache-2.0 */
/* Which inner packets may be forwarded: one sound packet, and one fault each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "frame.h"
#include "inner.h"

#define UDP  17
#define TCP  6
#define ICMP4 1
#define ICMP6 58

/* 28 bytes of IPv4 with eight of payload. */
static void make4(uint8_t p[28], uint8_t proto, uint16_t fragment, const uint8_t l4[8])
{
	memset(p, 0, 28);
	p[0] = 0x45;
	p[3] = 28;
	p[6] = (uint8_t)(fragment >> 8);
	p[7] = (uint8_t)fragment;
	p[9] = proto;
	uint16_t c = ip_checksum(p, 20);
	p[10] = (uint8_t)(c >> 8);
	p[11] = (uint8_t)c;
	memcpy(p + 20, l4, 8);
}

static void the_header_above_ip_must_fit(void **state)
{
	static const struct {
		uint8_t proto;
		uint16_t fragment;
		uint8_t l4[8];
		bool sound;
	} cases[] = {
		{UDP, 0, {0, 1, 0, 2, 0, 8}, true},
		{UDP, 0, {0, 1, 0, 2, 0, 9}, false},
		{UDP, 0, {0, 1, 0, 2, 0, 7}, false},
		{UDP, 0x2000, {0, 1, 0, 2, 5, 0}, true}, /* first fragment: its length is that of the whole */
		{UDP, 0x0001, {0xff}, true},		 /* a later fragment has no header */
		{TCP, 0, {0}, false},			 /* shorter than a TCP header */
		{ICMP4, 0, {8}, true},
		{ICMP6, 0, {128}, false},
		{50, 0, {1}, true},
	};
	uint8_t p[28];
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make4(p, cases[i].proto, cases[i].fragment, cases[i].l4);
		assert_int_equal(ip_inner_is_sound(p, sizeof(p)), cases[i].sound);
	}
}

static void a_wrong_header_checksum_or_length_is_noticed(void **state)
{
	uint8_t p[28];
	(void)state;
	make4(p, 50, 0, (const uint8_t[8]){0});
	p[8] ^= 1;
	assert_false(ip_inner_is_sound(p, 28));
	p[8] ^= 1;
	assert_true(ip_inner_is_sound(p, 28));
	assert_false(ip_inner_is_sound(p, 19));
	p[0] = 0x4f;
	assert_false(ip_inner_is_sound(p, 28));
	p[0] = 0x25;
	assert_false(ip_inner_is_sound(p, 28));
}

static void icmp_is_of_the_packets_family(void **state)
{
	uint8_t p[48] = {[0] = 0x60, [5] = 8, [6] = ICMP6, [40] = 128};
	(void)state;
	assert_true(ip_inner_is_sound(p, sizeof(p)));
	p[6] = ICMP4;
	assert_false(ip_inner_is_sound(p, sizeof(p)));
}

static void a_control_packet_is_known_by_its_zero_addresses(void **state)
{
	uint8_t p[48] = {[0] = 0x60, [5] = 8, [6] = 255, [40] = 2};
	(void)state;
	assert_true(ip_inner_is_control(p, sizeof(p)));
	assert_false(ip_inner_is_control(p, 39));
	uint8_t behind[56] = {0x60, [5] = 16, [6] = 60, [40] = 0xff}; /* destination options */
	assert_true(ip_inner_is_control(behind, sizeof(behind)));
	behind[40] = 17;
	assert_false(ip_inner_is_control(behind, sizeof(behind)));
	p[23] = 1;
	assert_false(ip_inner_is_control(p, sizeof(p)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_header_above_ip_must_fit),
		cmocka_unit_test(a_wrong_header_checksum_or_length_is_noticed),
		cmocka_unit_test(icmp_is_of_the_packets_family),
		cmocka_unit_test(a_control_packet_is_known_by_its_zero_addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
