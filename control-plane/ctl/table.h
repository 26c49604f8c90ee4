/* SPDX-License-Identifier: Apache-2.0 */
/* Text in aligned columns, as wide as their widest cell. Pure but for the stream it prints to. */
#ifndef CTL_TABLE_H
#define CTL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum tone { TONE_PLAIN, TONE_GOOD, TONE_WARN, TONE_BAD, TONE_FAINT, TONE_BOLD };

#define TABLE_COLUMNS 10

struct table {
	size_t n_columns, n_cells, room;
	bool right[TABLE_COLUMNS]; /* align to the right */
	struct cell {
		char *text; /* owned */
		enum tone tone;
	} * cells;
};

/* `headers`: n strings, borrowed during the call; one that begins with '>' aligns its column to the right. */
void table_begin(struct table *t, size_t n, const char *const *headers);
/* Cells come row by row; copied, and made harmless to a terminal: a remote chose some of them. */
void table_add(struct table *t, enum tone tone, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Prints, unless out is NULL, and frees. */
void table_end(struct table *t, FILE *out, bool colour);

/* Escape sequences; empty strings without colour. */
const char *tone_on(enum tone tone, bool colour);
const char *tone_off(enum tone tone, bool colour);

#endif
