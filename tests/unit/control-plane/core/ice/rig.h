/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One agent, its clock, and hands that play its peer. Every message that comes out is checked to be sound, and
 * after every step the deadline lies ahead. Addresses: our hosts are 10.0.0.n:52625, our relays 203.0.113.n:60000,
 * the peer's addresses 198.51.100.n:52625.
 */
#ifndef TEST_ICE_RIG_H
#define TEST_ICE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ice/ice.h"

#define START  (1000 * CP_S)
#define RIG_LOG 1024u

struct rig_check {
	cp_time at;
	struct ice_send send;
	bool nominates;
};

struct rig {
	struct ice_agent *agent;
	struct ice_settings settings;
	struct ice_counters n;
	struct cp_rng rng;
	cp_time now;
	struct rig_check log[RIG_LOG]; /* checks in the order in which they went out */
	unsigned int logged;
};

extern const uint8_t rig_secret[16];

void rig_init(struct rig *r, bool controlling);
void rig_fini(struct rig *r);
/* The same agent anew, after its process was restarted. */
void rig_renew(struct rig *r);

struct cp_addr our_host(unsigned int n);
struct cp_addr our_relay(unsigned int n);
struct cp_addr peers(unsigned int n);
struct ice_candidate announced(enum ice_kind kind, const struct cp_addr *addr, uint32_t priority);

int rig_add_host(struct rig *r, unsigned int n);
int rig_add_relay(struct rig *r, unsigned int n);
/* With the first priority of that kind, less n. */
int rig_add_remote(struct rig *r, enum ice_kind kind, unsigned int n);
bool rig_remove_remote(struct rig *r, enum ice_kind kind, unsigned int n);

/* Sends what is due now. */
void rig_step(struct rig *r);
/* Lives through all deadlines up to and including `until`. */
void rig_run(struct rig *r, cp_time until);
/* Likewise, and every check to one of the peers(1 … 8) whose bit is set is answered at once. */
void rig_run_answering(struct rig *r, cp_time until, unsigned int peers_mask);

/* The peer answers a check: as seen at `mapped`. */
int rig_answer(struct rig *r, const struct ice_send *check, const struct cp_addr *mapped);
/* The last check that was sent from there to there; NULL: none. */
const struct rig_check *rig_last(const struct rig *r, const struct cp_addr *from, const struct cp_addr *to);
unsigned int rig_count(const struct rig *r, const struct cp_addr *from, const struct cp_addr *to);

/* A request of the peer. 0: answered, soundly, into *ret (may be NULL). */
int rig_request(struct rig *r, const struct cp_addr *at, const struct cp_addr *from, bool use_candidate, struct ice_send *ret);
int rig_report(struct rig *r, const struct cp_addr *at, const struct cp_addr *from, uint32_t requests, uint32_t nominations);
/* Of whatever contents. */
struct request {
	const char *username, *password;
	uint32_t priority;
	uint16_t type;
	bool use_candidate, lacks_username, lacks_priority, lacks_integrity, lacks_fingerprint, unknown_attribute;
	uint8_t txid[STUN_TXID_BYTES];
};
struct request rig_good_request(const struct rig *r);
int rig_raw_request(struct rig *r, const struct request *q, const struct cp_addr *at, const struct cp_addr *from,
		    struct ice_send *ret);

struct cp_addr rig_selected_to(const struct rig *r);
bool same(const struct cp_addr *a, const struct cp_addr *b);

#endif
