/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/configs/portal/written.h"

#include <stdlib.h>
#include <string.h>

#include "portal/message.h"

/* As a stock peer reads it, or not at all: a malformed resource of a list is left out and counted. */
static bool survives(enum portal_role role, enum portal_dialect dialect, const struct portal_message *m)
{
	const struct portal_link link = {role, dialect};
	struct portal_text text = {.text = NULL};
	struct portal_message again = {.type = PORTAL_NOTHING};
	struct portal_error e;
	bool good = portal_write(&link, PORTAL_FROM_PORTAL, m, &text) == 0 &&
		    portal_read(&link, PORTAL_FROM_PORTAL, text.text, text.bytes, &again, &e) == 0 && again.n_skipped == 0;
	if (good && m->type == PORTAL_RESOURCE_UPSERTED)
		good = again.body.resource.type == m->body.resource.type && again.body.resource.sites.n == m->body.resource.sites.n &&
		       again.body.resource.filters.n == m->body.resource.filters.n;
	portal_message_free(&again);
	portal_text_free(&text);
	return good;
}

static const char *resource_mistake(const struct portal_resource *view)
{
	struct portal_message m = {.type = PORTAL_RESOURCE_UPSERTED, .body = {.resource = *view}};
	if (!survives(PORTAL_CLIENT, PORTAL_V1, &m) || !survives(PORTAL_CLIENT, PORTAL_V2, &m))
		return "a client drops a resource";
	m.type = PORTAL_RESOURCE_UPDATED;
	if (!survives(PORTAL_GATEWAY, PORTAL_V1, &m) || !survives(PORTAL_GATEWAY, PORTAL_V2, &m))
		return "a gateway drops a resource";
	return NULL;
}

static const char *dns_mistake(const struct broker_world *w)
{
	struct portal_dns_server servers[16];
	for (size_t i = 0; i < w->n_dns; i++)
		servers[i] = (struct portal_dns_server){PORTAL_IP_PORT, w->dns[i]};
	struct portal_message m = {.type = PORTAL_CONFIG_CHANGED};
	m.body.config_changed.interface = (struct portal_interface){
		.ipv4 = {.ip = {100, 64, 0, 1}, .family = CP_V4},
		.ipv6 = {.ip = {0xfd, 0, 0x20, 0x21, 0x11, 0x11}, .family = CP_V6},
		.has_upstream_dns = true,
		.upstream_dns = {servers, w->n_dns},
		.search_domain = w->search_domain,
	};
	return survives(PORTAL_CLIENT, PORTAL_V1, &m) && survives(PORTAL_CLIENT, PORTAL_V2, &m) ? NULL : "a client drops the interface";
}

static const char *relay_mistake(const struct broker_relay *r)
{
	struct portal_relay list[2];
	size_t n = 0;
	const struct cp_addr *const addrs[] = {&r->ipv4, &r->ipv6};
	for (unsigned int i = 0; i < 2; i++)
		if (addrs[i]->family)
			list[n++] = (struct portal_relay){.type = PORTAL_TURN, .id = r->id, .addr = *addrs[i], .username = r->username,
							  .password = r->password, .expires_at = 1};
	for (size_t i = 0; i < n && r->rest_secret; i++)
		list[i].username = list[i].password = r->rest_secret;
	if (n == 0 || !r->rest_secret == !r->username)
		return "a relay has no address or no credentials";
	struct portal_message m = {.type = PORTAL_RELAYS_PRESENCE};
	m.body.relays_presence.connected = (struct portal_relays){list, n};
	return survives(PORTAL_CLIENT, PORTAL_V1, &m) && survives(PORTAL_GATEWAY, PORTAL_V2, &m) ? NULL : "a peer drops a relay";
}

static bool sorted_below(const uint32_t *list, size_t n, size_t end)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] >= end || (i && list[i] <= list[i - 1]))
			return false;
	return n > 0;
}

const char *world_mistake(const struct broker_world *w)
{
	const char *mistake = dns_mistake(w);
	for (size_t i = 0; i < w->n_resources && !mistake; i++)
		mistake = resource_mistake(&w->resources[i].view);
	for (size_t i = 0; i < w->n_relays && !mistake; i++)
		mistake = relay_mistake(&w->relays[i]);
	for (size_t i = 0; i < w->n_policies && !mistake; i++) {
		const struct broker_policy *p = &w->policies[i];
		if (!sorted_below(p->actors, p->n_actors, w->n_actors) || !sorted_below(p->resources, p->n_resources, w->n_resources))
			mistake = "a policy names what is not there, or twice";
	}
	return mistake;
}
