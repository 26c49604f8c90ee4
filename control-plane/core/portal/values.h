/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values that messages of the portal carry (portal §3–§5): identities, keys, credentials, resources, relays.
 * Texts are NUL-terminated UTF-8. In a message that was read they belong to it and are wiped with it; in a message
 * that is to be written they are borrowed from whoever fills it in. A text that may be missing or null is NULL then.
 */
#ifndef CP_PORTAL_VALUES_H
#define CP_PORTAL_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define PORTAL_UUID_TEXT 37 /* hyphenated, NUL included */
#define PORTAL_KEY_BYTES 32
#define PORTAL_KEY_TEXT  45 /* padded base64, NUL included */
#define PORTAL_NEVER     INT64_MAX /* an expiry that is null on the wire */

struct portal_uuid {
	uint8_t bytes[16];
};
/* Hyphenated, 32 hex digits, in braces or as urn:uuid:, either case. false: it is none, *ret is untouched. */
bool portal_uuid_parse(const char *text, size_t bytes, struct portal_uuid *ret);
/* Lower case, hyphenated. */
void portal_uuid_format(const struct portal_uuid *u, char ret[PORTAL_UUID_TEXT]);

/* A WireGuard key, private to two peers when it is a preshared one. */
struct portal_key {
	uint8_t bytes[PORTAL_KEY_BYTES];
};
bool portal_key_parse(const char *text, size_t bytes, struct portal_key *ret);
void portal_key_format(const struct portal_key *k, char ret[PORTAL_KEY_TEXT]);

/* A network without host bits; the port of addr is 0. */
struct portal_network {
	struct cp_addr addr;
	uint8_t prefix_bits;
};
bool portal_network_parse(const char *text, size_t bytes, struct portal_network *ret);
/* "ip:port" or "[ip6]:port", literal addresses only. */
bool portal_socket_parse(const char *text, size_t bytes, struct cp_addr *ret);
/* A domain name: labels of 1–63 visible characters, 253 in all, a final dot or none. */
bool portal_domain_is_valid(const char *text, size_t bytes);

struct portal_uuids {
	const struct portal_uuid *ids;
	size_t n;
};
struct portal_texts {
	const char *const *texts;
	size_t n;
};
struct portal_addrs {
	const struct cp_addr *addrs;
	size_t n;
};

/* ICE user name and password (§3.3). */
struct portal_ice {
	const char *username, *password;
};

/* What flows a resource permits (§3.5): no filter at all permits everything. */
enum portal_protocol { PORTAL_TCP = 1, PORTAL_UDP, PORTAL_ICMP };
struct portal_filter {
	enum portal_protocol protocol;
	bool has_ports; /* of TCP and UDP; without: 0–65535. A bound that is missing beside the other has that default */
	uint16_t port_first, port_last; /* inclusive */
};
struct portal_filters {
	const struct portal_filter *list;
	size_t n;
};

struct portal_site {
	struct portal_uuid id;
	const char *name;
};
struct portal_sites {
	const struct portal_site *list;
	size_t n;
};

enum portal_resource_type {
	PORTAL_RESOURCE_OTHER, /* client: of a type that is not known here; nothing else is set */
	PORTAL_RESOURCE_CIDR,
	PORTAL_RESOURCE_DNS,
	PORTAL_RESOURCE_INTERNET,
};
enum portal_ip_stack { PORTAL_DUAL, PORTAL_IPV4_ONLY, PORTAL_IPV6_ONLY };

/* One resource, as gateways (§3.5) and clients (§4.1) see it. */
struct portal_resource {
	enum portal_resource_type type;
	struct portal_uuid id;
	const char *name;              /* client, internet: NULL stands for "Internet Resource" */
	struct portal_network network; /* cidr */
	const char *pattern;           /* dns: a name or a pattern */
	bool has_filters;              /* client: without, everything is permitted, but nothing is said either */
	struct portal_filters filters;
	/* Of the client's view: */
	const char *description; /* or NULL */
	enum portal_ip_stack ip_stack;
	bool has_ip_stack;
	bool has_can_be_disabled, can_be_disabled; /* internet */
	struct portal_sites sites;
};
struct portal_resources {
	const struct portal_resource *list;
	size_t n;
};

/* A TURN server (§5.1). A dual-stack one is two adjacent entries with the same id. */
enum portal_relay_type { PORTAL_TURN = 1, PORTAL_STUN };
struct portal_relay {
	enum portal_relay_type type;
	struct portal_uuid id;
	struct cp_addr addr;
	const char *username, *password; /* stun: NULL */
	int64_t expires_at;              /* seconds of Unix time; stun: 0 */
};
struct portal_relays {
	const struct portal_relay *list;
	size_t n;
};

/* An access that is granted until expires_at. */
struct portal_authorization {
	struct portal_uuid client_id, resource_id;
	int64_t expires_at;
};
struct portal_authorizations {
	const struct portal_authorization *list;
	size_t n;
};

enum portal_dns_protocol { PORTAL_IP_PORT = 1 };
struct portal_dns_server {
	enum portal_dns_protocol protocol;
	struct cp_addr addr;
};
struct portal_dns_servers {
	const struct portal_dns_server *list;
	size_t n;
};

/* The peer's own tunnel interface. */
struct portal_interface {
	struct cp_addr ipv4, ipv6; /* without port */
	bool has_upstream_dns;
	struct portal_dns_servers upstream_dns;
	bool has_upstream_do53; /* of newer portals; to be preferred to upstream_dns */
	struct portal_addrs upstream_do53; /* without ports */
	const char *search_domain; /* or NULL */
};

/* Where newer peers would send flow logs (§6.7); interval 0: nowhere. */
struct portal_flow_logs {
	const char *api_url;
	uint64_t upload_interval_secs, upload_batch_size;
};

#endif
