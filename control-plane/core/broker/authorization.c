/* SPDX-License-Identifier: Apache-2.0 */
/* Who may use what through whom, until when: granting, restoring, ending, taking back (portal §6.3 f). */
#include <errno.h>
#include <stdlib.h>

#include "broker/internal.h"

struct broker_authorization broker_auth_record(const struct broker_auth *a)
{
	return (struct broker_authorization){a->use->key.client, a->use->key.resource, a->link->key.gateway, a->expires_at,
					     a->turn};
}

struct broker_auth *broker_auth_find(const struct broker_use *u, const struct broker_node *gateway)
{
	struct broker_auth *a;
	broker_each(a, struct broker_auth, of_use, &u->auths)
		if (a->link->gateway == gateway)
			return a;
	return NULL;
}

static bool register_auth(struct broker *b, struct broker_auth *a)
{
	if (!cp_heap_reserve(&b->expiries, b->conns.n + b->n_auths + 1) || !broker_auth_list(b, a))
		return false;
	broker_list_add(&a->use->auths, &a->of_use);
	broker_list_add(&a->link->gateway->auths, &a->of_gateway);
	a->link->n_auths++;
	a->link->gateway->n_auths++;
	a->use->client->n_auths++;
	return true;
}

struct broker_auth *broker_auth_create(struct broker *b, struct broker_use *u, struct broker_node *gateway)
{
	struct broker_auth *a = calloc(1, sizeof(*a));
	struct broker_link *l = a ? broker_link_get(b, u->client, gateway) : NULL;
	if (a)
		*a = (struct broker_auth){.expiry.kind = BROKER_TIMED_AUTH, .use = u, .link = l};
	if (l && register_auth(b, a))
		return a;
	if (l)
		broker_link_settle(b, l);
	free(a);
	return NULL;
}

void broker_auth_until(struct broker *b, struct broker_auth *a, int64_t expires_at)
{
	a->expires_at = expires_at;
	cp_heap_arm(&b->expiries, &a->expiry.timer, (cp_time)expires_at);
}

void broker_auth_free(struct broker *b, struct broker_auth *a)
{
	struct broker_use *u = a->use;
	struct broker_link *l = a->link;
	broker_asks_forget(b, a);
	if (u->current == a)
		broker_use_goes_through(b, u, NULL);
	cp_heap_disarm(&b->expiries, &a->expiry.timer);
	broker_auth_unlist(b, a);
	broker_list_remove(&a->of_use);
	broker_list_remove(&a->of_gateway);
	l->n_auths--;
	l->gateway->n_auths--;
	u->client->n_auths--;
	free(a);
	broker_link_settle(b, l);
	broker_use_settle(b, u);
}

void broker_auth_reject(struct broker *b, struct broker_auth *a)
{
	const struct portal_message m = {.type = PORTAL_REJECT_ACCESS,
					 .body.reject_access = {a->use->key.client, a->use->key.resource}};
	struct broker_node *g = a->link->gateway;
	if (g->conn)
		broker_say(b, g->conn, &m);
	else
		broker_reject_later(g, &a->use->key.client, &a->use->key.resource);
	broker_forget_authorization(b, a);
	broker_auth_free(b, a);
}

void broker_auth_doubted(struct broker *b, struct broker_auth *a)
{
	if (!a->is_confirmed)
		broker_auth_reject(b, a);
}

void broker_auth_due(struct broker *b, struct broker_auth *a)
{
	broker_count_up(b, BROKER_COUNT_EXPIRED);
	broker_asks_failed(b, a->use);
	broker_forget_authorization(b, a);
	broker_auth_free(b, a);
}

static size_t revoke_use(struct broker *b, struct broker_use *u)
{
	struct broker_auth *a;
	size_t n = 0;
	broker_asks_failed(b, u);
	/* the last one takes its use with it */
	for (bool more = !broker_list_is_empty(&u->auths); more; n++) {
		a = broker_of(u->auths.next, struct broker_auth, of_use);
		more = u->auths.next != u->auths.prev;
		broker_count_up(b, BROKER_COUNT_REVOKED);
		broker_auth_reject(b, a);
	}
	return n;
}

static size_t revoke_of(struct broker *b, struct broker_node *client, const struct portal_uuid *resource)
{
	struct broker_use *u = resource ? broker_use_find(b, &client->device.id, resource) : NULL;
	size_t n = 0;
	if (resource)
		return u ? revoke_use(b, u) : 0;
	broker_each(u, struct broker_use, of_client, &client->uses)
		n += revoke_use(b, u);
	return n;
}

size_t broker_revoke(struct broker *b, const struct portal_uuid *client, const struct portal_uuid *resource, cp_time now)
{
	size_t n = 0;
	broker_at(b, now);
	struct broker_node *c = client ? broker_node_find(b, client) : NULL;
	if (client)
		return c ? revoke_of(b, c, resource) : 0;
	for (uint32_t i = 0; i < b->n_clients; i++)
		n += revoke_of(b, b->clients[i], resource);
	return n;
}
