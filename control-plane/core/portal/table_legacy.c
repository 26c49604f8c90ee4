/* SPDX-License-Identifier: Apache-2.0 */
/* How clients ≤ 1.3 are connected (portal §3.8). Several levels of JSON lie flat in one struct: their offset is 0. */
#include "portal/table.h"

static const struct portal_field domain_fields[] = {
	PORTAL_FIELD("name", TEXT, R, portal_domain, name),
	PORTAL_FIELD("proxy_ips", LIST, R, portal_domain, proxy_ips, .of = &portal_address_list),
};
static const struct portal_object domain = {.name = "domain", .fields = PORTAL_FIELDS(domain_fields)};

static const struct portal_field payload_fields[] = {
	PORTAL_FIELD("ice_parameters", OBJECT, R, portal_request_connection, client_ice, .of = &portal_ice_object),
	PORTAL_FIELD("domain", OBJECT, ON, portal_request_connection, domain, .of = &domain,
		     PORTAL_HAS(portal_request_connection, has_domain)),
};
static const struct portal_object payload = {.name = "client's payload", .fields = PORTAL_FIELDS(payload_fields)};
static const struct portal_field peer_fields[] = {
	PORTAL_FIELD("persistent_keepalive", U16, ON, portal_legacy_peer, persistent_keepalive,
		     PORTAL_HAS(portal_legacy_peer, has_persistent_keepalive)),
	PORTAL_FIELD("public_key", KEY, R, portal_legacy_peer, public_key),
	PORTAL_FIELD("preshared_key", KEY, R, portal_legacy_peer, preshared_key),
	PORTAL_FIELD("ipv4", IPV4, R, portal_legacy_peer, ipv4),
	PORTAL_FIELD("ipv6", IPV6, R, portal_legacy_peer, ipv6),
};
static const struct portal_object peer = {.name = "peer", .fields = PORTAL_FIELDS(peer_fields)};
static const struct portal_field client_fields[] = {
	PORTAL_FIELD("id", UUID, R, portal_request_connection, client_id),
	{.name = "payload", .kind = PORTAL_K_OBJECT, .need = PORTAL_R, .of = &payload},
	PORTAL_FIELD("peer", OBJECT, R, portal_request_connection, peer, .of = &peer),
};
static const struct portal_object client = {.name = "client (legacy)", .fields = PORTAL_FIELDS(client_fields)};
static const struct portal_field request_fields[] = {
	PORTAL_FIELD("ref", TEXT, R, portal_request_connection, ref),
	PORTAL_FIELD("resource", OBJECT, R, portal_request_connection, resource, .of = &portal_gateway_resource_object),
	{.name = "client", .kind = PORTAL_K_OBJECT, .need = PORTAL_R, .of = &client},
	PORTAL_FIELD("expires_at", TIME, RN, portal_request_connection, expires_at),
};
const struct portal_object portal_request_connection_object = {.name = "request", .fields = PORTAL_FIELDS(request_fields)};

static const struct portal_field accepted_fields[] = {
	PORTAL_FIELD("ice_parameters", OBJECT, R, portal_connection_ready, gateway_ice, .of = &portal_ice_object),
};
static const struct portal_object accepted = {.name = "acceptance", .fields = PORTAL_FIELDS(accepted_fields)};
static const struct portal_field answer_fields[] = {
	{.name = "ConnectionAccepted", .kind = PORTAL_K_OBJECT, .need = PORTAL_R, .of = &accepted},
};
static const struct portal_object answer = {.name = "answer", .fields = PORTAL_FIELDS(answer_fields)};
static const struct portal_field ready_fields[] = {
	PORTAL_FIELD("ref", TEXT, R, portal_connection_ready, ref),
	{.name = "gateway_payload", .kind = PORTAL_K_OBJECT, .need = PORTAL_R, .of = &answer},
};
const struct portal_object portal_connection_ready_object = {.name = "answer (legacy)", .fields = PORTAL_FIELDS(ready_fields)};

static const struct portal_field allow_fields[] = {
	PORTAL_FIELD("ref", TEXT, R, portal_allow_access, ref),
	PORTAL_FIELD("client_id", UUID, R, portal_allow_access, client_id),
	PORTAL_FIELD("client_ipv4", IPV4, R, portal_allow_access, client_ipv4),
	PORTAL_FIELD("client_ipv6", IPV6, R, portal_allow_access, client_ipv6),
	PORTAL_FIELD("resource", OBJECT, R, portal_allow_access, resource, .of = &portal_gateway_resource_object),
	PORTAL_FIELD("payload", OBJECT, ON, portal_allow_access, domain, .of = &domain, PORTAL_HAS(portal_allow_access, has_domain)),
	PORTAL_FIELD("expires_at", TIME, RN, portal_allow_access, expires_at),
};
const struct portal_object portal_allow_access_object = {.name = "access (legacy)", .fields = PORTAL_FIELDS(allow_fields)};
