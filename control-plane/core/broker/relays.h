/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The relays there are: those of the file, and those that registered themselves (portal §5.7); who is given which, by
 * what credentials (§5.1), and who must be told that something changed (§5.2, §5.6). Sans-IO, as broker.h has it.
 *
 *     relay joins, is lost ──┐            ┌── broker_relays_pending(): ask every connected peer …
 *     a new file ────────────┤   relays   ├── broker_relays_presence(): … whether it needs a push, and which
 *     time ──────────────────┘            └── broker_relays_deadline()
 *
 * A peer has at most two, chosen by a hash of the two ids, so that load spreads and the choice repeats; what it has is
 * kept as long as it is there. A relay whose socket closed is offered to nobody new, and is announced as gone after
 * relay_gone_after, unless it is back by then; another relay at its address supersedes it at once. A relay that joins
 * is told at once to those who have none, and again after relay_repeat_after to all who were told before it listened;
 * those who have one hear of it then. The credentials of a peer change exactly when its key, its token's end or the
 * relay's own secret does.
 */
#ifndef CP_BROKER_RELAYS_H
#define CP_BROKER_RELAYS_H

#include "broker/facts.h"
#include "portal/message.h"

#define BROKER_RELAYS_CHOSEN 2
#define BROKER_RELAYS_TOLD   8 /* what a peer that says it has none may be given */
#define BROKER_RELAY_FOREVER 2145916800 /* a gateway's credentials, and a client's whose token does not end (§5.1) */

struct broker_relays;

/* NULL: memory is short. The facts are borrowed until the next broker_relays_configure(). */
struct broker_relays *broker_relays_create(const struct broker_facts *f);
void broker_relays_free(struct broker_relays *s);
/* A new file. 0 or -ENOMEM, and nothing changed; after 0 the old facts are not used any more. */
int broker_relays_configure(struct broker_relays *s, const struct broker_facts *f, cp_time now);

/* A stock relay joined: available from now on (§5.7). conn: the connection's number. 0; -EINVAL: no address, or no
 * secret; -ENOSPC: beyond the quota; -ENOMEM. */
int broker_relays_join(struct broker_relays *s, uint64_t conn, const char *stamp_secret, const struct cp_addr *ipv4,
		       const struct cp_addr *ipv6, cp_time now);
/* Its connection ended; one that never joined is fine. */
void broker_relays_lost(struct broker_relays *s, uint64_t conn, cp_time now);
void broker_relays_tick(struct broker_relays *s, cp_time now);
/* When the next tick is due; CP_NEVER. */
cp_time broker_relays_deadline(const struct broker_relays *s);
/* True, once: something happened since the last time, so that every connected peer is to be asked with
 * broker_relays_presence(). */
bool broker_relays_pending(struct broker_relays *s);

/* What the set remembers of a connected peer. Zeroed: it was told nothing yet. */
struct broker_relay_peer {
	struct {
		struct portal_uuid id;
		uint64_t version; /* of what was told */
		bool is_early;    /* it was told before the relay listens */
	} given[BROKER_RELAYS_TOLD];
	uint8_t n;
};
/* Who asks. */
struct broker_relay_user {
	struct portal_uuid id;
	enum portal_role role;
	struct portal_key public_key;
	int64_t expires_at; /* client: of its token, PORTAL_NEVER */
};
/* Both lists of a message. Holds pointers into itself: not to be copied. To be wiped; what it borrows is valid until
 * the next input of the set. */
struct broker_relay_list {
	struct portal_relay relays[2 * BROKER_RELAYS_TOLD]; /* the two families of a relay side by side (§5.1) */
	size_t n;
	struct portal_uuid disconnected[BROKER_RELAYS_TOLD];
	size_t n_disconnected;
	struct {
		char username[80], password[48];
	} credentials[BROKER_RELAYS_TOLD]; /* secret */
};
void broker_relay_list_wipe(struct broker_relay_list *l);

/* For init, which is the whole truth of it: what the peer was given before is forgotten. */
void broker_relays_init(struct broker_relays *s, const struct broker_relay_user *who, struct broker_relay_peer *peer,
			struct broker_relay_list *ret);
/* True: the peer needs this relays_presence. */
bool broker_relays_presence(struct broker_relays *s, const struct broker_relay_user *who, struct broker_relay_peer *peer,
			    struct broker_relay_list *ret);
/* The answer to no_relays (§6.3 h): all relays, at most BROKER_RELAYS_TOLD, none disconnected. */
void broker_relays_all(struct broker_relays *s, const struct broker_relay_user *who, struct broker_relay_peer *peer,
		       struct broker_relay_list *ret);
/* The peer's connection ended: the set forgets what it had. */
void broker_relays_leave(struct broker_relays *s, struct broker_relay_peer *peer);

/* For operators. */
struct broker_relay_entry {
	struct portal_uuid id;
	struct cp_addr ipv4, ipv6;
	enum broker_relay_kind kind;
	bool online;
	uint32_t peers; /* connected ones that were given it */
};
bool broker_relays_entry(const struct broker_relays *s, size_t index, struct broker_relay_entry *ret);
/* The identity of a relay that registers itself: of its secret (§10.2). */
struct portal_uuid broker_relay_id(const char *stamp_secret);

#endif
