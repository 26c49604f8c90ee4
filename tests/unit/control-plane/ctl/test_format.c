/* SPDX-License-Identifier: Apache-2.0 */
/* control-plane/ctl/format.c and table.c: values and columns for people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "format.h"
#include "table.h"

#define MS 1000000ull
#define S  (1000 * MS)

static void durations_have_the_unit_that_matters(void **state)
{
	static const struct {
		uint64_t ns;
		const char *duration, *ago;
	} rows[] = {
	    {0, "0 ms", "just now"},
	    {350 * MS, "350 ms", "just now"},
	    {999999999, "999 ms", "just now"},
	    {1530 * MS, "1.53 s", "1 s ago"},
	    {9 * S + 70 * MS, "9.07 s", "9 s ago"},
	    {59 * S, "59 s", "59 s ago"},
	    {125 * S, "2 min 5 s", "2 min 5 s ago"},
	    {3600 * S + 61 * S, "1 h 1 min", "1 h 1 min ago"},
	    {(86400 * 2 + 7200) * S, "2 d 2 h", "2 d 2 h ago"},
	    {UINT64_MAX - 1, "213503 d 23 h", "213503 d 23 h ago"},
	    {UINT64_MAX, "never", "never"},
	};
	char text[FMT_BYTES];
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_string_equal(fmt_duration(text, rows[i].ns), rows[i].duration);
		assert_string_equal(fmt_ago(text, rows[i].ns), rows[i].ago);
	}
}

static void sizes_and_counts_are_readable(void **state)
{
	char text[FMT_BYTES];
	assert_string_equal(fmt_size(text, 0), "0 B");
	assert_string_equal(fmt_size(text, 1023), "1023 B");
	assert_string_equal(fmt_size(text, 1536), "1.50 KiB");
	assert_string_equal(fmt_size(text, 3ull << 30), "3.00 GiB");
	assert_string_equal(fmt_size(text, UINT64_MAX), "16.00 EiB");
	assert_string_equal(fmt_count(text, 7), "7");
	assert_string_equal(fmt_count(text, 999), "999");
	assert_string_equal(fmt_count(text, 1000), "1 000");
	assert_string_equal(fmt_count(text, 1234567), "1 234 567");
	assert_string_equal(fmt_count(text, UINT64_MAX), "18 446 744 073 709 551 615");
}

static void addresses_look_as_people_write_them(void **state)
{
	const struct nf_addr v4 = {.addr = {192, 0, 2, 1}, .port = 51820, .family = 4, .prefix_len = 24};
	const struct nf_addr v6 = {.addr = {0xfd, 1, [15] = 2}, .port = 7, .family = 6, .prefix_len = 64};
	const struct nf_addr none = {.port = 9};
	char text[FMT_BYTES];
	assert_string_equal(fmt_addr(text, &v4), "192.0.2.1");
	assert_string_equal(fmt_prefix(text, &v4), "192.0.2.1/24");
	assert_string_equal(fmt_endpoint(text, &v4), "192.0.2.1:51820");
	assert_string_equal(fmt_prefix(text, &v6), "fd01::2/64");
	assert_string_equal(fmt_endpoint(text, &v6), "[fd01::2]:7");
	assert_string_equal(fmt_endpoint(text, &none), "unknown");
	assert_string_equal(fmt_mac(text, (const uint8_t[]){2, 0, 0, 0xab, 0xcd, 0xef}), "02:00:00:ab:cd:ef");
}

static void keys_are_base64(void **state)
{
	uint8_t key[NF_KEY_BYTES];
	char text[FMT_KEY_BYTES];
	for (unsigned int i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)(i * 8 + 3);
	assert_string_equal(fmt_key(text, key), "AwsTGyMrMztDS1NbY2tze4OLk5ujq7O7w8vT2+Pr8/s=");
}

static void a_name_cannot_command_the_terminal(void **state)
{
	char name[NF_NAME_BYTES], text[NF_NAME_BYTES];
	memset(name, 'x', sizeof(name)); /* nothing ends it */
	memcpy(name, "\033[2J\n", 5);
	assert_string_equal(fmt_name(text, name), "?[2J?xxxxxxxxxxxxxxxxxxxxxxxxxx");
}

static void states_beyond_the_known_are_unknown(void **state)
{
	assert_string_equal(fmt_peer_state(NF_PEER_STATE_UP), "up");
	assert_string_equal(fmt_peer_state(NF_PEER_STATE_CLOSED), "closed");
	assert_string_equal(fmt_peer_state(NF_PEER_STATE_CLOSED + 1), "unknown");
	assert_string_equal(fmt_outcome(NF_CLOSED_NO_SESSION), "no_session");
	assert_string_equal(fmt_outcome(NF_CLOSED_FAILED + 1), "unknown");
	assert_string_equal(fmt_reason(NF_CLOSE_STOP), "stop");
	assert_string_equal(fmt_reason(NF_CLOSE_STOP + 1), "unknown");
}

static void columns_are_as_wide_as_their_widest_cell(void **state)
{
	static const char *const headers[] = {"name", ">n", "why"};
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);
	struct table t;
	table_begin(&t, 3, headers);
	table_add(&t, TONE_PLAIN, "%s", "é");
	table_add(&t, TONE_BAD, "%d", 12345);
	table_add(&t, TONE_PLAIN, "b");
	table_end(&t, out, false);
	fclose(out);
	assert_string_equal(text, "name      n  why\n"
				  "é     12345  b\n");
	free(text);
}

static void colour_is_escaped_and_ended(void **state)
{
	assert_string_equal(tone_on(TONE_BAD, true), "\033[31m");
	assert_string_equal(tone_off(TONE_BAD, true), "\033[0m");
	assert_string_equal(tone_on(TONE_BAD, false), "");
	assert_string_equal(tone_off(TONE_BAD, false), "");
	assert_string_equal(tone_off(TONE_PLAIN, true), "");
}

static void a_line_is_harmless_to_a_terminal(void **state)
{
	static const char *const rows[][2] = {
	    {"plain", "plain"},
	    {"\xc3\xa9tage \xe6\x9d\xb1\xe4\xba\xac \xf0\x9f\x98\x80", "\xc3\xa9tage \xe6\x9d\xb1\xe4\xba\xac \xf0\x9f\x98\x80"},
	    {"a\nb\tc\x1b[2Jd\x7f", "a?b?c?[2Jd?"},
	    {"\xc2\x9b" "31m \xc2\xa0", "??31m \xc2\xa0"},
	    {"\xd8\x9c|\xe2\x80\x8e|\xe2\x80\xaa|\xe2\x80\xae|\xe2\x80\xa8|\xe2\x81\xa6|\xef\xbb\xbf", "??|???|???|???|???|???|???"},
	    {"\xe2\x80\x93 \xe2\x80\xa7 \xe2\x80\xaf \xe2\x81\xaa", "\xe2\x80\x93 \xe2\x80\xa7 \xe2\x80\xaf \xe2\x81\xaa"},
	    {"\xe2\x80", "\xe2\x80"}, /* cut short */
	    {"\xc2", "\xc2"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[64];
		strcpy(text, rows[i][0]);
		assert_string_equal(fmt_line(text), rows[i][1]);
	}
}

static void a_moment_is_of_utc(void **state)
{
	char text[FMT_BYTES];
	assert_string_equal(fmt_moment(text, 1801418405), "2027-01-31 18:00");
	assert_string_equal(fmt_moment(text, INT64_MAX), "9223372036854775807"); /* no calendar has it */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(durations_have_the_unit_that_matters),
	    cmocka_unit_test(sizes_and_counts_are_readable),
	    cmocka_unit_test(addresses_look_as_people_write_them),
	    cmocka_unit_test(keys_are_base64),
	    cmocka_unit_test(a_name_cannot_command_the_terminal),
	    cmocka_unit_test(states_beyond_the_known_are_unknown),
	    cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
	    cmocka_unit_test(colour_is_escaped_and_ended),
	    cmocka_unit_test(a_line_is_harmless_to_a_terminal),
	    cmocka_unit_test(a_moment_is_of_utc),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
