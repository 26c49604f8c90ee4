/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to our checks (§1.11). Where they come from is not asked: the transaction id and the integrity vouch for them. */
#include "ice/agent.h"

#include <string.h>

static struct ice_pair *find_check(const struct ice_agent *a, const struct stun_message *m, int *ret_age)
{
	uint64_t rest;
	memcpy(&rest, m->txid + 4, sizeof(rest));
	if (ice_txid_owner(m->txid, a->owner_secret) != a->owner)
		return NULL;
	for (unsigned int i = 0; i < a->n_pairs; i++) {
		*ret_age = ice_pair_attempt(&a->pairs[i], rest);
		if (*ret_age >= 0)
			return &a->pairs[i];
	}
	return NULL;
}

static void succeeded(struct ice_agent *a, struct ice_pair *p, int age, const struct cp_addr *mapped, cp_time now)
{
	ice_pair_answered(p, age);
	p->succeeded = true;
	p->seen_as = ice_local_seen_as(a, mapped, ice_pair_local(a, p));
	ice_pair_schedule(a, p, now);
}

static int judge(struct ice_agent *a, const struct stun_message *m, struct ice_pair **ret_pair, int *ret_age)
{
	uint16_t class = m->type & STUN_CLASS;
	if (STUN_METHOD(m->type) != STUN_BINDING || (class != STUN_SUCCESS && class != STUN_ERROR))
		return ICE_E_MALFORMED;
	if (class == STUN_SUCCESS && (m->integrity_at == 0 || m->mapped.family == CP_NONE))
		return ICE_E_MALFORMED;
	*ret_pair = find_check(a, m, ret_age);
	if (!*ret_pair)
		return ICE_E_UNKNOWN_TRANSACTION;
	if (class == STUN_ERROR)
		return ICE_E_ERROR_RESPONSE;
	return stun_integrity_holds(m, a->remote_pwd, strlen(a->remote_pwd)) ? 0 : ICE_E_CREDENTIALS;
}

int ice_response_in(struct ice_agent *a, const struct stun_message *m, cp_time now)
{
	struct ice_pair *p;
	int age;
	int e = judge(a, m, &p, &age);
	ICE_COUNT_N(a, responses, e == 0);
	ICE_COUNT_N(a, malformed, e == ICE_E_MALFORMED);
	ICE_COUNT_N(a, unknown_transaction, e == ICE_E_UNKNOWN_TRANSACTION);
	ICE_COUNT_N(a, error_responses, e == ICE_E_ERROR_RESPONSE);
	ICE_COUNT_N(a, bad_credentials, e == ICE_E_CREDENTIALS);
	if (e)
		return e;
	succeeded(a, p, age, &m->mapped, now);
	ice_settle(a, now);
	return 0;
}
