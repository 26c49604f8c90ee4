/* SPDX-License-Identifier: Apache-2.0 */
/* One row per message: what it is called in which dialect, who sends it to whom, and its payload. */
#include "portal/table.h"

#define GW   PORTAL_GATEWAY
#define CL   PORTAL_CLIENT
#define BOTH (PORTAL_GATEWAY | PORTAL_CLIENT)
#define ALL  (PORTAL_GATEWAY | PORTAL_CLIENT | PORTAL_RELAY)
#define IN   PORTAL_FROM_PORTAL
#define OUT  PORTAL_FROM_PEER

#define OBJECT(o)  {.kind = PORTAL_K_OBJECT, .of = &portal_##o##_object}
#define RESOURCE(o) {.kind = PORTAL_K_OBJECT, .of = &portal_##o##_resource_object}
#define PLAIN(k)   {.kind = PORTAL_K_##k, .unstored = true}
#define SAME(name) name, name

const struct portal_row portal_rows[] = {
	{PORTAL_JOIN, SAME("phx_join"), BOTH, OUT, false, PLAIN(NULL)},
	{PORTAL_JOIN, SAME("phx_join"), PORTAL_RELAY, OUT, false, OBJECT(join)},
	{PORTAL_HEARTBEAT, SAME("heartbeat"), ALL, OUT, true, PLAIN(ANY)},
	{PORTAL_LEAVE, SAME("phx_leave"), ALL, OUT, false, PLAIN(ANY)},
	{PORTAL_REPLY, SAME("phx_reply"), ALL, IN, false, OBJECT(reply)},
	{PORTAL_ERROR, SAME("phx_error"), ALL, IN, false, PLAIN(EMPTY)},
	{PORTAL_CLOSE, SAME("phx_close"), ALL, IN, false, PLAIN(EMPTY)},
	{PORTAL_DISCONNECT, SAME("disconnect"), ALL, IN, false, OBJECT(disconnect)},

	{PORTAL_GATEWAY_INIT, SAME("init"), GW, IN, false, OBJECT(gateway_init)},
	{PORTAL_AUTHORIZE_FLOW, "authorize_flow", "create_authorization", GW, IN, false, OBJECT(authorize_flow)},
	{PORTAL_REJECT_ACCESS, SAME("reject_access"), GW, IN, false, OBJECT(reject_access)},
	{PORTAL_EXPIRY_UPDATED, SAME("access_authorization_expiry_updated"), GW, IN, false, OBJECT(authorization)},
	{PORTAL_RESOURCE_UPDATED, SAME("resource_updated"), GW, IN, false, RESOURCE(gateway)},
	{PORTAL_REQUEST_CONNECTION, "request_connection", NULL, GW, IN, false, OBJECT(request_connection)},
	{PORTAL_ALLOW_ACCESS, "allow_access", NULL, GW, IN, false, OBJECT(allow_access)},
	{PORTAL_CANDIDATES, SAME("ice_candidates"), GW, IN, false, OBJECT(from_client)},
	{PORTAL_INVALIDATED_CANDIDATES, SAME("invalidate_ice_candidates"), GW, IN, false, OBJECT(from_client)},

	{PORTAL_CLIENT_INIT, SAME("init"), CL, IN, false, OBJECT(client_init)},
	{PORTAL_CONFIG_CHANGED, SAME("config_changed"), CL, IN, false, OBJECT(config_changed)},
	{PORTAL_RESOURCE_UPSERTED, SAME("resource_created_or_updated"), CL, IN, false, RESOURCE(client)},
	{PORTAL_RESOURCE_DELETED, SAME("resource_deleted"), CL, IN, false, {.kind = PORTAL_K_UUID}},
	{PORTAL_FLOW_CREATED, "flow_created", "authorization_created", CL, IN, false, OBJECT(flow_created)},
	{PORTAL_FLOW_CREATION_FAILED, "flow_creation_failed", "authorization_creation_failed", CL, IN, false, OBJECT(flow_failed)},
	{PORTAL_CANDIDATES, SAME("ice_candidates"), CL, IN, false, OBJECT(from_gateway)},
	{PORTAL_INVALIDATED_CANDIDATES, SAME("invalidate_ice_candidates"), CL, IN, false, OBJECT(from_gateway)},
	{PORTAL_RELAYS_PRESENCE, SAME("relays_presence"), BOTH, IN, false, OBJECT(relays_presence)},

	{PORTAL_FLOW_AUTHORIZED, "flow_authorized", "authorization_created", GW, OUT, false, OBJECT(flow_authorized)},
	{PORTAL_CONNECTION_READY, "connection_ready", NULL, GW, OUT, false, OBJECT(connection_ready)},
	{PORTAL_BROADCAST_CANDIDATES, SAME("broadcast_ice_candidates"), GW, OUT, false, OBJECT(to_clients)},
	{PORTAL_BROADCAST_INVALIDATED_CANDIDATES, SAME("broadcast_invalidated_ice_candidates"), GW, OUT, false, OBJECT(to_clients)},

	{PORTAL_CREATE_FLOW, "create_flow", "request_authorization", CL, OUT, false, OBJECT(create_flow)},
	{PORTAL_BROADCAST_CANDIDATES, SAME("broadcast_ice_candidates"), CL, OUT, false, OBJECT(to_gateways)},
	{PORTAL_BROADCAST_INVALIDATED_CANDIDATES, SAME("broadcast_invalidated_ice_candidates"), CL, OUT, false, OBJECT(to_gateways)},
	{PORTAL_NEW_GATEWAY_CANDIDATES, SAME("new_gateway_ice_candidates"), CL, OUT, false, OBJECT(to_gateway)},
	{PORTAL_INVALIDATED_GATEWAY_CANDIDATES, SAME("invalidate_gateway_ice_candidates"), CL, OUT, false, OBJECT(to_gateway)},
	{PORTAL_REQUEST_DEVICE_ACCESS, SAME("request_device_access"), CL, OUT, false, PLAIN(ANY)},
	{PORTAL_RESOLVE_DEVICE_POOL_DOMAIN, SAME("resolve_device_pool_domain"), CL, OUT, false, PLAIN(ANY)},
	{PORTAL_NEW_CLIENT_CANDIDATES, SAME("new_client_ice_candidates"), CL, OUT, false, PLAIN(ANY)},
	{PORTAL_INVALIDATED_CLIENT_CANDIDATES, SAME("invalidate_client_ice_candidates"), CL, OUT, false, PLAIN(ANY)},
	{PORTAL_NO_RELAYS, SAME("no_relays"), BOTH, OUT, false, PLAIN(ANY)},
	{PORTAL_CAPABILITIES, SAME("set_snownet_capabilities"), BOTH, OUT, false, OBJECT(capabilities)},

	{PORTAL_RELAY_INIT, SAME("init"), PORTAL_RELAY, IN, false, PLAIN(ANY)},
};
const size_t portal_n_rows = sizeof(portal_rows) / sizeof(portal_rows[0]);
