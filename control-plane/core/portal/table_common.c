/* SPDX-License-Identifier: Apache-2.0 */
/* What the messages of several roles consist of. */
#include "portal/table.h"

const struct portal_list portal_uuid_list = {PORTAL_K_UUID, sizeof(struct portal_uuid), NULL, false};
const struct portal_list portal_text_list = {PORTAL_K_TEXT, sizeof(const char *), NULL, false};
const struct portal_list portal_candidate_list = {PORTAL_K_TEXT, sizeof(const char *), NULL, true};
const struct portal_list portal_address_list = {PORTAL_K_IP, sizeof(struct cp_addr), NULL, false};

static const struct portal_field join_fields[] = {PORTAL_FIELD("stamp_secret", TEXT, R, portal_join, stamp_secret)};
const struct portal_object portal_join_object = {.name = "join", .fields = PORTAL_FIELDS(join_fields)};

static const struct portal_field reason_fields[] = {PORTAL_FIELD("reason", TEXT, R, portal_reply, reason)};
static const struct portal_object reason = {.name = "reason", .fields = PORTAL_FIELDS(reason_fields)};
static const struct portal_field ok_fields[] = {{.name = "response", .kind = PORTAL_K_EMPTY, .need = PORTAL_R, .unstored = true}};
static const struct portal_field refused_fields[] = {
	{.name = "response", .kind = PORTAL_K_OBJECT, .need = PORTAL_R, .of = &reason},
};
static const struct portal_variant statuses[] = {
	{"ok", PORTAL_OK, PORTAL_FIELDS(ok_fields)},
	{"error", PORTAL_REFUSED, PORTAL_FIELDS(refused_fields)},
};
const struct portal_object portal_reply_object = {
	.name = "reply", .tag = "status", .tag_at = offsetof(struct portal_reply, status), .variants = statuses, .n_variants = 2};

static const struct portal_name disconnect_names[] = {{"token_expired", PORTAL_TOKEN_EXPIRED}};
static const struct portal_names disconnect_reasons = {disconnect_names, 1, false};
static const struct portal_field disconnect_fields[] = {
	PORTAL_FIELD("reason", NAME, R, portal_disconnect, reason, .of = &disconnect_reasons),
};
const struct portal_object portal_disconnect_object = {.name = "disconnect", .fields = PORTAL_FIELDS(disconnect_fields)};

static const struct portal_field capability_fields[] = {PORTAL_FIELD("iceless", BOOL, L, portal_capabilities, iceless)};
const struct portal_object portal_capabilities_object = {.name = "capabilities", .fields = PORTAL_FIELDS(capability_fields)};

static const struct portal_field dns_fields[] = {PORTAL_FIELD("address", SOCKET, R, portal_dns_server, addr)};
static const struct portal_variant dns_protocols[] = {{"ip_port", PORTAL_IP_PORT, PORTAL_FIELDS(dns_fields)}};
static const struct portal_object dns_server = {.name = "DNS server",
						.tag = "protocol",
						.tag_at = offsetof(struct portal_dns_server, protocol),
						.variants = dns_protocols,
						.n_variants = 1};
static const struct portal_list dns_servers = {PORTAL_K_OBJECT, sizeof(struct portal_dns_server), &dns_server, false};
static const struct portal_field do53_fields[] = {{.name = "ip", .kind = PORTAL_K_IP, .need = PORTAL_R}};
static const struct portal_object do53 = {.name = "DNS resolver", .fields = PORTAL_FIELDS(do53_fields)};
static const struct portal_list do53_list = {PORTAL_K_OBJECT, sizeof(struct cp_addr), &do53, false};
static const struct portal_field interface_fields[] = {
	PORTAL_FIELD("ipv4", IPV4, R, portal_interface, ipv4),
	PORTAL_FIELD("ipv6", IPV6, R, portal_interface, ipv6),
	PORTAL_FIELD("upstream_dns", LIST, O, portal_interface, upstream_dns, .of = &dns_servers,
		     PORTAL_HAS(portal_interface, has_upstream_dns)),
	PORTAL_FIELD("upstream_do53", LIST, L, portal_interface, upstream_do53, .of = &do53_list,
		     PORTAL_HAS(portal_interface, has_upstream_do53)),
	PORTAL_FIELD("search_domain", DOMAIN, ON, portal_interface, search_domain),
};
const struct portal_object portal_interface_object = {.name = "interface", .fields = PORTAL_FIELDS(interface_fields)};

static const struct portal_field ice_fields[] = {
	PORTAL_FIELD("username", TEXT, R, portal_ice, username),
	PORTAL_FIELD("password", TEXT, R, portal_ice, password),
};
const struct portal_object portal_ice_object = {.name = "ICE credentials", .fields = PORTAL_FIELDS(ice_fields)};

static const struct portal_field turn_fields[] = {
	PORTAL_FIELD("id", UUID, R, portal_relay, id),
	PORTAL_FIELD("addr", SOCKET, R, portal_relay, addr),
	PORTAL_FIELD("username", TEXT, R, portal_relay, username),
	PORTAL_FIELD("password", TEXT, R, portal_relay, password),
	PORTAL_FIELD("expires_at", TIME, R, portal_relay, expires_at),
};
static const struct portal_field stun_fields[] = {
	PORTAL_FIELD("id", UUID, R, portal_relay, id),
	PORTAL_FIELD("addr", SOCKET, R, portal_relay, addr),
};
static const struct portal_variant relay_types[] = {
	{"turn", PORTAL_TURN, PORTAL_FIELDS(turn_fields)},
	{"stun", PORTAL_STUN, PORTAL_FIELDS(stun_fields)},
};
static const struct portal_object relay = {
	.name = "relay", .tag = "type", .tag_at = offsetof(struct portal_relay, type), .variants = relay_types, .n_variants = 2};
const struct portal_list portal_relay_list = {PORTAL_K_OBJECT, sizeof(struct portal_relay), &relay, false};

static const struct portal_field presence_fields[] = {
	PORTAL_FIELD("disconnected_ids", LIST, R, portal_relays_presence, disconnected, .of = &portal_uuid_list),
	PORTAL_FIELD("connected", LIST, R, portal_relays_presence, connected, .of = &portal_relay_list),
};
const struct portal_object portal_relays_presence_object = {.name = "relays", .fields = PORTAL_FIELDS(presence_fields)};

static const struct portal_field authorization_fields[] = {
	PORTAL_FIELD("client_id", UUID, R, portal_authorization, client_id),
	PORTAL_FIELD("resource_id", UUID, R, portal_authorization, resource_id),
	PORTAL_FIELD("expires_at", TIME, R, portal_authorization, expires_at),
};
const struct portal_object portal_authorization_object = {.name = "authorization", .fields = PORTAL_FIELDS(authorization_fields)};
const struct portal_list portal_authorization_list = {PORTAL_K_OBJECT, sizeof(struct portal_authorization),
						      &portal_authorization_object, false};
