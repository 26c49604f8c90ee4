/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of this folder share; nobody else includes it.
 *
 * Nothing is queued that can be composed when it is asked for. An input changes objects and marks them:
 *
 *   relays   `dirty`: datagrams and events are pulled out of turn when the node is drained
 *   conns    `out`: bits of what is to be said, composed from what is true when it is said (so ten changes between two
 *            drains are one message), in a list of connections in the order in which they were marked
 *   conns    `ready`: checks are pulled out of ice one by one
 *
 * so memory for outputs is bounded by the objects themselves. Answers and log lines lie in two small rings. A connection
 * that has ended stays, stripped of its agent, until its last words are said.
 */
#ifndef CP_CONN_NODE_H
#define CP_CONN_NODE_H

#include <assert.h>

#include "base/heap.h"
#include "base/map.h"
#include "base/rng.h"
#include "conn/budget.h"
#include "conn/conn.h"
#include "conn/early.h"

#define HOSTS_MAX     12u /* with as many mapped ones and two relayed ones an agent has room for all */
#define MAPPED_MAX    12u
#define ANSWERS_MAX   32u
#define LOG_LINES_MAX 16u
#define FAILURES_MAX  64u
#define SIGNALS_MAX   48u
#define CONNS_MAX     (1u << 20) /* of 32 bits of a handle 20 are the slot */

/* Anything with a deadline; the first member of its object. */
enum timed_kind { TIMED_CONNECTION, TIMED_RELAY, TIMED_EARLY };
struct timed {
	struct cp_timer timer;
	uint8_t kind; /* enum timed_kind */
	const char *why;
};

/* --- relays --- */

struct relay {
	struct timed timed;
	struct cp_map_entry by_server[2];
	struct turn *turn; /* owned */
	struct relay *next_dead;
	uint8_t id[CONN_ID_BYTES];
	struct cp_addr server[2];
	char *username, *password, *realm, *software; /* owned: what it was made of */
	uint32_t serial;
	struct cp_addr channel_server; /* under which the NF knows the channels */
	struct cp_addr *channels; /* owned; as the NF was told, by number from STUN_CHANNEL_FIRST; family CP_NONE: down */
	uint32_t n_channels, say_again; /* say_again: from here on the NF is told anew; n_channels: nothing */
	cp_time suspected_at;           /* last; 0: never */
	cp_time saved_at, save_at;      /* of what turn keeps; save_at CP_NEVER: nothing changed */
	uint16_t parts;                 /* stash parts that the NF holds */
	bool dirty, dead, settings_unsaved;
	bool restoring;   /* its records still come: it must not speak */
	bool unconfirmed; /* restored, and not named by the portal since */
	bool listed;      /* in the list that is being taken over */
	bool releasing;
};

/* --- connections --- */

/* What is to be said about a connection; the lowest first. */
enum out_bit {
	OUT_PEER = 1 << 0,
	OUT_RESPONDER = 1 << 1,
	OUT_PATH = 1 << 2,
	OUT_HANDSHAKE = 1 << 3,
	OUT_ESTABLISHED = 1 << 4,
	OUT_SIGNALS = 1 << 5,
	OUT_STASH_PEER = 1 << 6,
	OUT_STASH_ICE = 1 << 7,
	/* last words */
	OUT_RESPONDER_DOWN = 1 << 8,
	OUT_REMOVE = 1 << 9,
	OUT_STASH_PEER_GONE = 1 << 10,
	OUT_STASH_ICE_GONE = 1 << 11,
	OUT_FAILED = 1 << 12,
	OUT_CLOSED = 1 << 13,
	OUT_ROTATE_KEY = 1 << 14,
};

/* Local candidates to be announced or withdrawn; exists only while there are some. */
struct signal {
	struct cp_addr addr;
	uint8_t kind; /* enum ice_kind */
	bool gone;
};
struct signals {
	unsigned int n;
	struct signal at[SIGNALS_MAX];
};

struct path_key {
	struct cp_addr to;
	uint32_t relay; /* serial */
};

struct connection {
	struct timed timed;
	struct cp_map_entry by_id, by_key, by_ufrag;
	struct cp_map_entry by_path; /* only while the path goes through a relay of ours */
	struct connection *next_out, *next_ready;
	struct ice_agent *ice;   /* owned; NULL: it has ended */
	struct relay *relay;     /* selected; NULL: there is none */
	struct relay *path_relay; /* that the path goes through; NULL: none of ours */
	struct signals *signals; /* owned */
	struct path_key path_key;
	struct conn_path path;
	cp_time since, last_activity;
	cp_time proactive;   /* our last handshake of §3.4; 0: none */
	cp_time saved_at, save_at;
	cp_time reannounce_at; /* what trap 12 made us withdraw; CP_NEVER: nothing */
	struct signal withdrawn;
	struct bucket budget;
	uint64_t cookie;
	uint32_t owner;      /* handle: slot, generation */
	uint32_t generation; /* of the selection that path follows */
	uint32_t shape;      /* of the agent, as saved */
	uint16_t out;        /* enum out_bit */
	uint8_t failure;     /* enum conn_failure */
	uint8_t local_pwd_at, remote_ufrag_at, remote_pwd_at;
	bool listed, ready;  /* in the list of outputs, of checks */
	bool idle, completed, established, chosen_blind;
	bool expects; /* more local candidates */
	bool told_peer, told_responder, stashed_peer, stashed_ice, goodbye;
	bool restoring, unconfirmed;
	uint8_t id[CONN_ID_BYTES];
	uint8_t public_key[CONN_KEY_BYTES], preshared_key[CONN_KEY_BYTES];
	uint16_t text_bytes;
	char text[]; /* our ufrag, our pwd, the peer's ufrag, the peer's pwd, each with its NUL */
};

struct slot {
	struct connection *conn; /* NULL: free */
	uint32_t generation, next_free;
};

struct answer {
	struct cp_addr from, to;
	uint16_t bytes;
	uint8_t data[STUN_CHANNEL_HEADER + ICE_CHECK_MAX];
};

struct log_line {
	const char *event;
	int level;
	char text[120];
};

/* Trap 12: how often attempts to one peer failed in a row after a path was there. */
struct failures_of {
	uint8_t id[CONN_ID_BYTES];
	uint8_t n; /* 0: free */
};

struct conn_node {
	cp_time now; /* of the last input */
	enum conn_role role;
	char *software; /* owned */
	uint32_t conns_max;
	struct cp_rng rng;
	uint8_t owner_secret[16];
	struct cp_heap heap;

	struct slot *slots; /* owned */
	uint32_t n_slots, free_slot /* 1 + slot; 0: none */, n_conns;
	struct cp_map by_id, by_key, by_ufrag, by_path, by_server;

	struct relay *relays[CONN_RELAYS_MAX + 1]; /* owned; one more while one is replaced */
	unsigned int n_relays, relay_turn;
	bool relays_dirty; /* one of them is, or was */
	struct relay *dead_relays; /* owned; their last words are still to be said */
	uint32_t relay_serial;
	struct turn_counters retired; /* of relays that are no more */

	struct cp_addr hosts[HOSTS_MAX], mapped[MAPPED_MAX], mapped_base[MAPPED_MAX];
	unsigned int n_hosts, n_mapped, n_told;
	struct cp_addr told[HOSTS_MAX];
	bool hosts_told, local_unsaved;

	struct early early;
	struct timed early_timed;
	struct budget budget;
	struct failures_of failures[FAILURES_MAX];
	unsigned int failures_next;

	/* outputs */
	struct connection *out_first, *out_last, *ready_first, *ready_last;
	struct answer *answers; /* owned ring */
	struct log_line *log;   /* likewise */
	unsigned int answer_at, n_answers, log_at, n_log;
	bool no_relays, releasing;
	bool leaving; /* conn_release() was called: no relay is added any more */
	unsigned int release_waits, release_confirmed;
	struct deferred *deferred, *deferred_turn; /* owned: records that wait for what they belong to */

	/* scratch that an output borrows until the next call */
	struct ice_send check;
	struct turn_send turn_send;
	struct conn_peer peer;
	char text[ICE_CANDIDATE_TEXT];
	uint8_t wire[STUN_CHANNEL_HEADER + ICE_CHECK_MAX];
	uint8_t stash[CONN_STASH_MAX];
	size_t stash_lent; /* bytes of stash that hold secrets until the next call */
	bool peer_lent;

	struct conn_counters *counters; /* owned */
};

/* --- connection.c --- */
struct connection *connection_new(struct conn_node *n, const struct conn_peer *p, cp_time now); /* unmapped; NULL: no memory */
bool connection_enter(struct conn_node *n, struct connection *c); /* false: no memory, and it was freed */
void connection_free(struct conn_node *n, struct connection *c);
/* Out of every table; its last words follow. say: of OUT_FAILED, OUT_CLOSED, OUT_ROTATE_KEY. */
void connection_end(struct conn_node *n, struct connection *c, unsigned int say);
void connection_fail(struct conn_node *n, struct connection *c, enum conn_failure why);
/* After every input to the agent, and when its deadline has come. */
void connection_serve(struct conn_node *n, struct connection *c, cp_time now);
void connection_arm(struct conn_node *n, struct connection *c, cp_time now);
struct connection *connection_by_id(const struct conn_node *n, const uint8_t id[CONN_ID_BYTES]);
struct connection *connection_by_key(const struct conn_node *n, const uint8_t key[CONN_KEY_BYTES]);
struct connection *connection_by_owner(const struct conn_node *n, uint32_t owner);
/* The next with this ufrag of ours, after c or, c NULL, the first. */
struct connection *connection_by_ufrag(const struct conn_node *n, const struct connection *c, const char *ufrag, size_t bytes);
bool connection_is_same(const struct connection *c, const struct conn_peer *p);
/* All that live: for (i = 0; (c = connection_walk(n, &i));) — it may end the one it returned. */
struct connection *connection_walk(const struct conn_node *n, uint32_t *i);
static inline const char *connection_ufrag(const struct connection *c)
{
	return c->text;
}
static inline const char *connection_pwd(const struct connection *c)
{
	return c->text + c->local_pwd_at;
}
static inline const char *connection_remote_ufrag(const struct connection *c)
{
	return c->text + c->remote_ufrag_at;
}
static inline const char *connection_remote_pwd(const struct connection *c)
{
	return c->text + c->remote_pwd_at;
}
void connection_peer(const struct connection *c, struct conn_peer *ret);

/* --- slots.c --- */
bool slots_take(struct conn_node *n, struct connection *c); /* sets c->owner */
void slots_give(struct conn_node *n, struct connection *c);

/* --- path.c --- */
void path_follow(struct conn_node *n, struct connection *c, cp_time now);
void path_detach(struct conn_node *n, struct connection *c);
/* The relay's channel to this peer is now this; 0: there is none. */
void path_channel(struct conn_node *n, struct relay *r, const struct cp_addr *peer, uint16_t channel);
/* The relay speaks on another address, or its channels are new. */
void path_refresh(struct conn_node *n, struct connection *c, cp_time now);
/* §3.4: the client checks a path by a handshake, unless it did a moment ago. */
void path_handshake(struct conn_node *n, struct connection *c, cp_time now);
void path_restore(struct conn_node *n, struct connection *c, cp_time now);
enum conn_path_kind path_kind(uint8_t local_kind, uint8_t remote_kind);

/* --- idle.c --- */
void idle_heard(struct conn_node *n, struct connection *c, cp_time now); /* inner packets went */
void idle_leave(struct connection *c, cp_time now);
void idle_follow(struct connection *c, cp_time now);
cp_time idle_deadline(const struct connection *c);

/* --- addresses.c --- */
/* Relays that know us by an address which is gone, or could not answer on a family that is new. */
void addresses_restart(struct conn_node *n, bool new_v4, bool new_v6, bool new_any, cp_time now);

/* --- candidates.c --- */
/* Adds up what the host and the relays know; true: it is different. */
bool candidates_gather(struct conn_node *n);
/* Brings an agent's local candidates in line with what there is for it. */
void candidates_sync(struct conn_node *n, struct connection *c, cp_time now);
void candidates_sync_all(struct conn_node *n, cp_time now);
/* Tells the agent whether a relay may still bring some. */
void candidates_expect(struct connection *c, cp_time now);
cp_time candidates_expect_deadline(const struct connection *c);
void candidates_announce_all(struct conn_node *n, struct connection *c);
/* Channels towards every announced candidate that is no host. */
void candidates_bind(struct conn_node *n, struct connection *c, cp_time now);
int candidates_remote(struct conn_node *n, struct connection *c, const struct ice_candidate *r, cp_time now);
/* Trap 12 of the client. */
void candidates_withdraw(struct conn_node *n, struct connection *c, uint8_t kind, const struct cp_addr *addr, cp_time now);
void candidates_reannounce(struct conn_node *n, struct connection *c, cp_time now);

/* --- signalling.c --- */
void candidates_early_arm(struct conn_node *n);

/* --- signals.c --- */
void signals_put(struct conn_node *n, struct connection *c, uint8_t kind, const struct cp_addr *addr, bool gone);
bool signals_next(struct conn_node *n, struct connection *c, struct conn_out *ret);

/* --- relays.c --- */
struct relay *relay_by_server(const struct conn_node *n, const struct cp_addr *a);
struct relay *relay_by_id(const struct conn_node *n, const uint8_t id[CONN_ID_BYTES]);
int relay_settings_check(const struct turn_settings *s);
/* NULL: texts that do not fit into one message, or out of memory. */
struct relay *relay_add(struct conn_node *n, const uint8_t id[CONN_ID_BYTES], const struct turn_settings *s, cp_time now);
/* Out of the table; its connections get the heir, NULL: none. Its last words follow. */
void relay_drop(struct conn_node *n, struct relay *r, struct relay *heir, cp_time now);
void relay_free(struct conn_node *n, struct relay *r);
void relay_count(struct turn_counters *sum, const struct turn_counters *of);
/* An input was given to it. */
void relay_touch(struct conn_node *n, struct relay *r);
/* Nothing comes through it: it has a second to prove that it is there (ours). Then whoever used it gets another one, and
 * with luck before ICE's 2 s of grace are over. */
void relay_suspect(struct conn_node *n, struct relay *r, cp_time now);

/* --- relay_events.c --- */
bool relays_next(struct conn_node *n, cp_time now, struct conn_out *ret);

/* --- selection.c --- */
/* HEAD's rule (§2.8): bit i is set when relay i, with round trip rtt[i] (0: not measured), is good enough. 0 when none
 * is measured. */
uint32_t selection_eligible(const cp_time *rtt, unsigned int n);
struct relay *selection_choose(struct conn_node *n, bool *ret_blind);
/* Gives a connection a relay if it has none and there is one. */
void selection_home(struct conn_node *n, struct connection *c, cp_time now);
/* All that sit on none, or on one that does not serve. */
void selection_rehome(struct conn_node *n, cp_time now);
/* This relay serves: those that chose before anything was known move to it. */
void selection_served(struct conn_node *n, struct relay *r, cp_time now);

/* --- failures.c --- */
/* One more attempt failed; true: it is the second in a row after a path was there. */
bool failures_count(struct conn_node *n, const uint8_t id[CONN_ID_BYTES], bool had_path);
void failures_forget(struct conn_node *n, const uint8_t id[CONN_ID_BYTES]);

/* --- outq.c --- */
void out_mark(struct conn_node *n, struct connection *c, unsigned int bits);
void out_ready(struct conn_node *n, struct connection *c);
/* Fills ret; false: there is no channel for it yet, it is lost and a bind is on its way. */
bool out_send(struct conn_node *n, struct relay *r, const struct ice_send *s, uint8_t *wire, cp_time now, struct conn_out *ret);
void out_answer(struct conn_node *n, struct relay *r, const struct ice_send *s, cp_time now);
void out_log(struct conn_node *n, int level, const char *event, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* --- says.c --- */
bool says_next(struct conn_node *n, struct connection *c, cp_time now, struct conn_out *ret);

/* --- stash.c --- */
/* What the agent knows has changed; at_once: credentials or the selection. */
void stash_want(struct connection *c, bool at_once);
void stash_follow(struct conn_node *n, struct connection *c, cp_time now);
bool stash_peer(struct conn_node *n, struct connection *c, struct conn_out *ret);
bool stash_ice(struct conn_node *n, struct connection *c, struct conn_out *ret);
bool stash_gone(struct conn_node *n, struct connection *c, uint16_t part, struct conn_out *ret);
bool stash_relay(struct conn_node *n, struct relay *r, cp_time now, struct conn_out *ret);
bool stash_relay_gone(struct conn_node *n, struct relay *r, struct conn_out *ret);
bool stash_local(struct conn_node *n, struct conn_out *ret);

/* --- restore.c --- */
void restore_forget(struct conn_node *n); /* what was deferred */

/* One clock sample per input, and it never goes back. */
static inline void node_at(struct conn_node *n, cp_time now)
{
	assert(now >= n->now);
	n->now = now;
}

static inline size_t text_length(const char *s, size_t max)
{
	size_t i = 0;
	while (i < max && s[i])
		i++;
	return i;
}

#endif
