/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the portal's file says, as values: who there is, what there is, and who may reach what (portal §6.1 2). Made
 * by the reader of the file (configs/portal), copied by the broker, which applies a new one as differences.
 *
 *     actor ──< policy >── resource ──< site ──< gateway (not here: gateways come by themselves, with a site's token)
 *
 * Pure; any thread. Everything is borrowed from whoever fills it in, but for the copy that broker_world_copy() returns.
 * Whoever fills it in has checked it: ids and names of a kind are unique, an index points at what exists, every
 * resource can be written for both roles (portal/values.h).
 */
#ifndef CP_BROKER_WORLD_H
#define CP_BROKER_WORLD_H

#include "base/time.h"
#include "portal/values.h"

struct broker_actor {
	struct portal_uuid id;
	const char *name;
	const char *email; /* or NULL */
};

/* A resource as clients are told of it: portal_resource has it all, its sites included (at least one). */
struct broker_resource {
	struct portal_resource view; /* has_filters is true */
};

/* Grants every actor listed every resource listed. Conditions that fail give "forbidden" and its property (§4.6). */
struct broker_policy {
	struct portal_uuid id;
	const uint32_t *actors, *resources; /* indexes of broker_world */
	size_t n_actors, n_resources;
	const struct portal_network *networks; /* the client's connection must come from one of them; none: from anywhere.
	                                          "remote_ip" */
	size_t n_networks;
	int64_t expires_at; /* Unix seconds, PORTAL_NEVER; "current_utc_datetime" */
};

enum broker_relay_kind { BROKER_RELAY_STATIC, BROKER_RELAY_REST, BROKER_RELAY_REGISTERED };
/* A relay that does not register itself: one secret of its kind is set. */
struct broker_relay {
	struct portal_uuid id;
	struct cp_addr ipv4, ipv6;          /* with port; CP_NONE: has none */
	const char *username, *password;    /* static credentials, or NULL */
	const char *rest_secret;            /* TURN REST (coturn's use-auth-secret), or NULL */
};

/* How the broker behaves; the reader fills in the defaults. */
struct broker_timing {
	cp_time rescue_after;     /* 2 s: a gateway's socket closed without a leave, and it did not come back (§6.3 g) */
	cp_time rescue_not_before; /* 60 s: after the portal's own start nobody is rescued */
	cp_time move_within;      /* 2 s: moves of one gateway's clients are spread over min(this, n / move_per_s) */
	uint32_t move_per_s;      /* 200 */
	cp_time answer_within;    /* 15 s: a gateway's, then the client is told offline (§6.3 c 9) */
	cp_time idle_after;       /* 40 s: no frame from a peer, and its connection is closed (≥ 37 s, §6.1 5) */
	cp_time relay_gone_after; /* 3 s: a relay that comes back in time is not announced as gone (§5.6) */
	cp_time relay_repeat_after; /* 1 s: its presence is repeated, since stock relays join before they listen (§5.7) */
	int64_t authorization_seconds; /* how long an access lasts at most; 14 days */
};
extern const struct broker_timing broker_timing_default;

/* What one remote may make grow. Beyond it: refused, counted, nobody else concerned. */
struct broker_quota {
	uint32_t gateways_per_site;      /* ever registered; 1000 */
	uint32_t clients_per_actor;      /* ever registered; 20 000 */
	uint32_t requests_per_client;    /* unanswered flows; 1000 */
	uint32_t authorizations_per_client; /* 10 000 */
	uint32_t relays;                 /* registered at once; 100 */
};
extern const struct broker_quota broker_quota_default;

struct broker_world {
	const char *account_slug;
	const struct portal_site *sites;
	size_t n_sites;
	const struct broker_actor *actors;
	size_t n_actors;
	const struct broker_resource *resources;
	size_t n_resources;
	const struct broker_policy *policies;
	size_t n_policies;
	const struct broker_relay *relays;
	size_t n_relays;
	const struct cp_addr *dns; /* upstream servers, with port */
	size_t n_dns;
	const char *search_domain; /* or NULL */
	struct broker_timing timing;
	struct broker_quota quota;
};

#endif
