/* SPDX-License-Identifier: Apache-2.0 */
#include "portal/memory.h"

#include <stdalign.h>
#include <stdlib.h>

#include "base/crypto.h"

#define FIRST_BLOCK 1024u
#define LAST_BLOCK  65536u

struct block {
	struct block *next;
	size_t used, bytes;
	alignas(max_align_t) unsigned char data[];
};

struct portal_memory {
	struct block *blocks;
	size_t next_bytes;
};

struct portal_memory *portal_memory_create(void)
{
	struct portal_memory *m = calloc(1, sizeof(*m));
	if (m)
		m->next_bytes = FIRST_BLOCK;
	return m;
}

static struct block *add_block(struct portal_memory *m, size_t at_least)
{
	size_t bytes = at_least > m->next_bytes ? at_least : m->next_bytes;
	struct block *b = bytes < SIZE_MAX - sizeof(*b) ? calloc(1, sizeof(*b) + bytes) : NULL;
	if (!b)
		return NULL;
	b->bytes = bytes;
	b->next = m->blocks;
	m->blocks = b;
	if (m->next_bytes < LAST_BLOCK)
		m->next_bytes *= 2;
	return b;
}

void *portal_memory_get(struct portal_memory *m, size_t bytes)
{
	size_t align = alignof(max_align_t);
	if (bytes > SIZE_MAX - align)
		return NULL;
	bytes = (bytes + align - 1) / align * align;
	struct block *b = m->blocks;
	if (!b || b->bytes - b->used < bytes)
		b = add_block(m, bytes);
	if (!b)
		return NULL;
	void *p = b->data + b->used;
	b->used += bytes;
	return p;
}

void portal_memory_free(struct portal_memory *m)
{
	while (m && m->blocks) {
		struct block *b = m->blocks;
		m->blocks = b->next;
		cp_wipe(b->data, b->used);
		free(b);
	}
	free(m);
}
