/* SPDX-License-Identifier: Apache-2.0 */
/* The one request of a connection: headers out of libwebsockets, the broker's judgement, and the answer. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "headers.h"
#include "http.h"
#include "tokens.h"

static const struct broker_refusal no_such_path = {.status = 404, .code = "not_found", .text = "there is nothing here"};
static const struct broker_refusal bad_method = {.status = 405, .code = "method_not_allowed", .text = "only GET is spoken here"};
static const struct broker_refusal too_long = {
	.status = 431, .code = "headers_too_long", .text = "the request's headers are too long"};
static const struct broker_refusal not_now = {
	.status = 503, .code = "unavailable", .text = "the portal cannot serve now", .retry_after = 1};
static const struct broker_refusal crowded = {
	.status = 503, .code = "too_many_connections", .text = "too many connections from this address", .retry_after = 5};
static const struct broker_refusal slow_down = {
	.status = 503, .code = "rate_limit", .text = "too many bad tokens from this address", .retry_after = 1};
static const struct broker_refusal missing_token = {.status = 401, .code = "missing_token", .text = "the token is missing"};
static const struct broker_refusal invalid_token = {.status = 401, .code = "invalid_token", .text = "the token is not good"};

/* What is handed to libwebsockets needs room before it. */
static int answer(struct conn *c, char *with_room, size_t bytes)
{
	c->phase = CONN_ANSWERED;
	int n = bytes ? lws_write(c->wsi, (unsigned char *)with_room + LWS_PRE, bytes, LWS_WRITE_HTTP_HEADERS) : -1;
	return n < 0 ? -1 : 1;
}

int handshake_refuse(struct conn *c, enum refusal why, const struct broker_refusal *refusal)
{
	char text[LWS_PRE + HTTP_PROBLEM_BYTES];
	if (why != REFUSAL_NONE)
		limits_refused(&c->shell->limits, why);
	log_event(CP_DEBUG, "request_refused", "status=%u code=%s text=\"%s\"", refusal->status, refusal->code, refusal->text);
	return answer(c, text, http_problem(refusal, text + LWS_PRE, sizeof(text) - LWS_PRE));
}

static int serve(struct conn *c, unsigned int status, const char *type, const char *body, size_t bytes)
{
	struct http_answer a = {.status = status, .type = type, .body = body, .body_bytes = bytes};
	size_t room = HTTP_HEAD_BYTES + bytes;
	char *text = malloc(LWS_PRE + room);
	int rc = text ? answer(c, text, http_write(&a, text + LWS_PRE, room)) : -1;
	free(text);
	return rc;
}

static int serve_metrics(struct conn *c)
{
	size_t bytes;
	char *page = metrics_page(c->shell, &bytes);
	int rc = page ? serve(c, 200, "text/plain; version=0.0.4", page, bytes) : -1;
	free(page);
	return rc;
}

static bool is_get(struct conn *c)
{
	char *path;
	int bytes;
	return lws_http_get_uri_and_method(c->wsi, &path, &bytes) == LWSHUMETH_GET;
}

int handshake_page(struct conn *c, const char *path)
{
	bool is_ready = shell_is_ready(c->shell);
	enum http_page page = c->listener->for_http ? http_page(path) : HTTP_PAGE_NONE;
	if (c->phase != CONN_REQUEST)
		return -1;
	if (!is_get(c))
		return handshake_refuse(c, REFUSAL_METHOD, &bad_method);
	if (page == HTTP_METRICS)
		return serve_metrics(c);
	if (page == HTTP_HEALTHZ)
		return serve(c, 200, "text/plain", "ok\n", 3);
	if (page == HTTP_READYZ)
		return is_ready ? serve(c, 200, "text/plain", "ready\n", 6) : serve(c, 503, "text/plain", "not ready\n", 10);
	struct http_upgrade none = {0};
	struct broker_refusal refusal = no_such_path;
	size_t bytes = strlen(path), tail = strlen("/websocket");
	bool is_peers = c->listener->for_peers && bytes >= tail && strcmp(path + bytes - tail, "/websocket") == 0;
	if (is_peers)
		http_upgrade_is_fit(&none, &refusal);
	return handshake_refuse(c, is_peers ? REFUSAL_UPGRADE : REFUSAL_NOT_FOUND, &refusal);
}

/* Whose connection it is: behind a proxy that is believed, whom it names. */
static enum refusal locate(struct conn *c, struct texts *t)
{
	const struct portal_config *cfg = c->shell->cfg;
	const char *chain = c->is_shared ? headers_text(c, t, WSI_TOKEN_X_FORWARDED_FOR) : NULL;
	struct cp_addr from;
	if (chain && http_forwarded_for(chain, cfg->proxies, cfg->n_proxies, &from)) {
		enum refusal why = limits_forwarded(&c->shell->limits, &from, &c->source);
		if (why != REFUSAL_NONE)
			return why;
		c->from = from;
		c->is_shared = false;
	}
	return limits_request(&c->shell->limits, c->source, c->is_shared, shell_now(c->shell));
}

static int not_authentic(struct conn *c, const struct broker_refusal *refusal)
{
	limits_bad_token(&c->shell->limits, c->source, shell_now(c->shell));
	return handshake_refuse(c, REFUSAL_TOKEN, refusal);
}

static enum refusal reason_of(const struct broker_refusal *r)
{
	return r->status == 404 ? REFUSAL_NOT_FOUND : r->status == 401 ? REFUSAL_TOKEN : REFUSAL_REQUEST;
}

static int authenticate(struct conn *c, const struct broker_request *r)
{
	struct shell *s = c->shell;
	struct broker_principal who;
	struct broker_refusal refusal;
	if (!r->has_token)
		return not_authentic(c, &missing_token);
	int rc = tokens_find(s->store, r->token, time(NULL), &who);
	if (rc != 0 && rc != -ENOENT && rc != -EKEYEXPIRED)
		return handshake_refuse(c, REFUSAL_UNAVAILABLE, &not_now);
	if (rc != 0 || who.role != r->link.role)
		return not_authentic(c, &invalid_token);
	/* addresses that are not on the disk could be another's after a restart */
	if (s->store_is_behind && !broker_knows(s->broker, r, &who))
		return handshake_refuse(c, REFUSAL_UNAVAILABLE, &not_now);
	if (!broker_connect(s->broker, c->id, r, &who, &c->from, shell_now(s), &refusal)) {
		rc = handshake_refuse(c, reason_of(&refusal), &refusal);
	} else {
		c->phase = CONN_UPGRADED;
		c->is_gateway = who.role == PORTAL_GATEWAY;
		conn_authenticated(c);
		rc = 0;
	}
	shell_pump(s);
	return rc;
}

static int judge(struct conn *c, struct texts *t)
{
	struct broker_http http = {.path = headers_text(c, t, WSI_TOKEN_GET_URI),
				   .user_agent = headers_text(c, t, WSI_TOKEN_HTTP_USER_AGENT)};
	struct http_upgrade upgrade = {.upgrade = headers_text(c, t, WSI_TOKEN_UPGRADE),
				       .connection = headers_text(c, t, WSI_TOKEN_CONNECTION),
				       .version = headers_text(c, t, WSI_TOKEN_VERSION),
				       .key = headers_text(c, t, WSI_TOKEN_KEY),
				       .protocol = headers_text(c, t, WSI_TOKEN_PROTOCOL)};
	struct broker_request request;
	struct broker_refusal refusal;
	enum refusal why = locate(c, t);
	if (why != REFUSAL_NONE)
		return handshake_refuse(c, REFUSAL_NONE, why == REFUSAL_BAD_TOKENS ? &slow_down : &crowded);
	if (!http_upgrade_is_fit(&upgrade, &refusal))
		return handshake_refuse(c, REFUSAL_UPGRADE, &refusal);
	http.query = headers_query(c, t);
	http.authorization = headers_custom(c, t, "x-authorization:");
	http.sluice = headers_custom(c, t, "x-sluice:");
	int rc;
	if (broker_request_read(&http, &request, &refusal))
		rc = authenticate(c, &request);
	else
		rc = handshake_refuse(c, reason_of(&refusal), &refusal);
	broker_request_wipe(&request);
	return rc;
}

int handshake_upgrade(struct conn *c)
{
	struct shell *s = c->shell;
	if (c->phase != CONN_REQUEST)
		return -1;
	if (!is_get(c))
		return handshake_refuse(c, REFUSAL_METHOD, &bad_method);
	if (!c->listener->for_peers)
		return handshake_refuse(c, REFUSAL_NOT_FOUND, &no_such_path);
	size_t bytes = headers_bytes(c);
	if (bytes > s->limits.is.header_bytes)
		return handshake_refuse(c, REFUSAL_HEADER_BYTES, &too_long);
	if (!s->started || s->stop_at)
		return handshake_refuse(c, REFUSAL_UNAVAILABLE, &not_now);
	struct texts *t = texts_new(bytes);
	if (!t)
		return handshake_refuse(c, REFUSAL_UNAVAILABLE, &not_now);
	int rc = judge(c, t);
	texts_free(t);
	return rc;
}
