/* SPDX-License-Identifier: Apache-2.0 */
/* The checklist (connectivity §1.6), also against a naive one. */
#include "ice/agent.h"

#include "model.h"
#include "rig.h"

static int add(struct rig *r, enum ice_kind kind, struct cp_addr addr, uint32_t priority)
{
	struct ice_candidate c = announced(kind, &addr, priority);
	return ice_remote_add(r->agent, &c, r->now);
}

static void of_one_path_the_better_pair_stays(void **state)
{
	struct rig r;
	rig_init(&r, true);
	rig_add_host(&r, 1);
	add(&r, ICE_SRFLX, peers(1), 50);
	add(&r, ICE_RELAY, peers(1), 40);
	assert_int_equal(ice_pair_count(r.agent), 1);
	assert_true(r.agent->pairs[0].priority == ice_pair_priority(2130706175, 50));
	add(&r, ICE_PRFLX, peers(1), 60);
	assert_int_equal(ice_pair_count(r.agent), 1);
	assert_true(r.agent->pairs[0].priority == ice_pair_priority(2130706175, 60));
	rig_fini(&r);
	(void)state;
}

static void priorities_are_those_of_the_roles(void **state)
{
	for (int controlling = 0; controlling < 2; controlling++) {
		struct rig r;
		rig_init(&r, controlling);
		rig_add_host(&r, 1);
		add(&r, ICE_SRFLX, peers(1), 50);
		uint32_t ours = 2130706175;
		assert_true(r.agent->pairs[0].priority == (controlling ? ice_pair_priority(ours, 50) : ice_pair_priority(50, ours)));
		rig_fini(&r);
	}
	(void)state;
}

static void fill(struct rig *r)
{
	rig_init(r, false);
	for (unsigned int n = 1; n <= 2; n++)
		rig_add_host(r, n);
	for (unsigned int n = 0; n < 50; n++)
		add(r, ICE_SRFLX, cp_addr_v4(198, 51, 100, 1, (uint16_t)(1000 + n)), 1000 + n);
	assert_int_equal(ice_pair_count(r->agent), ICE_PAIRS_MAX);
}

static void the_hundred_and_first_displaces_the_least_important(void **state)
{
	struct rig r;
	fill(&r);
	uint64_t last = r.agent->pairs[ICE_PAIRS_MAX - 1].priority;
	size_t bytes = ice_agent_bytes(r.agent);
	add(&r, ICE_SRFLX, peers(7), 5000);
	assert_int_equal(ice_pair_count(r.agent), ICE_PAIRS_MAX);
	assert_int_equal(r.n.pairs_dropped, 2);
	assert_true(r.agent->pairs[ICE_PAIRS_MAX - 1].priority > last);
	assert_true(r.agent->pairs[0].priority >> 32 == 5000);
	add(&r, ICE_SRFLX, peers(8), 1); /* itself the least important */
	assert_int_equal(r.n.pairs_dropped, 4);
	assert_true(r.agent->pairs[ICE_PAIRS_MAX - 1].priority > last);
	assert_true(ice_agent_bytes(r.agent) <= bytes + 4 * sizeof(struct ice_remote));
	rig_fini(&r);
	(void)state;
}

static void the_selected_pair_is_not_displaced(void **state)
{
	struct rig r;
	struct cp_addr at = our_host(2), from = cp_addr_v4(198, 51, 100, 1, 1000);
	fill(&r);
	assert_int_equal(rig_request(&r, &at, &from, true, NULL), 0);
	assert_int_equal(r.agent->selected, ICE_PAIRS_MAX - 1);
	for (unsigned int n = 1; n <= 8; n++)
		add(&r, ICE_RELAY, peers(n), 5000);
	struct cp_addr to = rig_selected_to(&r);
	assert_true(same(&to, &from));
	assert_int_equal(ice_selection(r.agent).generation, 1);
	rig_fini(&r);
	(void)state;
}

static void memory_is_returned_when_pairs_die(void **state)
{
	struct rig r;
	rig_init(&r, true);
	rig_add_host(&r, 1);
	for (unsigned int n = 1; n <= 40; n++)
		add(&r, ICE_SRFLX, peers(n), 5);
	size_t many = ice_agent_bytes(r.agent);
	rig_run_answering(&r, START + 20 * CP_S, 1u << 1);
	assert_int_equal(ice_pair_count(r.agent), 1);
	assert_true(ice_agent_bytes(r.agent) < many - 30 * sizeof(struct ice_pair));
	rig_fini(&r);
	(void)state;
}

static void an_agent_of_four_pairs_is_small(void **state)
{
	struct rig r;
	struct cp_addr srflx = cp_addr_v4(192, 0, 2, 1, 4000), host = our_host(1);
	rig_init(&r, true);
	rig_add_host(&r, 1);
	rig_add_relay(&r, 1);
	ice_local_add(r.agent, ICE_SRFLX, &srflx, &host, false, r.now);
	add(&r, ICE_RELAY, peers(1), 5);
	add(&r, ICE_SRFLX, peers(2), 6);
	assert_int_equal(ice_pair_count(r.agent), 4);
	print_message("# agent with 4 pairs: %zu bytes, pair %zu, candidates %zu and %zu\n", ice_agent_bytes(r.agent),
		      sizeof(struct ice_pair), sizeof(struct ice_local), sizeof(struct ice_remote));
	assert_true(ice_agent_bytes(r.agent) <= 2048);
	rig_fini(&r);
	(void)state;
}

/* --- against the naive one --- */

struct both {
	struct rig rig;
	struct model model;
	struct cp_rng rng;
	uint8_t seed;
};

static unsigned int below(struct both *b, unsigned int n)
{
	return cp_rng_below(&b->rng, n);
}

static void assert_alike(struct both *b, unsigned int step)
{
	const struct ice_agent *a = b->rig.agent;
	struct model_pair sorted[MODEL_MAX];
	struct ice_selection s = ice_selection(a);
	bool alike = a->n_pairs == b->model.n_pairs && s.exists == b->model.selected;
	alike = alike && (!s.exists || (same(&s.from, &b->model.from) && same(&s.to, &b->model.to)));
	model_sort(&b->model, sorted);
	for (int i = 0; alike && i < a->n_pairs; i++) {
		const struct ice_pair *p = &a->pairs[i];
		alike = p->priority == sorted[i].priority && p->nominated == sorted[i].nominated && p->succeeded == sorted[i].succeeded &&
			same(&a->locals[p->local].base, &b->model.locals[sorted[i].local].addr) &&
			same(&a->remotes[p->remote].addr, &b->model.remotes[sorted[i].remote].addr);
	}
	if (!alike)
		fail_msg("seed %u, step %u: the checklists differ", b->seed, step);
}

static struct cp_addr some_local(struct both *b, int *ret_kind)
{
	unsigned int n = 1 + below(b, 5);
	*ret_kind = below(b, 3) ? ICE_HOST : ICE_RELAY;
	return *ret_kind == ICE_HOST ? our_host(n) : our_relay(n);
}

/* No host candidates: nothing is guessed. Few priorities: many are equal. */
static struct cp_addr some_remote(struct both *b, int *ret_kind, uint32_t *ret_priority)
{
	*ret_kind = below(b, 2) ? ICE_SRFLX : ICE_RELAY;
	*ret_priority = 1000 + below(b, 12);
	return cp_addr_v4(198, 51, 100, 1, (uint16_t)(1 + below(b, 18)));
}

static uint32_t priority_given(const struct ice_agent *a, struct cp_addr addr)
{
	for (unsigned int i = 0;; i++) {
		const struct ice_candidate *c = ice_local_at(a, i);
		if (same(&c->addr, &addr))
			return c->priority;
	}
}

static void local(struct both *b)
{
	int kind;
	struct cp_addr addr = some_local(b, &kind);
	if (below(b, 4) == 0) {
		ice_local_remove(b->rig.agent, (enum ice_kind)kind, &addr, b->rig.now);
		model_local_remove(&b->model, kind, addr);
	} else {
		ice_local_add(b->rig.agent, (enum ice_kind)kind, &addr, &addr, false, b->rig.now);
		model_local_add(&b->model, kind, addr, priority_given(b->rig.agent, addr));
	}
}

static void remote(struct both *b)
{
	int kind;
	uint32_t priority;
	struct cp_addr addr = some_remote(b, &kind, &priority);
	struct ice_candidate c = announced((enum ice_kind)kind, &addr, priority);
	if (below(b, 4) == 0) {
		ice_remote_remove(b->rig.agent, &c, b->rig.now);
		model_remote_remove(&b->model, kind, addr);
	} else {
		ice_remote_add(b->rig.agent, &c, b->rig.now);
		model_remote_add(&b->model, kind, addr, priority);
	}
}

/* Mostly on few paths, so that nominations pile up on one of them. */
static void request(struct both *b)
{
	int kind;
	uint32_t priority;
	struct cp_addr from = some_remote(b, &kind, &priority), at = some_local(b, &kind);
	if (below(b, 2)) {
		from.port = (uint16_t)(1 + below(b, 3));
		at = our_host(1);
	}
	struct request q = rig_good_request(&b->rig);
	q.use_candidate = below(b, 3) > 0;
	q.priority = priority;
	rig_raw_request(&b->rig, &q, &at, &from, NULL);
	model_request(&b->model, at, from, priority, q.use_candidate);
}

static void answers(struct both *b)
{
	b->rig.logged = 0;
	rig_step(&b->rig);
	for (unsigned int i = 0; i < b->rig.logged; i++) {
		const struct ice_send *s = &b->rig.log[i].send;
		if (below(b, 6) == 0 && rig_answer(&b->rig, s, &s->from) == 0)
			model_answered(&b->model, s->from, s->to);
	}
}

static void a_thousand_random_steps(struct both *b)
{
	cp_rng_seed(&b->rng, (const uint8_t[16]){b->seed, 5});
	rig_init(&b->rig, b->seed % 2);
	b->model = (struct model){.controlling = b->seed % 2};
	for (unsigned int step = 0; step < 1000; step++) {
		static void (*const kinds[])(struct both *) = {local, remote, remote, request, request, request, answers};
		kinds[below(b, 7)](b);
		assert_alike(b, step);
	}
}

static void it_is_as_the_naive_one(void **state)
{
	static struct both b; /* large */
	uint64_t dropped = 0, followed = 0, selections = 0;
	for (b.seed = 0; b.seed < 60; b.seed++) {
		a_thousand_random_steps(&b);
		dropped += b.rig.n.pairs_dropped;
		followed += b.rig.n.followed;
		selections += b.rig.n.selections;
		rig_fini(&b.rig);
	}
	assert_true(dropped > 100 && followed > 100 && selections > 1000); /* it went everywhere */
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_one_path_the_better_pair_stays),
		cmocka_unit_test(priorities_are_those_of_the_roles),
		cmocka_unit_test(the_hundred_and_first_displaces_the_least_important),
		cmocka_unit_test(the_selected_pair_is_not_displaced),
		cmocka_unit_test(memory_is_returned_when_pairs_die),
		cmocka_unit_test(an_agent_of_four_pairs_is_small),
		cmocka_unit_test(it_is_as_the_naive_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
