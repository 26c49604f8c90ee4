/* SPDX-License-Identifier: Apache-2.0 */
/* Relays that register themselves, and who hears of them (portal §5.2, §5.6, §5.7). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

static const struct rig_peer relay = {.role = PORTAL_RELAY, .external_id = "r"};

/* No relays but those that register. */
static void begin(struct rig *r)
{
	rig_world(r);
	r->world.n_relays = 0;
	rig_start(r);
}

static uint64_t join_relay(struct rig *r)
{
	uint64_t c = rig_connect(r, &relay, NULL);
	rig_says(r, c, "phx_join", "{\"stamp_secret\":\"5c1d0f6e\"}");
	return c;
}

static void a_relay_is_told_that_it_is_in(void **state)
{
	struct rig r;
	begin(&r);
	uint64_t c = join_relay(&r);
	rig_heard(&r, c, PORTAL_REPLY);
	rig_heard(&r, c, PORTAL_RELAY_INIT);
	rig_silent(&r, c);
	assert_int_equal(broker_summary(r.b).relays_online, 1);
	assert_int_equal(rig_count(&r, BROKER_COUNT_JOINS_RELAY), 1);
	rig_says(&r, c, "phx_leave", "{}");
	rig_heard(&r, c, PORTAL_REPLY);
	rig_heard(&r, c, PORTAL_CLOSE);
	assert_int_equal(broker_summary(r.b).relays_online, 0);
	rig_lost(&r, c);
	rig_close(&r);
}

static void who_has_none_hears_at_once_and_again(void **state)
{
	struct rig r;
	begin(&r);
	uint64_t g = rig_gateway(&r, WEST, "g"), c = rig_client(&r, ALICE, "c"), late = rig_connect(&r, &(struct rig_peer){.role = PORTAL_CLIENT, .external_id = "l"}, NULL);
	join_relay(&r);
	rig_silent(&r, late);
	for (int i = 0; i < 2; i++) {
		const uint64_t peers[] = {g, c};
		for (int k = 0; k < 2; k++) {
			struct portal_message m = rig_hears(&r, peers[k], PORTAL_RELAYS_PRESENCE);
			assert_int_equal(m.body.relays_presence.connected.n, 1);
			assert_int_equal(m.body.relays_presence.disconnected.n, 0);
			portal_message_free(&m);
			rig_silent(&r, peers[k]);
		}
		rig_run(&r, CP_S); /* it joined before it listened */
	}
	rig_run(&r, 5 * CP_S);
	rig_silent(&r, g);
	rig_close(&r);
}

static void one_that_stays_away_is_announced_after_3_s(void **state)
{
	struct rig r;
	begin(&r);
	uint64_t x = join_relay(&r);
	rig_run(&r, 2 * CP_S);
	uint64_t c = rig_client(&r, ALICE, "c");
	rig_lost(&r, x);
	rig_run(&r, 3 * CP_S - 1);
	rig_silent(&r, c);
	rig_run(&r, 1);
	struct portal_message m = rig_hears(&r, c, PORTAL_RELAYS_PRESENCE);
	assert_int_equal(m.body.relays_presence.connected.n, 0);
	assert_int_equal(m.body.relays_presence.disconnected.n, 1);
	portal_message_free(&m);
	rig_close(&r);
}

static void one_that_is_back_in_time_is_not(void **state)
{
	struct rig r;
	begin(&r);
	uint64_t x = join_relay(&r);
	rig_run(&r, 2 * CP_S);
	uint64_t c = rig_client(&r, ALICE, "c");
	rig_lost(&r, x);
	rig_run(&r, 2 * CP_S);
	join_relay(&r);
	rig_run(&r, 10 * CP_S);
	long i = rig_find(&r, BROKER_OUT_TEXT, c);
	if (i >= 0)
		assert_non_null(strstr(r.outs[i].text, "\"disconnected_ids\":[]"));
	rig_close(&r);
}

/* §6.4 5: a flow is of no use to a peer that knows no relay. */
static void relays_come_before_flows(void **state)
{
	struct rig r;
	begin(&r);
	uint64_t g = rig_gateway(&r, WEST, "g"), c = rig_client(&r, ALICE, "c");
	join_relay(&r);
	rig_asks(&r, c, DB, NULL, 0);
	rig_heard(&r, g, PORTAL_RELAYS_PRESENCE);
	rig_heard(&r, g, PORTAL_AUTHORIZE_FLOW);
	rig_close(&r);
}

static void a_relay_without_an_address_is_refused(void **state)
{
	struct rig r;
	begin(&r);
	struct broker_request q = rig_request(&relay, 1);
	const struct broker_principal who = rig_principal(&r, &relay);
	const struct cp_addr from = cp_addr_v4(192, 0, 2, 1, 1);
	struct broker_refusal refusal;
	q.ipv4 = (struct cp_addr){.family = CP_NONE};
	r.links[5] = q.link;
	assert_true(broker_connect(r.b, 5, &q, &who, &from, r.now, &refusal));
	rig_says(&r, 5, "phx_join", "{\"stamp_secret\":\"5c1d0f6e\"}");
	struct portal_message m = rig_hears(&r, 5, PORTAL_REPLY);
	assert_int_equal(m.body.reply.status, PORTAL_REFUSED);
	portal_message_free(&m);
	assert_int_equal(broker_summary(r.b).relays_online, 0);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_relay_is_told_that_it_is_in),
		cmocka_unit_test(who_has_none_hears_at_once_and_again),
		cmocka_unit_test(one_that_stays_away_is_announced_after_3_s),
		cmocka_unit_test(one_that_is_back_in_time_is_not),
		cmocka_unit_test(relays_come_before_flows),
		cmocka_unit_test(a_relay_without_an_address_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
