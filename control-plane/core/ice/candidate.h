/* SPDX-License-Identifier: Apache-2.0 */
/* ICE candidates: their text (connectivity §1.5.2) and priorities (§1.5.3). No state; any thread. */
#ifndef CP_ICE_CANDIDATE_H
#define CP_ICE_CANDIDATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define ICE_UFRAG_MAX      32u /* characters; the portal's have 4 */
#define ICE_PWD_MAX        128u /* likewise 22 */
#define ICE_CANDIDATE_TEXT 256u /* of any that is emitted here, NUL included */

enum ice_kind { ICE_HOST = 1, ICE_PRFLX, ICE_SRFLX, ICE_RELAY };
const char *ice_kind_name(enum ice_kind kind);

struct ice_candidate {
	struct cp_addr addr;  /* where it is reached */
	struct cp_addr base;  /* local: what it is sent from (host: itself; relay: the relayed address) */
	struct cp_addr raddr; /* remote: as announced; family CP_NONE: not at all. Part of its identity */
	uint32_t priority;
	uint8_t kind;     /* enum ice_kind */
	bool cross_family; /* relay: reached over the other family */
	char ufrag[ICE_UFRAG_MAX + 1]; /* remote: as announced; "": not at all */
};

/* Outcomes of ice_candidate_parse(). */
enum {
	ICE_E_NOT_A_CANDIDATE = 1, /* text, an unknown kind, no address, a number out of range */
	ICE_E_NOT_USABLE,          /* well-formed, but not component 1 over UDP, or nowhere that one host can be */
};
/* Any white space between fields, extensions in any order. 0, or ICE_E_*; *ret only on 0, its base is addr. */
int ice_candidate_parse(const char *text, size_t bytes, struct ice_candidate *ret);
/* One space between fields, raddr/rport hidden as 0.0.0.0 or :: for all but host, ufrag last unless "" or NULL. Returns
 * its length. */
size_t ice_candidate_format(const struct ice_candidate *c, const char *ufrag, char ret[ICE_CANDIDATE_TEXT]);
/* Same kind, address and raddr: what an invalidation is matched on (§1.5.7). */
bool ice_candidate_same(const struct ice_candidate *a, const struct ice_candidate *b);

/* nth: 0, 1, … of that kind and family in the agent. */
uint32_t ice_priority(enum ice_kind kind, uint8_t family, unsigned int nth, bool cross_family);
/* PRIORITY of a check from a local candidate: type preference 110, its own local preference. */
uint32_t ice_check_priority(uint32_t local_priority);
/* RFC 8445 §6.1.2.3. */
uint64_t ice_pair_priority(uint32_t controlling, uint32_t controlled);
/* May it be a local candidate at all? No link-local, broadcast, multicast or unspecified address; loopback may. */
bool ice_address_is_usable(const struct cp_addr *a);

#endif
