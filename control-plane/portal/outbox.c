/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox.h"

#include <stdlib.h>
#include <string.h>

bool outbox_put(struct outbox *o, size_t headroom, const char *text, size_t bytes)
{
	struct outbox_item *i = malloc(sizeof(*i) + headroom + bytes);
	if (!i)
		return false;
	i->next = NULL;
	i->bytes = bytes;
	if (bytes)
		memcpy(i->room + headroom, text, bytes);
	*(o->head ? &o->last->next : &o->head) = i;
	o->last = i;
	o->bytes += bytes;
	return true;
}

void outbox_pop(struct outbox *o, size_t headroom)
{
	struct outbox_item *i = o->head;
	o->head = i->next;
	o->bytes -= i->bytes;
	explicit_bzero(i->room, headroom + i->bytes);
	free(i);
}

void outbox_clear(struct outbox *o, size_t headroom)
{
	while (o->head)
		outbox_pop(o, headroom);
}

bool inbox_add(struct inbox *i, const char *part, size_t bytes)
{
	if (i->room - i->bytes < bytes) {
		size_t room = (i->bytes + bytes) * 2;
		char *grown = malloc(room);
		if (!grown)
			return false;
		if (i->text) {
			memcpy(grown, i->text, i->bytes);
			explicit_bzero(i->text, i->bytes);
			free(i->text);
		}
		i->text = grown;
		i->room = room;
	}
	if (bytes)
		memcpy(i->text + i->bytes, part, bytes);
	i->bytes += bytes;
	return true;
}

void inbox_clear(struct inbox *i)
{
	if (i->text)
		explicit_bzero(i->text, i->bytes);
	free(i->text);
	*i = (struct inbox){0};
}

/* How many bytes a character has that begins like this, and what its first continuation may be; 0: none begins so. */
static size_t lead(unsigned char c, unsigned char *ret_from, unsigned char *ret_to)
{
	*ret_from = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
	*ret_to = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
	if (c < 0x80)
		return 1;
	if (c >= 0xc2 && c <= 0xdf)
		return 2;
	if (c >= 0xe0 && c <= 0xef)
		return 3;
	return c >= 0xf0 && c <= 0xf4 ? 4 : 0;
}

bool text_is_utf8(const char *text, size_t bytes)
{
	const unsigned char *at = (const unsigned char *)text, *end = at + bytes;
	while (at < end) {
		unsigned char from, to;
		size_t n = lead(*at, &from, &to);
		if (n == 0 || (size_t)(end - at) < n)
			return false;
		for (size_t i = 1; i < n; i++, from = 0x80, to = 0xbf)
			if (at[i] < from || at[i] > to)
				return false;
		at += n;
	}
	return true;
}
