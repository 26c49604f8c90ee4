/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"

#define MAP_FIRST_ROOM 16u

void cp_map_init(struct cp_map *m, const uint8_t secret[16])
{
	*m = (struct cp_map){0};
	memcpy(m->secret, secret, sizeof(m->secret));
}

void cp_map_fini(struct cp_map *m)
{
	free(m->buckets);
	cp_wipe(m, sizeof(*m));
}

static struct cp_map_entry **bucket(const struct cp_map *m, uint64_t hash)
{
	return &m->buckets[hash & (m->room - 1)];
}

static void rehash(struct cp_map *m, struct cp_map_entry **old, uint32_t old_room)
{
	for (uint32_t i = 0; i < old_room; i++)
		for (struct cp_map_entry *e = old[i], *next; e; e = next) {
			struct cp_map_entry **b = bucket(m, e->hash);
			next = e->next;
			e->next = *b;
			*b = e;
		}
}

static bool grow(struct cp_map *m)
{
	struct cp_map_entry **old = m->buckets;
	uint32_t old_room = m->room, room = old_room ? old_room * 2 : MAP_FIRST_ROOM;
	struct cp_map_entry **buckets = calloc(room, sizeof(struct cp_map_entry *));
	if (!buckets)
		return false;
	m->buckets = buckets;
	m->room = room;
	rehash(m, old, old_room);
	free(old);
	return true;
}

bool cp_map_add(struct cp_map *m, struct cp_map_entry *e, const void *key, size_t bytes)
{
	if (m->n >= m->room && !grow(m) && m->room == 0)
		return false;
	*e = (struct cp_map_entry){.hash = cp_siphash(m->secret, key, bytes), .key = key, .key_bytes = (uint32_t)bytes};
	struct cp_map_entry **b = bucket(m, e->hash);
	e->next = *b;
	*b = e;
	m->n++;
	return true;
}

void cp_map_remove(struct cp_map *m, struct cp_map_entry *e)
{
	if (!e->key)
		return;
	struct cp_map_entry **at = bucket(m, e->hash);
	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	*e = (struct cp_map_entry){0};
	m->n--;
}

static struct cp_map_entry *first_equal(struct cp_map_entry *e, uint64_t hash, const void *key, size_t bytes)
{
	while (e && !(e->hash == hash && e->key_bytes == bytes && memcmp(e->key, key, bytes) == 0))
		e = e->next;
	return e;
}

struct cp_map_entry *cp_map_find(const struct cp_map *m, const void *key, size_t bytes)
{
	if (m->n == 0)
		return NULL;
	uint64_t hash = cp_siphash(m->secret, key, bytes);
	return first_equal(*bucket(m, hash), hash, key, bytes);
}

struct cp_map_entry *cp_map_next(const struct cp_map_entry *e)
{
	return first_equal(e->next, e->hash, e->key, e->key_bytes);
}
