/* SPDX-License-Identifier: Apache-2.0 */
/* The checklist (§1.6): pairs in descending priority; of two with one base and one destination only the better stays. */
#include "ice/agent.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_TO_SPARE 4u /* freed when pairs have died */

static int find(const struct ice_agent *a, const struct cp_addr *base, const struct cp_addr *to)
{
	for (int i = 0; i < a->n_pairs; i++) {
		const struct ice_pair *p = &a->pairs[i];
		if (cp_addr_equal(&ice_pair_remote(a, p)->addr, to) && cp_addr_equal(&ice_pair_local(a, p)->base, base))
			return i;
	}
	return ICE_NO_PAIR;
}

struct ice_pair *ice_pair_find(const struct ice_agent *a, const struct cp_addr *base, const struct cp_addr *to)
{
	int i = find(a, base, to);
	return i == ICE_NO_PAIR ? NULL : &a->pairs[i];
}

static void take_out(struct ice_agent *a, int i)
{
	a->n_pairs--;
	memmove(&a->pairs[i], &a->pairs[i + 1], (size_t)(a->n_pairs - i) * sizeof(*a->pairs));
	if (a->selected == i)
		a->selected = ICE_NO_PAIR;
	else if (a->selected > i)
		a->selected--;
}

static void delete(struct ice_agent *a, int i)
{
	a->reselect = a->reselect || a->selected == i;
	take_out(a, i);
}

/* Behind all of the same priority: what came first stays first. */
static int put_in(struct ice_agent *a, const struct ice_pair *p)
{
	int i = a->n_pairs;
	while (i > 0 && a->pairs[i - 1].priority < p->priority)
		i--;
	memmove(&a->pairs[i + 1], &a->pairs[i], (size_t)(a->n_pairs - i) * sizeof(*a->pairs));
	a->pairs[i] = *p;
	a->n_pairs++;
	if (a->selected >= i)
		a->selected++;
	return i;
}

/* The path is the same, so what is known of it stays true; its checks begin anew. */
static struct ice_pair *replace(struct ice_agent *a, int old, struct ice_pair *fresh)
{
	const struct ice_pair *p = &a->pairs[old];
	bool was_selected = a->selected == old;
	fresh->requested_at = p->requested_at;
	fresh->seen_as = p->seen_as;
	fresh->nominated = p->nominated;
	fresh->succeeded = p->nominated && p->succeeded;
	fresh->urgent = p->nominated && a->controlling;
	take_out(a, old);
	int i = put_in(a, fresh);
	if (was_selected)
		a->selected = (int8_t)i;
	return &a->pairs[i];
}

/* Full: the least important goes, were it the new one. The selected one is not given up for a better promise. */
static bool make_way(struct ice_agent *a, uint64_t priority)
{
	int victim = a->n_pairs - 1;
	if (a->n_pairs < ICE_PAIRS_MAX)
		return true;
	victim -= victim == a->selected;
	ICE_COUNT(a, pairs_dropped);
	if (a->pairs[victim].priority >= priority)
		return false;
	delete(a, victim);
	return true;
}

static struct ice_pair *insert(struct ice_agent *a, const struct ice_pair *p)
{
	void *array = a->pairs;
	if (!make_way(a, p->priority) || !ice_room(&array, a->n_pairs, &a->room_pairs, sizeof(*a->pairs)))
		return NULL;
	a->pairs = array;
	return &a->pairs[put_in(a, p)];
}

static uint64_t priority_of(const struct ice_agent *a, const struct ice_local *l, const struct ice_remote *r)
{
	return a->controlling ? ice_pair_priority(l->priority, r->priority) : ice_pair_priority(r->priority, l->priority);
}

struct ice_pair *ice_pair_add(struct ice_agent *a, const struct ice_local *l, struct ice_remote *r, cp_time now)
{
	int same = find(a, &l->base, &r->addr);
	struct ice_pair fresh = {.local = (uint8_t)(l - a->locals), .remote = (uint8_t)(r - a->remotes), .next_at = now};
	fresh.priority = priority_of(a, l, r);
	r->paired = true;
	if (same != ICE_NO_PAIR) {
		const struct ice_pair *p = &a->pairs[same];
		bool of_these_two = p->local == fresh.local && p->remote == fresh.remote;
		if (of_these_two || p->priority >= fresh.priority)
			return NULL;
	}
	struct ice_pair *p = same != ICE_NO_PAIR ? replace(a, same, &fresh) : insert(a, &fresh);
	if (p)
		ICE_COUNT(a, pairs_made);
	return p;
}

void ice_pairs_lower(struct ice_agent *a, const struct ice_remote *r)
{
	for (int i = 0; i < a->n_pairs;) {
		struct ice_pair p = a->pairs[i];
		uint64_t priority = priority_of(a, ice_pair_local(a, &p), r);
		bool was_selected = a->selected == i;
		if (ice_pair_remote(a, &p) != r || priority >= p.priority) {
			i++;
			continue;
		}
		p.priority = priority;
		take_out(a, i);
		int now_at = put_in(a, &p);
		if (was_selected)
			a->selected = (int8_t)now_at;
	}
}

void ice_pair_local_with_all(struct ice_agent *a, const struct ice_local *l, cp_time now)
{
	for (unsigned int i = 0; i < a->n_remotes; i++) {
		struct ice_remote *r = &a->remotes[i];
		if (!r->discarded && r->addr.family == l->addr.family)
			ice_pair_add(a, l, r, now);
	}
}

static void pair_remote_above(struct ice_agent *a, struct ice_remote *r, uint64_t floor, cp_time now)
{
	for (unsigned int i = 0; i < a->n_locals; i++) {
		const struct ice_local *l = &a->locals[i];
		bool sends = l->kind == ICE_HOST || l->kind == ICE_RELAY;
		if (sends && !l->discarded && l->addr.family == r->addr.family && priority_of(a, l, r) > floor)
			ice_pair_add(a, l, r, now);
	}
}

void ice_pair_remote_with_all(struct ice_agent *a, struct ice_remote *r, cp_time now)
{
	pair_remote_above(a, r, 0, now);
}

void ice_pair_remote_with_better(struct ice_agent *a, struct ice_remote *r, cp_time now)
{
	pair_remote_above(a, r, a->selected == ICE_NO_PAIR ? 0 : a->pairs[a->selected].priority, now);
}

bool ice_remote_has_pairs(const struct ice_agent *a, const struct ice_remote *r)
{
	for (unsigned int i = 0; i < a->n_pairs; i++) {
		if (ice_pair_remote(a, &a->pairs[i]) == r)
			return true;
	}
	return false;
}

void ice_pairs_delete_of_local(struct ice_agent *a, const struct ice_local *l)
{
	for (int i = a->n_pairs - 1; i >= 0; i--) {
		if (ice_pair_local(a, &a->pairs[i]) == l)
			delete(a, i);
	}
}

void ice_pairs_delete_of_remote(struct ice_agent *a, const struct ice_remote *r)
{
	for (int i = a->n_pairs - 1; i >= 0; i--) {
		if (ice_pair_remote(a, &a->pairs[i]) == r)
			delete(a, i);
	}
}

uint8_t ice_pair_known_as(const struct ice_agent *a, const struct ice_pair *p)
{
	if (ice_pair_local(a, p)->kind == ICE_RELAY)
		return (uint8_t)(p->local + 1);
	return p->seen_as && a->locals[p->seen_as - 1].kind == ICE_SRFLX ? p->seen_as : 0;
}

static void give_up(struct ice_agent *a, int i)
{
	if (a->selected == i)
		a->abandoning = ice_pair_known_as(a, &a->pairs[i]);
	delete(a, i);
	ICE_COUNT(a, pairs_timed_out);
}

static void shrink(struct ice_agent *a)
{
	if ((unsigned int)(a->room_pairs - a->n_pairs) < ROOM_TO_SPARE || a->n_pairs == 0)
		return;
	void *smaller = realloc(a->pairs, a->n_pairs * sizeof(*a->pairs));
	if (!smaller)
		return;
	a->pairs = smaller;
	a->room_pairs = a->n_pairs;
}

void ice_pairs_prune(struct ice_agent *a, cp_time now)
{
	unsigned int before = a->n_pairs;
	for (int i = a->n_pairs - 1; i >= 0; i--) {
		if (now >= ice_pair_ends(a, &a->pairs[i]))
			give_up(a, i);
		else if (now >= ice_pair_hopeless(a, &a->pairs[i]))
			a->pairs[i].one_way = true; /* anything that works is better */
	}
	if (a->n_pairs < before)
		shrink(a);
}
