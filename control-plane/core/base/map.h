/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash index from a key of bytes to an object that holds the key: intrusive entries, chained, keyed by
 * SipHash with a secret so that a remote cannot choose collisions. Several entries may have one key
 * (4-character ufrags collide): walk them with cp_map_next().
 */
#ifndef CP_MAP_H
#define CP_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cp_map_entry {
	struct cp_map_entry *next;
	uint64_t hash;
	const void *key; /* borrowed, lives in the object; NULL: in no map */
	uint32_t key_bytes;
};

struct cp_map {
	struct cp_map_entry **buckets; /* owned */
	uint32_t n, room;              /* room: a power of two, or 0 */
	uint8_t secret[16];
};

void cp_map_init(struct cp_map *m, const uint8_t secret[16]);
/* Frees the table, not the objects. */
void cp_map_fini(struct cp_map *m);
/* The key must not change while it is in the map. False: out of memory, and nothing changed. */
bool cp_map_add(struct cp_map *m, struct cp_map_entry *e, const void *key, size_t bytes);
/* An entry that is in no map is fine. */
void cp_map_remove(struct cp_map *m, struct cp_map_entry *e);
/* The first entry with this key; NULL: there is none. */
struct cp_map_entry *cp_map_find(const struct cp_map *m, const void *key, size_t bytes);
/* The next entry with the same key as e. */
struct cp_map_entry *cp_map_next(const struct cp_map_entry *e);

#endif
