/* SPDX-License-Identifier: Apache-2.0 */
/* What a relay remembers: allocations by client, channels by number and by peer. */
#ifndef SIM_RELAY_TABLE_H
#define SIM_RELAY_TABLE_H

#include "relay.h"

struct relay_channel {
	uint16_t number;
	struct cp_addr peer;
	cp_time until; /* stays reserved 5 min longer */
};

struct relay_allocation {
	struct relay_allocation *next;
	struct cp_addr client, server;
	struct cp_addr relayed[2];
	char username[RELAY_NAME_MAX];
	cp_time until;
	struct relay_channel *channels; /* owned */
	unsigned int n_channels;
};

struct relay_allocation *table_find(const struct relay *r, const struct cp_addr *client, const struct cp_addr *server);
struct relay_allocation *table_by_relayed(const struct relay *r, const struct cp_addr *relayed);
struct relay_allocation *table_add(struct relay *r, const struct cp_addr *client, const struct cp_addr *server,
				   const struct stun_text *username, bool both_families);
void table_refresh(struct relay *r, struct relay_allocation *a);
void table_remove(struct relay *r, struct relay_allocation *a);
void table_sweep(struct relay *r, cp_time now);

/* False: the number is another peer's, or the peer has another number. */
bool table_bind(struct relay *r, struct relay_allocation *a, uint16_t number, const struct cp_addr *peer);
/* NULL: there is none, or it has expired. */
const struct relay_channel *table_channel(const struct relay *r, const struct relay_allocation *a, uint16_t number);
const struct relay_channel *table_channel_to(const struct relay *r, const struct relay_allocation *a, const struct cp_addr *peer);

#endif
