/* SPDX-License-Identifier: Apache-2.0 */
/* What stock peers and portals would drop is refused here, with the words that say why: one change per case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "frames.h"

struct refusal {
	const char *frame, *find, *replace;
	int outcome; /* 0: it is accepted */
	const char *why;
};

static int read_changed(const struct refusal *c, char why[PORTAL_ERROR_TEXT])
{
	const struct frame *f = frame_of(c->frame);
	struct portal_message m;
	struct portal_error e;
	char *text = changed(f->text, c->find, c->replace);
	int err = portal_read(&f->link, f->from, text, strlen(text), &m, &e);
	why[0] = 0;
	if (err)
		portal_error_format(&e, why);
	if (err)
		assert_null(m.memory);
	portal_message_free(&m);
	free(text);
	return err;
}

static void check(const struct refusal *cases, size_t n)
{
	char why[PORTAL_ERROR_TEXT];
	for (size_t i = 0; i < n; i++) {
		int err = read_changed(&cases[i], why);
		if (err != cases[i].outcome || strcmp(why, cases[i].why) != 0)
			fail_msg("%s, %s -> %s: %d \"%s\"", cases[i].frame, cases[i].find, cases[i].replace, err, why);
	}
}
#define CHECK(cases) check(cases, sizeof(cases) / sizeof((cases)[0]))

static void frames_of_the_portal(void **state)
{
	static const struct refusal cases[] = {
		{"ok", "\"ref\":7", "\"ref\":\"7\"", PORTAL_E_FRAME, "frame: ref: is no integer from 0"},
		{"ok", "\"ref\":7", "\"ref\":-1", PORTAL_E_FRAME, "frame: ref: is no integer from 0"},
		{"ok", "\"ref\":7", "\"ref\":7.0", PORTAL_E_FRAME, "frame: ref: is no integer from 0"},
		{"ok", "\"ref\":7,", "", 0, ""},
		{"ok", "\"ref\":7", "\"ref\":null", 0, ""},
		{"ok", "\"ref\":7", "\"ref\":7,\"ref\":7", PORTAL_E_SYNTAX, "frame: has a member twice"},
		{"ok", "\"ref\":7", "\"ref\":7,\"join_ref\":null", 0, ""},
		{"ok", "\"topic\":\"gateway\",", "", PORTAL_E_FRAME, "frame: topic: is missing"},
		{"ok", "\"topic\":\"gateway\"", "\"topic\":null", PORTAL_E_FRAME, "frame: topic: is no string"},
		{"ok", "\"topic\":\"gateway\"", "\"topic\":\"client\"", PORTAL_E_TOPIC, "phx_reply: is for another topic"},
		{"ok", "\"event\":\"phx_reply\",", "", PORTAL_E_FRAME, "frame: event: is missing"},
		{"ok", "\"phx_reply\"", "7", PORTAL_E_FRAME, "frame: event: is no string"},
		{"ok", "\"phx_reply\"", "\"phx reply\\u00e9\"", PORTAL_E_UNKNOWN, "phx?reply??: is unknown"},
		{"ok", "\"response\":{}", "\"response\":null", PORTAL_E_PAYLOAD, "phx_reply: response: is null"},
		{"ok", ",\"response\":{}", "", PORTAL_E_PAYLOAD, "phx_reply: response: is missing"},
		{"ok", "\"response\":{}", "\"response\":{\"a\":1}", PORTAL_E_PAYLOAD, "phx_reply: response: is not exactly {}"},
		{"ok", "\"response\":{}", "\"response\":[]", PORTAL_E_PAYLOAD, "phx_reply: response: is not exactly {}"},
		{"ok", "\"status\":\"ok\"", "\"status\":\"fine\"", PORTAL_E_PAYLOAD, "phx_reply: status: is unknown"},
		{"ok", "\"status\":\"ok\",", "", PORTAL_E_PAYLOAD, "phx_reply: status: is missing"},
		{"refused", "\"reason\":", "\"cause\":", PORTAL_E_PAYLOAD, "phx_reply: response.reason: is missing"},
		{"refused", "\"unknown_message\"", "{}", PORTAL_E_PAYLOAD, "phx_reply: response.reason: is no string"},
		{"refused", "\"unknown_message\"", "\"x\",\"more\":1", 0, ""},
		{"error", "\"payload\":{}", "\"payload\":{\"a\":1}", PORTAL_E_PAYLOAD, "phx_error: is not exactly {}"},
		{"close", "\"payload\":{}", "\"payload\":null", PORTAL_E_PAYLOAD, "phx_close: is not exactly {}"},
		{"close", ",\"payload\":{}", "", PORTAL_E_PAYLOAD, "phx_close: has no payload"},
		{"disconnect", "token_expired", "certificate_revoked", PORTAL_E_PAYLOAD, "disconnect: reason: is unknown"},
	};
	CHECK(cases);
}

static void frames_of_a_peer(void **state)
{
	static const struct refusal cases[] = {
		{"authorized", ",\"ref\":14", "", PORTAL_E_FRAME, "frame: ref: is missing"},
		{"authorized", ",\"ref\":14", ",\"ref\":null", 0, ""},
		{"authorized", ",\"ref\":14", ",\"ref\":\"14\"", PORTAL_E_FRAME, "frame: ref: is no integer from 0"},
		{"authorized", ",\"payload\":{\"ref\":\"opaque\"}", "", PORTAL_E_FRAME, "frame: payload: is missing"},
		{"authorized", "\"topic\":\"gateway\",", "", PORTAL_E_FRAME, "frame: topic: is missing"},
		{"authorized", "{\"ref\":\"opaque\"}", "null", PORTAL_E_PAYLOAD, "flow_authorized: is no object"},
		{"authorized", "{\"ref\":\"opaque\"}", "{}", PORTAL_E_PAYLOAD, "flow_authorized: ref: is missing"},
		{"authorized", "{\"ref\":\"opaque\"}", "{\"ref\":1}", PORTAL_E_PAYLOAD, "flow_authorized: ref: is no string"},
		{"authorized", "flow_authorized", "authorization_created", PORTAL_E_UNKNOWN, "authorization_created: is unknown"},
		{"newer authorized", "authorization_created", "flow_authorized", PORTAL_E_UNKNOWN, "flow_authorized: is unknown"},
		{"heartbeat", "\"phoenix\"", "\"gateway\"", PORTAL_E_UNKNOWN, "heartbeat: is not an event of this topic"},
		{"heartbeat", "\"payload\":{}", "\"payload\":null", 0, ""},
		{"gateway joins", "\"topic\":\"gateway\"", "\"topic\":\"phoenix\"", PORTAL_E_UNKNOWN, "phx_join: is not an event of this topic"},
		{"gateway joins", "\"payload\":null", "\"payload\":{}", 0, ""},
		{"relay joins", "{\"stamp_secret\":\"5c1d0f6e\"}", "null", PORTAL_E_PAYLOAD, "phx_join: is no object"},
		{"relay joins", "\"5c1d0f6e\"", "null", PORTAL_E_PAYLOAD, "phx_join: stamp_secret: is null"},
		{"create flow", "\"d3b9c2a4-", "\"d3b9c2a4", PORTAL_E_PAYLOAD, "create_flow: resource_id: is no UUID"},
		{"create flow", "\"resource_id\"", "\"resource\"", PORTAL_E_PAYLOAD, "create_flow: resource_id: is missing"},
		{"create flow", "\"connected_gateway_ids\"", "\"ids\"", PORTAL_E_PAYLOAD, "create_flow: connected_gateway_ids: is missing"},
		{"create flow", "[\"b1f7", "[null,\"b1f7", PORTAL_E_PAYLOAD, "create_flow: connected_gateway_ids[0]: is no string"},
		{"create flow", "[\"b1f7", "[\"b1f7a0e2-3c44-4d1b-8f26-77e0c9a4d502\",\"x", PORTAL_E_PAYLOAD,
		 "create_flow: connected_gateway_ids[1]: is no UUID"},
		{"to clients", "\"client_ids\"", "\"client_id\"", PORTAL_E_PAYLOAD, "broadcast_ice_candidates: client_ids: is missing"},
		{"to clients", "\"candidates\":[", "\"candidates\":[7,", PORTAL_E_PAYLOAD,
		 "broadcast_ice_candidates: candidates[0]: is no string"},
		{"to a gateway", "\"gateway_id\"", "\"gateway_ids\"", PORTAL_E_PAYLOAD, "new_gateway_ice_candidates: gateway_id: is missing"},
		{"no relays", "\"payload\":{}", "\"payload\":null", 0, ""},
		{"capabilities", "\"iceless\":true", "\"iceless\":7", 0, ""},
		{"connection ready", "ConnectionAccepted", "DomainResponse", PORTAL_E_PAYLOAD,
		 "connection_ready: gateway_payload.ConnectionAccepted: is missing"},
		{"connection ready", "\"username\"", "\"user\"", PORTAL_E_PAYLOAD,
		 "connection_ready: gateway_payload.ConnectionAccepted.ice_parameters.username: is missing"},
	};
	CHECK(cases);
}

static void a_gateway_drops_what_is_no_init(void **state)
{
	static const struct refusal cases[] = {
		{"gateway init", "\"interface\"", "\"face\"", PORTAL_E_PAYLOAD, "init: interface: is missing"},
		{"gateway init", "\"100.80.12.7\"", "\"100.80.12.300\"", PORTAL_E_PAYLOAD, "init: interface.ipv4: is no IPv4 address"},
		{"gateway init", "\"100.80.12.7\"", "\"::1\"", PORTAL_E_PAYLOAD, "init: interface.ipv4: is no IPv4 address"},
		{"gateway init", "\"fd00:2021:1111::1f:2a07\"", "\"1.2.3.4\"", PORTAL_E_PAYLOAD, "init: interface.ipv6: is no IPv6 address"},
		{"gateway init", "\"config\"", "\"conf\"", PORTAL_E_PAYLOAD, "init: config: is missing"},
		{"gateway init", "\"ipv6_masquerade_enabled\":true", "\"x\":1", PORTAL_E_PAYLOAD,
		 "init: config.ipv6_masquerade_enabled: is missing"},
		{"gateway init", "enabled\":true", "enabled\":1", PORTAL_E_PAYLOAD, "init: config.ipv4_masquerade_enabled: is no boolean"},
		{"gateway init", "\"account_slug\":\"acme\"", "\"account_slug\":null", 0, ""},
		{"gateway init", "\"account_slug\":\"acme\",", "", 0, ""},
		{"gateway init", "\"account_slug\":\"acme\"", "\"account_slug\":1", PORTAL_E_PAYLOAD, "init: account_slug: is no string"},
		{"gateway init", "\"relays\":[", "\"relays\":null,\"old\":[", PORTAL_E_PAYLOAD, "init: relays: is null"},
		{"gateway init", "\"relays\":[", "\"relays\":{},\"old\":[", PORTAL_E_PAYLOAD, "init: relays: is no array"},
		{"gateway init", "\"relays\":[", "\"old\":[", 0, ""},
		{"gateway init", "\"relays\":[", "\"relays\":[7,", PORTAL_E_PAYLOAD, "init: relays[0]: is no object"},
		{"gateway init", "\"turn\"", "\"turns\"", PORTAL_E_PAYLOAD, "init: relays[0].type: is unknown"},
		{"gateway init", "\"type\":\"turn\",", "", PORTAL_E_PAYLOAD, "init: relays[0].type: is missing"},
		{"gateway init", "198.51.100.10:3478", "198.51.100.10", PORTAL_E_PAYLOAD, "init: relays[0].addr: is no IP address with port"},
		{"gateway init", "198.51.100.10:3478", "relay.example:3478", PORTAL_E_PAYLOAD,
		 "init: relays[0].addr: is no IP address with port"},
		{"gateway init", "[2001:db8::10]:3478", "2001:db8::10:3478", PORTAL_E_PAYLOAD,
		 "init: relays[1].addr: is no IP address with port"},
		{"gateway init", "[2001:db8::10]:3478", "[192.0.2.1]:3478", PORTAL_E_PAYLOAD,
		 "init: relays[1].addr: is no IP address with port"},
		{"gateway init", "\"expires_at\":1790000000", "\"expires_at\":1790000000.0", PORTAL_E_PAYLOAD,
		 "init: relays[0].expires_at: is no integer"},
		{"gateway init", "\"expires_at\":1790000000", "\"expires_at\":null", PORTAL_E_PAYLOAD, "init: relays[0].expires_at: is null"},
		{"gateway init", "\"password\":", "\"word\":", PORTAL_E_PAYLOAD, "init: relays[0].password: is missing"},
		{"gateway init", "\"authorizations\":[", "\"authorizations\":null,\"old\":[", PORTAL_E_PAYLOAD, "init: authorizations: is null"},
		{"gateway init", "\"authorizations\":[{\"client_id\"", "\"authorizations\":[{\"id\"", PORTAL_E_PAYLOAD,
		 "init: authorizations[0].client_id: is missing"},
		{"gateway init", "\"config\"", "\"interface\":{},\"config\"", PORTAL_E_SYNTAX, "frame: has a member twice"},
		{"newer gateway init", "\"flow_logs\"", "\"logs\"", PORTAL_E_PAYLOAD, "init: flow_logs: is missing"},
		{"newer gateway init", "secs\":0", "secs\":-1", PORTAL_E_PAYLOAD, "init: flow_logs.upload_interval_secs: is negative"},
		{"newer gateway init", "size\":0", "size\":\"0\"", PORTAL_E_PAYLOAD, "init: flow_logs.upload_batch_size: is no integer"},
	};
	CHECK(cases);
}

static void a_gateway_drops_what_is_no_order(void **state)
{
	static const struct refusal cases[] = {
		{"authorize", ",\"expires_at\":1790000000", "", PORTAL_E_PAYLOAD, "authorize_flow: expires_at: is missing"},
		{"authorize", "\"expires_at\":1790000000", "\"expires_at\":\"1790000000\"", PORTAL_E_PAYLOAD,
		 "authorize_flow: expires_at: is no integer"},
		{"authorize", "\"expires_at\":1790000000", "\"expires_at\":9223372036854775807", PORTAL_E_PAYLOAD,
		 "authorize_flow: expires_at: is beyond all time"},
		{"authorize", "\"expires_at\":1790000000", "\"expires_at\":-1", 0, ""},
		{"authorize", "\"cidr\"", "\"ip\"", PORTAL_E_PAYLOAD, "authorize_flow: resource.type: is unknown"},
		{"authorize", "10.20.0.0/16", "10.20.0.1/16", PORTAL_E_PAYLOAD,
		 "authorize_flow: resource.address: is no network without host bits"},
		{"authorize", "10.20.0.0/16", "10.20.0.0", PORTAL_E_PAYLOAD, "authorize_flow: resource.address: is no network without host bits"},
		{"authorize", "10.20.0.0/16", "10.20.0.0/33", PORTAL_E_PAYLOAD,
		 "authorize_flow: resource.address: is no network without host bits"},
		{"authorize", "\"filters\"", "\"filter\"", PORTAL_E_PAYLOAD, "authorize_flow: resource.filters: is missing"},
		{"authorize", "\"filters\":[", "\"filters\":null,\"x\":[", PORTAL_E_PAYLOAD, "authorize_flow: resource.filters: is null"},
		{"authorize", "\"udp\"", "\"sctp\"", PORTAL_E_PAYLOAD, "authorize_flow: resource.filters[1].protocol: is unknown"},
		{"authorize", "start\":443", "start\":null", PORTAL_E_PAYLOAD, "authorize_flow: resource.filters[0].port_range_start: is null"},
		{"authorize", "end\":443", "end\":65536", PORTAL_E_PAYLOAD, "authorize_flow: resource.filters[0].port_range_end: is above 65535"},
		{"authorize", "start\":443", "start\":-1", PORTAL_E_PAYLOAD, "authorize_flow: resource.filters[0].port_range_start: is negative"},
		{"authorize", "gZ2Lemg8T91tKRjDDihbSFpeencsKI1N8B9GdhL6K/M=", "gZ2Lemg8T91tKRjDDihbSFpeencsKI1N8B9GdhL6K/M", PORTAL_E_PAYLOAD,
		 "authorize_flow: client.public_key: is no padded base64 of 32 bytes"},
		{"authorize", "y8VhFvu4", "y8VhFvu", PORTAL_E_PAYLOAD, "authorize_flow: client.preshared_key: is no padded base64 of 32 bytes"},
		{"authorize", "S4tU=", "S4tV=", PORTAL_E_PAYLOAD, "authorize_flow: client.preshared_key: is no padded base64 of 32 bytes"},
		{"authorize", "\"client_ice_credentials\"", "\"ice\"", PORTAL_E_PAYLOAD, "authorize_flow: client_ice_credentials: is missing"},
		{"authorize", "\"ref\":\"opaque\"", "\"ref\":null", PORTAL_E_PAYLOAD, "authorize_flow: ref: is null"},
		{"authorize", "\"opaque\"", "\"op\\u0000aque\"", PORTAL_E_SYNTAX, "frame: is no JSON"},
		{"authorize", "authorize_flow", "create_authorization", PORTAL_E_UNKNOWN, "create_authorization: is unknown"},
		{"newer authorize", "\"use_iceless\":false", "\"use_iceless\":null", PORTAL_E_PAYLOAD,
		 "create_authorization: use_iceless: is null"},
		{"newer authorize", "\"use_iceless\":false,", "", 0, ""},
		{"newer authorize", "create_authorization", "authorize_flow", PORTAL_E_UNKNOWN, "authorize_flow: is unknown"},
		{"expiry", "\"client_id\"", "\"id\"", PORTAL_E_PAYLOAD, "access_authorization_expiry_updated: client_id: is missing"},
		{"reject", "\"resource_id\"", "\"id\"", PORTAL_E_PAYLOAD, "reject_access: resource_id: is missing"},
		{"internet resource", "\"internet\"", "\"cloud\"", PORTAL_E_PAYLOAD, "resource_updated: type: is unknown"},
		{"from client", "\"candidates\":[", "\"candidates\":null,\"x\":[", PORTAL_E_PAYLOAD, "ice_candidates: candidates: is null"},
		{"gateway relays", "\"disconnected_ids\"", "\"ids\"", PORTAL_E_PAYLOAD, "relays_presence: disconnected_ids: is missing"},
		{"gateway relays", "\"connected\"", "\"now\"", PORTAL_E_PAYLOAD, "relays_presence: connected: is missing"},
		{"request connection", ",\"expires_at\":1790000000", "", PORTAL_E_PAYLOAD, "request_connection: expires_at: is missing"},
		{"request connection", "\"persistent_keepalive\":25", "\"persistent_keepalive\":null", 0, ""},
		{"request connection", "\"100.96.0.1\"", "\"x\"", PORTAL_E_PAYLOAD,
		 "request_connection: client.payload.domain.proxy_ips[0]: is no IP address"},
		{"request connection", "\"domain\":{", "\"domain\":null,\"x\":{", 0, ""},
		{"allow access", "\"client_ipv6\"", "\"ipv6\"", PORTAL_E_PAYLOAD, "allow_access: client_ipv6: is missing"},
		{"allow access", "\"payload\":{\"name\"", "\"payload\":null,\"x\":{\"name\"", 0, ""},
	};
	CHECK(cases);
}

static void a_client_drops(void **state)
{
	static const struct refusal cases[] = {
		{"client init", "\"type\":\"cidr\",", "", PORTAL_E_PAYLOAD, "init: resources[0].type: is missing"},
		{"client init", "\"cidr\"", "7", PORTAL_E_PAYLOAD, "init: resources[0].type: is no string"},
		{"client init", "\"resources\":[", "\"resources\":[null,", PORTAL_E_PAYLOAD, "init: resources[0]: is no object"},
		{"client init", "\"resources\":[", "\"resources\":null,\"x\":[", PORTAL_E_PAYLOAD, "init: resources: is null"},
		{"client init", "\"relays\":[", "\"relays\":null,\"x\":[", PORTAL_E_PAYLOAD, "init: relays: is null"},
		{"client init", "\"ip_port\"", "\"doh\"", PORTAL_E_PAYLOAD, "init: interface.upstream_dns[0].protocol: is unknown"},
		{"client init", "9.9.9.9:53", "9.9.9.9", PORTAL_E_PAYLOAD,
		 "init: interface.upstream_dns[0].address: is no IP address with port"},
		{"client init", "\"upstream_dns\":[", "\"upstream_dns\":null,\"x\":[", PORTAL_E_PAYLOAD, "init: interface.upstream_dns: is null"},
		{"client init", "\"acme.example\"", "null", 0, ""},
		{"client init", "\"acme.example\"", "\"acme..example\"", PORTAL_E_PAYLOAD, "init: interface.search_domain: is no domain name"},
		{"newer client init", "\"flow_logs\"", "\"logs\"", PORTAL_E_PAYLOAD, "init: flow_logs: is missing"},
		{"newer client init", "\"authorizations\"", "\"x\"", 0, ""},
		{"config", "\"ip_port\"", "\"doh\"", PORTAL_E_PAYLOAD, "config_changed: interface.upstream_dns[0].protocol: is unknown"},
		{"config", "\"interface\"", "\"x\"", PORTAL_E_PAYLOAD, "config_changed: interface: is missing"},
		{"upsert", "\"ipv4_only\"", "null", 0, ""},
		{"upsert", "\"ipv4_only\"", "\"both\"", PORTAL_E_PAYLOAD, "resource_created_or_updated: ip_stack: is unknown"},
		{"upsert", "\"dns\"", "\"static_device_pool\"", 0, ""},
		{"upsert", "\"name\":\"Git\"", "\"name\":null", PORTAL_E_PAYLOAD, "resource_created_or_updated: name: is null"},
		{"upsert", "\"gateway_groups\":[{\"id\"", "\"gateway_groups\":[{\"uid\"", PORTAL_E_PAYLOAD,
		 "resource_created_or_updated: gateway_groups[0].id: is missing"},
		{"newer upsert", "\"filters\":[]", "\"filters\":null", PORTAL_E_PAYLOAD, "resource_created_or_updated: filters: is null"},
		{"newer upsert", "\"filters\":[],", "", 0, ""},
		{"delete", "\"d3b9c2a4-5e66-4f3d-a148-99a2ebc6f704\"", "{\"id\":\"d3b9c2a4-5e66-4f3d-a148-99a2ebc6f704\"}", PORTAL_E_PAYLOAD,
		 "resource_deleted: is no string"},
		{"created", "\"gateway_group_id\"", "\"group\"", PORTAL_E_PAYLOAD, "flow_created: gateway_group_id: is missing"},
		{"created", "\"gateway_group_id\"", "\"site_id\"", 0, ""},
		{"created", "\"gateway_group_id\"", "\"site_id\":\"x\",\"gateway_group_id\"", PORTAL_E_PAYLOAD,
		 "flow_created: gateway_group_id: is given in both spellings"},
		{"created", "\"gateway_ipv4\"", "\"ipv4\"", PORTAL_E_PAYLOAD, "flow_created: gateway_ipv4: is missing"},
		{"failed", "\"reason\"", "\"why\"", PORTAL_E_PAYLOAD, "flow_creation_failed: reason: is missing"},
		{"failed", "\"violated_properties\":[\"remote_ip\"]", "\"violated_properties\":null", PORTAL_E_PAYLOAD,
		 "flow_creation_failed: violated_properties: is null"},
		{"newer failed", "authorization_creation_failed", "flow_creation_failed", PORTAL_E_UNKNOWN, "flow_creation_failed: is unknown"},
	};
	CHECK(cases);
}

/* Changes keep to groups of four characters, three bytes each. */
static void ingest_tokens(void **state)
{
	static const struct refusal cases[] = {
		{"newer created", ".c2ln", "", PORTAL_E_PAYLOAD, "authorization_created: flow_logs_ingest_token: has not three parts"},
		{"newer created", ".c2ln", ".c2ln.x", PORTAL_E_PAYLOAD, "authorization_created: flow_logs_ingest_token: has not three parts"},
		{"newer created", ".c2ln", ".", PORTAL_E_PAYLOAD,
		 "authorization_created: flow_logs_ingest_token.signature: is empty or no base64url"},
		{"newer created", ".c2ln", ".c2ln=", PORTAL_E_PAYLOAD,
		 "authorization_created: flow_logs_ingest_token.signature: is empty or no base64url"},
		{"newer created", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "eyJhbGciOiJIUzUxMiJ9", PORTAL_E_PAYLOAD,
		 "authorization_created: flow_logs_ingest_token.header.alg: is unknown"},
		{"newer created", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "eyJhbGciOiJI", PORTAL_E_PAYLOAD,
		 "authorization_created: flow_logs_ingest_token.header: ends early"},
		{"newer created", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "eyJhbGciO+", PORTAL_E_PAYLOAD,
		 "authorization_created: flow_logs_ingest_token.header: is no base64url"},
		{"newer created", "eyJhY2NvdW50X2lkIjoieCIs", "eyJhY2NvdW50X2lEIjoieCIs", PORTAL_E_PAYLOAD,
		 "authorization_created: flow_logs_ingest_token.claims.account_id: is missing"},
		{"newer created", "\"flow_logs_ingest_token\"", "\"token\"", PORTAL_E_PAYLOAD,
		 "authorization_created: flow_logs_ingest_token: is missing"},
		{"newer created", "\"flow_logs_ingest_token\":\"", "\"flow_logs_ingest_token\":7,\"x\":\"", PORTAL_E_PAYLOAD,
		 "authorization_created: flow_logs_ingest_token: is no string"},
	};
	CHECK(cases);
}

static void text_that_is_no_frame(void **state)
{
	static const struct {
		const char *text;
		int outcome;
		const char *why;
	} cases[] = {
		{"", PORTAL_E_TRUNCATED, "frame: ends early"},
		{"  ", PORTAL_E_TRUNCATED, "frame: ends early"},
		{"{\"topic\":\"gateway\"", PORTAL_E_TRUNCATED, "frame: ends early"},
		{"{\"topic\":\"gate", PORTAL_E_TRUNCATED, "frame: ends early"},
		{"{\"topic\":tru", PORTAL_E_TRUNCATED, "frame: ends early"},
		{"{\"topic\":", PORTAL_E_TRUNCATED, "frame: ends early"},
		{"[", PORTAL_E_TRUNCATED, "frame: ends early"},
		{"{\"topic\":troo}", PORTAL_E_SYNTAX, "frame: is no JSON"},
		{"{\"topic\":1}}", PORTAL_E_SYNTAX, "frame: is no JSON"},
		{"{'topic':1}", PORTAL_E_SYNTAX, "frame: is no JSON"},
		{"{\"topic\":\"\xff\"}", PORTAL_E_SYNTAX, "frame: is no JSON"},
		{"{\"topic\":123456789012345678901234567890}", PORTAL_E_SYNTAX, "frame: is no JSON"},
		{"[]", PORTAL_E_FRAME, "frame: is no object"},
		{"7", PORTAL_E_FRAME, "frame: is no object"},
		{"null", PORTAL_E_FRAME, "frame: is no object"},
	};
	const struct portal_link l = {PORTAL_GATEWAY, PORTAL_V1};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct portal_message m;
		struct portal_error e;
		char why[PORTAL_ERROR_TEXT];
		int err = portal_read(&l, PORTAL_FROM_PORTAL, cases[i].text, strlen(cases[i].text), &m, &e);
		portal_error_format(&e, why);
		if (err != cases[i].outcome || strcmp(why, cases[i].why) != 0)
			fail_msg("%s: %d \"%s\"", cases[i].text, err, why);
	}
}

static void nesting_has_an_end(void **state)
{
	const struct portal_link l = {PORTAL_GATEWAY, PORTAL_V1};
	struct portal_message m;
	struct portal_error e;
	static char deep[100000];
	memset(deep, '[', sizeof(deep));
	assert_int_equal(portal_read(&l, PORTAL_FROM_PEER, deep, sizeof(deep), &m, &e), PORTAL_E_SYNTAX);
	assert_string_equal(e.what, "is nested too deeply");
}

/* A peer's whole frame cut anywhere ends early. */
static void a_frame_cut_anywhere_ends_early(void **state)
{
	for (const struct frame *f = frames; f->name; f++) {
		for (size_t n = 0; n < strlen(f->text); n++) {
			struct portal_message m;
			struct portal_error e;
			if (portal_read(&f->link, f->from, f->text, n, &m, &e) != PORTAL_E_TRUNCATED)
				fail_msg("%s cut at %zu: %s", f->name, n, e.what ? e.what : "accepted");
		}
	}
}

static void a_refusal_says_what_to_answer(void **state)
{
	const struct portal_link l = {PORTAL_CLIENT, PORTAL_V1};
	const char *text = "{\"topic\":\"client\",\"event\":\"create_flow\",\"payload\":{},\"ref\":21}";
	struct portal_message m;
	struct portal_error e;
	assert_int_equal(portal_read(&l, PORTAL_FROM_PEER, text, strlen(text), &m, &e), PORTAL_E_PAYLOAD);
	assert_true(e.has_ref);
	assert_int_equal(e.ref, 21);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_of_the_portal),
		cmocka_unit_test(frames_of_a_peer),
		cmocka_unit_test(a_gateway_drops_what_is_no_init),
		cmocka_unit_test(a_gateway_drops_what_is_no_order),
		cmocka_unit_test(a_client_drops),
		cmocka_unit_test(ingest_tokens),
		cmocka_unit_test(text_that_is_no_frame),
		cmocka_unit_test(nesting_has_an_end),
		cmocka_unit_test(a_frame_cut_anywhere_ends_early),
		cmocka_unit_test(a_refusal_says_what_to_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
