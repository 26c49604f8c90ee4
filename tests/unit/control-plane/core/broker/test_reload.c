/* SPDX-License-Identifier: Apache-2.0 */
/* A new file: exactly those who are concerned hear of it, and nobody reconnects (portal §3.6, §4.2, §4.3, §6.3 f). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

struct peers {
	uint64_t west, east, alice, bob;
};

/* Alice goes to db and web through the west; Bob goes nowhere. */
static struct peers begin(struct rig *r, enum portal_dialect of_gateway)
{
	rig_open(r);
	struct peers p = {.west = rig_join(r, &(struct rig_peer){.role = PORTAL_GATEWAY, .owner = WEST, .external_id = "w", .dialect = of_gateway}),
			  .alice = rig_client(r, ALICE, "a"), .bob = rig_client(r, BOB, "b")};
	rig_flow(r, p.alice, p.west, DB);
	rig_flow(r, p.alice, p.west, WEB);
	p.east = rig_gateway(r, EAST, "e");
	rig_forget(r);
	return p;
}

static void configure(struct rig *r)
{
	assert_int_equal(broker_configure(r->b, &r->world, r->now), 0);
	rig_drain(r);
	assert_int_equal(rig_find(r, BROKER_OUT_CLOSE, 0), -1);
}

static void the_same_file_again_says_nothing(void **state)
{
	struct rig r;
	begin(&r, PORTAL_V1);
	configure(&r);
	assert_int_equal(r.n_outs, 0);
	rig_close(&r);
}

static void a_resource_that_is_granted_is_announced(void **state)
{
	struct rig r;
	static const uint32_t web_and_all[] = {WEB, ALL};
	struct peers p = begin(&r, PORTAL_V1);
	r.policies[0].resources = web_and_all;
	r.policies[0].n_resources = 2;
	configure(&r);
	struct portal_message m = rig_hears(&r, p.bob, PORTAL_RESOURCE_UPSERTED);
	assert_true(rig_is(&m.body.resource.id, &r.resources[ALL].view.id));
	portal_message_free(&m);
	rig_silent(&r, p.bob);
	rig_silent(&r, p.alice);
	rig_silent(&r, p.west);
	rig_asks(&r, p.bob, ALL, NULL, 0);
	rig_heard(&r, p.east, PORTAL_AUTHORIZE_FLOW);
	rig_close(&r);
}

static void a_resource_that_is_taken_is_deleted_and_rejected(void **state)
{
	for (int dialect = PORTAL_V1; dialect <= PORTAL_V2; dialect++) {
		struct rig r;
		static const uint32_t all[] = {ALL};
		struct peers p = begin(&r, dialect);
		r.policies[1].resources = all;
		r.policies[1].n_resources = 1;
		configure(&r);
		struct portal_message m = rig_hears(&r, p.alice, PORTAL_RESOURCE_DELETED);
		assert_true(rig_is(&m.body.resource_deleted.id, &r.resources[DB].view.id));
		portal_message_free(&m);
		m = rig_hears(&r, p.west, PORTAL_REJECT_ACCESS);
		assert_true(rig_is(&m.body.reject_access.resource_id, &r.resources[DB].view.id));
		portal_message_free(&m);
		rig_silent(&r, p.west);
		assert_true(rig_find(&r, BROKER_OUT_FORGET_AUTHORIZATION, 0) >= 0);
		assert_int_equal(broker_summary(r.b).authorizations, 1);
		assert_int_equal(rig_count(&r, BROKER_COUNT_REVOKED), 1);
		rig_asks(&r, p.alice, DB, NULL, 0);
		rig_heard(&r, p.alice, PORTAL_FLOW_CREATION_FAILED);
		rig_close(&r);
	}
}

static void filters_reach_gateways_and_clients(void **state)
{
	struct rig r;
	static const struct portal_filter icmp[] = {{.protocol = PORTAL_ICMP}};
	struct peers p = begin(&r, PORTAL_V1);
	r.resources[DB].view.filters = (struct portal_filters){icmp, 1};
	configure(&r);
	struct portal_message m = rig_hears(&r, p.west, PORTAL_RESOURCE_UPDATED);
	assert_int_equal(m.body.resource.filters.n, 1);
	portal_message_free(&m);
	rig_heard(&r, p.alice, PORTAL_RESOURCE_UPSERTED);
	rig_silent(&r, p.bob);
	rig_silent(&r, p.alice);
	assert_int_equal(broker_summary(r.b).authorizations, 2);
	rig_close(&r);
}

/* It is written once for all of them, and by each file anew. */
static void everybody_hears_what_the_last_file_says(void **state)
{
	struct rig r;
	static const char *const names[] = {"one", "another, longer than that", "3"};
	struct peers p = begin(&r, PORTAL_V1);
	const uint64_t all[] = {p.alice, p.bob, rig_join(&r, &(struct rig_peer){.role = PORTAL_CLIENT, .owner = BOB, .external_id = "2", .dialect = PORTAL_V2}),
				rig_client(&r, ALICE, "2")};
	for (int k = 0; k < 3; k++) {
		r.resources[WEB].view.name = r.resources[DB].view.name = names[k];
		configure(&r);
		for (size_t i = 0; i < 4; i++)
			for (int of_alice = i == 0 || i == 3; of_alice >= 0; of_alice--) {
				struct portal_message m = rig_hears(&r, all[i], PORTAL_RESOURCE_UPSERTED);
				assert_string_equal(m.body.resource.name, names[k]);
				portal_message_free(&m);
			}
		for (size_t i = 0; i < 4; i++)
			rig_silent(&r, all[i]);
	}
	rig_close(&r);
}

static void a_resource_moves_to_another_site(void **state)
{
	struct rig r;
	struct peers p = begin(&r, PORTAL_V1);
	r.resources[DB].view.sites = (struct portal_sites){&r.sites[EAST], 1};
	configure(&r);
	rig_heard(&r, p.alice, PORTAL_RESOURCE_DELETED);
	struct portal_message m = rig_hears(&r, p.alice, PORTAL_RESOURCE_UPSERTED);
	assert_true(rig_is(&m.body.resource.sites.list[0].id, &r.sites[EAST].id));
	portal_message_free(&m);
	rig_heard(&r, p.west, PORTAL_REJECT_ACCESS);
	rig_forget(&r);
	rig_flow(&r, p.alice, p.east, DB);
	rig_close(&r);
}

static void dns_settings_reach_clients(void **state)
{
	struct rig r;
	struct peers p = begin(&r, PORTAL_V1);
	r.dns[0] = cp_addr_v4(1, 1, 1, 1, 53);
	configure(&r);
	struct portal_message m = rig_hears(&r, p.bob, PORTAL_CONFIG_CHANGED);
	assert_true(cp_addr_equal(&m.body.config_changed.interface.upstream_dns.list[0].addr, &r.dns[0]));
	assert_string_equal(m.body.config_changed.interface.search_domain, "acme.example");
	portal_message_free(&m);
	rig_heard(&r, p.alice, PORTAL_CONFIG_CHANGED);
	rig_silent(&r, p.west);
	rig_close(&r);
}

/* Whoever is not of this world any more is closed, and answered 401 the next time. */
static void a_site_and_an_actor_may_go(void **state)
{
	struct rig r;
	struct peers p = begin(&r, PORTAL_V1);
	static const uint32_t none[] = {0};
	r.world.n_actors = 1; /* Bob */
	r.policies[0].n_actors = 1;
	r.policies[2] = r.policies[1];
	r.policies[2].actors = none;
	r.world.n_policies = 2;
	assert_int_equal(broker_configure(r.b, &r.world, r.now), 0);
	rig_drain(&r);
	assert_true(rig_find(&r, BROKER_OUT_CLOSE, p.bob) >= 0);
	assert_int_equal(rig_find(&r, BROKER_OUT_CLOSE, p.alice), -1);
	rig_silent(&r, p.alice);
	unsigned int status = 0;
	assert_int_equal(rig_connect(&r, &(struct rig_peer){.role = PORTAL_CLIENT, .owner = BOB, .external_id = "b"}, &status), 0);
	assert_int_equal(status, 401);
	rig_close(&r);
}

static void a_policy_ends_by_itself(void **state)
{
	struct rig r;
	rig_world(&r);
	r.policies[1].expires_at = RIG_UNIX + 30;
	rig_start(&r);
	uint64_t g = rig_gateway(&r, WEST, "g"), c = rig_client(&r, ALICE, "c");
	rig_flow(&r, c, g, DB);
	rig_run(&r, 30 * CP_S - 1);
	rig_silent(&r, c);
	rig_run(&r, 1);
	rig_heard(&r, c, PORTAL_RESOURCE_DELETED);
	rig_heard(&r, c, PORTAL_RESOURCE_DELETED);
	rig_silent(&r, c);
	assert_int_equal(broker_summary(r.b).authorizations, 0);
	rig_close(&r);
}

/* Newer gateways do not heed a new expiry: to shorten is to reject. */
static void a_policy_that_ends_sooner_shortens(void **state)
{
	for (int dialect = PORTAL_V1; dialect <= PORTAL_V2; dialect++) {
		struct rig r;
		struct peers p = begin(&r, dialect);
		r.policies[1].expires_at = RIG_UNIX + 500;
		configure(&r);
		if (dialect == PORTAL_V1) {
			struct portal_message m = rig_hears(&r, p.west, PORTAL_EXPIRY_UPDATED);
			assert_int_equal(m.body.authorization.expires_at, RIG_UNIX + 500);
			portal_message_free(&m);
			long stored = rig_find(&r, BROKER_OUT_STORE_AUTHORIZATION, 0);
			assert_true(stored >= 0);
			assert_int_equal(r.outs[stored].authorization.expires_at, RIG_UNIX + 500);
		} else {
			rig_heard(&r, p.west, PORTAL_REJECT_ACCESS);
		}
		rig_silent(&r, p.west);
		rig_close(&r);
	}
}

static void relays_of_the_file_reach_all(void **state)
{
	struct rig r;
	struct peers p = begin(&r, PORTAL_V1);
	r.relays[0].password = "another";
	configure(&r);
	const uint64_t all[] = {p.west, p.east, p.alice, p.bob};
	for (int i = 0; i < 4; i++) {
		struct portal_message m = rig_hears(&r, all[i], PORTAL_RELAYS_PRESENCE);
		assert_string_equal(m.body.relays_presence.connected.list[0].password, "another");
		portal_message_free(&m);
		rig_silent(&r, all[i]);
	}
	rig_close(&r);
}

static void timing_and_quotas_follow_the_file(void **state)
{
	struct rig r;
	struct peers p = begin(&r, PORTAL_V1);
	r.world.timing.idle_after = 50 * CP_S;
	r.world.quota.requests_per_client = 0;
	configure(&r);
	rig_asks(&r, p.bob, WEB, NULL, 0);
	rig_heard(&r, p.bob, PORTAL_FLOW_CREATION_FAILED);
	rig_run(&r, 45 * CP_S);
	assert_int_equal(rig_find(&r, BROKER_OUT_CLOSE, 0), -1);
	rig_run(&r, 6 * CP_S);
	assert_true(rig_find(&r, BROKER_OUT_CLOSE, 0) >= 0);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_file_again_says_nothing),
		cmocka_unit_test(a_resource_that_is_granted_is_announced),
		cmocka_unit_test(a_resource_that_is_taken_is_deleted_and_rejected),
		cmocka_unit_test(filters_reach_gateways_and_clients),
		cmocka_unit_test(everybody_hears_what_the_last_file_says),
		cmocka_unit_test(a_resource_moves_to_another_site),
		cmocka_unit_test(dns_settings_reach_clients),
		cmocka_unit_test(a_site_and_an_actor_may_go),
		cmocka_unit_test(a_policy_ends_by_itself),
		cmocka_unit_test(a_policy_that_ends_sooner_shortens),
		cmocka_unit_test(relays_of_the_file_reach_all),
		cmocka_unit_test(timing_and_quotas_follow_the_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
