/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The NF's answering of checks: a table of local ufrag, remote ufrag and password. First sight, USE-CANDIDATE and changed
 * addresses are reported at once, the rest once per pair and second.
 */
#ifndef SIM_RESPONDER_H
#define SIM_RESPONDER_H

#include "conn/conn.h"
#include "stun/stun.h"
#include "wireguard.h"

struct host;

struct responder_entry {
	struct responder_entry *next;
	char ufrag[ICE_UFRAG_MAX + 1], remote_ufrag[ICE_UFRAG_MAX + 1], pwd[ICE_PWD_MAX + 1];
	uint8_t key[CONN_KEY_BYTES];
};

/* A pair that checks came on, and what of them is not reported yet. */
struct responder_pair {
	struct responder_pair *next;
	struct event due;
	struct host *host;
	struct responder_entry *entry;
	struct way way;
	uint32_t priority, requests, nominations;
	cp_time last, reported;
};

struct responder {
	struct responder_entry *entries;
	struct responder_pair *pairs;
};

void responder_set(struct host *h, const struct conn_out *o);
void responder_fini(struct host *h);
/* False: not a check that it knows; somebody else must look at it. */
bool responder_answers(struct host *h, const struct way *back, const uint8_t *data, size_t bytes);

#endif
