/* SPDX-License-Identifier: Apache-2.0 */
/* What may happen to a random world: each begins, lasts, and ends; and how long it takes until all is well again. */
#ifndef SIM_FAULTS_H
#define SIM_FAULTS_H

#include "topology.h"

struct fault {
	const char *name;
	void (*begin)(struct world *w, struct topology *t, struct dice *d);
	void (*end)(struct world *w, struct topology *t); /* NULL: nothing to put right */
	cp_time least, most; /* it lasts */
	cp_time recovery;    /* until everything is found out and given up that has to be, before connections come anew */
	bool harmless;       /* no connection may fail of it */
	bool outlived;       /* connections may live on that could not come about any more */
};
extern const struct fault faults[];
extern const unsigned int n_faults;

#endif
