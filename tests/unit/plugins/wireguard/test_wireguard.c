/* SPDX-License-Identifier: Apache-2.0 */
/* The pure part of the wireguard plugin: handshake, cookies, replay window, allowed IPs, timers, close. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "allowedips.h"
#include "close.h"
#include "control.h"
#include "cookie.h"
#include "noise.h"
#include "replay.h"
#include "timers.h"

#define S WG_S

struct pair {
	struct wg_identity a, b;
	struct wg_remote a_of_b, b_of_a; /* how a sees b, how b sees a */
	uint64_t last;
};

static void pair_init(struct pair *p, uint8_t psk_a, uint8_t psk_b)
{
	uint8_t key[32], psk[32];
	memset(p, 0, sizeof(*p));
	memset(key, 0x11, 32);
	wg_identity_set(&p->a, key);
	memset(key, 0x22, 32);
	wg_identity_set(&p->b, key);
	memset(psk, psk_a, 32);
	assert_true(wg_remote_init(&p->a_of_b, &p->a, p->b.public_key, psk));
	memset(psk, psk_b, 32);
	assert_true(wg_remote_init(&p->b_of_a, &p->b, p->a.public_key, psk));
}

static void initiate(struct pair *p, struct wg_initiation *m, uint64_t wall)
{
	uint8_t ephemeral[32], t[WG_TIMESTAMP_BYTES];
	memset(ephemeral, 0x33, 32);
	wg_timestamp(t, wall, &p->last);
	assert_true(wg_initiation_create(&p->a, &p->a_of_b, 7, ephemeral, t, m));
}

static bool answer(struct pair *p, const struct wg_initiation *m, struct wg_response *r, struct wg_session_keys *keys)
{
	struct wg_consumed c;
	uint8_t ephemeral[32];
	memset(ephemeral, 0x44, 32);
	return wg_initiation_open(&p->b, m, &c) && memcmp(c.public_key, p->a.public_key, 32) == 0 &&
	       wg_initiation_finish(&p->b_of_a, m, &c) && wg_response_create(&p->b_of_a, 9, ephemeral, r, keys);
}

static void both_ends_of_a_handshake_derive_the_same_keys(void **state)
{
	struct pair p;
	struct wg_initiation m;
	struct wg_response r;
	struct wg_session_keys ka, kb;
	(void)state;
	pair_init(&p, 5, 5);
	initiate(&p, &m, 1000);
	assert_true(answer(&p, &m, &r, &kb));
	assert_true(wg_response_consume(&p.a, &p.a_of_b, &r, &ka));
	assert_memory_equal(ka.send, kb.receive, 32);
	assert_memory_equal(ka.receive, kb.send, 32);
	assert_int_equal(ka.remote_index, 9);
	assert_int_equal(kb.remote_index, 7);
}

static void a_replayed_initiation_is_refused(void **state)
{
	struct pair p;
	struct wg_initiation m;
	struct wg_response r;
	struct wg_session_keys k;
	(void)state;
	pair_init(&p, 0, 0);
	initiate(&p, &m, 1000);
	assert_true(answer(&p, &m, &r, &k));
	assert_false(answer(&p, &m, &r, &k));
	initiate(&p, &m, 1); /* the wall clock stepped back: the time stamp still grows */
	assert_true(answer(&p, &m, &r, &k));
}

static void a_wrong_preshared_key_fails_and_leaves_the_initiation_outstanding(void **state)
{
	struct pair p;
	struct wg_initiation m;
	struct wg_response r;
	struct wg_session_keys k;
	(void)state;
	pair_init(&p, 1, 2);
	initiate(&p, &m, 1000);
	assert_true(answer(&p, &m, &r, &k));
	assert_false(wg_response_consume(&p.a, &p.a_of_b, &r, &k));
	assert_int_equal(p.a_of_b.own[0].state, WG_CREATED_INITIATION);
}

static void a_late_answer_to_the_previous_initiation_counts(void **state)
{
	struct pair p;
	struct wg_initiation first, second;
	struct wg_response r;
	struct wg_session_keys k;
	(void)state;
	pair_init(&p, 0, 0);
	initiate(&p, &first, 1000);
	p.a_of_b.own[0].local_index = 7;
	initiate(&p, &second, 2000);
	p.a_of_b.own[0].local_index = 8;
	assert_true(answer(&p, &first, &r, &k));
	assert_true(wg_response_consume(&p.a, &p.a_of_b, &r, &k));
}

static void every_flipped_byte_of_an_initiation_is_noticed(void **state)
{
	struct wg_initiation m;
	struct wg_response r;
	struct wg_session_keys k;
	(void)state;
	for (size_t i = 8; i < offsetof(struct wg_initiation, mac1); i++) {
		struct pair p;
		pair_init(&p, 0, 0);
		initiate(&p, &m, 1000);
		((uint8_t *)&m)[i] ^= 1;
		assert_false(answer(&p, &m, &r, &k));
	}
}

static void a_cookie_turns_mac1_into_mac2_for_its_source_only(void **state)
{
	struct wg_cookie_checker checker = {0};
	struct wg_cookie_jar jar = {0};
	struct wg_cookie_reply reply;
	struct wg_source here = {.n = 6, .bytes = {1, 2, 3, 4, 5, 6}}, there = {.n = 6, .bytes = {9}};
	uint8_t m[WG_INITIATION_BYTES] = {1}, secret[32] = {7}, nonce[24] = {8}, key[32] = {9};
	(void)state;
	wg_mac_keys_init(&checker.keys, key);
	wg_mac_keys_init(&jar.keys, key);
	wg_cookie_rotate(&checker, 1, secret);
	wg_macs_add(&jar, m, sizeof(m), 1);
	assert_int_equal(wg_macs_check(&checker, m, sizeof(m), &here), WG_MAC1_VALID);
	wg_cookie_reply_create(&checker, m, sizeof(m), &here, nonce, &reply);
	assert_true(wg_cookie_reply_consume(&jar, &reply, 2));
	assert_false(wg_cookie_reply_consume(&jar, &reply, 2));
	wg_macs_add(&jar, m, sizeof(m), 3);
	assert_int_equal(wg_macs_check(&checker, m, sizeof(m), &here), WG_MAC2_VALID);
	assert_int_equal(wg_macs_check(&checker, m, sizeof(m), &there), WG_MAC1_VALID);
	wg_macs_add(&jar, m, sizeof(m), 3 + WG_COOKIE_LIFE_NS);
	assert_int_equal(wg_macs_check(&checker, m, sizeof(m), &here), WG_MAC1_VALID);
	m[20] ^= 1;
	assert_int_equal(wg_macs_check(&checker, m, sizeof(m), &here), WG_MAC_INVALID);
}

#define ORACLE 200000

static void the_replay_window_agrees_with_a_naive_one(void **state)
{
	struct wg_replay *r = calloc(1, sizeof(*r)), *in_order = calloc(1, sizeof(*r));
	uint8_t *seen = calloc(1, ORACLE);
	uint64_t highest = 0;
	unsigned int seed = 42;
	(void)state;
	for (unsigned int i = 0; i < 100000; i++) {
		uint64_t spread = rand_r(&seed) % 100 ? 300 : 20000, base = highest > spread ? highest - spread : 0;
		uint64_t counter = base + (uint64_t)rand_r(&seed) % (spread + 3);
		if (counter >= ORACLE)
			break;
		bool fresh = !seen[counter] && counter + WG_REPLAY_WINDOW >= highest + (highest > 0 || seen[0] ? 1 : 0);
		assert_int_equal(wg_replay_accept(r, counter), fresh);
		assert_int_equal(wg_replay_accept_next(in_order, counter), fresh);
		assert_memory_equal(in_order, r, sizeof(*r));
		if (fresh)
			seen[counter] = 1;
		if (fresh && counter > highest)
			highest = counter;
	}
	assert_false(wg_replay_accept(r, WG_REJECT_AFTER_MESSAGES));
	free(seen);
	free(in_order);
	free(r);
}

static void a_counter_after_the_last_one_is_refused_by_the_shortcut_too(void **state)
{
	struct wg_replay *r = calloc(1, sizeof(*r));
	(void)state;
	assert_false(wg_replay_accept_next(r, UINT64_MAX));
	assert_true(wg_replay_accept_next(r, WG_REJECT_AFTER_MESSAGES - 2));
	assert_true(wg_replay_accept_next(r, WG_REJECT_AFTER_MESSAGES - 1));
	assert_false(wg_replay_accept_next(r, WG_REJECT_AFTER_MESSAGES - 1));
	assert_false(wg_replay_accept_next(r, WG_REJECT_AFTER_MESSAGES));
	free(r);
}

struct rule {
	uint8_t addr[4], len;
	uint32_t peer;
};

static uint32_t naive(const struct rule *rules, unsigned int n, const uint8_t addr[4])
{
	uint32_t best = 0;
	int longest = -1;
	uint32_t a = (uint32_t)addr[0] << 24 | (uint32_t)addr[1] << 16 | (uint32_t)addr[2] << 8 | addr[3];
	for (unsigned int i = 0; i < n; i++) {
		const uint8_t *b = rules[i].addr;
		uint32_t r = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
		uint32_t mask = rules[i].len ? ~0u << (32 - rules[i].len) : 0;
		if (rules[i].peer && ((a ^ r) & mask) == 0 && (int)rules[i].len > longest) {
			longest = rules[i].len;
			best = rules[i].peer;
		}
	}
	return best;
}

static void allowed_ips_agree_with_a_naive_list(void **state)
{
	struct wg_allowedips t = {.retire = free};
	struct rule rules[256];
	unsigned int n = 0, seed = 7;
	(void)state;
	for (unsigned int round = 0; round < 4000; round++) {
		struct rule r = {.len = (uint8_t)(rand_r(&seed) % 33), .peer = 1 + (uint32_t)rand_r(&seed) % 9};
		for (int i = 0; i < 4; i++)
			r.addr[i] = (uint8_t)(rand_r(&seed) % 4 * 85);
		uint32_t value = (uint32_t)r.addr[0] << 24 | (uint32_t)r.addr[1] << 16 | (uint32_t)r.addr[2] << 8 | r.addr[3];
		value &= r.len ? ~0u << (32 - r.len) : 0;
		for (int i = 0; i < 4; i++)
			r.addr[i] = (uint8_t)(value >> (24 - 8 * i));
		unsigned int at = 0;
		/* cppcheck-suppress uninitvar ; only the first n are read, and those were set */
		while (at < n && (rules[at].len != r.len || memcmp(rules[at].addr, r.addr, 4) != 0))
			at++;
		if (at < n && rand_r(&seed) % 2) {
			wg_allowed_remove(&t, 4, r.addr, r.len, rules[at].peer);
			rules[at] = rules[--n];
		} else if (at < n || n < 256) {
			assert_int_equal(wg_allowed_insert(&t, 4, r.addr, r.len, r.peer), 0);
			rules[at] = r;
			n += at == n;
		}
		uint8_t probe[4];
		for (int i = 0; i < 4; i++)
			probe[i] = (uint8_t)(rand_r(&seed) % 4 * 85);
		assert_int_equal(wg_allowed_lookup(&t, 4, probe), naive(rules, n, probe));
		assert_int_equal(t.prefixes, n);
	}
	wg_allowed_fini(&t);
}

static void an_unanswered_attempt_is_repeated_and_given_up(void **state)
{
	static const struct {
		enum wg_profile profile;
		uint64_t limit;
	} rows[] = {{WG_PROFILE_PAPER, 90 * S}, {WG_PROFILE_STOCK, 15 * S}};
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct wg_timers t;
		enum wg_timer_why why;
		uint64_t now = S, sent = 0;
		uint32_t actions = 0;
		wg_timers_init(&t, rows[i].profile, 0);
		wg_timers_session_wanted(&t, now);
		while (!(actions & WG_DO_GIVE_UP)) {
			actions = wg_timers_tick(&t, now);
			if (actions & WG_DO_INITIATE) {
				wg_timers_initiated(&t, now, 0);
				sent++;
			}
			uint64_t next = wg_timers_deadline(&t, &why);
			assert_true(next == 0 || next > now);
			now = actions & WG_DO_GIVE_UP ? now : next;
		}
		assert_int_equal(now - S, rows[i].limit);
		assert_int_equal(sent, rows[i].limit / (5 * S));
	}
}

static void data_without_answer_starts_a_handshake_after_15_s(void **state)
{
	struct wg_timers t;
	struct wg_seen seen = {0};
	(void)state;
	wg_timers_init(&t, WG_PROFILE_PAPER, 0);
	wg_timers_session_began(&t, 1 * S, false);
	wg_timers_data_sent(&t, 2 * S, 0);
	assert_int_equal(wg_timers_tick(&t, 16 * S), 0);
	assert_int_equal(wg_timers_tick(&t, 17 * S), WG_DO_INITIATE);
	wg_timers_session_began(&t, 20 * S, false);
	wg_timers_data_sent(&t, 21 * S, 0);
	seen.any_received = 22 * S; /* the data path knows of an answer that it did not report */
	wg_timers_seen(&t, &seen);
	assert_int_equal(wg_timers_tick(&t, 36 * S), 0);
}

static void data_received_is_answered_by_a_keepalive_after_10_s(void **state)
{
	struct wg_timers t;
	(void)state;
	wg_timers_init(&t, WG_PROFILE_PAPER, 0);
	wg_timers_session_began(&t, 1 * S, false);
	wg_timers_data_received(&t, 2 * S);
	assert_int_equal(wg_timers_tick(&t, 12 * S), WG_DO_KEEPALIVE);
	wg_timers_data_received(&t, 20 * S);
	wg_timers_any_sent(&t, 25 * S);
	assert_int_equal(wg_timers_tick(&t, 31 * S), 0);
}

static void only_the_initiator_renews_an_old_session(void **state)
{
	(void)state;
	for (int initiator = 0; initiator < 2; initiator++) {
		struct wg_timers t;
		wg_timers_init(&t, WG_PROFILE_PAPER, 0);
		wg_timers_session_began(&t, 1 * S, initiator);
		wg_timers_data_sent(&t, 120 * S, 0);
		wg_timers_any_received(&t, 120 * S);
		assert_int_equal(wg_timers_tick(&t, 120 * S), 0);
		wg_timers_data_sent(&t, 121 * S, 0);
		assert_int_equal(wg_timers_tick(&t, 121 * S), initiator ? WG_DO_INITIATE : 0);
	}
}

static void a_stock_initiator_renews_an_idle_session_and_a_paper_one_does_not(void **state)
{
	struct wg_timers t;
	(void)state;
	wg_timers_init(&t, WG_PROFILE_STOCK, 0);
	wg_timers_session_began(&t, 1 * S, true);
	assert_int_equal(wg_timers_tick(&t, 181 * S), WG_DO_END_SESSION | WG_DO_INITIATE);
	wg_timers_init(&t, WG_PROFILE_PAPER, 0);
	wg_timers_session_began(&t, 1 * S, true);
	assert_int_equal(wg_timers_tick(&t, 181 * S), WG_DO_END_SESSION);
}

static unsigned int run_close(struct wg_close *c, uint64_t start, uint64_t ack_at, uint64_t *ret_end)
{
	unsigned int goodbyes = 0;
	for (uint64_t at; (at = wg_close_deadline(c)) != 0;) {
		uint64_t now = at < start ? start : at;
		if (ack_at && now >= ack_at)
			wg_close_acked(c, now);
		goodbyes += wg_close_tick(c, now) & WG_CLOSE_SEND_GOODBYE ? 1 : 0;
		*ret_end = now;
	}
	return goodbyes;
}

static void load_is_high_until_a_second_after_it_was(void **state)
{
	struct wg_load l = {0};
	(void)state;
	for (unsigned int i = 0; i < WG_LOAD_PER_S; i++)
		assert_false(wg_load_is_high(&l, 1 * S, false));
	assert_true(wg_load_is_high(&l, 1 * S, false));
	assert_true(wg_load_is_high(&l, 2 * S - 1, false));
	assert_false(wg_load_is_high(&l, 3 * S, false)); /* nobody came for a second */
	assert_true(wg_load_is_high(&l, 4 * S, true));
	for (unsigned int i = 0; i < 6 * WG_LOAD_PER_S; i++) /* a flood gets its hundred once, not in every second */
		assert_int_equal(wg_load_is_high(&l, 6 * S + i * S / 200, false), i >= WG_LOAD_PER_S);
}

/* connectivity.md §4.4: observed at 120.2 s and 165.2 s on idle pairs; a responder leaves it to its peer. */
static void a_stock_initiator_renews_by_the_clock_what_carried_data(void **state)
{
	static const struct {
		bool sent, received, initiator;
		uint64_t at;
	} rows[] = {{true, false, true, 120 * S}, {false, true, true, 165 * S}, {true, true, true, 120 * S}, {true, true, false, 0}};
	enum wg_timer_why why;
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct wg_timers t;
		const uint64_t jitter = 200000000;
		wg_timers_init(&t, WG_PROFILE_STOCK, 0);
		wg_timers_initiated(&t, 1 * S, jitter);
		wg_timers_session_began(&t, 1 * S, rows[i].initiator);
		struct wg_seen seen = {.data_sent = rows[i].sent ? 2 * S : 0, .data_received = rows[i].received ? 2 * S : 0,
				       .any_sent = 2 * S, .any_received = 2 * S};
		wg_timers_seen(&t, &seen);
		uint64_t due = rows[i].at ? 1 * S + rows[i].at + jitter : 181 * S;
		assert_int_equal(wg_timers_deadline(&t, &why), due);
		assert_int_equal(wg_timers_tick(&t, due - 1), 0);
		assert_int_equal(wg_timers_tick(&t, due), rows[i].at ? WG_DO_INITIATE : WG_DO_END_SESSION);
		assert_true(wg_timers_deadline(&t, &why) > due);
	}
}

static void what_stock_renews_after_expiry_is_late_by_its_jitter(void **state)
{
	struct wg_timers t;
	enum wg_timer_why why;
	(void)state;
	wg_timers_init(&t, WG_PROFILE_STOCK, 0);
	wg_timers_initiated(&t, 1 * S, 300000000);
	wg_timers_session_began(&t, 1 * S, true);
	assert_int_equal(wg_timers_tick(&t, 181 * S), WG_DO_END_SESSION);
	assert_int_equal(wg_timers_deadline(&t, &why), 181 * S + 300000000);
	assert_int_equal(wg_timers_tick(&t, 181 * S + 300000000), WG_DO_INITIATE);
}

static void an_attempt_ends_on_time_whatever_its_jitter(void **state)
{
	static const struct {
		enum wg_profile profile;
		uint64_t limit;
	} rows[] = {{WG_PROFILE_PAPER, 90 * S}, {WG_PROFILE_STOCK, 15 * S}};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct wg_timers t;
		enum wg_timer_why why;
		uint64_t now = 1 * S;
		uint32_t actions = 0;
		wg_timers_init(&t, rows[i].profile, 0);
		wg_timers_session_wanted(&t, now);
		while (!(actions & WG_DO_GIVE_UP)) {
			actions = wg_timers_tick(&t, now);
			if (actions & WG_DO_INITIATE)
				wg_timers_initiated(&t, now, 333000000);
			uint64_t next = wg_timers_deadline(&t, &why);
			if (actions & WG_DO_GIVE_UP)
				break;
			assert_true(next > now);
			now = next;
		}
		assert_int_equal(now, 1 * S + rows[i].limit);
	}
}

static void a_close_says_goodbye_five_times_unless_acknowledged(void **state)
{
	struct wg_close c;
	uint64_t end = 0;
	(void)state;
	wg_close_begin(&c, 10 * S, S, WG_CARRIER_SESSION);
	assert_int_equal(run_close(&c, 10 * S, 0, &end), 5);
	assert_int_equal(end, 11 * S);
	wg_close_begin(&c, 10 * S, S, WG_CARRIER_SESSION);
	assert_int_equal(run_close(&c, 10 * S, 10 * S + 100000000, &end), 2);
	assert_true(c.acked);
}

static void a_close_without_session_waits_half_a_second_for_one(void **state)
{
	struct wg_close c;
	uint64_t end = 0;
	(void)state;
	wg_close_begin(&c, 10 * S, S, WG_CARRIER_INITIATE);
	assert_int_equal(wg_close_tick(&c, 10 * S), WG_CLOSE_START_HANDSHAKE);
	assert_int_equal(run_close(&c, 10 * S, 0, &end), 0);
	assert_int_equal(end, 10 * S + S / 2);
	assert_true(wg_close_is_unreachable(&c));
	wg_close_begin(&c, 10 * S, S, WG_CARRIER_INITIATE);
	wg_close_tick(&c, 10 * S);
	wg_close_session_ready(&c, 10 * S + S / 5);
	assert_int_equal(run_close(&c, 10 * S + S / 5, 0, &end), 5);
}

static void data_while_closing_is_answered_at_most_ten_times_a_second(void **state)
{
	struct wg_close c;
	unsigned int answers = 0;
	(void)state;
	wg_close_begin(&c, 10 * S, 30 * S, WG_CARRIER_SESSION);
	for (uint64_t ms = 0; ms < 20000; ms++) {
		wg_close_tick(&c, 10 * S + ms * 1000000);
		if (ms >= 1000)
			answers += wg_close_data_received(&c, 10 * S + ms * 1000000);
	}
	assert_int_equal(answers, 190);
}

static void the_goodbye_is_the_one_of_the_specification(void **state)
{
	static const uint8_t expected[48] = {0x60, 0, 0, 0, 0, 8, 0xff, 0, [40] = 2};
	uint8_t goodbye[WG_CONTROL_BYTES];
	(void)state;
	wg_control_build(goodbye, WG_CONTROL_GOODBYE);
	assert_memory_equal(goodbye, expected, 48);
	assert_int_equal(wg_control_event(goodbye, 48), WG_CONTROL_GOODBYE);
	assert_int_equal(wg_control_event(goodbye, 47), -1);
	goodbye[39] = 1; /* not the unspecified destination */
	assert_int_equal(wg_control_event(goodbye, 48), -1);
}

/* An IPv6 packet between zero addresses: extension headers, then the event. */
static size_t control_behind(uint8_t *p, uint8_t first, const uint8_t *headers, size_t n, uint8_t event)
{
	memset(p, 0, 128);
	p[0] = 0x60;
	p[5] = (uint8_t)(n + 8);
	p[6] = first;
	memcpy(p + 40, headers, n);
	p[40 + n] = event;
	return 48 + n;
}

static void a_control_packet_may_have_extension_headers(void **state)
{
	static const struct {
		const char *what;
		uint8_t first, n, headers[32];
		int expected;
	} cases[] = {
		{"none", 0xff, 0, {0}, 2},
		{"hop by hop", 0, 8, {0xff, 0, 1, 4}, 2},
		{"hop by hop of 16 bytes", 0, 16, {0xff, 1, 1, 12}, 2},
		{"destination options", 60, 8, {0xff, 0, 1, 4}, 2},
		{"routing", 43, 8, {0xff, 0}, 2},
		{"authentication", 51, 12, {0xff, 1}, 2},
		{"a fragment that is the whole", 44, 8, {0xff}, 2},
		{"several", 0, 24, {60, 0, 1, 4, [8] = 43, 0, 1, 4, [16] = 0xff, 0}, 2},
		{"a first fragment", 44, 8, {0xff, 0, 0, 1}, -1},
		{"a later fragment", 44, 8, {0xff, 0, 0, 8}, -1},
		{"one that is longer than the packet", 60, 8, {0xff, 3, 1, 4}, -1},
		{"one that leaves no room for the event", 60, 8, {0xff, 1, 1, 4}, -1},
		{"another protocol behind it", 60, 8, {17, 0, 1, 4}, -1},
		{"a security payload", 50, 8, {0xff, 0}, -1},
	};
	uint8_t p[128], flat[48];
	(void)state;
	wg_control_build(flat, WG_CONTROL_GOODBYE);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = control_behind(p, cases[i].first, cases[i].headers, cases[i].n, 2);
		print_message("%s\n", cases[i].what);
		assert_int_equal(wg_control_event(p, n), cases[i].expected);
		assert_int_equal(wg_control_event(p, n - 1), -1);
		size_t cut = wg_control_flatten(p, n);
		assert_int_equal(cut, cases[i].expected < 0 ? 0 : cases[i].n);
		if (cases[i].expected >= 0)
			assert_memory_equal(p + cut, flat, sizeof(flat));
	}
	size_t n = control_behind(p, 60, cases[3].headers, 8, 2);
	p[8] = 1; /* not the unspecified source */
	assert_int_equal(wg_control_event(p, n), -1);
}

static int setup(void **state)
{
	(void)state;
	return wg_crypto_init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ends_of_a_handshake_derive_the_same_keys),
		cmocka_unit_test(a_replayed_initiation_is_refused),
		cmocka_unit_test(a_wrong_preshared_key_fails_and_leaves_the_initiation_outstanding),
		cmocka_unit_test(a_late_answer_to_the_previous_initiation_counts),
		cmocka_unit_test(every_flipped_byte_of_an_initiation_is_noticed),
		cmocka_unit_test(a_cookie_turns_mac1_into_mac2_for_its_source_only),
		cmocka_unit_test(the_replay_window_agrees_with_a_naive_one),
		cmocka_unit_test(a_counter_after_the_last_one_is_refused_by_the_shortcut_too),
		cmocka_unit_test(allowed_ips_agree_with_a_naive_list),
		cmocka_unit_test(an_unanswered_attempt_is_repeated_and_given_up),
		cmocka_unit_test(data_without_answer_starts_a_handshake_after_15_s),
		cmocka_unit_test(data_received_is_answered_by_a_keepalive_after_10_s),
		cmocka_unit_test(only_the_initiator_renews_an_old_session),
		cmocka_unit_test(a_stock_initiator_renews_an_idle_session_and_a_paper_one_does_not),
		cmocka_unit_test(load_is_high_until_a_second_after_it_was),
		cmocka_unit_test(a_stock_initiator_renews_by_the_clock_what_carried_data),
		cmocka_unit_test(what_stock_renews_after_expiry_is_late_by_its_jitter),
		cmocka_unit_test(an_attempt_ends_on_time_whatever_its_jitter),
		cmocka_unit_test(a_close_says_goodbye_five_times_unless_acknowledged),
		cmocka_unit_test(a_close_without_session_waits_half_a_second_for_one),
		cmocka_unit_test(data_while_closing_is_answered_at_most_ten_times_a_second),
		cmocka_unit_test(the_goodbye_is_the_one_of_the_specification),
		cmocka_unit_test(a_control_packet_may_have_extension_headers),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
