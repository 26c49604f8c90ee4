/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What operators see of the broker: rows by index, counters, and a summary. Texts are borrowed until the next input.
 * The order of gateways and clients is that of their registration and does not change while the portal runs; of
 * authorizations the last takes the place of one that ends.
 */
#ifndef CP_BROKER_VIEW_H
#define CP_BROKER_VIEW_H

#include "broker/broker.h"

enum broker_gateway_state {
	BROKER_OFFLINE,   /* not connected, and nobody waits for it */
	BROKER_ONLINE,
	BROKER_CORDONED,  /* online, not offered */
	BROKER_DRAINING,  /* online, its clients are being moved */
	BROKER_MISSING,   /* its socket closed a moment ago; a rescue follows unless it comes back */
	BROKER_RESCUING,  /* gone, its clients are being moved */
};
const char *broker_gateway_state_name(enum broker_gateway_state s);

struct broker_gateway_row {
	const struct broker_device *device;
	const char *site;              /* its name */
	enum broker_gateway_state state;
	bool is_ours;
	enum portal_dialect dialect;   /* if connected */
	const char *version;           /* if connected */
	struct cp_addr from;           /* if connected */
	struct cp_addr ipv4, ipv6;     /* in the tunnel */
	uint32_t clients;              /* with a live authorization through it */
	uint32_t to_move;              /* of a drain or a rescue, still to come */
	int64_t connected_at;          /* Unix seconds; 0: is not connected */
};
struct broker_client_row {
	const struct broker_device *device;
	const char *actor; /* its name */
	bool online, is_ours;
	enum portal_dialect dialect;
	const char *version;
	struct cp_addr from, ipv4, ipv6;
	uint32_t authorizations; /* live */
	int64_t connected_at;
};
struct broker_authorization_row {
	struct broker_authorization authorization;
	const char *client, *resource, *gateway; /* names */
};
struct broker_relay_row {
	struct portal_uuid id;
	struct cp_addr ipv4, ipv6;
	enum broker_relay_kind kind;
	bool online; /* static ones always */
	uint32_t peers; /* that were given it */
};
/* Row number `index`; false: there are no more. */
bool broker_gateway_row(const struct broker *b, size_t index, struct broker_gateway_row *ret);
bool broker_client_row(const struct broker *b, size_t index, struct broker_client_row *ret);
bool broker_authorization_row(const struct broker *b, size_t index, struct broker_authorization_row *ret);
bool broker_relay_row(const struct broker *b, size_t index, struct broker_relay_row *ret);

/* One table makes the enum, the names and what /metrics says: X(NAME, "metric_name", "help"). All are counted since the
 * start; names end in _total where Prometheus has it so. */
#define BROKER_COUNTERS(X) \
	X(JOINS_GATEWAY, "gateway_joins", "gateways that joined") \
	X(JOINS_CLIENT, "client_joins", "clients that joined") \
	X(JOINS_RELAY, "relay_joins", "relays that joined") \
	X(REFUSED_CONNECTIONS, "refused_connections", "connections that the broker refused") \
	X(DISPLACED, "displaced_connections", "connections that a newer one of the same peer closed") \
	X(IDLE, "idle_connections", "connections closed for silence") \
	X(LEFT, "leaves", "peers that left in order") \
	X(REQUESTS, "flow_requests", "flows that clients asked for") \
	X(CREATED, "flows_created", "flows that were created") \
	X(FAILED_OFFLINE, "flows_failed_offline", "flows refused: no gateway") \
	X(FAILED_NOT_FOUND, "flows_failed_not_found", "flows refused: no such resource for this client") \
	X(FAILED_FORBIDDEN, "flows_failed_forbidden", "flows refused: a policy's condition") \
	X(GATEWAY_SILENT, "gateway_answers_missed", "flows that a gateway did not answer in time") \
	X(GATEWAY_LOST, "gateway_answers_lost", "flows whose gateway disconnected first") \
	X(INVALID_REF, "invalid_refs", "answers to no request") \
	X(CANDIDATES, "candidate_messages", "messages of candidates that were forwarded") \
	X(CANDIDATES_SKIPPED, "candidate_messages_skipped", "of these, for peers that are not connected") \
	X(REVOKED, "authorizations_revoked", "authorizations that were taken back") \
	X(EXPIRED, "authorizations_expired", "authorizations that ended by themselves") \
	X(RESCUES, "rescues", "gateways whose clients were rescued") \
	X(RESCUES_AVERTED, "rescues_averted", "gateways that came back in time") \
	X(DRAINS, "drains", "gateways that were drained") \
	X(MOVED, "clients_moved", "clients moved off a gateway") \
	X(NO_RELAYS, "no_relays", "peers without a relay that asked for some") \
	X(UNKNOWN_MESSAGES, "unknown_messages", "messages answered unknown_message") \
	X(BAD_FRAMES, "bad_frames", "frames that closed their connection") \
	X(QUOTA, "quota_refusals", "requests and registrations beyond a quota")

#define BROKER_COUNTER_ENUM(name, metric, help) BROKER_COUNT_##name,
enum broker_counter { BROKER_COUNTERS(BROKER_COUNTER_ENUM) BROKER_COUNTER_KINDS };
uint64_t broker_count(const struct broker *b, enum broker_counter c);

struct broker_summary {
	uint32_t gateways, gateways_online, clients, clients_online, relays_online;
	uint32_t authorizations, requests; /* live; unanswered */
	uint32_t busiest_second; /* the most requests in one second of the last 60 s */
	bool ready;              /* the rescue's quiet time after the start is over, or nobody was known */
};
struct broker_summary broker_summary(const struct broker *b);

#endif
