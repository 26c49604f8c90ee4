/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/request.h"

#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "broker/request_parts.h"

#define RELAY_PORT 3478

enum { TOKEN, EXTERNAL_ID, NAME, PUBLIC_KEY, IPV4, IPV6, PORT, VSN, PARAMETERS };

/* The parameters that are not kept as they came. */
struct given {
	struct broker_parameter p[PARAMETERS];
	char public_key[PORTAL_KEY_TEXT], ipv4[CP_ADDR_TEXT], ipv6[CP_ADDR_TEXT], port[8], vsn[8];
};

static bool refuse(struct broker_refusal *ret, unsigned int status, const char *code, const char *text)
{
	*ret = (struct broker_refusal){.status = status, .code = code, .text = text};
	return false;
}

static bool refuse_parameter(struct broker_refusal *ret, const char *text)
{
	return refuse(ret, 400, "invalid_connect_params", text);
}

static bool read_path(const char *path, struct portal_link *ret)
{
	static const struct {
		const char *path;
		struct portal_link link;
	} paths[] = {
		{"/gateway/websocket", {PORTAL_GATEWAY, PORTAL_V1}},
		{"/gateway/v2/websocket", {PORTAL_GATEWAY, PORTAL_V2}},
		{"/client/websocket", {PORTAL_CLIENT, PORTAL_V1}},
		{"/client/v2/websocket", {PORTAL_CLIENT, PORTAL_V2}},
		{"/relay/websocket", {PORTAL_RELAY, PORTAL_V1}},
	};
	for (size_t i = 0; path && i < sizeof(paths) / sizeof(paths[0]); i++)
		if (strcmp(path, paths[i].path) == 0) {
			*ret = paths[i].link;
			return true;
		}
	return false;
}

static const char *read_query(const char *query, struct broker_request *ret, struct given *g)
{
	const struct broker_parameter list[PARAMETERS] = {
		[TOKEN] = {.name = "token", .ret = ret->token, .room = sizeof(ret->token)},
		[EXTERNAL_ID] = {.name = "external_id", .ret = ret->external_id, .room = sizeof(ret->external_id)},
		[NAME] = {.name = "name", .ret = ret->name, .room = sizeof(ret->name)},
		[PUBLIC_KEY] = {.name = "public_key", .ret = g->public_key, .room = sizeof(g->public_key)},
		[IPV4] = {.name = "ipv4", .ret = g->ipv4, .room = sizeof(g->ipv4)},
		[IPV6] = {.name = "ipv6", .ret = g->ipv6, .room = sizeof(g->ipv6)},
		[PORT] = {.name = "port", .ret = g->port, .room = sizeof(g->port)},
		[VSN] = {.name = "vsn", .ret = g->vsn, .room = sizeof(g->vsn)},
	};
	memcpy(g->p, list, sizeof(list));
	return broker_query_read(query ? query : "", g->p, PARAMETERS);
}

/* Since client 1.5.9 peers do that themselves (§1.7); no token holds a space. */
static void remove_spaces(char *text)
{
	char *to = text;
	for (const char *p = text; *p; p++)
		if (!strchr(" \t\r\n\v\f", *p))
			*to++ = *p;
	cp_wipe(to, strlen(to));
}

/* The header's token into `ret` of BROKER_TOKEN_MAX + 1; false: it is of no use, and the parameter counts. */
static bool take_header(const char *header, char *ret, bool *ret_is_long)
{
	if (!header || strncmp(header, "Bearer ", 7) != 0 || header[7 + strspn(header + 7, " \t")] == 0)
		return false;
	size_t bytes = strlen(header + 7);
	*ret_is_long = bytes > BROKER_TOKEN_MAX;
	cp_wipe(ret, BROKER_TOKEN_MAX + 1);
	if (!*ret_is_long)
		memcpy(ret, header + 7, bytes + 1);
	return true;
}

static bool read_token(const char *header, const struct broker_parameter *p, struct broker_request *ret,
		       struct broker_refusal *ret_refusal)
{
	bool is_long = p->is_long;
	take_header(header, ret->token, &is_long);
	remove_spaces(ret->token);
	if (is_long)
		return refuse(ret_refusal, 401, "invalid_token", "Invalid token");
	if (!ret->token[0])
		return refuse(ret_refusal, 401, "missing_token", "Missing token");
	ret->has_token = true;
	return true;
}

static bool is_text(const struct broker_parameter *p, size_t characters_max)
{
	size_t n = p->is_there && !p->is_long ? broker_text_characters(p->ret) : 0;
	return n > 0 && n <= characters_max;
}

/* What a gateway or a client must say of itself. */
static const char *read_device(const struct given *g, struct broker_request *ret)
{
	if (!g->p[EXTERNAL_ID].is_there)
		return "external_id is missing";
	if (!is_text(&g->p[EXTERNAL_ID], BROKER_EXTERNAL_MAX))
		return "external_id must be 1 to 255 bytes of UTF-8 without control characters";
	if (!is_text(&g->p[NAME], BROKER_NAME_MAX))
		return "name must be 1 to 255 characters of UTF-8 without control characters";
	if (!g->p[PUBLIC_KEY].is_there)
		return "public_key is missing";
	if (g->p[PUBLIC_KEY].is_long || !portal_key_parse(g->public_key, strlen(g->public_key), &ret->public_key))
		return "public_key must be 44 characters of base64";
	return NULL;
}

static bool read_port(const struct broker_parameter *p, uint16_t *ret)
{
	unsigned int port = 0;
	if (!p->is_there) {
		*ret = RELAY_PORT;
		return true;
	}
	for (const char *c = p->ret; *c; c++) {
		if (*c < '0' || *c > '9')
			return false;
		port = port * 10 + (unsigned int)(*c - '0');
	}
	*ret = (uint16_t)port;
	return !p->is_long && port > 0 && port <= UINT16_MAX;
}

/* Empty is as good as missing, as stock portals have it. */
static bool is_given(const struct broker_parameter *p)
{
	return p->is_there && (p->is_long || p->ret[0]);
}

/* Missing is fine. */
static bool read_ip(const struct broker_parameter *p, uint8_t family, uint16_t port, struct cp_addr *ret)
{
	if (!is_given(p))
		return true;
	if (p->is_long || !cp_ip_parse(p->ret, strlen(p->ret), ret) || ret->family != family)
		return false;
	ret->port = port;
	return true;
}

static const char *read_relay(const struct given *g, struct broker_request *ret)
{
	uint16_t port;
	if (is_given(&g->p[NAME]) && !is_text(&g->p[NAME], BROKER_NAME_MAX))
		return "name must be 1 to 255 characters of UTF-8 without control characters";
	if (!read_port(&g->p[PORT], &port))
		return "port must be a number from 1 to 65535";
	if (!read_ip(&g->p[IPV4], CP_V4, port, &ret->ipv4))
		return "ipv4 must be an IPv4 address";
	if (!read_ip(&g->p[IPV6], CP_V6, port, &ret->ipv6))
		return "ipv6 must be an IPv6 address";
	if (!is_given(&g->p[IPV4]) && !is_given(&g->p[IPV6]))
		return "ipv4 and ipv6 are both missing";
	return NULL;
}

/* Arrays as frames, which is what version 2 means, are not spoken here (§1.1). */
static bool is_version_1(const struct broker_parameter *p)
{
	return !p->is_there || (!p->is_long && strncmp(p->ret, "1.", 2) == 0);
}

static bool read_rest(const struct broker_http *http, const struct given *g, struct broker_request *ret,
		      struct broker_refusal *ret_refusal)
{
	if (!read_token(http->authorization, &g->p[TOKEN], ret, ret_refusal))
		return false;
	if (!is_version_1(&g->p[VSN]))
		return refuse_parameter(ret_refusal, "vsn must be 1.0.0, or missing");
	if (!http->user_agent || !broker_agent_version(http->user_agent, ret->version, sizeof(ret->version)))
		return refuse_parameter(ret_refusal, "User-Agent must name a known component and its version");
	const char *error = ret->link.role == PORTAL_RELAY ? read_relay(g, ret) : read_device(g, ret);
	ret->is_ours = http->sluice != NULL;
	return error ? refuse_parameter(ret_refusal, error) : true;
}

bool broker_request_read(const struct broker_http *http, struct broker_request *ret, struct broker_refusal *ret_refusal)
{
	struct given g = {.port = ""};
	*ret = (struct broker_request){.has_token = false};
	bool ok = read_path(http->path, &ret->link) || refuse(ret_refusal, 404, "not_found", "Not found");
	const char *error = ok ? read_query(http->query, ret, &g) : NULL;
	if (error)
		ok = refuse_parameter(ret_refusal, error);
	ok = ok && read_rest(http, &g, ret, ret_refusal);
	if (!ok)
		broker_request_wipe(ret);
	return ok;
}

void broker_request_wipe(struct broker_request *r)
{
	cp_wipe(r, sizeof(*r));
}
