/* SPDX-License-Identifier: Apache-2.0 */
/* Which client goes through which gateway: links, uses, and the gateways' load. */
#include <stdlib.h>

#include "broker/internal.h"

struct broker_use *broker_use_find(const struct broker *b, const struct portal_uuid *client, const struct portal_uuid *resource)
{
	const struct broker_use_key key = {*client, *resource};
	struct cp_map_entry *e = cp_map_find(&b->uses, &key, sizeof(key));
	return e ? broker_of(e, struct broker_use, by_key) : NULL;
}

struct broker_use *broker_use_get(struct broker *b, struct broker_node *client, const struct portal_uuid *resource)
{
	struct broker_use *u = broker_use_find(b, &client->device.id, resource);
	if (u)
		return u;
	u = calloc(1, sizeof(*u));
	if (!u)
		return NULL;
	u->key = (struct broker_use_key){client->device.id, *resource};
	u->client = client;
	broker_list_init(&u->auths);
	broker_list_init(&u->requests);
	broker_list_add(&client->uses, &u->of_client);
	if (cp_map_add(&b->uses, &u->by_key, &u->key, sizeof(u->key)))
		return u;
	broker_list_remove(&u->of_client);
	free(u);
	return NULL;
}

/* One that holds nothing any more. */
void broker_use_settle(struct broker *b, struct broker_use *u)
{
	if (!broker_list_is_empty(&u->auths) || !broker_list_is_empty(&u->requests))
		return;
	cp_map_remove(&b->uses, &u->by_key);
	broker_list_remove(&u->of_client);
	free(u);
}

struct broker_link *broker_link_find(const struct broker *b, const struct portal_uuid *client, const struct portal_uuid *gateway)
{
	const struct broker_link_key key = {*client, *gateway};
	struct cp_map_entry *e = cp_map_find(&b->links, &key, sizeof(key));
	return e ? broker_of(e, struct broker_link, by_key) : NULL;
}

struct broker_link *broker_link_get(struct broker *b, struct broker_node *client, struct broker_node *gateway)
{
	struct broker_link *l = broker_link_find(b, &client->device.id, &gateway->device.id);
	if (l)
		return l;
	l = calloc(1, sizeof(*l));
	if (!l)
		return NULL;
	*l = (struct broker_link){.key = {client->device.id, gateway->device.id}, .client = client, .gateway = gateway};
	broker_list_add(&client->links, &l->of_client);
	broker_list_add(&gateway->served, &l->of_gateway);
	if (cp_map_add(&b->links, &l->by_key, &l->key, sizeof(l->key)))
		return l;
	broker_link_settle(b, l);
	return NULL;
}

void broker_link_settle(struct broker *b, struct broker_link *l)
{
	if (l->n_auths > 0)
		return;
	cp_map_remove(&b->links, &l->by_key);
	broker_list_remove(&l->of_client);
	broker_list_remove(&l->of_gateway);
	free(l);
}

static void weigh(struct broker *b, struct broker_node *gateway, int more)
{
	gateway->load = (uint32_t)((int64_t)gateway->load + more);
	broker_offer(b, gateway);
}

static void begin(struct broker *b, struct broker_link *l)
{
	if (l->n_current++ > 0)
		return;
	l->gateway->clients++;
	broker_to_move(b, l);
	if (l->client->conn)
		weigh(b, l->gateway, 1);
}

static void end(struct broker *b, struct broker_link *l)
{
	if (--l->n_current > 0)
		return;
	l->gateway->clients--;
	rescue_drop(b->rescue, &l->gateway->rescue, &l->client->device.id);
	if (l->client->conn)
		weigh(b, l->gateway, -1);
}

void broker_use_goes_through(struct broker *b, struct broker_use *u, struct broker_auth *a)
{
	struct broker_auth *old = u->current;
	if (old == a)
		return;
	u->current = a;
	if (a)
		begin(b, a->link);
	if (old)
		end(b, old->link);
}

/* The client was told so that it drops what it waits for and what it goes through. */
void broker_use_let_go(struct broker *b, struct broker_use *u)
{
	broker_asks_served(u);
	broker_use_goes_through(b, u, NULL);
}

void broker_client_joined(struct broker *b, struct broker_node *client)
{
	struct broker_link *l;
	broker_each(l, struct broker_link, of_client, &client->links)
		if (l->n_current > 0) {
			weigh(b, l->gateway, 1);
			broker_to_move(b, l);
		}
}

/* Of what it asked on a former connection it hears nothing on this one. */
void broker_client_begins_anew(struct broker_node *client)
{
	struct broker_use *u;
	broker_each(u, struct broker_use, of_client, &client->uses)
		broker_asks_served(u);
}

void broker_client_parted(struct broker *b, struct broker_node *client)
{
	struct broker_link *l;
	broker_each(l, struct broker_link, of_client, &client->links)
		if (l->n_current > 0)
			weigh(b, l->gateway, -1);
}

/* A peer with a new key has lost its connections (§2.9): a client goes through nobody, and no gateway answers what it
 * was asked before. */
void broker_keys_changed(struct broker *b, struct broker_node *n)
{
	struct broker_use *u;
	if (n->device.role == PORTAL_GATEWAY)
		broker_asks_lost(b, n);
	else
		broker_each(u, struct broker_use, of_client, &n->uses)
			broker_use_goes_through(b, u, NULL);
}
