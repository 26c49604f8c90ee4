/* SPDX-License-Identifier: Apache-2.0 */
/* control-plane/ctl/expiry.c: when a token is to end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "expiry.h"

#define NOW 1790000000 /* 2026-09-21 14:13:20 UTC */

static void whiles_and_moments_are_understood(void **state)
{
	static const struct {
		const char *text;
		int64_t at;
	} rows[] = {
	    {"never", EXPIRY_NEVER},
	    {"1s", NOW + 1},
	    {"90m", NOW + 5400},
	    {"12h", NOW + 43200},
	    {"90d", NOW + 90 * 86400},
	    {"2w", NOW + 14 * 86400},
	    {"36500d", NOW + 36500ll * 86400},
	    {"2026-09-21T14:13:21Z", NOW + 1},
	    {"2026-09-22", 1790035200},
	    {"2027-01-31", 1801353600},
	    {"2028-02-29", 1835395200},
	    {"2027-01-31T18:00:05Z", 1801418405},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t at = 0;
		assert_true(expiry_parse(rows[i].text, NOW, &at));
		assert_true(at == rows[i].at);
	}
}

static void nonsense_and_the_past_are_refused(void **state)
{
	static const char *const rows[] = {
	    "", "d", "90", "0d", "-1d", "+1d", "1.5h", "1y", "1 d", "1dd", "99999999999d", "9223372036854775808s", "soon",
	    "2026-09-21", "2026-09-21T14:13:20Z", "1999-01-01", "2027-02-29", "2027-13-01", "2027-01-32", "2027-01-31 ", "2027-01-31T18:00:00",
	    "2027-01-31T25:00:00Z", "2027-01-31T18:00:00+01:00", "31.1.2027", "Never",
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t at = 7;
		if (expiry_parse(rows[i], NOW, &at))
			fail_msg("\"%s\" is taken for a moment", rows[i]);
		assert_true(at == 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(whiles_and_moments_are_understood),
	    cmocka_unit_test(nonsense_and_the_past_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
