/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP as far as the portal speaks it itself: whether an upgrade is one (RFC 6455 §4.2.1), and whole answers as bytes.
 * libwebsockets reads the requests. Pure; any thread.
 */
#ifndef PORTAL_HTTP_H
#define PORTAL_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "broker/request.h"
#include "broker/world.h"

/* An answer to be sent as it is; the connection is closed behind it. */
struct http_answer {
	unsigned int status;
	const char *type;         /* of the body: "application/json" */
	unsigned int retry_after; /* seconds; 0: not said */
	const char *allow;        /* of 405: "GET"; NULL: not said */
	const char *body;
	size_t body_bytes;
};
#define HTTP_HEAD_BYTES 512
/* Status line and headers of an answer, and its body; returns the bytes written, 0: there is no room. */
size_t http_write(const struct http_answer *a, char *ret, size_t room);

#define HTTP_PROBLEM_BYTES 1024
/* The answer to a request that is refused, as application/problem+json (RFC 9457) with the member "code". */
size_t http_problem(const struct broker_refusal *why, char *ret, size_t room);

/* Headers of a request for a WebSocket; NULL: was not there. Borrowed. */
struct http_upgrade {
	const char *upgrade, *connection, *version, *key, *protocol;
};
/* False: *ret_refusal, with 400 or 426. A subprotocol is refused since none is spoken and libwebsockets would echo one. */
bool http_upgrade_is_fit(const struct http_upgrade *u, struct broker_refusal *ret_refusal);

/* libwebsockets hands out the query decoded, cut at each '&'. Appends such a piece to a query as it may have been before;
 * the first '=' divides name and value. False: there was no room for all
 * of it. */
bool http_query_append(char *query, size_t room, const char *piece, size_t bytes);

/* The last address in X-Forwarded-For that is not one of the proxies', which may all lie but the last. False: none is there. */
bool http_forwarded_for(const char *header, const struct portal_network *proxies, size_t n, struct cp_addr *ret);
bool http_is_among(const struct cp_addr *a, const struct portal_network *networks, size_t n);

enum http_page { HTTP_PAGE_NONE, HTTP_HEALTHZ, HTTP_READYZ, HTTP_METRICS };
enum http_page http_page(const char *path);

#endif
