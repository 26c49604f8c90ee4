/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "broker/changes_internal.h"

bool changes_same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_filters(const struct portal_filters *a, const struct portal_filters *b)
{
	bool same = a->n == b->n;
	for (size_t i = 0; same && i < a->n; i++) {
		const struct portal_filter *x = &a->list[i], *y = &b->list[i];
		same = x->protocol == y->protocol && x->has_ports == y->has_ports &&
		       (!x->has_ports || (x->port_first == y->port_first && x->port_last == y->port_last));
	}
	return same;
}

static bool same_address(const struct portal_resource *a, const struct portal_resource *b)
{
	enum portal_ip_stack of_a = a->has_ip_stack ? a->ip_stack : PORTAL_DUAL, of_b = b->has_ip_stack ? b->ip_stack : PORTAL_DUAL;
	if (a->type != b->type)
		return false;
	if (a->type == PORTAL_RESOURCE_CIDR)
		return a->network.prefix_bits == b->network.prefix_bits && cp_addr_equal(&a->network.addr, &b->network.addr);
	return a->type != PORTAL_RESOURCE_DNS || (of_a == of_b && changes_same_text(a->pattern, b->pattern));
}

static bool has_site(const struct portal_sites *sites, const struct portal_site *s)
{
	for (size_t i = 0; i < sites->n; i++)
		if (memcmp(&sites->list[i].id, &s->id, sizeof(s->id)) == 0)
			return changes_same_text(sites->list[i].name, s->name);
	return false;
}

/* In any order. */
static bool same_sites(const struct portal_sites *a, const struct portal_sites *b)
{
	bool same = a->n == b->n;
	for (size_t i = 0; same && i < a->n; i++)
		same = has_site(b, &a->list[i]);
	return same;
}

uint8_t changes_compare(const struct portal_resource *a, const struct portal_resource *b)
{
	bool service = changes_same_text(a->name, b->name) && same_filters(&a->filters, &b->filters);
	bool view = service && changes_same_text(a->description, b->description) &&
		    a->has_can_be_disabled == b->has_can_be_disabled && a->can_be_disabled == b->can_be_disabled;
	unsigned int what = (view ? 0 : CHANGED_VIEW) | (same_address(a, b) ? 0 : CHANGED_ADDRESS) |
			    (same_sites(&a->sites, &b->sites) ? 0 : CHANGED_SITES);
	/* Of the internet gateways know neither (§3.5). */
	if (!service && b->type != PORTAL_RESOURCE_INTERNET)
		what |= CHANGED_SERVICE;
	return (uint8_t)what;
}

bool changes_same_dns(const struct broker_world *a, const struct broker_world *b)
{
	bool same = a->n_dns == b->n_dns && changes_same_text(a->search_domain, b->search_domain);
	for (size_t i = 0; same && i < a->n_dns; i++)
		same = cp_addr_equal(&a->dns[i], &b->dns[i]);
	return same;
}

bool changes_same_networks(const struct broker_policy *a, const struct broker_policy *b)
{
	bool same = a->n_networks == b->n_networks;
	for (size_t i = 0; same && i < a->n_networks; i++)
		same = a->networks[i].prefix_bits == b->networks[i].prefix_bits &&
		       cp_addr_equal(&a->networks[i].addr, &b->networks[i].addr);
	return same;
}
