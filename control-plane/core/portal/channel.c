/* SPDX-License-Identifier: Apache-2.0 */
#include "portal/channel.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "portal/channel_internal.h"

#define JOIN_TIMEOUT  (5 * CP_S)
#define LEAVE_TIMEOUT CP_S

const char *portal_why_name(enum portal_channel_why why)
{
	static const char *const names[PORTAL_WHYS] = {
		[PORTAL_WHY_NONE] = "none",
		[PORTAL_WHY_LEFT] = "left",
		[PORTAL_WHY_UNAUTHORIZED] = "unauthorized",
		[PORTAL_WHY_REFUSED] = "refused",
		[PORTAL_WHY_JOIN_REFUSED] = "join_refused",
		[PORTAL_WHY_TOKEN_EXPIRED] = "token_expired",
		[PORTAL_WHY_BUDGET] = "budget",
		[PORTAL_WHY_LOST] = "lost",
		[PORTAL_WHY_STATUS] = "status",
		[PORTAL_WHY_DIAL_TIMEOUT] = "dial_timeout",
		[PORTAL_WHY_JOIN_TIMEOUT] = "join_timeout",
		[PORTAL_WHY_HEARTBEATS] = "heartbeats",
		[PORTAL_WHY_CLOSED] = "closed",
		[PORTAL_WHY_TRUNCATED] = "truncated",
		[PORTAL_WHY_ASKED] = "asked",
	};
	return names[why];
}

struct portal_channel *portal_channel_create(const struct portal_channel_config *config)
{
	struct portal_channel *c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->link = config->link;
	c->habits = config->habits;
	c->budget = config->budget;
	c->give_up_at = c->retry_at = c->beat_at = c->rejoin_at = CP_NEVER;
	cp_rng_seed(&c->rng, config->seed);
	c->stamp_secret = config->stamp_secret ? strdup(config->stamp_secret) : NULL;
	if (config->stamp_secret && !c->stamp_secret) {
		portal_channel_free(c);
		return NULL;
	}
	return c;
}

void portal_channel_free(struct portal_channel *c)
{
	if (!c)
		return;
	portal_channel_clear(c);
	portal_message_free(&c->message);
	if (c->stamp_secret)
		cp_wipe(c->stamp_secret, strlen(c->stamp_secret));
	free(c->stamp_secret);
	cp_wipe(c, sizeof(*c));
	free(c);
}

void portal_channel_start(struct portal_channel *c, cp_time now)
{
	c->now = now;
	if (c->state == PORTAL_CHANNEL_IDLE)
		portal_channel_dial(c, now);
}

void portal_channel_join(struct portal_channel *c, cp_time now)
{
	c->state = PORTAL_CHANNEL_JOINING;
	c->must_join = true;
	c->join_ref = c->next_ref++;
	c->give_up_at = now + JOIN_TIMEOUT;
	c->rejoin_at = CP_NEVER;
}

void portal_channel_connected(struct portal_channel *c, cp_time now)
{
	c->now = now;
	if (c->state != PORTAL_CHANNEL_DIALLING)
		return;
	c->is_connected = true;
	c->must_dial = false;
	if (!c->habits->joining_resets)
		portal_channel_forgive(c);
	portal_channel_join(c, now);
	c->beat_at = now + c->habits->heartbeat;
}

static bool is_fatal(const struct portal_channel *c, unsigned int status)
{
	return c->habits->only_401_is_fatal ? status == 401 : status >= 400 && status < 500;
}

void portal_channel_dial_failed(struct portal_channel *c, unsigned int status, cp_time retry_after, cp_time now)
{
	c->now = now;
	if (c->state != PORTAL_CHANNEL_DIALLING)
		return;
	c->state = PORTAL_CHANNEL_WAITING; /* nothing is left to close */
	if (is_fatal(c, status))
		portal_channel_end(c, status == 401 ? PORTAL_WHY_UNAUTHORIZED : PORTAL_WHY_REFUSED);
	else
		portal_channel_failed(c, status ? PORTAL_WHY_STATUS : PORTAL_WHY_LOST,
				      c->habits->retry_after && status >= 400 ? retry_after : 0, now);
}

void portal_channel_lost(struct portal_channel *c, cp_time now)
{
	bool leaving = c->state == PORTAL_CHANNEL_LEAVING;
	c->now = now;
	if (!c->is_connected)
		return;
	c->is_connected = false;
	if (leaving)
		portal_channel_end(c, PORTAL_WHY_LEFT);
	else
		portal_channel_failed(c, PORTAL_WHY_LOST, 0, now);
}

void portal_channel_reconnect(struct portal_channel *c, cp_time now)
{
	c->now = now;
	if (c->state != PORTAL_CHANNEL_JOINING && c->state != PORTAL_CHANNEL_JOINED && c->state != PORTAL_CHANNEL_WAITING)
		return;
	portal_channel_drop(c, PORTAL_WHY_ASKED);
	portal_channel_forgive(c);
	portal_channel_dial(c, now);
}

void portal_channel_leave(struct portal_channel *c, cp_time now)
{
	c->now = now;
	if (c->state == PORTAL_CHANNEL_LEAVING || c->state == PORTAL_CHANNEL_ENDED)
		return;
	if (c->state != PORTAL_CHANNEL_JOINED) {
		portal_channel_end(c, PORTAL_WHY_LEFT);
		return;
	}
	c->state = PORTAL_CHANNEL_LEAVING;
	c->must_leave = true;
	c->leave_ref = c->next_ref++;
	c->give_up_at = now + LEAVE_TIMEOUT;
	c->rejoin_at = CP_NEVER;
}

static void beat(struct portal_channel *c, cp_time now)
{
	if (c->habits->heartbeats_are_counted && c->n_beats == PORTAL_BEATS_MAX) {
		portal_channel_failed(c, PORTAL_WHY_HEARTBEATS, 0, now);
		return;
	}
	c->must_beat = true;
	while (c->beat_at <= now)
		c->beat_at += c->habits->heartbeat;
}

static void overdue(struct portal_channel *c, cp_time now)
{
	if (c->state == PORTAL_CHANNEL_LEAVING)
		portal_channel_end(c, PORTAL_WHY_LEFT);
	else
		portal_channel_failed(c, c->state == PORTAL_CHANNEL_DIALLING ? PORTAL_WHY_DIAL_TIMEOUT : PORTAL_WHY_JOIN_TIMEOUT, 0, now);
}

void portal_channel_tick(struct portal_channel *c, cp_time now)
{
	c->now = now;
	if (c->give_up_at <= now)
		overdue(c, now);
	if (c->retry_at <= now)
		portal_channel_dial(c, now);
	if (c->rejoin_at <= now) {
		c->counters.rejoins++;
		portal_channel_join(c, now);
	}
	if (c->beat_at <= now && c->is_connected)
		beat(c, now);
}

struct portal_channel_deadline portal_channel_deadline(const struct portal_channel *c)
{
	const struct portal_channel_deadline all[] = {
		{c->give_up_at, "answer overdue"},
		{c->retry_at, "retry"},
		{c->rejoin_at, "rejoin"},
		{c->beat_at, "heartbeat"},
	};
	struct portal_channel_deadline d = {CP_NEVER, "none"};
	for (int i = 0; i < 4; i++)
		if (all[i].at < d.at)
			d = all[i];
	return d;
}

enum portal_channel_state portal_channel_state(const struct portal_channel *c)
{
	return c->state;
}

const struct portal_channel_counters *portal_channel_counters(const struct portal_channel *c)
{
	return &c->counters;
}
