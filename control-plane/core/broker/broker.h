/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The portal's side (portal §6): who is there, who may reach what through whom, and who must be moved. Sans-IO: the
 * shell carries frames and stores records; time is an argument, randomness a seed, what is to be done a value.
 *
 *     gateway ── connect, text, lost ──┐             ┌── TEXT, CLOSE ──> connections
 *     client  ── connect, text, lost ──┤   broker    ├── STORE_… ──────> the store
 *     relay   ── connect, text, lost ──┤             └── EVENT ────────> the log
 *     file    ── configure ────────────┤
 *     operator ── cordon, drain, … ────┘
 *
 * After every input broker_next() is called until it returns false, then broker_deadline(). One thread. What a
 * remote sends never asserts; what it can make grow has a quota (world.h). Outputs come in an order that §6.4 allows
 * if each connection is written in it; whatever a frame tells a peer to rely on was stored by an output before it.
 */
#ifndef CP_BROKER_H
#define CP_BROKER_H

#include "base/time.h"
#include "broker/record.h"
#include "broker/request.h"
#include "broker/world.h"

struct broker;

/* NULL: memory is short. The seed is 32 bytes of the system's generator. The world is copied; unix_seconds: the time
 * of day at `now`. */
struct broker *broker_create(const struct broker_world *world, const uint8_t seed[32], int64_t unix_seconds, cp_time now);
/* Wipes and frees all it holds. NULL is fine. */
void broker_free(struct broker *b);
/* The time of day, whenever the shell likes: it may jump, the core's clock may not. */
void broker_clock(struct broker *b, int64_t unix_seconds, cp_time now);

/* What the store held, before the first connection: devices, then authorizations. 0; -EINVAL: it contradicts what was
 * restored before, or is not of this world, and is left out; -ENOMEM. */
int broker_restore_device(struct broker *b, const struct broker_device *d);
int broker_restore_authorization(struct broker *b, const struct broker_authorization *a);

/* A new file: pushes exactly what stock peers need to learn of the differences (§4.2, §4.3, §3.6); nobody reconnects. 0 or
 * -ENOMEM, and nothing changed. */
int broker_configure(struct broker *b, const struct broker_world *world, cp_time now);

/* Whom a token stands for. */
struct broker_principal {
	uint64_t token;           /* its number in the store, not 0 */
	enum portal_role role;
	struct portal_uuid owner; /* gateway: site; client: actor; relay: none */
	int64_t expires_at;       /* PORTAL_NEVER */
};
/* A WebSocket whose handshake is about to succeed; conn is the shell's own number, never used twice. False: refuse it
 * with *ret_refusal, conn is not known then. Nothing is sent before its join. */
bool broker_connect(struct broker *b, uint64_t conn, const struct broker_request *request,
		    const struct broker_principal *who, const struct cp_addr *from, cp_time now,
		    struct broker_refusal *ret_refusal);
/* The device that asks was seen before: to let it in, nothing new has to be remembered. Always so of a relay. */
bool broker_knows(const struct broker *b, const struct broker_request *request, const struct broker_principal *who);
/* One text frame. */
void broker_text(struct broker *b, uint64_t conn, const char *text, size_t bytes, cp_time now);
/* The connection is gone, by whatever end; also after a BROKER_OUT_CLOSE, and for one that is not known. */
void broker_lost(struct broker *b, uint64_t conn, cp_time now);
void broker_tick(struct broker *b, cp_time now);

/* The operator. -ENOENT: there is none of this id. A drain cordons, then moves clients (§6.3 g); repeated, it begins anew.
 * A cordoned gateway stays joined and gets revocations; uncordon offers it again, and ends a drain. */
int broker_cordon(struct broker *b, const struct portal_uuid *gateway, cp_time now);
int broker_uncordon(struct broker *b, const struct portal_uuid *gateway, cp_time now);
int broker_drain(struct broker *b, const struct portal_uuid *gateway, cp_time now);
/* Authorizations of the client, of the resource, or of both: gone, and the gateways told (§6.3 f). NULL: any. Returns how many. */
size_t broker_revoke(struct broker *b, const struct portal_uuid *client, const struct portal_uuid *resource, cp_time now);
/* A token was deleted: what it authenticated is closed. Returns how many connections. */
size_t broker_token_gone(struct broker *b, uint64_t token, cp_time now);
/* The portal stops: every connection is closed with 1012 so that peers come back by their back-off. */
void broker_shutdown(struct broker *b, cp_time now);

enum broker_out_kind {
	BROKER_OUT_TEXT = 1,       /* to conn; text: returned owned, portal_text_free() */
	BROKER_OUT_CLOSE,          /* conn, after what was sent to it; close_code */
	BROKER_OUT_STORE_DEVICE,   /* device: new or changed; valid until the next input */
	BROKER_OUT_STORE_AUTHORIZATION, /* authorization: new or changed */
	BROKER_OUT_FORGET_AUTHORIZATION,
	BROKER_OUT_EVENT,          /* for the log: one line, names of users only at debug; no secret */
};
enum broker_level { BROKER_ERR = 1, BROKER_WARN, BROKER_INFO, BROKER_DEBUG };
#define BROKER_EVENT_TEXT 256
struct broker_out {
	enum broker_out_kind kind;
	uint64_t conn;
	struct portal_text text;
	bool may_be_lost; /* TEXT: candidates, that are better lost than that others make its reader a slow one with them */
	uint16_t close_code; /* 1000, 1001, 1002, 1008, 1012 */
	const char *why;     /* CLOSE: static, "idle" */
	struct broker_device device;
	struct broker_authorization authorization;
	enum broker_level level;
	const char *event;                 /* static, "gateway_joined" */
	char event_text[BROKER_EVENT_TEXT]; /* "key=value …" */
};
bool broker_next(struct broker *b, struct broker_out *ret);

struct broker_deadline {
	cp_time at; /* CP_NEVER: none */
	const char *why;
};
struct broker_deadline broker_deadline(const struct broker *b);

#endif
