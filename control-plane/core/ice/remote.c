/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Remote candidates: announced, seen (peer-reflexive), or guessed (optimistic, §1.5.6). When the slots run out, those
 * that are of no more use make room: a peer behind a NAT that moves it every few minutes must not run into the quota.
 */
#include "ice/agent.h"

#include <errno.h>
#include <string.h>

#define OPTIMISTIC_AT_ONCE  2u
#define OPTIMISTIC_PRIORITY 1694498559u /* of a server-reflexive IPv4 candidate that entered no agent (§1.5.3) */

static bool is_provisional(const struct ice_remote *r)
{
	return r->kind == ICE_PRFLX || r->optimistic;
}

struct ice_remote *ice_remote_find(const struct ice_agent *a, const struct cp_addr *addr, bool *ret_discarded)
{
	struct ice_remote *best = NULL;
	*ret_discarded = false;
	for (unsigned int i = 0; i < a->n_remotes; i++) {
		struct ice_remote *r = &a->remotes[i];
		if (!cp_addr_equal(&r->addr, addr))
			continue;
		*ret_discarded = *ret_discarded || r->discarded;
		if (!r->discarded && (!best || r->priority > best->priority))
			best = r;
	}
	return best;
}

/* How little a candidate without pairs is missed; 0: it is not to be given up. */
static unsigned int uselessness(const struct ice_remote *r)
{
	if (r->discarded)
		return 1; /* once forgotten, its address is answered again */
	if (!r->paired)
		return 0; /* waits for a local candidate */
	return is_provisional(r) ? 3 : 2;
}

static struct ice_remote *reuse(struct ice_agent *a)
{
	struct ice_remote *best = NULL;
	for (unsigned int i = 0; i < a->n_remotes; i++) {
		struct ice_remote *r = &a->remotes[i];
		if (uselessness(r) > (best ? uselessness(best) : 0) && !ice_remote_has_pairs(a, r))
			best = r;
	}
	return best;
}

static struct ice_remote *slot(struct ice_agent *a)
{
	if (a->n_remotes == ICE_REMOTES_MAX)
		return reuse(a);
	void *array = a->remotes;
	if (!ice_room(&array, a->n_remotes, &a->room_remotes, sizeof(*a->remotes)))
		return NULL;
	a->remotes = array;
	return &a->remotes[a->n_remotes++];
}

static struct ice_remote *make(struct ice_agent *a, struct ice_remote r)
{
	struct ice_remote *s = slot(a);
	if (s)
		*s = r;
	return s;
}

struct ice_remote *ice_remote_learn(struct ice_agent *a, const struct cp_addr *addr, uint32_t priority)
{
	return make(a, (struct ice_remote){.addr = *addr, .priority = priority, .kind = ICE_PRFLX});
}

/* --- announced --- */

static struct ice_remote *find_announced(const struct ice_agent *a, const struct ice_candidate *c)
{
	for (unsigned int i = 0; i < a->n_remotes; i++) {
		struct ice_remote *r = &a->remotes[i];
		if (r->kind == c->kind && !r->optimistic && cp_addr_equal(&r->addr, &c->addr) && cp_addr_equal(&r->raddr, &c->raddr))
			return r;
	}
	return NULL;
}

/* What was seen or guessed is now announced: it keeps its slot, hence its pairs. They keep their priorities, too, unless
 * it is a relay: its check, coming before the announcement, made it look better (110) than any mapped address (100), and
 * unlike stock we do not leave the traffic there for good. */
static struct ice_remote *find_provisional(const struct ice_agent *a, const struct ice_candidate *c)
{
	for (unsigned int i = 0; i < a->n_remotes; i++) {
		struct ice_remote *r = &a->remotes[i];
		if (cp_addr_equal(&r->addr, &c->addr) && (r->kind == ICE_PRFLX || (r->optimistic && c->kind == ICE_SRFLX)))
			return r;
	}
	return NULL;
}

static struct ice_remote *announced(struct ice_agent *a, const struct ice_candidate *c)
{
	struct ice_remote *r = find_announced(a, c);
	r = r ? r : find_provisional(a, c);
	r = r ? r : make(a, (struct ice_remote){.addr = c->addr});
	if (!r)
		return NULL;
	r->raddr = c->raddr;
	r->priority = c->priority;
	r->kind = c->kind;
	r->discarded = r->optimistic = false;
	if (r->kind == ICE_RELAY)
		ice_pairs_lower(a, r);
	return r;
}

/* --- optimistic (§1.5.6): perhaps the host's port is forwarded on the outside of its NAT --- */

static bool knows_address(const struct ice_agent *a, const struct cp_addr *addr)
{
	bool discarded;
	return ice_remote_find(a, addr, &discarded) || discarded;
}

static bool may_combine(const struct ice_remote *srflx, const struct ice_remote *host)
{
	return srflx->kind == ICE_SRFLX && !srflx->optimistic && !srflx->discarded && srflx->addr.family == CP_V4 &&
	       host->kind == ICE_HOST && !host->discarded && host->addr.family == CP_V4;
}

static bool guess(struct ice_agent *a, unsigned int srflx, unsigned int host, cp_time now)
{
	struct cp_addr addr = a->remotes[srflx].addr;
	addr.port = a->remotes[host].addr.port;
	if (knows_address(a, &addr))
		return false;
	struct ice_remote *r = make(a, (struct ice_remote){.addr = addr, .priority = OPTIMISTIC_PRIORITY, .kind = ICE_SRFLX,
							   .optimistic = true});
	if (r)
		ice_pair_remote_with_all(a, r, now);
	return r != NULL;
}

static void guess_all(struct ice_agent *a, cp_time now)
{
	unsigned int made = 0;
	for (unsigned int s = 0; s < a->n_remotes; s++) {
		for (unsigned int h = 0; h < a->n_remotes && made < OPTIMISTIC_AT_ONCE; h++) {
			if (may_combine(&a->remotes[s], &a->remotes[h]))
				made += guess(a, s, h, now);
		}
	}
}

int ice_remote_add(struct ice_agent *a, const struct ice_candidate *c, cp_time now)
{
	if (c->ufrag[0] && strcmp(c->ufrag, a->remote_ufrag) != 0)
		return -EINVAL;
	struct ice_remote *r = find_announced(a, c);
	bool known = r && !r->discarded;
	unsigned int pairs = a->n_pairs;
	/* Stock ignores what has a live pair; a path that died is then lost for as long as a relayed one lives. An authorisation
	 * announces everything again, and so gives the better ones another chance. */
	bool alive = known && ice_remote_has_pairs(a, r);
	if (!alive)
		r = announced(a, c);
	if (!r) {
		ICE_COUNT(a, quota);
		return -ENOSPC;
	}
	if (alive)
		ice_pair_remote_with_better(a, r, now);
	else
		ice_pair_remote_with_all(a, r, now);
	if (alive && a->n_pairs == pairs)
		return 1;
	guess_all(a, now);
	ice_settle(a, now);
	return known && a->n_pairs == pairs;
}

bool ice_remote_remove(struct ice_agent *a, const struct ice_candidate *c, cp_time now)
{
	struct ice_remote *r = find_announced(a, c);
	if (!r || r->discarded)
		return false;
	r->discarded = true;
	ice_pairs_delete_of_remote(a, r);
	ice_settle(a, now);
	return true;
}

const struct ice_candidate *ice_remote_at(const struct ice_agent *a, unsigned int i)
{
	for (unsigned int s = 0; s < a->n_remotes; s++) {
		const struct ice_remote *r = &a->remotes[s];
		if (r->discarded || r->optimistic || i-- > 0)
			continue;
		*a->shown = (struct ice_candidate){.addr = r->addr, .base = r->addr, .raddr = r->raddr, .priority = r->priority,
						   .kind = r->kind};
		return a->shown;
	}
	return NULL;
}
