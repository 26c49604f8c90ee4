/* SPDX-License-Identifier: Apache-2.0 */
/* Reading by table, inside the codec. */
#ifndef CP_PORTAL_READ_H
#define CP_PORTAL_READ_H

#include <jansson.h>

#include "portal/memory.h"
#include "portal/table.h"

struct portal_reader {
	struct portal_message *m; /* counts what is ignored and skipped; takes what is allocated */
	uint8_t dialect;
	struct portal_error *error; /* event is set */
};

/* The way from the payload down to a value, on the stack; for errors. */
struct portal_where {
	const struct portal_where *up;
	const char *name; /* NULL: an element of a list */
	size_t index;
};

/* Reads v into at as the field says; what fails leaves nothing there. 0, PORTAL_E_PAYLOAD, -ENOMEM; likewise below. */
int portal_read_value(struct portal_reader *r, const struct portal_where *w, const struct portal_field *f, json_t *v, void *at);
int portal_read_object(struct portal_reader *r, const struct portal_where *w, const struct portal_object *o, json_t *v, void *at);
int portal_read_scalar(struct portal_reader *r, const struct portal_where *w, const struct portal_field *f, const json_t *v,
		       void *at);
/* PORTAL_K_TOKEN: three parts, whose first two are base64 of JSON that the tables of claims know. */
int portal_read_token(struct portal_reader *r, const struct portal_where *w, const json_t *v, const char **ret);
/* PORTAL_E_PAYLOAD, with where and what. */
int portal_read_fail(struct portal_reader *r, const struct portal_where *w, const char *what);
/* "a.b[1].c" and what into an error. */
void portal_error_at(struct portal_error *e, const struct portal_where *w, const char *what);
/* Is the field one of this dialect? */
bool portal_field_applies(const struct portal_field *f, uint8_t dialect);

/* JSON, no member twice; NULL with *ret_outcome PORTAL_E_TRUNCATED, PORTAL_E_SYNTAX or -ENOMEM and why. */
json_t *portal_json_parse(const char *text, size_t bytes, int *ret_outcome, const char **ret_what);

#endif
