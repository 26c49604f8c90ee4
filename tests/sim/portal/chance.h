/* SPDX-License-Identifier: Apache-2.0 */
/* What happens in a simulated life: peers die and start, ways break, the portal restarts, operators do this and that. */
#ifndef SIM_PORTAL_CHANCE_H
#define SIM_PORTAL_CHANCE_H

#include "tests/sim/clock.h"

struct sim;

struct chance {
	struct event event;
	struct sim *sim;
	cp_time pace; /* between two happenings, on average */
};

/* Everybody starts, soon. */
void chance_begin(struct chance *c, struct sim *s);
/* No more mishaps, and the portal comes back; a few seconds later everybody else, and all gateways are offered again. */
void chance_end(struct chance *c);
void chance_mend(struct chance *c);

#endif
