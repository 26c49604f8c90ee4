/* SPDX-License-Identifier: Apache-2.0 */
/* Handles of connections: 20 bits of slot, 12 bits that tell its successive tenants apart. */
#include <stdlib.h>

#include "conn/node.h"

#define SLOT_BITS  20u
#define FIRST_ROOM 16u

static bool grow(struct conn_node *n)
{
	uint32_t room = n->n_slots ? n->n_slots * 2 : FIRST_ROOM;
	struct slot *grown = room <= CONNS_MAX ? realloc(n->slots, room * sizeof(*grown)) : NULL;
	if (!grown)
		return false;
	for (uint32_t i = n->n_slots; i < room; i++)
		grown[i] = (struct slot){.next_free = i + 1 < room ? i + 2 : 0};
	n->slots = grown;
	n->free_slot = n->n_slots + 1;
	n->n_slots = room;
	return true;
}

bool slots_take(struct conn_node *n, struct connection *c)
{
	if (n->free_slot == 0 && !grow(n))
		return false;
	uint32_t i = n->free_slot - 1;
	struct slot *s = &n->slots[i];
	n->free_slot = s->next_free;
	s->conn = c;
	c->owner = i | s->generation << SLOT_BITS;
	return true;
}

void slots_give(struct conn_node *n, struct connection *c)
{
	uint32_t i = c->owner & (CONNS_MAX - 1);
	struct slot *s = &n->slots[i];
	s->conn = NULL;
	s->generation++;
	s->next_free = n->free_slot;
	n->free_slot = i + 1;
}

struct connection *connection_by_owner(const struct conn_node *n, uint32_t owner)
{
	uint32_t i = owner & (CONNS_MAX - 1);
	struct connection *c = i < n->n_slots ? n->slots[i].conn : NULL;
	return c && c->owner == owner ? c : NULL;
}

struct connection *connection_walk(const struct conn_node *n, uint32_t *i)
{
	while (*i < n->n_slots) {
		struct connection *c = n->slots[(*i)++].conn;
		if (c)
			return c;
	}
	return NULL;
}
