/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A channel's life (connectivity §2.7), counted from its last confirmed bind:
 *
 *   0 ────────────── 5 min ───────────── 10 min ──────────── 15 min
 *   │ confirmed        │ refreshed if data  │ lapsed: the same   │ the number
 *   │                  │ came, or it is held│ peer gets the same │ is free
 *   │                  │                    │ number             │
 */
#include "turn/turn_internal.h"

static bool is_confirmed(const struct turn_channel *c, cp_time now)
{
	return c->bound_at != 0 && now < c->bound_at + TURN_CHANNEL_LIFETIME;
}

static bool is_usable(const struct turn_channel *c, cp_time now)
{
	return is_confirmed(c, now) || (c->bind.schedule && c->bind.transmissions > 0);
}

static bool is_wanted(const struct turn_channel *c)
{
	return c->received || c->held;
}

static cp_time refresh_age(const struct turn *t)
{
	return t->kind == TURN_SERVER_THIRD_PARTY ? TURN_CHANNEL_REFRESH_RFC : TURN_CHANNEL_REFRESH;
}

/* A bind under way has its own timer, and its outcome sets the next one. */
static cp_time due_at(const struct turn *t, const struct turn_channel *c)
{
	if (c->bind.schedule || c->bound_at == 0)
		return CP_NEVER;
	if (!c->live)
		return c->bound_at + TURN_CHANNEL_COOL_DOWN;
	return c->bound_at + (is_wanted(c) ? refresh_age(t) : TURN_CHANNEL_LIFETIME);
}

static void arm(struct turn *t, struct turn_channel *c)
{
	cp_heap_arm(&t->channel_timers, &c->timer, due_at(t, c));
}

static void request(struct turn *t, struct turn_channel *c, cp_time now)
{
	turn_request_start(t, &c->bind, TURN_REQ_CHANNEL_BIND, (uint8_t)t->active, now);
	arm(t, c);
}

static void take_down(struct turn *t, struct turn_channel *c)
{
	if (c->live)
		turn_event_put(t, (struct turn_event){.kind = TURN_CHANNEL_DOWN, .channel = c->number, .addr = c->peer});
	c->live = false;
	arm(t, c);
}

static void lapse(struct turn *t, struct turn_channel *c)
{
	t->counters.channels_expired++;
	take_down(t, c);
}

static void advance(struct turn *t, struct turn_channel *c, cp_time now)
{
	if (!c->live)
		turn_channel_remove(t, c);
	else if (is_confirmed(c, now))
		request(t, c, now);
	else
		lapse(t, c);
}

void turn_channels_tick(struct turn *t, cp_time now)
{
	for (struct cp_timer *due; (due = cp_heap_due(&t->channel_timers, now));)
		advance(t, turn_container(due, struct turn_channel, timer), now);
}

static bool can_bind(const struct turn *t)
{
	return t->stage == TURN_STAGE_RUNNING && !turn_is_suspended(t);
}

bool turn_reaches(const struct turn *t, const struct cp_addr *peer)
{
	return t->relayed[turn_family_index(peer)].family != CP_NONE;
}

void turn_channel_want(struct turn *t, const struct cp_addr *peer, cp_time now)
{
	struct turn_channel *c = turn_channel_by_peer(t, peer);
	if (!c)
		c = turn_channel_new(t, peer, now);
	if (c && !c->bind.schedule && !is_confirmed(c, now))
		request(t, c, now);
}

/* Sooner or later: before there is an allocation the peer waits for one. */
static void want(struct turn *t, const struct cp_addr *peer, cp_time now)
{
	if (!can_bind(t) || !turn_address_is_usable(peer))
		return;
	if (!turn_is_allocated(t))
		turn_waiting_add(t, peer);
	else if (turn_reaches(t, peer))
		turn_channel_want(t, peer, now);
}

void turn_bind_early(struct turn *t, const struct cp_addr *peer, cp_time now)
{
	if (t->in_use < TURN_CHANNELS_EAGER || turn_channel_by_peer(t, peer))
		want(t, peer, now);
}

uint16_t turn_channel_to(struct turn *t, const struct cp_addr *peer, cp_time now)
{
	want(t, peer, now);
	struct turn_channel *c = turn_channel_by_peer(t, peer);
	return c && is_usable(c, now) ? c->number : 0;
}

bool turn_channel_heard(struct turn *t, uint16_t channel, cp_time now, struct cp_addr *ret_peer)
{
	struct turn_channel *c = turn_channel_by_number(t, channel);
	if (!c || !is_confirmed(c, now)) {
		t->counters.channel_data_unknown++;
		return false;
	}
	*ret_peer = c->peer;
	t->heard = t->carried = now;
	if (!c->received) {
		c->received = true;
		arm(t, c);
	}
	if (t->stage == TURN_STAGE_RUNNING)
		turn_channels_tick(t, now); /* past 5 min the refresh leaves at once */
	return true;
}

void turn_channel_sent(struct turn *t, uint16_t channel, cp_time now)
{
	if (turn_channel_by_number(t, channel))
		t->spoke = now;
}

void turn_channel_hold(struct turn *t, const struct cp_addr *peer, bool hold)
{
	struct turn_channel *c = turn_channel_by_peer(t, peer);
	if (!c)
		return;
	c->held = hold;
	arm(t, c);
}

void turn_channel_confirmed(struct turn *t, struct turn_channel *c, cp_time now)
{
	*(is_confirmed(c, now) ? &t->counters.channels_refreshed : &t->counters.channels_bound) += 1;
	turn_request_end(t, &c->bind);
	c->bound_at = now;
	c->live = true;
	c->received = false;
	arm(t, c);
	turn_channel_touch(t, c);
	turn_event_put(t, (struct turn_event){.kind = TURN_CHANNEL_UP, .channel = c->number, .addr = c->peer});
}

/* The relay may still know an earlier bind of the number: then nobody else gets it before its time. */
void turn_channel_refused(struct turn *t, struct turn_channel *c)
{
	turn_request_end(t, &c->bind);
	if (c->bound_at == 0)
		turn_channel_remove(t, c);
	else
		take_down(t, c);
}

void turn_channel_resume(struct turn *t, struct turn_channel *c, cp_time now)
{
	if (c->bound_at == 0) {
		request(t, c, now);
		return;
	}
	c->live = is_confirmed(c, now);
	arm(t, c);
	if (c->live)
		turn_event_put(t, (struct turn_event){.kind = TURN_CHANNEL_UP, .channel = c->number, .addr = c->peer});
}
