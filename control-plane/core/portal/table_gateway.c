/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of portal and gateway (portal §3), and what clients share with them. */
#include "portal/table.h"

#define NEWER .dialects = PORTAL_V2

static const struct portal_field config_fields[] = {
	PORTAL_FIELD("ipv4_masquerade_enabled", BOOL, R, portal_gateway_init, ipv4_masquerade_enabled),
	PORTAL_FIELD("ipv6_masquerade_enabled", BOOL, R, portal_gateway_init, ipv6_masquerade_enabled),
};
static const struct portal_object config = {.name = "config", .fields = PORTAL_FIELDS(config_fields)};
static const struct portal_field flow_logs_fields[] = {
	PORTAL_FIELD("api_url", TEXT, R, portal_flow_logs, api_url),
	PORTAL_FIELD("upload_interval_secs", UINT, R, portal_flow_logs, upload_interval_secs),
	PORTAL_FIELD("upload_batch_size", UINT, R, portal_flow_logs, upload_batch_size),
};
static const struct portal_object flow_logs = {.name = "flow_logs", .fields = PORTAL_FIELDS(flow_logs_fields)};
static const struct portal_field gateway_init_fields[] = {
	PORTAL_FIELD("interface", OBJECT, R, portal_gateway_init, interface, .of = &portal_interface_object),
	{.name = "config", .kind = PORTAL_K_OBJECT, .need = PORTAL_R, .of = &config},
	PORTAL_FIELD("account_slug", TEXT, ON, portal_gateway_init, account_slug),
	PORTAL_FIELD("relays", LIST, O, portal_gateway_init, relays, .of = &portal_relay_list),
	PORTAL_FIELD("authorizations", LIST, O, portal_gateway_init, authorizations, .of = &portal_authorization_list,
		     PORTAL_HAS(portal_gateway_init, has_authorizations)),
	PORTAL_FIELD("flow_logs", OBJECT, R, portal_gateway_init, flow_logs, .of = &flow_logs, NEWER),
};
const struct portal_object portal_gateway_init_object = {.name = "init (gateway)", .fields = PORTAL_FIELDS(gateway_init_fields)};

const struct portal_list portal_client_resource_list = {PORTAL_K_OBJECT, sizeof(struct portal_resource), &portal_client_resource_object, true};

static const struct portal_field client_init_fields[] = {
	PORTAL_FIELD("interface", OBJECT, R, portal_client_init, interface, .of = &portal_interface_object),
	PORTAL_FIELD("resources", LIST, O, portal_client_init, resources, .of = &portal_client_resource_list),
	PORTAL_FIELD("relays", LIST, O, portal_client_init, relays, .of = &portal_relay_list),
	PORTAL_FIELD("flow_logs", OBJECT, R, portal_client_init, flow_logs, .of = &flow_logs, NEWER),
	PORTAL_FIELD("authorizations", LIST, O, portal_client_init, authorizations, .of = &portal_authorization_list,
		     PORTAL_HAS(portal_client_init, has_authorizations), NEWER),
};
const struct portal_object portal_client_init_object = {.name = "init (client)", .fields = PORTAL_FIELDS(client_init_fields)};

static const struct portal_field flow_client_fields[] = {
	PORTAL_FIELD("id", UUID, R, portal_flow_client, id),
	PORTAL_FIELD("public_key", KEY, R, portal_flow_client, public_key),
	PORTAL_FIELD("preshared_key", KEY, R, portal_flow_client, preshared_key),
	PORTAL_FIELD("ipv4", IPV4, R, portal_flow_client, ipv4),
	PORTAL_FIELD("ipv6", IPV6, R, portal_flow_client, ipv6),
};
static const struct portal_object flow_client = {.name = "client", .fields = PORTAL_FIELDS(flow_client_fields)};
static const struct portal_field authorize_fields[] = {
	PORTAL_FIELD("ref", TEXT, R, portal_authorize_flow, ref),
	PORTAL_FIELD("resource", OBJECT, R, portal_authorize_flow, resource, .of = &portal_gateway_resource_object),
	PORTAL_FIELD("client", OBJECT, R, portal_authorize_flow, client, .of = &flow_client),
	PORTAL_FIELD("client_ice_credentials", OBJECT, R, portal_authorize_flow, client_ice, .of = &portal_ice_object),
	PORTAL_FIELD("gateway_ice_credentials", OBJECT, R, portal_authorize_flow, gateway_ice, .of = &portal_ice_object),
	PORTAL_FIELD("expires_at", TIME, RN, portal_authorize_flow, expires_at),
	PORTAL_FIELD("use_iceless", BOOL, O, portal_authorize_flow, use_iceless, NEWER),
	PORTAL_FIELD("flow_logs_ingest_token", TOKEN, R, portal_authorize_flow, ingest_token, NEWER),
};
const struct portal_object portal_authorize_flow_object = {.name = "authorization request",
							   .fields = PORTAL_FIELDS(authorize_fields)};

static const struct portal_field authorized_fields[] = {PORTAL_FIELD("ref", TEXT, R, portal_flow_authorized, ref)};
const struct portal_object portal_flow_authorized_object = {.name = "answer", .fields = PORTAL_FIELDS(authorized_fields)};

static const struct portal_field reject_fields[] = {
	PORTAL_FIELD("client_id", UUID, R, portal_reject_access, client_id),
	PORTAL_FIELD("resource_id", UUID, R, portal_reject_access, resource_id),
};
const struct portal_object portal_reject_access_object = {.name = "access", .fields = PORTAL_FIELDS(reject_fields)};

#define FROM(name)                                              \
	{                                                       \
		PORTAL_FIELD(name, UUID, R, portal_candidates, from), \
		PORTAL_FIELD("candidates", LIST, R, portal_candidates, candidates, .of = &portal_candidate_list) \
	}
static const struct portal_field from_client_fields[] = FROM("client_id");
static const struct portal_field from_gateway_fields[] = FROM("gateway_id");
const struct portal_object portal_from_client_object = {.name = "from client", .fields = PORTAL_FIELDS(from_client_fields)};
const struct portal_object portal_from_gateway_object = {.name = "from gateway", .fields = PORTAL_FIELDS(from_gateway_fields)};

#define TO(name, kind, type, ...)                                         \
	{                                                                 \
		PORTAL_FIELD(name, kind, R, type, to, ##__VA_ARGS__),     \
		PORTAL_FIELD("candidates", LIST, R, type, candidates, .of = &portal_text_list) \
	}
static const struct portal_field to_clients_fields[] = TO("client_ids", LIST, portal_broadcast, .of = &portal_uuid_list);
static const struct portal_field to_gateways_fields[] = TO("gateway_ids", LIST, portal_broadcast, .of = &portal_uuid_list);
static const struct portal_field to_gateway_fields[] = TO("gateway_id", UUID, portal_unicast);
const struct portal_object portal_to_clients_object = {.name = "to clients", .fields = PORTAL_FIELDS(to_clients_fields)};
const struct portal_object portal_to_gateways_object = {.name = "to gateways", .fields = PORTAL_FIELDS(to_gateways_fields)};
const struct portal_object portal_to_gateway_object = {.name = "to a gateway", .fields = PORTAL_FIELDS(to_gateway_fields)};
