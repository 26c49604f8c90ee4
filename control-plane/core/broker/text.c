/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of peers: what each means, and the answers to those that mean nothing (portal §2.4, §2.11, §6.3 h). */
#include <errno.h>

#include "broker/internal.h"

typedef void handler(struct broker *b, struct broker_conn *c, const struct portal_message *m);

/* What is heeded of whoever has joined. Not named: tolerated, without an answer. */
static handler *const handlers[PORTAL_TYPES] = {
	[PORTAL_CREATE_FLOW] = broker_create_flow,
	[PORTAL_FLOW_AUTHORIZED] = broker_flow_authorized,
	[PORTAL_BROADCAST_CANDIDATES] = broker_broadcast,
	[PORTAL_BROADCAST_INVALIDATED_CANDIDATES] = broker_broadcast,
	[PORTAL_NEW_GATEWAY_CANDIDATES] = broker_unicast,
	[PORTAL_INVALIDATED_GATEWAY_CANDIDATES] = broker_unicast,
	[PORTAL_NO_RELAYS] = broker_no_relays,
};

/* Of clients ≤ 1.3, which are not served. */
static bool is_foreign(enum portal_type t)
{
	return t == PORTAL_CONNECTION_READY;
}

static void refuse(struct broker *b, struct broker_conn *c, const struct portal_message *m, bool is_topic)
{
	if (!is_topic && c->has_joined) {
		broker_count_up(b, BROKER_COUNT_UNKNOWN_MESSAGES);
		broker_reply(b, c, m, "unknown_message");
	} else {
		broker_reply(b, c, m, "unmatched topic");
	}
}

static void heed(struct broker *b, struct broker_conn *c, const struct portal_message *m)
{
	if (m->type == PORTAL_HEARTBEAT)
		broker_reply(b, c, m, NULL);
	else if (m->type == PORTAL_JOIN)
		broker_join(b, c, m);
	else if (m->type == PORTAL_LEAVE)
		broker_leave(b, c, m);
	else if (!c->has_joined || is_foreign(m->type))
		refuse(b, c, m, false);
	else if (handlers[m->type])
		handlers[m->type](b, c, m);
}

static void unread(struct broker *b, struct broker_conn *c, int err, const struct portal_error *e)
{
	char text[PORTAL_ERROR_TEXT];
	const struct portal_message m = {.has_ref = e->has_ref, .ref = e->ref};
	if (err == -ENOMEM) {
		broker_conn_break(b, c);
	} else if (err == PORTAL_E_TOPIC || err == PORTAL_E_UNKNOWN || err == PORTAL_E_PAYLOAD) {
		refuse(b, c, &m, err == PORTAL_E_TOPIC);
	} else {
		portal_error_format(e, text);
		broker_count_up(b, BROKER_COUNT_BAD_FRAMES);
		broker_event(b, BROKER_WARN, "bad_frame", "conn=%llu error=\"%s\"", (unsigned long long)c->number, text);
		broker_conn_close(b, c, 1002, "bad_frame");
	}
}

void broker_text(struct broker *b, uint64_t conn, const char *text, size_t bytes, cp_time now)
{
	struct portal_message m;
	struct portal_error e;
	broker_at(b, now);
	struct broker_conn *c = broker_conn_find(b, conn);
	if (!c)
		return;
	c->heard = now;
	int err = portal_read(&c->link, PORTAL_FROM_PEER, text, bytes, &m, &e);
	if (err)
		unread(b, c, err, &e);
	else
		heed(b, c, &m);
	portal_message_free(&m);
	broker_move_on(b);
}
