/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what was saved: checked as if a stranger had written it, applied only if all of it is sound. */
#include <errno.h>

#include "base/crypto.h"
#include "turn/saved.h"

struct saved_allocation {
	uint8_t kind, active, omit_allocate, omit_refresh;
	struct turn_text nonce, realm;
	uint16_t next_number;
	cp_time rtt, allocated_at, expires;
	struct cp_addr relayed[2], host[2], srflx[2];
};

static void get_allocation(struct turn_in *in, struct saved_allocation *a, cp_time now)
{
	a->kind = turn_in_u8(in);
	a->active = turn_in_u8(in);
	a->omit_allocate = turn_in_u8(in);
	a->omit_refresh = turn_in_u8(in);
	turn_in_text(in, &a->nonce);
	turn_in_text(in, &a->realm);
	a->next_number = turn_in_u16(in);
	a->rtt = turn_in_time(in);
	a->allocated_at = turn_in_past(in, now);
	a->expires = cp_earlier(turn_in_time(in), now + TURN_LIFETIME_MAX_S * CP_S);
	for (uint8_t i = 0; i < 2; i++) {
		uint8_t family = i == 0 ? CP_V4 : CP_V6;
		a->relayed[i] = turn_in_address_of(in, family);
		a->host[i] = turn_in_address_of(in, family);
		a->srflx[i] = turn_in_address_of(in, family);
	}
}

static bool is_sound(const struct turn *t, const struct saved_allocation *a)
{
	return a->kind <= TURN_SERVER_THIRD_PARTY && a->next_number < TURN_CHANNELS &&
	       (a->active == SAVED_NO_SERVER || (a->active < 2 && t->server[a->active].family != CP_NONE)) &&
	       turn_texts_fit(t, a->realm.bytes, a->nonce.bytes);
}

static bool is_alive(const struct saved_allocation *a, cp_time now)
{
	bool relayed = a->relayed[0].family != CP_NONE || a->relayed[1].family != CP_NONE;
	return relayed && a->active != SAVED_NO_SERVER && a->expires > now;
}

static void announce_own(struct turn *t)
{
	for (int i = 0; i < 2; i++) {
		if (t->host[i].family == CP_NONE)
			continue;
		turn_event_put(t, (struct turn_event){.kind = TURN_HOST, .addr = t->host[i], .base = t->host[i]});
		if (t->srflx[i].family != CP_NONE)
			turn_event_put(t, (struct turn_event){.kind = TURN_SRFLX, .addr = t->srflx[i], .base = t->host[i]});
	}
}

/* The allocation goes on where it was; the Refresh is its proof, and its Binding has 25 s. */
static void resume(struct turn *t, const struct saved_allocation *a, cp_time now)
{
	memcpy(t->relayed, a->relayed, sizeof(t->relayed));
	memcpy(t->host, a->host, sizeof(t->host));
	memcpy(t->srflx, a->srflx, sizeof(t->srflx));
	t->allocated_at = a->allocated_at;
	t->expires = a->expires;
	t->refresh_at = a->expires;
	turn_request_end(t, &t->binding[0]);
	turn_request_end(t, &t->binding[1]);
	turn_server_found(t, a->active, now);
	announce_own(t);
	turn_announce(t);
}

static int restore_allocation(struct turn *t, struct turn_in *in, cp_time now)
{
	struct saved_allocation a = {0};
	int e = 0;
	get_allocation(in, &a, now);
	if (in->bad || in->left > 0 || !is_sound(t, &a)) {
		e = -EPROTO;
		goto wipe;
	}
	t->kind = (enum turn_server_kind)a.kind;
	t->omit_allocate = a.omit_allocate;
	t->omit_refresh = a.omit_refresh;
	t->next_number = a.next_number;
	t->rtt = a.rtt;
	t->nonce = a.nonce;
	t->realm = a.realm;
	turn_key_derive(t);
	if (is_alive(&a, now))
		resume(t, &a, now);
wipe:
	cp_wipe(&a, sizeof(a));
	return e;
}

struct saved_channel {
	uint16_t number;
	bool received;
	cp_time bound_at;
	struct cp_addr peer;
};

static void get_channel(struct turn_in *in, struct saved_channel *c, cp_time now)
{
	c->number = turn_in_u16(in);
	c->received = turn_in_u8(in) != 0;
	c->bound_at = turn_in_past(in, now);
	c->peer = turn_in_address(in);
}

static bool channel_is_sound(const struct turn *t, const struct saved_channel *c, uint16_t part)
{
	uint32_t first = STUN_CHANNEL_FIRST + (part - 1u) * SAVED_BLOCK;
	return c->number >= first && c->number < first + SAVED_BLOCK && c->peer.family != CP_NONE &&
	       !turn_channel_by_number(t, c->number) && !turn_channel_by_peer(t, &c->peer);
}

static bool is_over(const struct saved_channel *c, cp_time now)
{
	return c->bound_at != 0 && now >= c->bound_at + TURN_CHANNEL_COOL_DOWN;
}

/* Each is taken as it comes: a later one that is not sound takes none of them away. */
static int restore_block(struct turn *t, struct turn_in *in, uint16_t part, cp_time now)
{
	for (uint8_t n = turn_in_u8(in); n > 0; n--) {
		struct saved_channel s = {0};
		get_channel(in, &s, now);
		if (in->bad || !channel_is_sound(t, &s, part))
			return -EPROTO;
		struct turn_channel *c = is_over(&s, now) ? NULL : turn_channel_at(t, s.number, &s.peer);
		if (!c)
			continue;
		c->received = s.received;
		c->bound_at = s.bound_at;
		turn_channel_resume(t, c, now);
	}
	return in->bad || in->left > 0 ? -EPROTO : 0;
}

static int restore(struct turn *t, uint16_t part, struct turn_in *in, cp_time now)
{
	if (turn_in_u8(in) != SAVED_VERSION || turn_in_u16(in) != part || part >= SAVED_PARTS)
		return -EPROTO;
	const uint8_t *digest = turn_in_bytes(in, sizeof(t->digest));
	if (in->bad)
		return -EPROTO;
	if (t->counters.requests > 0 || t->stage != TURN_STAGE_RUNNING || !cp_equal(digest, t->digest, sizeof(t->digest)))
		return -EINVAL;
	if ((part == 0) == turn_is_allocated(t))
		return -EINVAL;
	return part == 0 ? restore_allocation(t, in, now) : restore_block(t, in, part, now);
}

/* What is not as it was saved is saved again (or forgotten) at the next occasion. */
static void mark(struct turn *t, uint16_t part)
{
	if (part == 0)
		t->dirty = true;
	else if (part < SAVED_PARTS)
		t->dirty_blocks |= 1ull << (part - 1);
}

int turn_restore(struct turn *t, uint16_t part, const uint8_t *data, size_t bytes, cp_time now)
{
	uint64_t dirty_blocks = t->dirty_blocks;
	int e = restore(t, part, &(struct turn_in){.p = data, .left = bytes}, now);
	t->dirty_blocks = dirty_blocks;
	if (e != 0)
		mark(t, part);
	return e;
}
