/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ring. One input makes at most one event per channel and a handful besides; room for these is made when
 * the channel is, so that whoever drains after every input loses none for want of memory.
 */
#include <stdlib.h>

#include "turn/turn_internal.h"

#define FIRST_ROOM 32u
#define BESIDES    16u

static void move_to(struct turn *t, struct turn_event *ring, uint32_t room)
{
	for (uint32_t i = 0; i < t->n_events; i++)
		ring[i] = t->events[(t->events_at + i) % t->events_room];
	free(t->events);
	t->events = ring;
	t->events_room = room;
	t->events_at = 0;
}

bool turn_events_reserve(struct turn *t, uint32_t n)
{
	uint32_t room = t->events_room ? t->events_room : FIRST_ROOM;
	while (room < n + BESIDES)
		room *= 2;
	if (room == t->events_room)
		return true;
	struct turn_event *ring = malloc(room * sizeof(*ring));
	if (!ring)
		return false;
	move_to(t, ring, room);
	return true;
}

void turn_event_put(struct turn *t, struct turn_event e)
{
	if (t->n_events == t->events_room && !turn_events_reserve(t, t->n_events + 1)) {
		t->counters.out_of_memory++;
		return;
	}
	t->events[(t->events_at + t->n_events++) % t->events_room] = e;
}

bool turn_event_next(struct turn *t, struct turn_event *ret)
{
	if (t->n_events == 0)
		return false;
	*ret = t->events[t->events_at];
	t->events_at = (t->events_at + 1) % t->events_room;
	t->n_events--;
	return true;
}
