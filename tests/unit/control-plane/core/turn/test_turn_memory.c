/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of the client fails once, at its turn: nothing leaks, and what was refused works later. */
#include "relay.h"
#include "tests/unit/control-plane/core/stun/vectors.h"

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t n, size_t bytes);
void *__real_realloc(void *p, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes);
void *__wrap_realloc(void *p, size_t bytes);

static int fails_in; /* the how many-th allocation from now fails; 0: none; EVERY: all */
static bool has_failed;
#define EVERY (-1)

static bool fails(void)
{
	if (fails_in == 0 || (fails_in > 0 && --fails_in > 0))
		return false;
	has_failed = true;
	return true;
}

void *__wrap_malloc(size_t bytes)
{
	return fails() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t n, size_t bytes)
{
	return fails() ? NULL : __real_calloc(n, bytes);
}

void *__wrap_realloc(void *p, size_t bytes)
{
	return fails() ? NULL : __real_realloc(p, bytes);
}

static void arm(int nth)
{
	fails_in = nth;
	has_failed = false;
}

static bool disarm(void)
{
	fails_in = 0;
	return has_failed;
}

static void a_client_is_made_whole_or_not_at_all(void **state)
{
	struct turn_settings s = settings_default();
	struct cp_rng rng;
	unsigned int refused = 0;
	(void)state;
	cp_rng_seed(&rng, (const uint8_t[16]){1});
	for (int nth = 1;; nth++) {
		arm(nth);
		struct turn *t = turn_new(&s, &rng, START);
		bool failed = disarm();
		assert_int_equal(failed, t == NULL);
		turn_free(t);
		if (!failed)
			break;
		refused++;
	}
	assert_int_equal(refused, 3);
}

static void a_channel_that_found_no_memory_is_bound_later(void **state)
{
	struct world w;
	unsigned int failures = 0;
	(void)state;
	world_open(&w, settings_default(), 7);
	world_allocate(&w);
	for (unsigned int i = 0; i < 300; i++) {
		struct cp_addr peer = peer_at(i);
		for (int nth = 1; nth <= 6; nth++) {
			uint32_t in_use = turn_channels_in_use(w.t);
			arm(nth);
			assert_int_equal(turn_channel_to(w.t, &peer, w.now), 0);
			if (!disarm())
				break;
			/* a map that could not grow takes it nevertheless */
			failures += turn_channels_in_use(w.t) == in_use;
			assert_int_equal(turn_counters(w.t)->out_of_memory, failures);
		}
		world_drain(&w);
		assert_int_equal(answer_ok(&w, newest(&w, STUN_CHANNEL_BIND)), 0);
		assert_int_equal(turn_channel_to(w.t, &peer, w.now), STUN_CHANNEL_FIRST + i);
	}
	assert_in_range(failures, 300, 400);
	world_close(&w);
}

static void a_transaction_that_found_no_memory_is_answered_later(void **state)
{
	struct turn_settings s = settings_default();
	struct turn_send first, again;
	struct cp_rng rng;
	struct world w;
	(void)state;
	cp_rng_seed(&rng, (const uint8_t[16]){1});
	s.server[1].family = CP_NONE;
	struct turn *t = turn_new(&s, &rng, START);
	arm(1);
	assert_true(turn_next(t, START, &first));
	assert_true(disarm());
	assert_int_equal(turn_counters(t)->out_of_memory, 1);
	turn_tick(t, START + S);
	assert_true(turn_next(t, START + S, &again));
	w = (struct world){.t = t, .now = START + S, .settings = s};
	struct sent sent = {.to = again.to};
	assert_int_equal(stun_parse(again.data, again.bytes, &sent.m), 0);
	assert_int_equal(answer_binding(&w, &sent), 0);
	assert_non_null(turn_active_server(t));
	world_close(&w);
}

static void events_that_nobody_takes_are_lost_and_counted(void **state)
{
	struct turn_settings s = settings_default();
	struct cp_rng rng;
	struct turn_event e;
	unsigned int kept = 0;
	(void)state;
	cp_rng_seed(&rng, (const uint8_t[16]){1});
	struct turn *t = turn_new(&s, &rng, START);
	struct world w = {.t = t, .now = START, .settings = s};
	for (uint16_t port = 1; port <= 100; port++) { /* each restart forgets them, and they are new again */
		struct turn_send send;
		struct stun_message m;
		struct stun_writer out;
		uint8_t buffer[128];
		assert_true(turn_next(t, START, &send));
		stun_begin(&out, buffer, sizeof(buffer), STUN_BINDING | STUN_SUCCESS, send.data + 8);
		stun_put_address(&out, STUN_XOR_MAPPED_ADDRESS, &mapped_v4);
		assert_int_equal(stun_parse(buffer, stun_finish(&out), &m), 0);
		arm(EVERY);
		assert_int_equal(turn_stun_in(t, &m, &send.to, &local_v4, START), 0);
		disarm();
		turn_restart(t, START);
	}
	while (turn_event_next(t, &e))
		kept++;
	assert_int_equal(kept, 32);
	assert_int_equal(turn_counters(t)->out_of_memory, 2 * 100 - 32);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_is_made_whole_or_not_at_all),
		cmocka_unit_test(a_channel_that_found_no_memory_is_bound_later),
		cmocka_unit_test(a_transaction_that_found_no_memory_is_answered_later),
		cmocka_unit_test(events_that_nobody_takes_are_lost_and_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
