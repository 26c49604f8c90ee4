/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which pair is used (§1.11). Controlling: the best that works, and every change is announced by USE-CANDIDATE.
 * Controlled: the best that was ever announced; and the one to which the peer has evidently moved (§6, trap 12).
 */
#include "ice/agent.h"

#define FOLLOW_AFTER    4u /* requests with USE-CANDIDATE while the selected pair sees none at all */
#define COUNT_AT_ONCE   3u /* of one report: a summary of one pair may precede that of another for the same time */

static bool is_eligible(const struct ice_agent *a, const struct ice_pair *p, bool also_one_way)
{
	return a->controlling ? p->succeeded && (also_one_way || !p->one_way) : p->nominated;
}

/* As good as the best is good enough to stay. */
static int best_of(const struct ice_agent *a, bool also_one_way)
{
	int i = 0;
	while (i < a->n_pairs && !is_eligible(a, &a->pairs[i], also_one_way))
		i++;
	if (i == a->n_pairs)
		return ICE_NO_PAIR;
	if (a->selected != ICE_NO_PAIR && is_eligible(a, &a->pairs[a->selected], also_one_way) &&
	    a->pairs[a->selected].priority == a->pairs[i].priority)
		return a->selected;
	return i;
}

static int best(const struct ice_agent *a)
{
	int i = best_of(a, false);
	return i == ICE_NO_PAIR ? best_of(a, true) : i;
}

static void nominate(struct ice_agent *a, struct ice_pair *p, cp_time now)
{
	p->nominated = true;
	if (!a->controlling)
		return;
	p->urgent = true;
	p->next_at = now;
}

static void forget_wanted(struct ice_agent *a)
{
	for (unsigned int i = 0; i < a->n_pairs; i++)
		a->pairs[i].wanted = 0;
}

static uint8_t abandoning(const struct ice_agent *a)
{
	bool leaves = a->selected != ICE_NO_PAIR && a->pairs[a->selected].one_way;
	return leaves ? ice_pair_known_as(a, &a->pairs[a->selected]) : a->abandoning;
}

void ice_select(struct ice_agent *a, cp_time now)
{
	int i = best(a);
	if (i == a->selected && !a->reselect)
		return;
	a->abandoned = a->controlling && i != ICE_NO_PAIR ? abandoning(a) : 0;
	a->abandoning = 0;
	a->reselect = false;
	a->selected = (int8_t)i;
	a->generation++;
	forget_wanted(a);
	if (i == ICE_NO_PAIR)
		return;
	ICE_COUNT(a, selections);
	nominate(a, &a->pairs[i], now);
}

/* The pairs before it are those that the peer has left: they need a new USE-CANDIDATE to come back. */
static void follow(struct ice_agent *a, struct ice_pair *p)
{
	for (struct ice_pair *o = a->pairs; o < a->pairs + a->n_pairs; o++)
		o->nominated = o->nominated && (o == p || o->priority < p->priority);
	ICE_COUNT(a, followed);
}

static bool is_selected(const struct ice_agent *a, const struct ice_pair *p)
{
	return a->selected != ICE_NO_PAIR && p == &a->pairs[a->selected];
}

void ice_pair_requested(struct ice_agent *a, struct ice_pair *p, uint32_t nominations, cp_time last)
{
	p->requested_at = last > p->requested_at ? last : p->requested_at;
	if (is_selected(a, p)) {
		forget_wanted(a);
		return;
	}
	if (a->controlling || nominations == 0)
		return;
	p->nominated = true;
	p->wanted = (uint8_t)(p->wanted + (nominations < COUNT_AT_ONCE ? nominations : COUNT_AT_ONCE));
	if (a->selected == ICE_NO_PAIR || p->wanted < FOLLOW_AFTER)
		return;
	follow(a, p);
}
