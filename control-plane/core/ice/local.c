/* SPDX-License-Identifier: Apache-2.0 */
/* Local candidates. A discarded one keeps its slot until the slots run out: its priority is not given to another. */
#include "ice/agent.h"

#include <errno.h>

static struct ice_local *find_any(const struct ice_agent *a, enum ice_kind kind, const struct cp_addr *addr)
{
	for (unsigned int i = 0; i < a->n_locals; i++) {
		struct ice_local *l = &a->locals[i];
		if (l->kind == kind && cp_addr_equal(&l->addr, addr))
			return l;
	}
	return NULL;
}

bool ice_local_has(const struct ice_agent *a, enum ice_kind kind, const struct cp_addr *addr)
{
	const struct ice_local *l = find_any(a, kind, addr);
	return l && !l->discarded;
}

struct ice_local *ice_local_find(const struct ice_agent *a, const struct cp_addr *addr)
{
	for (unsigned int i = 0; i < a->n_locals; i++) {
		struct ice_local *l = &a->locals[i];
		if ((l->kind == ICE_HOST || l->kind == ICE_RELAY) && !l->discarded && cp_addr_equal(&l->addr, addr))
			return l;
	}
	return NULL;
}

/* Is the nth priority of that kind and family in use? */
static bool taken(const struct ice_agent *a, const struct ice_local *l, unsigned int nth)
{
	for (unsigned int i = 0; i < a->n_locals; i++) {
		const struct ice_local *o = &a->locals[i];
		if (o != l && o->kind == l->kind && o->addr.family == l->addr.family &&
		    o->priority == ice_priority(l->kind, l->addr.family, nth, o->cross_family))
			return true;
	}
	return false;
}

static uint32_t next_priority(const struct ice_agent *a, const struct ice_local *l)
{
	unsigned int nth = 0;
	while (taken(a, l, nth))
		nth++;
	return ice_priority(l->kind, l->addr.family, nth, l->cross_family);
}

/* It will be that of another candidate: nothing may remember it. */
static struct ice_local *reuse(struct ice_agent *a, unsigned int slot)
{
	a->abandoned = a->abandoned == slot + 1 ? 0 : a->abandoned;
	a->abandoning = a->abandoning == slot + 1 ? 0 : a->abandoning;
	for (unsigned int i = 0; i < a->n_pairs; i++)
		a->pairs[i].seen_as = a->pairs[i].seen_as == slot + 1 ? 0 : a->pairs[i].seen_as;
	return &a->locals[slot];
}

/* One beyond the used ones, or that of a discarded candidate; NULL: none, or out of memory (*ret_error). */
static struct ice_local *slot(struct ice_agent *a, int *ret_error)
{
	*ret_error = -ENOSPC;
	for (unsigned int i = 0; i < a->n_locals && a->n_locals == ICE_LOCALS_MAX; i++) {
		if (a->locals[i].discarded)
			return reuse(a, i);
	}
	if (a->n_locals == ICE_LOCALS_MAX)
		return NULL;
	*ret_error = -ENOMEM;
	void *array = a->locals;
	if (!ice_room(&array, a->n_locals, &a->room_locals, sizeof(*a->locals)))
		return NULL;
	a->locals = array;
	return &a->locals[a->n_locals++];
}

static struct ice_local *make(struct ice_agent *a, struct ice_local l, int *ret_error)
{
	struct ice_local *s = slot(a, ret_error);
	if (!s)
		return NULL;
	*s = l;
	s->priority = next_priority(a, s);
	return s;
}

int ice_local_add(struct ice_agent *a, enum ice_kind kind, const struct cp_addr *addr, const struct cp_addr *base,
		  bool cross_family, cp_time now)
{
	int error;
	struct ice_local *l = find_any(a, kind, addr);
	if (!ice_address_is_usable(addr) || kind == ICE_PRFLX)
		return -EINVAL;
	if (l && !l->discarded)
		return 1;
	bool known = l != NULL;
	if (known)
		l->discarded = false;
	else
		l = make(a, (struct ice_local){.addr = *addr, .base = *base, .kind = (uint8_t)kind, .cross_family = cross_family},
			 &error);
	if (!l)
		return error;
	if (kind == ICE_HOST || kind == ICE_RELAY)
		ice_pair_local_with_all(a, l, now);
	ice_settle(a, now);
	return known;
}

bool ice_local_remove(struct ice_agent *a, enum ice_kind kind, const struct cp_addr *addr, cp_time now)
{
	struct ice_local *l = find_any(a, kind, addr);
	if (!l || l->discarded)
		return false;
	l->discarded = true;
	ice_pairs_delete_of_local(a, l);
	ice_settle(a, now);
	return true;
}

static unsigned int count_prflx(const struct ice_agent *a)
{
	unsigned int n = 0;
	for (unsigned int i = 0; i < a->n_locals; i++)
		n += a->locals[i].kind == ICE_PRFLX;
	return n;
}

uint8_t ice_local_seen_as(struct ice_agent *a, const struct cp_addr *mapped, const struct ice_local *from)
{
	int error;
	const struct ice_local *seen = ice_local_find(a, mapped); /* rather the host candidate than a reflexive one */
	for (unsigned int i = 0; i < a->n_locals && !seen; i++)
		seen = cp_addr_equal(&a->locals[i].addr, mapped) ? &a->locals[i] : NULL;
	if (!seen && count_prflx(a) < ICE_PRFLX_LOCALS_MAX)
		seen = make(a, (struct ice_local){.addr = *mapped, .base = from->base, .kind = ICE_PRFLX}, &error);
	return seen ? (uint8_t)(seen - a->locals + 1) : 0;
}

static bool comes_before(const struct ice_local *l, const struct ice_local *o)
{
	return l->priority != o->priority ? l->priority > o->priority : l < o;
}

static unsigned int rank(const struct ice_agent *a, const struct ice_local *l)
{
	unsigned int n = 0;
	for (unsigned int i = 0; i < a->n_locals; i++)
		n += !a->locals[i].discarded && comes_before(&a->locals[i], l);
	return n;
}

static const struct ice_candidate *show(const struct ice_agent *a, const struct ice_local *l)
{
	*a->shown = (struct ice_candidate){.addr = l->addr, .base = l->base, .priority = l->priority, .kind = l->kind,
					   .cross_family = l->cross_family};
	return a->shown;
}

const struct ice_candidate *ice_local_at(const struct ice_agent *a, unsigned int i)
{
	for (unsigned int s = 0; s < a->n_locals; s++) {
		if (!a->locals[s].discarded && rank(a, &a->locals[s]) == i)
			return show(a, &a->locals[s]);
	}
	return NULL;
}
