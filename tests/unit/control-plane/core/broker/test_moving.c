/* SPDX-License-Identifier: Apache-2.0 */
/* Clients are moved off gateways that are gone, drained or leaving (portal §6.3 g). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

/* After the quiet time of the start. */
static void begin(struct rig *r)
{
	rig_open(r);
	rig_run(r, 61 * CP_S);
}

/* Which resource it was told to let go of, and to take again. */
static void moved(struct rig *r, uint64_t client, unsigned int resource)
{
	struct portal_message m = rig_hears(r, client, PORTAL_RESOURCE_DELETED);
	assert_true(rig_is(&m.body.resource_deleted.id, &r->resources[resource].view.id));
	portal_message_free(&m);
	m = rig_hears(r, client, PORTAL_RESOURCE_UPSERTED);
	assert_true(rig_is(&m.body.resource.id, &r->resources[resource].view.id));
	assert_true(m.body.resource.sites.n > 0);
	portal_message_free(&m);
}

static enum broker_gateway_state state_of(const struct rig *r, size_t row)
{
	struct broker_gateway_row g;
	assert_true(broker_gateway_row(r->b, row, &g));
	return g.state;
}

static void clients_of_a_gateway_that_stays_away_are_rescued(void **state)
{
	struct rig r;
	begin(&r);
	uint64_t g = rig_gateway(&r, WEST, "g1"), g2 = rig_gateway(&r, WEST, "g2"), c = rig_client(&r, ALICE, "c"), idle = rig_client(&r, BOB, "d");
	broker_cordon(r.b, &r.ids[g2], r.now);
	rig_flow(&r, c, g, DB);
	broker_uncordon(r.b, &r.ids[g2], r.now);
	rig_drain(&r);
	rig_forget(&r);
	rig_lost(&r, g);
	assert_int_equal(state_of(&r, 0), BROKER_MISSING);
	rig_run(&r, 2 * CP_S - 1);
	rig_silent(&r, c);
	rig_run(&r, 1);
	moved(&r, c, DB);
	rig_silent(&r, idle);
	rig_flow(&r, c, g2, DB);
	assert_int_equal(rig_count(&r, BROKER_COUNT_RESCUES), 1);
	assert_int_equal(rig_count(&r, BROKER_COUNT_MOVED), 1);
	assert_int_equal(state_of(&r, 0), BROKER_OFFLINE);
	rig_run(&r, 20 * CP_S);
	rig_silent(&r, c);
	rig_close(&r);
}

static void a_gateway_that_comes_back_in_time_keeps_its_clients(void **state)
{
	struct rig r;
	begin(&r);
	const struct rig_peer peer = {.role = PORTAL_GATEWAY, .owner = WEST, .external_id = "g1", .key = 700};
	uint64_t g = rig_join(&r, &peer), c = rig_client(&r, ALICE, "c");
	rig_flow(&r, c, g, DB);
	rig_lost(&r, g);
	rig_run(&r, 2 * CP_S - 1);
	g = rig_join(&r, &peer);
	rig_run(&r, 20 * CP_S);
	rig_silent(&r, c);
	assert_int_equal(rig_count(&r, BROKER_COUNT_RESCUES_AVERTED), 1);
	rig_flow(&r, c, g, DB);
	rig_close(&r);
}

/* It was killed, and its service manager was quick: its sessions are gone, whatever the portal sees of its socket. */
static void a_gateway_with_another_key_has_lost_its_clients(void **state)
{
	for (int displaces = 0; displaces < 2; displaces++) {
		struct rig r;
		begin(&r);
		struct rig_peer peer = {.role = PORTAL_GATEWAY, .owner = WEST, .external_id = "g1", .key = 700};
		uint64_t g = rig_join(&r, &peer), c = rig_client(&r, ALICE, "c"), idle = rig_client(&r, BOB, "d");
		rig_flow(&r, c, g, DB);
		if (!displaces)
			rig_lost(&r, g);
		peer.key = 701;
		rig_forget(&r);
		g = rig_connect(&r, &peer, NULL);
		rig_says(&r, g, "phx_join", "null");
		rig_heard(&r, g, PORTAL_REPLY);
		rig_heard(&r, g, PORTAL_GATEWAY_INIT);
		moved(&r, c, DB);
		rig_silent(&r, c);
		rig_silent(&r, idle);
		assert_int_equal(rig_count(&r, BROKER_COUNT_RESCUES), 1);
		assert_int_equal(rig_count(&r, BROKER_COUNT_RESCUES_AVERTED), 0);
		rig_flow(&r, c, g, DB);
		rig_run(&r, 20 * CP_S);
		rig_silent(&r, c);
		rig_close(&r);
	}
}

static void nobody_is_rescued_in_the_first_minute(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t g = rig_gateway(&r, WEST, "g1"), c = rig_client(&r, ALICE, "c");
	rig_flow(&r, c, g, DB);
	assert_false(broker_summary(r.b).ready);
	rig_lost(&r, g);
	for (int i = 0; i < 59; i++) {
		rig_run(&r, CP_S);
		rig_says(&r, c, "heartbeat", "{}");
		rig_heard(&r, c, PORTAL_REPLY);
		rig_silent(&r, c);
	}
	rig_run(&r, CP_S);
	moved(&r, c, DB);
	assert_true(broker_summary(r.b).ready);
	rig_close(&r);
}

static void a_drain_moves_at_its_pace(void **state)
{
	struct rig r;
	enum { N = 20 };
	uint64_t clients[N];
	begin(&r);
	uint64_t g = rig_gateway(&r, WEST, "g1");
	for (int i = 0; i < N; i++) {
		char name[3] = {'c', (char)('a' + i), 0};
		clients[i] = rig_client(&r, ALICE, name);
		rig_flow(&r, clients[i], g, DB);
	}
	rig_forget(&r);
	assert_int_equal(broker_drain(r.b, &r.ids[g], r.now), 0);
	rig_drain(&r);
	assert_int_equal(state_of(&r, 0), BROKER_DRAINING);
	for (int i = 0; i < N; i++) { /* 200 in a second */
		moved(&r, clients[i], DB);
		if (i + 1 < N)
			rig_silent(&r, clients[i + 1]);
		rig_run(&r, 5 * CP_MS);
	}
	assert_int_equal(rig_count(&r, BROKER_COUNT_DRAINS), 1);
	assert_int_equal(state_of(&r, 0), BROKER_CORDONED);
	rig_silent(&r, g); /* nobody takes the access from what is still on its way */
	rig_asks(&r, clients[0], DB, &g, 1);
	rig_heard(&r, clients[0], PORTAL_FLOW_CREATION_FAILED);
	rig_close(&r);
}

static void all_that_goes_through_it_moves_and_nothing_else(void **state)
{
	struct rig r;
	begin(&r);
	uint64_t west = rig_gateway(&r, WEST, "g1"), east = rig_gateway(&r, EAST, "g2"), c = rig_client(&r, ALICE, "c");
	rig_flow(&r, c, west, DB);
	rig_asks(&r, c, WEB, &west, 1);
	rig_answers(&r, west);
	rig_flow(&r, c, east, ALL);
	rig_forget(&r);
	broker_drain(r.b, &r.ids[west], r.now);
	rig_drain(&r);
	rig_heard(&r, c, PORTAL_RESOURCE_DELETED); /* both before the first that comes again */
	rig_heard(&r, c, PORTAL_RESOURCE_DELETED);
	rig_heard(&r, c, PORTAL_RESOURCE_UPSERTED);
	rig_heard(&r, c, PORTAL_RESOURCE_UPSERTED);
	rig_silent(&r, c);
	rig_close(&r);
}

/* What the old gateway answers on the way would lead the client back. */
static void a_request_on_its_way_is_of_no_use_after_the_move(void **state)
{
	struct rig r;
	begin(&r);
	uint64_t g = rig_gateway(&r, WEST, "g1"), c = rig_client(&r, ALICE, "c");
	rig_asks(&r, c, DB, NULL, 0);
	struct portal_message a = rig_hears(&r, g, PORTAL_AUTHORIZE_FLOW);
	uint64_t g2 = rig_gateway(&r, WEST, "g2");
	broker_drain(r.b, &r.ids[g], r.now);
	rig_drain(&r);
	moved(&r, c, DB);
	rig_message(&r, g, &(struct portal_message){.type = PORTAL_FLOW_AUTHORIZED, .body.flow_authorized.ref = a.body.authorize_flow.ref});
	rig_heard(&r, g, PORTAL_REPLY);
	rig_silent(&r, c);
	portal_message_free(&a);
	rig_flow(&r, c, g2, DB);
	rig_close(&r);
}

static void a_stock_gateway_that_leaves_is_drained(void **state)
{
	struct rig r;
	begin(&r);
	uint64_t g = rig_gateway(&r, WEST, "g1"), c = rig_client(&r, ALICE, "c");
	rig_flow(&r, c, g, DB);
	rig_says(&r, g, "phx_leave", "{}");
	moved(&r, c, DB);
	rig_lost(&r, g);
	rig_run(&r, 10 * CP_S);
	rig_silent(&r, c);
	assert_int_equal(rig_count(&r, BROKER_COUNT_DRAINS), 1);
	assert_int_equal(rig_count(&r, BROKER_COUNT_RESCUES), 0);
	rig_close(&r);
}

static void our_clients_move_by_themselves_off_a_gateway_of_ours_that_leaves(void **state)
{
	for (int ours = 0; ours < 4; ours++) {
		struct rig r;
		begin(&r);
		uint64_t g = rig_join(&r, &(struct rig_peer){.role = PORTAL_GATEWAY, .external_id = "g", .is_ours = ours & 1});
		uint64_t c = rig_join(&r, &(struct rig_peer){.role = PORTAL_CLIENT, .external_id = "c", .is_ours = ours & 2});
		rig_flow(&r, c, g, DB);
		rig_says(&r, g, "phx_leave", "{}");
		if (ours == 3)
			rig_silent(&r, c);
		else
			moved(&r, c, DB);
		rig_close(&r);
	}
}

/* Of the operator's drain, and of its own death, a gateway tells nobody. */
static void our_clients_are_moved_off_what_does_not_leave(void **state)
{
	for (int lost = 0; lost < 2; lost++) {
		struct rig r;
		begin(&r);
		uint64_t g = rig_join(&r, &(struct rig_peer){.role = PORTAL_GATEWAY, .external_id = "g", .is_ours = true});
		uint64_t c = rig_join(&r, &(struct rig_peer){.role = PORTAL_CLIENT, .external_id = "c", .is_ours = true});
		rig_flow(&r, c, g, DB);
		if (lost)
			rig_lost(&r, g);
		else
			broker_drain(r.b, &r.ids[g], r.now);
		rig_drain(&r);
		rig_run(&r, 3 * CP_S);
		moved(&r, c, DB);
		rig_close(&r);
	}
}

static void a_cordon_moves_nobody_and_revocations_arrive(void **state)
{
	struct rig r;
	begin(&r);
	uint64_t g = rig_gateway(&r, WEST, "g1"), c = rig_client(&r, ALICE, "c");
	rig_flow(&r, c, g, DB);
	rig_forget(&r);
	assert_int_equal(broker_cordon(r.b, &r.ids[g], r.now), 0);
	rig_drain(&r);
	long stored = rig_find(&r, BROKER_OUT_STORE_DEVICE, 0);
	assert_true(stored >= 0 && r.outs[stored].device.cordoned);
	rig_run(&r, 10 * CP_S);
	rig_silent(&r, c);
	assert_int_equal(state_of(&r, 0), BROKER_CORDONED);
	broker_revoke(r.b, NULL, NULL, r.now);
	rig_drain(&r);
	rig_heard(&r, g, PORTAL_REJECT_ACCESS);
	const struct portal_uuid nobody = {{1}};
	assert_int_equal(broker_cordon(r.b, &nobody, r.now), -ENOENT);
	assert_int_equal(broker_uncordon(r.b, &nobody, r.now), -ENOENT);
	assert_int_equal(broker_drain(r.b, &nobody, r.now), -ENOENT);
	rig_close(&r);
}

/* It keeps its key, so it may keep the connection to the gateway that is gone. */
static void a_client_that_was_away_is_moved_when_it_is_back(void **state)
{
	struct rig r;
	begin(&r);
	const struct rig_peer peer = {.role = PORTAL_CLIENT, .owner = ALICE, .external_id = "c", .key = 700};
	uint64_t g = rig_gateway(&r, WEST, "g1"), c = rig_join(&r, &peer);
	rig_flow(&r, c, g, DB);
	rig_lost(&r, c);
	rig_lost(&r, g);
	rig_run(&r, 10 * CP_S);
	c = rig_connect(&r, &peer, NULL);
	rig_says(&r, c, "phx_join", "null");
	rig_heard(&r, c, PORTAL_REPLY);
	rig_heard(&r, c, PORTAL_CLIENT_INIT);
	rig_run(&r, CP_S);
	moved(&r, c, DB);
	rig_close(&r);
}

static void gateways_that_the_store_knows_are_awaited(void **state)
{
	struct rig r;
	rig_open(&r);
	const struct broker_device g = {.role = PORTAL_GATEWAY, .id = {{9}}, .owner = r.sites[WEST].id, .external_id = "g", .name = "g",
					.public_key = rig_key(70), .index = 70};
	const struct broker_device c = {.role = PORTAL_CLIENT, .id = {{8}}, .owner = r.actors[ALICE].id, .external_id = "c", .name = "c",
					.public_key = rig_key(80), .index = 80};
	const struct broker_authorization a = {c.id, r.resources[DB].view.id, g.id, RIG_UNIX + 10000};
	assert_int_equal(broker_restore_device(r.b, &g), 0);
	assert_int_equal(broker_restore_device(r.b, &c), 0);
	assert_int_equal(broker_restore_authorization(r.b, &a), 0);
	uint64_t conn = rig_join(&r, &(struct rig_peer){.role = PORTAL_CLIENT, .external_id = "c", .key = 80});
	assert_int_equal(state_of(&r, 0), BROKER_MISSING);
	for (int i = 0; i < 6; i++) {
		rig_silent(&r, conn);
		rig_run(&r, 10 * CP_S);
		rig_says(&r, conn, "heartbeat", "{}");
		if (i < 5)
			rig_heard(&r, conn, PORTAL_REPLY);
	}
	moved(&r, conn, DB);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clients_of_a_gateway_that_stays_away_are_rescued),
		cmocka_unit_test(a_gateway_that_comes_back_in_time_keeps_its_clients),
		cmocka_unit_test(a_gateway_with_another_key_has_lost_its_clients),
		cmocka_unit_test(nobody_is_rescued_in_the_first_minute),
		cmocka_unit_test(a_drain_moves_at_its_pace),
		cmocka_unit_test(all_that_goes_through_it_moves_and_nothing_else),
		cmocka_unit_test(a_request_on_its_way_is_of_no_use_after_the_move),
		cmocka_unit_test(a_stock_gateway_that_leaves_is_drained),
		cmocka_unit_test(our_clients_move_by_themselves_off_a_gateway_of_ours_that_leaves),
		cmocka_unit_test(our_clients_are_moved_off_what_does_not_leave),
		cmocka_unit_test(a_cordon_moves_nobody_and_revocations_arrive),
		cmocka_unit_test(a_client_that_was_away_is_moved_when_it_is_back),
		cmocka_unit_test(gateways_that_the_store_knows_are_awaited),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
