/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What portal and gateway say to each other (portal §3), one struct per message. The names of the events are those of
 * the older dialect; the newer one calls some of them otherwise (§6.2), which is the codec's business (message.h).
 */
#ifndef CP_PORTAL_GATEWAY_H
#define CP_PORTAL_GATEWAY_H

#include "portal/values.h"

/* init: after every join, and whenever the portal likes; idempotent (§3.1). The authorizations are all there are. */
struct portal_gateway_init {
	struct portal_interface interface;
	bool ipv4_masquerade_enabled, ipv6_masquerade_enabled; /* required, and of no use */
	struct portal_relays relays;
	const char *account_slug; /* or NULL */
	bool has_authorizations;
	struct portal_authorizations authorizations;
	struct portal_flow_logs flow_logs; /* newer dialect */
};

/* The client a flow is for. */
struct portal_flow_client {
	struct portal_uuid id;
	struct portal_key public_key, preshared_key;
	struct cp_addr ipv4, ipv6; /* the only sources it may use in the tunnel */
};

/* authorize_flow, create_authorization (§3.2): to be answered by portal_flow_authorized, or not at all. */
struct portal_authorize_flow {
	const char *ref; /* opaque; echoed unchanged */
	struct portal_resource resource;
	struct portal_flow_client client;
	struct portal_ice client_ice, gateway_ice;
	int64_t expires_at;       /* PORTAL_NEVER */
	bool use_iceless;         /* newer dialect, false if missing */
	const char *ingest_token; /* newer dialect: a JSON web token whose claims were checked; nobody verifies it */
};

/* flow_authorized, authorization_created (gateway →). */
struct portal_flow_authorized {
	const char *ref;
};

/* reject_access (§3.6): if it was the client's last resource, its connection ends. */
struct portal_reject_access {
	struct portal_uuid client_id, resource_id;
};

/* ice_candidates, invalidate_ice_candidates: → gateway from a client, → client from a gateway (§3.4, §4.7).
 * SDP candidate attributes, verbatim and in order; one that does not parse (ice/candidate.h) is to be skipped. */
struct portal_candidates {
	struct portal_uuid from;
	struct portal_texts candidates;
};

/* broadcast_ice_candidates, broadcast_invalidated_ice_candidates (gateway →, client →), and a newer client's
 * new_gateway_ice_candidates, invalidate_gateway_ice_candidates, which name exactly one gateway. */
struct portal_broadcast {
	struct portal_uuids to;
	struct portal_texts candidates;
};
struct portal_unicast {
	struct portal_uuid to;
	struct portal_texts candidates;
};

/* relays_presence, to gateways and clients alike (§5.2). */
struct portal_relays_presence {
	struct portal_uuids disconnected;
	struct portal_relays connected;
};

/* Connections of clients ≤ 1.3 (§3.8), older dialect only. */
struct portal_domain {
	const char *name;
	struct portal_addrs proxy_ips; /* without ports */
};
struct portal_legacy_peer {
	bool has_persistent_keepalive;
	uint16_t persistent_keepalive; /* seconds */
	struct portal_key public_key, preshared_key;
	struct cp_addr ipv4, ipv6;
};
struct portal_request_connection {
	const char *ref;
	struct portal_resource resource;
	struct portal_uuid client_id;
	struct portal_ice client_ice;
	bool has_domain;
	struct portal_domain domain;
	struct portal_legacy_peer peer;
	int64_t expires_at; /* PORTAL_NEVER */
};
struct portal_connection_ready {
	const char *ref;
	struct portal_ice gateway_ice;
};
struct portal_allow_access {
	const char *ref;
	struct portal_uuid client_id;
	struct cp_addr client_ipv4, client_ipv6;
	struct portal_resource resource;
	bool has_domain;
	struct portal_domain domain;
	int64_t expires_at; /* PORTAL_NEVER */
};

/* set_snownet_capabilities (newer gateways and clients →): right after the join (§6.3 h). */
struct portal_capabilities {
	bool iceless;
};

#endif
