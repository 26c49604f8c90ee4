/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever comes in, in whatever order: the clock always has a reason to come back unless there is none, a
 * number is never two peers' and a peer never has two, and what is over stays over. Seeds are fixed; one that
 * fails is named.
 */
#include <stdio.h>

#include "relay.h"
#include "tests/unit/control-plane/core/stun/vectors.h"

#define PEERS 120u
#define STEPS 4000u
#define SEEDS 40u

struct run {
	struct world w;
	struct cp_rng dice;
	bool over;
	struct {
		struct cp_addr peer;
		cp_time up_at; /* 0: the relay never confirmed it */
		bool live;
	} model[TURN_CHANNELS];
	bool restoring;
	unsigned int seen_sent, seen_events;
	unsigned int allocations, suspensions, ends, ups, binds, restarts; /* that the run is worth something */
};

static uint32_t dice(struct run *r, uint32_t n)
{
	return cp_rng_below(&r->dice, n);
}

static void forget_channels(struct run *r)
{
	memset(r->model, 0, sizeof(r->model));
}

static void check_up(struct run *r, const struct turn_event *e)
{
	unsigned int i = e->channel - STUN_CHANNEL_FIRST;
	for (unsigned int k = 0; k < TURN_CHANNELS; k++)
		if (r->model[k].live && k != i)
			assert_false(cp_addr_equal(&r->model[k].peer, &e->addr));
	if (r->model[i].live)
		assert_true(cp_addr_equal(&r->model[i].peer, &e->addr));
	if (!r->restoring || r->model[i].up_at == 0)
		r->model[i].up_at = r->w.now;
	r->model[i].peer = e->addr;
	r->model[i].live = true;
	r->ups++;
}

static void check_event(struct run *r, const struct turn_event *e)
{
	assert_false(r->over);
	switch (e->kind) {
	case TURN_CHANNEL_UP:
		check_up(r, e);
		break;
	case TURN_CHANNEL_DOWN:
		r->model[e->channel - STUN_CHANNEL_FIRST].live = false;
		break;
	case TURN_INVALIDATED:
		for (unsigned int k = 0; k < TURN_CHANNELS; k++)
			assert_false(r->model[k].live);
		forget_channels(r);
		break;
	case TURN_ALLOCATED:
		r->allocations++;
		break;
	case TURN_SUSPENDED:
		r->suspensions++;
		break;
	case TURN_FREED:
	case TURN_RELEASED:
		r->over = true;
		r->ends++;
		break;
	default:
		break;
	}
}

/* A number that was another peer's is not asked for before 15 min have passed. */
static void check_bind(struct run *r, const struct stun_message *m)
{
	unsigned int i = m->channel - STUN_CHANNEL_FIRST;
	bool same = cp_addr_equal(&r->model[i].peer, &m->peer);
	assert_true(r->model[i].up_at == 0 || same || r->w.now >= r->model[i].up_at + 900 * S);
	for (unsigned int k = 0; k < TURN_CHANNELS; k++)
		assert_false(k != i && r->model[k].live && cp_addr_equal(&r->model[k].peer, &m->peer));
	r->binds++;
}

/* Events first: a channel that goes down may be asked for again by what was sent then. */
static void check_outputs(struct run *r)
{
	struct world *w = &r->w;
	for (; r->seen_events < w->n_events; r->seen_events++)
		check_event(r, &w->events[r->seen_events]);
	for (; r->seen_sent < w->n_sent; r->seen_sent++) {
		const struct sent *s = &w->sent[r->seen_sent];
		assert_true(turn_is_server(w->t, &s->to));
		if (s->m.type == STUN_CHANNEL_BIND)
			check_bind(r, &s->m);
	}
}

static void check_state(struct run *r)
{
	struct world *w = &r->w;
	turn_tick(w->t, w->now);
	world_drain(w);
	check_outputs(r);
	cp_time deadline = turn_deadline(w->t);
	assert_true(deadline > w->now);
	assert_int_equal(deadline == CP_NEVER, r->over || turn_is_suspended(w->t));
	assert_true(turn_channels_in_use(w->t) <= PEERS);
	assert_int_equal(turn_counters(w->t)->out_of_memory, 0);
}

static struct answer random_answer(struct run *r, const struct sent *s)
{
	static const uint16_t codes[] = {300, 400, 401, 401, 403, 420, 437, 437, 438, 438, 438, 442, 486, 500};
	static const char *const nonces[] = {NULL, "a", "b", TURN_NONCE, TURN_NONCE};
	static const char *const realms[] = {NULL, TURN_REALM, TURN_REALM, TURN_REALM, "elsewhere"};
	static const uint32_t lifetimes[] = {0, 1, 60, 600, 600, 600, 3600, UINT32_MAX};
	bool good = dice(r, 100) < 85;
	struct answer a = {.type = s->m.type | (good ? STUN_SUCCESS : STUN_ERROR), .mapped = mapped_v4,
			   .relayed = {relayed_v4, relayed_v6}, .has_lifetime = dice(r, 50) > 0,
			   .lifetime = good && dice(r, 20) ? 600 : lifetimes[dice(r, 8)], .nonce = nonces[dice(r, 5)],
			   .realm = realms[dice(r, 5)], .sign = dice(r, 10) ? SIGNED : (enum sign)dice(r, 3)};
	if (s->m.type == STUN_ALLOCATE && !s->m.nonce.p && dice(r, 10))
		a = (struct answer){.type = s->m.type | STUN_ERROR, .code = 401, .nonce = TURN_NONCE, .realm = TURN_REALM, .sign = a.sign};
	else if (!good)
		a.code = codes[dice(r, sizeof(codes) / sizeof(codes[0]))];
	if (s->m.lifetime_s == 0 && s->m.has_lifetime)
		a.lifetime = 0;
	a.refused[0] = dice(r, 2) ? STUN_REQUESTED_TRANSPORT : STUN_USERNAME;
	if (dice(r, 10) == 0)
		a.relayed[dice(r, 2)].family = CP_NONE;
	if (dice(r, 50) == 0)
		a.type = (uint16_t)(cp_rng_u64(&r->dice) & 0x1ff);
	return a;
}

/* The newest are the likeliest: of older ones most are forgotten. */
static void step_answer(struct run *r)
{
	struct world *w = &r->w;
	if (w->n_sent == 0)
		return;
	uint32_t back = dice(r, 4) ? 0 : dice(r, w->n_sent < 20 ? w->n_sent : 20);
	struct sent s = w->sent[w->n_sent - 1 - back];
	answer(w, &s, random_answer(r, &s));
}

static void step_answer_all(struct run *r)
{
	struct world *w = &r->w;
	unsigned int n = w->n_sent;
	for (unsigned int i = n > 12 ? n - 12 : 0; i < n; i++) {
		struct sent s = w->sent[i];
		answer(w, &s, random_answer(r, &s));
	}
}

static void step_time(struct run *r)
{
	static const cp_time spans[] = {1, MS, 50 * MS, 900 * MS, 4 * S, 20 * S, 60 * S, 200 * S, 400 * S};
	struct world *w = &r->w;
	cp_time span = spans[dice(r, dice(r, 8) ? 4 : 9)];
	span = 1 + cp_rng_u64(&r->dice) % span;
	if (dice(r, 40) == 0) {
		w->now += span; /* late: deadlines were missed */
		return;
	}
	for (cp_time until = w->now + span; w->now < until;) {
		cp_time next = cp_earlier(turn_deadline(w->t), until);
		w->now = next > w->now ? next : w->now;
		check_state(r);
		if (dice(r, 20))
			step_answer_all(r);
		check_outputs(r);
	}
}

static struct cp_addr random_peer(struct run *r)
{
	uint32_t i = dice(r, PEERS);
	return i % 8 ? peer_at(i) : v6("2001:db8:77::1", (uint16_t)(i + 1));
}

static void step_peer(struct run *r)
{
	struct cp_addr peer = random_peer(r), found;
	struct world *w = &r->w;
	uint16_t channel = turn_channel_to(w->t, &peer, w->now);
	assert_true(channel == 0 || (channel >= STUN_CHANNEL_FIRST && channel <= STUN_CHANNEL_LAST));
	assert_true(channel == 0 || turn_is_allocated(w->t));
	switch (dice(r, 5)) {
	case 0:
		turn_bind_early(w->t, &peer, w->now);
		break;
	case 1:
		turn_channel_sent(w->t, channel, w->now);
		break;
	case 2:
		turn_channel_hold(w->t, &peer, dice(r, 2));
		break;
	default:
		if (turn_channel_heard(w->t, channel, w->now, &found))
			assert_true(cp_addr_equal(&found, &peer));
		turn_channel_heard(w->t, (uint16_t)(STUN_CHANNEL_FIRST + dice(r, 300)), w->now, &found);
	}
}

static void step_restart(struct run *r)
{
	world_drain(&r->w);
	check_outputs(r);
	world_restart(&r->w);
	r->restarts++;
	r->seen_sent = r->seen_events = 0;
	for (unsigned int k = 0; k < TURN_CHANNELS; k++)
		r->model[k].live = false;
	if (!turn_is_allocated(r->w.t))
		forget_channels(r);
	r->restoring = true;
	check_outputs(r);
	r->restoring = false;
}

static void step_rare(struct run *r)
{
	struct world *w = &r->w;
	switch (dice(r, 12)) {
	case 0:
		turn_restart(w->t, w->now);
		break;
	case 1:
		turn_release(w->t, w->now);
		break;
	case 2:
	case 3:
		step_restart(r);
		break;
	default:
		turn_probe(w->t, w->now);
	}
}

static void begin(struct run *r)
{
	struct turn_settings s = settings_default();
	cp_time now = r->w.now ? r->w.now : START;
	if (dice(r, 4) == 0)
		s.server[dice(r, 2)].family = CP_NONE;
	world_open(&r->w, s, (uint8_t)cp_rng_u64(&r->dice));
	r->w.now = now > START ? now : START;
	r->over = false;
	r->seen_sent = r->seen_events = 0;
	forget_channels(r);
}

/* It is over: nothing wakes it. Then a new one. */
static void bury(struct run *r)
{
	struct world *w = &r->w;
	struct cp_addr peer = random_peer(r);
	unsigned int n = w->n_sent, told = w->n_events;
	step_answer_all(r);
	turn_probe(w->t, w->now);
	turn_restart(w->t, w->now);
	turn_release(w->t, w->now);
	turn_bind_early(w->t, &peer, w->now);
	assert_int_equal(turn_channel_to(w->t, &peer, w->now), 0);
	turn_tick(w->t, w->now + 3600 * S);
	world_drain(w);
	assert_int_equal(w->n_sent, n);
	assert_int_equal(w->n_events, told);
	assert_false(turn_is_allocated(w->t) || turn_is_suspended(w->t));
	world_close(w);
	*w = (struct world){0};
	begin(r);
}

static void step(struct run *r)
{
	uint32_t what = dice(r, 100);
	if (what < 35)
		step_answer(r);
	else if (what < 50)
		step_answer_all(r);
	else if (what < 70)
		step_time(r);
	else if (what < 99)
		step_peer(r);
	else
		step_rare(r);
	world_drain(&r->w);
	check_outputs(r);
	check_state(r);
	if (r->over)
		bury(r);
	if (r->w.n_sent > 500) {
		world_forget(&r->w);
		r->seen_sent = r->seen_events = 0;
	}
}

static void run_seed(struct run *r, uint8_t seed)
{
	cp_rng_seed(&r->dice, (const uint8_t[16]){seed, 0x77});
	r->w.now = 0;
	begin(r);
	for (unsigned int i = 0; i < STEPS; i++)
		step(r);
	world_close(&r->w);
}

static void any_order_of_anything_keeps_the_rules(void **state)
{
	static struct run r;
	(void)state;
	for (unsigned int seed = 1; seed <= SEEDS; seed++) {
		print_message("# seed %u\n", seed);
		run_seed(&r, (uint8_t)seed);
	}
	print_message("# %u allocations, %u suspensions, %u ends, %u channels up, %u binds, %u restarts\n", r.allocations,
		      r.suspensions, r.ends, r.ups, r.binds, r.restarts);
	assert_true(r.allocations > 500 && r.suspensions > 50 && r.ends > 500 && r.ups > 5000 && r.restarts > 100);
}

/* Time alone, at every deadline, for days: a good relay keeps everything, and requests are as many as they must be. */
static void two_days_in_virtual_time(void **state)
{
	struct world w;
	struct relay *r = malloc(sizeof(*r));
	(void)state;
	world_open(&w, settings_default(), 6);
	relay_open(r, &w);
	w.relay = r;
	world_run(&w, w.now + S);
	for (unsigned int i = 0; i < 50; i++) {
		struct cp_addr peer = peer_at(i);
		turn_bind_early(w.t, &peer, w.now);
	}
	world_drain(&w);
	world_run(&w, w.now + S);
	for (unsigned int i = 0; i < 50; i++) {
		struct cp_addr peer = peer_at(i);
		turn_channel_hold(w.t, &peer, true);
	}
	world_forget(&w);
	for (int hour = 0; hour < 48; hour++) {
		world_run(&w, w.now + 3600 * S);
		if (w.n_answered == w.n_sent)
			world_forget(&w);
	}
	assert_int_equal(r->allocations, 1);
	assert_int_equal(r->conflicts, 0);
	assert_in_range(r->refreshes, 48 * 12 - 2, 48 * 12);
	assert_in_range(r->binds, 50 * (48 * 12 - 1), 50 * (48 * 12 + 1));
	assert_int_equal(turn_counters(w.t)->retransmissions, 0);
	assert_in_range(turn_counters(w.t)->requests - r->refreshes - r->binds, 48 * 144 - 1, 48 * 144 + 8);
	world_close(&w);
	free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order_of_anything_keeps_the_rules),
		cmocka_unit_test(two_days_in_virtual_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
