/* SPDX-License-Identifier: Apache-2.0 */
/* Who may connect, for how long, and in what numbers (portal §1.8, §2.5, §6.1 5). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

static const struct rig_peer client = {.role = PORTAL_CLIENT, .owner = ALICE, .external_id = "c"};

static void a_token_is_valid_for_what_it_says(void **state)
{
	struct rig r;
	rig_open(&r);
	const struct broker_request q = rig_request(&client, 1);
	const struct cp_addr from = cp_addr_v4(192, 0, 2, 1, 1);
	struct broker_principal who[4];
	struct broker_refusal refusal;
	for (int i = 0; i < 4; i++)
		who[i] = rig_principal(&r, &client);
	who[0].role = PORTAL_GATEWAY;
	who[1].owner.bytes[0] ^= 1;
	who[2].owner = r.sites[WEST].id;
	who[3].expires_at = RIG_UNIX;
	for (int i = 0; i < 4; i++) {
		assert_false(broker_connect(r.b, 10 + i, &q, &who[i], &from, r.now, &refusal));
		assert_int_equal(refusal.status, 401);
		assert_string_equal(refusal.code, "invalid_token");
	}
	assert_int_equal(rig_count(&r, BROKER_COUNT_REFUSED_CONNECTIONS), 4);
	assert_int_equal(broker_deadline(r.b).at, CP_NEVER);
	rig_close(&r);
}

static void a_silent_connection_is_closed_after_40_s(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t c = rig_join(&r, &client);
	for (int i = 0; i < 4; i++) {
		rig_run(&r, 37 * CP_S);
		assert_int_equal(rig_find(&r, BROKER_OUT_CLOSE, 0), -1);
		rig_says(&r, c, "heartbeat", "{}");
	}
	rig_run(&r, 40 * CP_S - 1);
	assert_int_equal(rig_find(&r, BROKER_OUT_CLOSE, 0), -1);
	rig_run(&r, 1);
	assert_true(rig_find(&r, BROKER_OUT_CLOSE, c) >= 0);
	assert_int_equal(rig_count(&r, BROKER_COUNT_IDLE), 1);
	assert_int_equal(broker_summary(r.b).clients_online, 0);
	rig_lost(&r, c);
	rig_close(&r);
}

static void who_does_not_join_is_closed_be_it_talkative(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t c = rig_connect(&r, &client, NULL);
	for (int i = 0; i < 4; i++) {
		rig_says(&r, c, "heartbeat", "{}");
		rig_run(&r, 10 * CP_S);
	}
	assert_true(rig_find(&r, BROKER_OUT_CLOSE, c) >= 0);
	rig_close(&r);
}

/* The next attempt is answered 401; `disconnect` would not tell a client whether it may sign in again. */
static void a_connection_ends_with_its_token(void **state)
{
	struct rig r;
	rig_open(&r);
	struct rig_peer peer = client;
	peer.token_expires_at = RIG_UNIX + 20;
	unsigned int status = 0;
	uint64_t c = rig_join(&r, &peer);
	rig_run(&r, 20 * CP_S - 1);
	assert_int_equal(rig_find(&r, BROKER_OUT_CLOSE, 0), -1);
	rig_run(&r, 1);
	long closed = rig_find(&r, BROKER_OUT_CLOSE, c);
	assert_true(closed >= 0);
	assert_string_equal(r.outs[closed].why, "token_expired");
	rig_silent(&r, c);
	assert_int_equal(rig_connect(&r, &peer, &status), 0);
	assert_int_equal(status, 401);
	rig_close(&r);
}

static void a_token_that_is_deleted_closes_what_it_opened(void **state)
{
	struct rig r;
	rig_open(&r);
	struct rig_peer other = {.role = PORTAL_GATEWAY, .owner = WEST, .external_id = "g", .token = 2};
	uint64_t c = rig_join(&r, &client), d = rig_connect(&r, &client, NULL), g = rig_join(&r, &other);
	assert_int_equal(broker_token_gone(r.b, 1, r.now), 2);
	rig_drain(&r);
	assert_true(rig_find(&r, BROKER_OUT_CLOSE, c) >= 0 && rig_find(&r, BROKER_OUT_CLOSE, d) >= 0);
	assert_int_equal(rig_find(&r, BROKER_OUT_CLOSE, g), -1);
	assert_int_equal(broker_token_gone(r.b, 1, r.now), 0);
	rig_close(&r);
}

static void at_the_end_all_are_closed_with_1012(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t g = rig_gateway(&r, WEST, "g"), c = rig_join(&r, &client);
	rig_asks(&r, c, DB, NULL, 0);
	rig_forget(&r);
	broker_shutdown(r.b, r.now);
	rig_drain(&r);
	assert_int_equal(r.outs[rig_find(&r, BROKER_OUT_CLOSE, g)].close_code, 1012);
	assert_int_equal(r.outs[rig_find(&r, BROKER_OUT_CLOSE, c)].close_code, 1012);
	rig_silent(&r, c); /* a flow that is under way must not be told offline */
	rig_close(&r);
}

static void quotas_of_devices_hold(void **state)
{
	static const struct {
		enum portal_role role;
		unsigned int owner;
	} cases[] = {{PORTAL_GATEWAY, WEST}, {PORTAL_CLIENT, ALICE}};
	for (int i = 0; i < 2; i++) {
		struct rig r;
		unsigned int status = 0;
		char name[2] = "a";
		struct rig_peer p = {.role = cases[i].role, .owner = cases[i].owner, .external_id = name};
		rig_world(&r);
		r.world.quota.gateways_per_site = r.world.quota.clients_per_actor = 3;
		rig_start(&r);
		for (; name[0] < 'd'; name[0]++)
			rig_lost(&r, rig_join(&r, &p));
		assert_int_equal(rig_connect(&r, &p, &status), 0);
		assert_int_equal(status, 503);
		assert_int_equal(rig_count(&r, BROKER_COUNT_QUOTA), 1);
		p.owner++; /* others are not concerned */
		rig_join(&r, &p);
		p.owner--;
		name[0] = 'a'; /* nor who is there */
		rig_join(&r, &p);
		rig_close(&r);
	}
}

/* An identity is made by joining, not by knocking. */
static void who_never_joined_leaves_nothing(void **state)
{
	struct rig r;
	rig_world(&r);
	r.world.quota.clients_per_actor = 1;
	rig_start(&r);
	for (int i = 0; i < 5; i++) {
		char name[2] = {(char)('a' + i), 0};
		uint64_t c = rig_connect(&r, &(struct rig_peer){.role = PORTAL_CLIENT, .external_id = name}, NULL);
		assert_true(c != 0);
		rig_lost(&r, c);
	}
	assert_int_equal(broker_summary(r.b).clients, 0);
	rig_join(&r, &client);
	rig_close(&r);
}

static void unknown_connections_are_ignored(void **state)
{
	struct rig r;
	rig_open(&r);
	broker_text(r.b, 77, "{", 1, r.now);
	broker_lost(r.b, 77, r.now);
	rig_drain(&r);
	assert_int_equal(r.n_outs, 0);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_valid_for_what_it_says),
		cmocka_unit_test(a_silent_connection_is_closed_after_40_s),
		cmocka_unit_test(who_does_not_join_is_closed_be_it_talkative),
		cmocka_unit_test(a_connection_ends_with_its_token),
		cmocka_unit_test(a_token_that_is_deleted_closes_what_it_opened),
		cmocka_unit_test(at_the_end_all_are_closed_with_1012),
		cmocka_unit_test(quotas_of_devices_hold),
		cmocka_unit_test(who_never_joined_leaves_nothing),
		cmocka_unit_test(unknown_connections_are_ignored),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
