/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of an agent. Candidates have slots that stay theirs while pairs name them; pairs lie in one array in
 * descending priority, so that the first that fits is the best. At a hundred thousand idle connections it is
 * the pairs that cost memory: of a check only the 8 random bytes of its transaction id and its time are kept.
 */
#ifndef CP_ICE_AGENT_H
#define CP_ICE_AGENT_H

#include "ice/ice.h"

#define ICE_ATTEMPTS         12u /* checks of a pair whose answers are still known */
#define ICE_PRFLX_LOCALS_MAX 4u  /* a peer invents mapped addresses at will */
#define ICE_NO_PAIR          (-1)

struct ice_local {
	struct cp_addr addr, base;
	uint32_t priority;
	uint8_t kind;
	bool cross_family : 1, discarded : 1;
};

struct ice_remote {
	struct cp_addr addr, raddr;
	uint32_t priority;
	uint8_t kind;
	bool discarded : 1;
	bool optimistic : 1; /* of our own making (§1.5.6) */
	bool paired : 1;     /* it once had a pair: if it has none now, its checks went unanswered */
};

struct ice_attempt {
	uint64_t rest; /* of the transaction id, as it lies in the message */
	cp_time sent;
};

struct ice_pair {
	uint64_t priority;
	cp_time next_at;      /* of its next check */
	cp_time requested_at; /* last request of the remote on it; 0: never */
	struct ice_attempt attempts[ICE_ATTEMPTS]; /* a ring */
	uint16_t answered;    /* bit per slot of the ring */
	uint8_t latest;       /* slot of the last attempt */
	uint8_t stored;       /* attempts, at most max_retransmits; may exceed the ring */
	uint8_t unanswered;   /* of them, since the last answered one */
	uint8_t local, remote; /* slots */
	uint8_t seen_as;      /* 1 + slot of the local candidate that the peer sees; 0: not known */
	uint8_t wanted;       /* requests with USE-CANDIDATE since the last request on the selected pair */
	bool succeeded : 1;
	bool nominated : 1;
	bool urgent : 1;      /* just nominated by us: its next check goes first */
	bool one_way : 1;     /* its checks went unanswered for too long, and only requests of the remote keep it */
};

struct ice_agent {
	struct cp_rng *rng;            /* borrowed */
	const uint8_t *owner_secret;   /* borrowed */
	struct ice_counters *counters; /* borrowed; NULL: nobody counts */
	struct ice_local *locals;      /* owned, as the next two */
	struct ice_remote *remotes;
	struct ice_pair *pairs;
	uint64_t tie_breaker;
	cp_time created;
	cp_time paired_at;       /* last known to have a pair, or created */
	cp_time disconnected_at; /* valid in ICE_DISCONNECTED */
	struct ice_timing timing;
	uint32_t owner;
	uint32_t generation;     /* of the selection */
	int8_t selected;         /* index of a pair, or ICE_NO_PAIR */
	uint8_t n_locals, n_remotes, n_pairs, room_locals, room_remotes, room_pairs;
	uint8_t state;           /* enum ice_state */
	uint8_t abandoned;       /* 1 + slot of a local candidate; 0: see struct ice_selection */
	uint8_t abandoning;      /* likewise, of the selected pair that was just given up: until another is chosen */
	bool controlling : 1, expects_more : 1;
	bool reselect : 1;       /* the selected pair was deleted and nothing was chosen since */
	struct ice_candidate *shown; /* = &shown_last, writable behind a const agent */
	struct ice_candidate shown_last; /* what ice_local_at() or ice_remote_at() returned last */
	const char *local_ufrag, *local_pwd, *remote_ufrag, *remote_pwd; /* into texts */
	uint16_t text_bytes;
	char texts[];
};

#define ICE_COUNT_N(a, what, n)                            \
	do {                                               \
		if ((a)->counters)                         \
			(a)->counters->what += (n);        \
	} while (0)
#define ICE_COUNT(a, what) ICE_COUNT_N(a, what, 1)

/* --- local.c, remote.c --- */

/* Host or relayed, in use, with this address; NULL: none. */
struct ice_local *ice_local_find(const struct ice_agent *a, const struct cp_addr *addr);
/* The candidate with the address that the peer saw; it is made if there is none. 1 + slot, or 0. */
uint8_t ice_local_seen_as(struct ice_agent *a, const struct cp_addr *mapped, const struct ice_local *from);
/* In use, with this address, of the highest priority. NULL and *ret_discarded: only discarded ones have it. */
struct ice_remote *ice_remote_find(const struct ice_agent *a, const struct cp_addr *addr, bool *ret_discarded);
/* Makes it peer-reflexive; NULL: quota. */
struct ice_remote *ice_remote_learn(struct ice_agent *a, const struct cp_addr *addr, uint32_t priority);

/* --- pairs.c --- */

static inline struct ice_local *ice_pair_local(const struct ice_agent *a, const struct ice_pair *p)
{
	return &a->locals[p->local];
}

static inline struct ice_remote *ice_pair_remote(const struct ice_agent *a, const struct ice_pair *p)
{
	return &a->remotes[p->remote];
}

/* The pair that sends from this base to this address, whichever candidates it is of. */
struct ice_pair *ice_pair_find(const struct ice_agent *a, const struct cp_addr *base, const struct cp_addr *to);
/* Makes it, unless one as good with the same base and destination is there. NULL: no new one. */
struct ice_pair *ice_pair_add(struct ice_agent *a, const struct ice_local *l, struct ice_remote *r, cp_time now);
/* With every candidate of the other side that is in use. */
void ice_pair_local_with_all(struct ice_agent *a, const struct ice_local *l, cp_time now);
void ice_pair_remote_with_all(struct ice_agent *a, struct ice_remote *r, cp_time now);
/* Only pairs that would be better than the selected one. */
void ice_pair_remote_with_better(struct ice_agent *a, struct ice_remote *r, cp_time now);
/* Its priority turned out to be lower than what its pairs were made with. */
void ice_pairs_lower(struct ice_agent *a, const struct ice_remote *r);
void ice_pairs_delete_of_local(struct ice_agent *a, const struct ice_local *l);
void ice_pairs_delete_of_remote(struct ice_agent *a, const struct ice_remote *r);
bool ice_remote_has_pairs(const struct ice_agent *a, const struct ice_remote *r);
/* The local candidate by which the peer knows the path, if it was told of it and may be told that it is void (§6, trap 12,
 * trap 14). 1 + slot, or 0. */
uint8_t ice_pair_known_as(const struct ice_agent *a, const struct ice_pair *p);
/* Deletes those whose checks went unanswered for too long. */
void ice_pairs_prune(struct ice_agent *a, cp_time now);

/* --- check.c --- */

/* The attempt with this rest of a transaction id that waits for its answer: its age, 0 being the last one; -1: none. */
int ice_pair_attempt(const struct ice_pair *p, uint64_t rest);
void ice_pair_answered(struct ice_pair *p, int age);
/* When its checks will have gone unanswered for too long, and when it is given up for that: it lives on for 15 s after a
 * request of the remote (§1.7, HEAD). CP_NEVER: not yet so many are unanswered. */
cp_time ice_pair_hopeless(const struct ice_agent *a, const struct ice_pair *p);
cp_time ice_pair_ends(const struct ice_agent *a, const struct ice_pair *p);
/* Evaluates anew when its next check is due. */
void ice_pair_schedule(const struct ice_agent *a, struct ice_pair *p, cp_time now);

/* --- nomination.c --- */

/* Chooses the selected pair anew. */
void ice_select(struct ice_agent *a, cp_time now);
/* Requests of the remote on a pair, the last of them at `last`; nominations of them with USE-CANDIDATE. */
void ice_pair_requested(struct ice_agent *a, struct ice_pair *p, uint32_t nominations, cp_time last);

/* --- state.c --- */

/* After every input: selection, then state. */
void ice_settle(struct ice_agent *a, cp_time now);
cp_time ice_state_deadline(const struct ice_agent *a);

/* Array growth by a few; false: out of memory. */
bool ice_room(void **array, uint8_t n, uint8_t *room, size_t bytes);

#endif
