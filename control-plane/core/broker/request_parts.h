/* SPDX-License-Identifier: Apache-2.0 */
/* The pieces of request.c, by themselves: a query's form encoding, a User-Agent, text that people will read. Pure. */
#ifndef CP_BROKER_REQUEST_PARTS_H
#define CP_BROKER_REQUEST_PARTS_H

#include <stdbool.h>
#include <stddef.h>

/* A parameter somebody wants: its value is decoded into ret, NUL-terminated. */
struct broker_parameter {
	const char *name;
	char *ret;
	size_t room;   /* of ret, NUL included */
	bool is_there; /* to be false before */
	bool is_long;  /* it did not fit; ret is empty */
};
/* application/x-www-form-urlencoded. Parameters that nobody wants are decoded too, and dropped. NULL, or what is
 * wrong: a bad escape, U+0000, a parameter of the list given twice. */
const char *broker_query_read(const char *query, struct broker_parameter *list, size_t n);

/* The version behind the first component a User-Agent names that portals know (portal §1.5): strict semver, fewer than
 * `room` characters. */
bool broker_agent_version(const char *user_agent, char *ret, size_t room);

/* The characters of UTF-8 that holds no control characters; 0: it is empty, or is no such text. */
size_t broker_text_characters(const char *text);

#endif
