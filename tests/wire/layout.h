/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What nf/wire.h declares, as data: structs with their fields, enums with their values, messages. The
 * golden layout and docs/wire.md are both written from it.
 */
#ifndef WIRE_LAYOUT_H
#define WIRE_LAYOUT_H

#include <stddef.h>
#include <stdio.h>

struct layout_field {
	const char *type, *name, *dim, *doc;
	size_t size;
};
struct layout_struct {
	const char *name;
	size_t size;
	const struct layout_field *fields;
	size_t n_fields;
};
struct layout_value {
	const char *of, *name; /* the enum, the enumerator */
	long value;
};
struct layout_message {
	const char *name, *request, *reply, *direction, *doc;
	unsigned int number;
};

extern const struct layout_struct layout_structs[];
extern const size_t layout_n_structs;
extern const struct layout_value layout_values[];
extern const size_t layout_n_values;
extern const struct layout_message layout_messages[];
extern const size_t layout_n_messages;

/* One line per struct, field, value and message; what tests/wire/golden_layout.txt holds. */
void layout_write(FILE *f);
/* docs/wire.md. */
void document_write(FILE *f);

#endif
