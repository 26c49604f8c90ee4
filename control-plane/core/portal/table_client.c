/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of portal and client (portal §4). */
#include "portal/table.h"

static const struct portal_field config_fields[] = {
	PORTAL_FIELD("interface", OBJECT, R, portal_config_changed, interface, .of = &portal_interface_object),
};
const struct portal_object portal_config_changed_object = {.name = "configuration", .fields = PORTAL_FIELDS(config_fields)};

static const struct portal_field create_fields[] = {
	PORTAL_FIELD("resource_id", UUID, R, portal_create_flow, resource_id),
	PORTAL_FIELD("connected_gateway_ids", LIST, R, portal_create_flow, connected_gateways, .of = &portal_uuid_list),
};
const struct portal_object portal_create_flow_object = {.name = "request", .fields = PORTAL_FIELDS(create_fields)};

static const struct portal_field created_fields[] = {
	PORTAL_FIELD("resource_id", UUID, R, portal_flow_created, resource_id),
	PORTAL_FIELD("gateway_id", UUID, R, portal_flow_created, gateway_id),
	PORTAL_FIELD("gateway_group_id", UUID, R, portal_flow_created, site_id, .also = "site_id"),
	PORTAL_FIELD("gateway_public_key", KEY, R, portal_flow_created, gateway_public_key),
	PORTAL_FIELD("gateway_ipv4", IPV4, R, portal_flow_created, gateway_ipv4),
	PORTAL_FIELD("gateway_ipv6", IPV6, R, portal_flow_created, gateway_ipv6),
	PORTAL_FIELD("preshared_key", KEY, R, portal_flow_created, preshared_key),
	PORTAL_FIELD("client_ice_credentials", OBJECT, R, portal_flow_created, client_ice, .of = &portal_ice_object),
	PORTAL_FIELD("gateway_ice_credentials", OBJECT, R, portal_flow_created, gateway_ice, .of = &portal_ice_object),
	PORTAL_FIELD("use_iceless", BOOL, O, portal_flow_created, use_iceless, .dialects = PORTAL_V2),
	PORTAL_FIELD("flow_logs_ingest_token", TOKEN, R, portal_flow_created, ingest_token, .dialects = PORTAL_V2),
};
const struct portal_object portal_flow_created_object = {.name = "flow", .fields = PORTAL_FIELDS(created_fields)};

static const struct portal_name failure_names[] = {
	{"offline", PORTAL_FAILED_OFFLINE},
	{"not_found", PORTAL_FAILED_NOT_FOUND},
	{"forbidden", PORTAL_FAILED_FORBIDDEN},
	{"version_mismatch", PORTAL_FAILED_VERSION_MISMATCH},
};
static const struct portal_names failures = {failure_names, 4, true};
static const struct portal_field failed_fields[] = {
	PORTAL_FIELD("resource_id", UUID, R, portal_flow_creation_failed, resource_id),
	PORTAL_FIELD("reason", NAME, R, portal_flow_creation_failed, reason, .of = &failures),
	PORTAL_FIELD("violated_properties", LIST, O, portal_flow_creation_failed, violated_properties, .of = &portal_text_list,
		     PORTAL_HAS(portal_flow_creation_failed, has_violated_properties)),
};
const struct portal_object portal_flow_failed_object = {.name = "failure", .fields = PORTAL_FIELDS(failed_fields)};
