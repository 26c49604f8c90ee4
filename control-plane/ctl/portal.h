/* SPDX-License-Identifier: Apache-2.0 */
/* What every command of `sluicectl portal` gets, and the commands. */
#ifndef CTL_PORTAL_H
#define CTL_PORTAL_H

#include <stdio.h>

#include "format.h"
#include "portal_args.h"
#include "portal_talk.h"
#include "table.h"

struct portal_ctl {
	struct portal_args args;
	struct portal_talk talk;
	bool colour;
	FILE *out;
	int64_t unix_now;   /* seconds, when the command began */
	int64_t expires_at; /* of token create; portal_find_expiry() */
};

/* The whole command line, of which the first word is "portal"; returns the exit code of the process. */
int portal_main(int argc, char **argv, bool colour);

/* Each: an exit code, with talk.error filled unless it is CTL_OK or CTL_PARTLY. */
enum ctl_exit portal_show_status(struct portal_ctl *ctl);
enum ctl_exit portal_show_list(struct portal_ctl *ctl); /* gateways, clients, authorizations, relays, tokens */
enum ctl_exit portal_do_gateway(struct portal_ctl *ctl); /* cordon, uncordon, drain */
enum ctl_exit portal_do_revoke(struct portal_ctl *ctl);
enum ctl_exit portal_do_token_create(struct portal_ctl *ctl);
/* Before it: what --expires means; false: nothing, ret_error says so. */
bool portal_find_expiry(struct portal_ctl *ctl, char ret_error[ARGS_ERROR_BYTES]);
enum ctl_exit portal_do_token_revoke(struct portal_ctl *ctl);
enum ctl_exit portal_do_reload(struct portal_ctl *ctl);

/* Sends a request that is no list and gets its result, a new reference. Takes the request. */
enum ctl_exit portal_ask(struct portal_ctl *ctl, json_t *request, json_t **ret_result);
/* Prints as JSON in ASCII, which is harmless to any terminal, and releases. */
void portal_print_json(struct portal_ctl *ctl, json_t *value);

/* portal_rows.c: one row as cells of a table; what is missing in it is a "-". */
struct portal_list {
	const char *name; /* "tokens": of the request, and of the JSON object's member */
	const char *none;             /* "no tokens" */
	size_t n_columns;
	const char *const *headers;
	void (*add)(struct table *t, const json_t *row, int64_t unix_now);
};
/* NULL: the command is no list. */
const struct portal_list *portal_list_of(enum portal_command command);
/* Text of one line, made harmless to a terminal. */
void portal_print_line(struct portal_ctl *ctl, enum tone tone, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Members of rows. Text as it is, not yet harmless, borrowed from the row. */
const char *portal_text(const json_t *row, const char *name, const char *otherwise);
int64_t portal_number(const json_t *row, const char *name); /* 0 if it is missing */
/* "3 s", "12 min 5 s": seconds are all that the portal says. */
char *portal_while(char ret[FMT_BYTES], int64_t seconds);
/* Of a gateway. What its state does not say: ", cordoned" or "". */
enum tone portal_state_tone(const json_t *row);
const char *portal_state_more(const json_t *row);

#endif
