/* SPDX-License-Identifier: Apache-2.0 */
/* Random histories against a model that keeps no timers and no lists: an array it searches, a time it reckons. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "broker/rescue.h"

#define GATEWAYS 4u
#define CLIENTS  12u
#define STEPS    400
#define HISTORIES 4000

/* What the world is like: who has a live authorization through whom. */
struct model {
	struct broker_timing timing;
	cp_time started, now;
	bool live[GATEWAYS][CLIENTS];
	struct model_gateway {
		bool joined, cordoned, drained, leaving, told;
		bool is_missing;
		cp_time missing_since, leaving_since, next_at;
		uint32_t turn[CLIENTS]; /* 0: not to move; else in ascending order */
		uint32_t turns, listed;
	} g[GATEWAYS];
};

struct both {
	struct model m;
	struct rescue *r;
	struct rescue_gateway g[GATEWAYS];
	struct cp_rng rng;
};

static struct portal_uuid client(uint32_t i)
{
	return (struct portal_uuid){{(uint8_t)(i + 1)}};
}

static uint32_t to_move(const struct model_gateway *g)
{
	uint32_t n = 0;
	for (uint32_t c = 0; c < CLIENTS; c++)
		n += g->turn[c] != 0;
	return n;
}

static uint32_t whose_turn(const struct model_gateway *g)
{
	uint32_t best = CLIENTS;
	for (uint32_t c = 0; c < CLIENTS; c++)
		if (g->turn[c] && (best == CLIENTS || g->turn[c] < g->turn[best]))
			best = c;
	return best;
}

static cp_time due(const struct model *m, const struct model_gateway *g)
{
	if (g->leaving && !g->told)
		return g->leaving_since;
	if (to_move(g))
		return g->next_at;
	if (!g->is_missing)
		return CP_NEVER;
	cp_time at = g->missing_since + m->timing.rescue_after, quiet = m->started + m->timing.rescue_not_before;
	return at > quiet ? at : quiet;
}

static void model_leave(struct model_gateway *g, cp_time now)
{
	memset(g->turn, 0, sizeof(g->turn));
	g->leaving = true;
	g->told = g->is_missing = false;
	g->leaving_since = now;
}

static void model_stay(struct model_gateway *g)
{
	memset(g->turn, 0, sizeof(g->turn));
	g->leaving = false;
}

static void model_add(struct model *m, struct model_gateway *g, uint32_t c)
{
	if (!g->leaving || !g->told || g->turn[c])
		return;
	if (to_move(g) == 0 && g->next_at < m->now)
		g->next_at = m->now;
	g->turn[c] = ++g->turns;
	g->listed++;
}

static cp_time model_pace(const struct model *m, const struct model_gateway *g)
{
	cp_time even = m->timing.move_within / g->listed, each = CP_S / m->timing.move_per_s;
	return even < each ? even : each;
}

static enum broker_gateway_state model_state(const struct model_gateway *g)
{
	bool moving = (g->leaving && !g->told) || to_move(g);
	return moving ? g->joined ? BROKER_DRAINING : BROKER_RESCUING
	       : g->joined ? g->cordoned ? BROKER_CORDONED : BROKER_ONLINE
	       : g->is_missing ? BROKER_MISSING : BROKER_OFFLINE;
}

static void lists_its_clients(struct both *b, uint32_t i)
{
	struct model_gateway *g = &b->m.g[i];
	if (g->is_missing)
		model_leave(g, due(&b->m, g));
	g->told = true;
	g->listed = 0;
	g->next_at = g->leaving_since;
	for (uint32_t c = 0; c < CLIENTS; c++)
		if (b->m.live[i][c]) {
			struct portal_uuid u = client(c);
			assert_int_equal(rescue_add(b->r, &b->g[i], &u, b->m.now), 0);
			model_add(&b->m, g, c);
		}
}

static void moves(struct both *b, uint32_t i, const struct portal_uuid *who)
{
	struct model_gateway *g = &b->m.g[i];
	uint32_t c = whose_turn(g);
	assert_int_not_equal(c, CLIENTS);
	assert_int_equal(who->bytes[0], c + 1);
	assert_true(b->m.live[i][c]);
	assert_true(g->next_at <= b->m.now);
	g->turn[c] = 0;
	g->next_at += model_pace(&b->m, g);
	b->m.live[i][c] = cp_rng_below(&b->rng, 4) == 0; /* mostly it has no business there any more */
}

static void takes_what_is_due(struct both *b)
{
	struct rescue_out o;
	while (rescue_next(b->r, b->m.now, &o)) {
		uint32_t i = (uint32_t)(o.gateway - b->g);
		bool must_begin = b->m.g[i].is_missing || (b->m.g[i].leaving && !b->m.g[i].told);
		assert_int_equal(o.kind, must_begin ? RESCUE_BEGIN : RESCUE_MOVE);
		assert_true(due(&b->m, &b->m.g[i]) <= b->m.now);
		if (o.kind == RESCUE_BEGIN)
			lists_its_clients(b, i);
		else
			moves(b, i, &o.client);
	}
}

static void agree(const struct both *b)
{
	cp_time earliest = CP_NEVER;
	for (uint32_t i = 0; i < GATEWAYS; i++) {
		const struct model_gateway *g = &b->m.g[i];
		earliest = cp_earlier(earliest, due(&b->m, g));
		assert_int_equal(rescue_state(&b->g[i]), model_state(g));
		assert_int_equal(rescue_to_move(&b->g[i]), to_move(g));
		assert_int_equal(rescue_is_offered(&b->g[i]), g->joined && !g->cordoned);
		assert_int_equal(rescue_is_left(&b->g[i]), g->leaving);
	}
	assert_true(rescue_deadline(b->r) == earliest);
	assert_true(earliest > b->m.now);
}

static void joins(struct both *b, uint32_t i)
{
	struct model_gateway *g = &b->m.g[i];
	assert_int_equal(rescue_joined(b->r, &b->g[i]), g->is_missing);
	g->joined = true;
	g->is_missing = false;
	if (!g->drained)
		model_stay(g);
}

static void is_lost(struct both *b, uint32_t i)
{
	struct model_gateway *g = &b->m.g[i];
	rescue_lost(b->r, &b->g[i], b->m.now);
	g->joined = false;
	if (g->leaving || g->is_missing)
		return;
	g->is_missing = true;
	g->missing_since = b->m.now;
}

static void leaves(struct both *b, uint32_t i)
{
	rescue_left(b->r, &b->g[i], b->m.now);
	b->m.g[i].joined = false;
	if (!b->m.g[i].leaving)
		model_leave(&b->m.g[i], b->m.now);
}

static void is_drained(struct both *b, uint32_t i)
{
	rescue_drain(b->r, &b->g[i], b->m.now);
	b->m.g[i].cordoned = b->m.g[i].drained = true;
	model_leave(&b->m.g[i], b->m.now);
}

static void is_cordoned(struct both *b, uint32_t i)
{
	rescue_cordon(b->r, &b->g[i]);
	b->m.g[i].cordoned = true;
}

static void is_uncordoned(struct both *b, uint32_t i)
{
	struct model_gateway *g = &b->m.g[i];
	rescue_uncordon(b->r, &b->g[i]);
	g->cordoned = g->drained = false;
	if (g->joined)
		model_stay(g);
}

static void flow_begins(struct both *b, uint32_t i)
{
	uint32_t c = cp_rng_below(&b->rng, CLIENTS);
	struct portal_uuid u = client(c);
	b->m.live[i][c] = true;
	assert_int_equal(rescue_add(b->r, &b->g[i], &u, b->m.now), 0);
	model_add(&b->m, &b->m.g[i], c);
}

static void flow_ends(struct both *b, uint32_t i)
{
	uint32_t c = cp_rng_below(&b->rng, CLIENTS);
	struct portal_uuid u = client(c);
	b->m.live[i][c] = false;
	rescue_drop(b->r, &b->g[i], &u);
	b->m.g[i].turn[c] = 0;
}

static void gets_other_times(struct both *b)
{
	b->m.timing.rescue_after = cp_rng_below(&b->rng, 4000) * CP_MS;
	b->m.timing.move_within = cp_rng_below(&b->rng, 3000) * CP_MS;
	b->m.timing.move_per_s = 1 + cp_rng_below(&b->rng, 300);
	rescue_configure(b->r, &b->m.timing);
}

static void something_happens(struct both *b)
{
	uint32_t i = cp_rng_below(&b->rng, GATEWAYS), what = cp_rng_below(&b->rng, 40);
	static void (*const rare[])(struct both *, uint32_t) = {
		joins, joins, joins, is_lost, is_lost, leaves, is_drained, is_cordoned, is_uncordoned,
	};
	if (what < sizeof(rare) / sizeof(rare[0]))
		rare[what](b, i);
	else if (what == 39)
		gets_other_times(b);
	else if (what % 3)
		flow_begins(b, i);
	else
		flow_ends(b, i);
}

/* To the next deadline, or some time of its own choice, which may be late. */
static cp_time some_time_later(struct both *b)
{
	cp_time at = rescue_deadline(b->r);
	if (at != CP_NEVER && cp_rng_below(&b->rng, 2))
		return at;
	return b->m.now + cp_rng_below(&b->rng, cp_rng_below(&b->rng, 8) ? 20 : 5000) * CP_MS;
}

static void one_history(uint64_t seed)
{
	struct both b = {.m = {.timing = broker_timing_default, .started = CP_S, .now = CP_S}};
	uint8_t bytes[16] = {0};
	memcpy(bytes, &seed, sizeof(seed));
	cp_rng_seed(&b.rng, bytes);
	b.m.timing.rescue_not_before = 3 * CP_S;
	b.r = rescue_create(&b.m.timing, bytes, b.m.started);
	assert_non_null(b.r);
	for (uint32_t i = 0; i < GATEWAYS; i++)
		assert_int_equal(rescue_gateway_add(b.r, &b.g[i], b.m.g[i].cordoned = i == 3, NULL), 0);
	for (int step = 0; step < STEPS; step++) {
		something_happens(&b);
		takes_what_is_due(&b);
		agree(&b);
		b.m.now = some_time_later(&b);
		takes_what_is_due(&b);
		agree(&b);
	}
	for (uint32_t i = 0; i < GATEWAYS; i++)
		rescue_gateway_remove(b.r, &b.g[i]);
	assert_true(rescue_deadline(b.r) == CP_NEVER);
	rescue_free(b.r);
}

static void agrees_with_the_model(void **s)
{
	for (uint64_t *seed = *s; *seed <= HISTORIES; ++*seed)
		one_history(*seed);
}

/* Also after a failure, which it names. */
static int prints_the_seed(void **s)
{
	print_message("# next seed %llu; to replay a seed, give it as argument\n", (unsigned long long)*(uint64_t *)*s);
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t seed = 1;
	if (argc > 1) {
		one_history(strtoull(argv[1], NULL, 0));
		return 0;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate_setup_teardown(agrees_with_the_model, NULL, prints_the_seed, &seed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
