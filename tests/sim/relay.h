/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TURN server by its behaviour on the wire: the stock relay (everything but Binding signed, also 401 and 438; relays
 * only through channels; connectivity §2.1–2.3, 2.7), and a third-party one (unsigned errors until there is a nonce,
 * ADDITIONAL-ADDRESS-FAMILY by its RFC 8656 number, 420 on a Refresh that carries REQUESTED-TRANSPORT).
 */
#ifndef SIM_RELAY_H
#define SIM_RELAY_H

#include <stdbool.h>

#include "net.h"
#include "stun/stun.h"

#define RELAY_PORT     3478
#define RELAY_NAME_MAX 64u
#define RELAY_NONCES   256u

enum relay_kind { RELAY_STOCK = 1, RELAY_THIRD_PARTY };

struct relay_settings {
	enum relay_kind kind;
	uint32_t nonce_uses;   /* requests that a nonce is good for; 0: 10 000 */
	bool one_per_username; /* a new allocation of a user deletes its older one */
	uint32_t lifetime_s;   /* of allocations; 0: 600 */
};

struct relay_counters {
	uint64_t bindings, allocates, refreshes, releases, binds;     /* requests of each kind, whatever became of them */
	uint64_t allocated, refreshed, released, bound;               /* successes */
	uint64_t e400, e401, e420, e437, e438, e443;
	uint64_t relayed_out, relayed_in, no_channel, no_allocation;
};

struct relay_allocation;
struct relay {
	struct relay_settings s;
	struct nic nic;
	struct cp_addr server[2]; /* [0] IPv4, [1] IPv6; family CP_NONE: it has none */
	uint64_t secret;          /* passwords are made of it */
	struct dice dice;
	char nonce[RELAY_NONCES][40]; /* the latest of those that were given out */
	uint32_t uses[RELAY_NONCES], n_nonces;
	struct relay_allocation *allocations;
	uint16_t next_port;
	struct relay_counters count;
};

void relay_init(struct relay *r, const char *name, const struct relay_settings *s, struct zone *z, const struct cp_addr *v4,
		const struct cp_addr *v6, struct dice d);
void relay_fini(struct relay *r);
/* What the portal tells a user of this relay; follows the secret. */
void relay_password(const struct relay *r, const char *username, char ret[RELAY_NAME_MAX]);
/* It comes back and knows nobody; credentials stay. */
void relay_restart(struct relay *r);
void relay_change_secret(struct relay *r);
unsigned int relay_allocations(const struct relay *r);

#endif
