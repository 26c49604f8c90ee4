/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operators' socket: UNIX, SEQPACKET, mode 0600, so that whoever may open it may move clients and make tokens
 * (docs/portal-operators.md). The next request of an operator is read when the last one is answered, and what its socket
 * does not take waits as one answer: neither the length of a list nor a slow reader costs memory, and a turn of the
 * loop brings at most ANSWERS_PER_TURN rows of each. What a request changed is committed before it is answered.
 */
#ifndef PORTAL_OPERATORS_H
#define PORTAL_OPERATORS_H

#include "requests.h"
#include "shell.h"
#include "tokens.h"

#define OPERATORS_MAX    16u
#define IDLE_IS_OUT      (30 * CP_S) /* whoever neither asked nor read for that long makes room for a newcomer */
#define ANSWERS_PER_TURN 64u

struct operator {
	struct endpoint endpoint; /* the first member */
	struct request request;
	struct request_answer waiting; /* the socket did not take it */
	uint32_t uid, pid;             /* who connected */
	cp_time active_at;             /* it last asked, or took an answer */
	bool in_use;
};

struct operators {
	struct endpoint listener;
	struct requests on;
	struct operator all[OPERATORS_MAX];
	char path[PORTAL_CONFIG_SOCKET_BYTES];
	char in[REQUEST_BYTES + 1];
	char texts[2 * (TOKEN_NAME_MAX + 1)]; /* of the token that is being listed */
};

/* Listens at the path of the file; s->operators is set. What a killed portal left behind is removed; a socket that
 * somebody listens on, or a file that is none, is not. 0 or -errno, which is logged. */
int operators_open(struct shell *s);
/* Once a second: who could not be let in for want of descriptors may come in. */
void operators_nudge(struct shell *s);
/* Hangs up on everybody and removes the socket. Before loop_close(); operators_free() after it. */
void operators_close(struct shell *s);
void operators_free(struct shell *s);

/* operators_on.c: the functions of `struct requests`, over the shell and its store. */
void operators_on(struct shell *s, struct requests *ret);

#endif
