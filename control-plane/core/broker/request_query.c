/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/request_parts.h"

#include <string.h>

#define NAME_ROOM 32 /* of the longest name anybody wants */

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One decoded character, -1: a bad escape, or U+0000, which no text can hold. An escape never crosses '&' or '='. */
static int take(const char **at)
{
	const char *p = (*at)++;
	if (*p == '+')
		return ' ';
	if (*p != '%')
		return (unsigned char)*p;
	int high = hex(p[1]), low = high < 0 ? -1 : hex(p[2]);
	if (low < 0 || (high | low) == 0)
		return -1;
	*at += 2;
	return high << 4 | low;
}

enum decoded { FITS, LONG, BAD };

/* Decodes up to `end`, whatever the room. */
static enum decoded decode(const char *at, const char *end, char *ret, size_t room)
{
	size_t n = 0;
	while (at < end) {
		int c = take(&at);
		if (c < 0)
			return BAD;
		if (n + 1 < room)
			ret[n] = (char)c;
		n++;
	}
	ret[n < room ? n : 0] = 0;
	return n < room ? FITS : LONG;
}

static struct broker_parameter *wanted(struct broker_parameter *list, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].name, name) == 0)
			return &list[i];
	return NULL;
}

static const char *read_one(const char *at, const char *end, struct broker_parameter *list, size_t n)
{
	const char *equals = memchr(at, '=', (size_t)(end - at)), *name_end = equals ? equals : end;
	char name[NAME_ROOM], nobody[1];
	enum decoded got = decode(at, name_end, name, sizeof(name));
	struct broker_parameter *p = got == FITS ? wanted(list, n, name) : NULL;
	if (p && p->is_there)
		return "a parameter is given twice";
	if (got != BAD && equals)
		got = decode(equals + 1, end, p ? p->ret : nobody, p ? p->room : sizeof(nobody));
	else if (got != BAD && p)
		p->ret[0] = 0;
	if (got == BAD)
		return "the query has a bad escape";
	if (p) {
		p->is_there = true;
		p->is_long = equals && got == LONG;
	}
	return NULL;
}

const char *broker_query_read(const char *query, struct broker_parameter *list, size_t n)
{
	const char *error = NULL;
	while (*query && !error) {
		size_t bytes = strcspn(query, "&");
		if (bytes > 0)
			error = read_one(query, query + bytes, list, n);
		query += bytes + (query[bytes] == '&');
	}
	return error;
}
