/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shell around the broker: one thread, one libev loop. WebSockets are libwebsockets', which is a guest in the loop
 * (poll() over twenty thousand descriptors would cost more than all else); every other descriptor is an endpoint.
 *
 *     endpoint, timer, WebSocket ──> broker_…() ──> shell_pump(): outputs to outboxes, store, log
 *                                    end of turn ──> store_commit() ──> outboxes to sockets
 *
 * What a frame tells a peer to rely on is so on the disk before the frame is on the wire. Functions return 0 or -errno after
 * logging what went wrong, unless noted.
 */
#ifndef PORTAL_SHELL_H
#define PORTAL_SHELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ev.h>

#include "broker/broker.h"
#include "portal_limits.h"
#include "log.h"
#include "portal_config.h"
#include "store.h"

struct conns;
struct listener;
struct operators;
struct shell;

/* A descriptor in the loop. Callbacks may call endpoint_close() on their own endpoint and on others. */
struct endpoint {
	struct shell *shell;
	int fd; /* -1: closed; the loop closes it */
	void (*readable)(struct endpoint *e);
	void (*writable)(struct endpoint *e); /* may be NULL */
	void (*closed)(struct endpoint *e);   /* may be NULL; after the descriptor was closed, may free the endpoint */
	bool dying;
	ev_io reading, writing;
	struct endpoint *next_dying;
};
/* loop.c; takes fd, which is non-blocking. */
void endpoint_adopt(struct shell *s, struct endpoint *e, int fd);
/* Nothing more is called but closed(), at the end of the turn. */
void endpoint_close(struct endpoint *e);
/* writable() is called once. */
void endpoint_want_write(struct endpoint *e);
/* readable() is called, or not. */
void endpoint_want_read(struct endpoint *e, bool wanted);

int loop_open(struct shell *s);
/* Turns until s->exit. */
void loop_run(struct shell *s);
void loop_close(struct shell *s);
/* The broker's deadline. */
void loop_arm(struct shell *s);
/* A turn that takes long, since there is much to say to many, is none that hangs: the watchdog is told. */
void loop_lives(struct shell *s);
/* From here on what is done once a second is done ten times as often. */
void loop_hurry(struct shell *s);

/* shell.c */
cp_time shell_now(struct shell *s); /* one sample per wake-up */
void shell_pump(struct shell *s);   /* after every input of the broker */
void shell_tick(struct shell *s);   /* the broker's deadline is reached */
void shell_second(struct shell *s); /* once a second */
void shell_turn(struct shell *s);   /* at the end of each turn: commit, then write */
/* Reads the file again; a bad one changes nothing and is named in ret_error. 0, -EINVAL, -ENOMEM. Logs as well. */
int shell_reload(struct shell *s, char ret_error[PORTAL_CONFIG_ERROR_BYTES]);
/* Everybody is told to come back later; the loop ends when all are gone, or in STOP_WITHIN. */
void shell_stop(struct shell *s);
bool shell_is_ready(const struct shell *s);

/* signals.c */
int signals_watch(struct shell *s);

/* notify.c: the service manager, if there is one. */
void notify_say(const char *state); /* "READY=1" */
void notify_reloading(void);
/* How often the watchdog wants to hear of us; 0: never. */
cp_time notify_watchdog_period(void);

#define STOP_WITHIN (6 * CP_S / 5)
#define FD_RESERVE  64u /* descriptors for all that is not a connection */

struct shell {
	const char *path;
	int log_level; /* of the command line; -1: the file's */
	struct portal_config *begun, *cfg; /* of the start, and in force */
	struct broker *broker;
	struct store *store;
	struct limits limits;
	struct conns *conns;       /* server.h */
	struct listener *listeners; /* listen.h */
	struct operators *operators; /* operators.h */
	struct ev_loop *loop;
	ev_timer deadline, second, watchdog;
	ev_prepare end_of_turn;
	ev_check wake_up;
	struct endpoint signals;
	struct endpoint *dying;
	cp_time now, stop_at; /* stop_at: 0: runs */
	cp_time lived_at; /* the watchdog heard of it, in the middle of a turn */
	int64_t started_at;   /* Unix seconds */
	uint32_t descriptors; /* that connections may have */
	bool pumping, exit, started, store_is_behind;
	int exit_code;
	uint64_t reloads, bad_reloads;
};

#endif
