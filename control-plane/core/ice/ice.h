/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One ICE agent: the candidates and pairs of one connection, its checks and the pair that is selected
 * (connectivity §1; RFC 8445 where that says nothing else). Full, trickling, one component, re-nominating.
 *
 *           remote candidate            a pair is nominated
 *   NEW ───────────────────► CHECKING ────────────────────► CONNECTED ⇄ COMPLETED
 *                               │  ▲                            │
 *                               ▼  └──── something possible ────┤ no pair is left
 *                          DISCONNECTED ◄───────────────────────┘
 *                               │ 2 s
 *                               ▼
 *                             FAILED (also: 10 s without any remote candidate)
 *
 * CHECKING without any pair lasts while there is no local candidate or more are expected, but no longer than 60 s.
 * A pair is not given up within 15 s of a request of the remote on it, whatever becomes of our own checks; but while
 * these go unanswered the controlling side prefers any other that works.
 *
 * The agent emits nothing by itself: after every input, and when its deadline has come, the owner calls
 * ice_tick() and then ice_check_next() until it is false, and compares ice_selection() with what it knew.
 * Answers to requests are returned by the call that fed the request. Memory that a remote can grow is bounded:
 * ICE_PAIRS_MAX pairs, ICE_REMOTES_MAX remote candidates.
 *
 * One thread at a time. Messages are built in buffers of the caller.
 */
#ifndef CP_ICE_H
#define CP_ICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/rng.h"
#include "base/time.h"
#include "ice/candidate.h"
#include "stun/stun.h"

#define ICE_PAIRS_MAX   100u
#define ICE_REMOTES_MAX 64u  /* peer-reflexive and optimistic ones included */
#define ICE_LOCALS_MAX  32u
#define ICE_CHECK_MAX   512u /* bytes of any check or answer */

struct ice_credentials {
	char ufrag[ICE_UFRAG_MAX + 1];
	char pwd[ICE_PWD_MAX + 1];
};

/* §1.7: delay(n) = 0 for n = 0, else min(initial_rto * 2^(n-1), max_rto). */
struct ice_timing {
	uint32_t initial_rto_ms, max_rto_ms, max_retransmits;
};
extern const struct ice_timing ice_timing_default; /* 250, 1500, 12 */
extern const struct ice_timing ice_timing_idle;    /* 25 000, 25 000, 4 */

struct ice_settings {
	bool controlling;
	struct ice_credentials local, remote; /* copied */
	uint64_t tie_breaker;
	/* Upper 32 bits of every transaction id are this, masked with its random rest: the owner finds the agent
	 * of a response without a table; see ice_txid_owner(). */
	uint32_t owner;
	const uint8_t *owner_secret; /* 16 bytes, borrowed for the agent's life */
};

struct ice_agent;

/* Returns owned; NULL: out of memory. rng is borrowed for its life. */
/* Timing is ice_timing_default at first. */
struct ice_agent *ice_agent_new(const struct ice_settings *s, struct cp_rng *rng, cp_time now);
void ice_agent_free(struct ice_agent *a); /* NULL is fine; wipes the passwords */
/* What ice_settings.owner was for the agent that made this transaction id; anything for an invented one. */
uint32_t ice_txid_owner(const uint8_t txid[STUN_TXID_BYTES], const uint8_t owner_secret[16]);

/* --- candidates --- */

/* The local candidate gets the next priority of its kind and family. 0; 1: it was there (and is usable again if it
 * had been invalidated); -ENOSPC: ICE_LOCALS_MAX; -EINVAL: nobody could send to it, or ICE_PRFLX, which come from
 * answers; -ENOMEM. Server-reflexive ones are kept, and never make pairs of their own. */
int ice_local_add(struct ice_agent *a, enum ice_kind kind, const struct cp_addr *addr, const struct cp_addr *base,
		  bool cross_family, cp_time now);
/* Discards it and deletes its pairs; false: there is none such. */
bool ice_local_remove(struct ice_agent *a, enum ice_kind kind, const struct cp_addr *addr, cp_time now);
/* §1.5.5; synthesises optimistic candidates (§1.5.6). One that is announced again is paired again as far as that would
 * be better than what is selected. 0; 1: nothing new; -EINVAL: of another ufrag; -ENOSPC: quota, and
 * none of its candidates is dead (or out of memory). */
int ice_remote_add(struct ice_agent *a, const struct ice_candidate *c, cp_time now);
/* §1.5.7; false: there is none such. */
bool ice_remote_remove(struct ice_agent *a, const struct ice_candidate *c, cp_time now);
/* Relay candidates may still come: until it is told otherwise, want of a pair is not taken for a failure (§6, trap 10). */
void ice_expect_more(struct ice_agent *a, bool more, cp_time now);
/* Is there such a local candidate, not discarded? */
bool ice_local_has(const struct ice_agent *a, enum ice_kind kind, const struct cp_addr *addr);
/* Local candidates in descending priority, for signalling: i = 0, 1, …; NULL: no more. Discarded ones are left out.
 * Remote ones in the order in which they came; optimistic ones, which no channel is bound for, are left out too.
 * Borrowed, valid until the next call of either and the next input. */
const struct ice_candidate *ice_local_at(const struct ice_agent *a, unsigned int i);
const struct ice_candidate *ice_remote_at(const struct ice_agent *a, unsigned int i);

/* --- checks --- */

struct ice_send {
	struct cp_addr from; /* base of the local candidate: a host address, or a relayed one of ours */
	struct cp_addr to;
	bool from_relay;     /* from is a relayed address: it leaves as ChannelData */
	uint16_t bytes;
	uint8_t data[ICE_CHECK_MAX];
};

/* Outcomes of feeding a message. */
enum {
	ICE_E_CREDENTIALS = 1, /* user name or integrity is not of this agent: try another */
	ICE_E_ROLE,            /* USE-CANDIDATE to a controlling agent: no answer */
	ICE_E_DISCARDED,       /* from an invalidated candidate: no answer */
	ICE_E_NO_LOCAL,        /* came to no local candidate of ours: no answer */
	ICE_E_QUOTA,           /* one source too many: no answer */
	ICE_E_MALFORMED,       /* lacks USERNAME, PRIORITY or MESSAGE-INTEGRITY, or XOR-MAPPED-ADDRESS; another type */
	ICE_E_UNKNOWN_TRANSACTION, /* none of the stored attempts waits for it: late, repeated, or invented */
	ICE_E_ERROR_RESPONSE,  /* ignored, as 487 is */
};
/* A Binding request received from `from` at our address `at`. 0: *ret is the answer; or ICE_E_*. */
int ice_request_in(struct ice_agent *a, const struct stun_message *m, const struct cp_addr *at,
		   const struct cp_addr *from, cp_time now, struct ice_send *ret);
/* A Binding success or error response. 0, or ICE_E_*. */
int ice_response_in(struct ice_agent *a, const struct stun_message *m, cp_time now);

/* Requests that something else has answered for this agent: the same state machine, without the answer. Of one report at
 * most 3 nominations count towards following the peer (§6, trap 12): reports of several pairs about the same seconds
 * arrive one after the other. 0, or ICE_E_*. */
struct ice_report {
	struct cp_addr at, from;
	uint32_t priority;
	uint32_t requests;     /* how many this report stands for; > 0 */
	uint32_t nominations;  /* of them with USE-CANDIDATE */
	uint64_t last_ago_ns;  /* since the last of them */
};
int ice_report_in(struct ice_agent *a, const struct ice_report *r, cp_time now);

/* Prunes pairs, moves the state along. */
void ice_tick(struct ice_agent *a, cp_time now);
/* The most important check that is due; false: none is. The owner sends it, or drops it (no channel yet). */
bool ice_check_next(struct ice_agent *a, cp_time now, struct ice_send *ret);
cp_time ice_deadline(const struct ice_agent *a); /* CP_NEVER only when FAILED */

/* --- state --- */

enum ice_state { ICE_NEW, ICE_CHECKING, ICE_CONNECTED, ICE_COMPLETED, ICE_DISCONNECTED, ICE_FAILED };
enum ice_state ice_agent_state(const struct ice_agent *a);
const char *ice_state_name(enum ice_state s);
bool ice_agent_failed_for_want_of_candidates(const struct ice_agent *a);

struct ice_selection {
	/* Grows whenever another path is selected, or none; 0: nothing was ever selected. A candidate of the same path that
	 * turns out to be of another kind or priority leaves it. */
	uint32_t generation;
	bool exists;
	struct cp_addr from;   /* base */
	struct cp_addr to;
	uint8_t local_kind, remote_kind; /* enum ice_kind */
	uint64_t priority;
	/* Controlling: the pair selected before was left because its checks timed out, while this one works (§6, trap 12):
	 * the server-reflexive or relay candidate of ours that the peer knew it by; family CP_NONE: not so, or it knew none. */
	struct cp_addr abandoned;
	uint8_t abandoned_kind;
};
struct ice_selection ice_selection(const struct ice_agent *a);

/* Idle mode (§1.13): leaving it makes overdue checks due at once. All members > 0, max_retransmits <= 255; answers to
 * all but the last 12 checks of a pair are too late in any case. */
void ice_set_timing(struct ice_agent *a, const struct ice_timing *t, cp_time now);

struct ice_counters {
	uint64_t checks, checks_nominating, requests, requests_reported, responses, pairs_made, pairs_dropped, pairs_timed_out;
	uint64_t selections, followed; /* followed: by the countermeasure of trap 12 */
	uint64_t bad_credentials, bad_role, discarded, no_local, quota, malformed, unknown_transaction, error_responses;
};
/* From now on it counts there, so that an agent carries none. Borrowed; NULL, as at first: nobody counts. */
void ice_count_into(struct ice_agent *a, struct ice_counters *c);

unsigned int ice_pair_count(const struct ice_agent *a);
size_t ice_agent_bytes(const struct ice_agent *a); /* of memory, all told */

/* --- restart ---
 * Tie-breaker, timing, candidates with their priorities, pairs with their nomination and whether they work, the
 * selection. A restored agent sends its checks as if nothing had happened: no pair is given up before it has been
 * checked anew max_retransmits times. */
#define ICE_SAVE_MAX 8192u
/* Bytes written; whatever an agent may hold fits. */
size_t ice_save(const struct ice_agent *a, uint8_t ret[ICE_SAVE_MAX]);
/* Into a fresh agent with the same settings. 0, or the agent is as fresh as it was: -EPROTO, malformed; -ENOMEM. */
int ice_restore(struct ice_agent *a, const uint8_t *data, size_t bytes, cp_time now);

#endif
