/* SPDX-License-Identifier: Apache-2.0 */
/* The table of requests: what each is called, what it takes, and what carries it out. */
#ifndef PORTAL_REQUEST_TABLE_H
#define PORTAL_REQUEST_TABLE_H

#include <jansson.h>

#include "requests.h"

/* Of a member of a request. */
enum request_type {
	REQUEST_NAME = 1, /* text, 1 to REQUEST_NAME_MAX bytes */
	REQUEST_TEXT,     /* text, up to REQUEST_TEXT_MAX bytes */
	REQUEST_TOKEN,    /* text a token can be: REQUEST_TOKEN_MIN to BROKER_TOKEN_MAX visible ASCII characters */
	REQUEST_NUMBER,   /* integer from 1 */
	REQUEST_TIME,     /* Unix seconds, in the future */
	REQUEST_TRUE,     /* true or false */
};
struct request_member {
	const char *name;
	enum request_type type;
	bool required;
	const char *help;
};
#define REQUEST_MEMBERS 6

/* A request that was checked, being carried out. */
struct act {
	struct requests *on;
	const json_t *asked; /* borrowed */
	int64_t unix_seconds;
	cp_time now;
	/* What went wrong, if something did. */
	const char *code; /* NULL: nothing, or memory is short */
	char error[REQUEST_ERROR_BYTES];
	json_t *candidates; /* owned; may be NULL */
};

struct request_kind {
	const char *name;
	const char *help, *result;
	struct request_member members[REQUEST_MEMBERS]; /* name NULL: no more */
	/* Of a list: row number r->at, which is advanced; *ret_row a new reference, NULL without memory. False: no more. */
	bool (*row)(struct requests *on, struct request *r, json_t **ret_row);
	bool changes; /* worth a line in the log */
	/* Of all others: the result, a new reference; NULL: act->code says why. */
	json_t *(*act)(struct act *a);
};
/* Ends with a name of NULL. */
extern const struct request_kind request_kinds[];

/* Text, or NULL if the member is missing. */
const char *act_text(const struct act *a, const char *name);
/* Fills in what went wrong; returns NULL. */
json_t *act_fail(struct act *a, const char *code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* request_act.c */
json_t *act_status(struct act *a);
json_t *act_gateway(struct act *a);
json_t *act_cordon(struct act *a);
json_t *act_uncordon(struct act *a);
json_t *act_drain(struct act *a);
json_t *act_revoke(struct act *a);
json_t *act_reload(struct act *a);
/* request_tokens.c */
json_t *act_token_create(struct act *a);
json_t *act_token_revoke(struct act *a);

#endif
