/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"

#include <stdlib.h>

void clock_init(struct clock *c)
{
	*c = (struct clock){.now = CP_S}; /* never 0 */
}

void clock_fini(struct clock *c)
{
	while (c->n > 0) {
		struct event *e = c->heap[0];
		clock_cancel(c, e);
		if (e->drop)
			e->drop(e);
	}
	free(c->heap);
	*c = (struct clock){0};
}

static bool is_before(const struct event *a, const struct event *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void put(struct clock *c, uint32_t i, struct event *e)
{
	c->heap[i] = e;
	e->slot = i + 1;
}

static void settle(struct clock *c, uint32_t i, struct event *e)
{
	for (; i > 0 && is_before(e, c->heap[(i - 1) / 2]); i = (i - 1) / 2)
		put(c, i, c->heap[(i - 1) / 2]);
	for (uint32_t child; (child = 2 * i + 1) < c->n; i = child) {
		if (child + 1 < c->n && is_before(c->heap[child + 1], c->heap[child]))
			child++;
		if (!is_before(c->heap[child], e))
			break;
		put(c, i, c->heap[child]);
	}
	put(c, i, e);
}

static void grow(struct clock *c)
{
	c->room = c->room ? c->room * 2 : 64;
	c->heap = realloc(c->heap, c->room * sizeof(struct event *));
	if (!c->heap)
		abort();
}

void clock_at(struct clock *c, struct event *e, cp_time at)
{
	clock_cancel(c, e);
	if (c->n == c->room)
		grow(c);
	e->at = at > c->now ? at : c->now;
	e->order = c->order++;
	settle(c, c->n++, e);
}

void clock_after(struct clock *c, struct event *e, cp_time delay)
{
	clock_at(c, e, c->now + delay);
}

void clock_cancel(struct clock *c, struct event *e)
{
	if (e->slot == 0)
		return;
	uint32_t hole = e->slot - 1;
	struct event *last = c->heap[--c->n];
	e->slot = 0;
	if (last != e)
		settle(c, hole, last);
}

void clock_run(struct clock *c, cp_time until)
{
	while (!c->halted && c->n > 0 && c->heap[0]->at <= until) {
		struct event *e = c->heap[0];
		clock_cancel(c, e);
		c->now = e->at;
		c->fired++;
		e->fire(e);
	}
	if (until > c->now)
		c->now = until;
}
