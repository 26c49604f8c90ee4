/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Restart: what an agent cannot learn again without its peer noticing. Big-endian:
 *
 *   version, flags, tie-breaker, timing ×3, generation, selected, locals, remotes, pairs (counts)
 *   local:  kind, flags, priority, addr, base
 *   remote: kind, flags, priority, addr, raddr
 *   pair:   local, remote, seen as, flags, priority
 *
 * No times. Attempts are not kept: every pair is checked at once, with as many checks as a new one has, and that
 * outlasts a request of before. The candidates that were on their way have the full time to come again.
 */
#include "ice/agent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define VERSION         1u
#define ADDR_BYTES      19u
#define CANDIDATE_BYTES (6u + 2 * ADDR_BYTES)
#define PAIR_BYTES      12u
#define HEAD_BYTES      (2u + 8 + 12 + 4 + 4)
_Static_assert(HEAD_BYTES + (ICE_LOCALS_MAX + ICE_REMOTES_MAX) * CANDIDATE_BYTES + ICE_PAIRS_MAX * PAIR_BYTES <= ICE_SAVE_MAX,
	       "whatever an agent holds fits");

enum { CONTROLLING = 1, EXPECTS_MORE = 2 };
enum { DISCARDED = 1, CROSS_FAMILY = 2, OPTIMISTIC = 4, PAIRED = 8 };
enum { SUCCEEDED = 1, NOMINATED = 2 };

/* --- bytes --- */

struct cursor {
	const uint8_t *p, *end;
	bool bad;
};

static void put(uint8_t **p, uint64_t v, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++)
		*(*p)++ = (uint8_t)(v >> (8 * (bytes - 1 - i)));
}

static uint64_t get(struct cursor *c, unsigned int bytes)
{
	uint64_t v = 0;
	if ((size_t)(c->end - c->p) < bytes) {
		c->bad = true;
		return 0;
	}
	while (bytes-- > 0)
		v = v << 8 | *c->p++;
	return v;
}

static void put_addr(uint8_t **p, const struct cp_addr *a)
{
	put(p, a->family, 1);
	put(p, a->port, 2);
	memcpy(*p, a->ip, sizeof(a->ip));
	*p += sizeof(a->ip);
}

static bool tail_is_zero(const struct cp_addr *a, size_t used)
{
	for (size_t i = used; i < sizeof(a->ip); i++) {
		if (a->ip[i])
			return false;
	}
	return true;
}

static struct cp_addr get_addr(struct cursor *c, bool may_be_none)
{
	struct cp_addr a = {.family = (uint8_t)get(c, 1)};
	a.port = (uint16_t)get(c, 2);
	for (unsigned int i = 0; i < sizeof(a.ip); i++)
		a.ip[i] = (uint8_t)get(c, 1);
	if (a.family == CP_NONE)
		c->bad = c->bad || !may_be_none || a.port || !tail_is_zero(&a, 0);
	else
		c->bad = c->bad || (a.family != CP_V4 && a.family != CP_V6) || !tail_is_zero(&a, cp_ip_bytes(&a));
	return a;
}

/* --- saving --- */

static void put_local(uint8_t **p, const struct ice_local *l)
{
	put(p, l->kind, 1);
	put(p, (l->discarded ? DISCARDED : 0u) | (l->cross_family ? CROSS_FAMILY : 0u), 1);
	put(p, l->priority, 4);
	put_addr(p, &l->addr);
	put_addr(p, &l->base);
}

static void put_remote(uint8_t **p, const struct ice_remote *r)
{
	put(p, r->kind, 1);
	put(p, (r->discarded ? DISCARDED : 0u) | (r->optimistic ? OPTIMISTIC : 0u) | (r->paired ? PAIRED : 0u), 1);
	put(p, r->priority, 4);
	put_addr(p, &r->addr);
	put_addr(p, &r->raddr);
}

static void put_pair(uint8_t **p, const struct ice_pair *q)
{
	put(p, q->local, 1);
	put(p, q->remote, 1);
	put(p, q->seen_as, 1);
	put(p, (q->succeeded ? SUCCEEDED : 0u) | (q->nominated ? NOMINATED : 0u), 1);
	put(p, q->priority, 8);
}

static void put_head(uint8_t **p, const struct ice_agent *a)
{
	put(p, VERSION, 1);
	put(p, (a->controlling ? CONTROLLING : 0u) | (a->expects_more ? EXPECTS_MORE : 0u), 1);
	put(p, a->tie_breaker, 8);
	put(p, a->timing.initial_rto_ms, 4);
	put(p, a->timing.max_rto_ms, 4);
	put(p, a->timing.max_retransmits, 4);
	put(p, a->generation, 4);
	put(p, (uint8_t)a->selected, 1);
	put(p, a->n_locals, 1);
	put(p, a->n_remotes, 1);
	put(p, a->n_pairs, 1);
}

size_t ice_save(const struct ice_agent *a, uint8_t ret[ICE_SAVE_MAX])
{
	uint8_t *p = ret;
	put_head(&p, a);
	for (unsigned int i = 0; i < a->n_locals; i++)
		put_local(&p, &a->locals[i]);
	for (unsigned int i = 0; i < a->n_remotes; i++)
		put_remote(&p, &a->remotes[i]);
	for (unsigned int i = 0; i < a->n_pairs; i++)
		put_pair(&p, &a->pairs[i]);
	return (size_t)(p - ret);
}

/* --- restoring: into arrays of their own, which the agent gets when all of it has proved sound --- */

static bool kind_is_known(uint8_t kind)
{
	return kind >= ICE_HOST && kind <= ICE_RELAY;
}

static void get_local(struct cursor *c, struct ice_local *l)
{
	l->kind = (uint8_t)get(c, 1);
	uint64_t flags = get(c, 1);
	l->discarded = flags & DISCARDED;
	l->cross_family = (flags & CROSS_FAMILY) != 0;
	l->priority = (uint32_t)get(c, 4);
	l->addr = get_addr(c, false);
	l->base = get_addr(c, false);
	c->bad = c->bad || !kind_is_known(l->kind);
}

static void get_remote(struct cursor *c, struct ice_remote *r)
{
	r->kind = (uint8_t)get(c, 1);
	uint64_t flags = get(c, 1);
	r->discarded = flags & DISCARDED;
	r->optimistic = (flags & OPTIMISTIC) != 0;
	r->paired = (flags & PAIRED) != 0;
	r->priority = (uint32_t)get(c, 4);
	r->addr = get_addr(c, false);
	r->raddr = get_addr(c, true);
	c->bad = c->bad || !kind_is_known(r->kind);
}

static bool may_pair(const struct ice_local *l, const struct ice_remote *r)
{
	return (l->kind == ICE_HOST || l->kind == ICE_RELAY) && !l->discarded && !r->discarded &&
	       l->base.family == r->addr.family;
}

static void get_pair(struct cursor *c, struct ice_agent *a, struct ice_pair *p, cp_time now)
{
	p->local = (uint8_t)get(c, 1);
	p->remote = (uint8_t)get(c, 1);
	p->seen_as = (uint8_t)get(c, 1);
	uint64_t flags = get(c, 1);
	p->succeeded = flags & SUCCEEDED;
	p->nominated = (flags & NOMINATED) != 0;
	p->priority = get(c, 8);
	p->next_at = now;
	c->bad = c->bad || p->local >= a->n_locals || p->remote >= a->n_remotes || p->seen_as > a->n_locals ||
		 !may_pair(ice_pair_local(a, p), ice_pair_remote(a, p)) || (p > a->pairs && p[-1].priority < p->priority);
}

static void get_head(struct cursor *c, struct ice_agent *a)
{
	c->bad = get(c, 1) != VERSION;
	uint64_t flags = get(c, 1);
	a->expects_more = (flags & EXPECTS_MORE) != 0;
	a->tie_breaker = get(c, 8);
	a->timing.initial_rto_ms = (uint32_t)get(c, 4);
	a->timing.max_rto_ms = (uint32_t)get(c, 4);
	a->timing.max_retransmits = (uint32_t)get(c, 4);
	a->generation = (uint32_t)get(c, 4);
	a->selected = (int8_t)get(c, 1);
	a->n_locals = (uint8_t)get(c, 1);
	a->n_remotes = (uint8_t)get(c, 1);
	a->n_pairs = (uint8_t)get(c, 1);
	c->bad = c->bad || (flags & CONTROLLING) != a->controlling || a->timing.initial_rto_ms == 0 || a->timing.max_rto_ms == 0 ||
		 a->timing.max_retransmits == 0 || a->timing.max_retransmits > UINT8_MAX || a->n_locals > ICE_LOCALS_MAX ||
		 a->n_remotes > ICE_REMOTES_MAX || a->n_pairs > ICE_PAIRS_MAX || a->selected < ICE_NO_PAIR ||
		 a->selected >= a->n_pairs;
}

static bool allocate(struct ice_agent *a)
{
	a->locals = calloc(a->n_locals + 1u, sizeof(*a->locals));
	a->remotes = calloc(a->n_remotes + 1u, sizeof(*a->remotes));
	a->pairs = calloc(a->n_pairs + 1u, sizeof(*a->pairs));
	a->room_locals = (uint8_t)(a->n_locals + 1);
	a->room_remotes = (uint8_t)(a->n_remotes + 1);
	a->room_pairs = (uint8_t)(a->n_pairs + 1);
	return a->locals && a->remotes && a->pairs;
}

static void get_arrays(struct cursor *c, struct ice_agent *a, cp_time now)
{
	for (unsigned int i = 0; i < a->n_locals; i++)
		get_local(c, &a->locals[i]);
	for (unsigned int i = 0; i < a->n_remotes; i++)
		get_remote(c, &a->remotes[i]);
	for (unsigned int i = 0; i < a->n_pairs; i++)
		get_pair(c, a, &a->pairs[i], now);
}

static void free_arrays(struct ice_agent *a)
{
	free(a->locals);
	free(a->remotes);
	free(a->pairs);
}

static void adopt(struct ice_agent *a, const struct ice_agent *r, cp_time now)
{
	free_arrays(a);
	a->locals = r->locals;
	a->remotes = r->remotes;
	a->pairs = r->pairs;
	a->n_locals = r->n_locals, a->room_locals = r->room_locals;
	a->n_remotes = r->n_remotes, a->room_remotes = r->room_remotes;
	a->n_pairs = r->n_pairs, a->room_pairs = r->room_pairs;
	a->tie_breaker = r->tie_breaker;
	a->timing = r->timing;
	a->generation = r->generation;
	a->selected = r->selected;
	a->expects_more = r->expects_more;
	a->created = a->paired_at = now;
}

int ice_restore(struct ice_agent *a, const uint8_t *data, size_t bytes, cp_time now)
{
	struct cursor c = {.p = data, .end = data + bytes};
	struct ice_agent r = {.controlling = a->controlling};
	get_head(&c, &r);
	if (c.bad)
		return -EPROTO;
	bool room = allocate(&r);
	if (room)
		get_arrays(&c, &r, now);
	if (!room || c.bad || c.p != c.end) {
		free_arrays(&r);
		return room ? -EPROTO : -ENOMEM;
	}
	adopt(a, &r, now);
	ice_settle(a, now);
	return 0;
}
