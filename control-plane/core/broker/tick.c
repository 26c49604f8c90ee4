/* SPDX-License-Identifier: Apache-2.0 */
/* Time: what is due, and what is due next. */
#include "broker/internal.h"

static void due(struct broker *b, struct cp_timer *t)
{
	struct broker_timed *timed = broker_of(t, struct broker_timed, timer);
	switch ((enum broker_timed_kind)timed->kind) {
	case BROKER_TIMED_CONN:
		broker_conn_due(b, broker_of(timed, struct broker_conn, idle));
		break;
	case BROKER_TIMED_ASK:
		broker_ask_due(b, broker_of(timed, struct broker_ask, overdue));
		break;
	case BROKER_TIMED_NODE:
		broker_node_due(b, broker_of(timed, struct broker_node, patience));
		break;
	case BROKER_TIMED_SESSION:
		broker_conn_close(b, broker_of(timed, struct broker_conn, session), 1001, "token_expired");
		break;
	case BROKER_TIMED_AUTH:
		broker_auth_due(b, broker_of(timed, struct broker_auth, expiry));
		break;
	}
}

void broker_tick(struct broker *b, cp_time now)
{
	struct cp_timer *t;
	broker_at(b, now);
	while ((t = cp_heap_due(&b->expiries, (cp_time)broker_unix_now(b))))
		due(b, t);
	while ((t = cp_heap_due(&b->timers, now)))
		due(b, t);
	if (broker_relays_deadline(b->relays) <= now)
		broker_relays_tick(b->relays, now);
	/* a clock that was set back gives back what had ended */
	if (broker_unix_now(b) >= b->access_changes_at || broker_unix_now(b) < b->judged_at)
		broker_access_changes(b);
	broker_move_on(b);
}

/* When the time of day will be this; it is not in the past, since what is due then was dealt with. */
static cp_time at_unix(const struct broker *b, int64_t unix_seconds)
{
	int64_t in = unix_seconds - b->unix_at;
	if (in <= 0)
		return b->now;
	return (uint64_t)in >= (CP_NEVER - b->unix_since) / CP_S ? CP_NEVER : b->unix_since + (uint64_t)in * CP_S;
}

static void consider(struct broker_deadline *d, cp_time at, const char *why)
{
	if (at < d->at)
		*d = (struct broker_deadline){at, why};
}

struct broker_deadline broker_deadline(const struct broker *b)
{
	struct broker_deadline d = {CP_NEVER, "none"};
	cp_time expiry = cp_heap_next(&b->expiries);
	consider(&d, cp_heap_next(&b->timers), "peers");
	if (expiry != CP_NEVER)
		consider(&d, at_unix(b, (int64_t)expiry), "expiry");
	consider(&d, broker_relays_deadline(b->relays), "relays");
	consider(&d, rescue_deadline(b->rescue), "rescue");
	if (b->access_changes_at != PORTAL_NEVER)
		consider(&d, at_unix(b, b->access_changes_at), "policies");
	return d;
}
