/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"

const char *tone_on(enum tone tone, bool colour)
{
	static const char *const codes[] = {"", "\033[32m", "\033[33m", "\033[31m", "\033[2m", "\033[1m"};
	return colour ? codes[tone] : "";
}

const char *tone_off(enum tone tone, bool colour)
{
	return colour && tone != TONE_PLAIN ? "\033[0m" : "";
}

/* A command line tool has nothing better to do without memory. */
static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

static void add(struct table *t, enum tone tone, char *text)
{
	if (t->n_cells == t->room) {
		t->room = t->room ? 2 * t->room : 64;
		t->cells = must(reallocarray(t->cells, t->room, sizeof(*t->cells)));
	}
	t->cells[t->n_cells++] = (struct cell){text, tone};
}

void table_begin(struct table *t, size_t n, const char *const *headers)
{
	*t = (struct table){.n_columns = n};
	for (size_t i = 0; i < n; i++) {
		t->right[i] = headers[i][0] == '>';
		add(t, TONE_FAINT, must(strdup(headers[i] + t->right[i])));
	}
}

void table_add(struct table *t, enum tone tone, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	add(t, tone, fmt_line(text));
}

/* In characters: bytes that continue a UTF-8 sequence take no place. */
static int width(const char *text)
{
	int n = 0;
	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

static int widest(const struct table *t, size_t column)
{
	int w = 0;
	for (size_t i = column; i < t->n_cells; i += t->n_columns)
		if (width(t->cells[i].text) > w)
			w = width(t->cells[i].text);
	return w;
}

static void print_cell(const struct table *t, size_t i, int wide, FILE *out, bool colour)
{
	const struct cell *c = &t->cells[i];
	size_t column = i % t->n_columns;
	bool last = column + 1 == t->n_columns;
	int pad = wide - width(c->text);
	fprintf(out, "%*s%s%s%s%*s%s", t->right[column] ? pad : 0, "", tone_on(c->tone, colour), c->text,
		tone_off(c->tone, colour), t->right[column] || last ? 0 : pad, "", last ? "\n" : "  ");
}

void table_end(struct table *t, FILE *out, bool colour)
{
	int wide[TABLE_COLUMNS];
	for (size_t column = 0; column < t->n_columns; column++)
		wide[column] = widest(t, column);
	for (size_t i = 0; out && i < t->n_cells; i++)
		print_cell(t, i, wide[i % t->n_columns], out, colour);
	for (size_t i = 0; i < t->n_cells; i++)
		free(t->cells[i].text);
	free(t->cells);
	*t = (struct table){0};
}
