/* SPDX-License-Identifier: Apache-2.0 */
/* configs/portal/syntax.c: domains, their patterns, and times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "reading.h"

#define LABEL_63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void patterns_are_what_stock_peers_match(void **state)
{
	static const char *const good[] = {"example.com",	"bar.example.com",  "*.bar.example.com", "foo.example.com", "?.example.com",
					   "*.example.com",	"**.example.com",   "*ample.com",	 "*.com",	    "**",
					   "*",			"a.**.b",	    "a-b_c.x1",		 "Example.COM",	    "[a-z]?*.x",
					   "[!ab].x",		"xn--mnchen-3ya.de", LABEL_63 ".x"};
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (pattern_mistake(good[i]))
			fail_msg("%s: %s", good[i], pattern_mistake(good[i]));
}

static void other_patterns_are_refused(void **state)
{
	static const struct {
		const char *text, *mistake;
	} bad[] = {
		{"", "has an empty label"},
		{".example.com", "has an empty label"},
		{"example..com", "has an empty label"},
		{"example.com.", "has an empty label"},
		{"a" LABEL_63 ".x", "has a label of more than 63 characters"},
		{"a**.x", "has ** beside other characters of a label"},
		{"***.x", "has ** beside other characters of a label"},
		{"x.**b", "has ** beside other characters of a label"},
		{"[a-z.x", "has a [ that begins no class such as [a-z]"},
		{"[].x", "has a [ that begins no class such as [a-z]"},
		{"[!].x", "has a [ that begins no class such as [a-z]"},
		{"a].x", "holds a character that is no letter, digit, -, _ or wildcard"},
		{"a b", "holds a character that is no letter, digit, -, _ or wildcard"},
		{"m\xc3\xbcnchen.de", "holds a character that is no letter, digit, -, _ or wildcard"},
		{"https://x", "is no name: networks are of type \"cidr\", addresses of type \"ip\""},
		{"10.0.0.1", "is no name: networks are of type \"cidr\", addresses of type \"ip\""},
		{"::1", "is no name: networks are of type \"cidr\", addresses of type \"ip\""},
		{LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_63, "is longer than 253 characters"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_non_null(pattern_mistake(bad[i].text));
		assert_string_equal(pattern_mistake(bad[i].text), bad[i].mistake);
	}
}

static void a_domain_that_is_accepted_can_be_written(void **state)
{
	static const char *const good[] = {"acme.example", "x", "a_b.c-d", LABEL_63};
	static const char *const bad[] = {"", ".", "a.", "a..b", "*.a", "a?b", "a b", "a[b]", "a" LABEL_63};
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_null(domain_mistake(good[i]));
		assert_true(portal_domain_is_valid(good[i], strlen(good[i])));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_non_null(domain_mistake(bad[i]));
}

static void times_are_those_of_the_calendar(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} good[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"2000-02-29T12:34:56Z", 951827696},
		{"2026-09-20T00:00:00Z", 1789862400},
		{"2027-01-31t12:00:00z", 1801396800},
		{"2027-01-31T12:00:00.999+01:30", 1801391400},
		{"2027-01-31T12:00:00-00:30", 1801398600},
		{"2038-01-01T00:00:00Z", 2145916800},
		{"2100-03-01T00:00:00Z", 4107542400},
		{"0001-01-01T00:00:00Z", -62135596800},
		{"2016-12-31T23:59:60Z", 1483228800},
	};
	static const char *const bad[] = {
		"",
		"2027-01-31",
		"2027-01-31T12:00:00",
		"2027-01-31 12:00:00Z",
		"2027-00-31T12:00:00Z",
		"2027-13-31T12:00:00Z",
		"2027-02-29T12:00:00Z",
		"2100-02-29T12:00:00Z",
		"2027-04-31T12:00:00Z",
		"2027-01-00T12:00:00Z",
		"2027-01-31T24:00:00Z",
		"2027-01-31T12:60:00Z",
		"2027-01-31T12:00:61Z",
		"2027-01-31T12:00:00.Z",
		"2027-01-31T12:00:00+24:00",
		"2027-01-31T12:00:00+01",
		"2027-01-31T12:00:00Zx",
		"27-01-31T12:00:00Z",
		"+027-01-31T12:00:00Z",
	};
	int64_t got;
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (!parse_time(good[i].text, &got))
			fail_msg("%s", good[i].text);
		assert_int_equal(got, good[i].seconds);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (parse_time(bad[i], &got))
			fail_msg("%s", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_are_what_stock_peers_match),
		cmocka_unit_test(other_patterns_are_refused),
		cmocka_unit_test(a_domain_that_is_accepted_can_be_written),
		cmocka_unit_test(times_are_those_of_the_calendar),
	};
	return cmocka_run_group_tests_name("portal_syntax", tests, NULL, NULL);
}
