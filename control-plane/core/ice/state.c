/* SPDX-License-Identifier: Apache-2.0 */
/* States of an agent and how long it stays in them (§1.12). */
#include "ice/agent.h"

#define GRACE_NS      (2 * CP_S)
#define CANDIDATES_NS (10 * CP_S) /* for the first remote one */
#define PAIRLESS_NS   (60 * CP_S) /* ours: no pair, though one may still be formed */

static bool all_are_nominated(const struct ice_agent *a)
{
	for (unsigned int i = 0; i < a->n_pairs; i++) {
		if (!a->pairs[i].nominated)
			return false;
	}
	return true;
}

static bool may_still_pair(const struct ice_agent *a, cp_time now)
{
	return (a->n_locals == 0 || a->expects_more) && now < a->paired_at + PAIRLESS_NS;
}

static enum ice_state evaluate(const struct ice_agent *a, cp_time now)
{
	if (a->selected != ICE_NO_PAIR)
		return all_are_nominated(a) ? ICE_COMPLETED : ICE_CONNECTED;
	if (a->n_remotes == 0)
		return now < a->created + CANDIDATES_NS ? ICE_NEW : ICE_FAILED;
	return a->n_pairs > 0 || may_still_pair(a, now) ? ICE_CHECKING : ICE_DISCONNECTED;
}

void ice_settle(struct ice_agent *a, cp_time now)
{
	if (a->state == ICE_FAILED)
		return;
	ice_select(a, now);
	if (a->n_pairs > 0)
		a->paired_at = now;
	enum ice_state s = evaluate(a, now);
	if (s == ICE_DISCONNECTED && a->state != ICE_DISCONNECTED)
		a->disconnected_at = now;
	if (s == ICE_DISCONNECTED && now >= a->disconnected_at + GRACE_NS)
		s = ICE_FAILED;
	a->state = (uint8_t)s;
}

cp_time ice_state_deadline(const struct ice_agent *a)
{
	if (a->state == ICE_NEW)
		return a->created + CANDIDATES_NS;
	if (a->state == ICE_DISCONNECTED)
		return a->disconnected_at + GRACE_NS;
	return a->n_pairs > 0 ? CP_NEVER : a->paired_at + PAIRLESS_NS;
}

void ice_expect_more(struct ice_agent *a, bool more, cp_time now)
{
	a->expects_more = more;
	ice_settle(a, now);
}

enum ice_state ice_agent_state(const struct ice_agent *a)
{
	return a->state;
}

const char *ice_state_name(enum ice_state s)
{
	static const char *const names[] = {"new", "checking", "connected", "completed", "disconnected", "failed"};
	return s <= ICE_FAILED ? names[s] : "none";
}

bool ice_agent_failed_for_want_of_candidates(const struct ice_agent *a)
{
	return a->state == ICE_FAILED && a->n_remotes == 0;
}

struct ice_selection ice_selection(const struct ice_agent *a)
{
	struct ice_selection s = {.generation = a->generation, .exists = a->selected != ICE_NO_PAIR};
	if (s.exists) {
		const struct ice_pair *p = &a->pairs[a->selected];
		s.from = ice_pair_local(a, p)->base;
		s.to = ice_pair_remote(a, p)->addr;
		s.local_kind = ice_pair_local(a, p)->kind;
		s.remote_kind = ice_pair_remote(a, p)->kind;
		s.priority = p->priority;
	}
	/* the peer drops all pairs of a candidate that is void: not while it knows the new path by the same */
	if (a->abandoned && !(s.exists && ice_pair_known_as(a, &a->pairs[a->selected]) == a->abandoned)) {
		s.abandoned = a->locals[a->abandoned - 1].addr;
		s.abandoned_kind = a->locals[a->abandoned - 1].kind;
	}
	return s;
}
