/* SPDX-License-Identifier: Apache-2.0 */
/* What an allocation does by itself: Refresh, keepalive, expiry (connectivity §2.5). */
#include "turn/turn_internal.h"

/* What was sent keeps NATs open, what was heard shows that there is still somebody who knows this allocation. */
static cp_time keepalive_at(const struct turn *t)
{
	bool asked = t->binding[t->active].schedule || t->control.schedule;
	return asked ? CP_NEVER : cp_earlier(t->spoke, t->heard) + TURN_KEEPALIVE;
}

/* A relay that swallows what it is sent may be alive and have forgotten us: a Binding would not tell. */
static void keep_alive(struct turn *t, cp_time now)
{
	bool swallowed = t->spoke > t->heard;
	t->spoke = now;
	if (swallowed)
		turn_request_start(t, &t->control, TURN_REQ_REFRESH, (uint8_t)t->active, now);
	else
		turn_request_start(t, &t->binding[t->active], TURN_REQ_BINDING, (uint8_t)t->active, now);
}

void turn_allocation_tick(struct turn *t, cp_time now)
{
	if (!turn_is_allocated(t) || t->active < 0)
		return;
	if (now >= t->expires) {
		/* Nobody said that the relay would not grant another one (this host may have slept). */
		turn_invalidate(t);
		turn_request_start(t, &t->control, TURN_REQ_ALLOCATE, (uint8_t)t->active, now);
		return;
	}
	if (now >= t->refresh_at && !t->control.schedule) {
		t->spoke = now;
		turn_request_start(t, &t->control, TURN_REQ_REFRESH, (uint8_t)t->active, now);
	}
	if (now >= keepalive_at(t))
		keep_alive(t, now);
}

cp_time turn_allocation_deadline(const struct turn *t)
{
	cp_time at;
	if (!turn_is_allocated(t) || t->active < 0)
		return CP_NEVER;
	at = t->expires;
	if (!t->control.schedule)
		at = cp_earlier(at, t->refresh_at);
	return cp_earlier(at, keepalive_at(t));
}
