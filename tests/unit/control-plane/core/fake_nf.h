/* SPDX-License-Identifier: Apache-2.0 */
/* A network function as the core sees it, in virtual time: answers what a real one answers, and remembers. */
#ifndef FAKE_NF_H
#define FAKE_NF_H

#include "core.h"

#define FAKE_PEERS 256
#define FAKE_STASH 32
#define FAKE_WORDS 64

struct fake_peer {
	struct nf_peer_upsert upsert;
	uint32_t epoch;
	bool closed, moved, initiated;
};

struct fake_record {
	struct nf_stash head;
	uint8_t data[16384];
};

struct fake {
	struct cp_core *core;
	cp_time now;
	bool there, connected, holds_replies; /* holds_replies: is silent */
	uint8_t boot;
	uint32_t epoch, upserts, syncs, n_peers, releases, release_within_ms, close_alls, resets, most_in_flight, in_flight, hellos_said;
	struct fake_peer peers[FAKE_PEERS];
	bool refuse_upserts;
	uint16_t holds_after; /* this type is not answered; 0: all are */
	int exit_code; /* -1: it runs */
	char report[512], last_log[1500];
	uint32_t files_wanted, operator_messages, syncs_when_told;
	struct nf_msg_hdr to_operator; /* last one */
	uint8_t operator_body[512];
	/* of a node with paths */
	bool has_wan; /* wan is 192.0.2.1 */
	uint32_t handshakes, removes, closes, stash_gets, n_stash;
	struct fake_record *stash; /* owned; FAKE_STASH of them */
	uint32_t n_words;
	struct cp_portal_word words[FAKE_WORDS]; /* for the portal */
	void (*injected)(struct fake *f, const struct nf_inject *i, const uint8_t *data); /* STUN; NULL: nobody cares */
	struct { uint8_t *bytes; size_t n; } queue[512]; /* owned from head to tail */
	uint32_t q_head, q_tail;
};

void fake_init(struct fake *f, const struct cp_settings *settings, uint32_t peers);
void fake_fini(struct fake *f);
/* Carries out outputs and answers until nothing happens. */
void fake_run(struct fake *f);
/* Moves time to the deadline or by ns, whichever comes first, as often as needed. */
void fake_advance(struct fake *f, uint64_t ns);
void fake_event(struct fake *f, uint16_t type, const void *body, size_t bytes);
void fake_restart(struct fake *f); /* a new process: no peers, no epoch */
void fake_vanish(struct fake *f);
void fake_unplug(struct fake *f); /* the same, and the core is not told, because it is gone */
void fake_operator(struct fake *f, uint32_t conn, uint16_t type, const void *body, size_t bytes);
struct cp_wanted fake_wanted(uint32_t first, uint32_t n);
struct fake_peer *fake_peer(struct fake *f, uint8_t id);

#endif
