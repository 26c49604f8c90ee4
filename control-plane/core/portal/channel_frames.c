/* SPDX-License-Identifier: Apache-2.0 */
/* What the portal says to the channel itself (portal §2.3–§2.7), and what there is to do. */
#include <assert.h>
#include <string.h>

#include "portal/channel_internal.h"

#define REJOIN_DELAY CP_S /* after phx_error */

static void joined(struct portal_channel *c)
{
	c->state = PORTAL_CHANNEL_JOINED;
	c->give_up_at = CP_NEVER;
	c->has_joined_once = true;
	c->tell_joined = true;
	if (c->habits->joining_resets)
		portal_channel_forgive(c);
}

static bool answers_beat(struct portal_channel *c, uint64_t ref)
{
	for (unsigned int i = 0; i < c->n_beats; i++) {
		if (c->beats[i] != ref)
			continue;
		c->beats[i] = c->beats[--c->n_beats];
		return true;
	}
	return false;
}

static void keep(struct portal_channel *c, struct portal_message *m)
{
	assert(!c->has_message);
	c->message = *m;
	c->has_message = true;
	*m = (struct portal_message){.memory = NULL};
}

static void replied(struct portal_channel *c, struct portal_message *m, cp_time now)
{
	const struct portal_reply *r = &m->body.reply;
	bool refused = r->status == PORTAL_REFUSED;
	if (!m->has_ref || answers_beat(c, m->ref) || m->on_phoenix)
		return;
	if (c->state == PORTAL_CHANNEL_JOINING && m->ref == c->join_ref) {
		if (refused)
			portal_channel_end(c, PORTAL_WHY_JOIN_REFUSED);
		else
			joined(c);
	} else if (c->state == PORTAL_CHANNEL_LEAVING && m->ref == c->leave_ref) {
		portal_channel_end(c, PORTAL_WHY_LEFT);
	} else if (c->state == PORTAL_CHANNEL_JOINED && refused && strcmp(r->reason, "unmatched topic") == 0) {
		c->counters.rejoins++;
		portal_channel_join(c, now);
	} else {
		keep(c, m);
	}
}

static void read_message(struct portal_channel *c, struct portal_message *m, cp_time now)
{
	switch (m->type) {
	case PORTAL_REPLY:
		replied(c, m, now);
		break;
	case PORTAL_ERROR:
		if (c->state == PORTAL_CHANNEL_JOINED)
			c->rejoin_at = now + REJOIN_DELAY;
		break;
	case PORTAL_CLOSE:
		if (c->state == PORTAL_CHANNEL_LEAVING)
			portal_channel_end(c, PORTAL_WHY_LEFT);
		else
			portal_channel_failed(c, PORTAL_WHY_CLOSED, 0, now);
		break;
	case PORTAL_DISCONNECT:
		portal_channel_end(c, PORTAL_WHY_TOKEN_EXPIRED);
		break;
	default:
		keep(c, m);
	}
}

void portal_channel_frame(struct portal_channel *c, const char *text, size_t bytes, cp_time now)
{
	struct portal_message m;
	struct portal_error e;
	c->now = now;
	if (!c->is_connected)
		return;
	int outcome = portal_read(&c->link, PORTAL_FROM_PORTAL, text, bytes, &m, &e);
	if (outcome) {
		c->counters.unread++;
		c->tell_unread = true;
		c->error = e;
		c->outcome = outcome;
	}
	if (outcome == PORTAL_E_TRUNCATED)
		portal_channel_failed(c, PORTAL_WHY_TRUNCATED, 0, now);
	else if (outcome == 0)
		read_message(c, &m, now);
	portal_message_free(&m);
}

/* One of the channel's own frames; false: memory is short, and a deadline will tell. */
static bool write_own(struct portal_channel *c, enum portal_type type, uint64_t ref, struct portal_text *ret)
{
	const struct portal_message m = {
		.type = type, .has_ref = true, .ref = ref, .body.join.stamp_secret = c->link.role == PORTAL_RELAY ? c->stamp_secret : NULL};
	return portal_write(&c->link, PORTAL_FROM_PEER, &m, ret) == 0;
}

static bool next_beat(struct portal_channel *c, struct portal_text *ret)
{
	bool may = c->state == PORTAL_CHANNEL_JOINED || (c->state == PORTAL_CHANNEL_JOINING && c->habits->heartbeat_is_fixed);
	if (!c->must_beat || !may)
		return false;
	c->must_beat = false;
	if (c->habits->heartbeats_are_counted)
		c->beats[c->n_beats++] = c->next_ref;
	return write_own(c, PORTAL_HEARTBEAT, c->next_ref++, ret);
}

static bool next_text(struct portal_channel *c, struct portal_text *ret)
{
	bool may = c->state == PORTAL_CHANNEL_JOINED || c->state == PORTAL_CHANNEL_LEAVING;
	if (c->must_join) {
		c->must_join = false;
		return write_own(c, PORTAL_JOIN, c->join_ref, ret);
	}
	if (next_beat(c, ret) || (may && portal_channel_dequeue(c, ret)))
		return true;
	if (!c->must_leave)
		return false;
	c->must_leave = false;
	return write_own(c, PORTAL_LEAVE, c->leave_ref, ret);
}

/* Is the thing to be done? Once. */
static bool take(bool *flag)
{
	bool was = *flag;
	*flag = false;
	return was;
}

bool portal_channel_next(struct portal_channel *c, struct portal_channel_out *ret)
{
	*ret = (struct portal_channel_out){.why = PORTAL_WHY_NONE};
	if (take(&c->tell_unread)) {
		ret->kind = PORTAL_OUT_UNREAD;
		ret->error = c->error;
		ret->outcome = c->outcome;
	} else if (take(&c->has_message)) {
		ret->kind = PORTAL_OUT_MESSAGE;
		ret->message = c->message;
		c->message = (struct portal_message){.memory = NULL};
	} else if (take(&c->must_close)) {
		ret->kind = PORTAL_OUT_CLOSE;
		ret->code = 1000;
		ret->why = c->why_closed;
	} else if (take(&c->must_dial)) {
		ret->kind = PORTAL_OUT_DIAL;
	} else if (take(&c->tell_joined)) {
		ret->kind = PORTAL_OUT_JOINED;
	} else if (next_text(c, &ret->text)) {
		ret->kind = PORTAL_OUT_TEXT;
		if (!c->habits->heartbeat_is_fixed)
			c->beat_at = c->now + c->habits->heartbeat;
	} else if (take(&c->tell_ended)) {
		ret->kind = PORTAL_OUT_ENDED;
		ret->why = c->why_ended;
	}
	return ret->kind != 0;
}
