/* SPDX-License-Identifier: Apache-2.0 */
/* Resources as gateways (portal §3.5) and clients (§4.1) see them. */
#include "portal/table.h"

static const struct portal_field port_fields[] = {
	PORTAL_FIELD("port_range_start", U16, O, portal_filter, port_first, PORTAL_HAS(portal_filter, has_ports)),
	PORTAL_FIELD("port_range_end", U16, O, portal_filter, port_last, PORTAL_HAS(portal_filter, has_ports), .missing = 65535),
};
static const struct portal_variant protocols[] = {
	{"tcp", PORTAL_TCP, PORTAL_FIELDS(port_fields)},
	{"udp", PORTAL_UDP, PORTAL_FIELDS(port_fields)},
	{"icmp", PORTAL_ICMP, {NULL, 0}},
};
static const struct portal_object filter = {.name = "filter",
					    .tag = "protocol",
					    .tag_at = offsetof(struct portal_filter, protocol),
					    .variants = protocols,
					    .n_variants = 3};
static const struct portal_list filters = {PORTAL_K_OBJECT, sizeof(struct portal_filter), &filter, false};

static const struct portal_field site_fields[] = {
	PORTAL_FIELD("id", UUID, R, portal_site, id),
	PORTAL_FIELD("name", TEXT, R, portal_site, name),
};
static const struct portal_object site = {.name = "site", .fields = PORTAL_FIELDS(site_fields)};
static const struct portal_list sites = {PORTAL_K_OBJECT, sizeof(struct portal_site), &site, false};

static const struct portal_name stack_names[] = {
	{"dual", PORTAL_DUAL},
	{"ipv4_only", PORTAL_IPV4_ONLY},
	{"ipv6_only", PORTAL_IPV6_ONLY},
};
static const struct portal_names ip_stacks = {stack_names, 3, false};

#define ID      PORTAL_FIELD("id", UUID, R, portal_resource, id)
#define NAME    PORTAL_FIELD("name", TEXT, R, portal_resource, name)
#define NETWORK PORTAL_FIELD("address", NETWORK, R, portal_resource, network)
#define PATTERN PORTAL_FIELD("address", TEXT, R, portal_resource, pattern)
#define FILTERS(need, ...)                                                   \
	PORTAL_FIELD("filters", LIST, need, portal_resource, filters, .of = &filters, \
		     PORTAL_HAS(portal_resource, has_filters), ##__VA_ARGS__)
#define DESCRIPTION PORTAL_FIELD("address_description", TEXT, ON, portal_resource, description)
#define SITES       PORTAL_FIELD("gateway_groups", LIST, R, portal_resource, sites, .of = &sites, .also = "sites")
/* Clients of the older dialect do not look at them; newer ones route by them and enforce them (§6.3 b). */
#define CLIENT_FILTERS FILTERS(L, .dialects = PORTAL_V1), FILTERS(O, .dialects = PORTAL_V2)

static const struct portal_field gateway_cidr[] = {ID, NAME, NETWORK, FILTERS(R)};
static const struct portal_field gateway_dns[] = {ID, NAME, PATTERN, FILTERS(R)};
static const struct portal_field gateway_internet[] = {ID};
static const struct portal_variant gateway_types[] = {
	{"cidr", PORTAL_RESOURCE_CIDR, PORTAL_FIELDS(gateway_cidr)},
	{"dns", PORTAL_RESOURCE_DNS, PORTAL_FIELDS(gateway_dns)},
	{"internet", PORTAL_RESOURCE_INTERNET, PORTAL_FIELDS(gateway_internet)},
};
const struct portal_object portal_gateway_resource_object = {.name = "resource (gateway)",
							     .tag = "type",
							     .tag_at = offsetof(struct portal_resource, type),
							     .variants = gateway_types,
							     .n_variants = 3};

static const struct portal_field client_cidr[] = {ID, NAME, NETWORK, DESCRIPTION, CLIENT_FILTERS, SITES};
static const struct portal_field client_dns[] = {
	ID,
	NAME,
	PATTERN,
	DESCRIPTION,
	PORTAL_FIELD("ip_stack", NAME, ON, portal_resource, ip_stack, .of = &ip_stacks, PORTAL_HAS(portal_resource, has_ip_stack)),
	CLIENT_FILTERS,
	SITES,
};
static const struct portal_field client_internet[] = {
	ID,
	PORTAL_FIELD("name", TEXT, O, portal_resource, name),
	PORTAL_FIELD("can_be_disabled", BOOL, L, portal_resource, can_be_disabled,
		     PORTAL_HAS(portal_resource, has_can_be_disabled)),
	CLIENT_FILTERS,
	SITES,
};
static const struct portal_variant client_types[] = {
	{"cidr", PORTAL_RESOURCE_CIDR, PORTAL_FIELDS(client_cidr)},
	{"dns", PORTAL_RESOURCE_DNS, PORTAL_FIELDS(client_dns)},
	{"internet", PORTAL_RESOURCE_INTERNET, PORTAL_FIELDS(client_internet)},
};
const struct portal_object portal_client_resource_object = {.name = "resource (client)",
							    .tag = "type",
							    .tag_at = offsetof(struct portal_resource, type),
							    .variants = client_types,
							    .n_variants = 3,
							    .other_is_fine = true};
