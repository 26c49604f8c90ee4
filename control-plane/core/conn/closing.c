/* SPDX-License-Identifier: Apache-2.0 */
/* Ends of connections that somebody wanted (connectivity §3.6, §3.8). */
#include "conn/node.h"

bool conn_remove(struct conn_node *n, const uint8_t id[CONN_ID_BYTES], cp_time now)
{
	struct connection *c = connection_by_id(n, id);
	if (!c)
		return false;
	n->counters->removed++;
	connection_end(n, c, 0);
	return true;
}

/* Without a path there is nobody to say goodbye to (§3.6). */
static void close_one(struct conn_node *n, struct connection *c, bool goodbye)
{
	n->counters->closed++;
	c->goodbye = goodbye && c->path.handle != 0;
	connection_end(n, c, OUT_CLOSED);
}

bool conn_close(struct conn_node *n, const uint8_t id[CONN_ID_BYTES], cp_time now)
{
	struct connection *c = connection_by_id(n, id);
	if (c)
		close_one(n, c, true);
	return c != NULL;
}

void conn_close_all(struct conn_node *n, cp_time now)
{
	struct connection *c;
	for (uint32_t i = 0; (c = connection_walk(n, &i));)
		close_one(n, c, true);
}

void conn_reset(struct conn_node *n, cp_time now)
{
	struct connection *c;
	for (uint32_t i = 0; (c = connection_walk(n, &i));)
		close_one(n, c, false);
	for (unsigned int i = 0; i < n->n_relays; i++) {
		turn_restart(n->relays[i]->turn, now);
		relay_touch(n, n->relays[i]);
	}
}
