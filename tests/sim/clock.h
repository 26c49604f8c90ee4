/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual time: things that happen later, in the order of their time, and of their making where that is equal. An object
 * embeds a struct event, or allocates one that ends itself when it fires.
 */
#ifndef SIM_CLOCK_H
#define SIM_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

struct event {
	cp_time at;
	uint64_t order;
	uint32_t slot; /* 1 + place in the heap; 0: not pending */
	void (*fire)(struct event *e);
	void (*drop)(struct event *e); /* the world ends before it fires; NULL: nothing to free */
};

struct clock {
	cp_time now;
	uint64_t order, fired;
	bool halted; /* nothing fires any more, time goes on */
	struct event **heap; /* owned array of borrowed events */
	uint32_t n, room;
};

void clock_init(struct clock *c);
/* Drops what is still pending. */
void clock_fini(struct clock *c);
/* Pending events are moved. A time that has passed means now. */
void clock_at(struct clock *c, struct event *e, cp_time at);
void clock_after(struct clock *c, struct event *e, cp_time delay);
void clock_cancel(struct clock *c, struct event *e);
/* Fires all that is due until then, which is the time afterwards. */
void clock_run(struct clock *c, cp_time until);

#endif
