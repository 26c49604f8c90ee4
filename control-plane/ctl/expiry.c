/* SPDX-License-Identifier: Apache-2.0 */
#include "expiry.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#define WHILE_MAX 4000000000ll /* more than a hundred years: nobody means it */

/* Digits, all of them; false: others, none, or too large a number. */
static bool number(const char *text, size_t n, int64_t *ret)
{
	int64_t v = 0;
	for (size_t i = 0; i < n; i++) {
		if (!isdigit((unsigned char)text[i]) || v > WHILE_MAX)
			return false;
		v = 10 * v + (text[i] - '0');
	}
	*ret = v;
	return n > 0;
}

static bool a_while(const char *text, int64_t *ret_seconds)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 7 * 86400}};
	size_t n = strlen(text);
	int64_t v;
	if (n < 2 || !number(text, n - 1, &v))
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (text[n - 1] == units[i].unit && v <= WHILE_MAX / units[i].seconds) {
			*ret_seconds = v * units[i].seconds;
			return true;
		}
	return false;
}

/* False: there is no such day, as timegm() makes another one of it. */
static bool seconds_of(struct tm t, int64_t *ret)
{
	struct tm same = t;
	time_t s = timegm(&same);
	*ret = s;
	return same.tm_mday == t.tm_mday && same.tm_hour == t.tm_hour && same.tm_sec == t.tm_sec;
}

static bool a_moment(const char *text, int64_t *ret)
{
	static const char *const forms[] = {"%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"};
	for (size_t i = 0; i < 2; i++) {
		struct tm t = {0};
		const char *end = strptime(text, forms[i], &t);
		if (end && !*end)
			return seconds_of(t, ret);
	}
	return false;
}

bool expiry_parse(const char *text, int64_t now, int64_t *ret)
{
	int64_t v;
	if (strcmp(text, "never") == 0)
		v = EXPIRY_NEVER;
	else if (a_while(text, &v))
		v += now;
	else if (!a_moment(text, &v))
		return false;
	if (v <= now)
		return false;
	*ret = v;
	return true;
}
