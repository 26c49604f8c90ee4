/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a gateway must be told when it is back: accesses that were taken while it was away. Its init does not list them,
 * but stock gateways up to 1.6.0 leave alone those clients that it does not list at all (portal §3.1).
 */
#include <stdlib.h>

#include "broker/internal.h"

struct reject {
	struct broker_list of_gateway;
	struct portal_uuid client, resource;
};

/* Never more than what it was granted before it went. If memory is short the access ends with its expiry. */
void broker_reject_later(struct broker_node *gateway, const struct portal_uuid *client, const struct portal_uuid *resource)
{
	struct reject *r = malloc(sizeof(*r));
	if (!r)
		return;
	*r = (struct reject){.client = *client, .resource = *resource};
	broker_list_add(&gateway->rejects, &r->of_gateway);
}

static void forget(struct reject *r)
{
	broker_list_remove(&r->of_gateway);
	free(r);
}

static bool has_access(const struct broker *b, const struct broker_node *gateway, const struct reject *r)
{
	const struct broker_use *u = broker_use_find(b, &r->client, &r->resource);
	return u && broker_auth_find(u, gateway);
}

void broker_rejects_say(struct broker *b, struct broker_node *gateway)
{
	struct reject *r;
	broker_each(r, struct reject, of_gateway, &gateway->rejects) {
		const struct portal_message m = {.type = PORTAL_REJECT_ACCESS, .body.reject_access = {r->client, r->resource}};
		if (!has_access(b, gateway, r))
			broker_say(b, gateway->conn, &m);
		forget(r);
	}
}

void broker_rejects_forget(struct broker_node *gateway)
{
	struct reject *r;
	broker_each(r, struct reject, of_gateway, &gateway->rejects)
		forget(r);
}
