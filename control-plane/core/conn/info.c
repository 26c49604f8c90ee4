/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at a node. */
#include <string.h>

#include "conn/node.h"

static enum conn_state state(const struct connection *c)
{
	if (c->path.handle == 0)
		return CONN_CONNECTING;
	return c->idle ? CONN_IDLE : CONN_CONNECTED;
}

bool conn_info(const struct conn_node *n, const uint8_t id[CONN_ID_BYTES], struct conn_info *ret)
{
	const struct connection *c = connection_by_id(n, id);
	if (!c)
		return false;
	*ret = (struct conn_info){
		.state = state(c),
		.ice = ice_agent_state(c->ice),
		.path = c->path,
		.pairs = ice_pair_count(c->ice),
		.since = c->since,
		.last_activity = c->last_activity,
		.bytes = sizeof(*c) + c->text_bytes + (c->signals ? sizeof(*c->signals) : 0) + ice_agent_bytes(c->ice),
	};
	memcpy(ret->id, c->id, sizeof(ret->id));
	memcpy(ret->public_key, c->public_key, sizeof(ret->public_key));
	if (c->relay)
		memcpy(ret->relay_id, c->relay->id, sizeof(ret->relay_id));
	return true;
}

uint32_t conn_count(const struct conn_node *n)
{
	return n->n_conns;
}

const struct conn_counters *conn_counters(const struct conn_node *n)
{
	n->counters->turn = n->retired;
	for (unsigned int i = 0; i < n->n_relays; i++)
		relay_count(&n->counters->turn, turn_counters(n->relays[i]->turn));
	return n->counters;
}
