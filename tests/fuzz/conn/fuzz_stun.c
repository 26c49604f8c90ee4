/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One STUN message. What parses has a view inside the datagram, and written again from the view it parses to
 * the same view.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "stun/stun.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void lies_inside(const struct stun_message *m, struct stun_text t)
{
	const uint8_t *p = (const uint8_t *)t.p;
	assert(!p || (p >= m->raw + STUN_HEADER_BYTES && p + t.bytes <= m->raw + m->bytes));
}

static void put_text(struct stun_writer *w, uint16_t attribute, struct stun_text t)
{
	if (t.p)
		stun_put(w, attribute, t.p, t.bytes);
}

static void put_address(struct stun_writer *w, uint16_t attribute, const struct cp_addr *a)
{
	if (a->family != CP_NONE)
		stun_put_address(w, attribute, a);
}

static uint16_t write_again(const struct stun_message *m, uint8_t *out, size_t room)
{
	struct stun_writer w;
	stun_begin(&w, out, room, m->type, m->txid);
	put_text(&w, STUN_USERNAME, m->username);
	put_text(&w, STUN_REALM, m->realm);
	put_text(&w, STUN_NONCE, m->nonce);
	put_text(&w, STUN_SOFTWARE, m->software);
	put_address(&w, STUN_XOR_MAPPED_ADDRESS, &m->mapped);
	put_address(&w, STUN_XOR_PEER_ADDRESS, &m->peer);
	put_address(&w, STUN_XOR_RELAYED_ADDRESS, &m->relayed[0]);
	put_address(&w, STUN_XOR_RELAYED_ADDRESS, &m->relayed[1]);
	if (m->has_priority)
		stun_put_u32(&w, STUN_PRIORITY, m->priority);
	if (m->has_lifetime)
		stun_put_u32(&w, STUN_LIFETIME, m->lifetime_s);
	if (m->use_candidate)
		stun_put(&w, STUN_USE_CANDIDATE, NULL, 0);
	stun_put_integrity(&w, "key", 3);
	stun_put_fingerprint(&w);
	return stun_finish(&w);
}

static void says_the_same(const struct stun_message *a, const struct stun_message *b)
{
	assert(a->type == b->type && memcmp(a->txid, b->txid, sizeof(a->txid)) == 0);
	assert(a->username.bytes == b->username.bytes && a->nonce.bytes == b->nonce.bytes && a->realm.bytes == b->realm.bytes);
	assert(cp_addr_equal(&a->mapped, &b->mapped) && cp_addr_equal(&a->peer, &b->peer));
	assert(cp_addr_equal(&a->relayed[0], &b->relayed[0]) && cp_addr_equal(&a->relayed[1], &b->relayed[1]));
	assert(a->priority == b->priority && a->lifetime_s == b->lifetime_s && a->use_candidate == b->use_candidate);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stun_message m, again;
	struct stun_text local, remote;
	uint8_t out[STUN_MESSAGE_MAX];
	if (stun_parse(data, size, &m) != 0)
		return 0;
	lies_inside(&m, m.username), lies_inside(&m, m.realm), lies_inside(&m, m.nonce);
	lies_inside(&m, m.software), lies_inside(&m, m.reason);
	assert(m.integrity_at == 0 || m.integrity_at + 24u <= m.bytes);
	stun_integrity_holds(&m, "key", 3);
	stun_fingerprint_holds(&m);
	if (stun_username_split(&m, &local, &remote))
		lies_inside(&m, local), lies_inside(&m, remote);
	uint16_t bytes = write_again(&m, out, sizeof(out));
	if (bytes == 0) /* the signature did not fit any more */
		return 0;
	assert(stun_parse(out, bytes, &again) == 0);
	says_the_same(&m, &again);
	assert(stun_integrity_holds(&again, "key", 3) && stun_fingerprint_holds(&again));
	return 0;
}
