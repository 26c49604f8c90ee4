/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One TURN client in virtual time. What it sends and tells is drained after every input and kept for the
 * test; answers are made by the test (answer_*), or by a relay that knows its business (relay.h).
 */
#ifndef TURN_WORLD_H
#define TURN_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "stun/stun.h"
#include "turn/turn.h"

#define START (1000 * CP_S)
#define MS    CP_MS
#define S     CP_S

struct sent {
	cp_time at;
	struct cp_addr to;
	struct stun_message m; /* borrows data */
	uint16_t bytes;
	uint8_t *data; /* owned */
};

struct relay;

struct world {
	struct cp_rng rng;
	struct turn *t;
	struct turn_settings settings;
	cp_time now;
	struct sent *sent; /* all of them, since the last world_forget() */
	unsigned int n_sent, sent_room;
	struct turn_event *events;
	unsigned int n_events, events_room;
	uint8_t key[16];      /* what answers are signed with */
	struct relay *relay;  /* answers whatever is sent, rtt later; NULL: the test does */
	cp_time rtt;
	unsigned int n_answered; /* of sent, by the relay */
};

extern const struct cp_addr server_v4, local_v4, mapped_v4, relayed_v4, relayed_v6;
struct cp_addr v6(const char *ip, uint16_t port);
struct cp_addr peer_at(unsigned int i); /* of IPv4, one for each i < 2^24 */

/* seed: of the client's randomness. Both addresses; text defaults are those of the vectors. */
struct turn_settings settings_default(void);
void world_open(struct world *w, struct turn_settings settings, uint8_t seed);
void world_close(struct world *w);
void world_drain(struct world *w);
/* Ticks at every deadline up to and including `until`, which is then; each time the next one must lie ahead. */
void world_run(struct world *w, cp_time until);
/* The same, answering Bindings at once. */
void world_run_alive(struct world *w, cp_time until);
void world_forget(struct world *w);
/* Saved parts of w into a fresh client of the same settings, which takes its place. */
void world_restart(struct world *w);

/* The i-th transmission, the newest of a type; fails if there is none. */
const struct sent *newest(const struct world *w, uint16_t type);
unsigned int count_sent(const struct world *w, uint16_t type);
unsigned int count_events(const struct world *w, enum turn_event_kind kind);
const struct turn_event *newest_event(const struct world *w, enum turn_event_kind kind);

enum sign { SIGNED, UNSIGNED, BADLY };
struct answer {
	uint16_t type;   /* method and class */
	uint16_t code;   /* 0: none */
	const char *nonce, *realm;
	struct cp_addr mapped, relayed[2];
	bool has_lifetime;
	uint32_t lifetime;
	uint16_t refused[4]; /* UNKNOWN-ATTRIBUTES, ends with 0 */
	enum sign sign;
};
/* Feeds it as the response to s; what turn_stun_in() said. */
int answer(struct world *w, const struct sent *s, struct answer a);
int answer_binding(struct world *w, const struct sent *s);
int answer_error(struct world *w, const struct sent *s, uint16_t code, const char *nonce);
int answer_allocate(struct world *w, const struct sent *s);
int answer_ok(struct world *w, const struct sent *s); /* Refresh with 600 s, or ChannelBind */
/* Binding, 401, Allocate: allocated over IPv4, everything drained and forgotten. */
void world_allocate(struct world *w);
/* A confirmed channel to the peer. */
uint16_t world_channel(struct world *w, const struct cp_addr *peer);

#endif
