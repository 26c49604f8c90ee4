/* SPDX-License-Identifier: Apache-2.0 */
/* Coming back (portal §2.9): how long to wait, and when to give up. */
#include "portal/channel_internal.h"

#define DIAL_TIMEOUT (15 * CP_S) /* whole attempt: TCP, TLS, upgrade */
#define BASE         (CP_S / 2)
#define CAP          (60 * CP_S)
#define LONGEST_WISH (600 * CP_S) /* of the portal's Retry-After */

const struct portal_habits portal_habits_older = {
	.heartbeat = 30 * CP_S,
	.first_retry_is_at_once = true,
};
const struct portal_habits portal_habits_newer = {
	.heartbeat = 10 * CP_S,
	.heartbeat_is_fixed = true,
	.heartbeats_are_counted = true,
	.refs_begin_anew = true,
	.queue_ends = true,
	.joining_resets = true,
	.only_401_is_fatal = true,
	.retry_after = true,
	.first_interval = CP_S,
	.first_budget = 15 * CP_S,
	.jitter_adds = true,
};

/* In [0, span), to the millisecond; span is one at least. */
static cp_time random_time(struct portal_channel *c, cp_time span)
{
	return cp_rng_below(&c->rng, (uint32_t)(span / CP_MS)) * CP_MS;
}

/* base × 1.5ⁿ, capped. */
static cp_time interval(unsigned int n)
{
	cp_time t = BASE;
	while (n-- > 0 && t < CAP)
		t += t / 2;
	return t < CAP ? t : CAP;
}

static cp_time delay(struct portal_channel *c)
{
	const struct portal_habits *h = c->habits;
	if (!c->has_joined_once && h->first_interval)
		return h->first_interval;
	if (h->first_retry_is_at_once && c->n_failures == 0)
		return 0;
	cp_time t = interval(c->n_failures - (h->first_retry_is_at_once ? 1 : 0));
	return h->jitter_adds ? t + random_time(c, BASE) : t / 2 + random_time(c, t);
}

static bool is_over_budget(const struct portal_channel *c, cp_time wait, cp_time now)
{
	cp_time budget = !c->has_joined_once && c->habits->first_budget ? c->habits->first_budget : c->budget;
	return budget != CP_NEVER && now - c->failing_since + wait > budget;
}

void portal_channel_forgive(struct portal_channel *c)
{
	c->is_failing = false;
	c->n_failures = 0;
}

void portal_channel_drop(struct portal_channel *c, enum portal_channel_why why)
{
	c->must_close |= c->is_connected || c->state == PORTAL_CHANNEL_DIALLING;
	c->why_closed = why;
	c->is_connected = c->must_join = c->must_beat = c->must_leave = c->tell_joined = c->must_dial = false;
	c->give_up_at = c->beat_at = c->rejoin_at = c->retry_at = CP_NEVER;
	c->n_beats = 0;
	if (c->habits->queue_ends)
		portal_channel_clear(c);
	c->counters.gave_up[why]++;
}

void portal_channel_end(struct portal_channel *c, enum portal_channel_why why)
{
	portal_channel_drop(c, why);
	portal_channel_clear(c);
	c->state = PORTAL_CHANNEL_ENDED;
	c->tell_ended = true;
	c->why_ended = why;
}

void portal_channel_dial(struct portal_channel *c, cp_time now)
{
	c->state = PORTAL_CHANNEL_DIALLING;
	c->must_dial = true;
	c->retry_at = CP_NEVER;
	c->give_up_at = now + DIAL_TIMEOUT;
	if (c->habits->refs_begin_anew)
		c->next_ref = 0;
}

void portal_channel_failed(struct portal_channel *c, enum portal_channel_why why, cp_time after, cp_time now)
{
	portal_channel_drop(c, why);
	if (!c->is_failing) {
		c->is_failing = true;
		c->failing_since = now;
	}
	cp_time wait = after > LONGEST_WISH ? LONGEST_WISH : after > 0 ? after : delay(c);
	c->n_failures++;
	if (is_over_budget(c, wait, now)) {
		portal_channel_end(c, PORTAL_WHY_BUDGET);
		return;
	}
	c->state = PORTAL_CHANNEL_WAITING;
	c->retry_at = now + wait;
	if (wait == 0)
		portal_channel_dial(c, now);
}
