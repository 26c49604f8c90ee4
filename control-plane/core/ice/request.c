/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of the remote (§1.10), whether they are answered here or were answered elsewhere. */
#include "ice/agent.h"

#include <string.h>

static int counted(struct ice_agent *a, int outcome)
{
	ICE_COUNT_N(a, bad_credentials, outcome == ICE_E_CREDENTIALS);
	ICE_COUNT_N(a, bad_role, outcome == ICE_E_ROLE);
	ICE_COUNT_N(a, discarded, outcome == ICE_E_DISCARDED);
	ICE_COUNT_N(a, no_local, outcome == ICE_E_NO_LOCAL);
	ICE_COUNT_N(a, quota, outcome == ICE_E_QUOTA);
	ICE_COUNT_N(a, malformed, outcome == ICE_E_MALFORMED);
	return outcome;
}

static bool reads(struct stun_text t, const char *text)
{
	return t.bytes == strlen(text) && memcmp(t.p, text, t.bytes) == 0;
}

/* Ours if the user name is and the password too. */
static int authenticate(const struct ice_agent *a, const struct stun_message *m)
{
	struct stun_text local, remote;
	if (m->type != (STUN_BINDING | STUN_REQUEST) || !m->has_priority || m->integrity_at == 0 ||
	    !stun_username_split(m, &local, &remote))
		return ICE_E_MALFORMED;
	if (!reads(local, a->local_ufrag) || !reads(remote, a->remote_ufrag) ||
	    !stun_integrity_holds(m, a->local_pwd, strlen(a->local_pwd)))
		return ICE_E_CREDENTIALS;
	return 0;
}

/* A source that nobody announced becomes a candidate, even before there is a local one to pair it with. */
static int find_remote(struct ice_agent *a, const struct ice_report *r, struct ice_remote **ret)
{
	bool discarded;
	*ret = ice_remote_find(a, &r->from, &discarded);
	if (!*ret && discarded)
		return ICE_E_DISCARDED;
	if (!*ret)
		*ret = ice_remote_learn(a, &r->from, r->priority);
	return *ret ? 0 : ICE_E_QUOTA;
}

static int admit(struct ice_agent *a, const struct ice_report *r, cp_time now)
{
	struct ice_remote *remote;
	if (a->controlling && r->nominations == r->requests)
		return ICE_E_ROLE;
	int e = find_remote(a, r, &remote);
	if (e)
		return e;
	const struct ice_local *local = ice_local_find(a, &r->at);
	if (!local)
		return ICE_E_NO_LOCAL;
	if (!ice_pair_find(a, &local->base, &r->from))
		ice_pair_add(a, local, remote, now);
	struct ice_pair *p = ice_pair_find(a, &local->base, &r->from);
	if (p) /* else it is one pair too many: answered, no more */
		ice_pair_requested(a, p, r->nominations, now > r->last_ago_ns ? now - r->last_ago_ns : 1);
	return 0;
}

static int take(struct ice_agent *a, const struct ice_report *r, cp_time now)
{
	int e = admit(a, r, now);
	ice_settle(a, now);
	return counted(a, e);
}

static void answer(const struct ice_agent *a, const struct stun_message *m, const struct ice_report *r, struct ice_send *ret)
{
	struct stun_writer w;
	const struct ice_local *l = ice_local_find(a, &r->at);
	stun_begin(&w, ret->data, sizeof(ret->data), STUN_BINDING | STUN_SUCCESS, m->txid);
	stun_put_address(&w, STUN_XOR_MAPPED_ADDRESS, &r->from);
	stun_put_integrity(&w, a->local_pwd, strlen(a->local_pwd));
	stun_put_fingerprint(&w);
	ret->bytes = stun_finish(&w);
	ret->from = l->base;
	ret->to = r->from;
	ret->from_relay = l->kind == ICE_RELAY;
}

int ice_request_in(struct ice_agent *a, const struct stun_message *m, const struct cp_addr *at, const struct cp_addr *from,
		   cp_time now, struct ice_send *ret)
{
	struct ice_report r = {.at = *at, .from = *from, .priority = m->priority, .requests = 1, .nominations = m->use_candidate};
	int e = authenticate(a, m);
	e = e ? counted(a, e) : take(a, &r, now);
	if (e)
		return e;
	ICE_COUNT(a, requests);
	answer(a, m, &r, ret);
	return 0;
}

int ice_report_in(struct ice_agent *a, const struct ice_report *r, cp_time now)
{
	if (r->requests == 0 || r->nominations > r->requests)
		return counted(a, ICE_E_MALFORMED);
	int e = take(a, r, now);
	if (!e)
		ICE_COUNT_N(a, requests_reported, r->requests);
	return e;
}
