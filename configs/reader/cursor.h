/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks the JSON document and remembers where it is, so that a mistake can be named by its path. The
 * first mistake wins; after it every getter returns its default and does nothing more.
 */
#ifndef CONFIG_CURSOR_H
#define CONFIG_CURSOR_H

#include <jansson.h>

#include "sluice_config.h"

#define CURSOR_PATH_BYTES 256

struct cursor {
	const char *file;
	char path[CURSOR_PATH_BYTES];
	size_t at; /* length of path */
	bool failed;
	char *error; /* CONFIG_ERROR_BYTES, borrowed */
};

/* Records "FILE: path.key: text"; key may be NULL for the place itself. Always false. */
bool cursor_fail(struct cursor *c, const char *key, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Goes into a member or an element; the return value is for cursor_leave(). */
size_t cursor_enter(struct cursor *c, const char *key);
size_t cursor_enter_index(struct cursor *c, size_t index);
void cursor_leave(struct cursor *c, size_t mark);

/* Refuses members that are not in `known` (NULL-terminated), proposing the nearest. */
bool cursor_known(struct cursor *c, const json_t *object, const char *const *known);

/* Member `key` of the object at the cursor; NULL when absent or not of the type (then failed). */
const json_t *cursor_member(struct cursor *c, const json_t *object, const char *key, json_type type);
uint32_t cursor_uint(struct cursor *c, const json_t *object, const char *key, uint32_t min, uint32_t max, uint32_t otherwise);
bool cursor_bool(struct cursor *c, const json_t *object, const char *key, bool otherwise);
/* Copies with ${VAR} replaced; false when absent (ret untouched) or failed. */
bool cursor_string(struct cursor *c, const json_t *object, const char *key, char *ret, size_t bytes);
/* The same for a value in hand. */
bool cursor_expand(struct cursor *c, const char *key, const json_t *value, char *ret, size_t bytes);
/* Index of the string among choices (NULL-terminated). */
int cursor_choice(struct cursor *c, const json_t *object, const char *key, const char *const *choices, int otherwise);

/* address.c: false after cursor_fail(). */
bool parse_address(struct cursor *c, const char *key, const char *text, struct config_addr *ret);
bool parse_interface_address(struct cursor *c, const char *key, const char *text, struct config_addr *ret);
bool parse_prefix(struct cursor *c, const char *key, const char *text, struct config_addr *ret);
bool parse_endpoint(struct cursor *c, const char *key, const char *text, struct config_addr *ret);
bool addr_covers(const struct config_addr *prefix, const struct config_addr *addr);
bool addr_same(const struct config_addr *a, const struct config_addr *b);

bool read_nf(struct cursor *c, const json_t *root, struct sluice_config *cfg);
bool read_peers(struct cursor *c, const json_t *root, struct sluice_config *cfg);

#endif
