/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Longest-prefix table from addresses to peer handles: a path-compressed binary trie per family, and
 * before it a hash table of the prefixes that are one address, which nothing can be longer than: most
 * peers have no other, and a burst can fetch its slots ahead instead of chasing pointers down a trie.
 * writer: mgmt; readers: workers, lock-free. What a change unlinks goes to `retire`, to be freed after a
 * grace period. Pure but for malloc.
 */
#ifndef WG_ALLOWEDIPS_H
#define WG_ALLOWEDIPS_H

#include <stdint.h>

struct wg_allowed_node;
struct wg_hosts;

struct wg_allowedips {
	struct wg_allowed_node *root4, *root6; /* release/acquire */
	struct wg_hosts *hosts;                /* release/acquire; whoever is missing here is in the trie */
	void (*retire)(void *memory);          /* free() in tests; deferred by the plugin */
	uint32_t prefixes;
};

/* family 4 or 6; address bits beyond the prefix are ignored. Takes the prefix from whoever has it; -ENOMEM. */
int wg_allowed_insert(struct wg_allowedips *t, uint8_t family, const uint8_t *addr, uint8_t prefix_len, uint32_t peer);
/* Only if it is that peer's. */
void wg_allowed_remove(struct wg_allowedips *t, uint8_t family, const uint8_t *addr, uint8_t prefix_len, uint32_t peer);
/* 0: nobody's. Workers. */
uint32_t wg_allowed_lookup(const struct wg_allowedips *t, uint8_t family, const uint8_t *addr);
/* Fetches ahead what a lookup will read first. Workers. */
void wg_allowed_prefetch(const struct wg_allowedips *t, uint8_t family, const uint8_t *addr);
/* Peer of exactly this prefix, 0: none. */
uint32_t wg_allowed_find(const struct wg_allowedips *t, uint8_t family, const uint8_t *addr, uint8_t prefix_len);
/* Frees all at once: no reader is left. */
void wg_allowed_fini(struct wg_allowedips *t);

#endif
