/* SPDX-License-Identifier: Apache-2.0 */
/* When each request leaves, to the nanosecond. */
#include "relay.h"
#include "tests/unit/control-plane/core/stun/vectors.h"

static const cp_time offsets[] = {0, 1000 * MS, 2500 * MS, 4750 * MS};

/* The transmissions of a type lie at began + offsets, and there are no others. */
static void assert_schedule(const struct world *w, uint16_t type, const struct cp_addr *to, cp_time began)
{
	unsigned int n = 0;
	for (unsigned int i = 0; i < w->n_sent; i++) {
		if (w->sent[i].m.type != type || !cp_addr_equal(&w->sent[i].to, to))
			continue;
		assert_in_range(n, 0, 3);
		assert_true(w->sent[i].at == began + offsets[n]);
		n++;
	}
	assert_int_equal(n, 4);
}

static void bindings_repeat_their_bytes(void **state)
{
	struct world w;
	(void)state;
	world_open(&w, settings_default(), 2);
	world_run(&w, START + 20 * S);
	assert_int_equal(w.n_sent, 8);
	assert_schedule(&w, STUN_BINDING, &w.settings.server[0], START);
	assert_schedule(&w, STUN_BINDING, &w.settings.server[1], START);
	for (unsigned int i = 2; i < 8; i++) {
		const struct sent *first = &w.sent[w.sent[i].to.family == CP_V6];
		assert_int_equal(w.sent[i].bytes, first->bytes);
		assert_memory_equal(w.sent[i].data, first->data, first->bytes);
	}
	assert_int_equal(turn_counters(w.t)->requests, 2);
	assert_int_equal(turn_counters(w.t)->retransmissions, 6);
	world_close(&w);
}

static void authenticated_requests_are_made_anew(void **state)
{
	struct world w;
	(void)state;
	world_open(&w, settings_default(), 2);
	answer_binding(&w, &w.sent[0]);
	answer_binding(&w, &w.sent[1]);
	world_run(&w, START + 20 * S);
	assert_schedule(&w, STUN_ALLOCATE, &server_v4, START);
	for (unsigned int i = 2; i < w.n_sent; i++)
		for (unsigned int k = 2; k < i; k++)
			assert_memory_not_equal(w.sent[i].m.txid, w.sent[k].m.txid, STUN_TXID_BYTES);
	assert_int_equal(newest_event(&w, TURN_FREED)->why, TURN_FREED_NO_RESPONSE);
	world_close(&w);
}

static void only_the_newest_transaction_counts(void **state)
{
	struct world w;
	(void)state;
	world_open(&w, settings_default(), 2);
	answer_binding(&w, &w.sent[0]);
	world_run(&w, START + S);
	assert_int_equal(count_sent(&w, STUN_ALLOCATE), 2);
	struct sent first = w.sent[2];
	assert_int_equal(first.m.type, STUN_ALLOCATE);
	assert_int_equal(answer_error(&w, &first, 401, TURN_NONCE), TURN_E_UNKNOWN_TRANSACTION);
	assert_int_equal(answer_error(&w, newest(&w, STUN_ALLOCATE), 401, TURN_NONCE), 0);
	assert_int_equal(turn_counters(w.t)->late, 1);
	world_close(&w);
}

static void a_binding_may_be_answered_late(void **state)
{
	struct world w;
	(void)state;
	world_open(&w, settings_default(), 2);
	world_run(&w, START + 8 * S);
	assert_int_equal(answer_binding(&w, &w.sent[0]), 0);
	assert_int_equal(count_sent(&w, STUN_ALLOCATE), 1);
	world_close(&w);
}

static void every_request_has_the_same_schedule(void **state)
{
	struct cp_addr peer = peer_at(1);
	struct world w;
	(void)state;
	world_open(&w, settings_default(), 2);
	world_allocate(&w);
	w.now += 3 * S;
	turn_bind_early(w.t, &peer, w.now);
	world_drain(&w);
	world_run(&w, START + 3 * S + 8125 * MS);
	assert_schedule(&w, STUN_CHANNEL_BIND, &server_v4, START + 3 * S);
	assert_int_equal(count_events(&w, TURN_FREED), 1);
	world_close(&w);
}

static void keeps_alive_every_25_s(void **state)
{
	struct world w;
	(void)state;
	world_open(&w, settings_default(), 2);
	world_allocate(&w);
	world_run_alive(&w, START + 290 * S);
	assert_int_equal(w.n_sent, 11);
	for (unsigned int i = 0; i < w.n_sent; i++) {
		assert_int_equal(w.sent[i].m.type, STUN_BINDING);
		assert_true(cp_addr_equal(&w.sent[i].to, &server_v4));
		assert_true(w.sent[i].at == START + (i + 1) * 25 * S);
	}
	world_close(&w);
}

static void channel_data_postpones_the_keepalive(void **state)
{
	struct cp_addr peer = peer_at(1);
	struct world w;
	(void)state;
	world_open(&w, settings_default(), 2);
	world_allocate(&w);
	uint16_t channel = world_channel(&w, &peer);
	world_forget(&w);
	for (unsigned int i = 1; i <= 10; i++) {
		struct cp_addr from;
		world_run(&w, START + i * 20 * S);
		turn_channel_sent(w.t, channel, w.now);
		assert_true(turn_channel_heard(w.t, channel, w.now, &from));
	}
	assert_int_equal(w.n_sent, 0);
	turn_channel_sent(w.t, 0x4abc, w.now + 10 * S); /* no channel of ours */
	world_run(&w, START + 225 * S);
	assert_int_equal(w.n_sent, 1);
	assert_true(w.sent[0].at == START + 225 * S);
	world_close(&w);
}

/* A relay that lost the allocation swallows it without a word. */
static void channel_data_that_nothing_answers_does_not(void **state)
{
	struct cp_addr peer = peer_at(1);
	struct world w;
	(void)state;
	world_open(&w, settings_default(), 2);
	world_allocate(&w);
	uint16_t channel = world_channel(&w, &peer);
	world_forget(&w);
	for (unsigned int i = 1; i <= 5; i++) {
		world_run(&w, START + i * 5 * S - 1);
		turn_channel_sent(w.t, channel, w.now);
	}
	assert_int_equal(w.n_sent, 0);
	world_run(&w, START + 25 * S);
	assert_int_equal(count_sent(&w, STUN_REFRESH), 1);
	assert_int_equal(w.n_sent, 1);
	world_close(&w);
}

static void another_mapping_makes_it_ask_for_the_allocation(void **state)
{
	struct cp_addr mapped = mapped_v4;
	struct world w;
	(void)state;
	world_open(&w, settings_default(), 2);
	world_allocate(&w);
	world_run(&w, START + 25 * S);
	answer_binding(&w, newest(&w, STUN_BINDING));
	assert_int_equal(count_sent(&w, STUN_REFRESH), 0);
	world_run(&w, START + 50 * S);
	mapped.port++;
	answer(&w, newest(&w, STUN_BINDING), (struct answer){.type = STUN_BINDING | STUN_SUCCESS, .mapped = mapped});
	assert_int_equal(count_sent(&w, STUN_REFRESH), 1);
	world_close(&w);
}

static void refreshes_at_half_the_lifetime(void **state)
{
	struct world w;
	(void)state;
	world_open(&w, settings_default(), 2);
	world_allocate(&w);
	world_run_alive(&w, START + 300 * S - 1);
	assert_int_equal(count_sent(&w, STUN_REFRESH), 0);
	world_run_alive(&w, START + 300 * S);
	assert_int_equal(count_sent(&w, STUN_REFRESH), 1);
	w.now += S / 2;
	answer(&w, newest(&w, STUN_REFRESH), (struct answer){.type = STUN_REFRESH | STUN_SUCCESS, .has_lifetime = true, .lifetime = 100});
	world_run_alive(&w, START + 350 * S + S / 2 - 1);
	assert_int_equal(count_sent(&w, STUN_REFRESH), 1);
	world_run_alive(&w, START + 350 * S + S / 2);
	assert_int_equal(count_sent(&w, STUN_REFRESH), 2);
	world_close(&w);
}

static void a_boundless_lifetime_is_an_hour(void **state)
{
	struct world w;
	(void)state;
	world_open(&w, settings_default(), 2);
	answer_binding(&w, &w.sent[0]);
	answer_error(&w, newest(&w, STUN_ALLOCATE), 401, TURN_NONCE);
	answer(&w, newest(&w, STUN_ALLOCATE), (struct answer){.type = STUN_ALLOCATE | STUN_SUCCESS, .relayed = {relayed_v4},
						.has_lifetime = true, .lifetime = UINT32_MAX});
	world_run_alive(&w, START + 1800 * S);
	assert_int_equal(count_sent(&w, STUN_REFRESH), 1);
	assert_true(newest(&w, STUN_REFRESH)->at == START + 1800 * S);
	world_close(&w);
}

static void a_host_that_slept_allocates_anew(void **state)
{
	struct cp_addr peer = peer_at(1);
	struct world w;
	(void)state;
	world_open(&w, settings_default(), 2);
	world_allocate(&w);
	world_channel(&w, &peer);
	world_forget(&w);
	w.now += 3600 * S;
	turn_tick(w.t, w.now);
	world_drain(&w);
	assert_int_equal(count_events(&w, TURN_CHANNEL_DOWN), 1);
	assert_int_equal(count_events(&w, TURN_INVALIDATED), 1);
	assert_int_equal(w.n_sent, 1);
	assert_int_equal(answer_allocate(&w, newest(&w, STUN_ALLOCATE)), 0);
	assert_true(turn_is_allocated(w.t));
	world_close(&w);
}

static void what_nobody_drained_leaves_once(void **state)
{
	struct turn_send send;
	struct world w;
	unsigned int n = 0;
	(void)state;
	world_open(&w, settings_default(), 2);
	for (w.now = START + S; w.now <= START + 5 * S; w.now += S / 4)
		turn_tick(w.t, w.now);
	while (n < 10 && turn_next(w.t, w.now, &send))
		n++;
	assert_int_equal(n, 2);
	assert_int_equal(turn_counters(w.t)->requests, 2);
	assert_int_equal(turn_counters(w.t)->retransmissions, 2);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bindings_repeat_their_bytes),
		cmocka_unit_test(authenticated_requests_are_made_anew),
		cmocka_unit_test(only_the_newest_transaction_counts),
		cmocka_unit_test(a_binding_may_be_answered_late),
		cmocka_unit_test(every_request_has_the_same_schedule),
		cmocka_unit_test(keeps_alive_every_25_s),
		cmocka_unit_test(channel_data_postpones_the_keepalive),
		cmocka_unit_test(channel_data_that_nothing_answers_does_not),
		cmocka_unit_test(another_mapping_makes_it_ask_for_the_allocation),
		cmocka_unit_test(refreshes_at_half_the_lifetime),
		cmocka_unit_test(a_boundless_lifetime_is_an_hour),
		cmocka_unit_test(what_nobody_drained_leaves_once),
		cmocka_unit_test(a_host_that_slept_allocates_anew),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
