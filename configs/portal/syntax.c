/* SPDX-License-Identifier: Apache-2.0 */
/* Texts with a grammar of their own: domains, patterns of domains, times. Pure. */
#include <ctype.h>
#include <string.h>

#include "reading.h"

#define DOMAIN_MAX 253
#define LABEL_MAX  63

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_';
}

static const char *label_mistake(const char *label, size_t n)
{
	if (n == 0)
		return "has an empty label";
	return n > LABEL_MAX ? "has a label of more than 63 characters" : NULL;
}

static const char *domain_label(const char *label, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!is_name_char(label[i]))
			return "holds a character that is no letter, digit, - or _";
	return NULL;
}

/* The characters of "[a-z]" from its bracket on; 0: it is none. */
static size_t class_length(const char *text, size_t n)
{
	size_t i = 1 + (n > 1 && text[1] == '!'), begin = i;
	while (i < n && is_name_char(text[i]))
		i++;
	return i < n && i > begin && text[i] == ']' ? i + 1 : 0;
}

/* portal §4.1: ** only as a complete label, the other wildcards within one. */
static const char *pattern_label(const char *label, size_t n)
{
	if (n == 2 && memcmp(label, "**", 2) == 0)
		return NULL;
	if (memmem(label, n, "**", 2))
		return "has ** beside other characters of a label";
	for (size_t i = 0, length; i < n; i += length) {
		length = label[i] == '[' ? class_length(label + i, n - i) : 1;
		if (length == 0)
			return "has a [ that begins no class such as [a-z]";
		if (length == 1 && !is_name_char(label[i]) && label[i] != '*' && label[i] != '?')
			return "holds a character that is no letter, digit, -, _ or wildcard";
	}
	return NULL;
}

static const char *walk(const char *text, const char *(*label)(const char *text, size_t n))
{
	const char *mistake = strlen(text) > DOMAIN_MAX ? "is longer than 253 characters" : NULL;
	for (const char *p = text; !mistake; p++) {
		size_t n = strcspn(p, ".");
		mistake = label_mistake(p, n);
		if (!mistake)
			mistake = label(p, n);
		p += n;
		if (!*p)
			break;
	}
	return mistake;
}

const char *domain_mistake(const char *text)
{
	return walk(text, domain_label);
}

const char *pattern_mistake(const char *text)
{
	struct cp_addr a;
	if (cp_ip_parse(text, strlen(text), &a) || strchr(text, '/'))
		return "is no name: networks are of type \"cidr\", addresses of type \"ip\"";
	return walk(text, pattern_label);
}

/* n digits; -1: they are none. */
static int digits(const char **p, int n)
{
	int v = 0;
	for (; n > 0; n--, (*p)++) {
		if (!isdigit((unsigned char)**p))
			return -1;
		v = v * 10 + (**p - '0');
	}
	return v;
}

static bool skip(const char **p, const char *any)
{
	if (!**p || !strchr(any, **p))
		return false;
	(*p)++;
	return true;
}

static int days_of_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return days[month - 1] + (month == 2 && leap);
}

/* Days from 1970-01-01; years are counted from March, so that the leap day is the last. */
static int64_t days_from_civil(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year, era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool parse_date(const char **p, int64_t *ret_days)
{
	int year = digits(p, 4);
	int month = skip(p, "-") ? digits(p, 2) : -1;
	int day = skip(p, "-") ? digits(p, 2) : -1;
	if (year < 0 || month < 1 || month > 12 || day < 1 || day > days_of_month(year, month))
		return false;
	*ret_days = days_from_civil(year, month, day);
	return true;
}

/* Seconds east of Greenwich. */
static bool parse_offset(const char **p, int64_t *ret)
{
	int64_t sign = **p == '-' ? -1 : 1;
	*ret = 0;
	if (skip(p, "Zz"))
		return true;
	int hours = skip(p, "+-") ? digits(p, 2) : -1;
	int minutes = skip(p, ":") ? digits(p, 2) : -1;
	*ret = sign * (hours * 3600 + minutes * 60);
	return hours >= 0 && hours < 24 && minutes >= 0 && minutes < 60;
}

bool parse_time(const char *text, int64_t *ret)
{
	const char *p = text;
	int64_t days, offset;
	if (!parse_date(&p, &days) || !skip(&p, "Tt"))
		return false;
	int hour = digits(&p, 2), minute = skip(&p, ":") ? digits(&p, 2) : -1, second = skip(&p, ":") ? digits(&p, 2) : -1;
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
		return false;
	if (skip(&p, ".")) {
		if (digits(&p, 1) < 0)
			return false;
		while (isdigit((unsigned char)*p))
			p++;
	}
	if (!parse_offset(&p, &offset) || *p)
		return false;
	*ret = days * 86400 + hour * 3600 + minute * 60 + second - offset;
	return true;
}
