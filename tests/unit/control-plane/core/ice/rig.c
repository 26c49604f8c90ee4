/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

const uint8_t rig_secret[16] = {0x5e, 0xc7, 0xe7};

bool same(const struct cp_addr *a, const struct cp_addr *b)
{
	return cp_addr_equal(a, b);
}

struct cp_addr our_host(unsigned int n)
{
	return cp_addr_v4(10, 0, 0, (uint8_t)n, 52625);
}

struct cp_addr our_relay(unsigned int n)
{
	return cp_addr_v4(203, 0, 113, (uint8_t)n, 60000);
}

struct cp_addr peers(unsigned int n)
{
	return cp_addr_v4(198, 51, 100, (uint8_t)n, 52625);
}

void rig_renew(struct rig *r)
{
	ice_agent_free(r->agent);
	r->agent = ice_agent_new(&r->settings, &r->rng, r->now);
	assert_non_null(r->agent);
	ice_count_into(r->agent, &r->n);
}

void rig_init(struct rig *r, bool controlling)
{
	*r = (struct rig){.now = START};
	r->settings = (struct ice_settings){
		.controlling = controlling,
		.local = {"ours", "our-password-is-22-byt"},
		.remote = {"peer", "the-peers-is-22-bytes-"},
		.tie_breaker = 0x0123456789abcdefull,
		.owner = 0xcafe0001,
		.owner_secret = rig_secret,
	};
	cp_rng_seed(&r->rng, (const uint8_t[16]){7});
	rig_renew(r);
}

void rig_fini(struct rig *r)
{
	ice_agent_free(r->agent);
}

/* --- candidates --- */

struct ice_candidate announced(enum ice_kind kind, const struct cp_addr *addr, uint32_t priority)
{
	struct ice_candidate c = {.addr = *addr, .base = *addr, .priority = priority, .kind = (uint8_t)kind};
	if (kind != ICE_HOST)
		c.raddr.family = addr->family;
	return c;
}

int rig_add_host(struct rig *r, unsigned int n)
{
	struct cp_addr a = our_host(n);
	return ice_local_add(r->agent, ICE_HOST, &a, &a, false, r->now);
}

int rig_add_relay(struct rig *r, unsigned int n)
{
	struct cp_addr a = our_relay(n);
	return ice_local_add(r->agent, ICE_RELAY, &a, &a, false, r->now);
}

int rig_add_remote(struct rig *r, enum ice_kind kind, unsigned int n)
{
	struct cp_addr a = peers(n);
	struct ice_candidate c = announced(kind, &a, ice_priority(kind, CP_V4, n, false));
	return ice_remote_add(r->agent, &c, r->now);
}

bool rig_remove_remote(struct rig *r, enum ice_kind kind, unsigned int n)
{
	struct cp_addr a = peers(n);
	struct ice_candidate c = announced(kind, &a, 1); /* its priority is not looked at */
	return ice_remote_remove(r->agent, &c, r->now);
}

/* --- checks --- */

static void check_is_sound(const struct rig *r, const struct ice_send *s, bool *ret_nominates)
{
	struct stun_message m;
	struct stun_text receiver, sender;
	assert_int_equal(stun_parse(s->data, s->bytes, &m), 0);
	assert_int_equal(m.type, STUN_BINDING);
	assert_true(stun_username_split(&m, &receiver, &sender));
	assert_int_equal(receiver.bytes, strlen(r->settings.remote.ufrag));
	assert_memory_equal(receiver.p, r->settings.remote.ufrag, receiver.bytes);
	assert_memory_equal(sender.p, r->settings.local.ufrag, sender.bytes);
	assert_true(stun_integrity_holds(&m, r->settings.remote.pwd, strlen(r->settings.remote.pwd)));
	assert_true(stun_fingerprint_holds(&m));
	assert_true(m.has_priority && m.n_unknown == 0 && !m.software.p);
	assert_int_equal(m.controlling, r->settings.controlling);
	assert_int_equal(m.controlled, !r->settings.controlling);
	assert_true(m.tie_breaker == r->settings.tie_breaker);
	assert_int_equal(ice_txid_owner(m.txid, rig_secret), r->settings.owner);
	assert_false(m.use_candidate && !r->settings.controlling);
	*ret_nominates = m.use_candidate;
}

static void log_check(struct rig *r, const struct ice_send *s)
{
	assert_true(r->logged < RIG_LOG);
	struct rig_check *c = &r->log[r->logged++];
	*c = (struct rig_check){.at = r->now, .send = *s};
	check_is_sound(r, s, &c->nominates);
	for (unsigned int i = 0; i + 1 < r->logged; i++) /* a new transaction id each */
		assert_true(memcmp(r->log[i].send.data + 8, s->data + 8, STUN_TXID_BYTES) != 0);
}

void rig_step(struct rig *r)
{
	struct ice_send s;
	ice_tick(r->agent, r->now);
	while (ice_check_next(r->agent, r->now, &s))
		log_check(r, &s);
	assert_true(ice_deadline(r->agent) > r->now);
	assert_true((ice_deadline(r->agent) == CP_NEVER) == (ice_agent_state(r->agent) == ICE_FAILED));
}

static unsigned int peer_bit(const struct cp_addr *to)
{
	for (unsigned int n = 1; n <= 8; n++) {
		struct cp_addr p = peers(n);
		if (same(&p, to))
			return 1u << n;
	}
	return 0;
}

void rig_run_answering(struct rig *r, cp_time until, unsigned int peers_mask)
{
	for (;;) {
		unsigned int before = r->logged;
		rig_step(r);
		for (unsigned int i = before; i < r->logged; i++) {
			if (peer_bit(&r->log[i].send.to) & peers_mask)
				assert_int_equal(rig_answer(r, &r->log[i].send, &r->log[i].send.from), 0);
		}
		if (r->logged > before)
			continue;
		if (ice_deadline(r->agent) > until)
			break;
		r->now = ice_deadline(r->agent);
	}
	r->now = until;
}

void rig_run(struct rig *r, cp_time until)
{
	rig_run_answering(r, until, 0);
}

int rig_answer(struct rig *r, const struct ice_send *check, const struct cp_addr *mapped)
{
	uint8_t buffer[ICE_CHECK_MAX];
	struct stun_writer w;
	struct stun_message m;
	stun_begin(&w, buffer, sizeof(buffer), STUN_BINDING | STUN_SUCCESS, check->data + 8);
	stun_put_address(&w, STUN_XOR_MAPPED_ADDRESS, mapped);
	stun_put_integrity(&w, r->settings.remote.pwd, strlen(r->settings.remote.pwd));
	stun_put_fingerprint(&w);
	assert_int_equal(stun_parse(buffer, stun_finish(&w), &m), 0);
	return ice_response_in(r->agent, &m, r->now);
}

const struct rig_check *rig_last(const struct rig *r, const struct cp_addr *from, const struct cp_addr *to)
{
	for (unsigned int i = r->logged; i-- > 0;) {
		if (same(&r->log[i].send.from, from) && same(&r->log[i].send.to, to))
			return &r->log[i];
	}
	return NULL;
}

unsigned int rig_count(const struct rig *r, const struct cp_addr *from, const struct cp_addr *to)
{
	unsigned int n = 0;
	for (unsigned int i = 0; i < r->logged; i++)
		n += same(&r->log[i].send.from, from) && same(&r->log[i].send.to, to);
	return n;
}

/* --- requests --- */

struct request rig_good_request(const struct rig *r)
{
	static uint8_t count;
	struct request q = {.username = "ours:peer", .password = r->settings.local.pwd, .priority = 1862270719, .type = STUN_BINDING,
			    .txid = {9, count++}};
	return q;
}

static uint16_t build_request(const struct request *q, uint8_t *buffer, size_t room)
{
	struct stun_writer w;
	stun_begin(&w, buffer, room, q->type, q->txid);
	if (!q->lacks_username)
		stun_put_text(&w, STUN_USERNAME, q->username);
	if (q->unknown_attribute)
		stun_put_u32(&w, 0x7ff0, 1);
	if (!q->lacks_priority)
		stun_put_u32(&w, STUN_PRIORITY, q->priority);
	if (q->use_candidate)
		stun_put(&w, STUN_USE_CANDIDATE, NULL, 0);
	if (!q->lacks_integrity)
		stun_put_integrity(&w, q->password, strlen(q->password));
	if (!q->lacks_fingerprint)
		stun_put_fingerprint(&w);
	return stun_finish(&w);
}

static void answer_is_sound(const struct rig *r, const struct request *q, const struct ice_send *s, const struct cp_addr *from)
{
	struct stun_message m;
	assert_int_equal(stun_parse(s->data, s->bytes, &m), 0);
	assert_int_equal(m.type, STUN_BINDING | STUN_SUCCESS);
	assert_memory_equal(m.txid, q->txid, STUN_TXID_BYTES);
	assert_true(same(&m.mapped, from) && same(&s->to, from));
	assert_true(stun_integrity_holds(&m, r->settings.local.pwd, strlen(r->settings.local.pwd)));
	assert_true(stun_fingerprint_holds(&m) && !m.username.p);
}

int rig_raw_request(struct rig *r, const struct request *q, const struct cp_addr *at, const struct cp_addr *from,
		    struct ice_send *ret)
{
	uint8_t buffer[STUN_MESSAGE_MAX];
	struct stun_message m;
	struct ice_send s = {0};
	assert_int_equal(stun_parse(buffer, build_request(q, buffer, sizeof(buffer)), &m), 0);
	int e = ice_request_in(r->agent, &m, at, from, r->now, &s);
	if (e == 0) {
		answer_is_sound(r, q, &s, from);
		assert_true(same(&s.from, at));
	} else {
		assert_int_equal(s.bytes, 0);
	}
	if (ret)
		*ret = s;
	return e;
}

int rig_request(struct rig *r, const struct cp_addr *at, const struct cp_addr *from, bool use_candidate, struct ice_send *ret)
{
	struct request q = rig_good_request(r);
	q.use_candidate = use_candidate;
	return rig_raw_request(r, &q, at, from, ret);
}

int rig_report(struct rig *r, const struct cp_addr *at, const struct cp_addr *from, uint32_t requests, uint32_t nominations)
{
	struct ice_report p = {.at = *at, .from = *from, .priority = 1862270719, .requests = requests, .nominations = nominations};
	return ice_report_in(r->agent, &p, r->now);
}

struct cp_addr rig_selected_to(const struct rig *r)
{
	struct ice_selection s = ice_selection(r->agent);
	return s.exists ? s.to : (struct cp_addr){0};
}
