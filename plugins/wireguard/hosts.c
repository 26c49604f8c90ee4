/* SPDX-License-Identifier: Apache-2.0 */
#include "hosts.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define FIRST_SLOTS 64u
#define LARGE_PAGE  (2u << 20)

/* Two of them fill a cache line. A key, once there, stays until the next larger table: only its peer changes. */
struct slot {
	uint8_t addr[16];
	uint32_t peer;   /* 0: removed */
	uint32_t family; /* release/acquire after addr; 0: the slot was never used */
	uint64_t unused;
};

/* Open addressing, at most half full. */
struct wg_hosts {
	uint32_t mask, used;
	uint8_t fill[56];
	struct slot at[];
};

static uint32_t hash(uint8_t family, const uint8_t *addr)
{
	uint64_t a, b = family;
	uint32_t v4;
	if (family == 4) {
		memcpy(&v4, addr, 4);
		a = v4;
	} else {
		memcpy(&a, addr, 8);
		memcpy(&b, addr + 8, 8);
	}
	a = (a ^ (b * 0x9e3779b97f4a7c15ull)) * 0xbf58476d1ce4e5b9ull;
	a = (a ^ (a >> 32)) * 0x94d049bb133111ebull;
	return (uint32_t)(a >> 32);
}

/* Constant sizes: no call. */
static bool same(const uint8_t *a, const uint8_t *b, uint8_t family)
{
	return family == 4 ? memcmp(a, b, 4) == 0 : memcmp(a, b, 16) == 0;
}

/* The key's slot, or the unused one where it would go. */
static const struct slot *find(const struct wg_hosts *t, uint8_t family, const uint8_t *addr)
{
	for (uint32_t i = hash(family, addr) & t->mask;; i = (i + 1) & t->mask) {
		const struct slot *s = &t->at[i];
		uint32_t f = __atomic_load_n(&s->family, __ATOMIC_ACQUIRE);
		if (f == 0 || (f == family && same(s->addr, addr, family)))
			return s;
	}
}

uint32_t wg_hosts_get(const struct wg_hosts *t, uint8_t family, const uint8_t *addr)
{
	return t ? __atomic_load_n(&find(t, family, addr)->peer, __ATOMIC_RELAXED) : 0;
}

void wg_hosts_prefetch(const struct wg_hosts *t, uint8_t family, const uint8_t *addr)
{
	if (t)
		__builtin_prefetch(&t->at[hash(family, addr) & t->mask]);
}

static void put(struct wg_hosts *t, uint8_t family, const uint8_t *addr, uint32_t peer)
{
	struct slot *s = &t->at[find(t, family, addr) - t->at];
	if (s->family == 0) {
		memcpy(s->addr, addr, family == 4 ? 4 : 16);
		t->used++;
	}
	__atomic_store_n(&s->peer, peer, __ATOMIC_RELAXED);
	__atomic_store_n(&s->family, family, __ATOMIC_RELEASE);
}

static uint32_t count_live(const struct wg_hosts *t)
{
	uint32_t n = 0;
	for (uint32_t i = 0; t && i <= t->mask; i++)
		n += t->at[i].peer != 0;
	return n;
}

/* A large table is read at random: in small pages each look-up would miss the TLB as well. */
static struct wg_hosts *table_alloc(size_t bytes)
{
	size_t page = bytes >= LARGE_PAGE ? LARGE_PAGE : 64, whole = (bytes + page - 1) & ~(page - 1);
	struct wg_hosts *t = aligned_alloc(page, whole);
	if (t && page == LARGE_PAGE)
		madvise(t, whole, MADV_HUGEPAGE); /* a kernel that has none is slower, no more */
	if (t)
		memset(t, 0, bytes);
	return t;
}

/* Room for twice what lives; removed keys stay behind. NULL: no memory. */
static struct wg_hosts *rebuild(const struct wg_hosts *old)
{
	uint32_t slots = FIRST_SLOTS, live = count_live(old);
	while (slots < 4 * live)
		slots *= 2;
	size_t bytes = sizeof(struct wg_hosts) + slots * sizeof(struct slot);
	struct wg_hosts *t = table_alloc(bytes);
	if (!t)
		return NULL;
	t->mask = slots - 1;
	for (uint32_t i = 0; old && i <= old->mask; i++)
		if (old->at[i].peer)
			put(t, (uint8_t)old->at[i].family, old->at[i].addr, old->at[i].peer);
	return t;
}

static bool has_room(const struct wg_hosts *t)
{
	return t && t->used < (t->mask + 1) / 2;
}

void wg_hosts_set(struct wg_hosts **t, void (*retire)(void *memory), uint8_t family, const uint8_t *addr, uint32_t peer)
{
	struct wg_hosts *old = *t;
	bool known = old && find(old, family, addr)->family != 0;
	if (!known && peer == 0)
		return;
	if (!known && !has_room(old)) {
		struct wg_hosts *larger = rebuild(old);
		if (!larger)
			return;
		__atomic_store_n(t, larger, __ATOMIC_RELEASE);
		if (old)
			retire(old);
	}
	put(*t, family, addr, peer);
}
