/* SPDX-License-Identifier: Apache-2.0 */
/* Authorizations end, are taken back, and survive (portal §6.3 e, f; §3.1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

/* The n pairs that a gateway's init lists. */
static size_t init_lists(struct rig *r, uint64_t gateway)
{
	rig_heard(r, gateway, PORTAL_REPLY);
	struct portal_message m = rig_hears(r, gateway, PORTAL_GATEWAY_INIT);
	assert_true(m.body.gateway_init.has_authorizations);
	size_t n = m.body.gateway_init.authorizations.n;
	for (size_t i = 0; i < n; i++)
		assert_true(m.body.gateway_init.authorizations.list[i].expires_at > RIG_UNIX);
	portal_message_free(&m);
	return n;
}

static const struct rig_peer g1 = {.role = PORTAL_GATEWAY, .owner = WEST, .external_id = "g1", .key = 700};

static uint64_t join_anew(struct rig *r)
{
	uint64_t g = rig_connect(r, &g1, NULL);
	rig_says(r, g, "phx_join", "null");
	return g;
}

static void they_outlive_both_connections(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t g = rig_join(&r, &g1), c = rig_client(&r, ALICE, "c"), c2 = rig_client(&r, BOB, "c");
	rig_flow(&r, c, g, DB);
	rig_flow(&r, c, g, WEB);
	rig_flow(&r, c2, g, WEB);
	rig_lost(&r, c);
	rig_lost(&r, g);
	rig_silent(&r, c2); /* nothing is said of a gateway that is gone, nor of a client */
	rig_silent(&r, g);
	assert_int_equal(init_lists(&r, join_anew(&r)), 3);
	rig_close(&r);
}

static void they_end_by_themselves(void **state)
{
	struct rig r;
	rig_world(&r);
	r.world.timing.authorization_seconds = 30;
	rig_start(&r);
	uint64_t g = rig_join(&r, &g1), c = rig_client(&r, ALICE, "c");
	rig_flow(&r, c, g, DB);
	rig_run(&r, 29 * CP_S);
	assert_int_equal(broker_summary(r.b).authorizations, 1);
	rig_run(&r, CP_S);
	assert_int_equal(broker_summary(r.b).authorizations, 0);
	assert_int_equal(rig_count(&r, BROKER_COUNT_EXPIRED), 1);
	assert_true(rig_find(&r, BROKER_OUT_FORGET_AUTHORIZATION, 0) >= 0);
	rig_silent(&r, g); /* it keeps the time itself */
	rig_close(&r);
}

/* The time of day may jump; the core's clock does not. */
static void they_end_by_the_time_of_day(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t g = rig_join(&r, &g1), c = rig_client(&r, ALICE, "c");
	rig_flow(&r, c, g, DB);
	broker_clock(r.b, RIG_UNIX - 100000, r.now);
	assert_true(broker_deadline(r.b).at > r.now);
	broker_clock(r.b, RIG_UNIX + 15 * 24 * 3600, r.now);
	assert_true(broker_deadline(r.b).at == r.now);
	assert_string_equal(broker_deadline(r.b).why, "expiry");
	broker_tick(r.b, r.now);
	rig_drain(&r);
	assert_int_equal(broker_summary(r.b).authorizations, 0);
	assert_true(broker_deadline(r.b).at > r.now);
	rig_close(&r);
}

static void what_is_taken_back_is_rejected_and_forgotten(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t g = rig_join(&r, &g1), c = rig_client(&r, ALICE, "c"), c2 = rig_client(&r, BOB, "c");
	rig_flow(&r, c, g, DB);
	rig_flow(&r, c, g, WEB);
	rig_flow(&r, c2, g, WEB);
	rig_forget(&r);
	assert_int_equal(broker_revoke(r.b, &r.ids[c], &r.resources[DB].view.id, r.now), 1);
	rig_drain(&r);
	struct portal_message m = rig_hears(&r, g, PORTAL_REJECT_ACCESS);
	assert_true(rig_is(&m.body.reject_access.client_id, &r.ids[c]));
	assert_true(rig_is(&m.body.reject_access.resource_id, &r.resources[DB].view.id));
	portal_message_free(&m);
	rig_silent(&r, g);
	assert_true(rig_find(&r, BROKER_OUT_FORGET_AUTHORIZATION, 0) >= 0);
	assert_int_equal(broker_revoke(r.b, NULL, &r.resources[WEB].view.id, r.now), 2);
	assert_int_equal(broker_revoke(r.b, NULL, NULL, r.now), 0);
	assert_int_equal(broker_summary(r.b).authorizations, 0);
	assert_int_equal(rig_count(&r, BROKER_COUNT_REVOKED), 3);
	struct broker_gateway_row row;
	broker_gateway_row(r.b, 0, &row);
	assert_int_equal(row.clients, 0);
	rig_close(&r);
}

static void a_client_loses_all_of_its_own_and_no_more(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t g = rig_join(&r, &g1), c = rig_client(&r, ALICE, "c"), c2 = rig_client(&r, BOB, "c");
	rig_flow(&r, c, g, DB);
	rig_flow(&r, c, g, WEB);
	rig_flow(&r, c2, g, WEB);
	assert_int_equal(broker_revoke(r.b, &r.ids[c], NULL, r.now), 2);
	assert_int_equal(broker_revoke(r.b, &r.ids[g], NULL, r.now), 0);
	assert_int_equal(broker_summary(r.b).authorizations, 1);
	rig_close(&r);
}

static void a_request_whose_access_is_taken_back_fails(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t g = rig_join(&r, &g1), c = rig_client(&r, ALICE, "c");
	rig_asks(&r, c, DB, NULL, 0);
	struct portal_message a = rig_hears(&r, g, PORTAL_AUTHORIZE_FLOW);
	broker_revoke(r.b, NULL, NULL, r.now);
	rig_drain(&r);
	rig_heard(&r, c, PORTAL_FLOW_CREATION_FAILED);
	rig_heard(&r, g, PORTAL_REJECT_ACCESS);
	rig_message(&r, g, &(struct portal_message){.type = PORTAL_FLOW_AUTHORIZED, .body.flow_authorized.ref = a.body.authorize_flow.ref});
	rig_silent(&r, c);
	portal_message_free(&a);
	rig_close(&r);
}

/* Its init leaves the client out, which stock gateways up to 1.6.0 do not heed (§3.1). */
static void a_gateway_that_was_away_is_told_of_what_was_taken_back(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t g = rig_join(&r, &g1), c = rig_client(&r, ALICE, "c");
	rig_flow(&r, c, g, DB);
	rig_flow(&r, c, g, WEB);
	rig_lost(&r, g);
	broker_revoke(r.b, &r.ids[c], NULL, r.now);
	rig_drain(&r);
	rig_forget(&r);
	g = join_anew(&r);
	assert_int_equal(init_lists(&r, g), 0);
	rig_heard(&r, g, PORTAL_REJECT_ACCESS);
	rig_heard(&r, g, PORTAL_REJECT_ACCESS);
	rig_silent(&r, g);
	rig_lost(&r, g);
	rig_forget(&r);
	g = join_anew(&r);
	init_lists(&r, g);
	rig_silent(&r, g); /* once */
	rig_close(&r);
}

/* A client that was moved may still be heard of by the old gateway; that of the new one is what it uses. */
static void older_ones_stay_until_they_end(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t g = rig_join(&r, &g1), c = rig_client(&r, ALICE, "c");
	rig_flow(&r, c, g, DB);
	rig_lost(&r, g);
	uint64_t g2 = rig_gateway(&r, WEST, "g2");
	rig_flow(&r, c, g2, DB);
	rig_forget(&r);
	g = join_anew(&r);
	assert_int_equal(init_lists(&r, g), 1);
	for (int i = 0; i < 4; i++)
		rig_flow(&r, c, g2, DB);
	struct broker_gateway_row row;
	assert_true(broker_gateway_row(r.b, 0, &row));
	assert_int_equal(row.clients, 0);
	assert_true(broker_gateway_row(r.b, 1, &row));
	assert_int_equal(row.clients, 1);
	rig_close(&r);
}

/* None is lost, whatever a client may have at once: else its access would last until it ends by itself. */
static void it_is_told_of_all_of_them(void **state)
{
	struct rig r;
	char name[8];
	rig_world(&r);
	r.world.quota.authorizations_per_client = 2;
	rig_start(&r);
	uint64_t g = rig_join(&r, &g1);
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		uint64_t c = rig_client(&r, ALICE, name);
		rig_flow(&r, c, g, DB);
		rig_flow(&r, c, g, WEB);
	}
	rig_lost(&r, g);
	assert_int_equal(broker_revoke(r.b, NULL, NULL, r.now), 20);
	rig_drain(&r);
	rig_forget(&r);
	g = join_anew(&r);
	assert_int_equal(init_lists(&r, g), 0);
	for (int i = 0; i < 20; i++)
		rig_heard(&r, g, PORTAL_REJECT_ACCESS);
	rig_silent(&r, g);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_outlive_both_connections),
		cmocka_unit_test(they_end_by_themselves),
		cmocka_unit_test(they_end_by_the_time_of_day),
		cmocka_unit_test(what_is_taken_back_is_rejected_and_forgotten),
		cmocka_unit_test(a_client_loses_all_of_its_own_and_no_more),
		cmocka_unit_test(a_request_whose_access_is_taken_back_fails),
		cmocka_unit_test(a_gateway_that_was_away_is_told_of_what_was_taken_back),
		cmocka_unit_test(it_is_told_of_all_of_them),
		cmocka_unit_test(older_ones_stay_until_they_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
