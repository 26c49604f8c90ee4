/* SPDX-License-Identifier: Apache-2.0 */
#include "cursor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool cursor_fail(struct cursor *c, const char *key, const char *fmt, ...)
{
	va_list ap;
	if (c->failed)
		return false;
	c->failed = true;
	const char *dot = key && c->at && key[0] != '[' ? "." : "";
	int n = snprintf(c->error, CONFIG_ERROR_BYTES, "%s: %s%s%s%s", c->file, c->path, dot, key ? key : "",
			 c->at || key ? ": " : "");
	if (n < 0 || n >= CONFIG_ERROR_BYTES)
		return false;
	va_start(ap, fmt);
	vsnprintf(c->error + n, CONFIG_ERROR_BYTES - (size_t)n, fmt, ap);
	va_end(ap);
	return false;
}

static size_t extend(struct cursor *c, const char *text, const char *dot)
{
	size_t mark = c->at;
	int n = snprintf(c->path + c->at, sizeof(c->path) - c->at, "%s%s", dot, text);
	c->at += n > 0 ? (size_t)n : 0;
	if (c->at >= sizeof(c->path))
		c->at = sizeof(c->path) - 1;
	return mark;
}

size_t cursor_enter(struct cursor *c, const char *key)
{
	return extend(c, key, c->at ? "." : "");
}

size_t cursor_enter_index(struct cursor *c, size_t index)
{
	char text[24];
	snprintf(text, sizeof(text), "[%zu]", index);
	return extend(c, text, "");
}

void cursor_leave(struct cursor *c, size_t mark)
{
	c->at = mark;
	c->path[mark] = 0;
}

/* Levenshtein distance, for keys short enough to matter. */
static size_t distance(const char *a, const char *b)
{
	size_t row[40], n = strlen(b);
	if (n >= 40)
		return n;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[n];
}

static bool unknown(struct cursor *c, const char *key, const char *const *known)
{
	const char *near = NULL;
	size_t best = 4; /* more than three changes is another word */
	for (; *known; known++) {
		size_t d = distance(key, *known);
		if (d < best) {
			best = d;
			near = *known;
		}
	}
	if (near)
		return cursor_fail(c, key, "unknown key, did you mean \"%s\"?", near);
	return cursor_fail(c, key, "unknown key");
}

bool cursor_known(struct cursor *c, const json_t *object, const char *const *known)
{
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)object, key, value) {
		const char *const *k = known;
		while (*k && strcmp(*k, key) != 0)
			k++;
		if (!*k)
			return unknown(c, key, known);
	}
	return !c->failed;
}

static const char *type_name(json_type type)
{
	static const char *const names[] = {"an object", "an array", "a string", "an integer", "a number", "true or false"};
	return names[type > JSON_TRUE ? JSON_TRUE : type];
}

const json_t *cursor_member(struct cursor *c, const json_t *object, const char *key, json_type type)
{
	const json_t *value = c->failed ? NULL : json_object_get(object, key);
	if (!value)
		return NULL;
	if (json_typeof(value) == type || (type == JSON_TRUE && json_is_boolean(value)))
		return value;
	cursor_fail(c, key, "must be %s", type_name(type));
	return NULL;
}

uint32_t cursor_uint(struct cursor *c, const json_t *object, const char *key, uint32_t min, uint32_t max, uint32_t otherwise)
{
	const json_t *value = cursor_member(c, object, key, JSON_INTEGER);
	if (!value)
		return otherwise;
	json_int_t n = json_integer_value(value);
	if (n >= (json_int_t)min && n <= (json_int_t)max)
		return (uint32_t)n;
	cursor_fail(c, key, "%lld is not between %u and %u", (long long)n, min, max);
	return otherwise;
}

bool cursor_bool(struct cursor *c, const json_t *object, const char *key, bool otherwise)
{
	const json_t *value = cursor_member(c, object, key, JSON_TRUE);
	return value ? json_is_true(value) : otherwise;
}

/* Appends n bytes of text to ret; false when it does not fit. */
static bool append(char *ret, size_t bytes, size_t *at, const char *text, size_t n)
{
	if (*at + n >= bytes)
		return false;
	memcpy(ret + *at, text, n);
	*at += n;
	ret[*at] = 0;
	return true;
}

/* Replaces the variable that begins at text ("${NAME}"); the bytes consumed, 0 after a failure. */
static size_t expand_variable(struct cursor *c, const char *key, const char *text, char *ret, size_t bytes, size_t *at)
{
	char name[64];
	size_t n = strcspn(text, "}");
	if (text[n] != '}' || n - 2 == 0 || n - 2 >= sizeof(name)) {
		cursor_fail(c, key, "\"%.40s\" is not a ${VARIABLE}", text);
		return 0;
	}
	memcpy(name, text + 2, n - 2);
	name[n - 2] = 0;
	const char *value = getenv(name);
	if (!value) {
		cursor_fail(c, key, "environment variable %s is not set", name);
		return 0;
	}
	if (!append(ret, bytes, at, value, strlen(value))) {
		cursor_fail(c, key, "longer than %zu characters", bytes - 1);
		return 0;
	}
	return n + 1;
}

bool cursor_expand(struct cursor *c, const char *key, const json_t *value, char *ret, size_t bytes)
{
	if (c->failed)
		return false;
	if (!json_is_string(value))
		return cursor_fail(c, key, "must be a string");
	const char *text = json_string_value(value);
	size_t at = 0;
	ret[0] = 0;
	if (strlen(text) != json_string_length(value))
		return cursor_fail(c, key, "contains a NUL character");
	while (*text) {
		if (strncmp(text, "$${", 3) == 0)
			text++; /* "$${" stands for a literal "${" */
		else if (strncmp(text, "${", 2) == 0) {
			size_t n = expand_variable(c, key, text, ret, bytes, &at);
			if (n == 0)
				return false;
			text += n;
			continue;
		}
		if (!append(ret, bytes, &at, text, 1))
			return cursor_fail(c, key, "longer than %zu characters", bytes - 1);
		text++;
	}
	return true;
}

bool cursor_string(struct cursor *c, const json_t *object, const char *key, char *ret, size_t bytes)
{
	const json_t *value = cursor_member(c, object, key, JSON_STRING);
	return value && cursor_expand(c, key, value, ret, bytes);
}

int cursor_choice(struct cursor *c, const json_t *object, const char *key, const char *const *choices, int otherwise)
{
	char text[32], all[128] = "";
	if (!cursor_string(c, object, key, text, sizeof(text)))
		return otherwise;
	for (int i = 0; choices[i]; i++) {
		if (strcmp(choices[i], text) == 0)
			return i;
		size_t n = strlen(all);
		snprintf(all + n, sizeof(all) - n, "%s%s", i ? ", " : "", choices[i]);
	}
	cursor_fail(c, key, "\"%s\" is none of: %s", text, all);
	return otherwise;
}
