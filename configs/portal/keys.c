/* SPDX-License-Identifier: Apache-2.0 */
/* Every key of the file: what the reader knows, and what docs/portal-configuration.md must explain. */
#include "reading.h"

#define KEYS(...) (const char *const[]){__VA_ARGS__, NULL}

const struct keys portal_keys[] = {
	[KEYS_ROOT] = {"", KEYS("log_level", "database", "control_socket", "account_slug", "listen", "http", "limits", "sites", "actors",
				"resources", "policies", "relays", "dns", "timing", "quota")},
	[KEYS_LISTEN] = {"listen[]", KEYS("address", "certificate_file", "key_file")},
	[KEYS_HTTP] = {"http", KEYS("listen", "trusted_proxies")},
	[KEYS_LIMITS] = {"limits", KEYS("connections", "connections_per_source", "handshakes", "handshakes_per_source", "handshake_ms",
					"header_bytes", "frame_bytes", "messages_per_s", "messages_burst", "queued_bytes",
					"bad_tokens_per_s")},
	[KEYS_SITE] = {"sites[]", KEYS("name", "id")},
	[KEYS_ACTOR] = {"actors[]", KEYS("name", "id", "email", "groups")},
	[KEYS_RESOURCE] = {"resources[]", KEYS("name", "id", "type", "address", "sites", "filters", "ip_stack", "description")},
	[KEYS_FILTER] = {"resources[].filters[]", KEYS("protocol", "ports")},
	[KEYS_POLICY] = {"policies[]", KEYS("name", "id", "actors", "groups", "resources", "networks", "expires_at")},
	[KEYS_RELAY] = {"relays[]", KEYS("name", "id", "ipv4", "ipv6", "any_port", "username", "password", "password_file",
					 "rest_secret", "rest_secret_file")},
	[KEYS_DNS] = {"dns", KEYS("upstream", "search_domain")},
	[KEYS_TIMING] = {"timing", KEYS("rescue_after_ms", "rescue_not_before_ms", "move_within_ms", "move_per_s", "answer_within_ms",
					"idle_after_ms", "relay_gone_after_ms", "relay_repeat_after_ms", "authorization_s")},
	[KEYS_QUOTA] = {"quota", KEYS("gateways_per_site", "clients_per_actor", "requests_per_client", "authorizations_per_client",
				      "relays")},
};
