/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the reader of the portal's file: one struct that every part is given, and what the parts share. As with the
 * cursor (configs/reader/cursor.h) the first mistake wins, and a function that returns false has named it.
 */
#ifndef PORTAL_READING_H
#define PORTAL_READING_H

#include "arena.h"
#include "cursor.h"
#include "portal_config.h"

#define NAME_MAX_BYTES  255 /* of sites, actors, groups, resources, policies, relays */
#define TEXT_MAX_BYTES  1024
#define WARNINGS_MAX    64

/* What has a name, sorted by it: where it stands in its list. A name may be there several times (groups). */
struct named {
	const char *name;
	uint32_t index;
};
struct names {
	struct named *list; /* owned; names_fini() */
	size_t n, room;
};

struct reading {
	struct cursor c;
	struct arena arena;
	struct portal_config *cfg;
	struct names sites, actors, groups, resources, policies, relays; /* groups: an entry per member */
	size_t grants; /* of all policies so far */
	const char **warnings;
	bool has_secrets; /* in the file itself */
};

/* keys.c: the keys of each object, by where it is. */
enum keys_of {
	KEYS_ROOT, KEYS_LISTEN, KEYS_HTTP, KEYS_LIMITS, KEYS_SITE, KEYS_ACTOR, KEYS_RESOURCE, KEYS_FILTER, KEYS_POLICY, KEYS_RELAY,
	KEYS_DNS, KEYS_TIMING, KEYS_QUOTA, KEYS_OBJECTS
};
struct keys {
	const char *path;
	const char *const *known; /* NULL ends it */
};
extern const struct keys portal_keys[KEYS_OBJECTS];

/* reading.c */

/* NULL after a failure. */
void *reading_take(struct reading *r, size_t n, size_t size);
/* An object with none but the keys that it may have. */
bool reading_object(struct reading *r, const json_t *o, enum keys_of what);
/* Enters the member that is such an object; absent: *ret is NULL, and all it could hold absent too. */
bool reading_enter(struct reading *r, const json_t *root, enum keys_of what, const json_t **ret, size_t *ret_mark);
/* Member `key`, copied; NULL: absent, or failed. An empty one is a mistake. */
const char *reading_text(struct reading *r, const json_t *o, const char *key, size_t max_bytes);
/* The same for a value in hand. */
const char *reading_expand(struct reading *r, const char *key, const json_t *value, size_t max_bytes);
/* A name: required, without control characters. */
const char *reading_name(struct reading *r, const json_t *o);
bool name_is_fit(struct reading *r, const char *key, const char *name);
/* Member "id", or what follows from kind and name. */
bool reading_id(struct reading *r, const json_t *o, const char *kind, const char *name, struct portal_uuid *ret);
/* An absolute path; false: failed. Absent: *ret stays. */
bool reading_path(struct reading *r, const json_t *o, const char *key, const char **ret);
bool reading_warn(struct reading *r, const char *key, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The list `key` into an array, element by element; absent: an empty one. */
struct list_of {
	const char *key;
	size_t max;  /* elements */
	size_t size; /* of one in the array */
	bool (*read)(struct reading *r, const json_t *element, void *ret);
};
/* NULL: failed. */
void *reading_list(struct reading *r, const json_t *o, const struct list_of *what, size_t *ret_n);
extern const struct list_of prefix_list; /* struct portal_network, host bits refused; key is to be set */

/* names.c */

bool names_add(struct reading *r, struct names *n, const char *name, uint32_t index);
void names_sort(struct names *n);
void names_fini(struct names *n);
/* The entries of this name, *ret_n of them; NULL: none. */
const struct named *names_find(const struct names *n, const char *name, size_t *ret_n);
/* Sorts, and refuses two of one name as a mistake of list `key`. */
bool names_unique(struct reading *r, struct names *n, const char *key);
/* No two ids of list `key` are the same; they are `stride` bytes apart. */
bool ids_unique(struct reading *r, const char *key, const struct portal_uuid *first, size_t n, size_t stride);
/* Names of `what` ("site") in list `key`, as sorted indexes of what has them; none twice. NULL: failed. */
const uint32_t *names_list(struct reading *r, const json_t *o, const char *key, const char *what, const struct names *names,
			   size_t max, size_t *ret_n);

/* address_part.c */

bool address_is_reserved(const struct cp_addr *a, unsigned int prefix_bits, const char **ret_range);
bool address_covers_reserved(const struct portal_network *n, const char **ret_range);
bool parse_network(struct cursor *c, const char *key, const char *text, struct portal_network *ret);
bool parse_unicast(struct cursor *c, const char *key, const char *text, struct cp_addr *ret);
/* "ADDRESS:PORT", or an address alone, whose port is `otherwise` then. */
bool parse_server(struct cursor *c, const char *key, const char *text, uint16_t otherwise, struct cp_addr *ret);
/* "ADDRESS:PORT", where nothing need be unicast. */
bool parse_listen(struct cursor *c, const char *key, const char *text, struct cp_addr *ret);

/* syntax.c: what is wrong with it, a static text; NULL: nothing. */
const char *domain_mistake(const char *text);
const char *pattern_mistake(const char *text);
/* RFC 3339 to Unix seconds; false: it is none. */
bool parse_time(const char *text, int64_t *ret);

/* The parts of the file. */
bool read_server(struct reading *r, const json_t *root);    /* listen, http, database, control_socket, log_level, limits */
bool read_timing(struct reading *r, const json_t *root);    /* timing, quota */
bool read_people(struct reading *r, const json_t *root);    /* account_slug, sites, actors */
bool read_resources(struct reading *r, const json_t *root);
bool read_policies(struct reading *r, const json_t *root);
bool read_relays(struct reading *r, const json_t *root);
bool read_dns(struct reading *r, const json_t *root);
bool read_limits(struct reading *r, const json_t *root);
/* filters_part.c: of a resource; absent: none, which permits everything. */
bool read_filters(struct reading *r, const json_t *o, struct portal_filters *ret);
/* secret_part.c: one of `key` and `key`_file; NULL: neither, or failed. */
const char *read_secret(struct reading *r, const json_t *o, const char *key, size_t max_bytes);

#endif
