/* SPDX-License-Identifier: Apache-2.0 */
#include "base/heap.h"

#include <assert.h>
#include <stdlib.h>

void cp_heap_init(struct cp_heap *h)
{
	*h = (struct cp_heap){0};
}

void cp_heap_fini(struct cp_heap *h)
{
	free(h->timers);
	cp_heap_init(h);
}

bool cp_heap_reserve(struct cp_heap *h, uint32_t n)
{
	if (n <= h->room)
		return true;
	uint32_t room = h->room ? h->room : 16;
	while (room < n)
		room *= 2;
	struct cp_timer **grown = realloc(h->timers, room * sizeof(struct cp_timer *));
	if (!grown)
		return false;
	h->timers = grown;
	h->room = room;
	return true;
}

static void put(struct cp_heap *h, uint32_t i, struct cp_timer *t)
{
	h->timers[i] = t;
	t->slot = i + 1;
}

static uint32_t sift_up(struct cp_heap *h, uint32_t i, struct cp_timer *t)
{
	for (; i > 0 && h->timers[(i - 1) / 2]->at > t->at; i = (i - 1) / 2)
		put(h, i, h->timers[(i - 1) / 2]);
	return i;
}

static uint32_t sift_down(struct cp_heap *h, uint32_t i, struct cp_timer *t)
{
	for (uint32_t child; (child = 2 * i + 1) < h->n; i = child) {
		if (child + 1 < h->n && h->timers[child + 1]->at < h->timers[child]->at)
			child++;
		if (h->timers[child]->at >= t->at)
			break;
		put(h, i, h->timers[child]);
	}
	return i;
}

static void settle(struct cp_heap *h, uint32_t i, struct cp_timer *t)
{
	put(h, sift_down(h, sift_up(h, i, t), t), t);
}

void cp_heap_arm(struct cp_heap *h, struct cp_timer *t, cp_time at)
{
	if (at == CP_NEVER) {
		cp_heap_disarm(h, t);
		return;
	}
	t->at = at;
	if (t->slot == 0) {
		assert(h->n < h->room);
		t->slot = ++h->n;
	}
	settle(h, t->slot - 1, t);
}

void cp_heap_disarm(struct cp_heap *h, struct cp_timer *t)
{
	if (t->slot == 0)
		return;
	uint32_t hole = t->slot - 1;
	struct cp_timer *last = h->timers[--h->n];
	t->slot = 0;
	if (last != t)
		settle(h, hole, last);
}

struct cp_timer *cp_heap_due(const struct cp_heap *h, cp_time now)
{
	return h->n > 0 && h->timers[0]->at <= now ? h->timers[0] : NULL;
}

cp_time cp_heap_next(const struct cp_heap *h)
{
	return h->n > 0 ? h->timers[0]->at : CP_NEVER;
}
