/* SPDX-License-Identifier: Apache-2.0 */
/* Beginning and end of an allocation (connectivity §2.5, §2.8). */
#include "turn/turn_internal.h"

#define REFRESH_RETRY_MIN (10 * CP_S)

void turn_begin(struct turn *t, cp_time now)
{
	t->active = -1;
	t->mismatches = 0;
	t->refused_code = 0;
	for (uint8_t i = 0; i < 2; i++)
		if (t->server[i].family != CP_NONE)
			turn_request_start(t, &t->binding[i], TURN_REQ_BINDING, i, now);
}

void turn_server_found(struct turn *t, uint8_t server, cp_time now)
{
	t->active = server;
	t->spoke = t->heard = now;
	turn_request_start(t, &t->control, turn_is_allocated(t) ? TURN_REQ_REFRESH : TURN_REQ_ALLOCATE, server, now);
}

/* Restored ones are announced by this as well. */
void turn_announce(struct turn *t)
{
	for (int i = 0; i < 2; i++)
		if (t->relayed[i].family != CP_NONE)
			turn_event_put(t, (struct turn_event){.kind = TURN_RELAYED,
							      .addr = t->relayed[i],
							      .base = t->relayed[i],
							      .cross_family = i != t->active});
	turn_event_put(t, (struct turn_event){.kind = TURN_ALLOCATED});
}

static void set_lifetime(struct turn *t, uint32_t lifetime_s, cp_time now)
{
	cp_time lifetime = (lifetime_s < TURN_LIFETIME_MAX_S ? lifetime_s : TURN_LIFETIME_MAX_S) * CP_S;
	t->expires = now + lifetime;
	t->refresh_at = now + lifetime / 2;
	t->dirty = true;
}

void turn_allocated(struct turn *t, const struct stun_message *m, cp_time now)
{
	for (int i = 0; i < 2; i++)
		t->relayed[i] = turn_address_is_usable(&m->relayed[i]) ? m->relayed[i] : (struct cp_addr){0};
	t->allocated_at = now;
	set_lifetime(t, m->lifetime_s, now);
	turn_announce(t);
	turn_waiting_flush(t, now);
}

void turn_refreshed(struct turn *t, uint32_t lifetime_s, cp_time now)
{
	set_lifetime(t, lifetime_s, now);
}

/* The lifetime runs on; asked again when half of the rest is over, unless that is hardly anything. */
void turn_refresh_refused(struct turn *t, cp_time now)
{
	cp_time half = t->expires > now ? (t->expires - now) / 2 : 0;
	t->refresh_at = half >= REFRESH_RETRY_MIN ? now + half : CP_NEVER;
}

static void withdraw(struct turn *t)
{
	for (int i = 0; i < 2; i++) {
		if (t->relayed[i].family == CP_NONE)
			continue;
		turn_event_put(t, (struct turn_event){.kind = TURN_RELAYED_GONE,
						      .addr = t->relayed[i],
						      .base = t->relayed[i],
						      .cross_family = i != t->active});
		t->relayed[i] = (struct cp_addr){0};
	}
}

/* Bindings go on: the other family's may still bring its addresses. */
void turn_invalidate(struct turn *t)
{
	bool was_allocated = turn_is_allocated(t);
	turn_request_end(t, &t->control);
	for (uint32_t i = 0; i < TURN_CHANNELS && t->in_use > 0; i++)
		if (t->channels[i])
			turn_channel_remove(t, t->channels[i]);
	withdraw(t);
	if (!was_allocated)
		return;
	t->dirty = true;
	turn_event_put(t, (struct turn_event){.kind = TURN_INVALIDATED});
}

/* A relay that says so again and again (or grants and forgets) would keep us going round without end. */
void turn_mismatch(struct turn *t, enum turn_request_kind next, cp_time now)
{
	uint8_t server = (uint8_t)t->active;
	if (turn_is_allocated(t) && now - t->allocated_at >= TURN_KEEPALIVE)
		t->mismatches = 0;
	turn_invalidate(t);
	if (++t->mismatches > TURN_MISMATCHES)
		turn_refused(t, 437);
	else
		turn_request_start(t, &t->control, next, server, now);
}

void turn_refused(struct turn *t, uint16_t code)
{
	t->counters.binds_dropped += t->n_waiting;
	t->n_waiting = 0;
	t->refused_code = code;
}

void turn_given_up(struct turn *t, struct turn_request *r, cp_time now)
{
	bool denied = r->denied;
	uint8_t server = r->server;
	(void)now;
	if (r->kind == TURN_REQ_RELEASE) {
		turn_released(t, false);
		return;
	}
	turn_request_end(t, r);
	if (server != t->active)
		return;
	turn_invalidate(t);
	turn_request_end(t, &t->binding[0]);
	turn_request_end(t, &t->binding[1]);
	t->active = -1;
	t->credentials_refused |= denied;
}

static void over(struct turn *t)
{
	turn_invalidate(t);
	turn_request_end(t, &t->binding[0]);
	turn_request_end(t, &t->binding[1]);
	t->counters.binds_dropped += t->n_waiting;
	t->n_waiting = 0;
	t->stage = TURN_STAGE_OVER;
	t->dirty = true;
	turn_credentials_wipe(t);
}

/* Whoever asked for the release waits for its end, whatever that is. */
void turn_freed(struct turn *t, enum turn_freed why)
{
	if (t->stage == TURN_STAGE_RELEASING) {
		turn_released(t, false);
		return;
	}
	over(t);
	turn_event_put(t, (struct turn_event){.kind = TURN_FREED, .why = why});
}

void turn_released(struct turn *t, bool confirmed)
{
	over(t);
	turn_event_put(t, (struct turn_event){.kind = TURN_RELEASED, .confirmed = confirmed});
}

void turn_settle(struct turn *t)
{
	if (t->stage == TURN_STAGE_OVER)
		return;
	if (!turn_is_suspended(t)) {
		t->suspension_told = false;
	} else if (t->credentials_refused) {
		turn_freed(t, TURN_FREED_AUTHENTICATION);
	} else if (t->active < 0) {
		turn_freed(t, TURN_FREED_NO_RESPONSE);
	} else if (!t->suspension_told) {
		t->suspension_told = true;
		turn_event_put(t, (struct turn_event){.kind = TURN_SUSPENDED, .code = t->refused_code});
	}
}
