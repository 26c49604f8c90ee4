/* SPDX-License-Identifier: Apache-2.0 */
/* What was wrong, and where. Names that a remote chose are cut, and printable. */
#include <stdio.h>
#include <string.h>

#include "portal/read.h"

/* Appends what fits. */
static size_t append(char *to, size_t size, size_t at, const char *text)
{
	for (; *text && at + 1 < size; text++)
		to[at++] = *text > ' ' && *text <= '~' ? *text : '?';
	to[at] = 0;
	return at;
}

static size_t append_where(struct portal_error *e, const struct portal_where *w)
{
	char index[24];
	size_t at = w->up ? append_where(e, w->up) : 0;
	if (w->name) {
		at = at > 0 ? append(e->where, sizeof(e->where), at, ".") : 0;
		return append(e->where, sizeof(e->where), at, w->name);
	}
	snprintf(index, sizeof(index), "[%zu]", w->index);
	return append(e->where, sizeof(e->where), at, index);
}

void portal_error_at(struct portal_error *e, const struct portal_where *w, const char *what)
{
	e->where[0] = 0;
	if (w)
		append_where(e, w);
	e->what = what;
}

int portal_read_fail(struct portal_reader *r, const struct portal_where *w, const char *what)
{
	portal_error_at(r->error, w, what);
	return PORTAL_E_PAYLOAD;
}

size_t portal_error_format(const struct portal_error *e, char ret[PORTAL_ERROR_TEXT])
{
	int n = snprintf(ret, PORTAL_ERROR_TEXT, "%s: %s%s%s", e->event, e->where, e->where[0] ? ": " : "", e->what ? e->what : "");
	return n < 0 ? 0 : n < PORTAL_ERROR_TEXT ? (size_t)n : PORTAL_ERROR_TEXT - 1;
}
