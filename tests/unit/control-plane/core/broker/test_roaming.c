/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that come back from elsewhere, clocks that jump, and lists of what a peer was told that stay true. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

static uint64_t bob_from(struct rig *r, uint8_t first_byte)
{
	return rig_join(r, &(struct rig_peer){.role = PORTAL_CLIENT, .owner = BOB, .external_id = "b", .key = 77,
					      .from = cp_addr_v4(first_byte, 1, 1, 1, 4000)});
}

/* Bob may use db from 10.0.0.0/8 only. */
static void what_is_not_granted_from_there_is_taken_back(void **state)
{
	(void)state;
	struct rig r;
	rig_open(&r);
	uint64_t west = rig_gateway(&r, WEST, "w"), bob = bob_from(&r, 10);
	rig_flow(&r, bob, west, DB);
	rig_lost(&r, bob);
	bob = bob_from(&r, 10);
	rig_silent(&r, west);
	assert_int_equal(broker_summary(r.b).authorizations, 1);
	rig_lost(&r, bob);
	rig_forget(&r);
	assert_true(rig_connect(&r, &(struct rig_peer){.role = PORTAL_CLIENT, .owner = BOB, .external_id = "b", .key = 77}, NULL) != 0);
	rig_silent(&r, west);
	bob_from(&r, 192);
	assert_int_equal(broker_summary(r.b).authorizations, 0);
	rig_close(&r);
}

/* Likewise, and while the old connection is there. */
static void also_when_it_displaces_itself(void **state)
{
	(void)state;
	struct rig r;
	rig_open(&r);
	uint64_t west = rig_gateway(&r, WEST, "w"), bob = bob_from(&r, 10);
	rig_flow(&r, bob, west, DB);
	bob_from(&r, 192);
	assert_int_equal(broker_summary(r.b).authorizations, 0);
	assert_int_equal(rig_count(&r, BROKER_COUNT_REVOKED), 1);
	rig_close(&r);
}

static void another_init_does_not_count_relays_twice(void **state)
{
	(void)state;
	struct rig r;
	struct broker_relay_row row;
	rig_open(&r);
	rig_gateway(&r, WEST, "w");
	rig_client(&r, ALICE, "a");
	assert_true(broker_relay_row(r.b, 0, &row));
	assert_int_equal(row.peers, 2);
	r.world.account_slug = "another";
	assert_int_equal(broker_configure(r.b, &r.world, r.now), 0);
	rig_drain(&r);
	assert_true(broker_relay_row(r.b, 0, &row));
	assert_int_equal(row.peers, 2);
	rig_close(&r);
}

static void a_clock_that_is_set_back_gives_back(void **state)
{
	(void)state;
	struct rig r;
	rig_world(&r);
	r.policies[1].expires_at = RIG_UNIX + 10; /* of two resources */
	rig_start(&r);
	uint64_t c = rig_client(&r, ALICE, "c");
	rig_run(&r, 11 * CP_S);
	rig_heard(&r, c, PORTAL_RESOURCE_DELETED);
	rig_heard(&r, c, PORTAL_RESOURCE_DELETED);
	broker_clock(r.b, RIG_UNIX, r.now);
	broker_tick(r.b, r.now);
	rig_drain(&r);
	rig_heard(&r, c, PORTAL_RESOURCE_UPSERTED);
	rig_heard(&r, c, PORTAL_RESOURCE_UPSERTED);
	rig_silent(&r, c);
	rig_run(&r, 11 * CP_S);
	rig_heard(&r, c, PORTAL_RESOURCE_DELETED);
	rig_close(&r);
}

/* How many resources the init names that this puts out; none: 0. */
static size_t listed(struct rig *r)
{
	struct broker_out out;
	size_t n = 0;
	while (broker_next(r->b, &out)) {
		for (const char *p = out.text.text; p && (p = strstr(p, "gateway_groups")) != NULL; p++)
			n++;
		portal_text_free(&out.text);
	}
	return n;
}

/* A policy ends, and somebody joins before that is noticed. */
static void init_lists_what_will_be_deleted(void **state)
{
	(void)state;
	struct rig r;
	rig_world(&r);
	r.policies[1].expires_at = RIG_UNIX + 30;
	rig_start(&r);
	const struct rig_peer alice = {.role = PORTAL_CLIENT, .dialect = PORTAL_V1, .owner = ALICE, .external_id = "c"};
	const struct broker_request request = rig_request(&alice, 5);
	const struct broker_principal who = rig_principal(&r, &alice);
	const struct cp_addr from = cp_addr_v4(192, 0, 2, 1, 4000);
	const char *join = "{\"topic\":\"client\",\"event\":\"phx_join\",\"payload\":null,\"ref\":0}";
	struct broker_refusal refusal;
	r.now += 31 * CP_S;
	r.links[1] = (struct portal_link){PORTAL_CLIENT, PORTAL_V1};
	assert_true(broker_connect(r.b, 1, &request, &who, &from, r.now, &refusal));
	broker_text(r.b, 1, join, strlen(join), r.now);
	assert_int_equal(listed(&r), 3);
	broker_tick(r.b, r.now);
	rig_drain(&r);
	rig_heard(&r, 1, PORTAL_RESOURCE_DELETED);
	rig_heard(&r, 1, PORTAL_RESOURCE_DELETED);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_granted_from_there_is_taken_back),
		cmocka_unit_test(also_when_it_displaces_itself),
		cmocka_unit_test(another_init_does_not_count_relays_twice),
		cmocka_unit_test(a_clock_that_is_set_back_gives_back),
		cmocka_unit_test(init_lists_what_will_be_deleted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
