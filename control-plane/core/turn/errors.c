/* SPDX-License-Identifier: Apache-2.0 */
/* The table of errors and reactions (connectivity §2.6, trap 25). */
#include "turn/turn_internal.h"

static bool is_refresh(const struct turn_request *r)
{
	return r->kind == TURN_REQ_REFRESH || r->kind == TURN_REQ_PROBE;
}

/* "Other" errors: the relay will not do this. */
static void refused(struct turn *t, struct turn_request *r, uint16_t code, cp_time now)
{
	if (r->kind == TURN_REQ_CHANNEL_BIND) {
		turn_channel_refused(t, turn_container(r, struct turn_channel, bind));
	} else if (r->kind == TURN_REQ_RELEASE) {
		turn_released(t, false);
	} else if (r->kind == TURN_REQ_DELETE) {
		turn_request_start(t, r, TURN_REQ_ALLOCATE, r->server, now);
	} else if (is_refresh(r)) {
		turn_request_end(t, r);
		turn_refresh_refused(t, now);
	} else {
		turn_request_end(t, r);
		turn_refused(t, code);
	}
}

/* A server that answers every nonce with another one must not set the pace: after a few the schedule does. */
static void renew(struct turn *t, struct turn_request *r, cp_time now)
{
	turn_request_answered(t, r);
	if (r->renewals < TURN_RENEWALS) {
		r->renewals++;
		turn_request_again(t, r, now);
	}
}

/* 438, or 401 to a request that had no nonce. */
static int stale_nonce(struct turn *t, struct turn_request *r, const struct stun_message *m, cp_time now)
{
	if (t->kind == TURN_SERVER_THIRD_PARTY && !r->with_auth && !turn_realm_take(t, m))
		return TURN_E_MALFORMED;
	if (!turn_realm_is_ours(t, m)) {
		refused(t, r, m->error_code, now);
		return 0;
	}
	if (!turn_nonce_take(t, m))
		return TURN_E_MALFORMED;
	renew(t, r, now);
	return 0;
}

static void unauthorized(struct turn *t)
{
	t->credentials_refused = true;
	turn_invalidate(t);
	turn_request_end(t, &t->binding[0]);
	turn_request_end(t, &t->binding[1]);
}

static void mismatch(struct turn *t, struct turn_request *r, cp_time now)
{
	struct cp_addr peer = {0};
	if (r->kind == TURN_REQ_RELEASE) {
		turn_released(t, true); /* there is nothing to release, says the relay */
		return;
	}
	if (r->kind == TURN_REQ_CHANNEL_BIND)
		peer = turn_container(r, struct turn_channel, bind)->peer;
	turn_mismatch(t, r->kind == TURN_REQ_ALLOCATE ? TURN_REQ_DELETE : TURN_REQ_ALLOCATE, now);
	if (peer.family != CP_NONE && t->control.schedule)
		turn_waiting_add(t, &peer);
}

static uint8_t omittable(uint16_t attribute)
{
	switch (attribute) {
	case STUN_REQUESTED_TRANSPORT:
		return TURN_OMIT_TRANSPORT;
	case STUN_ADDITIONAL_ADDRESS_FAMILY:
	case STUN_ADDITIONAL_ADDRESS_FAMILY_RFC:
		return TURN_OMIT_FAMILY;
	case STUN_SOFTWARE:
		return TURN_OMIT_SOFTWARE;
	default:
		return 0;
	}
}

/* What the 420 names and can be done without; remembered, so that the next Refresh does not ask again. */
static bool prune(struct turn *t, struct turn_request *r, const struct stun_message *m)
{
	uint8_t omit = 0, *omitted = r->kind == TURN_REQ_ALLOCATE ? &t->omit_allocate : &t->omit_refresh;
	for (unsigned int i = 0; i < m->n_refused; i++)
		omit |= omittable(m->refused[i]);
	if (r->kind == TURN_REQ_CHANNEL_BIND || r->pruned || !(omit & ~*omitted))
		return false;
	*omitted |= omit;
	t->dirty = true;
	return true;
}

static void unknown_attribute(struct turn *t, struct turn_request *r, const struct stun_message *m, cp_time now)
{
	if (!prune(t, r, m)) {
		turn_freed(t, TURN_FREED_PROTOCOL);
		return;
	}
	r->pruned = true;
	turn_request_again(t, r, now);
}

/* Binding is not authenticated: only a server that does not know it at all says something worth hearing. */
static int binding_failed(struct turn *t, struct turn_request *r, const struct stun_message *m)
{
	turn_request_answered(t, r);
	if (m->error_code == 420)
		turn_freed(t, TURN_FREED_PROTOCOL);
	return 0;
}

int turn_error(struct turn *t, struct turn_request *r, const struct stun_message *m, cp_time now)
{
	if (r->kind == TURN_REQ_BINDING)
		return binding_failed(t, r, m);
	switch (m->error_code) {
	case 401:
		if (!r->with_nonce)
			return stale_nonce(t, r, m, now);
		unauthorized(t);
		return 0;
	case 438:
		return stale_nonce(t, r, m, now);
	case 437:
		mismatch(t, r, now);
		return 0;
	case 420:
		unknown_attribute(t, r, m, now);
		return 0;
	default:
		refused(t, r, m->error_code, now);
		return 0;
	}
}

/* Anybody could have written it: the nonce is tried, nothing is given up before the schedule ends. */
int turn_error_unsigned(struct turn *t, struct turn_request *r, const struct stun_message *m, cp_time now)
{
	bool denied = m->error_code == 401 && r->with_nonce;
	if (!turn_realm_is_ours(t, m) || !turn_nonce_take(t, m))
		return TURN_E_MALFORMED;
	turn_request_answered(t, r);
	if (denied)
		r->denied = true;
	else
		renew(t, r, now);
	return 0;
}

void turn_error_not_stock(struct turn *t, cp_time now)
{
	t->kind = TURN_SERVER_THIRD_PARTY;
	t->dirty = true;
	turn_request_start(t, &t->control, TURN_REQ_ALLOCATE, t->control.server, now);
}
