/* SPDX-License-Identifier: Apache-2.0 */
/* Candidates (portal §6.3 d, §6.4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

static const char *const two[] = {"candidate:1 1 udp 5 192.0.2.1 9 typ host", "no candidate at all \"\\ \xc3\xab"};

/* What a sender says, and what the other hears of it: all rows of the table. */
static void each_message_becomes_its_counterpart(void **state)
{
	static const struct {
		enum portal_type says, hears;
		bool from_client, is_unicast;
	} rows[] = {
		{PORTAL_BROADCAST_CANDIDATES, PORTAL_CANDIDATES, true, false},
		{PORTAL_BROADCAST_INVALIDATED_CANDIDATES, PORTAL_INVALIDATED_CANDIDATES, true, false},
		{PORTAL_NEW_GATEWAY_CANDIDATES, PORTAL_CANDIDATES, true, true},
		{PORTAL_INVALIDATED_GATEWAY_CANDIDATES, PORTAL_INVALIDATED_CANDIDATES, true, true},
		{PORTAL_BROADCAST_CANDIDATES, PORTAL_CANDIDATES, false, false},
		{PORTAL_BROADCAST_INVALIDATED_CANDIDATES, PORTAL_INVALIDATED_CANDIDATES, false, false},
	};
	for (int dialects = 0; dialects < 4; dialects++)
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			struct rig r;
			rig_open(&r);
			uint64_t g = rig_join(&r, &(struct rig_peer){.role = PORTAL_GATEWAY, .external_id = "g", .dialect = dialects & 1 ? PORTAL_V1 : PORTAL_V2});
			uint64_t c = rig_join(&r, &(struct rig_peer){.role = PORTAL_CLIENT, .external_id = "c", .dialect = dialects & 2 ? PORTAL_V1 : PORTAL_V2});
			uint64_t from = rows[i].from_client ? c : g, to = rows[i].from_client ? g : c;
			rig_flow(&r, c, g, WEB);
			rig_forget(&r);
			struct portal_message m = {.type = rows[i].says};
			if (rows[i].is_unicast)
				m.body.unicast = (struct portal_unicast){r.ids[to], {two, 2}};
			else
				m.body.broadcast = (struct portal_broadcast){{&r.ids[to], 1}, {two, 2}};
			rig_message(&r, from, &m);
			rig_silent(&r, from); /* no replies */
			struct portal_message heard = rig_hears(&r, to, rows[i].hears);
			assert_true(rig_is(&heard.body.candidates.from, &r.ids[from]));
			assert_int_equal(heard.body.candidates.candidates.n, 2);
			for (int k = 0; k < 2; k++)
				assert_string_equal(heard.body.candidates.candidates.texts[k], two[k]);
			portal_message_free(&heard);
			rig_silent(&r, to);
			rig_close(&r);
		}
}

static void all_that_are_named_and_there_hear_them_in_order(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t g = rig_gateway(&r, WEST, "g"), a = rig_client(&r, ALICE, "a"), b = rig_client(&r, BOB, "b"), gone = rig_client(&r, BOB, "d");
	const uint64_t all[] = {a, b, gone};
	for (int i = 0; i < 3; i++)
		rig_flow(&r, all[i], g, WEB);
	rig_lost(&r, gone);
	const struct portal_uuid to[] = {r.ids[a], {{1, 2, 3}}, r.ids[gone], r.ids[g], r.ids[b]};
	rig_forget(&r);
	for (int i = 0; i < 3; i++)
		rig_message(&r, g, &(struct portal_message){.type = i == 1 ? PORTAL_BROADCAST_INVALIDATED_CANDIDATES : PORTAL_BROADCAST_CANDIDATES,
							    .body.broadcast = {{to, 5}, {two, 1}}});
	const uint64_t both[] = {a, b};
	for (int k = 0; k < 2; k++) {
		rig_heard(&r, both[k], PORTAL_CANDIDATES);
		rig_heard(&r, both[k], PORTAL_INVALIDATED_CANDIDATES);
		rig_heard(&r, both[k], PORTAL_CANDIDATES);
		rig_silent(&r, both[k]);
	}
	rig_silent(&r, g);
	assert_int_equal(rig_count(&r, BROKER_COUNT_CANDIDATES), 15);
	assert_int_equal(rig_count(&r, BROKER_COUNT_CANDIDATES_SKIPPED), 9);
	rig_close(&r);
}

/* The client drops candidates of gateways that it does not know (§6.4 3). */
static void the_flow_comes_before_its_candidates(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t g = rig_gateway(&r, WEST, "g"), c = rig_client(&r, ALICE, "c");
	rig_asks(&r, c, DB, NULL, 0);
	rig_answers(&r, g);
	rig_message(&r, g, &(struct portal_message){.type = PORTAL_BROADCAST_CANDIDATES, .body.broadcast = {{&r.ids[c], 1}, {two, 1}}});
	rig_heard(&r, c, PORTAL_FLOW_CREATED);
	rig_heard(&r, c, PORTAL_CANDIDATES);
	rig_close(&r);
}

/* How many of n that a gateway names hear a message of so many candidates. */
static int heard_of(size_t n, const char *candidate, size_t n_candidates)
{
	struct rig r;
	struct portal_uuid to[70];
	const char *texts[1000];
	char name[8];
	int heard = 0;
	rig_open(&r);
	uint64_t g = rig_gateway(&r, WEST, "g");
	for (size_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "c%zu", i);
		uint64_t c = rig_client(&r, ALICE, name);
		rig_flow(&r, c, g, DB);
		to[i] = r.ids[c];
	}
	rig_forget(&r);
	for (size_t i = 0; i < n_candidates; i++)
		texts[i] = candidate;
	rig_message(&r, g, &(struct portal_message){.type = PORTAL_BROADCAST_CANDIDATES, .body.broadcast = {{to, n}, {texts, n_candidates}}});
	heard = (int)(rig_count(&r, BROKER_COUNT_CANDIDATES) - rig_count(&r, BROKER_COUNT_CANDIDATES_SKIPPED));
	assert_int_equal(rig_count(&r, BROKER_COUNT_QUOTA), heard < (int)n);
	rig_close(&r);
	return heard;
}

/* One frame must not become many megabytes, nor keep the portal busy for seconds. */
static void what_all_hear_of_one_message_is_bounded(void **state)
{
	static char large[1000];
	memset(large, 'x', sizeof(large) - 1);
	assert_int_equal(heard_of(64, two[0], 2), 64);
	assert_int_equal(heard_of(70, two[0], 2), 64);
	assert_int_equal(heard_of(1, large, 60), 1);
	assert_int_equal(heard_of(64, large, 10), 6);
	assert_int_equal(heard_of(2, large, 60), 1);
	assert_int_equal(heard_of(1, large, 70), 0);
	assert_int_equal(heard_of(64, "", 1000), 21);
}

static void who_is_named_twice_hears_it_once(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t g = rig_gateway(&r, WEST, "g"), a = rig_client(&r, ALICE, "a"), b = rig_client(&r, ALICE, "b");
	rig_flow(&r, a, g, DB);
	rig_flow(&r, b, g, DB);
	rig_forget(&r);
	const struct portal_uuid to[] = {r.ids[a], r.ids[b], r.ids[a], r.ids[b], r.ids[b]};
	rig_message(&r, g, &(struct portal_message){.type = PORTAL_BROADCAST_CANDIDATES, .body.broadcast = {{to, 5}, {two, 2}}});
	rig_heard(&r, a, PORTAL_CANDIDATES);
	rig_heard(&r, b, PORTAL_CANDIDATES);
	rig_silent(&r, a);
	rig_silent(&r, b);
	rig_close(&r);
}

/* By an id alone, nobody is reached, be it by its peer's neighbour. */
static void who_has_no_flow_with_another_is_not_heard(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t g = rig_gateway(&r, WEST, "g"), c = rig_client(&r, ALICE, "c"), other = rig_client(&r, BOB, "o");
	rig_flow(&r, c, g, DB);
	rig_forget(&r);
	rig_message(&r, other, &(struct portal_message){.type = PORTAL_NEW_GATEWAY_CANDIDATES, .body.unicast = {r.ids[g], {two, 1}}});
	rig_message(&r, g, &(struct portal_message){.type = PORTAL_BROADCAST_CANDIDATES, .body.broadcast = {{&r.ids[other], 1}, {two, 1}}});
	rig_message(&r, c, &(struct portal_message){.type = PORTAL_BROADCAST_CANDIDATES, .body.broadcast = {{&r.ids[other], 1}, {two, 1}}});
	rig_silent(&r, g);
	rig_silent(&r, other);
	assert_int_equal(rig_count(&r, BROKER_COUNT_CANDIDATES_SKIPPED), 3);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_message_becomes_its_counterpart),
		cmocka_unit_test(all_that_are_named_and_there_hear_them_in_order),
		cmocka_unit_test(the_flow_comes_before_its_candidates),
		cmocka_unit_test(what_all_hear_of_one_message_is_bounded),
		cmocka_unit_test(who_is_named_twice_hears_it_once),
		cmocka_unit_test(who_has_no_flow_with_another_is_not_heard),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
