/* SPDX-License-Identifier: Apache-2.0 */
/* Peers that wait for an allocation to be bound on, a ring (connectivity §2.7). */
#include "turn/turn_internal.h"

static bool is_waiting(const struct turn *t, const struct cp_addr *peer)
{
	for (uint32_t i = 0; i < t->n_waiting; i++)
		if (cp_addr_equal(&t->waiting[(t->waiting_at + i) % TURN_PENDING_BINDS], peer))
			return true;
	return false;
}

/* The newest count: the oldest is what somebody may have given up on already. */
void turn_waiting_add(struct turn *t, const struct cp_addr *peer)
{
	if (is_waiting(t, peer))
		return;
	if (t->n_waiting == TURN_PENDING_BINDS) {
		t->waiting_at = (t->waiting_at + 1) % TURN_PENDING_BINDS;
		t->n_waiting--;
		t->counters.binds_dropped++;
	}
	t->waiting[(t->waiting_at + t->n_waiting++) % TURN_PENDING_BINDS] = *peer;
}

void turn_waiting_flush(struct turn *t, cp_time now)
{
	for (; t->n_waiting > 0; t->n_waiting--) {
		struct cp_addr peer = t->waiting[t->waiting_at];
		t->waiting_at = (t->waiting_at + 1) % TURN_PENDING_BINDS;
		if (turn_reaches(t, &peer))
			turn_channel_want(t, &peer, now);
		else
			t->counters.binds_dropped++;
	}
}
