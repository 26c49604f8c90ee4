/* SPDX-License-Identifier: Apache-2.0 */
#include "frames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define V1_GW {PORTAL_GATEWAY, PORTAL_V1}
#define V2_GW {PORTAL_GATEWAY, PORTAL_V2}
#define V1_CL {PORTAL_CLIENT, PORTAL_V1}
#define V2_CL {PORTAL_CLIENT, PORTAL_V2}
#define RELAY {PORTAL_RELAY, PORTAL_V1}

#define C_ID     "\"8d4e6c1a-52b7-4f0e-9a39-0c5be1d2f701\""
#define G_ID     "\"b1f7a0e2-3c44-4d1b-8f26-77e0c9a4d502\""
#define S_ID     "\"c2a8b1f3-4d55-4e2c-9037-88f1dab5e603\""
#define R_ID     "\"d3b9c2a4-5e66-4f3d-a148-99a2ebc6f704\""
#define C_KEY    "\"gZ2Lemg8T91tKRjDDihbSFpeencsKI1N8B9GdhL6K/M=\""
#define G_KEY    "\"I2VK0W0vt1v3OGrusMa7p1GYaI2OfndWt3d2uNlHqzA=\""
#define PSK      "\"y8VhFvu44WrQvBwcKxcsECaSddcgTTD8w96nFwFS4tU=\""
#define RELAY_ID "\"0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d\""
#define C_ICE    "{\"username\":\"pxcy\",\"password\":\"xencxidokfqyv7s7vonpi7\"}"
#define G_ICE    "{\"username\":\"pf3b\",\"password\":\"ikulfnvhx7jggbm2nn42pa\"}"
#define HOST     "\"candidate:7effff7e90c14d01 1 udp 2130706175 192.0.2.30 40112 typ host\""
#define SRFLX    "\"candidate:64ffff641b7f02aa 1 udp 1694498559 203.0.113.9 52625 typ srflx raddr 0.0.0.0 rport 0\""
#define TURN                                                                                                  \
	"{\"id\":" RELAY_ID ",\"type\":\"turn\",\"addr\":\"198.51.100.10:3478\",\"username\":\"1790000000:vC\"," \
	"\"password\":\"xJ9n9K4O\",\"expires_at\":1790000000}"
#define TURN6                                                                                                 \
	"{\"id\":" RELAY_ID ",\"type\":\"turn\",\"addr\":\"[2001:db8::10]:3478\",\"username\":\"1790000000:vC\"," \
	"\"password\":\"xJ9n9K4O\",\"expires_at\":1790000000}"
#define STUN      "{\"id\":" RELAY_ID ",\"type\":\"stun\",\"addr\":\"198.51.100.10:3478\"}"
#define GRANT     "{\"client_id\":" C_ID ",\"resource_id\":" R_ID ",\"expires_at\":1790000000}"
#define FLOW_LOGS "\"flow_logs\":{\"api_url\":\"http://127.0.0.1:9/\",\"upload_interval_secs\":0,\"upload_batch_size\":0}"
#define GW_INTERFACE "\"interface\":{\"ipv4\":\"100.80.12.7\",\"ipv6\":\"fd00:2021:1111::1f:2a07\"}"
#define CL_INTERFACE                                                                                                \
	"\"interface\":{\"ipv4\":\"100.72.3.44\",\"ipv6\":\"fd00:2021:1111::9:3c2c\","                              \
	"\"upstream_dns\":[{\"protocol\":\"ip_port\",\"address\":\"9.9.9.9:53\"},{\"protocol\":\"ip_port\",\"address\":" \
	"\"[2620:fe::fe]:53\"}],\"search_domain\":\"acme.example\"}"
#define CONFIG "\"config\":{\"ipv4_masquerade_enabled\":true,\"ipv6_masquerade_enabled\":true}"
#define CIDR                                                                                     \
	"{\"id\":" R_ID ",\"type\":\"cidr\",\"name\":\"Lab network\",\"address\":\"10.20.0.0/16\","    \
	"\"filters\":[{\"protocol\":\"tcp\",\"port_range_start\":443,\"port_range_end\":443},{\"protocol\":\"udp\"}," \
	"{\"protocol\":\"icmp\"}]}"
#define DNS "{\"id\":" R_ID ",\"type\":\"dns\",\"name\":\"Git\",\"address\":\"git.acme.example\",\"filters\":[]}"
#define SITES "\"gateway_groups\":[{\"id\":" S_ID ",\"name\":\"Main site\"}]"
#define CL_CIDR                                                                               \
	"{\"id\":" R_ID ",\"type\":\"cidr\",\"name\":\"Lab network\",\"address\":\"fd20::/64\"," \
	"\"address_description\":null,\"filters\":[]," SITES "}"
#define CL_DNS                                                                                     \
	"{\"id\":" R_ID ",\"type\":\"dns\",\"name\":\"Git\",\"address\":\"*.acme.example\",\"address_description\":\"x\"," \
	"\"ip_stack\":\"ipv4_only\",\"filters\":[{\"protocol\":\"icmp\"}]," SITES "}"
#define CL_INTERNET "{\"id\":" R_ID ",\"type\":\"internet\",\"can_be_disabled\":true," SITES "}"
#define FLOW_CLIENT                                                                                       \
	"{\"id\":" C_ID ",\"public_key\":" C_KEY ",\"preshared_key\":" PSK ",\"ipv4\":\"100.72.3.44\"," \
	"\"ipv6\":\"fd00:2021:1111::9:3c2c\"}"
#define AUTHORIZE                                                                                           \
	"\"ref\":\"opaque\",\"resource\":" CIDR ",\"client\":" FLOW_CLIENT ",\"client_ice_credentials\":" C_ICE \
	",\"gateway_ice_credentials\":" G_ICE ",\"expires_at\":1790000000"
#define CREATED                                                                                                      \
	"\"resource_id\":" R_ID ",\"gateway_id\":" G_ID ",\"gateway_group_id\":" S_ID ",\"gateway_public_key\":" G_KEY \
	",\"gateway_ipv4\":\"100.80.12.7\",\"gateway_ipv6\":\"fd00:2021:1111::1f:2a07\",\"preshared_key\":" PSK         \
	",\"client_ice_credentials\":" C_ICE ",\"gateway_ice_credentials\":" G_ICE
/* header.claims.signature: every claim of newer peers, then those of the peers of July 2026 */
#define HEADER "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
#define CLAIMS                                                                                                           \
	"eyJhY2NvdW50X2lkIjoieCIsImlhdCI6MSwiZXhwIjoyLCJ1cGxvYWRzX2VuYWJsZWQiOmZhbHNlLCJyb2xlIjoicmVzcG9uZGVyIiwiaW5pdGlhd" \
	"G9yX2RldmljZV9pZCI6IngiLCJyZXNwb25kZXJfZGV2aWNlX2lkIjoieCIsInBvbGljeV9hdXRob3JpemF0aW9uX2lkIjoieCIsInBvbGljeV9pZC" \
	"I6IngiLCJyZXNvdXJjZV9pZCI6IngiLCJyZXNvdXJjZV9uYW1lIjoieCIsImluaXRpYXRvcl9hY3Rvcl9pZCI6IngiLCJpbml0aWF0b3JfYWN0b3Jf" \
	"bmFtZSI6IngiLCJhdXRob3JpemVkX2F0IjoieCIsImF1dGhvcml6YXRpb25fZXhwaXJlc19hdCI6IngifQ"
#define TOKEN "\"" HEADER "." CLAIMS ".c2ln\""

#define PUSH(topic, event, payload) "{\"topic\":\"" topic "\",\"event\":\"" event "\",\"ref\":null,\"payload\":" payload "}"
#define SEND(topic, event, payload) "{\"topic\":\"" topic "\",\"event\":\"" event "\",\"payload\":" payload ",\"ref\":14}"
#define LEGACY_PEER                                                                                           \
	"{\"persistent_keepalive\":25,\"public_key\":" C_KEY ",\"preshared_key\":" PSK ",\"ipv4\":\"100.72.3.44\"," \
	"\"ipv6\":\"fd00:2021:1111::9:3c2c\"}"
#define DOMAIN "{\"name\":\"git.acme.example\",\"proxy_ips\":[\"100.96.0.1\",\"fd00:2021:1111:8000::\"]}"

#define IN  PORTAL_FROM_PORTAL
#define OUT PORTAL_FROM_PEER

const struct frame frames[] = {
	{"gateway joins", V1_GW, OUT, SEND("gateway", "phx_join", "null")},
	{"client joins", V2_CL, OUT, SEND("client", "phx_join", "null")},
	{"relay joins", RELAY, OUT, SEND("relay", "phx_join", "{\"stamp_secret\":\"5c1d0f6e\"}")},
	{"heartbeat", V1_GW, OUT, SEND("phoenix", "heartbeat", "{}")},
	{"leave", V1_GW, OUT, SEND("gateway", "phx_leave", "{}")},
	{"ok", V1_GW, IN, "{\"topic\":\"gateway\",\"event\":\"phx_reply\",\"ref\":7,\"payload\":{\"status\":\"ok\",\"response\":{}}}"},
	{"heartbeat ok", V1_CL, IN,
	 "{\"topic\":\"phoenix\",\"event\":\"phx_reply\",\"ref\":7,\"payload\":{\"status\":\"ok\",\"response\":{}}}"},
	{"refused", V1_CL, IN,
	 "{\"topic\":\"client\",\"event\":\"phx_reply\",\"ref\":9,\"payload\":{\"status\":\"error\",\"response\":{\"reason\":"
	 "\"unknown_message\"}}}"},
	{"error", V1_GW, IN, PUSH("gateway", "phx_error", "{}")},
	{"close", V1_CL, IN, PUSH("client", "phx_close", "{}")},
	{"disconnect", V1_CL, IN, PUSH("client", "disconnect", "{\"reason\":\"token_expired\"}")},

	{"gateway init", V1_GW, IN,
	 PUSH("gateway", "init",
	      "{" GW_INTERFACE "," CONFIG ",\"account_slug\":\"acme\",\"relays\":[" TURN "," TURN6 "," STUN "],\"authorizations\":[" GRANT "]}")},
	{"newer gateway init", V2_GW, IN,
	 PUSH("gateway", "init", "{" GW_INTERFACE "," CONFIG ",\"relays\":[" TURN "],\"authorizations\":[]," FLOW_LOGS "}")},
	{"authorize", V1_GW, IN, PUSH("gateway", "authorize_flow", "{" AUTHORIZE "}")},
	{"newer authorize", V2_GW, IN,
	 PUSH("gateway", "create_authorization", "{" AUTHORIZE ",\"use_iceless\":false,\"flow_logs_ingest_token\":" TOKEN "}")},
	{"authorized", V1_GW, OUT, SEND("gateway", "flow_authorized", "{\"ref\":\"opaque\"}")},
	{"newer authorized", V2_GW, OUT, SEND("gateway", "authorization_created", "{\"ref\":\"opaque\"}")},
	{"reject", V1_GW, IN, PUSH("gateway", "reject_access", "{\"client_id\":" C_ID ",\"resource_id\":" R_ID "}")},
	{"expiry", V1_GW, IN, PUSH("gateway", "access_authorization_expiry_updated", GRANT)},
	{"resource", V1_GW, IN, PUSH("gateway", "resource_updated", CIDR)},
	{"dns resource", V2_GW, IN, PUSH("gateway", "resource_updated", DNS)},
	{"internet resource", V1_GW, IN, PUSH("gateway", "resource_updated", "{\"id\":" R_ID ",\"type\":\"internet\"}")},
	{"from client", V1_GW, IN, PUSH("gateway", "ice_candidates", "{\"client_id\":" C_ID ",\"candidates\":[" HOST "," SRFLX "]}")},
	{"invalid from client", V2_GW, IN,
	 PUSH("gateway", "invalidate_ice_candidates", "{\"client_id\":" C_ID ",\"candidates\":[" HOST "]}")},
	{"to clients", V1_GW, OUT,
	 SEND("gateway", "broadcast_ice_candidates", "{\"client_ids\":[" C_ID "],\"candidates\":[" HOST "," SRFLX "]}")},
	{"invalid to clients", V2_GW, OUT,
	 SEND("gateway", "broadcast_invalidated_ice_candidates", "{\"client_ids\":[" C_ID "],\"candidates\":[" HOST "]}")},
	{"gateway relays", V1_GW, IN,
	 PUSH("gateway", "relays_presence", "{\"disconnected_ids\":[" RELAY_ID "],\"connected\":[" TURN "]}")},
	{"request connection", V1_GW, IN,
	 PUSH("gateway", "request_connection",
	      "{\"ref\":\"opaque\",\"resource\":" DNS ",\"client\":{\"id\":" C_ID ",\"payload\":{\"ice_parameters\":" C_ICE
	      ",\"domain\":" DOMAIN "},\"peer\":" LEGACY_PEER "},\"expires_at\":1790000000}")},
	{"connection ready", V1_GW, OUT,
	 SEND("gateway", "connection_ready",
	      "{\"ref\":\"opaque\",\"gateway_payload\":{\"ConnectionAccepted\":{\"ice_parameters\":" G_ICE "}}}")},
	{"allow access", V1_GW, IN,
	 PUSH("gateway", "allow_access",
	      "{\"ref\":\"opaque\",\"client_id\":" C_ID ",\"client_ipv4\":\"100.72.3.44\",\"client_ipv6\":\"fd00:2021:1111::9:3c2c\","
	      "\"resource\":" CIDR ",\"payload\":" DOMAIN ",\"expires_at\":1790000000}")},

	{"client init", V1_CL, IN,
	 PUSH("client", "init",
	      "{" CL_INTERFACE ",\"resources\":[" CL_CIDR "," CL_DNS "," CL_INTERNET "],\"relays\":[" TURN "," TURN6 "]}")},
	{"newer client init", V2_CL, IN,
	 PUSH("client", "init", "{" CL_INTERFACE ",\"resources\":[" CL_CIDR "],\"relays\":[" TURN "],\"authorizations\":[" GRANT "]," FLOW_LOGS "}")},
	{"config", V1_CL, IN, PUSH("client", "config_changed", "{" CL_INTERFACE "}")},
	{"upsert", V1_CL, IN, PUSH("client", "resource_created_or_updated", CL_DNS)},
	{"newer upsert", V2_CL, IN, PUSH("client", "resource_created_or_updated", CL_CIDR)},
	{"delete", V1_CL, IN, PUSH("client", "resource_deleted", R_ID)},
	{"create flow", V1_CL, OUT, SEND("client", "create_flow", "{\"resource_id\":" R_ID ",\"connected_gateway_ids\":[" G_ID "]}")},
	{"newer create flow", V2_CL, OUT,
	 SEND("client", "request_authorization", "{\"resource_id\":" R_ID ",\"connected_gateway_ids\":[]}")},
	{"created", V1_CL, IN, PUSH("client", "flow_created", "{" CREATED "}")},
	{"newer created", V2_CL, IN,
	 PUSH("client", "authorization_created", "{" CREATED ",\"use_iceless\":true,\"flow_logs_ingest_token\":" TOKEN "}")},
	{"failed", V1_CL, IN,
	 PUSH("client", "flow_creation_failed",
	      "{\"resource_id\":" R_ID ",\"reason\":\"forbidden\",\"violated_properties\":[\"remote_ip\"]}")},
	{"newer failed", V2_CL, IN, PUSH("client", "authorization_creation_failed", "{\"resource_id\":" R_ID ",\"reason\":\"offline\"}")},
	{"to gateways", V1_CL, OUT, SEND("client", "broadcast_ice_candidates", "{\"gateway_ids\":[" G_ID "],\"candidates\":[" HOST "]}")},
	{"invalid to gateways", V1_CL, OUT,
	 SEND("client", "broadcast_invalidated_ice_candidates", "{\"gateway_ids\":[" G_ID "],\"candidates\":[" HOST "]}")},
	{"to a gateway", V2_CL, OUT, SEND("client", "new_gateway_ice_candidates", "{\"gateway_id\":" G_ID ",\"candidates\":[" HOST "]}")},
	{"invalid to a gateway", V1_CL, OUT,
	 SEND("client", "invalidate_gateway_ice_candidates", "{\"gateway_id\":" G_ID ",\"candidates\":[" HOST "]}")},
	{"from gateway", V1_CL, IN, PUSH("client", "ice_candidates", "{\"gateway_id\":" G_ID ",\"candidates\":[" HOST "]}")},
	{"invalid from gateway", V2_CL, IN,
	 PUSH("client", "invalidate_ice_candidates", "{\"gateway_id\":" G_ID ",\"candidates\":[" HOST "]}")},
	{"client relays", V2_CL, IN, PUSH("client", "relays_presence", "{\"disconnected_ids\":[],\"connected\":[" TURN "]}")},
	{"no relays", V2_GW, OUT, SEND("gateway", "no_relays", "{}")},
	{"capabilities", V2_CL, OUT, SEND("client", "set_snownet_capabilities", "{\"iceless\":true}")},
	{"device access", V1_CL, OUT, SEND("client", "request_device_access", "{}")},
	{"pool domain", V2_CL, OUT, SEND("client", "resolve_device_pool_domain", "{}")},
	{"to a client", V2_CL, OUT, SEND("client", "new_client_ice_candidates", "{}")},
	{"invalid to a client", V2_CL, OUT, SEND("client", "invalidate_client_ice_candidates", "{}")},
	{"relay init", RELAY, IN, PUSH("relay", "init", "{}")},
	{NULL, {0}, 0, NULL},
};

const struct frame *frame_of(const char *name)
{
	const struct frame *f = frames;
	while (f->name && strcmp(f->name, name) != 0)
		f++;
	if (!f->name)
		fail_msg("no frame %s", name);
	return f;
}

char *changed(const char *text, const char *find, const char *replace)
{
	const char *at = strstr(text, find);
	if (!at)
		fail_msg("no %s in %s", find, text);
	size_t before = (size_t)(at - text), size = strlen(text) + strlen(replace) + 1;
	char *ret = malloc(size);
	assert_non_null(ret);
	snprintf(ret, size, "%.*s%s%s", (int)before, text, replace, at + strlen(find));
	return ret;
}

void drop_nulls(json_t *v)
{
	const char *name;
	json_t *member;
	void *next;
	size_t i;
	json_object_foreach_safe(v, next, name, member)
	{
		if (json_is_null(member))
			json_object_del(v, name);
		else
			drop_nulls(member);
	}
	if (json_is_array(v))
		json_array_foreach(v, i, member)
			drop_nulls(member);
}
