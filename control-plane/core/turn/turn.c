/* SPDX-License-Identifier: Apache-2.0 */
#include "turn/turn.h"

#include <stdlib.h>

#include "base/crypto.h"
#include "turn/turn_internal.h"

static bool take_text(struct turn_text *t, const char *text)
{
	return turn_text_set(t, text, strlen(text));
}

static bool take_settings(struct turn *t, const struct turn_settings *s)
{
	memcpy(t->server, s->server, sizeof(t->server));
	if (!take_text(&t->username, s->username) || !take_text(&t->password, s->password) ||
	    !take_text(&t->realm, s->realm) || !take_text(&t->software, s->software) ||
	    !turn_texts_fit(t, t->realm.bytes, 0))
		return false;
	turn_key_derive(t);
	turn_digest_derive(t);
	return true;
}

struct turn *turn_new(const struct turn_settings *s, struct cp_rng *rng, cp_time now)
{
	struct turn *t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->rng = rng;
	t->active = -1;
	if (!turn_table_init(t) || !turn_events_reserve(t, 0) || !take_settings(t, s)) {
		turn_free(t);
		return NULL;
	}
	turn_begin(t, now);
	turn_settle(t);
	return t;
}

void turn_free(struct turn *t)
{
	if (!t)
		return;
	turn_table_fini(t);
	free(t->events);
	cp_wipe(t, sizeof(*t));
	free(t);
}

void turn_tick(struct turn *t, cp_time now)
{
	turn_requests_tick(t, now);
	if (t->stage == TURN_STAGE_RUNNING) {
		turn_allocation_tick(t, now);
		turn_channels_tick(t, now);
	}
	turn_settle(t);
}

cp_time turn_deadline(const struct turn *t)
{
	cp_time at = cp_heap_next(&t->request_timers);
	if (t->stage != TURN_STAGE_RUNNING)
		return at;
	return cp_earlier(at, cp_earlier(turn_allocation_deadline(t), cp_heap_next(&t->channel_timers)));
}

void turn_probe(struct turn *t, cp_time now)
{
	if (t->stage != TURN_STAGE_RUNNING)
		return;
	if (turn_is_suspended(t))
		turn_begin(t, now);
	else if (turn_is_allocated(t))
		turn_request_start(t, &t->control, TURN_REQ_PROBE, (uint8_t)t->active, now);
	turn_settle(t);
}

static void forget_addresses(struct turn *t)
{
	memset(t->host, 0, sizeof(t->host));
	memset(t->srflx, 0, sizeof(t->srflx));
	t->dirty = true;
}

/* To the relay it comes from somebody else: allocation and nonce are the former address's. */
void turn_restart(struct turn *t, cp_time now)
{
	if (t->stage != TURN_STAGE_RUNNING)
		return;
	turn_invalidate(t);
	forget_addresses(t);
	turn_text_set(&t->nonce, "", 0);
	turn_begin(t, now);
}

static void stop_all_but_data(struct turn *t)
{
	turn_request_end(t, &t->binding[0]);
	turn_request_end(t, &t->binding[1]);
	turn_request_end(t, &t->control);
	for (uint32_t i = 0; i < TURN_CHANNELS; i++)
		if (t->channels[i])
			turn_request_end(t, &t->channels[i]->bind);
}

/* The relay may have allocated though its answer is still under way. */
static bool may_hold_something(const struct turn *t)
{
	return t->active >= 0 && (turn_is_allocated(t) || t->control.schedule);
}

void turn_release(struct turn *t, cp_time now)
{
	if (t->stage != TURN_STAGE_RUNNING)
		return;
	bool ask = may_hold_something(t);
	stop_all_but_data(t);
	t->stage = TURN_STAGE_RELEASING;
	if (ask)
		turn_request_start(t, &t->control, TURN_REQ_RELEASE, (uint8_t)t->active, now);
	else
		turn_released(t, false);
}

bool turn_is_allocated(const struct turn *t)
{
	return t->relayed[0].family != CP_NONE || t->relayed[1].family != CP_NONE;
}

bool turn_is_suspended(const struct turn *t)
{
	return t->stage != TURN_STAGE_OVER && t->under_way == 0 && !turn_is_allocated(t);
}

bool turn_is_server(const struct turn *t, const struct cp_addr *a)
{
	return a->family != CP_NONE && (cp_addr_equal(a, &t->server[0]) || cp_addr_equal(a, &t->server[1]));
}

const struct cp_addr *turn_active_server(const struct turn *t)
{
	return t->active < 0 ? NULL : &t->server[t->active];
}

struct cp_addr turn_relayed(const struct turn *t, uint8_t family)
{
	return t->relayed[family == CP_V6];
}

struct cp_addr turn_host(const struct turn *t, uint8_t family)
{
	return t->host[family == CP_V6];
}

struct cp_addr turn_srflx(const struct turn *t, uint8_t family)
{
	return t->srflx[family == CP_V6];
}

cp_time turn_rtt(const struct turn *t)
{
	return t->rtt;
}

cp_time turn_carried(const struct turn *t)
{
	return t->carried;
}

uint32_t turn_channels_in_use(const struct turn *t)
{
	return t->in_use;
}

const struct turn_counters *turn_counters(const struct turn *t)
{
	return &t->counters;
}
