/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deadlines of many objects: a binary heap of intrusive timers, O(log n) to arm or disarm, O(1) to ask for
 * the next. An object embeds a struct cp_timer and keeps it armed with its own deadline.
 *
 *	while ((t = cp_heap_due(&heap, now)))
 *		object_tick(container_of(t), now);   // arms its timer anew, or disarms it
 */
#ifndef CP_HEAP_H
#define CP_HEAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

struct cp_timer {
	cp_time at;
	uint32_t slot; /* 1 + place in the heap; 0: not armed */
};

/* The time stands here once more, so that finding a place touches no object but those that move. */
struct cp_heap_place {
	cp_time at;
	struct cp_timer *timer; /* borrowed */
};
struct cp_heap {
	struct cp_heap_place *places; /* owned */
	uint32_t n, room;
};

void cp_heap_init(struct cp_heap *h);
void cp_heap_fini(struct cp_heap *h);
/* Room for n timers, so that arming cannot fail; false: out of memory. */
bool cp_heap_reserve(struct cp_heap *h, uint32_t n);
/* At CP_NEVER it is disarmed. Needs room: reserve it when the object is made. */
void cp_heap_arm(struct cp_heap *h, struct cp_timer *t, cp_time at);
void cp_heap_disarm(struct cp_heap *h, struct cp_timer *t);
/* The earliest timer if it is due (at <= now), still armed; NULL: none is. */
struct cp_timer *cp_heap_due(const struct cp_heap *h, cp_time now);
/* CP_NEVER: none is armed. */
cp_time cp_heap_next(const struct cp_heap *h);

#endif
