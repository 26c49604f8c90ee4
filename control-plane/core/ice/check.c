/* SPDX-License-Identifier: Apache-2.0 */
/* Checks: when (§1.7) and of what (§1.8). Every one has a transaction id of its own. */
#include "ice/agent.h"

#include <stdio.h>
#include <string.h>

#include "base/crypto.h"

#define HEARD_NS     (15 * CP_S)
#define USERNAME_MAX (2 * ICE_UFRAG_MAX + 2)

/* --- transaction ids --- */

static uint32_t mask(const uint8_t secret[16], uint64_t rest)
{
	return (uint32_t)cp_siphash(secret, &rest, sizeof(rest));
}

static void txid_make(const struct ice_agent *a, uint64_t rest, uint8_t ret[STUN_TXID_BYTES])
{
	uint32_t hidden = a->owner ^ mask(a->owner_secret, rest);
	for (int i = 0; i < 4; i++)
		ret[i] = (uint8_t)(hidden >> (24 - 8 * i));
	memcpy(ret + 4, &rest, sizeof(rest));
}

uint32_t ice_txid_owner(const uint8_t txid[STUN_TXID_BYTES], const uint8_t owner_secret[16])
{
	uint64_t rest;
	uint32_t hidden = (uint32_t)txid[0] << 24 | (uint32_t)txid[1] << 16 | (uint32_t)txid[2] << 8 | txid[3];
	memcpy(&rest, txid + 4, sizeof(rest));
	return hidden ^ mask(owner_secret, rest);
}

/* --- attempts --- */

static unsigned int slot_of(const struct ice_pair *p, unsigned int age)
{
	return (p->latest + ICE_ATTEMPTS - age) % ICE_ATTEMPTS;
}

static unsigned int known(unsigned int attempts)
{
	return attempts < ICE_ATTEMPTS ? attempts : ICE_ATTEMPTS;
}

static uint8_t one_more(uint8_t n, uint32_t max)
{
	uint32_t more = n < UINT8_MAX ? n + 1u : n;
	return (uint8_t)(more < max ? more : max);
}

int ice_pair_attempt(const struct ice_pair *p, uint64_t rest)
{
	for (unsigned int age = 0; age < known(p->stored); age++) {
		unsigned int slot = slot_of(p, age);
		if (p->attempts[slot].rest == rest && !(p->answered & 1u << slot))
			return (int)age;
	}
	return -1;
}

void ice_pair_answered(struct ice_pair *p, int age)
{
	p->answered |= (uint16_t)(1u << slot_of(p, (unsigned int)age));
	if (p->unanswered > age)
		p->unanswered = (uint8_t)age;
	p->one_way = false;
}

static void attempt(struct ice_agent *a, struct ice_pair *p, uint64_t rest, cp_time now)
{
	p->latest = (uint8_t)((p->latest + 1u) % ICE_ATTEMPTS);
	p->attempts[p->latest] = (struct ice_attempt){.rest = rest, .sent = now};
	p->answered &= (uint16_t)~(1u << p->latest);
	p->stored = one_more(p->stored, a->timing.max_retransmits);
	p->unanswered = one_more(p->unanswered, a->timing.max_retransmits);
	p->urgent = false;
	ice_pair_schedule(a, p, now);
}

/* --- when --- */

static cp_time delay(const struct ice_timing *t, unsigned int n)
{
	uint64_t ms = t->initial_rto_ms;
	for (unsigned int i = 1; i < n && ms < t->max_rto_ms; i++)
		ms *= 2;
	return n == 0 ? 0 : (ms < t->max_rto_ms ? ms : t->max_rto_ms) * CP_MS;
}

/* Since answers have been missing for half of the longest gap, count from there: so it asks more often again. */
static unsigned int attempts_that_count(const struct ice_agent *a, const struct ice_pair *p, cp_time now)
{
	if (p->unanswered == 0)
		return p->stored;
	cp_time since = p->attempts[slot_of(p, known(p->unanswered) - 1)].sent;
	return now - since > a->timing.max_rto_ms * CP_MS / 2 ? p->unanswered : p->stored;
}

/* Evaluated after a check, an answer and a change of timing, not in between: in between the count above would change. */
void ice_pair_schedule(const struct ice_agent *a, struct ice_pair *p, cp_time now)
{
	if (p->urgent || p->stored == 0)
		p->next_at = now;
	else
		p->next_at = p->attempts[p->latest].sent + delay(&a->timing, attempts_that_count(a, p, now));
}

cp_time ice_pair_hopeless(const struct ice_agent *a, const struct ice_pair *p)
{
	uint32_t max = a->timing.max_retransmits;
	if (p->stored == 0 || p->stored < max || p->unanswered < max)
		return CP_NEVER;
	return p->attempts[p->latest].sent + delay(&a->timing, max);
}

cp_time ice_pair_ends(const struct ice_agent *a, const struct ice_pair *p)
{
	cp_time hopeless = ice_pair_hopeless(a, p);
	cp_time silent = p->requested_at ? p->requested_at + HEARD_NS : 0;
	return hopeless > silent ? hopeless : silent;
}

/* --- of what --- */

static void build(const struct ice_agent *a, const struct ice_pair *p, uint64_t rest, struct ice_send *ret)
{
	uint8_t txid[STUN_TXID_BYTES];
	char username[USERNAME_MAX];
	struct stun_writer w;
	txid_make(a, rest, txid);
	snprintf(username, sizeof(username), "%s:%s", a->remote_ufrag, a->local_ufrag);
	stun_begin(&w, ret->data, sizeof(ret->data), STUN_BINDING, txid);
	stun_put_text(&w, STUN_USERNAME, username);
	stun_put_u64(&w, a->controlling ? STUN_ICE_CONTROLLING : STUN_ICE_CONTROLLED, a->tie_breaker);
	stun_put_u32(&w, STUN_PRIORITY, ice_check_priority(ice_pair_local(a, p)->priority));
	if (a->controlling && p->nominated)
		stun_put(&w, STUN_USE_CANDIDATE, NULL, 0);
	stun_put_integrity(&w, a->remote_pwd, strlen(a->remote_pwd));
	stun_put_fingerprint(&w);
	ret->bytes = stun_finish(&w);
	ret->from = ice_pair_local(a, p)->base;
	ret->to = ice_pair_remote(a, p)->addr;
	ret->from_relay = ice_pair_local(a, p)->kind == ICE_RELAY;
}

/* Pairs lie in descending priority. */
static struct ice_pair *most_important_due(const struct ice_agent *a, cp_time now)
{
	struct ice_pair *best = NULL;
	for (unsigned int i = 0; i < a->n_pairs; i++) {
		struct ice_pair *p = &a->pairs[i];
		if (p->urgent)
			return p;
		if (!best && p->next_at <= now)
			best = p;
	}
	return best;
}

bool ice_check_next(struct ice_agent *a, cp_time now, struct ice_send *ret)
{
	struct ice_pair *p = a->state == ICE_FAILED ? NULL : most_important_due(a, now);
	if (!p)
		return false;
	uint64_t rest = cp_rng_u64(a->rng);
	build(a, p, rest, ret);
	attempt(a, p, rest, now);
	ICE_COUNT(a, checks);
	ICE_COUNT_N(a, checks_nominating, a->controlling && p->nominated);
	return true;
}
