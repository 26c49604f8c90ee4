/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a connection has not been sent yet, in order, and what has arrived of a message. Pure but for memory; contents are
 * wiped, since frames carry preshared keys. Nothing is held while nothing waits.
 */
#ifndef PORTAL_OUTBOX_H
#define PORTAL_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct outbox_item {
	struct outbox_item *next;
	size_t bytes;
	char room[]; /* headroom for whoever sends, then the text */
};
struct outbox {
	struct outbox_item *head, *last;
	size_t bytes;
};
/* Copies. False: memory is short. */
bool outbox_put(struct outbox *o, size_t headroom, const char *text, size_t bytes);
/* Wipes and forgets the head. */
void outbox_pop(struct outbox *o, size_t headroom);
void outbox_clear(struct outbox *o, size_t headroom);

/* A message in several parts. */
struct inbox {
	char *text;
	size_t bytes, room;
};
/* False: memory is short. */
bool inbox_add(struct inbox *i, const char *part, size_t bytes);
void inbox_clear(struct inbox *i);

/* RFC 3629: no overlong forms, no surrogates, nothing beyond U+10FFFF. */
bool text_is_utf8(const char *text, size_t bytes);

#endif
