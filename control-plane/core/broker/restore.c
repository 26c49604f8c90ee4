/* SPDX-License-Identifier: Apache-2.0 */
/* What the store held (portal §6.1 3). */
#include <errno.h>

#include "broker/internal.h"

int broker_restore_device(struct broker *b, const struct broker_device *d)
{
	struct broker_node *n;
	if ((d->role != PORTAL_GATEWAY && d->role != PORTAL_CLIENT) || !d->external_id || !d->name || !broker_pool_claim(b, d->index))
		return -EINVAL;
	int err = broker_node_add(b, d, &n);
	if (err == 0 && !broker_node_list(b, n)) {
		broker_node_free(b, n);
		err = -ENOMEM;
	}
	if (err)
		broker_pool_give_back(b, d->index);
	return err == -EEXIST ? -EINVAL : err;
}

/* Until when, by the file there is now; 0: it is not of this world. */
static int64_t granted_until(const struct broker *b, const struct broker_authorization *a, const struct broker_node *client,
			     const struct broker_node *gateway)
{
	if (!client || !gateway || client->device.role != PORTAL_CLIENT)
		return 0;
	const struct broker_resource *r = broker_facts_resource(b->facts, &a->resource);
	const struct broker_verdict v = broker_access(b->facts, &client->device.owner, &a->resource, NULL, broker_unix_now(b));
	return r && broker_resource_is_at(r, &gateway->device.owner) && v.access == BROKER_GRANTED ? v.expires_at : 0;
}

static bool is_newest(const struct broker_use *u, const struct broker_auth *a)
{
	return !u->current || u->current->turn <= a->turn;
}

static int take_back(struct broker *b, const struct broker_authorization *a, int64_t until)
{
	struct broker_use *u = broker_use_get(b, broker_node_find(b, &a->client), &a->resource);
	struct broker_auth *made = u ? broker_auth_create(b, u, broker_node_find(b, &a->gateway)) : NULL;
	if (!made) {
		if (u)
			broker_use_settle(b, u);
		return -ENOMEM;
	}
	made->is_confirmed = true;
	made->turn = a->turn;
	broker_auth_until(b, made, until < a->expires_at ? until : a->expires_at);
	if (is_newest(u, made))
		broker_use_goes_through(b, u, made);
	return 0;
}

/* A gateway of which clients are known was there before; it may be lost for good. */
static void await(struct broker *b, struct broker_node *gateway)
{
	if (!gateway->is_awaited)
		rescue_lost(b->rescue, &gateway->rescue, b->now);
	gateway->is_awaited = true;
}

int broker_restore_authorization(struct broker *b, const struct broker_authorization *a)
{
	struct broker_node *client = broker_node_find(b, &a->client), *gateway = broker_gateway_find(b, &a->gateway);
	struct broker_use *u = broker_use_find(b, &a->client, &a->resource);
	bool is_known = u && gateway && broker_auth_find(u, gateway);
	if (b->n_turns < a->turn) /* also of one that is left out, and may be of this world the next time */
		b->n_turns = a->turn;
	if (is_known || a->expires_at <= broker_unix_now(b))
		return -EINVAL;
	int64_t until = granted_until(b, a, client, gateway);
	if (until == 0) {
		/* it may be there still, and stock gateways up to 1.6.0 keep what their init leaves out (§3.1) */
		if (gateway)
			broker_reject_later(gateway, &a->client, &a->resource);
		return -EINVAL;
	}
	await(b, gateway);
	return take_back(b, a, until);
}
