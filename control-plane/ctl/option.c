/* SPDX-License-Identifier: Apache-2.0 */
#include "option.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int option_fail(char ret_error[ARGS_ERROR_BYTES], const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(ret_error, ARGS_ERROR_BYTES, fmt, ap);
	va_end(ap);
	return -1;
}

static const struct option_name *row_at(const struct option_table *t, size_t i)
{
	return (const struct option_name *)(const void *)((const char *)t->rows + i * t->row_bytes);
}

static int find(const struct option_table *t, const char *text, const char **ret_value)
{
	size_t n = text[1] == '-' ? strcspn(text + 2, "=") : 0;
	*ret_value = n && text[2 + n] == '=' ? text + 3 + n : NULL;
	for (size_t i = 0; i < t->n; i++) {
		const struct option_name *o = row_at(t, i);
		if (n && strlen(o->name) == n && strncmp(o->name, text + 2, n) == 0)
			return (int)i;
		if (!n && o->letter && text[1] == o->letter && !text[2])
			return (int)i;
	}
	return -1;
}

int option_read(const struct option_table *t, int argc, char *const *argv, int *i, const char **ret_value, char ret_error[ARGS_ERROR_BYTES])
{
	const char *text = argv[*i], *what = NULL;
	int at = find(t, text, ret_value);
	if (at < 0)
		return option_fail(ret_error, "unknown option %.80s", text);
	const struct option_name *o = row_at(t, (size_t)at);
	if (*ret_value && !o->takes_value)
		what = "takes no value";
	else if (o->takes_value && !*ret_value && ++*i == argc)
		what = "needs a value";
	else if (o->takes_value && !*ret_value)
		*ret_value = argv[*i];
	return what ? option_fail(ret_error, "--%s %s", o->name, what) : at;
}

bool option_number(const char *text, uint32_t min, uint32_t max, uint32_t *ret)
{
	char *end;
	errno = 0;
	unsigned long v = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno || v < min || v > max)
		return false;
	*ret = (uint32_t)v;
	return true;
}
