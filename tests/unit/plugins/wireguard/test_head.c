/* SPDX-License-Identifier: Apache-2.0 */
/* Outer headers against what a reader of the RFCs would write down, field by field, and checksums against plain sums. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "head.h"

#define ROUNDS 20000
#define MESSAGE_MAX 128

struct packet {
	uint8_t family, ecn, local[16], remote[16], message[MESSAGE_MAX];
	uint16_t local_port, remote_port;
	uint32_t bytes;
};

static uint64_t state = 0x9e3779b97f4a7c15ull;

static uint32_t random32(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 16);
}

/* Long runs of zeros and ones among them: sums that fold to 0 and 0xffff. */
static void random_bytes(uint8_t *p, size_t n)
{
	uint32_t kind = random32() % 4;
	for (size_t i = 0; i < n; i++)
		p[i] = kind == 0 ? 0 : kind == 1 ? 0xff : (uint8_t)random32();
}

static struct packet random_packet(uint8_t family)
{
	struct packet p = {.family = family, .ecn = random32() % 4, .bytes = random32() % (MESSAGE_MAX + 1)};
	random_bytes(p.local, 16);
	random_bytes(p.remote, 16);
	random_bytes(p.message, p.bytes);
	p.local_port = (uint16_t)random32();
	p.remote_port = (uint16_t)random32();
	return p;
}

/* Big-endian words, as RFC 1071 tells it. */
static uint32_t plain_sum(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static uint32_t word_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t ones_add(uint32_t a, uint32_t b)
{
	return (a + b) % 0xffff ? (a + b) % 0xffff : (a + b ? 0xffff : 0);
}

/* What goes into message_sum: words as they lie in memory, and a multiple of 0xffff, as wider words would leave it. */
static uint64_t native_sum(const uint8_t *p, size_t n)
{
	uint64_t sum = 0xffffull * random32() * (random32() % 4 << 12);
	for (size_t i = 0; i < n; i += 2) {
		uint8_t pair[2] = {p[i], i + 1 < n ? p[i + 1] : 0};
		uint16_t word;
		memcpy(&word, pair, 2);
		sum += word;
	}
	return sum;
}

static uint32_t pseudo_sum(const struct packet *p)
{
	size_t n = p->family == 4 ? 4 : 16;
	uint32_t sum = ones_add(plain_sum(p->local, n), plain_sum(p->remote, n));
	return ones_add(ones_add(sum, 17), p->bytes + 8);
}

static uint32_t udp_sum(const struct packet *p, const uint8_t *udp)
{
	return ones_add(ones_add(pseudo_sum(p), plain_sum(udp, 8)), plain_sum(p->message, p->bytes));
}

static void check_udp(const struct packet *p, const uint8_t *udp)
{
	assert_int_equal(word_at(udp), p->local_port);
	assert_int_equal(word_at(udp + 2), p->remote_port);
	assert_int_equal(word_at(udp + 4), p->bytes + 8);
	assert_int_not_equal(word_at(udp + 6), 0);
	assert_int_equal(udp_sum(p, udp), 0xffff);
}

static void check4(const struct packet *p, const uint8_t *ip)
{
	static const uint8_t id_and_df[4] = {0, 0, 0x40, 0};
	assert_int_equal(ip[0], 0x45);
	assert_int_equal(ip[1], p->ecn);
	assert_int_equal(word_at(ip + 2), p->bytes + 28);
	assert_memory_equal(ip + 4, id_and_df, 4);
	assert_int_equal(ip[8], 64);
	assert_int_equal(ip[9], 17);
	assert_int_equal(plain_sum(ip, 20), 0xffff);
	assert_memory_equal(ip + 12, p->local, 4);
	assert_memory_equal(ip + 16, p->remote, 4);
	check_udp(p, ip + 20);
}

static void check6(const struct packet *p, const uint8_t *ip)
{
	assert_int_equal((uint32_t)word_at(ip) << 16 | word_at(ip + 2), 6u << 28 | (uint32_t)p->ecn << 20);
	assert_int_equal(word_at(ip + 4), p->bytes + 8);
	assert_int_equal(ip[6], 17);
	assert_int_equal(ip[7], 64);
	assert_memory_equal(ip + 8, p->local, 16);
	assert_memory_equal(ip + 24, p->remote, 16);
	check_udp(p, ip + 40);
}

static struct wg_head head_of(const struct packet *p)
{
	struct wg_head h;
	wg_head_make(&h, p->family, p->local, p->remote, p->local_port, p->remote_port);
	return h;
}

static void headers_are_those_of_the_rfcs(void **unused)
{
	(void)unused;
	for (int i = 0; i < ROUNDS; i++) {
		struct packet p = random_packet(i % 2 ? 4 : 6);
		struct wg_head h = head_of(&p);
		uint8_t at[WG_HEAD6_BYTES + 1];
		memset(at, 0xa5, sizeof(at));
		assert_int_equal(h.size, p.family == 4 ? 28 : 48);
		wg_head_put(at, &h, p.bytes, p.ecn, native_sum(p.message, p.bytes));
		assert_int_equal(at[h.size], 0xa5);
		if (p.family == 4)
			check4(&p, at);
		else
			check6(&p, at);
	}
}

static void a_path_serves_packets_of_any_length(void **unused)
{
	(void)unused;
	struct packet p = random_packet(4);
	struct wg_head h = head_of(&p);
	for (p.bytes = 0; p.bytes <= MESSAGE_MAX; p.bytes++) {
		uint8_t at[WG_HEAD6_BYTES];
		random_bytes(p.message, p.bytes);
		p.ecn = p.bytes % 4;
		wg_head_put(at, &h, p.bytes, p.ecn, native_sum(p.message, p.bytes));
		check4(&p, at);
	}
}

static void a_port_that_sums_gets_the_pseudo_header(void **unused)
{
	(void)unused;
	for (int i = 0; i < ROUNDS; i++) {
		struct packet p = random_packet(i % 2 ? 4 : 6);
		struct wg_head h = head_of(&p);
		uint8_t at[WG_HEAD6_BYTES];
		h.sums_ip = h.sums_udp = false;
		wg_head_put(at, &h, p.bytes, p.ecn, random32());
		assert_int_equal(word_at(at + h.size - 2), pseudo_sum(&p));
		if (p.family == 4)
			assert_int_equal(word_at(at + 10), 0);
	}
}

/* RFC 768: 0 would mean that there is none. The message is the complement of all the rest. */
static void a_checksum_of_zero_is_sent_as_its_twin(void **unused)
{
	(void)unused;
	for (int i = 0; i < 100; i++) {
		struct packet p = random_packet(i % 2 ? 4 : 6);
		uint8_t at[WG_HEAD6_BYTES];
		p.bytes = 2;
		struct wg_head h = head_of(&p);
		wg_head_put(at, &h, p.bytes, p.ecn, 0);
		memcpy(p.message, at + h.size - 2, 2);
		wg_head_put(at, &h, p.bytes, p.ecn, native_sum(p.message, 2));
		assert_int_equal(word_at(at + h.size - 2), 0xffff);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_are_those_of_the_rfcs),
		cmocka_unit_test(a_path_serves_packets_of_any_length),
		cmocka_unit_test(a_checksum_of_zero_is_sent_as_its_twin),
		cmocka_unit_test(a_port_that_sums_gets_the_pseudo_header),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
