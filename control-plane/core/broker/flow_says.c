/* SPDX-License-Identifier: Apache-2.0 */
/* What the two sides of a flow are told (portal §6.3 c 5, 7, 8). */
#include <string.h>

#include "base/crypto.h"
#include "broker/ingest.h"
#include "broker/internal.h"
#include "broker/secrets.h"

void broker_say_failed(struct broker *b, struct broker_conn *c, const struct portal_uuid *resource, enum portal_failure reason,
		       const struct broker_verdict *v)
{
	struct portal_message m = {.type = PORTAL_FLOW_CREATION_FAILED, .body.flow_creation_failed = {.resource_id = *resource, .reason = reason}};
	if (v && v->n_violated > 0) {
		m.body.flow_creation_failed.has_violated_properties = true;
		m.body.flow_creation_failed.violated_properties = (struct portal_texts){v->violated, v->n_violated};
	}
	broker_say(b, c, &m);
}

static void fill_ingest(struct broker *b, const struct broker_ask *q, enum portal_role role, char ret[BROKER_INGEST_TEXT])
{
	const struct broker_node *client = q->use->client, *gateway = q->auth->link->gateway;
	const struct broker_actor *actor = broker_facts_actor(b->facts, &client->device.owner);
	const struct broker_resource *r = broker_facts_resource(b->facts, &q->use->key.resource);
	const struct broker_ingest i = {.role = role, .account = broker_facts_world(b->facts)->account_slug,
					.client = client->device.id, .gateway = gateway->device.id, .actor = client->device.owner,
					.resource = q->use->key.resource, .actor_name = actor ? actor->name : NULL,
					.resource_name = r ? r->view.name : NULL, .issued_at = broker_unix_now(b),
					.expires_at = q->auth->expires_at};
	broker_ingest(&i, b->secret, ret);
}

/* §6.3 c 7 */
void broker_ask_say(struct broker *b, const struct broker_ask *q)
{
	const struct broker_node *client = q->use->client, *gateway = q->auth->link->gateway;
	const struct broker_resource *r = broker_facts_resource(b->facts, &q->use->key.resource);
	char token[BROKER_INGEST_TEXT] = "";
	struct broker_secrets s;
	if (!r || !gateway->conn)
		return;
	broker_secrets(&client->device, &gateway->device, &s);
	if (gateway->conn->link.dialect == PORTAL_V2)
		fill_ingest(b, q, PORTAL_GATEWAY, token);
	struct portal_message m = {.type = PORTAL_AUTHORIZE_FLOW,
		.body.authorize_flow = {.ref = q->ref, .resource = r->view, .expires_at = q->auth->expires_at, .ingest_token = token,
			.client = {.id = client->device.id, .public_key = client->device.public_key, .preshared_key = s.preshared_key,
				   .ipv4 = broker_pool_ipv4(client->device.index), .ipv6 = broker_pool_ipv6(client->device.index)},
			.client_ice = {s.client_username, s.client_password}, .gateway_ice = {s.gateway_username, s.gateway_password}}};
	broker_say(b, gateway->conn, &m);
	cp_wipe(&m, sizeof(m));
	cp_wipe(&s, sizeof(s));
}

/* §6.3 c 8 */
void broker_say_created(struct broker *b, struct broker_conn *c, const struct broker_ask *q)
{
	const struct broker_node *client = q->use->client, *gateway = q->auth->link->gateway;
	const struct broker_device *g = &gateway->device;
	char token[BROKER_INGEST_TEXT] = "";
	struct broker_secrets s;
	broker_secrets(&client->device, g, &s);
	if (c->link.dialect == PORTAL_V2)
		fill_ingest(b, q, PORTAL_CLIENT, token);
	struct portal_message m = {.type = PORTAL_FLOW_CREATED,
		.body.flow_created = {.resource_id = q->use->key.resource, .gateway_id = g->id, .site_id = g->owner,
			.gateway_public_key = g->public_key, .gateway_ipv4 = broker_pool_ipv4(g->index),
			.gateway_ipv6 = broker_pool_ipv6(g->index), .preshared_key = s.preshared_key, .ingest_token = token,
			.client_ice = {s.client_username, s.client_password}, .gateway_ice = {s.gateway_username, s.gateway_password}}};
	broker_say(b, c, &m);
	broker_count_up(b, BROKER_COUNT_CREATED);
	cp_wipe(&m, sizeof(m));
	cp_wipe(&s, sizeof(s));
}
