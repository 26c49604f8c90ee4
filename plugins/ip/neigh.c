/* SPDX-License-Identifier: Apache-2.0 */
#include "neigh.h"

#define S         1000000000ull
#define REACHABLE (30 * S)
#define RETRANS   (1 * S)
#define ATTEMPTS  3

static enum neigh_action ask(struct neigh *n, uint64_t now)
{
	n->asked++;
	n->next_ns = now + RETRANS;
	return NEIGH_REQUEST;
}

enum neigh_action neigh_begin(struct neigh *n, uint64_t now)
{
	*n = (struct neigh){.state = NEIGH_INCOMPLETE};
	return ask(n, now);
}

void neigh_learnt(struct neigh *n, uint64_t now)
{
	*n = (struct neigh){.state = NEIGH_REACHABLE, .learnt_ns = now, .next_ns = now + REACHABLE};
}

enum neigh_action neigh_used(struct neigh *n, uint64_t now)
{
	if (n->state != NEIGH_STALE)
		return NEIGH_NOTHING;
	n->state = NEIGH_PROBE;
	n->asked = 0;
	return ask(n, now);
}

enum neigh_action neigh_tick(struct neigh *n, uint64_t now)
{
	if (!n->next_ns || now < n->next_ns)
		return NEIGH_NOTHING;
	if (n->state == NEIGH_REACHABLE) {
		n->state = NEIGH_STALE;
		n->next_ns = 0;
		return NEIGH_NOTHING;
	}
	if (n->asked < ATTEMPTS)
		return ask(n, now);
	n->state = NEIGH_FAILED;
	n->next_ns = 0;
	return NEIGH_GIVE_UP;
}

bool neigh_is_usable(const struct neigh *n)
{
	return n->state == NEIGH_REACHABLE || n->state == NEIGH_STALE || n->state == NEIGH_PROBE;
}
