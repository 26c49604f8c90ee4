/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What operators ask of the portal: one JSON object in, JSON objects out, one after the other. No socket, no clock, no
 * file: these are behind `struct requests`. One thread, the broker's.
 *
 *     {"do":"gateways"}            {"row":{…}}  {"row":{…}}  …  {"end":true,"result":{"rows":2}}
 *     {"do":"drain","gateway":"g"} {"end":true,"result":{…}}
 *     {"do":"drain","gatewy":"g"}  {"end":true,"error":{"code":"bad_request","text":"gatewy: is unknown"}}
 *
 * A list is a cursor into the broker, never a copy: whoever reads slowly holds one answer of memory, whatever the list's
 * length, and a row that comes or goes meanwhile may be missing or repeated. docs/portal-operators.md is generated from
 * the table of requests (requests_describe()).
 */
#ifndef PORTAL_REQUESTS_H
#define PORTAL_REQUESTS_H

#include "broker/view.h"

#define REQUEST_BYTES       16384 /* a longer request is refused */
#define REQUEST_ERROR_BYTES 512
#define REQUEST_NAME_MAX    1024  /* bytes of a name or an id that is asked for */
#define REQUEST_TEXT_MAX    255   /* bytes of a description */
#define REQUEST_TOKEN_MIN   16    /* bytes of a token that the operator brings along */

/* A token as it is listed: without its text, which nobody has any more. Texts are borrowed until the next call. */
struct request_token {
	uint64_t number;
	enum portal_role role;
	struct portal_uuid owner;
	const char *owner_name;      /* when it was made; NULL: of relays */
	const char *description;     /* or NULL */
	bool imported;               /* its text was not made here */
	int64_t created_at, last_used_at, expires_at; /* Unix seconds; 0: never was; PORTAL_NEVER */
};
struct request_token_wanted {
	enum portal_role role;
	const char *owner_name;      /* "" of relays */
	struct portal_uuid owner;
	int64_t expires_at;
	const char *description;     /* or NULL */
	const char *text;            /* or NULL: one is made up */
};
/* What is not the broker's. */
struct request_about {
	const char *version, *config, *database;
	uint32_t connections; /* sockets of peers, also of those that have not joined */
	int64_t started_at;
	const uint64_t *refused;   /* by enum refusal */
	uint64_t store_waiting;    /* rows that are not in the database yet */
	const char *store_error;   /* why; "": nothing is wrong */
};

/* What a reload has to say: to `warning` what is right and yet probably not meant, to `later` a key that changed and
 * takes effect at the next start only. */
struct request_reload {
	void *arg;
	void (*warning)(void *arg, const char *text);
	void (*later)(void *arg, const char *key);
};

/* What the requests act on. Functions return 0 or -errno with ret_error filled, and may be slow: a transaction. */
struct requests {
	struct broker *broker;
	const struct broker_world *world; /* as it runs now; may be replaced by reload */
	void *arg;
	void (*about)(void *arg, struct request_about *ret);
	/* ret_text: the token itself, to be wiped by whoever called. */
	int (*token_create)(void *arg, const struct request_token_wanted *wanted, char ret_text[BROKER_TOKEN_MAX + 1],
			    uint64_t *ret_number, char ret_error[REQUEST_ERROR_BYTES]);
	/* The token with the lowest number above `after`; false: there is none. */
	bool (*token_next)(void *arg, uint64_t after, struct request_token *ret);
	/* -ENOENT: there is none. */
	int (*token_revoke)(void *arg, uint64_t number, char ret_error[REQUEST_ERROR_BYTES]);
	/* ret_error: what is wrong with the file and where; nothing changed then. */
	int (*reload)(void *arg, const struct request_reload *said, char ret_error[REQUEST_ERROR_BYTES]);
};

/* One request under way; zeroed: none. */
struct request {
	const struct request_kind *kind; /* of a list; NULL: no rows are left */
	uint64_t at;                     /* index of the next row, or number of the last token */
	uint64_t rows;                   /* so far */
	char *last;                      /* owned: the answer that ends it; NULL: of a list, or it was given */
	const char *changed;             /* for the log: the name of a request that changes something; NULL: only looks */
	const char *outcome;             /* "done", or the code of the refusal; static */
};
/* An answer: owned, NUL behind it; to be freed with request_answer_free(), which wipes it. */
struct request_answer {
	char *text;
	size_t bytes;
};

/* Carries out the request, or begins its list. Whatever was under way is forgotten. unix_seconds: the time of day. */
void request_begin(struct request *r, struct requests *on, const char *text, size_t bytes, int64_t unix_seconds,
		   cp_time now);
/* The next answer; false: the last one was given, or memory is short and there will be none (the caller hangs up). */
bool request_next(struct request *r, struct requests *on, struct request_answer *ret);
/* True while there are answers to come. */
bool request_is_open(const struct request *r);
void request_end(struct request *r);
void request_answer_free(struct request_answer *a);

/* docs/portal-operators.md; to be freed; NULL when memory is short. */
char *requests_describe(void);

#endif
