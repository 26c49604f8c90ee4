/* SPDX-License-Identifier: Apache-2.0 */
/* The core against a fake network function in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "fake_nf.h"

#define MS 1000000ull
#define S  (1000 * MS)

static const struct cp_settings settings = {.linger_ms = 1000, .stop_deadline_ms = 8000, .pid = 1};

static struct fake ready(uint32_t peers)
{
	struct fake f;
	fake_init(&f, &settings, peers);
	fake_advance(&f, 1 * MS);
	return f;
}

static struct nf_peer_event_body session(uint8_t id, uint8_t last_byte)
{
	struct nf_peer_event_body e = {.event = NF_PEER_SESSION, .endpoint = {.family = 4, .port = 51820, .addr = {192, 0, 2, last_byte}}};
	e.public_key[0] = id;
	return e;
}

static void every_peer_of_the_file_is_asserted_and_nothing_else(void **state)
{
	struct fake f = ready(200);
	(void)state;
	assert_int_equal(f.n_peers, 200);
	assert_int_equal(f.upserts, 200);
	assert_int_equal(f.syncs, 1);
	assert_true(f.most_in_flight <= 65);
	assert_int_equal(cp_core_deadline(f.core).at, 0);
	fake_fini(&f);
}

static void an_absent_network_function_is_sought_until_it_comes(void **state)
{
	struct fake f;
	(void)state;
	fake_init(&f, &settings, 3);
	f.there = false;
	fake_advance(&f, 60 * S);
	assert_int_equal(f.syncs, 0);
	assert_true(cp_core_deadline(f.core).at != 0);
	f.there = true;
	fake_advance(&f, 500 * MS); /* the longest pause between two attempts */
	assert_int_equal(f.n_peers, 3);
	fake_fini(&f);
}

static void a_silent_network_function_is_given_up_and_sought_again(void **state)
{
	struct fake f;
	(void)state;
	fake_init(&f, &settings, 3);
	f.holds_replies = true;
	fake_advance(&f, 11 * S);
	assert_int_equal(f.resets, 1);
	f.holds_replies = false;
	fake_advance(&f, 10 * S);
	assert_int_equal(f.n_peers, 3);
	fake_fini(&f);
}

static void a_restarted_network_function_is_told_where_peers_were_and_initiates(void **state)
{
	struct fake f = ready(3);
	struct nf_peer_event_body e = session(2, 9);
	(void)state;
	fake_event(&f, NF_MSG_PEER_EVENT, &e, sizeof(e));
	fake_restart(&f);
	fake_advance(&f, 1 * S);
	assert_int_equal(f.n_peers, 3);
	assert_int_equal(fake_peer(&f, 2)->upsert.endpoint.addr[3], 9);
	assert_true(fake_peer(&f, 2)->initiated);
	assert_false(fake_peer(&f, 1)->initiated);
	fake_fini(&f);
}

static void a_lost_connection_alone_starts_no_handshake(void **state)
{
	struct fake f = ready(3);
	struct nf_peer_event_body e = session(2, 9);
	(void)state;
	fake_event(&f, NF_MSG_PEER_EVENT, &e, sizeof(e));
	fake_vanish(&f);
	fake_advance(&f, 1 * S);
	assert_int_equal(f.syncs, 2);
	assert_false(fake_peer(&f, 2)->initiated);
	fake_fini(&f);
}

static void a_peer_that_said_goodbye_is_not_sought_where_it_was(void **state)
{
	struct fake f = ready(3);
	struct nf_peer_event_body e = session(2, 9);
	(void)state;
	fake_event(&f, NF_MSG_PEER_EVENT, &e, sizeof(e));
	e.event = NF_PEER_GOODBYE;
	fake_event(&f, NF_MSG_PEER_EVENT, &e, sizeof(e));
	fake_restart(&f);
	fake_advance(&f, 1 * S);
	assert_int_equal(fake_peer(&f, 2)->upsert.endpoint.family, 0);
	fake_fini(&f);
}

static void reload(struct fake *f, uint32_t first, uint32_t n)
{
	struct cp_wanted w = fake_wanted(first, n);
	cp_core_reload(f->core, f->now);
	fake_run(f);
	cp_core_file_read(f->core, &settings, &w, f->now);
	fake_run(f);
}

static void a_reload_brings_new_peers_and_sweeps_old_ones(void **state)
{
	struct fake f = ready(3); /* 1 2 3 */
	(void)state;
	reload(&f, 2, 4); /* 2 3 4 5 */
	assert_int_equal(f.files_wanted, 1);
	assert_int_equal(f.n_peers, 4);
	assert_null(fake_peer(&f, 1));
	assert_non_null(fake_peer(&f, 5));
	fake_fini(&f);
}

static void an_operator_s_reload_is_answered_with_what_changed_on_both_sides(void **state)
{
	struct fake f = ready(3);
	struct nf_empty none = {0};
	struct nf_reload_done done;
	struct cp_wanted w = fake_wanted(2, 4);
	(void)state;
	fake_operator(&f, 5, NF_MSG_RELOAD, &none, sizeof(none));
	assert_int_equal(f.operator_messages, 0);
	cp_core_file_read(f.core, &settings, &w, f.now);
	fake_run(&f);
	assert_int_equal(f.operator_messages, 1);
	assert_int_equal(f.to_operator.seq, 77);
	memcpy(&done, f.operator_body, sizeof(uint32_t) * 2);
	assert_int_equal(done.changed, 2 + 3); /* the fake's, and peers 1, 4 and 5 */
	assert_int_equal(done.refused, 1);
	assert_int_equal(f.syncs_when_told, 2); /* all of it holds by then */
	fake_fini(&f);
}

static void a_file_that_is_wrong_changes_nothing_and_is_named(void **state)
{
	struct fake f = ready(3);
	struct nf_empty none = {0};
	(void)state;
	fake_operator(&f, 5, NF_MSG_RELOAD, &none, sizeof(none));
	cp_core_file_refused(f.core, "node.json: peers[1].name: is missing", f.now);
	fake_run(&f);
	assert_int_equal(f.to_operator.status, -EINVAL);
	assert_string_equal((const char *)f.operator_body, "node.json: peers[1].name: is missing");
	assert_int_equal(f.syncs, 1);
	fake_fini(&f);
}

static void close_by_operator(struct fake *f, uint8_t id)
{
	struct nf_peer_close c = {.reason = NF_CLOSE_DRAIN};
	struct nf_peer_closed r = {.reason = NF_CLOSE_OPERATOR, .outcome = NF_CLOSED_ACKED, .goodbyes = 1};
	c.public_key[0] = r.public_key[0] = id;
	fake_operator(f, 9, NF_MSG_PEER_CLOSE, &c, sizeof(c));
	fake_peer(f, id)->closed = true;
	fake_event(f, NF_MSG_PEER_CLOSED, &r, sizeof(r));
}

static void the_end_of_a_close_is_reported_to_who_asked(void **state)
{
	struct fake f = ready(3);
	(void)state;
	close_by_operator(&f, 2);
	assert_int_equal(f.operator_messages, 2); /* the reply, the report */
	assert_int_equal(f.to_operator.type, NF_MSG_PEER_CLOSED);
	assert_int_equal(f.to_operator.seq, 77);
	fake_fini(&f);
}

static void what_the_operator_closed_stays_closed_until_a_reload(void **state)
{
	struct fake f = ready(3);
	(void)state;
	close_by_operator(&f, 2);
	fake_vanish(&f);
	fake_advance(&f, 1 * S);
	assert_true(fake_peer(&f, 2)->closed);
	fake_restart(&f); /* a new network function does not know: it is not told of the peer */
	fake_advance(&f, 1 * S);
	assert_null(fake_peer(&f, 2));
	assert_non_null(fake_peer(&f, 3));
	reload(&f, 1, 3);
	assert_non_null(fake_peer(&f, 2));
	assert_false(fake_peer(&f, 2)->closed);
	fake_fini(&f);
}

static void a_restarted_control_plane_learns_what_was_closed(void **state)
{
	struct fake f = ready(3), g;
	(void)state;
	fake_peer(&f, 2)->closed = true;
	fake_init(&g, &settings, 3);
	memcpy(g.peers, f.peers, sizeof(f.peers));
	g.n_peers = f.n_peers;
	g.epoch = f.epoch;
	fake_advance(&g, 1 * S);
	assert_true(fake_peer(&g, 2)->closed);
	fake_restart(&g);
	fake_advance(&g, 1 * S);
	assert_null(fake_peer(&g, 2));
	fake_fini(&f);
	fake_fini(&g);
}

static void a_peer_that_the_file_moved_replaces_the_learnt_endpoint_once(void **state)
{
	struct fake f = ready(3);
	struct nf_peer_event_body e = session(2, 9);
	struct cp_wanted w = fake_wanted(1, 3);
	(void)state;
	fake_event(&f, NF_MSG_PEER_EVENT, &e, sizeof(e));
	w.peers[1].upsert.endpoint = (struct nf_addr){.family = 4, .port = 1, .addr = {198, 51, 100, 1}};
	cp_core_file_read(f.core, &settings, &w, f.now);
	fake_run(&f);
	assert_true(fake_peer(&f, 2)->moved);
	assert_int_equal(fake_peer(&f, 2)->upsert.endpoint.addr[0], 198);
	fake_vanish(&f);
	fake_advance(&f, 1 * S);
	assert_false(fake_peer(&f, 2)->moved);
	fake_fini(&f);
}

static void a_refused_peer_is_named_and_the_others_stay(void **state)
{
	struct fake f;
	(void)state;
	fake_init(&f, &settings, 3);
	f.refuse_upserts = true;
	fake_advance(&f, 1 * MS);
	assert_int_equal(f.syncs, 1);
	assert_non_null(strstr(f.last_log, "refused=3"));
	fake_fini(&f);
}

static void a_stop_closes_reports_releases_and_ends(void **state)
{
	struct fake f = ready(3);
	struct nf_close_all_done done = {.peers = 3, .acked = 2, .accepted = 1, .goodbyes = 7};
	(void)state;
	cp_core_stop(f.core, SIGTERM, f.now);
	fake_run(&f);
	assert_int_equal(f.close_alls, 1);
	assert_int_equal(f.releases, 0);
	f.now += 1500 * MS;
	fake_event(&f, NF_MSG_CLOSE_ALL_DONE, &done, sizeof(done));
	assert_int_equal(f.releases, 1);
	assert_int_equal(f.release_within_ms, 0);
	assert_non_null(strstr(f.report, "\"outcome\":\"complete\",\"peers\":3,\"acked\":2"));
	assert_non_null(strstr(f.report, "\"duration_ms\":1500"));
	fake_vanish(&f);
	fake_run(&f);
	assert_int_equal(f.exit_code, 0);
	fake_fini(&f);
}

static void a_stop_ends_by_its_deadline_whatever_the_network_function_does(void **state)
{
	struct fake f = ready(3);
	struct nf_peer_closed one = {.outcome = NF_CLOSED_ACKED, .goodbyes = 2};
	(void)state;
	cp_core_stop(f.core, SIGTERM, f.now);
	fake_run(&f);
	fake_event(&f, NF_MSG_PEER_CLOSED, &one, sizeof(one));
	fake_advance(&f, 8 * S);
	assert_int_equal(f.releases, 1);
	assert_non_null(strstr(f.report, "\"outcome\":\"deadline\",\"peers\":3,\"acked\":1"));
	fake_advance(&f, 1 * S);
	assert_int_equal(f.exit_code, 0);
	fake_fini(&f);
}

static void a_stop_without_network_function_ends_at_once(void **state)
{
	struct fake f;
	(void)state;
	fake_init(&f, &settings, 3);
	f.there = false;
	fake_advance(&f, 1 * S);
	cp_core_stop(f.core, SIGTERM, f.now);
	fake_run(&f);
	assert_int_equal(f.exit_code, 0);
	assert_non_null(strstr(f.report, "no_network_function"));
	fake_fini(&f);
}

static void a_second_signal_ends_at_once_and_leaves_the_rest_to_the_network_function(void **state)
{
	struct fake f = ready(3);
	(void)state;
	cp_core_stop(f.core, SIGTERM, f.now);
	fake_run(&f);
	cp_core_stop(f.core, SIGTERM, f.now);
	fake_run(&f);
	assert_int_equal(f.releases, 1);
	assert_in_range(f.release_within_ms, 1, 8000);
	assert_int_equal(f.exit_code, 0);
	fake_fini(&f);
}

static void a_network_function_that_was_signalled_is_drained_and_awaited_again(void **state)
{
	struct fake f = ready(3);
	struct nf_stop stop = {.signal = SIGTERM};
	struct nf_close_all_done done = {.peers = 3, .acked = 3};
	(void)state;
	fake_event(&f, NF_MSG_STOP_REQUESTED, &stop, sizeof(stop));
	assert_int_equal(f.close_alls, 1);
	fake_event(&f, NF_MSG_CLOSE_ALL_DONE, &done, sizeof(done));
	assert_int_equal(f.releases, 1);
	fake_restart(&f);
	assert_int_equal(f.exit_code, -1);
	fake_advance(&f, 1 * S);
	assert_int_equal(f.n_peers, 3);
	fake_fini(&f);
}

static void both_signalled_at_once_drain_once_and_end(void **state)
{
	struct fake f = ready(3);
	struct nf_stop stop = {.signal = SIGTERM};
	struct nf_close_all_done done = {.peers = 3, .acked = 3};
	(void)state;
	fake_event(&f, NF_MSG_STOP_REQUESTED, &stop, sizeof(stop));
	cp_core_stop(f.core, SIGTERM, f.now);
	fake_run(&f);
	assert_int_equal(f.close_alls, 1);
	fake_event(&f, NF_MSG_CLOSE_ALL_DONE, &done, sizeof(done));
	fake_vanish(&f);
	fake_run(&f);
	assert_int_equal(f.exit_code, 0);
	fake_fini(&f);
}

static void operators_may_look_close_and_reload_and_nothing_else(void **state)
{
	struct fake f = ready(1);
	struct nf_peer_upsert u = {0};
	struct nf_empty none = {0};
	(void)state;
	fake_operator(&f, 5, NF_MSG_STATUS_GET, &none, sizeof(none));
	assert_int_equal(f.to_operator.status, 0);
	fake_operator(&f, 5, NF_MSG_PEER_UPSERT, &u, sizeof(u));
	assert_int_equal(f.to_operator.status, -EPERM);
	fake_operator(&f, 5, NF_MSG_RELEASE, &none, sizeof(struct nf_stop));
	assert_int_equal(f.to_operator.status, -EPERM);
	fake_operator(&f, 5, 999, &none, sizeof(none));
	assert_int_equal(f.to_operator.status, -EOPNOTSUPP);
	fake_operator(&f, 5, NF_MSG_STATUS_GET, &none, 3);
	assert_int_equal(f.to_operator.status, -EBADMSG);
	cp_core_operator_in(f.core, 5, "x", 1, f.now);
	fake_run(&f);
	assert_int_equal(f.to_operator.status, -EBADMSG);
	fake_fini(&f);
}

static void requests_under_way_are_bounded_and_end_with_the_link(void **state)
{
	struct fake f = ready(1);
	struct nf_empty none = {0};
	(void)state;
	f.holds_replies = true;
	for (int i = 0; i < 129; i++)
		fake_operator(&f, 5, NF_MSG_STATUS_GET, &none, sizeof(none));
	assert_int_equal(f.operator_messages, 1);
	assert_int_equal(f.to_operator.status, -EBUSY);
	fake_vanish(&f);
	fake_run(&f);
	assert_int_equal(f.operator_messages, 129);
	assert_int_equal(f.to_operator.status, -ENOTCONN);
	fake_fini(&f);
}

static void operators_may_look_while_a_sync_runs_but_not_close(void **state)
{
	struct fake f = ready(1);
	struct nf_empty none = {0};
	struct nf_peer_close c = {.reason = NF_CLOSE_OPERATOR};
	(void)state;
	fake_vanish(&f);
	f.holds_after = NF_MSG_SYNC_BEGIN; /* HELLO and the list of peers are answered, the sync is not */
	fake_advance(&f, 1 * S);
	fake_operator(&f, 5, NF_MSG_STATUS_GET, &none, sizeof(none));
	assert_int_equal(f.operator_messages, 1);
	assert_int_equal(f.to_operator.status, 0);
	fake_operator(&f, 5, NF_MSG_PEER_CLOSE, &c, sizeof(c));
	assert_int_equal(f.to_operator.status, -ENOTCONN);
	fake_fini(&f);
}

/* Random inputs in random order; fake_advance() asserts that no tick leaves something due. */
static void no_sequence_of_inputs_leaves_a_deadline_behind(void **state)
{
	(void)state;
	for (unsigned int seed = 1; seed <= 300; seed++) {
		struct fake f;
		struct nf_empty none = {0};
		struct nf_stop stop = {0};
		struct nf_close_all_done done = {0};
		srand(seed);
		fake_init(&f, &settings, (uint32_t)rand() % 100);
		for (int i = 0; i < 60 && f.exit_code < 0; i++) {
			struct nf_peer_event_body e = session((uint8_t)rand(), (uint8_t)rand());
			e.event = (uint32_t)rand() % 7;
			switch (rand() % 10) {
			case 0: f.there = rand() % 2; break;
			case 1: fake_restart(&f); break;
			case 2: f.holds_replies = rand() % 3 == 0; break;
			case 3: fake_event(&f, NF_MSG_PEER_EVENT, &e, sizeof(e)); break;
			case 4: fake_operator(&f, 1 + (uint32_t)rand() % 3, NF_MSG_STATUS_GET, &none, sizeof(none)); break;
			case 5: reload(&f, (uint32_t)rand() % 50, (uint32_t)rand() % 50); break;
			case 6: fake_event(&f, NF_MSG_CLOSE_ALL_DONE, &done, sizeof(done)); break;
			case 7: fake_event(&f, NF_MSG_STOP_REQUESTED, &stop, sizeof(stop)); break;
			case 8: cp_core_operator_gone(f.core, 1 + (uint32_t)rand() % 3); break;
			default: fake_advance(&f, (uint64_t)rand() % (12 * S)); break;
			}
		}
		cp_core_stop(f.core, SIGTERM, f.now);
		fake_run(&f);
		fake_advance(&f, 20 * S);
		if (f.exit_code != 0)
			fail_msg("seed %u did not end", seed);
		fake_fini(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_peer_of_the_file_is_asserted_and_nothing_else),
		cmocka_unit_test(an_absent_network_function_is_sought_until_it_comes),
		cmocka_unit_test(a_silent_network_function_is_given_up_and_sought_again),
		cmocka_unit_test(a_restarted_network_function_is_told_where_peers_were_and_initiates),
		cmocka_unit_test(a_lost_connection_alone_starts_no_handshake),
		cmocka_unit_test(a_peer_that_said_goodbye_is_not_sought_where_it_was),
		cmocka_unit_test(a_reload_brings_new_peers_and_sweeps_old_ones),
		cmocka_unit_test(an_operator_s_reload_is_answered_with_what_changed_on_both_sides),
		cmocka_unit_test(a_file_that_is_wrong_changes_nothing_and_is_named),
		cmocka_unit_test(the_end_of_a_close_is_reported_to_who_asked),
		cmocka_unit_test(what_the_operator_closed_stays_closed_until_a_reload),
		cmocka_unit_test(a_restarted_control_plane_learns_what_was_closed),
		cmocka_unit_test(a_peer_that_the_file_moved_replaces_the_learnt_endpoint_once),
		cmocka_unit_test(a_refused_peer_is_named_and_the_others_stay),
		cmocka_unit_test(a_stop_closes_reports_releases_and_ends),
		cmocka_unit_test(a_stop_ends_by_its_deadline_whatever_the_network_function_does),
		cmocka_unit_test(a_stop_without_network_function_ends_at_once),
		cmocka_unit_test(a_second_signal_ends_at_once_and_leaves_the_rest_to_the_network_function),
		cmocka_unit_test(a_network_function_that_was_signalled_is_drained_and_awaited_again),
		cmocka_unit_test(both_signalled_at_once_drain_once_and_end),
		cmocka_unit_test(operators_may_look_close_and_reload_and_nothing_else),
		cmocka_unit_test(requests_under_way_are_bounded_and_end_with_the_link),
		cmocka_unit_test(operators_may_look_while_a_sync_runs_but_not_close),
		cmocka_unit_test(no_sequence_of_inputs_leaves_a_deadline_behind),
	};
	return cmocka_run_group_tests_name("core", tests, NULL, NULL);
}
