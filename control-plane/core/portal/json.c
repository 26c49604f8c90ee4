/* SPDX-License-Identifier: Apache-2.0 */
/* jansson, as the codec uses it: what it reports, and what it leaves behind in freed memory. */
#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "portal/read.h"

/* A literal that the end cuts, "tru", is bad syntax to jansson, but ends early like any other frame. */
static bool is_cut_literal(const char *text, size_t bytes)
{
	static const char *const literals[] = {"true", "false", "null"};
	size_t n = 0;
	while (n < bytes && n < 5 && text[bytes - 1 - n] >= 'a' && text[bytes - 1 - n] <= 'z')
		n++;
	for (size_t i = 0; n > 0 && i < 3; i++)
		if (n < strlen(literals[i]) && strncmp(text + bytes - n, literals[i], n) == 0)
			return true;
	return false;
}

static int outcome_of(const json_error_t *e, const char *text, size_t bytes, const char **ret_what)
{
	enum json_error_code code = json_error_code(e);
	if (code == json_error_out_of_memory || code == json_error_unknown) /* unknown: short of memory in the middle */
		return -ENOMEM;
	bool cut = (size_t)e->position >= bytes && is_cut_literal(text, bytes);
	*ret_what = code == json_error_premature_end_of_input || cut ? "ends early" :
		    code == json_error_duplicate_key		      ? "has a member twice" :
		    code == json_error_stack_overflow		      ? "is nested too deeply" :
									"is no JSON";
	return code == json_error_premature_end_of_input || cut ? PORTAL_E_TRUNCATED : PORTAL_E_SYNTAX;
}

json_t *portal_json_parse(const char *text, size_t bytes, int *ret_outcome, const char **ret_what)
{
	json_error_t e = {.line = 0}; /* whole: jansson leaves the code unset when memory is short */
	json_t *v = json_loadb(text, bytes, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
	if (!v)
		*ret_outcome = outcome_of(&e, text, bytes, ret_what);
	cp_wipe(&e, sizeof(e)); /* quotes the text */
	return v;
}

struct sized {
	size_t bytes;
	alignas(max_align_t) char data[];
};

static void *sized_malloc(size_t bytes)
{
	struct sized *s = bytes < SIZE_MAX - sizeof(*s) ? malloc(sizeof(*s) + bytes) : NULL;
	if (!s)
		return NULL;
	s->bytes = bytes;
	return s->data;
}

static void wiping_free(void *p)
{
	if (!p)
		return;
	struct sized *s = (struct sized *)(void *)((char *)p - offsetof(struct sized, data));
	cp_wipe(s->data, s->bytes);
	free(s);
}

void portal_wipe_json(void)
{
	json_set_alloc_funcs(sized_malloc, wiping_free);
}
