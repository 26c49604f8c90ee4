/* SPDX-License-Identifier: Apache-2.0 */
#include "requests.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "request_rows.h"
#include "request_table.h"

const char *act_text(const struct act *a, const char *name)
{
	return json_string_value(json_object_get(a->asked, name));
}

json_t *act_fail(struct act *a, const char *code, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(a->error, sizeof(a->error), fmt, ap);
	va_end(ap);
	a->code = code;
	return NULL;
}

static bool is_token(const json_t *v)
{
	const char *text = json_string_value(v);
	size_t n = json_string_length(v);
	for (size_t i = 0; i < n; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return n >= REQUEST_TOKEN_MIN && n <= BROKER_TOKEN_MAX;
}

/* What is wrong with the value; NULL: nothing. */
static const char *judge(enum request_type type, const json_t *v, int64_t unix_seconds)
{
	switch (type) {
	case REQUEST_NAME:
		if (!json_is_string(v))
			return "is not a text";
		if (json_string_length(v) == 0)
			return "is empty";
		return json_string_length(v) > REQUEST_NAME_MAX ? "is too long" : NULL;
	case REQUEST_TEXT:
		if (!json_is_string(v))
			return "is not a text";
		return json_string_length(v) > REQUEST_TEXT_MAX ? "is longer than 255 bytes" : NULL;
	case REQUEST_TOKEN:
		return !json_is_string(v) ? "is not a text"
		       : is_token(v)      ? NULL
					  : "is not 16 to 4096 visible characters of ASCII";
	case REQUEST_NUMBER:
		return json_is_integer(v) && json_integer_value(v) > 0 ? NULL : "is not a positive integer";
	case REQUEST_TIME:
		if (!json_is_integer(v))
			return "is not an integer, seconds of Unix time";
		return json_integer_value(v) > unix_seconds ? NULL : "is not in the future";
	default:
		return json_is_boolean(v) ? NULL : "is neither true nor false";
	}
}

static const struct request_member *member_of(const struct request_kind *k, const char *name)
{
	for (size_t i = 0; i < REQUEST_MEMBERS && k->members[i].name; i++)
		if (strcmp(k->members[i].name, name) == 0)
			return &k->members[i];
	return NULL;
}

/* False after act_fail(). */
static bool check_members(struct act *a, const struct request_kind *k)
{
	const char *name, *wrong;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)a->asked, name, value)
	{
		const struct request_member *m = member_of(k, name);
		if (strcmp(name, "do") == 0)
			continue;
		wrong = m ? judge(m->type, value, a->unix_seconds) : "is unknown";
		if (wrong)
			return act_fail(a, "bad_request", "%.64s: %s", name, wrong);
	}
	for (size_t i = 0; i < REQUEST_MEMBERS && k->members[i].name; i++)
		if (k->members[i].required && !json_object_get(a->asked, k->members[i].name))
			return act_fail(a, "bad_request", "%s: is missing", k->members[i].name);
	return true;
}

/* NULL after act_fail(). */
static const struct request_kind *kind_of(struct act *a)
{
	const json_t *name = json_object_get(a->asked, "do");
	const struct request_kind *k = request_kinds;
	if (!json_is_string(name)) {
		act_fail(a, "bad_request", name ? "do: is not a text" : "do: is missing");
		return NULL;
	}
	while (k->name && strcmp(k->name, json_string_value(name)) != 0)
		k++;
	if (k->name)
		return k;
	act_fail(a, "unknown", "do: there is no \"%.64s\"", json_string_value(name));
	return NULL;
}

/* A new reference; NULL after act_fail(). */
static json_t *parse(struct act *a, const char *text, size_t bytes)
{
	json_error_t e;
	json_t *asked = bytes > REQUEST_BYTES ? NULL : json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &e);
	if (bytes > REQUEST_BYTES)
		act_fail(a, "bad_request", "the request is longer than %d bytes", REQUEST_BYTES);
	else if (!asked)
		act_fail(a, "bad_request", "at byte %d: %s", e.position, e.text);
	else if (!json_is_object(asked))
		act_fail(a, "bad_request", "the request is not an object");
	if (json_is_object(asked))
		return asked;
	json_decref(asked);
	return NULL;
}

/* Owned; takes the answer. NULL: memory is short. */
static char *text_of(json_t *answer)
{
	size_t n = answer ? json_dumpb(answer, NULL, 0, JSON_COMPACT) : 0;
	char *text = n ? malloc(n + 1) : NULL;
	if (text)
		text[json_dumpb(answer, text, n, JSON_COMPACT)] = 0;
	json_decref(answer);
	return text;
}

/* Takes result. An answer without memory is none. */
static void finish(struct request *r, const struct act *a, json_t *result)
{
	if (result)
		r->last = text_of(json_pack("{s:b, s:o}", "end", 1, "result", result));
	else
		r->last = text_of(json_pack("{s:b, s:{s:s, s:o, s:O*}}", "end", 1, "error", "code",
					    a->code ? a->code : "no_memory", "text",
					    json_of_text(a->code ? a->error : "memory is short"), "candidates",
					    a->candidates));
}

void request_begin(struct request *r, struct requests *on, const char *text, size_t bytes, int64_t unix_seconds,
		   cp_time now)
{
	struct act a = {.on = on, .unix_seconds = unix_seconds, .now = now};
	json_t *asked = parse(&a, text, bytes);
	const struct request_kind *k = NULL;
	request_end(r);
	a.asked = asked;
	if (asked)
		k = kind_of(&a);
	if (k && !check_members(&a, k))
		k = NULL;
	if (k && k->row)
		r->kind = k;
	else
		finish(r, &a, k ? k->act(&a) : NULL);
	if (k && k->changes) {
		r->changed = k->name;
		r->outcome = a.code ? a.code : "done";
	}
	json_decref(a.candidates);
	json_decref(asked);
}

/* A row, or the end of the list. */
static char *next_of_list(struct request *r, struct requests *on)
{
	json_t *row = NULL;
	if (!r->kind->row(on, r, &row)) {
		struct act none = {0};
		r->kind = NULL;
		finish(r, &none, json_pack("{s:I}", "rows", (json_int_t)r->rows));
		char *last = r->last;
		r->last = NULL;
		return last;
	}
	r->rows++;
	return row ? text_of(json_pack("{s:o}", "row", row)) : NULL;
}

bool request_next(struct request *r, struct requests *on, struct request_answer *ret)
{
	char *text = r->kind ? next_of_list(r, on) : r->last;
	r->last = NULL;
	if (!text)
		request_end(r);
	else
		*ret = (struct request_answer){text, strlen(text)};
	return text != NULL;
}

bool request_is_open(const struct request *r)
{
	return r->kind || r->last;
}

void request_end(struct request *r)
{
	struct request_answer last = {r->last, r->last ? strlen(r->last) : 0};
	request_answer_free(&last);
	*r = (struct request){0};
}

void request_answer_free(struct request_answer *a)
{
	if (a->text)
		explicit_bzero(a->text, a->bytes);
	free(a->text);
	*a = (struct request_answer){0};
}
