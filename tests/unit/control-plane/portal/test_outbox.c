/* SPDX-License-Identifier: Apache-2.0 */
/* control-plane/portal/outbox.c: what waits to be sent, messages in parts, and UTF-8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "outbox.h"

#define HEADROOM 16

static bool naive_is_utf8(const uint8_t *at, size_t bytes);

static void texts_leave_in_the_order_they_came(void **state)
{
	struct outbox o = {0};
	(void)state;
	for (size_t i = 0; i < 5; i++)
		assert_true(outbox_put(&o, HEADROOM, &"abcdefgh"[i], i));
	assert_int_equal(o.bytes, 0 + 1 + 2 + 3 + 4);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(o.head->bytes, i);
		if (i)
			assert_int_equal(o.head->room[HEADROOM], "abcde"[i]);
		outbox_pop(&o, HEADROOM);
	}
	assert_null(o.head);
	assert_int_equal(o.bytes, 0);
	assert_true(outbox_put(&o, HEADROOM, "again", 5));
	assert_memory_equal(o.head->room + HEADROOM, "again", 5);
	outbox_clear(&o, HEADROOM);
	assert_null(o.head);
	assert_int_equal(o.bytes, 0);
}

static void a_message_grows_by_its_parts(void **state)
{
	struct inbox i = {0};
	char part[100], whole[5000];
	size_t n = 0;
	(void)state;
	for (size_t bytes = 0; n + bytes <= sizeof(whole); bytes = (bytes + 7) % sizeof(part)) {
		memset(part, 'a' + (int)(bytes % 26), bytes);
		memcpy(whole + n, part, bytes);
		n += bytes;
		assert_true(inbox_add(&i, part, bytes));
		assert_int_equal(i.bytes, n);
		assert_true(i.room <= 2 * n + 2);
	}
	assert_memory_equal(i.text, whole, n);
	inbox_clear(&i);
	assert_null(i.text);
	assert_int_equal(i.bytes + i.room, 0);
}

static void utf8_is_that_of_the_rfc(void **state)
{
	static const struct {
		const char *text;
		bool is_utf8;
	} cases[] = {
		{"", true}, {"plain", true}, {"J\xc3\xbcrg", true}, {"\xe2\x82\xac", true}, {"\xf0\x9f\x98\x80", true}, {"\x7f", true},
		{"\xf4\x8f\xbf\xbf", true}, {"\xef\xbf\xbf", true}, {"\xed\x9f\xbf", true}, {"\xee\x80\x80", true},
		{"\xff", false}, {"\x80", false}, {"a\xbf", false}, {"\xc3", false}, {"\xc3(", false}, {"\xe2\x82", false},
		{"\xf0\x9f\x98", false}, {"\xc0\xaf", false}, {"\xc1\x81", false}, {"\xe0\x80\xaf", false}, {"\xe0\x9f\xbf", false},
		{"\xf0\x80\x80\x80", false}, {"\xf0\x8f\xbf\xbf", false}, {"\xed\xa0\x80", false}, {"\xed\xbf\xbf", false},
		{"\xf4\x90\x80\x80", false}, {"\xf5\x80\x80\x80", false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (text_is_utf8(cases[i].text, strlen(cases[i].text)) != cases[i].is_utf8)
			fail_msg("case %zu", i);
}

/* All sequences of up to two bytes, and many of four, against code points that are encoded anew. */
static void utf8_is_what_encodes_back_to_itself(void **state)
{
	uint8_t b[4];
	(void)state;
	srand(11);
	for (unsigned int i = 0; i < 65536; i++) {
		b[0] = (uint8_t)(i >> 8);
		b[1] = (uint8_t)i;
		assert_int_equal(text_is_utf8((const char *)b, 2), naive_is_utf8(b, 2));
	}
	for (unsigned int i = 0; i < 300000; i++) {
		for (size_t k = 0; k < 4; k++)
			b[k] = (uint8_t)(k == 0 ? 0xe0 | (rand() & 0x17) : 0x80 | (rand() & (rand() % 8 ? 0x3f : 0xff)));
		assert_int_equal(text_is_utf8((const char *)b, 4), naive_is_utf8(b, 4));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_leave_in_the_order_they_came),
		cmocka_unit_test(a_message_grows_by_its_parts),
		cmocka_unit_test(utf8_is_that_of_the_rfc),
		cmocka_unit_test(utf8_is_what_encodes_back_to_itself),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

static size_t encode(uint32_t c, uint8_t ret[4])
{
	if (c < 0x80)
		return ret[0] = (uint8_t)c, 1;
	if (c < 0x800)
		return ret[0] = (uint8_t)(0xc0 | c >> 6), ret[1] = (uint8_t)(0x80 | (c & 63)), 2;
	if (c < 0x10000)
		return ret[0] = (uint8_t)(0xe0 | c >> 12), ret[1] = (uint8_t)(0x80 | (c >> 6 & 63)), ret[2] = (uint8_t)(0x80 | (c & 63)), 3;
	ret[0] = (uint8_t)(0xf0 | c >> 18);
	ret[1] = (uint8_t)(0x80 | (c >> 12 & 63));
	ret[2] = (uint8_t)(0x80 | (c >> 6 & 63));
	ret[3] = (uint8_t)(0x80 | (c & 63));
	return 4;
}

static bool naive_is_utf8(const uint8_t *at, size_t bytes)
{
	if (bytes == 0)
		return true;
	size_t n = at[0] < 0x80 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
	if (n > bytes)
		return false;
	uint32_t c = n == 1 ? at[0] : at[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++)
		c = c << 6 | (at[i] & 63u);
	uint8_t again[4];
	if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000) || encode(c, again) != n || memcmp(again, at, n) != 0)
		return false;
	return naive_is_utf8(at + n, bytes - n);
}
