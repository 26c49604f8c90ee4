/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of the portal as tables. */
#include <inttypes.h>
#include <string.h>

#include "format.h"
#include "portal.h"

#define SEC 1000000000ull

static bool is_true(const json_t *row, const char *name)
{
	return json_is_true(json_object_get(row, name));
}

static void add_text(struct table *t, enum tone tone, const json_t *row, const char *name)
{
	table_add(t, tone, "%s", portal_text(row, name, "-"));
}

static void add_count(struct table *t, const json_t *row, const char *name)
{
	char text[FMT_BYTES];
	table_add(t, TONE_PLAIN, "%s", fmt_count(text, (uint64_t)portal_number(row, name)));
}

/* "1.4.17 v1", with a star for a peer of ours. */
static void add_version(struct table *t, const json_t *row)
{
	if (portal_text(row, "version", NULL))
		table_add(t, TONE_PLAIN, "%s %s%s", portal_text(row, "version", ""), portal_text(row, "dialect", ""),
			  is_true(row, "ours") ? " *" : "");
	else
		table_add(t, TONE_FAINT, "-");
}

/* How long ago; null: never. */
static void add_ago(struct table *t, const json_t *row, const char *name, int64_t unix_now)
{
	char text[FMT_BYTES];
	int64_t at = portal_number(row, name);
	if (at == 0)
		table_add(t, TONE_FAINT, "never");
	else
		table_add(t, TONE_PLAIN, "%s", fmt_ago(text, at < unix_now ? (uint64_t)(unix_now - at) * SEC : 0));
}

/* Of a peer: since when it is connected, or how long ago it was. */
static void add_seen(struct table *t, const json_t *row, int64_t unix_now)
{
	char text[FMT_BYTES];
	int64_t at = portal_number(row, "connected_at");
	if (at == 0)
		add_ago(t, row, "seen_at", unix_now);
	else
		table_add(t, TONE_PLAIN, "for %s", portal_while(text, unix_now - at));
}

static void add_moment(struct table *t, const json_t *row, const char *name, int64_t unix_now)
{
	char text[FMT_BYTES];
	int64_t at = portal_number(row, name);
	if (at == 0)
		table_add(t, TONE_FAINT, "never");
	else
		table_add(t, at <= unix_now ? TONE_BAD : TONE_PLAIN, "%s%s", fmt_moment(text, at),
			  at <= unix_now ? " (over)" : "");
}

static void add_gateway(struct table *t, const json_t *row, int64_t unix_now)
{
	add_text(t, TONE_BOLD, row, "name");
	add_text(t, TONE_PLAIN, row, "site");
	table_add(t, portal_state_tone(row), "%s%s", portal_text(row, "state", "-"), portal_state_more(row));
	add_count(t, row, "clients");
	add_count(t, row, "to_move");
	add_version(t, row);
	add_text(t, TONE_PLAIN, row, "ipv4");
	add_text(t, TONE_PLAIN, row, "from");
	add_seen(t, row, unix_now);
	add_text(t, TONE_FAINT, row, "id");
}

static void add_client(struct table *t, const json_t *row, int64_t unix_now)
{
	bool online = is_true(row, "online");
	add_text(t, TONE_BOLD, row, "name");
	add_text(t, TONE_PLAIN, row, "actor");
	table_add(t, online ? TONE_GOOD : TONE_FAINT, online ? "online" : "offline");
	add_count(t, row, "authorizations");
	add_version(t, row);
	add_text(t, TONE_PLAIN, row, "ipv4");
	add_text(t, TONE_PLAIN, row, "from");
	add_seen(t, row, unix_now);
	add_text(t, TONE_FAINT, row, "id");
}

static void add_authorization(struct table *t, const json_t *row, int64_t unix_now)
{
	add_text(t, TONE_BOLD, row, "client");
	add_text(t, TONE_PLAIN, row, "resource");
	add_text(t, TONE_PLAIN, row, "gateway");
	add_moment(t, row, "expires_at", unix_now);
	add_text(t, TONE_FAINT, row, "client_id");
	add_text(t, TONE_FAINT, row, "resource_id");
}

static void add_relay(struct table *t, const json_t *row, int64_t unix_now)
{
	bool online = is_true(row, "online");
	add_text(t, TONE_PLAIN, row, "ipv4");
	add_text(t, TONE_PLAIN, row, "ipv6");
	add_text(t, TONE_PLAIN, row, "kind");
	table_add(t, online ? TONE_GOOD : TONE_BAD, online ? "online" : "gone");
	add_count(t, row, "peers");
	add_text(t, TONE_FAINT, row, "id");
}

static void add_token(struct table *t, const json_t *row, int64_t unix_now)
{
	table_add(t, TONE_BOLD, "%" PRId64, portal_number(row, "number"));
	add_text(t, TONE_PLAIN, row, "kind");
	add_text(t, TONE_PLAIN, row, "owner");
	add_moment(t, row, "expires_at", unix_now);
	add_ago(t, row, "last_used_at", unix_now);
	add_ago(t, row, "created_at", unix_now);
	add_text(t, TONE_PLAIN, row, "description");
}

static const char *const of_gateways[] = {"NAME", "SITE", "STATE", ">CLIENTS", ">TO MOVE", "VERSION", "TUNNEL", "FROM", "SEEN", "ID"};
static const char *const of_clients[] = {"NAME", "ACTOR", "STATE", ">ACCESSES", "VERSION", "TUNNEL", "FROM", "SEEN", "ID"};
static const char *const of_authorizations[] = {"CLIENT", "RESOURCE", "GATEWAY", "ENDS (UTC)", "CLIENT ID", "RESOURCE ID"};
static const char *const of_relays[] = {"IPV4", "IPV6", "KIND", "STATE", ">PEERS", "ID"};
static const char *const of_tokens[] = {">NUMBER", "KIND", "OWNER", "ENDS (UTC)", "LAST USED", "CREATED", "DESCRIPTION"};

#define LIST(name, add) {#name, "no " #name, sizeof(of_##name) / sizeof(of_##name[0]), of_##name, add}
static const struct portal_list lists[PORTAL_CTL_COMMANDS] = {
    [PORTAL_CTL_GATEWAYS] = LIST(gateways, add_gateway),
    [PORTAL_CTL_CLIENTS] = LIST(clients, add_client),
    [PORTAL_CTL_AUTHORIZATIONS] = LIST(authorizations, add_authorization),
    [PORTAL_CTL_RELAYS] = LIST(relays, add_relay),
    [PORTAL_CTL_TOKEN_LIST] = LIST(tokens, add_token),
};

const struct portal_list *portal_list_of(enum portal_command command)
{
	return lists[command].name ? &lists[command] : NULL;
}
