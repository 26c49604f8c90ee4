/* SPDX-License-Identifier: Apache-2.0 */
/* What operators see. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

static void a_gateway_is_described(void **state)
{
	struct rig r;
	struct broker_gateway_row row;
	rig_open(&r);
	uint64_t g = rig_join(&r, &(struct rig_peer){.role = PORTAL_GATEWAY, .owner = EAST, .dialect = PORTAL_V2, .external_id = "g", .is_ours = true});
	assert_true(broker_gateway_row(r.b, 0, &row));
	assert_string_equal(row.device->external_id, "g");
	assert_string_equal(row.site, "east");
	assert_string_equal(row.version, "1.4.17");
	assert_int_equal(row.dialect, PORTAL_V2);
	assert_int_equal(row.connected_at, RIG_UNIX);
	assert_true(row.is_ours);
	assert_int_equal(row.from.port, 4000);
	assert_string_equal(broker_gateway_state_name(row.state), "online");
	rig_lost(&r, g);
	assert_true(broker_gateway_row(r.b, 0, &row));
	assert_string_equal(broker_gateway_state_name(row.state), "missing");
	assert_null(row.version);
	assert_int_equal(row.connected_at, 0);
	assert_false(broker_gateway_row(r.b, 1, &row));
	rig_close(&r);
}

static void clients_and_their_authorizations_are_described(void **state)
{
	struct rig r;
	struct broker_client_row row;
	struct broker_authorization_row a;
	rig_open(&r);
	uint64_t g = rig_gateway(&r, WEST, "g"), c = rig_client(&r, ALICE, "c");
	rig_client(&r, BOB, "d");
	rig_flow(&r, c, g, DB);
	rig_flow(&r, c, g, WEB);
	assert_true(broker_client_row(r.b, 0, &row));
	assert_string_equal(row.actor, "alice \"a\"");
	assert_int_equal(row.authorizations, 2);
	assert_true(row.online);
	assert_true(broker_client_row(r.b, 1, &row));
	assert_string_equal(row.actor, "bob");
	assert_false(broker_client_row(r.b, 2, &row));
	assert_true(broker_authorization_row(r.b, 0, &a));
	assert_string_equal(a.client, "name of c");
	assert_string_equal(a.gateway, "name of g");
	assert_string_equal(a.resource, "db");
	assert_true(rig_is(&a.authorization.client, &r.ids[c]));
	assert_true(broker_authorization_row(r.b, 1, &a));
	assert_false(broker_authorization_row(r.b, 2, &a));
	broker_revoke(r.b, &r.ids[c], &r.resources[DB].view.id, r.now);
	assert_true(broker_authorization_row(r.b, 0, &a));
	assert_string_equal(a.resource, "web");
	assert_false(broker_authorization_row(r.b, 1, &a));
	rig_close(&r);
}

static void relays_are_described(void **state)
{
	struct rig r;
	struct broker_relay_row row;
	rig_open(&r);
	rig_client(&r, ALICE, "c");
	assert_true(broker_relay_row(r.b, 0, &row));
	assert_true(rig_is(&row.id, &r.relays[0].id));
	assert_true(row.online);
	assert_int_equal(row.peers, 1);
	assert_false(broker_relay_row(r.b, 1, &row));
	rig_close(&r);
}

static void the_busiest_second_of_a_minute_is_known(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t c = rig_client(&r, ALICE, "c");
	assert_int_equal(broker_summary(r.b).busiest_second, 0);
	for (int second = 0; second < 3; second++) {
		for (int i = 0; i < 5 * (second + 1); i++)
			rig_asks(&r, c, DB, NULL, 0);
		rig_forget(&r);
		rig_run(&r, CP_S);
	}
	assert_int_equal(broker_summary(r.b).busiest_second, 15);
	rig_run(&r, 58 * CP_S);
	broker_tick(r.b, r.now);
	rig_drain(&r);
	assert_int_equal(broker_summary(r.b).busiest_second, 15);
	rig_run(&r, CP_S);
	broker_tick(r.b, r.now);
	rig_drain(&r);
	assert_int_equal(broker_summary(r.b).busiest_second, 0);
	assert_int_equal(rig_count(&r, BROKER_COUNT_REQUESTS), 30);
	rig_close(&r);
}

static void the_summary_adds_up(void **state)
{
	struct rig r;
	rig_open(&r);
	assert_true(broker_summary(r.b).ready); /* nobody is known that could come back */
	uint64_t g = rig_gateway(&r, WEST, "g"), c = rig_client(&r, ALICE, "c");
	rig_lost(&r, rig_gateway(&r, EAST, "h"));
	rig_asks(&r, c, DB, NULL, 0);
	struct broker_summary s = broker_summary(r.b);
	assert_int_equal(s.gateways, 2);
	assert_int_equal(s.gateways_online, 1);
	assert_int_equal(s.clients, 1);
	assert_int_equal(s.clients_online, 1);
	assert_int_equal(s.requests, 1);
	assert_int_equal(s.authorizations, 1);
	assert_false(s.ready);
	rig_answers(&r, g);
	assert_int_equal(broker_summary(r.b).requests, 0);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_gateway_is_described),
		cmocka_unit_test(clients_and_their_authorizations_are_described),
		cmocka_unit_test(relays_are_described),
		cmocka_unit_test(the_busiest_second_of_a_minute_is_known),
		cmocka_unit_test(the_summary_adds_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
