/* SPDX-License-Identifier: Apache-2.0 */
/* From the first Binding to the end: what is sent, byte for byte, what is told, and how it ends. */
#include <malloc.h>

#include "relay.h"
#include "tests/unit/control-plane/core/stun/vectors.h"

static const char *const session =
	"snownet; session=BD20EE571CFA9E2DB619C9B7197B1FF5447CBE7BBB3AD290034C4DF75C200596";

/* The message with another transaction id, signed again if it was signed. */
static void assert_same_but_for_txid(const struct sent *s, const uint8_t *vector, size_t bytes)
{
	uint8_t copy[STUN_MESSAGE_MAX], key[16];
	struct stun_writer w = {.p = copy, .room = sizeof(copy), .bytes = s->bytes};
	memcpy(copy, s->data, s->bytes);
	memcpy(copy + 8, vector + 8, STUN_TXID_BYTES);
	if (s->m.integrity_at) {
		stun_long_term_key(TURN_USERNAME, TURN_REALM, TURN_PASSWORD, key);
		w.bytes = s->m.integrity_at;
		stun_put_integrity(&w, key, sizeof(key));
		assert_int_equal(stun_finish(&w), s->bytes);
	}
	assert_int_equal(s->bytes, bytes);
	assert_memory_equal(copy, vector, bytes);
}

static void binds_to_both_addresses_at_once(void **state)
{
	struct world w;
	(void)state;
	world_open(&w, settings_default(), 1);
	assert_int_equal(w.n_sent, 2);
	assert_int_equal(count_sent(&w, STUN_BINDING), 2);
	assert_true(cp_addr_equal(&w.sent[0].to, &w.settings.server[0]));
	assert_true(cp_addr_equal(&w.sent[1].to, &w.settings.server[1]));
	assert_memory_not_equal(w.sent[0].m.txid, w.sent[1].m.txid, STUN_TXID_BYTES);
	assert_null(turn_active_server(w.t));
	assert_int_equal(w.n_events, 0);
	world_close(&w);
}

static void messages_are_stocks_byte_for_byte(void **state)
{
	struct turn_settings named = settings_default();
	struct cp_addr peer = cp_addr_v4(203, 0, 113, 99, 61000);
	struct world w;
	(void)state;
	named.software = session;
	world_open(&w, named, 1);
	assert_same_but_for_txid(&w.sent[0], turn_binding, sizeof(turn_binding));
	world_close(&w);

	world_open(&w, settings_default(), 1);
	answer_binding(&w, &w.sent[0]);
	assert_same_but_for_txid(newest(&w, STUN_ALLOCATE), turn_allocate_first, sizeof(turn_allocate_first));
	answer_error(&w, newest(&w, STUN_ALLOCATE), 401, TURN_NONCE);
	assert_same_but_for_txid(newest(&w, STUN_ALLOCATE), turn_allocate_second, sizeof(turn_allocate_second));
	answer_allocate(&w, newest(&w, STUN_ALLOCATE));
	turn_bind_early(w.t, &peer, w.now);
	world_drain(&w);
	assert_same_but_for_txid(newest(&w, STUN_CHANNEL_BIND), turn_channel_bind, sizeof(turn_channel_bind));
	turn_release(w.t, w.now);
	world_drain(&w);
	assert_same_but_for_txid(newest(&w, STUN_REFRESH), turn_delete, sizeof(turn_delete));
	world_close(&w);
}

static void a_refresh_is_a_delete_without_its_lifetime(void **state)
{
	struct world w;
	(void)state;
	world_open(&w, settings_default(), 1);
	world_allocate(&w);
	world_run_alive(&w, START + 300 * S);
	const struct sent *s = newest(&w, STUN_REFRESH);
	assert_int_equal(s->bytes, sizeof(turn_delete) - 8);
	assert_false(s->m.has_lifetime);
	assert_memory_equal(s->data + 20, turn_delete + 20, 28); /* transport, family, software */
	world_close(&w);
}

static void the_first_to_answer_carries_the_allocation(void **state)
{
	struct world w;
	(void)state;
	world_open(&w, settings_default(), 1);
	w.now += 30 * MS;
	answer_binding(&w, &w.sent[1]);
	assert_int_equal(count_sent(&w, STUN_ALLOCATE), 1);
	assert_true(cp_addr_equal(&newest(&w, STUN_ALLOCATE)->to, &w.settings.server[1]));
	w.now += 10 * MS;
	answer_binding(&w, &w.sent[0]);
	assert_int_equal(count_sent(&w, STUN_ALLOCATE), 1);
	assert_true(cp_addr_equal(turn_active_server(w.t), &w.settings.server[1]));
	assert_int_equal(count_events(&w, TURN_HOST), 2);
	assert_int_equal(count_events(&w, TURN_SRFLX), 2);
	world_close(&w);
}

static void tells_addresses_and_whether_they_cross_families(void **state)
{
	struct world w;
	(void)state;
	world_open(&w, settings_default(), 1);
	answer_binding(&w, &w.sent[0]);
	assert_int_equal(w.n_events, 2);
	assert_int_equal(w.events[0].kind, TURN_HOST);
	assert_true(cp_addr_equal(&w.events[0].addr, &local_v4));
	assert_int_equal(w.events[1].kind, TURN_SRFLX);
	assert_true(cp_addr_equal(&w.events[1].addr, &mapped_v4));
	assert_true(cp_addr_equal(&w.events[1].base, &local_v4));
	assert_int_equal(w.events[1].was.family, CP_NONE);
	answer_error(&w, newest(&w, STUN_ALLOCATE), 401, TURN_NONCE);
	world_forget(&w);
	world_run(&w, w.now + S);
	answer_allocate(&w, newest(&w, STUN_ALLOCATE));
	assert_int_equal(w.n_events, 3);
	assert_int_equal(w.events[0].kind, TURN_RELAYED);
	assert_true(cp_addr_equal(&w.events[0].addr, &relayed_v4));
	assert_false(w.events[0].cross_family);
	assert_int_equal(w.events[1].kind, TURN_RELAYED);
	assert_true(cp_addr_equal(&w.events[1].addr, &relayed_v6));
	assert_true(w.events[1].cross_family);
	assert_int_equal(w.events[2].kind, TURN_ALLOCATED);
	struct cp_addr six = turn_relayed(w.t, CP_V6);
	assert_true(cp_addr_equal(&six, &relayed_v6));
	world_close(&w);
}

static void a_new_mapped_address_names_the_former_one(void **state)
{
	struct cp_addr moved = mapped_v4;
	struct world w;
	(void)state;
	world_open(&w, settings_default(), 1);
	world_allocate(&w);
	world_run(&w, START + 25 * S);
	moved.port = 40001;
	answer(&w, newest(&w, STUN_BINDING), (struct answer){.type = STUN_BINDING | STUN_SUCCESS, .mapped = moved});
	assert_int_equal(w.n_events, 1);
	assert_int_equal(w.events[0].kind, TURN_SRFLX);
	assert_true(cp_addr_equal(&w.events[0].addr, &moved));
	assert_true(cp_addr_equal(&w.events[0].was, &mapped_v4));
	world_close(&w);
}

static void addresses_that_are_none_are_not_believed(void **state)
{
	static const struct cp_addr bad[] = {
		{.ip = {0}, .port = 5, .family = CP_V4},
		{.ip = {224, 0, 0, 1}, .port = 5, .family = CP_V4},
		{.ip = {255, 255, 255, 255}, .port = 5, .family = CP_V4},
		{.ip = {169, 254, 3, 4}, .port = 5, .family = CP_V4},
		{.ip = {198, 51, 100, 7}, .port = 0, .family = CP_V4},
		{.ip = {0}, .port = 5, .family = CP_V6},
		{.ip = {0xff, 2}, .port = 5, .family = CP_V6},
		{.ip = {0x20, 1}, .port = 5, .family = CP_V6}, /* to IPv4: not the family of the host address */
	};
	struct world w;
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		world_open(&w, settings_default(), 1);
		assert_int_equal(answer(&w, &w.sent[0], (struct answer){.type = STUN_BINDING | STUN_SUCCESS, .mapped = bad[i]}), 0);
		assert_int_equal(count_events(&w, TURN_SRFLX), 0);
		assert_int_equal(count_sent(&w, STUN_ALLOCATE), 1);
		world_close(&w);
	}
	world_open(&w, settings_default(), 1);
	answer_binding(&w, &w.sent[0]);
	answer_error(&w, newest(&w, STUN_ALLOCATE), 401, TURN_NONCE);
	assert_int_equal(answer(&w, newest(&w, STUN_ALLOCATE), (struct answer){.type = STUN_ALLOCATE | STUN_SUCCESS,
			.relayed = {bad[0]}, .has_lifetime = true, .lifetime = 600}), TURN_E_MALFORMED);
	assert_false(turn_is_allocated(w.t));
	world_close(&w);
}

static void silence_frees_it(void **state)
{
	struct world w;
	(void)state;
	world_open(&w, settings_default(), 1);
	world_run(&w, START + 8125 * MS - 1);
	assert_int_equal(w.n_events, 0);
	world_run(&w, START + 8125 * MS);
	assert_int_equal(w.n_events, 1);
	assert_int_equal(w.events[0].kind, TURN_FREED);
	assert_int_equal(w.events[0].why, TURN_FREED_NO_RESPONSE);
	assert_true(turn_deadline(w.t) == CP_NEVER);
	world_close(&w);
}

static void death_of_the_server_withdraws_everything(void **state)
{
	struct cp_addr peer = peer_at(1);
	struct world w;
	(void)state;
	world_open(&w, settings_default(), 1);
	world_allocate(&w);
	uint16_t channel = world_channel(&w, &peer);
	world_forget(&w);
	world_run(&w, START + 33125 * MS); /* the keepalive of 25 s is not answered */
	assert_int_equal(w.n_events, 5);
	assert_int_equal(w.events[0].kind, TURN_CHANNEL_DOWN);
	assert_int_equal(w.events[0].channel, channel);
	assert_int_equal(w.events[1].kind, TURN_RELAYED_GONE);
	assert_int_equal(w.events[2].kind, TURN_RELAYED_GONE);
	assert_int_equal(w.events[3].kind, TURN_INVALIDATED);
	assert_int_equal(w.events[4].kind, TURN_FREED);
	assert_int_equal(w.events[4].why, TURN_FREED_NO_RESPONSE);
	assert_int_equal(turn_channel_to(w.t, &peer, w.now), 0);
	world_close(&w);
}

static void the_other_family_may_stay_silent(void **state)
{
	struct world w;
	(void)state;
	world_open(&w, settings_default(), 1);
	answer_binding(&w, &w.sent[0]);
	answer_error(&w, newest(&w, STUN_ALLOCATE), 401, TURN_NONCE);
	answer_allocate(&w, newest(&w, STUN_ALLOCATE));
	world_run(&w, START + 20 * S);
	assert_true(turn_is_allocated(w.t));
	assert_int_equal(count_events(&w, TURN_FREED), 0);
	world_close(&w);
}

static void responses_from_elsewhere_or_nowhere_are_counted(void **state)
{
	struct world w;
	struct stun_message m;
	uint8_t buffer[256];
	struct stun_writer out;
	struct cp_addr elsewhere = cp_addr_v4(203, 0, 113, 11, 3478);
	(void)state;
	world_open(&w, settings_default(), 1);
	stun_begin(&out, buffer, sizeof(buffer), STUN_BINDING | STUN_SUCCESS, w.sent[0].m.txid);
	stun_put_address(&out, STUN_XOR_MAPPED_ADDRESS, &mapped_v4);
	assert_int_equal(stun_parse(buffer, stun_finish(&out), &m), 0);
	assert_int_equal(turn_stun_in(w.t, &m, &elsewhere, &local_v4, w.now), TURN_E_NOT_OURS);
	assert_int_equal(turn_stun_in(w.t, &m, &w.settings.server[1], &local_v4, w.now), TURN_E_NOT_OURS);
	m.txid[0] ^= 1;
	assert_int_equal(turn_stun_in(w.t, &m, &elsewhere, &local_v4, w.now), TURN_E_NOT_OURS);
	assert_int_equal(turn_stun_in(w.t, &m, &server_v4, &local_v4, w.now), TURN_E_UNKNOWN_TRANSACTION);
	m.txid[0] ^= 1;
	m.type = STUN_ALLOCATE | STUN_SUCCESS;
	assert_int_equal(turn_stun_in(w.t, &m, &server_v4, &local_v4, w.now), TURN_E_MALFORMED);
	m.type = STUN_BINDING;
	assert_int_equal(turn_stun_in(w.t, &m, &server_v4, &local_v4, w.now), TURN_E_MALFORMED);
	m.type = STUN_BINDING | STUN_SUCCESS;
	assert_int_equal(turn_stun_in(w.t, &m, &server_v4, &local_v4, w.now), 0);
	assert_int_equal(turn_stun_in(w.t, &m, &server_v4, &local_v4, w.now), TURN_E_UNKNOWN_TRANSACTION);
	const struct turn_counters *c = turn_counters(w.t);
	assert_int_equal(c->strange_source, 3);
	assert_int_equal(c->late, 2);
	assert_int_equal(c->malformed, 2);
	assert_int_equal(c->responses, 1);
	world_close(&w);
}

static void round_trips_are_smoothed_from_the_first_transmission(void **state)
{
	struct world w;
	(void)state;
	world_open(&w, settings_default(), 1);
	assert_int_equal(turn_rtt(w.t), 0);
	w.now += 80 * MS;
	answer_binding(&w, &w.sent[0]);
	assert_int_equal(turn_rtt(w.t), 80 * MS);
	world_run(&w, w.now + 1000 * MS); /* Allocate repeats */
	w.now += 40 * MS;
	answer_error(&w, newest(&w, STUN_ALLOCATE), 401, TURN_NONCE);
	assert_int_equal(turn_rtt(w.t), 70 * MS + 130 * MS);
	world_close(&w);
}

static void an_answered_probe_refreshes(void **state)
{
	struct world w;
	(void)state;
	world_open(&w, settings_default(), 1);
	world_allocate(&w);
	world_run(&w, START + 10 * S);
	turn_probe(w.t, w.now);
	world_drain(&w);
	assert_int_equal(answer_ok(&w, newest(&w, STUN_REFRESH)), 0);
	world_run(&w, START + 20 * S);
	assert_int_equal(count_sent(&w, STUN_REFRESH), 1);
	assert_int_equal(w.n_events, 0);
	world_close(&w);
}

static void an_unanswered_probe_ends_it(void **state)
{
	struct world w;
	(void)state;
	world_open(&w, settings_default(), 1);
	world_allocate(&w);
	turn_probe(w.t, w.now);
	world_drain(&w);
	world_run(&w, START + S - 1);
	assert_int_equal(w.n_events, 0);
	world_run(&w, START + S);
	assert_int_equal(count_sent(&w, STUN_REFRESH), 1);
	assert_int_equal(count_events(&w, TURN_INVALIDATED), 1);
	assert_int_equal(newest_event(&w, TURN_FREED)->why, TURN_FREED_NO_RESPONSE);
	world_close(&w);
}

static void suspend(struct world *w)
{
	answer_binding(w, &w->sent[0]);
	answer_binding(w, &w->sent[1]);
	answer_error(w, newest(w, STUN_ALLOCATE), 401, TURN_NONCE);
	answer_error(w, newest(w, STUN_ALLOCATE), 486, NULL);
}

static void a_probe_wakes_a_suspended_one(void **state)
{
	struct world w;
	(void)state;
	world_open(&w, settings_default(), 1);
	suspend(&w);
	assert_true(turn_is_suspended(w.t));
	assert_true(turn_deadline(w.t) == CP_NEVER);
	world_forget(&w);
	turn_probe(w.t, w.now);
	world_drain(&w);
	assert_false(turn_is_suspended(w.t));
	assert_int_equal(count_sent(&w, STUN_BINDING), 2);
	answer_binding(&w, &w.sent[1]);
	answer_allocate(&w, newest(&w, STUN_ALLOCATE)); /* the nonce is still good */
	assert_true(turn_is_allocated(w.t));
	world_close(&w);
}

static void a_restart_begins_anew_from_the_new_address(void **state)
{
	struct cp_addr peer = peer_at(1);
	struct world w;
	(void)state;
	world_open(&w, settings_default(), 1);
	world_allocate(&w);
	world_channel(&w, &peer);
	world_forget(&w);
	turn_restart(w.t, w.now);
	world_drain(&w);
	assert_int_equal(count_sent(&w, STUN_BINDING), 2);
	assert_int_equal(count_events(&w, TURN_CHANNEL_DOWN), 1);
	assert_int_equal(count_events(&w, TURN_RELAYED_GONE), 2);
	assert_int_equal(count_events(&w, TURN_INVALIDATED), 1);
	assert_false(turn_is_allocated(w.t));
	answer_binding(&w, &w.sent[0]);
	assert_null(newest(&w, STUN_ALLOCATE)->m.nonce.p);
	assert_int_equal(count_events(&w, TURN_HOST), 1);
	assert_int_equal(newest_event(&w, TURN_SRFLX)->was.family, CP_NONE);
	world_close(&w);
}

static void a_release_is_confirmed(void **state)
{
	struct cp_addr peer = peer_at(1);
	struct world w;
	(void)state;
	world_open(&w, settings_default(), 1);
	world_allocate(&w);
	uint16_t channel = world_channel(&w, &peer);
	world_forget(&w);
	turn_release(w.t, w.now);
	world_drain(&w);
	assert_int_equal(w.n_sent, 1);
	assert_true(newest(&w, STUN_REFRESH)->m.has_lifetime);
	assert_int_equal(newest(&w, STUN_REFRESH)->m.lifetime_s, 0);
	assert_int_equal(turn_channel_to(w.t, &peer, w.now), channel);
	answer(&w, newest(&w, STUN_REFRESH), (struct answer){.type = STUN_REFRESH | STUN_SUCCESS, .has_lifetime = true});
	assert_int_equal(w.n_events, 5);
	assert_int_equal(w.events[3].kind, TURN_INVALIDATED);
	assert_int_equal(w.events[4].kind, TURN_RELEASED);
	assert_true(w.events[4].confirmed);
	assert_true(turn_deadline(w.t) == CP_NEVER);
	assert_false(turn_is_suspended(w.t));
	world_close(&w);
}

static void a_release_is_repeated_once(void **state)
{
	struct world w;
	(void)state;
	world_open(&w, settings_default(), 1);
	world_allocate(&w);
	turn_release(w.t, w.now);
	world_drain(&w);
	world_run(&w, START + 1 * S - 1);
	assert_int_equal(w.n_sent, 2);
	assert_true(w.sent[1].at == START + 200 * MS);
	assert_int_equal(count_events(&w, TURN_RELEASED), 0);
	world_run(&w, START + 1 * S);
	assert_int_equal(w.n_sent, 2);
	assert_false(newest_event(&w, TURN_RELEASED)->confirmed);
	world_close(&w);
}

static void a_release_ends_as_released_whatever_the_relay_says(void **state)
{
	static const struct {
		uint16_t code;
		bool confirmed;
	} cases[] = {{437, true}, {401, false}, {420, false}, {500, false}};
	struct world w;
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		world_open(&w, settings_default(), 1);
		world_allocate(&w);
		turn_release(w.t, w.now);
		world_drain(&w);
		answer_error(&w, newest(&w, STUN_REFRESH), cases[i].code, NULL);
		assert_int_equal(count_events(&w, TURN_FREED), 0);
		assert_int_equal(newest_event(&w, TURN_RELEASED)->confirmed, cases[i].confirmed);
		world_close(&w);
	}
	world_open(&w, settings_default(), 1);
	world_allocate(&w);
	turn_release(w.t, w.now);
	world_drain(&w);
	answer_error(&w, newest(&w, STUN_REFRESH), 438, "another");
	assert_int_equal(count_sent(&w, STUN_REFRESH), 2);
	assert_memory_equal(newest(&w, STUN_REFRESH)->m.nonce.p, "another", 7);
	world_close(&w);
}

static void nothing_is_released_at_once(void **state)
{
	struct world w;
	(void)state;
	world_open(&w, settings_default(), 1);
	turn_release(w.t, w.now);
	world_drain(&w);
	assert_int_equal(w.n_events, 1);
	assert_int_equal(w.events[0].kind, TURN_RELEASED);
	assert_false(w.events[0].confirmed);
	world_close(&w);

	world_open(&w, settings_default(), 1); /* an Allocate is on its way: the relay may have answered */
	answer_binding(&w, &w.sent[0]);
	turn_release(w.t, w.now);
	world_drain(&w);
	assert_int_equal(newest(&w, STUN_REFRESH)->m.lifetime_s, 0);
	assert_int_equal(count_events(&w, TURN_RELEASED), 0);
	world_close(&w);
}

static void oversized_settings_are_refused(void **state)
{
	char text[TURN_TEXT_MAX + 1];
	struct turn_settings s = settings_default();
	struct cp_rng rng;
	(void)state;
	cp_rng_seed(&rng, (const uint8_t[16]){1});
	memset(text, 'x', sizeof(text) - 1);
	text[TURN_TEXT_MAX] = 0;
	s.password = text;
	assert_null(turn_new(&s, &rng, START));
	text[TURN_TEXT_MAX - 1] = 0;
	struct turn *t = turn_new(&s, &rng, START);
	assert_non_null(t);
	turn_free(t);
	s.username = s.realm = s.software = text; /* each fits, together they do not */
	assert_null(turn_new(&s, &rng, START));
}

static void works_with_one_family(void **state)
{
	struct turn_settings s = settings_default();
	struct world w;
	(void)state;
	s.server[0].family = CP_NONE;
	world_open(&w, s, 1);
	assert_int_equal(w.n_sent, 1);
	assert_int_equal(w.sent[0].to.family, CP_V6);
	answer_binding(&w, &w.sent[0]);
	answer_error(&w, newest(&w, STUN_ALLOCATE), 401, TURN_NONCE);
	answer_allocate(&w, newest(&w, STUN_ALLOCATE));
	assert_true(w.events[w.n_events - 3].cross_family); /* IPv4, IPv6, allocated */
	assert_false(w.events[w.n_events - 2].cross_family);
	assert_false(turn_is_server(w.t, &(struct cp_addr){0}));
	world_close(&w);
}

static bool holds(const struct turn *t, const void *secret, size_t bytes)
{
	return memmem(t, malloc_usable_size((void *)(uintptr_t)t), secret, bytes) != NULL;
}

static void what_is_over_knows_no_secrets(void **state)
{
	struct world w;
	uint8_t key[16];
	(void)state;
	world_open(&w, settings_default(), 1);
	world_allocate(&w);
	memcpy(key, w.key, sizeof(key));
	assert_true(holds(w.t, TURN_PASSWORD, strlen(TURN_PASSWORD)) && holds(w.t, key, sizeof(key)));
	turn_probe(w.t, w.now);
	world_drain(&w);
	answer_error(&w, newest(&w, STUN_REFRESH), 401, "n");
	assert_int_equal(count_events(&w, TURN_FREED), 1);
	assert_false(holds(w.t, TURN_PASSWORD, strlen(TURN_PASSWORD)));
	assert_false(holds(w.t, TURN_USERNAME, strlen(TURN_USERNAME)));
	assert_false(holds(w.t, key, sizeof(key)));
	world_close(&w);
}

static void an_hour_with_a_stock_relay(void **state)
{
	struct world w;
	struct relay r;
	(void)state;
	world_open(&w, settings_default(), 1);
	relay_open(&r, &w);
	r.nonce_uses = 5;
	w.relay = &r;
	for (unsigned int i = 0; i < 6; i++) {
		struct cp_addr peer = peer_at(i);
		turn_bind_early(w.t, &peer, w.now);
	}
	for (int minute = 0; minute < 60; minute++) {
		world_run(&w, w.now + 60 * S);
		for (uint16_t c = 0; c < 3; c++) {
			struct cp_addr peer;
			assert_true(turn_channel_heard(w.t, (uint16_t)(STUN_CHANNEL_FIRST + c), w.now, &peer));
		}
		world_drain(&w);
	}
	assert_int_equal(r.allocations, 1);
	assert_in_range(r.refreshes, 11, 12);
	assert_int_equal(r.conflicts, 0);
	assert_int_equal(count_events(&w, TURN_INVALIDATED), 0);
	assert_int_equal(turn_channels_in_use(w.t), 3); /* the silent ones lapsed */
	assert_true(turn_counters(w.t)->errors_438 >= 3);
	assert_int_equal(turn_rtt(w.t), 20 * MS);
	world_close(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(binds_to_both_addresses_at_once),
		cmocka_unit_test(messages_are_stocks_byte_for_byte),
		cmocka_unit_test(a_refresh_is_a_delete_without_its_lifetime),
		cmocka_unit_test(the_first_to_answer_carries_the_allocation),
		cmocka_unit_test(tells_addresses_and_whether_they_cross_families),
		cmocka_unit_test(a_new_mapped_address_names_the_former_one),
		cmocka_unit_test(addresses_that_are_none_are_not_believed),
		cmocka_unit_test(silence_frees_it),
		cmocka_unit_test(death_of_the_server_withdraws_everything),
		cmocka_unit_test(the_other_family_may_stay_silent),
		cmocka_unit_test(responses_from_elsewhere_or_nowhere_are_counted),
		cmocka_unit_test(round_trips_are_smoothed_from_the_first_transmission),
		cmocka_unit_test(an_answered_probe_refreshes),
		cmocka_unit_test(an_unanswered_probe_ends_it),
		cmocka_unit_test(a_probe_wakes_a_suspended_one),
		cmocka_unit_test(a_restart_begins_anew_from_the_new_address),
		cmocka_unit_test(a_release_is_confirmed),
		cmocka_unit_test(a_release_is_repeated_once),
		cmocka_unit_test(a_release_ends_as_released_whatever_the_relay_says),
		cmocka_unit_test(nothing_is_released_at_once),
		cmocka_unit_test(oversized_settings_are_refused),
		cmocka_unit_test(works_with_one_family),
		cmocka_unit_test(what_is_over_knows_no_secrets),
		cmocka_unit_test(an_hour_with_a_stock_relay),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
