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
	free(h->places);
	cp_heap_init(h);
}

bool cp_heap_reserve(struct cp_heap *h, uint32_t n)
{
	if (n <= h->room)
		return true;
	uint32_t room = h->room ? h->room : 16;
	while (room < n)
		room *= 2;
	struct cp_heap_place *grown = realloc(h->places, room * sizeof(*grown));
	if (!grown)
		return false;
	h->places = grown;
	h->room = room;
	return true;
}

static void put(struct cp_heap *h, uint32_t i, struct cp_heap_place p)
{
	h->places[i] = p;
	p.timer->slot = i + 1;
}

static uint32_t sift_up(struct cp_heap *h, uint32_t i, cp_time at)
{
	for (; i > 0 && h->places[(i - 1) / 2].at > at; i = (i - 1) / 2)
		put(h, i, h->places[(i - 1) / 2]);
	return i;
}

static uint32_t sift_down(struct cp_heap *h, uint32_t i, cp_time at)
{
	for (uint32_t child; (child = 2 * i + 1) < h->n; i = child) {
		if (child + 1 < h->n && h->places[child + 1].at < h->places[child].at)
			child++;
		if (h->places[child].at >= at)
			break;
		put(h, i, h->places[child]);
	}
	return i;
}

static void settle(struct cp_heap *h, uint32_t i, struct cp_timer *t)
{
	put(h, sift_down(h, sift_up(h, i, t->at), t->at), (struct cp_heap_place){t->at, t});
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
	struct cp_timer *last = h->places[--h->n].timer;
	t->slot = 0;
	if (last != t)
		settle(h, hole, last);
}

struct cp_timer *cp_heap_due(const struct cp_heap *h, cp_time now)
{
	return h->n > 0 && h->places[0].at <= now ? h->places[0].timer : NULL;
}

cp_time cp_heap_next(const struct cp_heap *h)
{
	return h->n > 0 ? h->places[0].at : CP_NEVER;
}
