/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What portal and client say to each other (portal §4), one struct per message; candidates, relays and capabilities
 * are those of gateway.h. The names of the events are those of the older dialect (message.h).
 */
#ifndef CP_PORTAL_CLIENT_H
#define CP_PORTAL_CLIENT_H

#include "portal/values.h"

/* init (§4.1): the whole list of resources; relays are added or replaced only. A resource that is malformed is left
 * out and counted in portal_message.n_skipped, one of an unknown type is left out silently. */
struct portal_client_init {
	struct portal_interface interface;
	struct portal_resources resources;
	struct portal_relays relays;
	struct portal_flow_logs flow_logs; /* newer dialect */
	bool has_authorizations;
	struct portal_authorizations authorizations; /* newer dialect, of other clients to this one */
};

/* config_changed (§4.2): replaces the interface's description completely. */
struct portal_config_changed {
	struct portal_interface interface;
};

/* resource_deleted (§4.3): the payload is a bare string. */
struct portal_resource_deleted {
	struct portal_uuid id;
};

/* create_flow, request_authorization (client →, §4.4). */
struct portal_create_flow {
	struct portal_uuid resource_id;
	struct portal_uuids connected_gateways; /* preferred ones */
};

/* flow_created, authorization_created (§4.5). */
struct portal_flow_created {
	struct portal_uuid resource_id, gateway_id, site_id;
	struct portal_key gateway_public_key;
	struct cp_addr gateway_ipv4, gateway_ipv6;
	struct portal_key preshared_key;
	struct portal_ice client_ice, gateway_ice;
	bool use_iceless;         /* newer dialect, false if missing */
	const char *ingest_token; /* newer dialect */
};

/* flow_creation_failed, authorization_creation_failed (§4.6). Reasons that are not known are none of an error. */
enum portal_failure {
	PORTAL_FAILED_OTHER,
	PORTAL_FAILED_OFFLINE,
	PORTAL_FAILED_NOT_FOUND,
	PORTAL_FAILED_FORBIDDEN,
	PORTAL_FAILED_VERSION_MISMATCH,
};
struct portal_flow_creation_failed {
	struct portal_uuid resource_id;
	enum portal_failure reason; /* PORTAL_FAILED_OTHER cannot be written */
	bool has_violated_properties;
	struct portal_texts violated_properties;
};

#endif
