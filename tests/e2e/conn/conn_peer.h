/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conn_peer: one process is one node. The connectivity core decides, and beside it stands what the network function
 * (NF) would be: sockets, WireGuard, the responder, and the stash that outlives the core.
 *
 *   stdin  commands ──► command.c ──► the core ──► drain.c ──► events on stdout (say.c)
 *   sockets ─────────► datagram.c ─┤    ▲             │
 *                                  ▼    │ reports     ▼ PEER, PATH, HANDSHAKE, CHANNEL, RESPONDER, STASH
 *                       wireguard.c, session.c, stream.c, responder.c, channels.c, stash.c
 *
 * One thread, one epoll loop (conn_peer.c).
 */
#ifndef CONN_PEER_H
#define CONN_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conn/conn.h"
#include "cookie.h"
#include "message.h"
#include "noise.h"
#include "replay.h"
#include "timers.h"

#define PEERS_MAX    128u
#define SESSIONS_MAX 8u
#define CHANNELS_MAX 512u
#define ROUTES_MAX   8u
#define DATAGRAM_MAX 2048u

/* A datagram as it came, and, if a channel was stripped, how. */
struct arrival {
	struct cp_addr at, from;
	const uint8_t *data; /* borrowed */
	size_t bytes;
	struct cp_addr relay; /* family CP_NONE: it came directly */
	uint16_t channel;
};

/* Where something leaves: directly, or through a channel of a relay. */
struct route {
	struct cp_addr from, to, relay;
	uint16_t channel;
};

struct session {
	struct wg_session_keys keys;
	struct wg_replay replay;
	uint64_t next_counter, born_ns;
	bool used, confirmed; /* confirmed: the initiator's, or data came on it */
};

/* Numbered packets of one direction. */
struct stream {
	uint32_t pps, bytes;
	uint64_t began_ns, sent, base; /* base: sent when it began */
	uint64_t unsent;               /* no path or no session at that time: nothing left */
	uint64_t received, highest, backwards, last_ns, worst_gap_ns;
	struct {
		struct cp_addr from;
		bool through_relay;
		uint64_t packets;
	} routes[ROUTES_MAX];
};

struct peer {
	bool used;
	uint8_t id[CONN_ID_BYTES];
	struct wg_remote remote;
	struct wg_cookie_jar jar;
	struct wg_timers timers;
	struct session sessions[SESSIONS_MAX];
	struct session *current; /* NULL: none to send with */
	uint8_t next_session;
	struct conn_path path; /* handle 0: none */
	struct stream stream;
	uint64_t activity_ns, channel_ns; /* last reports */
	uint64_t handshakes, no_path, rejected;
};

struct options {
	enum conn_role role;
	uint16_t port;
	bool wireguard;  /* false: handshakes asked for are not done */
	bool responder;  /* it answers checks and strips channels, and reports what it did */
	const char *stash; /* file; NULL: memory only */
	const char *software;
	uint8_t private_key[WG_KEY_BYTES];
	struct cp_addr addresses[16];
	unsigned int n_addresses;
};

struct program {
	struct options options;
	struct conn_node *node; /* NULL: the core is away */
	struct wg_identity identity;
	struct wg_cookie_checker checker;
	struct peer peers[PEERS_MAX];
	int sockets[2]; /* IPv4, IPv6; -1: none */
	int epoll_fd;
	uint64_t last_stamp;
	cp_time now;
	bool quitting;
	uint64_t sent_to_nowhere; /* the kernel refused */
};
extern struct program me;

cp_time clock_now(void);
uint64_t clock_wall(void); /* ns, for the time stamps of handshakes */
static inline uint64_t earlier(uint64_t a, uint64_t b) /* 0: never */
{
	return !a || (b && b < a) ? b : a;
}

/* socket.c */
int sockets_open(void); /* 0 or -errno */
void sockets_receive(unsigned int which);
void datagram_send(const struct cp_addr *from, const struct cp_addr *to, const void *data, size_t bytes);
unsigned int own_addresses(struct cp_addr *ret, unsigned int room); /* of this host, global ones */

/* datagram.c */
void datagram_in(const struct cp_addr *at, const struct cp_addr *from, const uint8_t *data, size_t bytes);
void route_send(const struct route *r, const void *data, size_t bytes);

/* channels.c */
void channel_set(const struct conn_out *o);
uint16_t channel_towards(const struct cp_addr *relay, const struct cp_addr *to); /* 0: none */
/* Takes the ChannelData header off; false: it has none that is known. */
bool channel_strip(struct arrival *a);

/* responder.c */
void responder_set(const struct conn_out *o);
bool responder_in(const struct arrival *a); /* true: answered */
void responder_tick(void);
uint64_t responder_answered(void);

/* wireguard.c */
struct peer *peer_by_key(const uint8_t key[WG_KEY_BYTES]);
struct peer *peer_by_id(const uint8_t id[CONN_ID_BYTES]);
void peer_set(const struct conn_peer *p);
void peer_path(const uint8_t key[WG_KEY_BYTES], const struct conn_path *path);
void peer_handshake(const uint8_t key[WG_KEY_BYTES]);
void peer_remove(const uint8_t key[WG_KEY_BYTES], bool goodbye);
void wireguard_in(const struct arrival *a);
void peer_send_on_path(struct peer *p, const void *data, size_t bytes);
bool peers_tick(void); /* true: something was done */
uint64_t peers_deadline(void);
void report(struct peer *p, enum conn_report_kind kind, const struct arrival *a, bool flag);

/* session.c */
void session_begin(struct peer *p, const struct wg_session_keys *keys);
void session_restore(struct peer *p, const struct wg_session_keys *keys, uint64_t born_ns, uint32_t life);
bool session_send(struct peer *p, const void *inner, size_t bytes); /* false: no path or no session */
void session_in(const struct arrival *a);
void sessions_end(struct peer *p);
uint32_t session_index(const struct peer *p, unsigned int slot);

/* stream.c */
void stream_start(struct peer *p, uint32_t pps, uint32_t bytes);
void stream_tick(struct peer *p);
uint64_t stream_deadline(const struct peer *p);
void stream_in(struct peer *p, const struct arrival *a, const uint8_t *inner, size_t bytes);
bool is_raw(const struct arrival *a);
void raw_send(struct peer *p, const char *text);
void raw_in(const struct arrival *a);

/* stash.c */
int stash_open(const char *path); /* 0 or -errno; reads what is there */
void stash_put(const struct conn_stash_key *k, const void *data, size_t bytes);
void stash_session(const struct peer *p);
void stash_restore(void); /* into the core, sessions when the core has named their peers */
unsigned int stash_records(void);
void stash_restore_session(struct peer *p);

/* drain.c */
void core_start(void);
void core_stop(void);
void core_drain(void);

/* command.c */
void commands_read(void);

/* say.c: one line of JSON each, {"t": seconds, "event": name, …}. Arguments: "key", value pairs by format letters:
 * s text, u uint64_t, d double, b bool as int, a const struct cp_addr *, i 16-byte id, k 32-byte key. */
void say(const char *event, const char *formats, ...);
void say_begin(const char *event);
void say_more(const char *formats, ...);
void say_end(void);

#endif
