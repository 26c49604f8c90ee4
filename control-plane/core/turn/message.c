/* SPDX-License-Identifier: Apache-2.0 */
/* A request as bytes: attributes and their order as stock's, or as RFC 8656 has it (connectivity §2.2, traps 25, 28). */
#include "turn/turn_internal.h"

#define TRANSPORT_UDP 0x11000000u
#define FAMILY_IPV6   0x02000000u

uint16_t turn_request_method(enum turn_request_kind kind)
{
	switch (kind) {
	case TURN_REQ_BINDING:
		return STUN_BINDING;
	case TURN_REQ_ALLOCATE:
		return STUN_ALLOCATE;
	case TURN_REQ_CHANNEL_BIND:
		return STUN_CHANNEL_BIND;
	default:
		return STUN_REFRESH;
	}
}

static void put_text(struct stun_writer *w, uint16_t attribute, const struct turn_text *text)
{
	stun_put(w, attribute, text->p, text->bytes);
}

static void put_software(const struct turn *t, struct stun_writer *w, uint8_t omit)
{
	if (!(omit & TURN_OMIT_SOFTWARE))
		put_text(w, STUN_SOFTWARE, &t->software);
}

static void put_transport(struct stun_writer *w, uint8_t omit, uint16_t family_attribute)
{
	if (!(omit & TURN_OMIT_TRANSPORT))
		stun_put_u32(w, STUN_REQUESTED_TRANSPORT, TRANSPORT_UDP);
	if (!(omit & TURN_OMIT_FAMILY))
		stun_put_u32(w, family_attribute, FAMILY_IPV6);
}

static void put_allocate(const struct turn *t, struct stun_writer *w)
{
	bool rfc = t->kind == TURN_SERVER_THIRD_PARTY;
	put_transport(w, t->omit_allocate, rfc ? STUN_ADDITIONAL_ADDRESS_FAMILY_RFC : STUN_ADDITIONAL_ADDRESS_FAMILY);
	put_software(t, w, t->omit_allocate);
}

/* RFC 8656 §7.1 has neither transport nor additional family in a Refresh; stock relays want what stock sends. */
static void put_refresh(const struct turn *t, const struct turn_request *r, struct stun_writer *w)
{
	if (t->kind != TURN_SERVER_THIRD_PARTY)
		put_transport(w, t->omit_refresh, STUN_ADDITIONAL_ADDRESS_FAMILY);
	put_software(t, w, t->omit_refresh);
	if (r->kind == TURN_REQ_DELETE || r->kind == TURN_REQ_RELEASE)
		stun_put_u32(w, STUN_LIFETIME, 0);
}

static void put_channel_bind(const struct turn *t, const struct turn_channel *c, struct stun_writer *w)
{
	stun_put_address(w, STUN_XOR_PEER_ADDRESS, &c->peer);
	stun_put_u32(w, STUN_CHANNEL_NUMBER, (uint32_t)c->number << 16);
	put_software(t, w, 0);
}

static void put_body(const struct turn *t, struct turn_request *r, struct stun_writer *w)
{
	switch (r->kind) {
	case TURN_REQ_BINDING:
		put_software(t, w, 0);
		break;
	case TURN_REQ_ALLOCATE:
		put_allocate(t, w);
		break;
	case TURN_REQ_CHANNEL_BIND:
		put_channel_bind(t, turn_container(r, struct turn_channel, bind), w);
		break;
	case TURN_REQ_REFRESH:
	case TURN_REQ_PROBE:
	case TURN_REQ_DELETE:
	case TURN_REQ_RELEASE:
		put_refresh(t, r, w);
		break;
	}
}

/* Stock relays want USERNAME from the start, to sign their 401; others answer a bare request. */
static void put_auth(const struct turn *t, struct turn_request *r, struct stun_writer *w)
{
	r->with_nonce = t->nonce.bytes > 0;
	r->with_auth = r->kind != TURN_REQ_BINDING && (t->kind != TURN_SERVER_THIRD_PARTY || r->with_nonce);
	if (!r->with_auth)
		return;
	put_text(w, STUN_USERNAME, &t->username);
	put_text(w, STUN_REALM, &t->realm);
	if (r->with_nonce)
		put_text(w, STUN_NONCE, &t->nonce);
	stun_put_integrity(w, t->key, sizeof(t->key));
}

uint16_t turn_message_build(const struct turn *t, struct turn_request *r, uint8_t ret[TURN_MESSAGE_MAX])
{
	struct stun_writer w;
	stun_begin(&w, ret, TURN_MESSAGE_MAX, turn_request_method(r->kind), r->txid);
	put_body(t, r, &w);
	put_auth(t, r, &w);
	return stun_finish(&w); /* turn_texts_fit() saw to it that there is room */
}
