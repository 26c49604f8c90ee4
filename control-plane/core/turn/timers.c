/* SPDX-License-Identifier: Apache-2.0 */
/* What an allocation does by itself: Refresh, keepalive, expiry (connectivity §2.5). */
#include "turn/turn_internal.h"

/* What was sent keeps NATs open, what was heard shows that there is still somebody who knows this allocation. */
static cp_time keepalive_at(const struct turn *t)
{
	return cp_earlier(t->spoke, t->heard) + TURN_KEEPALIVE;
}

static bool keepalive_is_due(const struct turn *t, cp_time now)
{
	return now >= keepalive_at(t) && !t->binding[t->active].schedule;
}

static void keep_alive(struct turn *t, cp_time now)
{
	t->spoke = now;
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
	if (now >= t->refresh_at && !t->control.schedule)
		turn_request_start(t, &t->control, TURN_REQ_REFRESH, (uint8_t)t->active, now);
	if (keepalive_is_due(t, now))
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
	if (!t->binding[t->active].schedule)
		at = cp_earlier(at, keepalive_at(t));
	return at;
}
