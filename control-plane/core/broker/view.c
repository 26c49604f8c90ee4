/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/view.h"

#include "broker/internal.h"

const char *broker_gateway_state_name(enum broker_gateway_state s)
{
	static const char *const names[] = {
		[BROKER_OFFLINE] = "offline",
		[BROKER_ONLINE] = "online",
		[BROKER_CORDONED] = "cordoned",
		[BROKER_DRAINING] = "draining",
		[BROKER_MISSING] = "missing",
		[BROKER_RESCUING] = "rescuing",
	};
	return names[s];
}

bool broker_gateway_row(const struct broker *b, size_t index, struct broker_gateway_row *ret)
{
	if (index >= b->n_gateways)
		return false;
	const struct broker_node *g = b->gateways[index];
	const struct portal_site *site = broker_facts_site(b->facts, &g->device.owner);
	*ret = (struct broker_gateway_row){.device = &g->device, .site = site ? site->name : "", .state = rescue_state(&g->rescue),
					   .ipv4 = broker_pool_ipv4(g->device.index), .ipv6 = broker_pool_ipv6(g->device.index),
					   .clients = g->clients, .to_move = rescue_to_move(&g->rescue), .is_ours = g->was_ours};
	if (!g->conn)
		return true;
	ret->dialect = g->conn->link.dialect;
	ret->version = g->conn->version;
	ret->from = g->conn->from;
	ret->connected_at = g->conn->connected_at;
	return true;
}

bool broker_client_row(const struct broker *b, size_t index, struct broker_client_row *ret)
{
	if (index >= b->n_clients)
		return false;
	const struct broker_node *c = b->clients[index];
	const struct broker_actor *actor = broker_facts_actor(b->facts, &c->device.owner);
	*ret = (struct broker_client_row){.device = &c->device, .actor = actor ? actor->name : "", .online = c->conn != NULL,
					  .is_ours = c->was_ours, .ipv4 = broker_pool_ipv4(c->device.index),
					  .ipv6 = broker_pool_ipv6(c->device.index), .authorizations = c->n_auths};
	if (!c->conn)
		return true;
	ret->dialect = c->conn->link.dialect;
	ret->version = c->conn->version;
	ret->from = c->conn->from;
	ret->connected_at = c->conn->connected_at;
	return true;
}

bool broker_authorization_row(const struct broker *b, size_t index, struct broker_authorization_row *ret)
{
	if (index >= b->n_auths)
		return false;
	const struct broker_auth *a = b->auths[index];
	const struct broker_resource *r = broker_facts_resource(b->facts, &a->use->key.resource);
	*ret = (struct broker_authorization_row){.authorization = broker_auth_record(a), .client = a->use->client->device.name,
						 .resource = r && r->view.name ? r->view.name : "",
						 .gateway = a->link->gateway->device.name};
	return true;
}

bool broker_relay_row(const struct broker *b, size_t index, struct broker_relay_row *ret)
{
	struct broker_relay_entry e;
	if (!broker_relays_entry(b->relays, index, &e))
		return false;
	*ret = (struct broker_relay_row){.id = e.id, .ipv4 = e.ipv4, .ipv6 = e.ipv6, .kind = e.kind, .online = e.online, .peers = e.peers};
	return true;
}

uint64_t broker_count(const struct broker *b, enum broker_counter c)
{
	return b->counters[c];
}

struct broker_summary broker_summary(const struct broker *b)
{
	struct broker_summary s = {.gateways = b->n_gateways, .gateways_online = b->n_online[0], .clients = b->n_clients,
				   .clients_online = b->n_online[1], .relays_online = b->n_relays, .authorizations = b->n_auths,
				   .requests = b->requests.n,
				   .ready = b->n_gateways == 0 || b->now >= rescue_quiet_until(b->rescue)};
	uint64_t second = b->now / CP_S;
	const uint64_t n = sizeof(b->per_second) / sizeof(b->per_second[0]);
	for (uint64_t i = 0; i < n; i++)
		if (second - b->second + i < n && b->per_second[(b->second - i) % n] > s.busiest_second)
			s.busiest_second = b->per_second[(b->second - i) % n];
	return s;
}
