/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which connections can exist: from the kinds of NATs, the addresses and the relays alone, by the rules of RFC 4787 and of
 * TURN, without running anything. Where that depends on luck (which relay is chosen, whether hairpinning meets an address)
 * it says so.
 */
#ifndef SIM_ORACLE_H
#define SIM_ORACLE_H

#include "world.h"

enum verdict { ORACLE_NO = 0, ORACLE_MAYBE, ORACLE_YES };
struct oracle {
	enum verdict direct, relayed, any;
};

struct oracle oracle_of(const struct world *w, const struct host *a, const struct host *b);
/* From the moment the client asks until data can flow, at most, if nothing is lost on the way. */
cp_time oracle_bound(const struct world *w, const struct host *a, const struct host *b);

#endif
