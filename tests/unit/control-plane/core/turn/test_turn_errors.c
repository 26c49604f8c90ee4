/* SPDX-License-Identifier: Apache-2.0 */
/* Every row of the table of errors, on every request it applies to, from stock relays and from others. */
#include <stdio.h>

#include "relay.h"
#include "tests/unit/control-plane/core/stun/vectors.h"

enum asked { ALLOCATE, REFRESH, CHANNEL_BIND };
static const uint16_t types[] = {STUN_ALLOCATE, STUN_REFRESH, STUN_CHANNEL_BIND};

/* Attribute types of a message, in order. */
static unsigned int attributes(const struct sent *s, uint16_t ret[16])
{
	unsigned int n = 0;
	for (size_t at = STUN_HEADER_BYTES; at < s->bytes;) {
		assert_true(n < 16);
		ret[n++] = (uint16_t)(s->data[at] << 8 | s->data[at + 1]);
		at += 4 + (((size_t)(s->data[at + 2] << 8 | s->data[at + 3]) + 3) & ~(size_t)3);
	}
	return n;
}

#define assert_attributes(s, ...)                                                                                      \
	do {                                                                                                               \
		static const uint16_t expected[] = {__VA_ARGS__};                                                              \
		uint16_t found[16];                                                                                            \
		assert_int_equal(attributes(s, found), sizeof(expected) / 2);                                                  \
		assert_memory_equal(found, expected, sizeof(expected));                                                        \
	} while (0)

static bool has_nonce(const struct sent *s, const char *nonce)
{
	return s->m.nonce.p && s->m.nonce.bytes == strlen(nonce) && memcmp(s->m.nonce.p, nonce, s->m.nonce.bytes) == 0;
}

/* A world in which this request, with a nonce, is the newest of its type and unanswered. */
static void asking(struct world *w, enum asked what)
{
	struct cp_addr peer = peer_at(1);
	world_open(w, settings_default(), 3);
	if (what == ALLOCATE) {
		answer_binding(w, &w->sent[0]);
		answer_binding(w, &w->sent[1]);
		answer_error(w, newest(w, STUN_ALLOCATE), 401, TURN_NONCE);
		world_forget(w);
		world_run(w, START + S); /* repeated once */
		return;
	}
	world_allocate(w);
	if (what == REFRESH)
		world_run_alive(w, START + 300 * S);
	else
		assert_int_equal(turn_channel_to(w->t, &peer, w->now), 0);
	world_drain(w);
}

static struct sent newest_copy(const struct world *w, uint16_t type)
{
	return *newest(w, type);
}

static void a_first_401_brings_the_nonce(void **state)
{
	struct world w;
	(void)state;
	world_open(&w, settings_default(), 3);
	answer_binding(&w, &w.sent[0]);
	struct sent first = newest_copy(&w, STUN_ALLOCATE);
	assert_attributes(&first, 0x0019, 0x8000, 0x8022, 0x0006, 0x0014, 0x0008);
	assert_int_equal(answer_error(&w, &first, 401, "n1"), 0);
	const struct sent *second = newest(&w, STUN_ALLOCATE);
	assert_attributes(second, 0x0019, 0x8000, 0x8022, 0x0006, 0x0014, 0x0015, 0x0008);
	assert_true(has_nonce(second, "n1"));
	assert_memory_not_equal(first.m.txid, second->m.txid, STUN_TXID_BYTES);
	assert_int_equal(turn_counters(w.t)->errors_401, 1);
	world_close(&w);
}

static void a_401_of_another_realm_stops_it(void **state)
{
	struct world w;
	(void)state;
	world_open(&w, settings_default(), 3);
	answer_binding(&w, &w.sent[0]);
	answer_binding(&w, &w.sent[1]);
	assert_int_equal(answer(&w, newest(&w, STUN_ALLOCATE), (struct answer){.type = STUN_ALLOCATE | STUN_ERROR, .code = 401,
				.nonce = "n", .realm = "elsewhere"}), 0);
	assert_int_equal(count_sent(&w, STUN_ALLOCATE), 1);
	assert_int_equal(newest_event(&w, TURN_SUSPENDED)->code, 401);
	assert_true(turn_is_suspended(w.t));
	world_close(&w);
}

static void a_401_despite_the_nonce_refuses_the_credentials(void **state)
{
	struct world w;
	(void)state;
	for (enum asked what = ALLOCATE; what <= CHANNEL_BIND; what++) {
		asking(&w, what);
		assert_int_equal(answer_error(&w, newest(&w, types[what]), 401, "other"), 0);
		assert_int_equal(newest_event(&w, TURN_FREED)->why, TURN_FREED_AUTHENTICATION);
		assert_int_equal(count_events(&w, TURN_INVALIDATED), what != ALLOCATE);
		assert_int_equal(count_events(&w, TURN_RELAYED_GONE), what != ALLOCATE ? 2 : 0);
		assert_true(turn_deadline(w.t) == CP_NEVER);
		world_close(&w);
	}
}

static void a_stale_nonce_is_replaced(void **state)
{
	struct world w;
	(void)state;
	for (enum asked what = ALLOCATE; what <= CHANNEL_BIND; what++) {
		asking(&w, what);
		unsigned int n = count_sent(&w, types[what]);
		struct sent before = newest_copy(&w, types[what]);
		assert_int_equal(answer_error(&w, &before, 438, "fresh"), 0);
		assert_int_equal(count_sent(&w, types[what]), n + 1);
		assert_true(has_nonce(newest(&w, types[what]), "fresh"));
		assert_memory_not_equal(before.m.txid, newest(&w, types[what])->m.txid, STUN_TXID_BYTES);
		assert_int_equal(turn_counters(w.t)->errors_438, 1);
		world_run(&w, w.now + S - 1);
		assert_int_equal(count_sent(&w, types[what]), n + 1); /* its schedule begins anew */
		world_run(&w, w.now + 1);
		assert_int_equal(count_sent(&w, types[what]), n + 2);
		world_close(&w);
	}
}

static void endless_stale_nonces_do_not_set_the_pace(void **state)
{
	struct world w;
	char nonce[16];
	(void)state;
	asking(&w, ALLOCATE);
	unsigned int n = count_sent(&w, STUN_ALLOCATE), answered = 0;
	do {
		snprintf(nonce, sizeof(nonce), "nonce%u", answered);
		assert_int_equal(answer_error(&w, newest(&w, STUN_ALLOCATE), 438, nonce), 0);
		answered++;
	} while (count_sent(&w, STUN_ALLOCATE) == n + answered && answered < 100);
	assert_int_equal(answered, 3); /* the third to a request that had been renewed once */
	assert_int_equal(count_sent(&w, STUN_ALLOCATE), n + 2);
	assert_int_equal(answer_error(&w, newest(&w, STUN_ALLOCATE), 438, "x"), TURN_E_UNKNOWN_TRANSACTION);
	world_run(&w, w.now + S); /* the schedule still knows it, with the nonce learned last */
	assert_int_equal(count_sent(&w, STUN_ALLOCATE), n + 3);
	assert_true(has_nonce(newest(&w, STUN_ALLOCATE), "nonce2"));
	world_run(&w, w.now + 8 * S);
	assert_int_equal(newest_event(&w, TURN_FREED)->why, TURN_FREED_NO_RESPONSE);
	world_close(&w);
}

static void a_mismatched_allocate_deletes_first(void **state)
{
	struct world w;
	(void)state;
	asking(&w, ALLOCATE);
	assert_int_equal(answer_error(&w, newest(&w, STUN_ALLOCATE), 437, NULL), 0);
	const struct sent *s = newest(&w, STUN_REFRESH);
	assert_attributes(s, 0x0019, 0x8000, 0x8022, 0x000d, 0x0006, 0x0014, 0x0015, 0x0008);
	assert_int_equal(s->m.lifetime_s, 0);
	world_forget(&w);
	world_run(&w, w.now + S);
	assert_int_equal(answer(&w, newest(&w, STUN_REFRESH), (struct answer){.type = STUN_REFRESH | STUN_SUCCESS,
				.has_lifetime = true}), 0);
	assert_int_equal(answer_allocate(&w, newest(&w, STUN_ALLOCATE)), 0);
	assert_true(turn_is_allocated(w.t));
	assert_int_equal(count_events(&w, TURN_INVALIDATED), 0);
	world_close(&w);
}

static void a_mismatched_refresh_allocates(void **state)
{
	struct world w;
	(void)state;
	asking(&w, REFRESH);
	answer_error(&w, newest(&w, STUN_REFRESH), 437, NULL);
	assert_int_equal(count_events(&w, TURN_RELAYED_GONE), 2);
	assert_int_equal(count_events(&w, TURN_INVALIDATED), 1);
	assert_int_equal(count_sent(&w, STUN_ALLOCATE), 1);
	answer_allocate(&w, newest(&w, STUN_ALLOCATE));
	assert_int_equal(count_events(&w, TURN_ALLOCATED), 1);
	world_close(&w);
}

static void a_mismatched_channel_waits_for_the_next_allocation(void **state)
{
	struct cp_addr peer = peer_at(1), other = peer_at(2);
	struct world w;
	(void)state;
	asking(&w, CHANNEL_BIND);
	answer_ok(&w, newest(&w, STUN_CHANNEL_BIND));
	turn_bind_early(w.t, &other, w.now);
	world_drain(&w);
	answer_error(&w, newest(&w, STUN_CHANNEL_BIND), 437, NULL);
	assert_int_equal(count_events(&w, TURN_CHANNEL_DOWN), 2);
	assert_int_equal(count_events(&w, TURN_INVALIDATED), 1);
	assert_int_equal(turn_channels_in_use(w.t), 0);
	unsigned int binds = count_sent(&w, STUN_CHANNEL_BIND);
	answer_allocate(&w, newest(&w, STUN_ALLOCATE));
	assert_int_equal(count_sent(&w, STUN_CHANNEL_BIND), binds + 1);
	assert_true(cp_addr_equal(&newest(&w, STUN_CHANNEL_BIND)->m.peer, &other));
	assert_int_equal(newest(&w, STUN_CHANNEL_BIND)->m.channel, 0x4002); /* numbers go on */
	assert_int_equal(turn_channel_to(w.t, &peer, w.now), 0);
	world_close(&w);
}

static void endless_mismatches_suspend_it(void **state)
{
	struct world w;
	unsigned int rounds = 0;
	(void)state;
	asking(&w, ALLOCATE);
	for (; !turn_is_suspended(w.t) && rounds < 100; rounds++)
		answer_error(&w, &w.sent[w.n_sent - 1], 437, NULL);
	assert_int_equal(rounds, 6);
	assert_int_equal(newest_event(&w, TURN_SUSPENDED)->code, 437);
	world_close(&w);

	asking(&w, REFRESH); /* it grants, and forgets at once */
	for (rounds = 0; !turn_is_suspended(w.t) && rounds < 100; rounds++) {
		turn_probe(w.t, w.now);
		world_drain(&w);
		answer_error(&w, newest(&w, STUN_REFRESH), 437, NULL);
		if (!turn_is_suspended(w.t))
			answer_allocate(&w, newest(&w, STUN_ALLOCATE));
	}
	assert_in_range(rounds, 6, 7);
	world_close(&w);
}

static void unknown_attributes_free_it(void **state)
{
	struct world w;
	(void)state;
	for (enum asked what = ALLOCATE; what <= CHANNEL_BIND; what++) {
		asking(&w, what);
		answer(&w, newest(&w, types[what]), (struct answer){.type = types[what] | STUN_ERROR, .code = 420,
				.refused = {STUN_USERNAME, STUN_CHANNEL_NUMBER}});
		assert_int_equal(newest_event(&w, TURN_FREED)->why, TURN_FREED_PROTOCOL);
		world_close(&w);
	}
	world_open(&w, settings_default(), 3);
	answer(&w, &w.sent[0], (struct answer){.type = STUN_BINDING | STUN_ERROR, .code = 420, .sign = UNSIGNED});
	assert_int_equal(newest_event(&w, TURN_FREED)->why, TURN_FREED_PROTOCOL);
	world_close(&w);
}

static void what_a_420_names_is_left_out_once(void **state)
{
	struct world w;
	(void)state;
	asking(&w, REFRESH);
	struct answer no = {.type = STUN_REFRESH | STUN_ERROR, .code = 420, .refused = {STUN_REQUESTED_TRANSPORT, 0x8000}};
	assert_int_equal(answer(&w, newest(&w, STUN_REFRESH), no), 0);
	assert_attributes(newest(&w, STUN_REFRESH), 0x8022, 0x0006, 0x0014, 0x0015, 0x0008);
	answer_ok(&w, newest(&w, STUN_REFRESH));
	turn_probe(w.t, w.now); /* remembered */
	world_drain(&w);
	assert_attributes(newest(&w, STUN_REFRESH), 0x8022, 0x0006, 0x0014, 0x0015, 0x0008);
	assert_int_equal(count_events(&w, TURN_FREED), 0);
	answer(&w, newest(&w, STUN_REFRESH), no);
	assert_int_equal(newest_event(&w, TURN_FREED)->why, TURN_FREED_PROTOCOL);
	world_close(&w);

	asking(&w, ALLOCATE);
	no = (struct answer){.type = STUN_ALLOCATE | STUN_ERROR, .code = 420, .refused = {0x8000}};
	answer(&w, newest(&w, STUN_ALLOCATE), no);
	assert_attributes(newest(&w, STUN_ALLOCATE), 0x0019, 0x8022, 0x0006, 0x0014, 0x0015, 0x0008);
	no.refused[0] = STUN_SOFTWARE;
	answer(&w, newest(&w, STUN_ALLOCATE), no); /* one repeat, not two */
	assert_int_equal(newest_event(&w, TURN_FREED)->why, TURN_FREED_PROTOCOL);
	world_close(&w);
}

static void a_refused_allocate_suspends(void **state)
{
	static const uint16_t codes[] = {400, 403, 440, 443, 486, 500, 508};
	struct cp_addr peer = peer_at(1);
	struct world w;
	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		asking(&w, ALLOCATE);
		turn_bind_early(w.t, &peer, w.now);
		assert_int_equal(answer_error(&w, newest(&w, STUN_ALLOCATE), codes[i], NULL), 0);
		assert_int_equal(count_events(&w, TURN_SUSPENDED), 1);
		assert_int_equal(newest_event(&w, TURN_SUSPENDED)->code, codes[i]);
		assert_true(turn_deadline(w.t) == CP_NEVER);
		turn_tick(w.t, w.now + 60 * S);
		world_drain(&w);
		assert_int_equal(count_events(&w, TURN_SUSPENDED), 1);
		assert_int_equal(turn_counters(w.t)->binds_dropped, 1);
		turn_bind_early(w.t, &peer, w.now); /* not while suspended */
		turn_probe(w.t, w.now);
		world_drain(&w);
		answer_binding(&w, newest(&w, STUN_BINDING));
		answer_allocate(&w, newest(&w, STUN_ALLOCATE));
		assert_int_equal(count_sent(&w, STUN_CHANNEL_BIND), 0);
		world_close(&w);
	}
}

static void a_refused_channel_is_forgotten_and_may_be_tried_again(void **state)
{
	struct cp_addr peer = peer_at(1);
	struct world w;
	(void)state;
	asking(&w, CHANNEL_BIND);
	assert_int_equal(turn_channel_to(w.t, &peer, w.now), 0x4000); /* optimistically */
	assert_int_equal(answer_error(&w, newest(&w, STUN_CHANNEL_BIND), 403, NULL), 0);
	assert_int_equal(w.n_events, 1);
	assert_int_equal(w.events[0].kind, TURN_CHANNEL_DOWN);
	assert_int_equal(turn_channels_in_use(w.t), 0);
	assert_true(turn_is_allocated(w.t));
	assert_int_equal(turn_channel_to(w.t, &peer, w.now), 0);
	world_drain(&w);
	assert_int_equal(newest(&w, STUN_CHANNEL_BIND)->m.channel, 0x4001);
	world_close(&w);
}

static void a_refused_refresh_lets_the_lifetime_run_on(void **state)
{
	struct world w;
	(void)state;
	asking(&w, REFRESH);
	answer_error(&w, newest(&w, STUN_REFRESH), 500, NULL);
	assert_int_equal(w.n_events, 0);
	while (turn_deadline(w.t) < START + 600 * S) {
		unsigned int n = count_sent(&w, STUN_REFRESH);
		world_run_alive(&w, turn_deadline(w.t));
		if (count_sent(&w, STUN_REFRESH) > n)
			answer_error(&w, newest(&w, STUN_REFRESH), 500, NULL);
	}
	assert_int_equal(count_sent(&w, STUN_REFRESH), 5); /* 300, 450, 525, 562.5, 581.25 */
	assert_true(newest(&w, STUN_REFRESH)->at == START + 581250 * MS);
	world_run_alive(&w, START + 600 * S - 1);
	assert_true(turn_is_allocated(w.t));
	world_run_alive(&w, START + 600 * S);
	assert_int_equal(count_events(&w, TURN_INVALIDATED), 1);
	assert_true(newest(&w, STUN_ALLOCATE)->at == START + 600 * S);
	world_close(&w);
}

static void what_is_not_signed_by_a_stock_relay_is_noise(void **state)
{
	static const uint16_t codes[] = {400, 401, 420, 437, 438, 486};
	struct world w;
	(void)state;
	for (enum asked what = ALLOCATE; what <= CHANNEL_BIND; what++)
		for (enum sign sign = UNSIGNED; sign <= BADLY; sign++) {
			asking(&w, what);
			unsigned int n = w.n_sent, told = w.n_events;
			struct sent s = newest_copy(&w, types[what]);
			for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
				struct answer a = {.type = types[what] | STUN_ERROR, .code = codes[i], .nonce = "n",
						   .realm = TURN_REALM, .sign = sign};
				assert_int_equal(answer(&w, &s, a), TURN_E_BAD_INTEGRITY);
			}
			assert_int_equal(answer(&w, &s, (struct answer){.type = types[what] | STUN_SUCCESS, .relayed = {relayed_v4},
						 .has_lifetime = true, .lifetime = 600, .sign = sign}), TURN_E_BAD_INTEGRITY);
			assert_int_equal(w.n_sent, n);
			assert_int_equal(w.n_events, told);
			assert_int_equal(turn_counters(w.t)->bad_integrity, 7);
			assert_int_equal(answer(&w, &s, (struct answer){.type = types[what] | STUN_SUCCESS, .relayed = {relayed_v4},
						 .has_lifetime = true, .lifetime = 600}), 0); /* it is still waited for */
			world_close(&w);
		}
}

/* 438 with the nonce "a", NUL, "b". */
static int stale_with_nul(struct world *w, const struct sent *s)
{
	uint8_t buffer[256];
	struct stun_message m;
	struct stun_writer out;
	stun_begin(&out, buffer, sizeof(buffer), STUN_ALLOCATE | STUN_ERROR, s->m.txid);
	stun_put_error(&out, 438, "Stale");
	stun_put(&out, STUN_NONCE, "a\0b", 3);
	stun_put_integrity(&out, w->key, sizeof(w->key));
	assert_int_equal(stun_parse(buffer, stun_finish(&out), &m), 0);
	return turn_stun_in(w->t, &m, &s->to, &local_v4, w->now);
}

static void responses_that_lack_something_are_malformed(void **state)
{
	struct world w;
	char nonce[TURN_TEXT_MAX + 1] = {0};
	(void)state;
	memset(nonce, 'n', TURN_TEXT_MAX);
	asking(&w, ALLOCATE);
	struct sent s = newest_copy(&w, STUN_ALLOCATE);
	struct answer a = {.type = STUN_ALLOCATE | STUN_SUCCESS, .relayed = {relayed_v4}};
	assert_int_equal(answer(&w, &s, a), TURN_E_MALFORMED);
	a.has_lifetime = true;
	assert_int_equal(answer(&w, &s, a), TURN_E_MALFORMED); /* of 0 s */
	a = (struct answer){.type = STUN_ALLOCATE | STUN_SUCCESS, .has_lifetime = true, .lifetime = 600};
	assert_int_equal(answer(&w, &s, a), TURN_E_MALFORMED);
	a = (struct answer){.type = STUN_ALLOCATE | STUN_ERROR};
	assert_int_equal(answer(&w, &s, a), TURN_E_MALFORMED);
	a = (struct answer){.type = STUN_ALLOCATE | STUN_ERROR, .code = 438};
	assert_int_equal(answer(&w, &s, a), TURN_E_MALFORMED);
	a.nonce = "";
	assert_int_equal(answer(&w, &s, a), TURN_E_MALFORMED);
	a.nonce = nonce; /* one byte too long */
	assert_int_equal(answer(&w, &s, a), TURN_E_MALFORMED);
	assert_int_equal(turn_counters(w.t)->malformed, 7);
	assert_int_equal(stale_with_nul(&w, &s), TURN_E_MALFORMED);
	assert_int_equal(answer_allocate(&w, &s), 0);
	turn_probe(w.t, w.now);
	world_drain(&w);
	assert_int_equal(answer(&w, newest(&w, STUN_REFRESH), (struct answer){.type = STUN_REFRESH | STUN_SUCCESS}), TURN_E_MALFORMED);
	world_close(&w);
}

static void the_longest_nonce_that_fits_is_used(void **state)
{
	struct world w;
	char nonce[TURN_TEXT_MAX] = {0};
	(void)state;
	memset(nonce, 'n', TURN_TEXT_MAX - 1);
	asking(&w, ALLOCATE);
	assert_int_equal(answer_error(&w, newest(&w, STUN_ALLOCATE), 438, nonce), 0);
	assert_true(has_nonce(newest(&w, STUN_ALLOCATE), nonce));
	world_close(&w);

	char name[TURN_TEXT_MAX] = {0};
	struct turn_settings s = settings_default();
	memset(name, 'u', TURN_TEXT_MAX - 1);
	s.username = name;
	s.realm = name + TURN_TEXT_MAX - 1 - 200;
	world_open(&w, s, 3); /* with such a name there is no room for such a nonce */
	answer_binding(&w, &w.sent[0]);
	struct sent first = newest_copy(&w, STUN_ALLOCATE);
	unsigned int longest = 0;
	for (unsigned int n = TURN_TEXT_MAX - 1; n > 0 && longest == 0; n--) {
		nonce[n] = 0;
		if (answer_error(&w, &first, 401, nonce) == 0)
			longest = n;
	}
	assert_int_equal(longest, 452);
	assert_int_equal(newest(&w, STUN_ALLOCATE)->m.nonce.bytes, longest);
	assert_true(newest(&w, STUN_ALLOCATE)->bytes <= TURN_MESSAGE_MAX);
	world_close(&w);
}

/* --- third-party servers --- */

static void not_stock(struct world *w, uint16_t code)
{
	world_open(w, settings_default(), 3);
	answer_binding(w, &w->sent[0]);
	answer_binding(w, &w->sent[1]);
	struct answer a = {.type = STUN_ALLOCATE | STUN_ERROR, .code = code, .sign = UNSIGNED};
	if (code == 401)
		a.nonce = "first", a.realm = "third.example";
	assert_int_equal(answer(w, newest(w, STUN_ALLOCATE), a), 0);
}

static void challenge(struct world *w, const char *nonce)
{
	assert_int_equal(answer(w, newest(w, STUN_ALLOCATE), (struct answer){.type = STUN_ALLOCATE | STUN_ERROR, .code = 401,
				.nonce = nonce, .realm = "third.example", .sign = UNSIGNED}), 0);
	stun_long_term_key(TURN_USERNAME, "third.example", TURN_PASSWORD, w->key);
}

static void an_unsigned_error_to_the_first_allocate_shows_a_third_party(void **state)
{
	static const uint16_t codes[] = {400, 401, 437, 441};
	struct world w;
	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		not_stock(&w, codes[i]);
		assert_attributes(newest(&w, STUN_ALLOCATE), 0x0019, 0x8032, 0x8022); /* bare */
		challenge(&w, "n1");
		const struct sent *s = newest(&w, STUN_ALLOCATE);
		assert_attributes(s, 0x0019, 0x8032, 0x8022, 0x0006, 0x0014, 0x0015, 0x0008);
		assert_int_equal(s->m.realm.bytes, strlen("third.example"));
		assert_true(stun_integrity_holds(&s->m, w.key, sizeof(w.key)));
		assert_int_equal(answer_allocate(&w, s), 0);
		world_run_alive(&w, START + 300 * S);
		assert_attributes(newest(&w, STUN_REFRESH), 0x8022, 0x0006, 0x0014, 0x0015, 0x0008);
		answer_ok(&w, newest(&w, STUN_REFRESH));
		turn_release(w.t, w.now);
		world_drain(&w);
		assert_attributes(newest(&w, STUN_REFRESH), 0x8022, 0x000d, 0x0006, 0x0014, 0x0015, 0x0008);
		world_close(&w);
	}
}

/* coturn looks for the allocation of an earlier process before it looks at credentials. */
static void an_unsigned_437_shows_one_that_holds_an_old_allocation(void **state)
{
	struct world w;
	(void)state;
	not_stock(&w, 437);
	assert_attributes(newest(&w, STUN_ALLOCATE), 0x0019, 0x8032, 0x8022);
	struct answer taken = {.type = STUN_ALLOCATE | STUN_ERROR, .code = 437, .sign = UNSIGNED};
	assert_int_equal(answer(&w, newest(&w, STUN_ALLOCATE), taken), 0);
	assert_attributes(newest(&w, STUN_REFRESH), 0x8022, 0x000d);
	struct answer denied = {.type = STUN_REFRESH | STUN_ERROR, .code = 401, .nonce = "n1", .realm = "third.example", .sign = UNSIGNED};
	assert_int_equal(answer(&w, newest(&w, STUN_REFRESH), denied), 0);
	stun_long_term_key(TURN_USERNAME, "third.example", TURN_PASSWORD, w.key);
	assert_attributes(newest(&w, STUN_REFRESH), 0x8022, 0x000d, 0x0006, 0x0014, 0x0015, 0x0008);
	assert_int_equal(newest(&w, STUN_REFRESH)->m.lifetime_s, 0);
	assert_int_equal(answer(&w, newest(&w, STUN_REFRESH), (struct answer){.type = STUN_REFRESH | STUN_SUCCESS, .has_lifetime = true}), 0);
	assert_int_equal(answer_allocate(&w, newest(&w, STUN_ALLOCATE)), 0);
	assert_true(turn_is_allocated(w.t));
	world_close(&w);
}

static void the_kind_is_remembered(void **state)
{
	struct world w;
	(void)state;
	not_stock(&w, 400);
	challenge(&w, "n1");
	answer_allocate(&w, newest(&w, STUN_ALLOCATE));
	turn_restart(w.t, w.now);
	world_drain(&w);
	answer_binding(&w, newest(&w, STUN_BINDING));
	assert_attributes(newest(&w, STUN_ALLOCATE), 0x0019, 0x8032, 0x8022);
	world_close(&w);

	world_open(&w, settings_default(), 3);
	world_allocate(&w);
	turn_restart(w.t, w.now);
	world_drain(&w);
	answer_binding(&w, newest(&w, STUN_BINDING));
	assert_int_equal(answer(&w, newest(&w, STUN_ALLOCATE), (struct answer){.type = STUN_ALLOCATE | STUN_ERROR, .code = 400,
				.sign = UNSIGNED}), TURN_E_BAD_INTEGRITY); /* it is a stock relay, whoever says this */
	world_close(&w);
}

static void an_unsigned_nonce_of_a_third_party_is_tried(void **state)
{
	struct world w;
	(void)state;
	not_stock(&w, 400);
	challenge(&w, "n1");
	struct answer stale = {.type = STUN_ALLOCATE | STUN_ERROR, .code = 438, .nonce = "n2", .realm = "third.example",
			       .sign = UNSIGNED};
	assert_int_equal(answer(&w, newest(&w, STUN_ALLOCATE), stale), 0);
	assert_true(has_nonce(newest(&w, STUN_ALLOCATE), "n2"));
	stale.realm = "fourth.example";
	assert_int_equal(answer(&w, newest(&w, STUN_ALLOCATE), stale), TURN_E_MALFORMED);
	world_close(&w);
}

static void nothing_else_of_a_third_party_is_believed_unsigned(void **state)
{
	static const uint16_t codes[] = {400, 403, 420, 437, 486, 500};
	struct world w;
	(void)state;
	not_stock(&w, 400);
	challenge(&w, "n1");
	struct sent s = newest_copy(&w, STUN_ALLOCATE);
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		assert_int_equal(answer(&w, &s, (struct answer){.type = STUN_ALLOCATE | STUN_ERROR, .code = codes[i], .nonce = "n",
					.sign = UNSIGNED}), TURN_E_BAD_INTEGRITY);
	assert_int_equal(answer(&w, &s, (struct answer){.type = STUN_ALLOCATE | STUN_SUCCESS, .relayed = {relayed_v4},
				.has_lifetime = true, .lifetime = 600, .sign = UNSIGNED}), TURN_E_BAD_INTEGRITY);
	assert_int_equal(answer_error(&w, &s, 486, NULL), 0); /* signed, it is */
	assert_int_equal(newest_event(&w, TURN_SUSPENDED)->code, 486);
	world_close(&w);
}

static void a_bare_allocate_is_not_granted(void **state)
{
	struct world w;
	(void)state;
	not_stock(&w, 400);
	assert_int_equal(answer(&w, newest(&w, STUN_ALLOCATE), (struct answer){.type = STUN_ALLOCATE | STUN_SUCCESS,
				.relayed = {relayed_v4}, .has_lifetime = true, .lifetime = 600, .sign = UNSIGNED}), TURN_E_BAD_INTEGRITY);
	assert_false(turn_is_allocated(w.t));
	world_close(&w);
}

static void wrong_credentials_at_a_third_party_end_with_the_schedule(void **state)
{
	struct world w;
	char nonce[16];
	(void)state;
	not_stock(&w, 400);
	challenge(&w, "n1");
	unsigned int before = count_sent(&w, STUN_ALLOCATE), answered = 0;
	for (unsigned int i = before - 1; count_events(&w, TURN_FREED) == 0; i++) {
		struct sent s = w.sent[w.n_sent - 1];
		snprintf(nonce, sizeof(nonce), "again%u", i);
		if (s.m.type == STUN_ALLOCATE && s.m.nonce.p && answered < count_sent(&w, STUN_ALLOCATE) - before + 1) {
			assert_int_equal(answer(&w, &s, (struct answer){.type = STUN_ALLOCATE | STUN_ERROR, .code = 401,
						.nonce = nonce, .realm = "third.example", .sign = UNSIGNED}), 0);
			answered++;
		}
		world_run(&w, turn_deadline(w.t));
	}
	assert_int_equal(count_sent(&w, STUN_ALLOCATE), before + 3);
	assert_int_equal(answered, 4);
	assert_true(w.now == START + 8125 * MS);
	assert_int_equal(newest_event(&w, TURN_FREED)->why, TURN_FREED_AUTHENTICATION);
	world_close(&w);
}

static void an_hour_with_a_third_party(void **state)
{
	struct world w;
	struct relay r;
	struct cp_addr peer = peer_at(1);
	(void)state;
	world_open(&w, settings_default(), 3);
	relay_open(&r, &w);
	r.third_party = true;
	r.nonce_uses = 7;
	r.realm = "third.example";
	stun_long_term_key(TURN_USERNAME, "third.example", TURN_PASSWORD, r.key);
	w.relay = &r;
	turn_bind_early(w.t, &peer, w.now);
	for (int i = 0; i < 60; i++) {
		world_run(&w, w.now + 60 * S);
		assert_true(turn_channel_heard(w.t, 0x4000, w.now, &peer));
		world_drain(&w);
	}
	assert_true(cp_addr_equal(&turn_active_server(w.t)[0], &server_v4));
	assert_int_equal(turn_relayed(w.t, CP_V6).family, CP_V6);
	assert_int_equal(r.allocations, 1);
	assert_in_range(r.refreshes, 11, 12);
	assert_in_range(r.binds, 14, 16); /* every 4 min, before permissions end */
	assert_int_equal(turn_counters(w.t)->errors_420, 0);
	turn_release(w.t, w.now);
	world_drain(&w);
	world_run(&w, w.now + S);
	assert_true(newest_event(&w, TURN_RELEASED)->confirmed);
	assert_int_equal(r.deletes, 1);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_first_401_brings_the_nonce),
		cmocka_unit_test(a_401_of_another_realm_stops_it),
		cmocka_unit_test(a_401_despite_the_nonce_refuses_the_credentials),
		cmocka_unit_test(a_stale_nonce_is_replaced),
		cmocka_unit_test(endless_stale_nonces_do_not_set_the_pace),
		cmocka_unit_test(a_mismatched_allocate_deletes_first),
		cmocka_unit_test(a_mismatched_refresh_allocates),
		cmocka_unit_test(a_mismatched_channel_waits_for_the_next_allocation),
		cmocka_unit_test(endless_mismatches_suspend_it),
		cmocka_unit_test(unknown_attributes_free_it),
		cmocka_unit_test(what_a_420_names_is_left_out_once),
		cmocka_unit_test(a_refused_allocate_suspends),
		cmocka_unit_test(a_refused_channel_is_forgotten_and_may_be_tried_again),
		cmocka_unit_test(a_refused_refresh_lets_the_lifetime_run_on),
		cmocka_unit_test(what_is_not_signed_by_a_stock_relay_is_noise),
		cmocka_unit_test(responses_that_lack_something_are_malformed),
		cmocka_unit_test(the_longest_nonce_that_fits_is_used),
		cmocka_unit_test(an_unsigned_error_to_the_first_allocate_shows_a_third_party),
		cmocka_unit_test(an_unsigned_437_shows_one_that_holds_an_old_allocation),
		cmocka_unit_test(the_kind_is_remembered),
		cmocka_unit_test(an_unsigned_nonce_of_a_third_party_is_tried),
		cmocka_unit_test(nothing_else_of_a_third_party_is_believed_unsigned),
		cmocka_unit_test(a_bare_allocate_is_not_granted),
		cmocka_unit_test(wrong_credentials_at_a_third_party_end_with_the_schedule),
		cmocka_unit_test(an_hour_with_a_third_party),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
