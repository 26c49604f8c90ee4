/* SPDX-License-Identifier: Apache-2.0 */
/* The resources, as clients and gateways of every release parse them (portal §3.5, §4.1). */
#include "reading.h"

#define RESOURCES_MAX        65536
#define SITES_PER_RESOURCE   64

enum type { TYPE_CIDR, TYPE_IP, TYPE_DNS, TYPE_INTERNET };

static bool lies_in_a_tunnel(struct reading *r, const char *text, const struct portal_network *n)
{
	const char *range;
	if (address_is_reserved(&n->addr, n->prefix_bits, &range)) {
		cursor_fail(&r->c, "address", "\"%s\" lies in %s, which belongs to the tunnels", text, range);
		return true;
	}
	if (address_covers_reserved(n, &range))
		return !reading_warn(r, "address", "\"%s\" holds %s too, which belongs to the tunnels", text, range);
	return false;
}

static bool read_cidr(struct reading *r, const char *text, struct portal_network *ret)
{
	if (!parse_network(&r->c, "address", text, ret))
		return false;
	if (ret->prefix_bits == 0)
		return cursor_fail(&r->c, "address", "\"%s\" is everything: that is type \"internet\"", text);
	return !lies_in_a_tunnel(r, text, ret);
}

/* On the wire it is a network of one address. */
static bool read_ip(struct reading *r, const char *text, struct portal_network *ret)
{
	if (!parse_unicast(&r->c, "address", text, &ret->addr))
		return false;
	ret->prefix_bits = ret->addr.family == CP_V4 ? 32 : 128;
	return !lies_in_a_tunnel(r, text, ret);
}

static bool read_dns_name(struct reading *r, const json_t *o, const char *text, struct portal_resource *ret)
{
	static const char *const stacks[] = {"dual", "ipv4_only", "ipv6_only", NULL};
	const char *mistake = pattern_mistake(text);
	if (mistake)
		return cursor_fail(&r->c, "address", "\"%s\" %s", text, mistake);
	ret->pattern = text;
	ret->has_ip_stack = true;
	ret->ip_stack = (enum portal_ip_stack)cursor_choice(&r->c, o, "ip_stack", stacks, PORTAL_DUAL);
	return !r->c.failed;
}

/* What a type has no use for would be a mistake that nobody notices. */
static bool has_none_of(struct reading *r, const json_t *o, const char *type, const char *const *keys)
{
	for (; *keys; keys++)
		if (json_object_get(o, *keys))
			return cursor_fail(&r->c, *keys, "is nothing that a resource of type \"%s\" has", type);
	return true;
}

static bool read_internet(struct reading *r, const json_t *o, struct portal_resource *ret)
{
	static const char *const others[] = {"address", "filters", "ip_stack", NULL};
	ret->type = PORTAL_RESOURCE_INTERNET;
	ret->has_can_be_disabled = ret->can_be_disabled = true;
	return has_none_of(r, o, "internet", others);
}

static bool read_type(struct reading *r, const json_t *o, struct portal_resource *ret)
{
	static const char *const types[] = {"cidr", "ip", "dns", "internet", NULL}, *const only_dns[] = {"ip_stack", NULL};
	int type = cursor_choice(&r->c, o, "type", types, -1);
	if (type < 0)
		return cursor_fail(&r->c, "type", "is missing: cidr, ip, dns or internet");
	if (r->c.failed || type == TYPE_INTERNET)
		return !r->c.failed && read_internet(r, o, ret);
	const char *text = reading_text(r, o, "address", 300);
	if (!text)
		return cursor_fail(&r->c, "address", "is missing");
	ret->type = type == TYPE_DNS ? PORTAL_RESOURCE_DNS : PORTAL_RESOURCE_CIDR;
	if (type == TYPE_DNS)
		return read_dns_name(r, o, text, ret);
	return has_none_of(r, o, types[type], only_dns) &&
	       (type == TYPE_CIDR ? read_cidr(r, text, &ret->network) : read_ip(r, text, &ret->network));
}

static bool read_sites_of(struct reading *r, const json_t *o, struct portal_sites *ret)
{
	const struct portal_site *all = r->cfg->world.sites;
	const uint32_t *indexes = names_list(r, o, "sites", "site", &r->sites, SITES_PER_RESOURCE, &ret->n);
	struct portal_site *sites = indexes ? reading_take(r, ret->n, sizeof(*sites)) : NULL;
	if (!sites)
		return false;
	if (ret->n == 0)
		return cursor_fail(&r->c, "sites", "is missing: a resource is in one site at least");
	for (size_t i = 0; i < ret->n; i++)
		sites[i] = all[indexes[i]];
	ret->list = sites;
	return true;
}

static bool read_resource(struct reading *r, const json_t *o, void *ret)
{
	struct portal_resource *v = &((struct broker_resource *)ret)->view;
	if (!reading_object(r, o, KEYS_RESOURCE) || !(v->name = reading_name(r, o)) || !reading_id(r, o, "resource", v->name, &v->id) ||
	    !read_type(r, o, v) || !read_filters(r, o, &v->filters) || !read_sites_of(r, o, &v->sites))
		return false;
	v->has_filters = true;
	v->description = reading_text(r, o, "description", TEXT_MAX_BYTES);
	return !r->c.failed && names_add(r, &r->resources, v->name, (uint32_t)r->resources.n);
}

/* Peers hold one, and would take the last. */
static bool one_internet(struct reading *r)
{
	const struct broker_world *w = &r->cfg->world;
	size_t first = w->n_resources;
	for (size_t i = 0; i < w->n_resources; i++) {
		if (w->resources[i].view.type != PORTAL_RESOURCE_INTERNET)
			continue;
		if (first < i) {
			cursor_enter(&r->c, "resources");
			cursor_enter_index(&r->c, i);
			return cursor_fail(&r->c, "type", "resources[%zu] is the internet already", first);
		}
		first = i;
	}
	return true;
}

bool read_resources(struct reading *r, const json_t *root)
{
	static const struct list_of what = {"resources", RESOURCES_MAX, sizeof(struct broker_resource), read_resource};
	struct broker_world *w = &r->cfg->world;
	w->resources = reading_list(r, root, &what, &w->n_resources);
	return w->resources && names_unique(r, &r->resources, "resources") && one_internet(r) &&
	       ids_unique(r, "resources", &w->resources[0].view.id, w->n_resources, sizeof(*w->resources));
}
