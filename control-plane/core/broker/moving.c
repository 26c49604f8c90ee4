/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moving clients off a gateway (portal §6.3 g): what the pacing machine (rescue.h) decides is said here. A client lets go
 * of a gateway when each resource that it has through it is deleted and created again.
 */
#include <errno.h>

#include "broker/internal.h"

/* Our own clients hear of it from a gateway of ours that leaves, and move by themselves; not from one that is dead, or
 * does not know that it is drained. */
static bool moves_itself(const struct broker_link *l)
{
	const struct broker_node *g = l->gateway;
	return g->rescue.why == RESCUE_LEFT && !g->rescue.joined && g->was_ours && l->client->was_ours;
}

void broker_to_move(struct broker *b, const struct broker_link *l)
{
	if (rescue_is_left(&l->gateway->rescue) && !moves_itself(l))
		rescue_add(b->rescue, &l->gateway->rescue, &l->client->device.id, b->now);
}

static void begin(struct broker *b, struct broker_node *g, enum rescue_why why)
{
	struct broker_link *l;
	char id[PORTAL_UUID_TEXT];
	bool is_rescue = why == RESCUE_LOST;
	broker_count_up(b, is_rescue ? BROKER_COUNT_RESCUES : BROKER_COUNT_DRAINS);
	broker_each(l, struct broker_link, of_gateway, &g->served)
		if (l->n_current > 0)
			broker_to_move(b, l);
	portal_uuid_format(&g->device.id, id);
	broker_event(b, is_rescue ? BROKER_WARN : BROKER_INFO, is_rescue ? "rescue_begun" : "drain_begun", "id=%s clients=%u", id,
		     rescue_to_move(&g->rescue));
}

static void say_deleted(struct broker *b, struct broker_conn *c, const struct broker_use *u)
{
	const struct portal_message m = {.type = PORTAL_RESOURCE_DELETED, .body.resource_deleted = {u->key.resource}};
	broker_say(b, c, &m);
}

static void say_created_anew(struct broker *b, struct broker_conn *c, struct broker_use *u)
{
	const struct broker_resource *r = broker_facts_resource(b->facts, &u->key.resource);
	struct portal_message m = {.type = PORTAL_RESOURCE_UPSERTED};
	broker_use_let_go(b, u);
	if (!r)
		return;
	m.body.resource = r->view;
	broker_say(b, c, &m);
}

static bool goes_through(const struct broker_use *u, const struct broker_node *g)
{
	return u->current && u->current->link->gateway == g;
}

static void move(struct broker *b, struct broker_node *client, const struct broker_node *g)
{
	struct broker_use *u;
	if (!client || !client->conn)
		return;
	broker_each(u, struct broker_use, of_client, &client->uses)
		if (goes_through(u, g))
			say_deleted(b, client->conn, u);
	broker_each(u, struct broker_use, of_client, &client->uses)
		if (goes_through(u, g))
			say_created_anew(b, client->conn, u);
	broker_count_up(b, BROKER_COUNT_MOVED);
}

/* A gateway with another key has forgotten its connections (§2.9), and its clients would notice by a time-out only. All at once:
 * they have nothing left that could be kept. */
void broker_gateway_forgot(struct broker *b, struct broker_node *g)
{
	struct broker_link *l;
	char id[PORTAL_UUID_TEXT];
	uint32_t n = 0;
	broker_each(l, struct broker_link, of_gateway, &g->served)
		if (l->n_current > 0 && l->client->conn) {
			move(b, l->client, g);
			n++;
		}
	if (n == 0)
		return;
	portal_uuid_format(&g->device.id, id);
	broker_count_up(b, BROKER_COUNT_RESCUES);
	broker_event(b, BROKER_WARN, "gateway_forgot", "id=%s clients=%u", id, n);
}

/* Not in the middle of a reload, which must not tell its peers what a move has told them anew; its end comes back here. */
void broker_move_on(struct broker *b)
{
	struct rescue_out o;
	if (b->reload.changes)
		return;
	while (rescue_next(b->rescue, b->now, &o)) {
		struct broker_node *g = o.gateway->owner;
		if (o.kind == RESCUE_BEGIN)
			begin(b, g, o.why);
		else
			move(b, broker_node_find(b, &o.client), g);
	}
}

static int mark_cordoned(struct broker *b, struct broker_node *g, bool cordoned)
{
	bool changes = g->device.cordoned != cordoned;
	g->device.cordoned = cordoned;
	broker_offer(b, g);
	return changes && !broker_store_device(b, g) ? -ENOMEM : 0;
}

int broker_cordon(struct broker *b, const struct portal_uuid *gateway, cp_time now)
{
	broker_at(b, now);
	struct broker_node *g = broker_gateway_find(b, gateway);
	if (!g)
		return -ENOENT;
	rescue_cordon(b->rescue, &g->rescue);
	return mark_cordoned(b, g, true);
}

int broker_uncordon(struct broker *b, const struct portal_uuid *gateway, cp_time now)
{
	broker_at(b, now);
	struct broker_node *g = broker_gateway_find(b, gateway);
	if (!g)
		return -ENOENT;
	rescue_uncordon(b->rescue, &g->rescue);
	return mark_cordoned(b, g, false);
}

int broker_drain(struct broker *b, const struct portal_uuid *gateway, cp_time now)
{
	broker_at(b, now);
	struct broker_node *g = broker_gateway_find(b, gateway);
	if (!g)
		return -ENOENT;
	rescue_drain(b->rescue, &g->rescue, now);
	int err = mark_cordoned(b, g, true);
	broker_move_on(b);
	return err;
}
