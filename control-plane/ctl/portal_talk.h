/* SPDX-License-Identifier: Apache-2.0 */
/* The conversation with sluice-portal (docs/portal-operators.md): one request at a time. Blocks, with a time-out. */
#ifndef CTL_PORTAL_TALK_H
#define CTL_PORTAL_TALK_H

#include <jansson.h>

#include "link.h"

#define PORTAL_TALK_ERROR_BYTES 4096
#define PORTAL_TALK_ANSWER_BYTES 65536

struct portal_talk {
	int fd; /* -1: closed */
	uint32_t timeout_ms; /* for one answer */
	char error[PORTAL_TALK_ERROR_BYTES];
	char in[PORTAL_TALK_ANSWER_BYTES]; /* wiped after each answer: it may be a token */
};

/* A row of a list; borrowed. */
typedef void (*portal_row_fn)(void *arg, json_t *row);

/* Both: CTL_OK, or another exit code with l->error filled. */
enum ctl_exit portal_talk_open(struct portal_talk *l, const char *path, uint32_t timeout_ms);
/* Takes the request; fn may be NULL. *ret_result is a new reference. */
enum ctl_exit portal_talk_ask(struct portal_talk *l, json_t *request, portal_row_fn fn, void *arg, json_t **ret_result);
void portal_talk_close(struct portal_talk *l);

#endif
