/* SPDX-License-Identifier: Apache-2.0 */
/* What the NF did and saw by itself. */
#include <string.h>

#include "conn/node.h"

static struct connection *of_checks(const struct conn_node *n, const struct conn_report *r)
{
	struct connection *c = connection_by_key(n, r->public_key);
	size_t bytes = text_length(r->ufrag, ICE_UFRAG_MAX);
	if (c)
		return c;
	while ((c = connection_by_ufrag(n, c, r->ufrag, bytes)))
		if (strncmp(connection_remote_ufrag(c), r->remote_ufrag, ICE_UFRAG_MAX) == 0)
			return c;
	return NULL;
}

static void checks(struct conn_node *n, struct connection *c, const struct conn_report *r, cp_time now)
{
	ice_report_in(c->ice, &r->ice, now);
	connection_serve(n, c, now);
}

static void completed(struct conn_node *n, struct connection *c, cp_time now)
{
	c->completed = true;
	failures_forget(n, c->id);
	connection_serve(n, c, now);
}

static void channel(struct conn_node *n, const struct conn_report *r, cp_time now)
{
	struct relay *relay = relay_by_server(n, &r->relay);
	struct cp_addr peer;
	if (!relay || relay->restoring) {
		n->counters->reports_unknown++;
		return;
	}
	if (r->received)
		turn_channel_heard(relay->turn, r->channel, now, &peer);
	else
		turn_channel_sent(relay->turn, r->channel, now);
	relay_touch(n, relay);
}

void conn_report_in(struct conn_node *n, const struct conn_report *r, cp_time now)
{
	node_at(n, now);
	if (r->kind == CONN_REPORT_CHANNEL) {
		channel(n, r, now);
		return;
	}
	struct connection *c = r->kind == CONN_REPORT_CHECKS ? of_checks(n, r) : connection_by_key(n, r->public_key);
	if (!c || c->restoring) {
		n->counters->reports_unknown++;
		return;
	}
	switch (r->kind) {
	case CONN_REPORT_CHECKS:
		checks(n, c, r, now);
		break;
	case CONN_REPORT_ACTIVITY:
		idle_heard(n, c, now);
		break;
	case CONN_REPORT_COMPLETED:
		completed(n, c, now);
		break;
	case CONN_REPORT_EXPIRED:
		connection_fail(n, c, CONN_FAILED_WIREGUARD);
		break;
	case CONN_REPORT_HANDSHAKE: /* the NF has answered where it came from; the pair comes with the checks */
	case CONN_REPORT_CHANNEL:
		break;
	}
}
