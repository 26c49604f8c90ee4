/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/early.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 4u

struct early_peer {
	struct cp_map_entry by_id;
	struct early_peer *previous, *next;
	cp_time until;
	uint8_t id[CONN_ID_BYTES];
	uint16_t n, room;
	struct ice_candidate *candidates; /* owned */
};

void early_init(struct early *e, const uint8_t secret[16])
{
	*e = (struct early){0};
	cp_map_init(&e->peers, secret);
}

static void forget(struct early *e, struct early_peer *p)
{
	cp_map_remove(&e->peers, &p->by_id);
	*(p->previous ? &p->previous->next : &e->first) = p->next;
	*(p->next ? &p->next->previous : &e->last) = p->previous;
	free(p->candidates);
	free(p);
}

void early_fini(struct early *e)
{
	while (e->first)
		forget(e, e->first);
	cp_map_fini(&e->peers);
}

static struct early_peer *find(const struct early *e, const uint8_t id[CONN_ID_BYTES])
{
	struct cp_map_entry *m = cp_map_find(&e->peers, id, CONN_ID_BYTES);
	return m ? (struct early_peer *)((char *)m - offsetof(struct early_peer, by_id)) : NULL;
}

static struct early_peer *peer_new(struct early *e, const uint8_t id[CONN_ID_BYTES], cp_time now)
{
	struct early_peer *p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	memcpy(p->id, id, sizeof(p->id));
	if (!cp_map_add(&e->peers, &p->by_id, p->id, sizeof(p->id))) {
		free(p);
		return NULL;
	}
	p->until = now + EARLY_TIME;
	p->previous = e->last;
	*(e->last ? &e->last->next : &e->first) = p;
	e->last = p;
	return p;
}

static struct ice_candidate *find_same(const struct early_peer *p, const struct ice_candidate *c)
{
	for (unsigned int i = 0; i < p->n; i++)
		if (ice_candidate_same(&p->candidates[i], c))
			return &p->candidates[i];
	return NULL;
}

static bool grow(struct early_peer *p)
{
	uint16_t room = p->room ? (uint16_t)(p->room * 2) : FIRST_ROOM;
	struct ice_candidate *grown = realloc(p->candidates, room * sizeof(*grown));
	if (!grown)
		return false;
	p->candidates = grown;
	p->room = room;
	return true;
}

int early_add(struct early *e, const uint8_t id[CONN_ID_BYTES], const struct ice_candidate *c, cp_time now)
{
	struct early_peer *p = find(e, id);
	if (p && find_same(p, c))
		return 1;
	if (p ? p->n >= CONN_EARLY_MAX : e->peers.n >= CONN_EARLY_PEERS_MAX)
		return -ENOSPC;
	if (!p && !(p = peer_new(e, id, now)))
		return -ENOMEM;
	if (p->n == p->room && !grow(p)) {
		if (p->n == 0)
			forget(e, p);
		return -ENOMEM;
	}
	p->candidates[p->n++] = *c;
	return 0;
}

bool early_remove(struct early *e, const uint8_t id[CONN_ID_BYTES], const struct ice_candidate *c)
{
	struct early_peer *p = find(e, id);
	struct ice_candidate *same = p ? find_same(p, c) : NULL;
	if (!same)
		return false;
	memmove(same, same + 1, (size_t)(p->candidates + p->n - (same + 1)) * sizeof(*same));
	if (--p->n == 0)
		forget(e, p);
	return true;
}

unsigned int early_take(struct early *e, const uint8_t id[CONN_ID_BYTES], struct ice_candidate *ret, unsigned int max)
{
	struct early_peer *p = find(e, id);
	if (!p)
		return 0;
	unsigned int n = p->n < max ? p->n : max;
	memcpy(ret, p->candidates, n * sizeof(*ret));
	forget(e, p);
	return n;
}

unsigned int early_expire(struct early *e, cp_time now)
{
	unsigned int n = 0;
	while (e->first && e->first->until <= now) {
		n += e->first->n;
		forget(e, e->first);
	}
	return n;
}

cp_time early_deadline(const struct early *e)
{
	return e->first ? e->first->until : CP_NEVER;
}
