/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections of peers, from accept to the end: the handshake, text in, text out. A connection waits for its request, then
 * for the join's answer, and then for whatever the broker has to say. What waits to be sent is in its outbox; what it
 * takes at once leaves at the end of the turn, the rest when the socket is writable.
 */
#ifndef PORTAL_SERVER_H
#define PORTAL_SERVER_H

#include <libwebsockets.h>

#include "portal_limits.h"
#include "listen.h"
#include "outbox.h"
#include "shell.h"

enum conn_phase {
	CONN_REQUEST,  /* nothing answered yet */
	CONN_ANSWERED, /* by HTTP, and soon gone */
	CONN_UPGRADED, /* the broker knows it; 101 is on its way, or it is open */
	CONN_CLOSING,  /* a close frame is owed, behind the outbox */
	CONN_CLOSED,   /* its close was asked for; nothing is sent any more */
};

struct conn {
	uint64_t id; /* the broker's name for it */
	struct shell *shell;
	struct lws *wsi; /* NULL: is gone */
	struct listener *listener;
	struct source *source;
	struct conn_list *list; /* what it has a limited time for; NULL: nothing */
	struct conn *earlier, *later;
	cp_time since; /* it is there */
	struct conn *next_dirty;
	struct rate messages;
	struct outbox out;
	struct inbox in;
	size_t in_flight;     /* handed to libwebsockets, which may still hold it */
	const char *close_why; /* static */
	uint16_t close_code;
	uint8_t phase;
	bool is_stranger, is_gateway, is_open, is_dirty, is_shared, is_adopting;
	struct cp_addr from;
};

/* By the time at which they came. */
struct conn_list {
	struct conn *first, *last;
};
/* A table by slot; a connection's id is serial << CONN_SLOT_BITS | slot, so that none comes twice. */
#define CONN_SLOT_BITS 20u
/* Bytes that wait for slow readers: from here on each may keep little, and at twice as many nobody gets more. */
#define QUEUED_MAX (1ull << 30)
struct conns {
	struct conn **slots; /* owned */
	uint32_t room, n, n_open, free_hint;
	uint64_t serial;
	struct conn_list joining, closing;
	struct conn *dirty;
	struct waiting *first_waiting, **last_waiting; /* accept.c */
	uint32_t n_waiting;
	uint64_t queued_bytes; /* of all; QUEUED_MAX */
	uint64_t unsaid_bytes; /* since sockets were written last */
};
struct conns *conns_new(uint32_t room);
void conns_free(struct conns *c); /* none is left */

/* Takes fd. Who is a stranger too many waits for a moment as a mere descriptor: when everybody comes back at once, most
 * connect long before they say a word. */
void server_accept(struct listener *on, int fd, const struct cp_addr *from);
/* Lets in those for whom there is room now, and sends away who waited too long; on a stop everybody. */
void server_admit(struct shell *s);
/* The callback of all WebSockets. */
int server_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t bytes);

/* The broker's outputs; a connection that is not there any more is fine. server_text takes the text. What may be lost is, from
 * half of the queue on. */
void server_text(struct shell *s, uint64_t conn, struct portal_text *text, bool may_be_lost);
void server_close(struct shell *s, uint64_t conn, uint16_t code, const char *why);
/* Writes what the sockets take. */
void server_flush(struct shell *s);
/* Ends what takes too long: handshakes, and the answer to a close frame. */
void server_expire(struct shell *s);

/* handshake.c: the request is read. Returns what libwebsockets wants to hear: 0: go on, 1: answered, -1: close. */
int handshake_upgrade(struct conn *c);
int handshake_page(struct conn *c, const char *path);
/* Answers as http_problem() does, and counts. */
int handshake_refuse(struct conn *c, enum refusal why, const struct broker_refusal *refusal);
/* conn.c */
struct conn *conn_new(struct shell *s, struct listener *on, const struct cp_addr *from);
struct conn *conn_find(const struct conns *all, uint64_t id);
void conn_authenticated(struct conn *c); /* it is nobody's limit but the number of connections */
void conn_settled(struct conn *c);       /* and it has joined, or is gone */
void conn_free(struct conn *c);
void conn_close(struct conn *c, uint16_t code, const char *why);
/* Without a word, and without what the kernel still holds for it. */
void conn_kill(struct conn *c);
/* Forgets what it was to be sent. */
void conn_drop_output(struct conn *c);
/* Sends what the socket takes now; false: libwebsockets shall close it. */
bool conn_write(struct conn *c);

/* metrics.c: the page, owned; NULL: memory is short. */
char *metrics_page(const struct shell *s, size_t *ret_bytes);

#endif
