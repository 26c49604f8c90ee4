/* SPDX-License-Identifier: Apache-2.0 */
/* The set of relays as relays.c (population), relays_choose.c (peers) and relays_credentials.c share it. */
#ifndef CP_BROKER_RELAYS_INTERNAL_H
#define CP_BROKER_RELAYS_INTERNAL_H

#include "broker/relays.h"

#define RELAY_SECRET_MAX 256 /* characters of a stamp secret; stock relays have 64 */

struct relay {
	struct portal_uuid id;
	enum broker_relay_kind kind;
	struct cp_addr ipv4, ipv6;
	const struct broker_relay *given; /* by the file: lies in the facts */
	char *stamp_secret;               /* registered: owned, to be wiped */
	uint64_t conn;                    /* registered, as long as it is online */
	uint64_t version;                 /* of what peers are told of it; no two are the same */
	uint64_t first_version;           /* what was given with an earlier one was another relay of this id */
	cp_time listens_at;               /* not listening yet, presumably; 0: it does */
	cp_time gone_at;                  /* CP_NEVER: is there */
	uint32_t peers;                   /* that have it */
};

struct broker_relays {
	const struct broker_facts *facts; /* borrowed */
	struct relay *list;               /* owned; those of the file first, in its order */
	size_t n, room;
	uint64_t last_version;
	bool is_pending;
};

struct relay *relays_find(const struct broker_relays *s, const struct portal_uuid *id);
static inline bool relay_is_online(const struct relay *r)
{
	return r->gone_at == CP_NEVER;
}

/* relays_credentials.c: fills in slot i of the list, and what the two families of the relay have in common. */
struct portal_relay relay_credentials(const struct relay *r, const struct broker_relay_user *who, size_t i,
				      struct broker_relay_list *ret);

#endif
