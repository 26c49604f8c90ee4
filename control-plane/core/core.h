/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control plane without sockets, clocks, threads or randomness: the shell (control-plane/io) feeds
 * bytes and time, then drains outputs until there is none. Same inputs, same outputs.
 *
 *   file ──wanted──►┐                      ┌──► NF_CONNECT, NF_SEND, PUNT_SEND
 *   NF ──messages──►│       cp_core        │──► OPERATOR_SEND
 *   operator ──────►│ link peers operator  │──► READ_FILE, LOG, REPORT, EXIT
 *   signals, time ─►┘        drain         └──► deadline
 *
 * Times are ns on one monotonic clock, never 0 and never smaller than in an earlier call. No function
 * calls back; whatever is to happen outside is an output. One thread at a time.
 */
#ifndef CP_CORE_H
#define CP_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <nf/wire.h>

#include "base/level.h"
#include "base/time.h"

struct cp_core;

struct cp_settings {
	uint32_t linger_ms;        /* of every close at stop */
	uint32_t close_peers_per_s; /* 0: the NF's own pace */
	uint32_t stop_deadline_ms; /* from the signal to RELEASE at the latest */
	uint32_t pid;
	uint8_t boot_id[NF_BOOT_BYTES];
};

/* One peer of the configuration file, as the NF is told of it. */
struct cp_wanted_peer {
	struct nf_peer_upsert upsert;
	struct nf_addr *allowed; /* upsert.allowed_count of them; owned; may be NULL when 0 */
};
struct cp_wanted {
	uint32_t n;
	struct cp_wanted_peer *peers; /* owned; keys are unique */
};
void cp_wanted_free(struct cp_wanted *w); /* wipes preshared keys; leaves *w empty */

/* Returns owned; NULL: out of memory. Takes what *wanted owns. */
struct cp_core *cp_core_new(const struct cp_settings *settings, struct cp_wanted *wanted, cp_time now);
void cp_core_free(struct cp_core *c); /* NULL is fine */

/* --- inputs --- */

/* The connection to the NF stands, or could not be made, or has ended. */
void cp_core_nf_up(struct cp_core *c, cp_time now);
void cp_core_nf_down(struct cp_core *c, cp_time now);
/* One datagram of nf-ctl; came_identity: a descriptor rode along, and the shell keeps it. */
void cp_core_nf_in(struct cp_core *c, const void *msg, size_t bytes, bool came_identity, cp_time now);
/* One datagram of nf-punt. */
void cp_core_punt_in(struct cp_core *c, const void *msg, size_t bytes, cp_time now);
/* One datagram of an operator's connection; conn is the shell's number of it, never 0 and never used twice. */
void cp_core_operator_in(struct cp_core *c, uint32_t conn, const void *msg, size_t bytes, cp_time now);
void cp_core_operator_gone(struct cp_core *c, uint32_t conn);
/* SIGHUP: asks for READ_FILE. Answered by one of the two below; text names file, place and mistake. */
void cp_core_reload(struct cp_core *c, cp_time now);
void cp_core_file_read(struct cp_core *c, const struct cp_settings *settings, struct cp_wanted *wanted, cp_time now);
void cp_core_file_refused(struct cp_core *c, const char *text, cp_time now);
/* SIGTERM, SIGINT: close all peers, report, release, exit. A second one: at once. */
void cp_core_stop(struct cp_core *c, int signo, cp_time now);
void cp_core_tick(struct cp_core *c, cp_time now);

/* --- connections: what a portal says ---
 * A static node has none of this. Shapes and outcomes are those of conn/conn.h; answers come as CP_OUT_PORTAL. */
struct conn_settings;
struct conn_peer;
struct conn_relay;
/* Once, before the first tick. port: of the tunnel, on the addresses of wan. 0 or -ENOMEM. */
int cp_core_paths_open(struct cp_core *c, const struct conn_settings *s, uint16_t port, cp_time now);
/* allowed: what the tunnel carries, 16 prefixes at most. -ENOTSUP: a static node. */
int cp_core_peer_upsert(struct cp_core *c, const struct conn_peer *peer, const char *name, const struct nf_addr *allowed,
			uint16_t n_allowed, cp_time now);
int cp_core_peer_close(struct cp_core *c, const uint8_t id[16], cp_time now);
/* gone: it is withdrawn. */
int cp_core_candidate(struct cp_core *c, const uint8_t id[16], const char *text, size_t bytes, bool gone, cp_time now);
int cp_core_relays(struct cp_core *c, const uint8_t (*remove)[16], unsigned int n_remove, const struct conn_relay *add,
		   unsigned int n_add, cp_time now);
/* The first full list of the portal has been applied: restored connections that it did not name end. */
void cp_core_peers_complete(struct cp_core *c, cp_time now);

/* --- outputs --- */

enum cp_out_kind {
	CP_OUT_NF_CONNECT,    /* try now; answer by cp_core_nf_up() or cp_core_nf_down() */
	CP_OUT_NF_RESET,      /* hang up; answer by cp_core_nf_down() */
	CP_OUT_NF_SEND,       /* data; with_identity: the kept descriptor rides along */
	CP_OUT_PUNT_SEND,     /* data; lost when the socket is full */
	CP_OUT_OPERATOR_SEND, /* data to conn */
	CP_OUT_READ_FILE,
	CP_OUT_LOG,           /* level, event, text */
	CP_OUT_PORTAL,        /* data: struct cp_portal_word, what the connections have for the portal */
	CP_OUT_REPORT,        /* text: one JSON object */
	CP_OUT_EXIT,          /* code */
};
/* A candidate, its withdrawal, or what has become of a connection. */
struct cp_portal_word {
	uint8_t kind;     /* enum conn_out_kind (conn/conn.h): CANDIDATE, INVALIDATE, ESTABLISHED, FAILED, CLOSED, … */
	uint8_t failure;  /* enum conn_failure */
	uint8_t id[16];   /* of the peer */
	int32_t code;
	char text[256];   /* of a candidate */
};
struct cp_out {
	enum cp_out_kind kind;
	const void *data; /* valid until the next call */
	size_t bytes;
	bool with_identity;
	uint32_t conn;
	int code;
	enum cp_log_level level;
	const char *event;
	const char *text;
};
bool cp_core_next(struct cp_core *c, struct cp_out *ret);

/* When tick() is due and what for; at 0: nothing is. */
struct cp_deadline {
	cp_time at;
	const char *why;
};
struct cp_deadline cp_core_deadline(const struct cp_core *c);

#endif
