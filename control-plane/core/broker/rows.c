/* SPDX-License-Identifier: Apache-2.0 */
/* The tables that operators see, and scratch room for lists of resources: arrays that grow by doubling. */
#include <stdlib.h>

#include "broker/internal.h"

#define FIRST_ROOM 64u

/* The array with room for one more pointer; NULL: memory is short, and it is as it was. */
static void *grown(void *array, uint32_t n, uint32_t *room)
{
	if (n < *room)
		return array;
	uint32_t more = *room ? *room * 2 : FIRST_ROOM;
	array = realloc(array, more * sizeof(void *));
	*room = array ? more : *room;
	return array;
}

static bool list(struct broker_node ***rows, uint32_t *n_rows, uint32_t *room, struct broker_node *n)
{
	struct broker_node **more = grown(*rows, *n_rows, room);
	if (!more)
		return false;
	*rows = more;
	more[(*n_rows)++] = n;
	n->is_listed = true;
	return true;
}

bool broker_node_list(struct broker *b, struct broker_node *n)
{
	if (n->device.role == PORTAL_GATEWAY)
		return list(&b->gateways, &b->n_gateways, &b->room_gateways, n);
	return list(&b->clients, &b->n_clients, &b->room_clients, n);
}

bool broker_auth_list(struct broker *b, struct broker_auth *a)
{
	struct broker_auth **more = grown(b->auths, b->n_auths, &b->room_auths);
	if (!more)
		return false;
	b->auths = more;
	a->row = b->n_auths;
	more[b->n_auths++] = a;
	return true;
}

/* The last one takes the place of what is gone. */
void broker_auth_unlist(struct broker *b, struct broker_auth *a)
{
	struct broker_auth *last = b->auths[--b->n_auths];
	b->auths[a->row] = last;
	last->row = a->row;
}

bool broker_room_for(struct broker *b, size_t n_resources)
{
	const struct broker_resource **listed = realloc(b->listed, (n_resources + 1) * sizeof(struct broker_resource *));
	if (!listed)
		return false;
	b->listed = listed;
	struct portal_resource *views = realloc(b->views, (n_resources + 1) * sizeof(struct portal_resource));
	if (!views)
		return false;
	b->views = views;
	return true;
}
