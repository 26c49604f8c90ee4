/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Candidates of peers that nobody has authorised yet: portal nodes may deliver them before the authorisation
 * (connectivity §1.5.4). At most CONN_EARLY_MAX of each of CONN_EARLY_PEERS_MAX peers, for 10 s from the first.
 */
#ifndef CP_CONN_EARLY_H
#define CP_CONN_EARLY_H

#include "base/map.h"
#include "base/time.h"
#include "conn/conn.h"

#define EARLY_TIME (10 * CP_S)

struct early_peer;
struct early {
	struct cp_map peers;
	struct early_peer *first, *last; /* owned; in the order in which they expire */
};

void early_init(struct early *e, const uint8_t secret[16]);
void early_fini(struct early *e);
/* 0; 1: it is there; -ENOSPC: a quota; -ENOMEM. */
int early_add(struct early *e, const uint8_t id[CONN_ID_BYTES], const struct ice_candidate *c, cp_time now);
/* False: it is not there. */
bool early_remove(struct early *e, const uint8_t id[CONN_ID_BYTES], const struct ice_candidate *c);
/* The candidates of a peer that has become known, in the order in which they came, at most max; they are forgotten
 * here. */
unsigned int early_take(struct early *e, const uint8_t id[CONN_ID_BYTES], struct ice_candidate *ret, unsigned int max);
/* Forgets what is too old; returns how many candidates that were. */
unsigned int early_expire(struct early *e, cp_time now);
cp_time early_deadline(const struct early *e); /* CP_NEVER: it is empty */

#endif
