/* SPDX-License-Identifier: Apache-2.0 */
#include "net.h"

static const char *const ufrags[] = {"clnt", "gway"};
static const char *const pwds[] = {"password-of-the-client", "password-of-the-gatewa"};

void net_renew(struct net *n, int side)
{
	struct net_side *s = &n->side[side];
	ice_agent_free(s->agent);
	s->settings.tie_breaker = cp_rng_u64(&n->rng);
	s->agent = ice_agent_new(&s->settings, &n->rng, n->now);
	assert_non_null(s->agent);
	ice_count_into(s->agent, &s->n);
	s->generation = 0;
}

void net_init(struct net *n, uint8_t seed)
{
	*n = (struct net){.now = START};
	cp_rng_seed(&n->rng, (const uint8_t[16]){seed, 77});
	for (int i = 0; i < 2; i++) {
		struct net_side *s = &n->side[i];
		s->host = our_host((unsigned int)i + 1);
		s->outside = cp_addr_v4(192, 0, 2, (uint8_t)(i + 1), (uint16_t)(40000 + i));
		s->relay = our_relay((unsigned int)i + 1);
		s->settings = (struct ice_settings){.controlling = i == CLIENT, .owner = (uint32_t)i, .owner_secret = rig_secret};
		strcpy(s->settings.local.ufrag, ufrags[i]);
		strcpy(s->settings.local.pwd, pwds[i]);
		strcpy(s->settings.remote.ufrag, ufrags[1 - i]);
		strcpy(s->settings.remote.pwd, pwds[1 - i]);
		net_renew(n, i);
	}
	for (unsigned int i = 0; i < 8; i++)
		n->path[i / 4][i / 2 % 2][i % 2].delay_ms = 10 + 10 * (i / 2 % 2) + 10 * (i % 2);
}

void net_fini(struct net *n)
{
	ice_agent_free(n->side[CLIENT].agent);
	ice_agent_free(n->side[GATEWAY].agent);
}

struct net_path *net_path(struct net *n, int sender, bool from_relay, bool to_relay)
{
	return &n->path[sender][from_relay][to_relay];
}

void net_close_direct(struct net *n, bool closed)
{
	net_path(n, CLIENT, false, false)->closed = closed;
	net_path(n, GATEWAY, false, false)->closed = closed;
}

/* --- candidates --- */

void net_gather(struct net *n, int side)
{
	struct net_side *s = &n->side[side];
	ice_local_add(s->agent, ICE_HOST, &s->host, &s->host, false, n->now);
	ice_local_add(s->agent, ICE_SRFLX, &s->outside, &s->host, false, n->now);
	ice_local_add(s->agent, ICE_RELAY, &s->relay, &s->relay, false, n->now);
}

static struct ice_candidate of_kind(const struct net *n, int side, enum ice_kind kind)
{
	for (unsigned int i = 0;; i++) {
		const struct ice_candidate *c = ice_local_at(n->side[side].agent, i);
		assert_non_null(c);
		if (c->kind == kind) { /* the way it would go through the portal */
			char text[ICE_CANDIDATE_TEXT];
			struct ice_candidate read;
			size_t bytes = ice_candidate_format(c, n->side[side].settings.local.ufrag, text);
			assert_int_equal(ice_candidate_parse(text, bytes, &read), 0);
			return read;
		}
	}
}

void net_announce(struct net *n, int side, enum ice_kind kind)
{
	struct ice_candidate c = of_kind(n, side, kind);
	ice_remote_add(n->side[1 - side].agent, &c, n->now);
}

void net_withdraw(struct net *n, int side, enum ice_kind kind)
{
	struct ice_candidate c = of_kind(n, side, kind);
	ice_remote_remove(n->side[1 - side].agent, &c, n->now);
}

void net_announce_all(struct net *n)
{
	for (int side = 0; side < 2; side++) {
		net_announce(n, side, ICE_HOST);
		net_announce(n, side, ICE_SRFLX);
		net_announce(n, side, ICE_RELAY);
	}
}

/* --- packets --- */

static bool is_to(const struct net_side *d, const struct cp_addr *to, struct cp_addr *ret_at)
{
	*ret_at = same(to, &d->relay) ? d->relay : d->host;
	return same(to, &d->relay) || same(to, &d->outside); /* private addresses lead nowhere */
}

static void enqueue(struct net *n, const struct net_packet *p)
{
	for (unsigned int i = 0; i < NET_QUEUE; i++) {
		if (!n->queue[i].used) {
			n->queue[i] = *p;
			n->queue[i].used = true;
			return;
		}
	}
	fail_msg("the queue is too short");
}

static void carry(struct net *n, int sender, const struct ice_send *s)
{
	const struct net_side *from = &n->side[sender], *to = &n->side[1 - sender];
	struct net_packet p = {.to_side = (uint8_t)(1 - sender), .bytes = s->bytes};
	bool via = same(&s->from, &from->relay);
	assert_true(via || same(&s->from, &from->host));
	assert_int_equal(via, s->from_relay);
	if (!is_to(to, &s->to, &p.to))
		return;
	const struct net_path *path = &n->path[sender][via][same(&p.to, &to->relay)];
	if (path->closed || cp_rng_below(&n->rng, 1000) < path->loss_permille)
		return;
	p.from = via ? from->relay : from->outside;
	p.at = n->now + (path->delay_ms + cp_rng_below(&n->rng, path->jitter_ms + 1)) * CP_MS;
	memcpy(p.data, s->data, s->bytes);
	enqueue(n, &p);
}

static void look_at_selection(struct net_side *s)
{
	struct ice_selection now = ice_selection(s->agent);
	assert_true(now.generation >= s->generation);
	if (now.generation == s->generation)
		return;
	s->generations += now.generation - s->generation;
	s->losses += !now.exists;
	s->generation = now.generation;
}

static void live(struct net *n, int side)
{
	struct ice_send s;
	struct ice_agent *a = n->side[side].agent;
	ice_tick(a, n->now);
	while (ice_check_next(a, n->now, &s))
		carry(n, side, &s);
	assert_true(ice_deadline(a) > n->now);
	look_at_selection(&n->side[side]);
}

static void deliver(struct net *n, const struct net_packet *p)
{
	struct stun_message m;
	struct ice_send answer;
	struct ice_agent *a = n->side[p->to_side].agent;
	assert_int_equal(stun_parse(p->data, p->bytes, &m), 0);
	if (m.type != STUN_BINDING)
		ice_response_in(a, &m, n->now);
	else if (ice_request_in(a, &m, &p->to, &p->from, n->now, &answer) == 0)
		carry(n, p->to_side, &answer);
	n->delivered++;
	live(n, p->to_side);
}

static struct net_packet *earliest(struct net *n)
{
	struct net_packet *best = NULL;
	for (unsigned int i = 0; i < NET_QUEUE; i++) {
		struct net_packet *p = &n->queue[i];
		if (p->used && (!best || p->at < best->at))
			best = p;
	}
	return best;
}

void net_run(struct net *n, cp_time until)
{
	live(n, CLIENT);
	live(n, GATEWAY);
	for (;;) {
		struct net_packet *p = earliest(n);
		cp_time c = ice_deadline(n->side[CLIENT].agent), g = ice_deadline(n->side[GATEWAY].agent);
		cp_time next = cp_earlier(cp_earlier(c, g), p ? p->at : CP_NEVER);
		if (next > until)
			break;
		n->now = next;
		if (p && p->at == next) {
			p->used = false;
			deliver(n, p);
		} else {
			live(n, c == next ? CLIENT : GATEWAY);
		}
	}
	n->now = until;
}

static bool is_open(const struct net *n, int side, bool via, bool to_relay)
{
	return !n->path[side][via][to_relay].closed && !n->path[1 - side][to_relay][via].closed;
}

static bool works(const struct net *n, int side)
{
	const struct net_side *s = &n->side[side];
	struct cp_addr at;
	struct ice_selection x = ice_selection(s->agent);
	return x.exists && is_to(&n->side[1 - side], &x.to, &at) &&
	       is_open(n, side, same(&x.from, &s->relay), same(&at, &n->side[1 - side].relay));
}

bool net_works(const struct net *n)
{
	return works(n, CLIENT) && works(n, GATEWAY);
}

/* Where the one sends from, as it is seen from outside, is where the other sends to. */
static bool meets(const struct net_side *a, const struct net_side *b)
{
	struct ice_selection from = ice_selection(a->agent), to = ice_selection(b->agent);
	return same(&to.to, same(&from.from, &a->relay) ? &a->relay : &a->outside);
}

bool net_agree(const struct net *n)
{
	return net_works(n) && meets(&n->side[CLIENT], &n->side[GATEWAY]) && meets(&n->side[GATEWAY], &n->side[CLIENT]);
}

bool net_is_direct(const struct net *n)
{
	struct ice_selection s = ice_selection(n->side[CLIENT].agent);
	return net_agree(n) && s.local_kind == ICE_HOST && same(&s.to, &n->side[GATEWAY].outside);
}
