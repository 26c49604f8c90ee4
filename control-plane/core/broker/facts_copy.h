/* SPDX-License-Identifier: Apache-2.0 */
/* A world of one's own, deep down: texts, lists and secrets lie in the memory, which wipes what it frees. */
#ifndef CP_BROKER_FACTS_COPY_H
#define CP_BROKER_FACTS_COPY_H

#include "broker/world.h"
#include "portal/memory.h"

/* False: memory is short; what was copied stays in the memory. */
bool facts_copy(struct portal_memory *memory, const struct broker_world *world, struct broker_world *ret);

#endif
