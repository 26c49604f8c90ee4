/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a peer says of itself when it asks for a WebSocket (portal §1.1, §1.5, §1.7, §6.2): path, query and headers
 * to values, or a refusal with the status stock portals give (§1.8). Pure; any thread; any bytes.
 */
#ifndef CP_BROKER_REQUEST_H
#define CP_BROKER_REQUEST_H

#include "portal/message.h"

#define BROKER_NAME_MAX     255  /* characters of UTF-8 */
#define BROKER_EXTERNAL_MAX 255  /* bytes */
#define BROKER_TOKEN_MAX    4096 /* bytes */
#define BROKER_VERSION_MAX  32

/* As they came; NULL: was not there. Borrowed. */
struct broker_http {
	const char *path;          /* without the query */
	const char *query;         /* without '?' */
	const char *authorization; /* the header X-Authorization */
	const char *user_agent;
	const char *sluice;        /* the header X-Sluice: a peer of ours, and its version */
};

struct broker_request {
	struct portal_link link;
	bool has_token;
	char token[BROKER_TOKEN_MAX + 1]; /* secret: to be wiped with broker_request_wipe() */
	char external_id[BROKER_EXTERNAL_MAX + 1];
	char name[BROKER_NAME_MAX * 4 + 1];
	struct portal_key public_key;      /* gateway, client */
	char version[BROKER_VERSION_MAX + 1]; /* of the peer's own component, "1.5.4" */
	bool is_ours;
	struct cp_addr ipv4, ipv6;         /* relay: with port; CP_NONE: not given */
};

/* A refusal: the HTTP status, a word for programs and one sentence for people; static texts. */
struct broker_refusal {
	unsigned int status;     /* 401, 404, 400, … */
	const char *code;        /* "invalid_token" */
	const char *text;        /* "external_id is missing" */
	unsigned int retry_after; /* seconds for Retry-After; 0: none */
};

/* True, or *ret_refusal. The header prevails over the parameter `token`. */
bool broker_request_read(const struct broker_http *http, struct broker_request *ret, struct broker_refusal *ret_refusal);
void broker_request_wipe(struct broker_request *r);

#endif
