/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A checklist as one would write it first: lists in the order in which things came, sorted when they are looked
 * at, and every rule of connectivity §1.6, §1.10 and §1.11 in its own words. It knows no time: nothing dies.
 */
#ifndef TEST_ICE_MODEL_H
#define TEST_ICE_MODEL_H

#include "base/addr.h"

#define MODEL_MAX 256

struct model_candidate {
	struct cp_addr addr;
	uint32_t priority;
	int kind;
	bool discarded;
};

struct model_pair {
	int local, remote;
	uint64_t priority;
	bool nominated, succeeded;
	unsigned int wanted;
};

struct model {
	bool controlling;
	struct model_candidate locals[MODEL_MAX], remotes[MODEL_MAX];
	struct model_pair pairs[MODEL_MAX]; /* in the order in which they came */
	int n_locals, n_remotes, n_pairs;
	bool selected;
	struct cp_addr from, to; /* of the selected one */
};

void model_local_add(struct model *m, int kind, struct cp_addr addr, uint32_t priority);
void model_local_remove(struct model *m, int kind, struct cp_addr addr);
void model_remote_add(struct model *m, int kind, struct cp_addr addr, uint32_t priority);
void model_remote_remove(struct model *m, int kind, struct cp_addr addr);
void model_request(struct model *m, struct cp_addr at, struct cp_addr from, uint32_t priority, bool use_candidate);
void model_answered(struct model *m, struct cp_addr from, struct cp_addr to);
/* In descending priority, what came first before what came later. */
void model_sort(const struct model *m, struct model_pair ret[MODEL_MAX]);

#endif
