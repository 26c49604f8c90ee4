/* SPDX-License-Identifier: Apache-2.0 */
#include "http.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *title_of(unsigned int status)
{
	static const struct {
		unsigned int status;
		const char *title;
	} titles[] = {
		{200, "OK"}, {400, "Bad Request"}, {401, "Unauthorized"}, {402, "Payment Required"}, {403, "Forbidden"},
		{404, "Not Found"}, {405, "Method Not Allowed"}, {409, "Conflict"}, {422, "Unprocessable Content"},
		{426, "Upgrade Required"}, {429, "Too Many Requests"}, {431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"}, {503, "Service Unavailable"},
	};
	for (size_t i = 0; i < sizeof(titles) / sizeof(*titles); i++)
		if (titles[i].status == status)
			return titles[i].title;
	return "Refused";
}

size_t http_write(const struct http_answer *a, char *ret, size_t room)
{
	char retry[40] = "", allow[40] = "";
	if (a->retry_after)
		snprintf(retry, sizeof(retry), "Retry-After: %u\r\n", a->retry_after);
	if (a->allow)
		snprintf(allow, sizeof(allow), "Allow: %s\r\n", a->allow);
	int n = snprintf(ret, room,
			 "HTTP/1.1 %u %s\r\nConnection: close\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
			 "Cache-Control: no-store\r\n%s%s%s\r\n",
			 a->status, title_of(a->status), a->type, a->body_bytes, retry, allow,
			 a->status == 426 ? "Sec-WebSocket-Version: 13\r\n" : "");
	if (n < 0 || (size_t)n >= room || room - (size_t)n < a->body_bytes)
		return 0;
	if (a->body_bytes)
		memcpy(ret + n, a->body, a->body_bytes);
	return (size_t)n + a->body_bytes;
}

/* Texts of refusals are ours, but a quotation mark in one must not make the body something else. */
static void quote(const char *text, char *ret, size_t room)
{
	size_t n = 0;
	for (; *text && n + 3 < room; text++) {
		if (*text == '"' || *text == '\\')
			ret[n++] = '\\';
		if ((unsigned char)*text >= 0x20)
			ret[n++] = *text;
	}
	ret[n] = '\0';
}

size_t http_problem(const struct broker_refusal *why, char *ret, size_t room)
{
	char body[HTTP_PROBLEM_BYTES - HTTP_HEAD_BYTES], text[256], code[64];
	quote(why->text ? why->text : "", text, sizeof(text));
	quote(why->code ? why->code : "", code, sizeof(code));
	int n = snprintf(body, sizeof(body),
			 "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%u,\"detail\":\"%s\",\"code\":\"%s\"}",
			 title_of(why->status), why->status, text, code);
	struct http_answer a = {.status = why->status,
				.type = "application/problem+json",
				.retry_after = why->retry_after,
				.allow = why->status == 405 ? "GET" : NULL,
				.body = body,
				.body_bytes = n > 0 && (size_t)n < sizeof(body) ? (size_t)n : 0};
	return http_write(&a, ret, room);
}

/* A token of a comma-separated list, whatever its case. */
static bool lists(const char *header, const char *token)
{
	size_t bytes = strlen(token);
	for (const char *at = header ? header : ""; *at;) {
		at += strspn(at, " \t,");
		size_t n = strcspn(at, " \t,");
		if (n == bytes && strncasecmp(at, token, n) == 0)
			return true;
		at += n;
	}
	return false;
}

/* 16 bytes in base64 (RFC 6455 §4.1): 22 characters and "==". */
static bool is_key(const char *key)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	return key && strspn(key, alphabet) == 22 && strcmp(key + 22, "==") == 0;
}

bool http_upgrade_is_fit(const struct http_upgrade *u, struct broker_refusal *ret_refusal)
{
	const char *what = NULL;
	unsigned int status = 400;
	if (!u->upgrade || strcasecmp(u->upgrade, "websocket") != 0)
		what = "the path is that of a WebSocket";
	else if (!u->version || strcmp(u->version, "13") != 0)
		what = "Sec-WebSocket-Version must be 13";
	if (what)
		status = 426;
	else if (!lists(u->connection, "upgrade"))
		what = "the header Connection does not ask for an upgrade";
	else if (!is_key(u->key))
		what = "Sec-WebSocket-Key is missing or is not 16 bytes in base64";
	else if (u->protocol && *u->protocol)
		what = "there are no subprotocols";
	if (what)
		*ret_refusal = (struct broker_refusal){.status = status, .code = "invalid_upgrade", .text = what};
	return !what;
}

static bool is_plain(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c && strchr("-._~", c));
}

bool http_query_append(char *query, size_t room, const char *piece, size_t bytes)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t n = strlen(query);
	bool in_value = false;
	if (n && n + 1 < room)
		query[n++] = '&';
	for (size_t i = 0; i < bytes; i++) {
		unsigned char c = (unsigned char)piece[i];
		if (n + 4 > room) {
			query[n] = '\0';
			return false;
		}
		if (is_plain(piece[i]) || (c == '=' && !in_value)) {
			query[n++] = piece[i];
		} else {
			query[n++] = '%';
			query[n++] = hex[c >> 4];
			query[n++] = hex[c & 15];
		}
		in_value = in_value || c == '=';
	}
	query[n] = '\0';
	return true;
}

bool http_is_among(const struct cp_addr *a, const struct portal_network *networks, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct portal_network *w = &networks[i];
		unsigned int whole = w->prefix_bits / 8u, rest = w->prefix_bits % 8u;
		if (w->addr.family != a->family || memcmp(w->addr.ip, a->ip, whole) != 0)
			continue;
		if (rest == 0 || (w->addr.ip[whole] ^ a->ip[whole]) >> (8u - rest) == 0)
			return true;
	}
	return false;
}

bool http_forwarded_for(const char *header, const struct portal_network *proxies, size_t n, struct cp_addr *ret)
{
	size_t end = header ? strlen(header) : 0;
	while (end > 0) {
		size_t begin = end;
		while (begin > 0 && header[begin - 1] != ',')
			begin--;
		size_t from = begin, to = end;
		while (from < to && strchr(" \t[", header[from]))
			from++;
		while (to > from && strchr(" \t]", header[to - 1]))
			to--;
		struct cp_addr a;
		if (!cp_ip_parse(header + from, to - from, &a))
			return false;
		if (!http_is_among(&a, proxies, n)) {
			*ret = a;
			return true;
		}
		end = begin ? begin - 1 : 0;
	}
	return false;
}

enum http_page http_page(const char *path)
{
	if (strcmp(path, "/healthz") == 0)
		return HTTP_HEALTHZ;
	if (strcmp(path, "/readyz") == 0)
		return HTTP_READYZ;
	return strcmp(path, "/metrics") == 0 ? HTTP_METRICS : HTTP_PAGE_NONE;
}
