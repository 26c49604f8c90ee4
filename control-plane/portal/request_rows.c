/* SPDX-License-Identifier: Apache-2.0 */
#include "request_rows.h"

#include <stdlib.h>
#include <string.h>

#include "refusal.h"

json_t *json_of_text(const char *text)
{
	json_t *value = text ? json_string(text) : json_null();
	char *copy = value ? NULL : strdup(text);
	for (char *c = copy; c && *c; c++)
		if (*c & 0x80)
			*c = '?';
	if (copy)
		value = json_string(copy);
	free(copy);
	return value;
}

json_t *json_of_uuid(const struct portal_uuid *u)
{
	char text[PORTAL_UUID_TEXT];
	portal_uuid_format(u, text);
	return json_string(text);
}

static json_t *json_of_key(const struct portal_key *k)
{
	char text[PORTAL_KEY_TEXT];
	portal_key_format(k, text);
	return json_string(text);
}

/* With its port, if it has one. */
static json_t *json_of_addr(const struct cp_addr *a)
{
	char text[CP_ADDR_TEXT];
	if (a->family == CP_NONE)
		return json_null();
	if (a->port)
		cp_addr_format(a, text);
	else
		cp_ip_format(a, text);
	return json_string(text);
}

static json_t *json_of_moment(int64_t unix_seconds)
{
	return unix_seconds == 0 || unix_seconds == PORTAL_NEVER ? json_null() : json_integer(unix_seconds);
}

/* What gateways and clients have in common; NULL: no memory. */
static json_t *json_of_device(const struct broker_device *d, const struct cp_addr *ipv4, const struct cp_addr *ipv6)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id", json_of_uuid(&d->id), "name",
			 json_of_text(d->name), "external_id", json_of_text(d->external_id), "public_key",
			 json_of_key(&d->public_key), "ipv4", json_of_addr(ipv4), "ipv6", json_of_addr(ipv6), "created_at",
			 json_of_moment(d->created_at), "seen_at", json_of_moment(d->seen_at));
}

/* Row and what comes on top of it; takes both. */
static json_t *with(json_t *row, json_t *more)
{
	bool done = row && more && json_object_update(row, more) == 0;
	json_decref(more);
	if (done)
		return row;
	json_decref(row);
	return NULL;
}

/* connected_at 0: there is no connection. */
static json_t *json_of_connection(int64_t connected_at, bool is_ours, enum portal_dialect dialect, const char *version,
				  const struct cp_addr *from)
{
	bool is = connected_at != 0;
	return json_pack("{s:o, s:b, s:o, s:o, s:o}", "connected_at", json_of_moment(connected_at), "ours", is && is_ours,
			 "dialect", is ? json_string(dialect == PORTAL_V2 ? "v2" : "v1") : json_null(), "version",
			 json_of_text(is ? version : NULL), "from", is ? json_of_addr(from) : json_null());
}

json_t *row_of_gateway(const struct broker_gateway_row *r)
{
	json_t *row = json_of_device(r->device, &r->ipv4, &r->ipv6);
	row = with(row, json_of_connection(r->connected_at, r->is_ours, r->dialect, r->version, &r->from));
	return with(row, json_pack("{s:o, s:o, s:s, s:b, s:I, s:I}", "site", json_of_text(r->site), "site_id",
				   json_of_uuid(&r->device->owner), "state", broker_gateway_state_name(r->state), "cordoned",
				   r->device->cordoned, "clients", (json_int_t)r->clients, "to_move",
				   (json_int_t)r->to_move));
}

json_t *row_of_client(const struct broker_client_row *r)
{
	json_t *row = json_of_device(r->device, &r->ipv4, &r->ipv6);
	row = with(row, json_of_connection(r->online ? r->connected_at : 0, r->is_ours, r->dialect, r->version, &r->from));
	return with(row, json_pack("{s:o, s:o, s:b, s:I}", "actor", json_of_text(r->actor), "actor_id",
				   json_of_uuid(&r->device->owner), "online", r->online, "authorizations",
				   (json_int_t)r->authorizations));
}

json_t *row_of_authorization(const struct broker_authorization_row *r)
{
	const struct broker_authorization *a = &r->authorization;
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "client", json_of_text(r->client), "client_id",
			 json_of_uuid(&a->client), "resource", json_of_text(r->resource), "resource_id",
			 json_of_uuid(&a->resource), "gateway", json_of_text(r->gateway), "gateway_id",
			 json_of_uuid(&a->gateway), "expires_at", json_of_moment(a->expires_at));
}

json_t *row_of_relay(const struct broker_relay_row *r)
{
	static const char *const kinds[] = {
	    [BROKER_RELAY_STATIC] = "static", [BROKER_RELAY_REST] = "rest", [BROKER_RELAY_REGISTERED] = "registered"};
	return json_pack("{s:o, s:s, s:o, s:o, s:b, s:I}", "id", json_of_uuid(&r->id), "kind", kinds[r->kind], "ipv4",
			 json_of_addr(&r->ipv4), "ipv6", json_of_addr(&r->ipv6), "online", r->online, "peers",
			 (json_int_t)r->peers);
}

json_t *row_of_token(const struct request_token *t)
{
	bool has_owner = t->role != PORTAL_RELAY;
	return json_pack("{s:I, s:s, s:o, s:o, s:o, s:b, s:o, s:o, s:o}", "number", (json_int_t)t->number, "kind",
			 portal_topic(t->role), "owner", json_of_text(has_owner ? t->owner_name : NULL), "owner_id",
			 has_owner ? json_of_uuid(&t->owner) : json_null(), "description", json_of_text(t->description),
			 "imported", t->imported, "created_at", json_of_moment(t->created_at), "last_used_at",
			 json_of_moment(t->last_used_at), "expires_at", json_of_moment(t->expires_at));
}

static json_t *json_of_counters(const struct broker *b)
{
#define COUNTER_NAME(name, metric, help) metric,
	static const char *const names[] = {BROKER_COUNTERS(COUNTER_NAME)};
	json_t *all = json_object();
	for (int c = 0; all && c < BROKER_COUNTER_KINDS; c++)
		if (json_object_set_new(all, names[c], json_integer((json_int_t)broker_count(b, (enum broker_counter)c))) != 0) {
			json_decref(all);
			return NULL;
		}
	return all;
}

static json_t *json_of_refusals(const uint64_t *refused)
{
#define REFUSAL_LABEL(name, label, help) label,
	static const char *const labels[] = {NULL, REFUSALS(REFUSAL_LABEL)};
	json_t *all = json_object();
	for (int i = REFUSAL_NONE + 1; all && i < REFUSAL_KINDS; i++)
		if (json_object_set_new(all, labels[i], json_integer((json_int_t)refused[i])) != 0) {
			json_decref(all);
			return NULL;
		}
	return all;
}

static json_t *json_of_summary(const struct broker_summary *s)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "gateways", (json_int_t)s->gateways,
			 "gateways_online", (json_int_t)s->gateways_online, "clients", (json_int_t)s->clients,
			 "clients_online", (json_int_t)s->clients_online, "relays_online", (json_int_t)s->relays_online,
			 "authorizations", (json_int_t)s->authorizations, "requests", (json_int_t)s->requests,
			 "busiest_second", (json_int_t)s->busiest_second, "ready", s->ready);
}

json_t *row_of_status(const struct request_about *about, const struct broker_summary *s, const struct broker *b,
		      int64_t unix_seconds)
{
	bool stored = !about->store_error[0];
	json_t *own = json_pack("{s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:o, s:o, s:o}", "version", json_of_text(about->version), "config",
				json_of_text(about->config), "database", json_of_text(about->database), "started_at",
				json_of_moment(about->started_at), "uptime_s",
				(json_int_t)(unix_seconds > about->started_at ? unix_seconds - about->started_at : 0),
				"connections", (json_int_t)about->connections, "store_waiting", (json_int_t)about->store_waiting,
				"store_error", json_of_text(stored ? NULL : about->store_error), "refusals",
				json_of_refusals(about->refused), "counters", json_of_counters(b));
	return with(own, json_of_summary(s));
}

const struct row_member row_members[] = {
    {"gateways", "id", "UUID, for life"},
    {"gateways", "name", "as the gateway calls itself"},
    {"gateways", "site", "name of its site"},
    {"gateways", "site_id", "UUID of its site"},
    {"gateways", "external_id", "as the gateway identifies itself"},
    {"gateways", "public_key", "its current WireGuard key"},
    {"gateways", "ipv4", "in the tunnel, for life"},
    {"gateways", "ipv6", "likewise"},
    {"gateways", "state",
     "`offline`; `online`; `cordoned`: online, not offered; `draining`: online, its clients are being moved; `missing`: its "
     "connection closed a moment ago; `rescuing`: gone, its clients are being moved"},
    {"gateways", "cordoned", "an operator took it out of the choice; survives restarts"},
    {"gateways", "clients", "that go through it, by the latest authorization of each of their resources"},
    {"gateways", "to_move", "clients of a drain or a rescue that are still to be moved"},
    {"gateways", "connected_at", "null: is not connected"},
    {"gateways", "ours", "says that it is a peer of this project's"},
    {"gateways", "dialect", "`v1` or `v2`; null: is not connected"},
    {"gateways", "version", "of its program; null: is not connected"},
    {"gateways", "from", "address of its connection; null: is not connected"},
    {"gateways", "created_at", "when it was seen first"},
    {"gateways", "seen_at", "when its last connection began or ended"},
    {"clients", "id", "UUID, for life"},
    {"clients", "name", "as the client calls itself"},
    {"clients", "actor", "name of its actor"},
    {"clients", "actor_id", "UUID of its actor"},
    {"clients", "external_id", "as the client identifies itself"},
    {"clients", "public_key", "its current WireGuard key"},
    {"clients", "ipv4", "in the tunnel, for life"},
    {"clients", "ipv6", "likewise"},
    {"clients", "online", "is connected"},
    {"clients", "authorizations", "live ones"},
    {"clients", "connected_at", "null: is not connected"},
    {"clients", "ours", "says that it is a peer of this project's"},
    {"clients", "dialect", "`v1` or `v2`; null: is not connected"},
    {"clients", "version", "of its program; null: is not connected"},
    {"clients", "from", "address of its connection; null: is not connected"},
    {"clients", "created_at", "when it was seen first"},
    {"clients", "seen_at", "when its last connection began or ended"},
    {"authorizations", "client", "name; a client may have several for a resource, of gateways that it used before"},
    {"authorizations", "client_id", "UUID"},
    {"authorizations", "resource", "name"},
    {"authorizations", "resource_id", "UUID"},
    {"authorizations", "gateway", "name"},
    {"authorizations", "gateway_id", "UUID"},
    {"authorizations", "expires_at", "when it ends by itself"},
    {"relays", "id", "UUID"},
    {"relays", "kind", "`static`: with credentials of the file; `rest`: with credentials made for each peer; `registered`: "
		       "came by itself"},
    {"relays", "ipv4", "address and port, or null"},
    {"relays", "ipv6", "likewise"},
    {"relays", "online", "is named to peers; those of the file always are"},
    {"relays", "peers", "that were given it"},
    {"tokens", "number", "by which it is revoked; never used twice"},
    {"tokens", "kind", "`gateway`, `client` or `relay`"},
    {"tokens", "owner", "name of its site or actor when it was made; null: of relays"},
    {"tokens", "owner_id", "UUID of its site or actor, or null"},
    {"tokens", "description", "or null"},
    {"tokens", "imported", "its text was brought along, not made by the portal"},
    {"tokens", "created_at", ""},
    {"tokens", "last_used_at", "to the hour; null: never"},
    {"tokens", "expires_at", "null: never"},
    {"status", "version", "of sluice-portal"},
    {"status", "config", "path of its file"},
    {"status", "database", "path of its database"},
    {"status", "started_at", ""},
    {"status", "uptime_s", ""},
    {"status", "connections", "open WebSockets, also of those that have not joined yet"},
    {"status", "gateways", "known ones"},
    {"status", "gateways_online", ""},
    {"status", "clients", "known ones"},
    {"status", "clients_online", ""},
    {"status", "relays_online", ""},
    {"status", "authorizations", "live ones"},
    {"status", "requests", "flows that a gateway has not answered yet"},
    {"status", "busiest_second", "the most requests within one second of the last minute"},
    {"status", "ready", "false: so soon after the start nobody is rescued"},
    {"status", "store_waiting", "rows that are not in the database yet"},
    {"status", "store_error", "why they are not; null: nothing is wrong"},
    {"status", "refusals", "who was turned away since the start, by the reasons of /metrics"},
    {"status", "counters", "since the start, by the names of /metrics without prefix and `_total`"},
    {NULL, NULL, NULL},
};
