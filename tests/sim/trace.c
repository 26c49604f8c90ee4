/* SPDX-License-Identifier: Apache-2.0 */
#include "trace.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct trace_entry {
	struct trace_entry *next;
	cp_time at;
	int from, to; /* columns; to -1: a remark of from */
	unsigned int times; /* 0: drawn with another one */
	char text[TRACE_TEXT + 32];
};

void trace_init(struct trace *t, FILE *lines, unsigned int rows)
{
	*t = (struct trace){.lines = lines, .rows = rows};
	t->end = &t->first;
}

void trace_fini(struct trace *t)
{
	while (t && t->first) {
		struct trace_entry *e = t->first;
		t->first = e->next;
		free(e);
	}
}

void trace_party(struct trace *t, const char *name)
{
	if (t && t->n_parties < TRACE_PARTIES_MAX)
		t->parties[t->n_parties++] = name;
}

static int column(const struct trace *t, const char *name)
{
	for (unsigned int i = 0; name && i < t->n_parties; i++)
		if (strcmp(t->parties[i], name) == 0)
			return (int)i;
	return -1;
}

static void enter(struct trace *t, cp_time at, const char *from, const char *to, const char *text)
{
	struct trace_entry *e = calloc(1, sizeof(*e));
	assert(e);
	*e = (struct trace_entry){.at = at, .from = column(t, from), .to = column(t, to), .times = 1};
	snprintf(e->text, sizeof(e->text), "%s", text);
	if (e->from < 0 || (to && e->to < 0)) {
		free(e);
		return;
	}
	*t->end = e;
	t->end = &e->next;
}

static double seconds(const struct trace *t, cp_time now)
{
	return (double)(now - t->began) / 1e9;
}

static void line(struct trace *t, cp_time now, const char *where, const struct packet *p, const char *what, const char *why)
{
	char src[CP_ADDR_TEXT], dst[CP_ADDR_TEXT];
	cp_addr_format(&p->src, src);
	cp_addr_format(&p->dst, dst);
	fprintf(t->lines, "%11.6f %-10s %s -> %s  %s%s%s\n", seconds(t, now), where, src, dst, what, why ? "  ## " : "",
		why ? why : "");
}

void trace_hop(struct trace *t, cp_time now, const struct packet *p, const char *at)
{
	char what[TRACE_TEXT];
	if (!t)
		return;
	describe(p->data, p->bytes, false, what);
	if (t->lines)
		line(t, now, at, p, what, NULL);
	describe(p->data, p->bytes, true, what);
	if (t->rows && strcmp(p->sender, at) != 0) /* a relay that relays to itself says nothing */
		enter(t, now, p->sender, at, what);
}

void trace_lost(struct trace *t, cp_time now, const struct packet *p, const char *why, const char *where)
{
	char what[TRACE_TEXT];
	if (!t)
		return;
	describe(p->data, p->bytes, false, what);
	if (t->lines)
		line(t, now, where, p, what, why);
}

void trace_note(struct trace *t, cp_time now, const char *from, const char *to, const char *fmt, ...)
{
	char text[TRACE_TEXT];
	va_list args;
	if (!t)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (t->lines)
		fprintf(t->lines, "%11.6f %-10s %s%s%s%s\n", seconds(t, now), from, to ? "=> " : "* ", to ? to : "", to ? "  " : "", text);
	if (t->rows)
		enter(t, now, from, to, text);
}

/* --- drawing --- */

#define LANE 22

static void lanes(const struct trace *t, char *row, size_t room)
{
	memset(row, ' ', room);
	for (unsigned int i = 0; i < t->n_parties; i++)
		row[i * LANE] = '|';
	row[(t->n_parties - 1) * LANE + 1] = 0;
}

static void arrow(char *row, int from, int to)
{
	int left = from < to ? from : to, right = from < to ? to : from;
	memset(row + left * LANE + 1, '-', (size_t)((right - left) * LANE - 1));
	row[to > from ? to * LANE - 1 : to * LANE + 1] = to > from ? '>' : '<';
}

static void label(char *row, int left, int room, const char *text)
{
	int n = (int)strlen(text), pad;
	if (n > room)
		n = room;
	pad = (room - n) / 2;
	memcpy(row + left * LANE + 2 + pad, text, (size_t)n);
}

static void draw(const struct trace *t, const struct trace_entry *e, FILE *out)
{
	char row[TRACE_PARTIES_MAX * LANE + 2], text[TRACE_TEXT + 48];
	lanes(t, row, sizeof(row));
	snprintf(text, sizeof(text), e->times > 1 ? "%s x%u" : "%s", e->text, e->times);
	if (e->to < 0 || e->to == e->from) {
		fprintf(out, "%8.3f  %.*s* %s\n", seconds(t, e->at), e->from * LANE, row, text);
		return;
	}
	int left = e->from < e->to ? e->from : e->to, right = e->from < e->to ? e->to : e->from;
	arrow(row, e->from, e->to);
	label(row, left, (right - left) * LANE - 4, text);
	fprintf(out, "%8.3f  %s\n", seconds(t, e->at), row);
}

/* All of them that happen at the same moment. */
static void gather(struct trace_entry *e)
{
	for (struct trace_entry *o = e->next; o && o->at == e->at; o = o->next)
		if (o->from == e->from && o->to == e->to && strcmp(o->text, e->text) == 0) {
			e->times += o->times;
			o->times = 0;
		}
}

void trace_draw(struct trace *t, FILE *out)
{
	unsigned int rows = t ? t->rows : 0;
	if (rows == 0)
		return;
	fprintf(out, "%8s  ", "s");
	for (unsigned int i = 0; i < t->n_parties; i++)
		fprintf(out, "%-*s", i + 1 < t->n_parties ? LANE : 0, t->parties[i]);
	fprintf(out, "\n");
	for (struct trace_entry *e = t->first; e && rows > 0; e = e->next) {
		if (e->times == 0)
			continue;
		gather(e);
		draw(t, e, out);
		rows--;
	}
}
