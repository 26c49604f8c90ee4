/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which responses are believed (connectivity §2.3, trap 25). Stock relays sign every answer but Binding's, 401
 * and 438 included. Third-party servers do not sign these two, so there they may bring a nonce and nothing else.
 */
#include "turn/turn_internal.h"

enum trust {
	TRUST_NONE,
	TRUST_NONCE,     /* unsigned 401 or 438 of a third-party server */
	TRUST_NOT_STOCK, /* any unsigned error to the first Allocate: 400, 401; 437 if the realm is another */
	TRUST_FULL,
};

static bool asks_for_nonce(const struct stun_message *m)
{
	return (m->error_code == 401 || m->error_code == 438) && m->nonce.p;
}

static enum trust trust_unsigned_error(const struct turn *t, const struct turn_request *r, const struct stun_message *m)
{
	if (!r->with_auth)
		return TRUST_FULL; /* a bare request has no key to sign its answer with */
	if (t->kind == TURN_SERVER_THIRD_PARTY)
		return asks_for_nonce(m) ? TRUST_NONCE : TRUST_NONE;
	return t->kind == TURN_SERVER_UNKNOWN && r->kind == TURN_REQ_ALLOCATE ? TRUST_NOT_STOCK : TRUST_NONE;
}

static enum trust trust_in(const struct turn *t, const struct turn_request *r, const struct stun_message *m)
{
	if (r->kind == TURN_REQ_BINDING || stun_integrity_holds(m, t->key, sizeof(t->key)))
		return TRUST_FULL;
	return (m->type & STUN_CLASS) == STUN_ERROR ? trust_unsigned_error(t, r, m) : TRUST_NONE;
}

static void count_error(struct turn *t, uint16_t code)
{
	struct turn_counters *c = &t->counters;
	switch (code) {
	case 400:
		c->errors_400++;
		break;
	case 401:
		c->errors_401++;
		break;
	case 420:
		c->errors_420++;
		break;
	case 437:
		c->errors_437++;
		break;
	case 438:
		c->errors_438++;
		break;
	default:
		c->errors_other++;
	}
}

static void measure(struct turn *t, const struct turn_request *r, cp_time now)
{
	cp_time sample = now > r->began ? now - r->began : 1; /* 0 would say that nothing was measured */
	t->rtt = t->rtt == 0 ? sample : t->rtt - t->rtt / 8 + sample / 8;
}

static int apply(struct turn *t, struct turn_request *r, const struct stun_message *m, enum trust trust,
		 const struct cp_addr *local, cp_time now)
{
	if (trust == TRUST_NOT_STOCK) {
		turn_error_not_stock(t, now);
		return 0;
	}
	if (trust == TRUST_NONCE)
		return turn_error_unsigned(t, r, m, now);
	if (t->kind == TURN_SERVER_UNKNOWN && r->with_auth) {
		t->kind = TURN_SERVER_STOCK;
		t->dirty = true;
	}
	return (m->type & STUN_CLASS) == STUN_ERROR ? turn_error(t, r, m, now) : turn_success(t, r, m, local, now);
}

static bool answers(const struct turn_request *r, const struct stun_message *m)
{
	uint16_t class = m->type & STUN_CLASS;
	return STUN_METHOD(m->type) == turn_request_method(r->kind) &&
	       (class == STUN_SUCCESS || (class == STUN_ERROR && m->error_code != 0));
}

/* 0: believed and applied, in whole or in part. */
static int take(struct turn *t, const struct stun_message *m, const struct cp_addr *from, const struct cp_addr *local,
		cp_time now)
{
	struct turn_request *r = turn_request_find(t, m->txid);
	if (!turn_is_server(t, from))
		return TURN_E_NOT_OURS;
	if (!r)
		return TURN_E_UNKNOWN_TRANSACTION;
	if (!cp_addr_equal(from, &t->server[r->server]))
		return TURN_E_NOT_OURS;
	if (!answers(r, m))
		return TURN_E_MALFORMED;
	enum trust trust = trust_in(t, r, m);
	if (trust == TRUST_NONE)
		return TURN_E_BAD_INTEGRITY;
	if ((m->type & STUN_CLASS) == STUN_ERROR)
		count_error(t, m->error_code);
	measure(t, r, now);
	t->heard = now;
	return apply(t, r, m, trust, local, now);
}

int turn_stun_in(struct turn *t, const struct stun_message *m, const struct cp_addr *from, const struct cp_addr *local,
		 cp_time now)
{
	uint64_t *const counters[] = {
		&t->counters.responses,
		[TURN_E_NOT_OURS] = &t->counters.strange_source,
		[TURN_E_UNKNOWN_TRANSACTION] = &t->counters.late,
		[TURN_E_BAD_INTEGRITY] = &t->counters.bad_integrity,
		[TURN_E_MALFORMED] = &t->counters.malformed,
	};
	int e = take(t, m, from, local, now);
	++*counters[e];
	turn_settle(t);
	return e;
}
