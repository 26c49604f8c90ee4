/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a peer's session is renewed, kept alive, given up: the paper's §6 or stock's timings
 * (connectivity.md §4.4). Pure, virtual time in ns; 0 means "not". Entry points say what happened, the
 * module decides what it means. The data path reports at most once a second per kind, so wg_timers_seen()
 * brings the exact times before every tick. Mgmt.
 */
#ifndef WG_TIMERS_H
#define WG_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

enum wg_profile { WG_PROFILE_PAPER, WG_PROFILE_STOCK };

enum wg_timer_action {
	WG_DO_INITIATE = 1 << 0,       /* send an initiation now */
	WG_DO_KEEPALIVE = 1 << 1,      /* send an empty data packet */
	WG_DO_GIVE_UP = 1 << 2,        /* the attempt found no answer: drop what is queued */
	WG_DO_END_SESSION = 1 << 3,    /* wipe all keypairs */
	WG_DO_FAIL = 1 << 4,           /* stock: the connection has failed */
};

/* Why a deadline is what it is, for the log. */
enum wg_timer_why { WG_WHY_NOTHING, WG_WHY_KEEPALIVE, WG_WHY_NO_REPLY, WG_WHY_RETRY, WG_WHY_PERSISTENT, WG_WHY_EXPIRY, WG_WHY_FAILURE, WG_WHY_RENEWAL };

struct wg_seen {
	uint64_t data_sent, data_received, any_sent, any_received;
};

struct wg_timers {
	enum wg_profile profile;
	uint16_t persistent_s;
	bool initiator;         /* of the current session */
	bool want;              /* an initiation is due at once */
	uint64_t want_at;       /* the same, later: the jitter of a renewal after expiry */
	uint64_t jitter_ns;     /* of the last initiation; what it renews by itself is late by it */
	uint64_t session_ns;    /* when the current session began */
	uint64_t born_ns;       /* last completed handshake, or the first attempt without one */
	uint64_t attempt_ns;    /* first initiation of the running attempt */
	uint64_t retry_at;      /* next initiation of it */
	uint64_t keepalive_at, keepalive_from;
	uint64_t no_reply_at, no_reply_from;
	uint64_t persistent_at;
	uint64_t initiated_ns;  /* last initiation */
	struct wg_seen seen;
};

void wg_timers_init(struct wg_timers *t, enum wg_profile profile, uint16_t persistent_s);
/* Traffic wants a session that is not there. */
void wg_timers_session_wanted(struct wg_timers *t, uint64_t now);
void wg_timers_data_sent(struct wg_timers *t, uint64_t at, uint64_t jitter_ns);
void wg_timers_data_received(struct wg_timers *t, uint64_t at);
void wg_timers_any_sent(struct wg_timers *t, uint64_t at);
void wg_timers_any_received(struct wg_timers *t, uint64_t at);
void wg_timers_initiated(struct wg_timers *t, uint64_t at, uint64_t jitter_ns);
void wg_timers_session_began(struct wg_timers *t, uint64_t at, bool initiator);
void wg_timers_seen(struct wg_timers *t, const struct wg_seen *seen);

/* Mask of enum wg_timer_action; afterwards the deadline is later than now, or there is none. */
uint32_t wg_timers_tick(struct wg_timers *t, uint64_t now);
/* 0: none. */
uint64_t wg_timers_deadline(const struct wg_timers *t, enum wg_timer_why *ret_why);

/* How long after its beginning a session may be used for sending (ns). */
uint64_t wg_timers_send_limit(enum wg_profile profile, bool initiator);

#define WG_S                 1000000000ull
#define WG_REJECT_AFTER_NS   (180 * WG_S)
#define WG_JITTER_MAX_NS     (333 * 1000000ull)

#endif
