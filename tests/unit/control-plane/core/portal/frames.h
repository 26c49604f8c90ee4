/* SPDX-License-Identifier: Apache-2.0 */
/* Frames that stock peers and portals accept, one of each message, and what tests do with them. */
#ifndef TESTS_PORTAL_FRAMES_H
#define TESTS_PORTAL_FRAMES_H

#include <jansson.h>

#include "portal/message.h"

struct frame {
	const char *name;
	struct portal_link link;
	enum portal_sender from;
	const char *text;
};

/* Ends with one whose name is NULL. */
extern const struct frame frames[];
const struct frame *frame_of(const char *name);
/* The text with its first `find` replaced; fails the test if there is none. To be freed. */
char *changed(const char *text, const char *find, const char *replace);
/* Without members that are null, at any depth. */
void drop_nulls(json_t *v);

#endif
