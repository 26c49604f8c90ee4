/* SPDX-License-Identifier: Apache-2.0 */
#include "relay.h"

#include <stdio.h>

#define RESERVED (900 * S)

static void next_nonce(struct relay *r)
{
	snprintf(r->nonce, sizeof(r->nonce), "nonce-%u", ++r->nonces);
	r->uses = 0;
}

void relay_open(struct relay *r, const struct world *w)
{
	memset(r, 0, sizeof(*r));
	r->realm = w->settings.realm;
	stun_long_term_key(w->settings.username, r->realm, w->settings.password, r->key);
	next_nonce(r);
}

static struct answer error(const struct sent *s, uint16_t code, enum sign sign)
{
	return (struct answer){.type = s->m.type | STUN_ERROR, .code = code, .sign = sign};
}

static struct answer challenge(struct relay *r, const struct sent *s, uint16_t code)
{
	struct answer a = error(s, code, r->third_party ? UNSIGNED : SIGNED);
	a.nonce = r->nonce;
	a.realm = r->realm;
	return a;
}

static bool has_attribute(const struct sent *s, uint16_t type)
{
	for (size_t at = STUN_HEADER_BYTES; at + 4 <= s->bytes;) {
		uint16_t t = (uint16_t)(s->data[at] << 8 | s->data[at + 1]), n = (uint16_t)(s->data[at + 2] << 8 | s->data[at + 3]);
		if (t == type)
			return true;
		at += 4 + ((n + 3u) & ~3u);
	}
	return false;
}

/* Is it authenticated? Otherwise *ret is what is said to that. */
static bool authenticated(struct relay *r, const struct sent *s, struct answer *ret)
{
	if (!s->m.username.p) {
		*ret = challenge(r, s, 401);
		ret->sign = UNSIGNED;
		return false;
	}
	/* as coturn 4.6.1 does */
	if (r->third_party && (s->m.realm.bytes != strlen(r->realm) || memcmp(s->m.realm.p, r->realm, s->m.realm.bytes) != 0)) {
		*ret = error(s, s->m.type == STUN_ALLOCATE ? 437 : 441, UNSIGNED);
		return false;
	}
	assert_true(stun_integrity_holds(&s->m, r->key, sizeof(r->key)));
	if (!s->m.nonce.p) {
		*ret = r->third_party ? error(s, 400, UNSIGNED) : challenge(r, s, 401);
		return false;
	}
	if (r->nonce_uses && r->uses >= r->nonce_uses)
		next_nonce(r);
	if (s->m.nonce.bytes != strlen(r->nonce) || memcmp(s->m.nonce.p, r->nonce, s->m.nonce.bytes) != 0) {
		*ret = challenge(r, s, 438);
		return false;
	}
	r->uses++;
	return true;
}

static struct answer allocate(struct relay *r, const struct sent *s, cp_time now)
{
	if (r->allocated)
		return error(s, 437, SIGNED);
	r->allocations++;
	r->allocated = true;
	r->expires = now + 600 * S;
	memset(r->channels, 0, sizeof(r->channels));
	struct answer a = {.type = STUN_ALLOCATE | STUN_SUCCESS, .has_lifetime = true, .lifetime = 600, .mapped = mapped_v4,
			   .relayed = {relayed_v4, relayed_v6}};
	if (r->v4_only || (r->third_party && !has_attribute(s, STUN_ADDITIONAL_ADDRESS_FAMILY_RFC)))
		a.relayed[1].family = CP_NONE;
	return a;
}

static struct answer refresh(struct relay *r, const struct sent *s, cp_time now)
{
	if (r->third_party && has_attribute(s, STUN_REQUESTED_TRANSPORT)) {
		struct answer a = error(s, 420, SIGNED);
		a.refused[0] = STUN_REQUESTED_TRANSPORT;
		return a;
	}
	if (!r->allocated)
		return error(s, 437, SIGNED);
	bool delete = s->m.has_lifetime && s->m.lifetime_s == 0;
	delete ? r->deletes++ : r->refreshes++;
	r->allocated = !delete;
	r->expires = now + 600 * S;
	return (struct answer){.type = STUN_REFRESH | STUN_SUCCESS, .has_lifetime = true, .lifetime = delete ? 0 : 600};
}

/* Same number for another peer, or same peer with another number, within 15 min: 400. */
static bool conflicts(const struct relay *r, unsigned int i, const struct cp_addr *peer, cp_time now)
{
	for (unsigned int k = 0; k < TURN_CHANNELS; k++) {
		bool reserved = r->channels[k].bound_at != 0 && now < r->channels[k].bound_at + RESERVED;
		if (reserved && (k == i) != cp_addr_equal(&r->channels[k].peer, peer))
			return true;
	}
	return false;
}

static struct answer channel_bind(struct relay *r, const struct sent *s, cp_time now)
{
	unsigned int i = s->m.channel - STUN_CHANNEL_FIRST;
	assert_true(s->m.has_channel && i < TURN_CHANNELS && s->m.peer.family != CP_NONE);
	if (!r->allocated)
		return error(s, 437, SIGNED);
	if (conflicts(r, i, &s->m.peer, now)) {
		r->conflicts++;
		return error(s, 400, SIGNED);
	}
	r->binds++;
	r->channels[i].peer = s->m.peer;
	r->channels[i].bound_at = now;
	return (struct answer){.type = STUN_CHANNEL_BIND | STUN_SUCCESS};
}

bool relay_answer(struct relay *r, const struct sent *s, cp_time now, struct answer *ret)
{
	if (r->allocated && now >= r->expires)
		r->allocated = false;
	if (s->m.type == STUN_BINDING) {
		*ret = (struct answer){.type = STUN_BINDING | STUN_SUCCESS, .mapped = mapped_v4, .sign = UNSIGNED};
		if (s->to.family == CP_V6)
			ret->mapped = v6("2001:db8:7::7", 40000);
		return true;
	}
	if (!authenticated(r, s, ret))
		return true;
	*ret = s->m.type == STUN_ALLOCATE ? allocate(r, s, now) : s->m.type == STUN_REFRESH ? refresh(r, s, now)
											   : channel_bind(r, s, now);
	return true;
}
