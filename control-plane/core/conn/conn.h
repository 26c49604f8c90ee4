/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node's connections (connectivity §1–§3, §5): every peer's ICE agent, path and WireGuard peer, and the relays
 * they share. WireGuard itself lives in the network function (NF); this decides where its packets go.
 *
 *   portal ──upsert, candidates, relays──►┌────────────────────────────┐──CANDIDATE, INVALIDATE──► portal
 *   own addresses ───────────────────────►│ dispatch                   │──ESTABLISHED, FAILED, CLOSED, NO_RELAYS
 *   STUN, ChannelData, reports ──────────►│  ├ relays: turn × n        │──SEND──► network, or the NF's inject
 *   NF: handshakes, activity, stash ─────►│  └ conns:  ice × n + path  │──PEER, PATH, HANDSHAKE, CHANNEL,
 *   time ────────────────────────────────►└────────────────────────────┘  RESPONDER, REMOVE, STASH──► NF
 *
 *   CONNECTING ── first nomination ──► CONNECTED ◄── activity / 20 s without ──► IDLE
 *        └── any: ICE failed, no candidate in 10 s, WireGuard expired ──► FAILED (removed)
 *
 * Dispatch is O(1): requests by local ufrag (colliding ones are told apart by remote ufrag and integrity), responses
 * by a handle hidden in the transaction id, relay traffic by the relay's address. Deadlines lie in one heap.
 *
 * Drain conn_next() after every input, conn_tick() included: only then does conn_deadline() know everything, and says
 * when conn_tick() is due. One thread at a time.
 *
 * What is to be said is composed when it is drained, from what is true then: ten changes in between are one message.
 * So outputs need no memory of their own but 32 answers to checks and 16 lines of the log (what does not fit is counted),
 * and a connection or relay that has ended stays until its last words are drained.
 */
#ifndef CP_CONN_H
#define CP_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/time.h"
#include "ice/ice.h"
#include "turn/turn.h"

#define CONN_ID_BYTES        16u  /* of a peer, of a relay: the portal's UUID */
#define CONN_KEY_BYTES       32u
#define CONN_DATAGRAM_MAX    1316u /* larger ones are dropped (§1.1) */
#define CONN_EARLY_MAX       32u   /* candidates kept per peer that is not known yet, 10 s at most */
#define CONN_EARLY_PEERS_MAX 1024u
#define CONN_RELAYS_MAX      16u
#define CONN_STASH_MAX       12288u /* bytes of one stash record */

struct conn_node;

enum conn_role { CONN_CLIENT = 1, CONN_GATEWAY = 2 }; /* client: controlling */

struct conn_settings {
	enum conn_role role;
	uint8_t seed[32];           /* of all randomness; copied, and the caller wipes its own */
	const char *software;       /* value of SOFTWARE towards relays; copied; NULL: "sluice" */
	uint32_t conns_max;         /* quota of connections; 0: 200 000 */
	/* The unknown: requests with a ufrag that nobody has, TURN from no relay, garbage. Per source address and port (after
	 * channel strip) and in all. 0: 20 and 2000 per second. Known ufrags have a budget of their own, per connection and
	 * never below the stock cadence of all its pairs. */
	uint32_t unknown_per_source_per_s, unknown_per_s;
};

/* Returns owned; NULL: out of memory. */
struct conn_node *conn_node_new(const struct conn_settings *s, cp_time now);
void conn_node_free(struct conn_node *n); /* NULL is fine; wipes every secret; says nothing to anybody */

/* --- the host and the relays --- */

/* The addresses of this host that the tunnel port listens on, all of them, port included: host candidates at once. Those
 * that are missing now are withdrawn from the agents. */
void conn_addresses(struct conn_node *n, const struct cp_addr *addrs, unsigned int count, cp_time now);

struct conn_relay {
	uint8_t id[CONN_ID_BYTES];
	struct turn_settings turn;
};
/* §2.8: removes the listed, adds or replaces the added, probes all others. -ENOSPC: more than CONN_RELAYS_MAX, the
 * first ones were taken; -EINVAL: one has no address or too long a text, or it names a relay or a server that the list
 * has named before, and was left out; -ESHUTDOWN: conn_release() was called, so that none is left allocated. */
int conn_relays_update(struct conn_node *n, const uint8_t (*remove)[CONN_ID_BYTES], unsigned int n_remove,
		       const struct conn_relay *add, unsigned int n_add, cp_time now);

/* --- connections --- */

struct conn_peer {
	uint8_t id[CONN_ID_BYTES];
	uint8_t public_key[CONN_KEY_BYTES];
	uint8_t preshared_key[CONN_KEY_BYTES];
	struct ice_credentials local, remote;
	/* Whatever the embedder wants the NF to be told with this peer (allowed-IPs, name): kept aside and handed back with
	 * CONN_OUT_PEER, not looked at. */
	uint64_t cookie;
};
/* Same credentials, key and preshared key: reused (§3.1), unless its last pair is dead and it only waits for its end. */
enum conn_upserted { CONN_REUSED = 0, CONN_CREATED = 1, CONN_REPLACED = 2 };
/* enum conn_upserted; -ENOSPC: quota; -EINVAL: empty or oversized credentials; -ENOMEM. Without relays it succeeds when
 * this host has addresses of its own, otherwise -ENETUNREACH (§2.8, no relays: ask the portal). */
int conn_upsert(struct conn_node *n, const struct conn_peer *p, cp_time now);
/* text as the portal has it; a peer not known yet: buffered. 0; 1: nothing new; ICE_E_*; -ENOSPC: a quota. */
int conn_candidate_add(struct conn_node *n, const uint8_t id[CONN_ID_BYTES], const char *text, size_t bytes, cp_time now);
int conn_candidate_remove(struct conn_node *n, const uint8_t id[CONN_ID_BYTES], const char *text, size_t bytes, cp_time now);
/* Silently: a goodbye came (§3.6). False: there is none such. */
bool conn_remove(struct conn_node *n, const uint8_t id[CONN_ID_BYTES], cp_time now);
/* The NF says goodbye (CONN_OUT_REMOVE with goodbye), then it is forgotten: CONN_OUT_CLOSED. */
bool conn_close(struct conn_node *n, const uint8_t id[CONN_ID_BYTES], cp_time now);
void conn_close_all(struct conn_node *n, cp_time now);
/* §3.8: forgets every connection and begins anew with every relay. The NF gets CONN_OUT_REMOVE without goodbye. */
void conn_reset(struct conn_node *n, cp_time now);
/* Relays: Refresh 0, confirmed, repeated once. CONN_OUT_RELEASED when all have answered or had their time. */
void conn_release(struct conn_node *n, cp_time now);

/* --- what comes in --- */

enum conn_taken {
	CONN_TAKEN = 0,       /* STUN, TURN, or relayed STUN */
	CONN_WIREGUARD = 1,   /* *ret_inner is WireGuard, to be given to the NF as received from ret_from at ret_at */
	CONN_DROPPED = 2,     /* counted */
};
struct conn_inner {
	const uint8_t *data; /* borrows the datagram */
	uint16_t bytes;
	struct cp_addr at, from; /* after channel strip: our relayed address, the relay's peer */
};
/* A datagram to our address `at`. Where the NF strips channels itself, it reports what it did (below). */
enum conn_taken conn_udp_in(struct conn_node *n, const struct cp_addr *at, const struct cp_addr *from, const void *data,
			    size_t bytes, cp_time now, struct conn_inner *ret_inner);

/* What the NF did and saw. Peers are named by public key. Unknown ones are counted and ignored. */
enum conn_report_kind {
	CONN_REPORT_CHECKS,       /* it answered checks: ice, ufrag (ours) */
	CONN_REPORT_ACTIVITY,     /* inner packets went either way within the last second */
	CONN_REPORT_HANDSHAKE,    /* an initiation arrived at `at` from `from`; the response went back there */
	CONN_REPORT_COMPLETED,    /* a handshake completed; initiator: by us */
	CONN_REPORT_EXPIRED,      /* WireGuard gave up on it (§4.4) */
	CONN_REPORT_CHANNEL,      /* ChannelData was received on (sent through) the channel within the last second */
};
struct conn_report {
	enum conn_report_kind kind;
	uint8_t public_key[CONN_KEY_BYTES];
	char ufrag[ICE_UFRAG_MAX + 1];        /* CHECKS: the local one; remote_ufrag tells colliding ones apart */
	char remote_ufrag[ICE_UFRAG_MAX + 1];
	struct ice_report ice;
	struct cp_addr at, from;
	struct cp_addr relay;                 /* CHANNEL: server address */
	uint16_t channel;
	bool received, initiator;
};
void conn_report_in(struct conn_node *n, const struct conn_report *r, cp_time now);
void conn_tick(struct conn_node *n, cp_time now);

/* --- what goes out --- */

enum conn_path_kind { CONN_PATH_DIRECT = 1, CONN_PATH_TO_RELAY, CONN_PATH_OUR_RELAY, CONN_PATH_RELAY_TO_RELAY };
struct conn_path {
	uint32_t handle;       /* of this path among the peer's: grows with every change; packets of older ones are still fine */
	enum conn_path_kind kind;
	struct cp_addr from;   /* the exact source: a host address, or our relayed one */
	struct cp_addr to;     /* the peer as seen from there */
	struct cp_addr relay;  /* OUR_RELAY, RELAY_TO_RELAY: server address that gets the ChannelData */
	uint16_t channel;      /* likewise; 0: not bound yet, CONN_OUT_CHANNEL follows */
};

enum conn_failure { CONN_FAILED_ICE = 1, CONN_FAILED_NO_CANDIDATES, CONN_FAILED_WIREGUARD };

enum conn_out_kind {
	CONN_OUT_SEND,        /* data to `to`; from.family CP_NONE: any source of that family (relays), else exactly from */
	CONN_OUT_CANDIDATE,   /* id, text: to the portal; several in a row in descending priority are one message */
	CONN_OUT_INVALIDATE,  /* id, text */
	CONN_OUT_ESTABLISHED, /* id: first completed handshake with a path */
	CONN_OUT_FAILED,      /* id, failure: removed; the NF gets REMOVE as well */
	CONN_OUT_CLOSED,      /* id: by conn_close() or conn_reset() */
	CONN_OUT_NO_RELAYS,   /* the last relay is gone, or none was ever there when one was needed */
	CONN_OUT_ROTATE_KEY,  /* client, trap 12: two attempts in a row to one gateway failed after nomination: id */
	CONN_OUT_RELEASED,    /* the answer to conn_release(); code: relays that confirmed it */
	/* to the NF */
	CONN_OUT_PEER,        /* peer: create or change it */
	CONN_OUT_PATH,        /* key, path: send there from now on; accept everywhere */
	CONN_OUT_HANDSHAKE,   /* key: start one on the path, unless one is under way */
	CONN_OUT_REMOVE,      /* key, goodbye */
	CONN_OUT_CHANNEL,     /* id (of the relay), relay, channel, to (the peer), up, then also from (our relayed address): push
	                       * and strip table */
	CONN_OUT_RESPONDER,   /* ufrag, remote_ufrag, pwd, key, up: checks it may answer */
	CONN_OUT_STASH,       /* stash key, part, data: keep it; bytes 0: forget it */
	/* to people */
	CONN_OUT_LOG,         /* event, text: one line at `level` (0 error … 3 debug); no keys, no addresses above debug */
};
enum conn_stash_kind { CONN_STASH_PEER = 1, CONN_STASH_RELAY = 2, CONN_STASH_LOCAL = 3 }; /* as NF_STASH_* of wire.h */
struct conn_stash_key {
	enum conn_stash_kind kind;
	uint16_t part;
	uint8_t key[CONN_KEY_BYTES]; /* peer: public key; relay: its id, zero-padded; local: zero */
};
struct conn_out {
	enum conn_out_kind kind;
	uint8_t id[CONN_ID_BYTES];
	uint8_t key[CONN_KEY_BYTES];
	struct cp_addr from, to, relay;
	uint16_t channel;
	bool up, goodbye;
	uint8_t ecn; /* 0: STUN and TURN are Not-ECT */
	int code, level;
	enum conn_failure failure;
	struct conn_path path;
	const struct conn_peer *peer;             /* valid until the next call, as the rest */
	const char *ufrag, *remote_ufrag, *pwd;
	const char *event, *text;
	struct conn_stash_key stash;
	const void *data;
	size_t bytes;
};
/* Relay control first, then the order in which it was decided (§5). False: nothing is left. */
bool conn_next(struct conn_node *n, cp_time now, struct conn_out *ret);

struct conn_deadline {
	cp_time at;      /* CP_NEVER: none */
	const char *why;
};
struct conn_deadline conn_deadline(const struct conn_node *n);

/* --- restart --- */

/* Every record that came back, before conn_restored(). 0; -EPROTO: malformed, it is left out and counted; -ENOSPC. */
int conn_restore(struct conn_node *n, const struct conn_stash_key *k, const void *data, size_t bytes, cp_time now);
/* All have come: relays are verified by one Refresh each, connections go on as they were. The portal's upserts and relay
 * list then confirm them; what they do not name is removed by conn_sweep(), if it comes after this. */
void conn_restored(struct conn_node *n, cp_time now);
void conn_sweep(struct conn_node *n, cp_time now);
/* The NF has begun anew, or is to be told everything once more (style §5, SYNC): PEER, RESPONDER, PATH, CHANNEL and STASH of
 * all that lives. conn_restored() does it, too. */
void conn_reassert(struct conn_node *n, cp_time now);

/* --- looking at it --- */

enum conn_state { CONN_CONNECTING = 1, CONN_CONNECTED, CONN_IDLE };
struct conn_info {
	uint8_t id[CONN_ID_BYTES];
	uint8_t public_key[CONN_KEY_BYTES];
	enum conn_state state;
	enum ice_state ice;
	struct conn_path path; /* handle 0: none yet */
	unsigned int pairs;
	uint8_t relay_id[CONN_ID_BYTES]; /* selected */
	cp_time since, last_activity;
	size_t bytes;          /* of memory */
};
bool conn_info(const struct conn_node *n, const uint8_t id[CONN_ID_BYTES], struct conn_info *ret);
uint32_t conn_count(const struct conn_node *n);

struct conn_counters {
	struct ice_counters ice;
	struct turn_counters turn;
	uint64_t datagrams, oversized, stun, not_stun, malformed_stun, unknown_ufrag, unknown_response, wireguard, wireguard_unknown_form;
	uint64_t relay_unknown, channel_unknown, limited_source, limited_all, limited_conn;
	uint64_t candidates, candidates_bad, candidates_early, candidates_early_dropped, candidates_early_expired;
	uint64_t created, reused, replaced, refused, established, failed, closed, removed;
	uint64_t paths, handshakes_asked, handshakes_suppressed, reports_unknown, restored, restore_malformed, swept;
	uint64_t sends, sends_without_channel, answers_lost, log_lost, signals_lost, out_of_memory;
};
const struct conn_counters *conn_counters(const struct conn_node *n);

#endif
