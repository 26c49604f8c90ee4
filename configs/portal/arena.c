/* SPDX-License-Identifier: Apache-2.0 */
#include "arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"

#define CHUNK_BYTES 65536u

struct arena_chunk {
	struct arena_chunk *next;
	size_t room, used;
	alignas(max_align_t) unsigned char memory[];
};

static struct arena_chunk *add_chunk(struct arena *a, size_t bytes)
{
	size_t room = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
	struct arena_chunk *c = calloc(1, sizeof(*c) + room);
	if (!c)
		return NULL;
	c->room = room;
	c->next = a->chunks;
	a->chunks = c;
	return c;
}

void *arena_take(struct arena *a, size_t bytes)
{
	size_t rounded = (bytes + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
	struct arena_chunk *c = a->chunks;
	if (rounded < bytes)
		return NULL;
	if ((!c || c->room - c->used < rounded) && !(c = add_chunk(a, rounded)))
		return NULL;
	void *p = c->memory + c->used;
	c->used += rounded;
	return p;
}

const char *arena_text(struct arena *a, const char *text)
{
	size_t bytes = strlen(text) + 1;
	char *copy = arena_take(a, bytes);
	if (copy)
		memcpy(copy, text, bytes);
	return copy;
}

void arena_fini(struct arena *a)
{
	for (struct arena_chunk *c = a->chunks, *next; c; c = next) {
		next = c->next;
		cp_wipe(c, sizeof(*c) + c->used);
		free(c);
	}
	a->chunks = NULL;
}
