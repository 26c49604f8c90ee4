/* SPDX-License-Identifier: Apache-2.0 */
/* The state behind channel.h. */
#ifndef CP_PORTAL_CHANNEL_INTERNAL_H
#define CP_PORTAL_CHANNEL_INTERNAL_H

#include "portal/channel.h"

struct portal_channel {
	struct portal_link link;
	const struct portal_habits *habits;
	cp_time budget;
	char *stamp_secret;
	struct cp_rng rng;
	enum portal_channel_state state;

	cp_time now; /* of the last input: when what is drained is sent */
	/* when; CP_NEVER: not at all */
	cp_time give_up_at; /* DIALLING, JOINING, LEAVING: the answer is overdue */
	cp_time retry_at;   /* WAITING */
	cp_time beat_at;    /* while there is a connection */
	cp_time rejoin_at;  /* JOINED: after phx_error */

	/* retries */
	bool has_joined_once;
	bool is_failing;
	cp_time failing_since;
	unsigned int n_failures;

	/* the connection */
	bool is_connected;
	uint64_t next_ref;
	uint64_t join_ref, leave_ref;
	uint64_t beats[PORTAL_BEATS_MAX]; /* refs of what is unanswered */
	unsigned int n_beats;

	/* what is to be done */
	bool must_close, must_dial, must_join, must_beat, must_leave, tell_joined, tell_ended, tell_unread, has_message;
	enum portal_channel_why why_closed, why_ended;
	struct portal_message message;
	struct portal_error error;
	int outcome;
	struct portal_text queue[PORTAL_QUEUE_MAX];
	unsigned int first, n_queued;

	struct portal_channel_counters counters;
};

/* channel_retry.c: the connection failed; waits, or ends. after: what the portal asked for, or 0. */
void portal_channel_failed(struct portal_channel *c, enum portal_channel_why why, cp_time after, cp_time now);
void portal_channel_dial(struct portal_channel *c, cp_time now);
void portal_channel_end(struct portal_channel *c, enum portal_channel_why why);
/* The connection, if there is one, is to be closed, and all that hangs on it forgotten. */
void portal_channel_drop(struct portal_channel *c, enum portal_channel_why why);
void portal_channel_forgive(struct portal_channel *c);
/* channel_queue.c */
void portal_channel_clear(struct portal_channel *c);
bool portal_channel_dequeue(struct portal_channel *c, struct portal_text *ret);
/* channel.c */
void portal_channel_join(struct portal_channel *c, cp_time now);

#endif
