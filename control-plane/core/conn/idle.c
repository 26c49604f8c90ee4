/* SPDX-License-Identifier: Apache-2.0 */
/* Idle mode (connectivity §1.13): 20 s without inner packets, and checks come every 25 s. */
#include "conn/node.h"

#define IDLE_AFTER (20 * CP_S)

static bool may_go_idle(const struct connection *c)
{
	return !c->idle && c->path.handle != 0 && ice_agent_state(c->ice) == ICE_CONNECTED;
}

/* A state that is not exactly CONNECTED has deadlines of its own, and each of them leads here again. */
cp_time idle_deadline(const struct connection *c)
{
	return may_go_idle(c) ? c->last_activity + IDLE_AFTER : CP_NEVER;
}

void idle_follow(struct connection *c, cp_time now)
{
	if (!may_go_idle(c) || now < c->last_activity + IDLE_AFTER)
		return;
	c->idle = true;
	ice_set_timing(c->ice, &ice_timing_idle, now);
}

void idle_leave(struct connection *c, cp_time now)
{
	c->last_activity = now;
	if (!c->idle)
		return;
	c->idle = false;
	ice_set_timing(c->ice, &ice_timing_default, now);
}

void idle_heard(struct conn_node *n, struct connection *c, cp_time now)
{
	bool was_idle = c->idle;
	idle_leave(c, now);
	if (was_idle)
		connection_serve(n, c, now);
}
