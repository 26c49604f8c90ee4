/* SPDX-License-Identifier: Apache-2.0 */
/* What a success response means, request by request (connectivity §2.3, §2.5). */
#include "turn/turn_internal.h"

static void note_host(struct turn *t, const struct cp_addr *local)
{
	struct cp_addr *host = &t->host[turn_family_index(local)];
	if (cp_addr_equal(host, local))
		return;
	*host = *local;
	t->dirty = true;
	turn_event_put(t, (struct turn_event){.kind = TURN_HOST, .addr = *local, .base = *local});
}

/* True: the NAT has another address for us now. */
static bool note_srflx(struct turn *t, const struct cp_addr *mapped, const struct cp_addr *local)
{
	struct cp_addr *srflx = &t->srflx[turn_family_index(mapped)], was = *srflx;
	if (cp_addr_equal(srflx, mapped))
		return false;
	*srflx = *mapped;
	t->dirty = true;
	turn_event_put(t, (struct turn_event){.kind = TURN_SRFLX, .addr = *mapped, .base = *local, .was = was});
	return was.family != CP_NONE;
}

/* The relay knows clients by their address: to this one it may owe nothing. A Refresh tells. */
static void moved(struct turn *t, const struct turn_request *r, cp_time now)
{
	if (r->server == t->active && turn_is_allocated(t) && !t->control.schedule)
		turn_request_start(t, &t->control, TURN_REQ_REFRESH, r->server, now);
}

static int binding_succeeded(struct turn *t, struct turn_request *r, const struct stun_message *m,
			     const struct cp_addr *local, cp_time now)
{
	if (m->mapped.family == CP_NONE)
		return TURN_E_MALFORMED;
	turn_request_end(t, r);
	if (turn_address_is_usable(local)) {
		note_host(t, local);
		if (turn_address_is_usable(&m->mapped) && m->mapped.family == local->family && note_srflx(t, &m->mapped, local))
			moved(t, r, now);
	}
	if (t->active < 0)
		turn_server_found(t, r->server, now);
	return 0;
}

static int allocate_succeeded(struct turn *t, struct turn_request *r, const struct stun_message *m, cp_time now)
{
	if (!m->has_lifetime || m->lifetime_s == 0)
		return TURN_E_MALFORMED;
	if (!turn_address_is_usable(&m->relayed[0]) && !turn_address_is_usable(&m->relayed[1]))
		return TURN_E_MALFORMED;
	turn_request_end(t, r);
	turn_allocated(t, m, now);
	return 0;
}

static int refresh_succeeded(struct turn *t, struct turn_request *r, const struct stun_message *m, cp_time now)
{
	if (!m->has_lifetime)
		return TURN_E_MALFORMED;
	turn_request_end(t, r);
	if (m->lifetime_s == 0)
		turn_mismatch(t, TURN_REQ_ALLOCATE, now); /* deleted by somebody else: as if it had never been */
	else
		turn_refreshed(t, m->lifetime_s, now);
	return 0;
}

static int delete_succeeded(struct turn *t, struct turn_request *r, cp_time now)
{
	turn_request_start(t, r, TURN_REQ_ALLOCATE, r->server, now);
	return 0;
}

int turn_success(struct turn *t, struct turn_request *r, const struct stun_message *m, const struct cp_addr *local, cp_time now)
{
	switch (r->kind) {
	case TURN_REQ_BINDING:
		return binding_succeeded(t, r, m, local, now);
	case TURN_REQ_ALLOCATE:
		return allocate_succeeded(t, r, m, now);
	case TURN_REQ_REFRESH:
	case TURN_REQ_PROBE:
		return refresh_succeeded(t, r, m, now);
	case TURN_REQ_DELETE:
		return delete_succeeded(t, r, now);
	case TURN_REQ_RELEASE:
		turn_released(t, true);
		return 0;
	case TURN_REQ_CHANNEL_BIND:
		turn_channel_confirmed(t, turn_container(r, struct turn_channel, bind), now);
		return 0;
	}
	return TURN_E_MALFORMED;
}
