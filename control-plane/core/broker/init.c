/* SPDX-License-Identifier: Apache-2.0 */
/* What a peer hears right after its join (portal §3.1, §4.1), in the smallest shape that all stock releases accept. */
#include <stdlib.h>

#include "base/crypto.h"
#include "broker/internal.h"

/* §6.7: newer peers want to know where flow logs go; nowhere. */
static const struct portal_flow_logs no_flow_logs = {.api_url = "http://127.0.0.1:9/"};

void broker_relay_user(const struct broker_conn *c, struct broker_relay_user *ret)
{
	const struct broker_device *d = &c->node->device;
	*ret = (struct broker_relay_user){.id = d->id, .role = d->role, .public_key = d->public_key, .expires_at = c->expires_at};
}

static void say_gateway_init(struct broker *b, struct broker_conn *c, const struct portal_relays *relays)
{
	const struct broker_node *n = c->node;
	struct portal_authorization *list = calloc(n->n_auths + 1u, sizeof(*list));
	struct broker_auth *a;
	size_t n_list = 0;
	if (!list) {
		broker_conn_break(b, c);
		return;
	}
	broker_each(a, struct broker_auth, of_gateway, &n->auths)
		list[n_list++] = (struct portal_authorization){a->use->key.client, a->use->key.resource, a->expires_at};
	struct portal_message m = {.type = PORTAL_GATEWAY_INIT};
	m.body.gateway_init = (struct portal_gateway_init){
		.interface = {.ipv4 = broker_pool_ipv4(n->device.index), .ipv6 = broker_pool_ipv6(n->device.index)},
		.ipv4_masquerade_enabled = true, .ipv6_masquerade_enabled = true, .relays = *relays,
		.account_slug = broker_facts_world(b->facts)->account_slug, .has_authorizations = true,
		.authorizations = {list, n_list}, .flow_logs = no_flow_logs};
	broker_say(b, c, &m);
	free(list);
}

/* Says config_changed, or init if it has resources, with the client's interface: m's own is filled in. */
static void say_with_interface(struct broker *b, struct broker_conn *c, struct portal_message *m, struct portal_interface *interface,
			       const struct portal_text *resources)
{
	const struct broker_world *w = broker_facts_world(b->facts);
	struct portal_dns_server *servers = calloc(w->n_dns + 1, sizeof(*servers));
	if (!servers) {
		broker_conn_break(b, c);
		return;
	}
	for (size_t i = 0; i < w->n_dns; i++)
		servers[i] = (struct portal_dns_server){PORTAL_IP_PORT, w->dns[i]};
	*interface = (struct portal_interface){.ipv4 = broker_pool_ipv4(c->node->device.index),
					       .ipv6 = broker_pool_ipv6(c->node->device.index), .has_upstream_dns = true,
					       .upstream_dns = {servers, w->n_dns}, .search_domain = w->search_domain};
	if (m->type == PORTAL_CLIENT_INIT)
		broker_say_client_init(b, c, m, resources);
	else
		broker_say(b, c, m);
	free(servers);
}

void broker_say_config(struct broker *b, struct broker_conn *c)
{
	struct portal_message m = {.type = PORTAL_CONFIG_CHANGED};
	say_with_interface(b, c, &m, &m.body.config_changed.interface, NULL);
}

/* As of judged_at: what has ended since is taken back like everybody's. */
static void say_client_init(struct broker *b, struct broker_conn *c, const struct portal_relays *relays)
{
	struct portal_message m = {.type = PORTAL_CLIENT_INIT};
	size_t n = broker_access_list(b->facts, &c->node->device.owner, &c->from, b->judged_at, b->listed);
	m.body.client_init = (struct portal_client_init){.relays = *relays, .flow_logs = no_flow_logs};
	say_with_interface(b, c, &m, &m.body.client_init.interface, broker_lists_text(b, &c->link, n));
}

void broker_say_init(struct broker *b, struct broker_conn *c)
{
	struct broker_relay_user who;
	struct broker_relay_list list;
	broker_relay_user(c, &who);
	broker_relays_init(b->relays, &who, &c->relays, &list);
	const struct portal_relays relays = {list.relays, list.n};
	if (c->link.role == PORTAL_GATEWAY)
		say_gateway_init(b, c, &relays);
	else
		say_client_init(b, c, &relays);
	broker_relay_list_wipe(&list);
}
