/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The peer's side of a channel (portal §2): it dials, joins, keeps the connection alive, knows when it is dead, comes
 * back after a while or gives up, and leaves in order. Sans-IO: the shell dials and carries frames; time is an
 * argument, randomness a seed, what is to be done a value.
 *
 *     IDLE ─start─> DIALLING ─connected─> JOINING ─ok─> JOINED ─leave─> LEAVING ──> ENDED
 *                      ^  ^                  │             │                          ^
 *                      │  └──── WAITING <────┴── lost ─────┘      fatal, budget used ─┘
 *                      └─ retry ────┘
 *
 * After every input portal_channel_next() is called until it returns false, then portal_channel_deadline(). One
 * thread. Frames of a remote never assert, and their memory is what one frame takes.
 */
#ifndef CP_PORTAL_CHANNEL_H
#define CP_PORTAL_CHANNEL_H

#include "base/rng.h"
#include "base/time.h"
#include "portal/message.h"

#define PORTAL_QUEUE_MAX 33 /* messages: one that finds more than 32 clears the queue (§2.8) */
#define PORTAL_BEATS_MAX 3  /* heartbeats that may be unanswered */

/* How a generation of peers behaves (§2.5, §2.8, §2.9). */
struct portal_habits {
	cp_time heartbeat;
	bool heartbeat_is_fixed;   /* from the connection on, joined or not; else after the last frame that was sent */
	bool heartbeats_are_counted;
	bool refs_begin_anew;      /* with each connection; else they go on */
	bool queue_ends;           /* with its connection, and takes nothing while there is none, nor anything twice */
	bool first_retry_is_at_once;
	bool joining_resets;       /* back-off ends with the join; else with the WebSocket's handshake */
	bool only_401_is_fatal;    /* else every 4xx */
	bool retry_after;          /* is honoured */
	cp_time first_interval, first_budget; /* before the first join ever; 0: like later */
	bool jitter_adds;          /* up to the base interval; else ± half of the interval */
};
extern const struct portal_habits portal_habits_older; /* gateway ≤ 1.4, client ≤ 1.5.5 */
extern const struct portal_habits portal_habits_newer; /* of August 2026; what our own peers do */

struct portal_channel_config {
	struct portal_link link;
	const struct portal_habits *habits; /* borrowed */
	cp_time budget;           /* for retries, from the first failure on; CP_NEVER: no end */
	const char *stamp_secret; /* relay; borrowed */
	uint8_t seed[16];
};

enum portal_channel_state {
	PORTAL_CHANNEL_IDLE,
	PORTAL_CHANNEL_DIALLING,
	PORTAL_CHANNEL_JOINING,
	PORTAL_CHANNEL_JOINED,
	PORTAL_CHANNEL_LEAVING,
	PORTAL_CHANNEL_WAITING,
	PORTAL_CHANNEL_ENDED,
};

/* Why it ended for good, or a connection was given up. */
enum portal_channel_why {
	PORTAL_WHY_NONE,
	PORTAL_WHY_LEFT,          /* by request */
	PORTAL_WHY_UNAUTHORIZED,  /* 401; fatal, like the next four */
	PORTAL_WHY_REFUSED,       /* another fatal status */
	PORTAL_WHY_JOIN_REFUSED,
	PORTAL_WHY_TOKEN_EXPIRED,
	PORTAL_WHY_BUDGET,        /* retries are used up */
	PORTAL_WHY_LOST,          /* the rest is transient */
	PORTAL_WHY_STATUS,
	PORTAL_WHY_DIAL_TIMEOUT,
	PORTAL_WHY_JOIN_TIMEOUT,
	PORTAL_WHY_HEARTBEATS,
	PORTAL_WHY_CLOSED,        /* phx_close */
	PORTAL_WHY_TRUNCATED,     /* a frame that ends early */
	PORTAL_WHY_ASKED,         /* portal_channel_reconnect() */
	PORTAL_WHYS
};
const char *portal_why_name(enum portal_channel_why why);

struct portal_channel_counters {
	uint64_t gave_up[PORTAL_WHYS]; /* connections, by reason */
	uint64_t unread;               /* frames that were dropped */
	uint64_t cleared, dropped;     /* messages that were queued, or found no connection */
	uint64_t duplicates;           /* messages that were queued already */
	uint64_t rejoins;
};

struct portal_channel;

/* NULL: memory is short. */
struct portal_channel *portal_channel_create(const struct portal_channel_config *config);
/* Wipes and frees all it holds. NULL is fine. */
void portal_channel_free(struct portal_channel *c);

void portal_channel_start(struct portal_channel *c, cp_time now);
/* The WebSocket's handshake succeeded; dial_failed: it did not, with an HTTP status or 0, and Retry-After or 0;
 * one of more than 10 min counts as 10 min. */
void portal_channel_connected(struct portal_channel *c, cp_time now);
void portal_channel_dial_failed(struct portal_channel *c, unsigned int status, cp_time retry_after, cp_time now);
/* The connection is gone, by whatever end. */
void portal_channel_lost(struct portal_channel *c, cp_time now);
void portal_channel_frame(struct portal_channel *c, const char *text, size_t bytes, cp_time now);
void portal_channel_tick(struct portal_channel *c, cp_time now);
/* Gives up the connection and dials at once, back-off forgotten; while dialling nothing happens. */
void portal_channel_reconnect(struct portal_channel *c, cp_time now);
/* phx_leave, the portal's answer or a second, close with 1000 (§2.10). */
void portal_channel_leave(struct portal_channel *c, cp_time now);

/* Outcomes of portal_channel_send(). */
enum {
	PORTAL_SEND_DUPLICATE = 1, /* it is queued already */
	PORTAL_SEND_DROPPED,       /* there is no connection, and the habits do not keep it */
};
/* A role's message, sent when the channel is joined; its own ref is of no meaning, *ret_ref is what it got. 0, an
 * outcome, -EINVAL as of portal_write(), -ENOTCONN when leaving or ended, -ENOMEM. */
int portal_channel_send(struct portal_channel *c, const struct portal_message *m, uint64_t *ret_ref, cp_time now);

enum portal_channel_out_kind {
	PORTAL_OUT_DIAL = 1, /* a new connection; what is still left of an older one is not to be read any more */
	PORTAL_OUT_CLOSE,    /* the connection, with code; why */
	PORTAL_OUT_TEXT,     /* text: returned owned, to be sent */
	PORTAL_OUT_JOINED,
	PORTAL_OUT_MESSAGE,  /* message: returned owned. A role's, or a reply to one of ours */
	PORTAL_OUT_UNREAD,   /* error: a frame that was dropped; outcome */
	PORTAL_OUT_ENDED,    /* why */
};
struct portal_channel_out {
	enum portal_channel_out_kind kind;
	struct portal_text text;
	struct portal_message message;
	struct portal_error error;
	int outcome;
	uint16_t code; /* 1000 */
	enum portal_channel_why why;
};
bool portal_channel_next(struct portal_channel *c, struct portal_channel_out *ret);

struct portal_channel_deadline {
	cp_time at; /* CP_NEVER: none */
	const char *why;
};
struct portal_channel_deadline portal_channel_deadline(const struct portal_channel *c);
enum portal_channel_state portal_channel_state(const struct portal_channel *c);
const struct portal_channel_counters *portal_channel_counters(const struct portal_channel *c);

#endif
