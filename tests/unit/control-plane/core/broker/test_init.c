/* SPDX-License-Identifier: Apache-2.0 */
/* What a peer hears right after its join (portal §3.1, §4.1, §6.3 a, b, §6.5, §6.7). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "rig.h"

static uint64_t joined(struct rig *r, const struct rig_peer *p)
{
	uint64_t c = rig_connect(r, p, NULL);
	rig_says(r, c, "phx_join", "null");
	rig_heard(r, c, PORTAL_REPLY);
	return c;
}

static void a_client_hears_of_what_it_may_reach(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t c = joined(&r, &(struct rig_peer){.role = PORTAL_CLIENT, .owner = ALICE, .external_id = "c"});
	struct portal_message m = rig_hears(&r, c, PORTAL_CLIENT_INIT);
	const struct portal_client_init *init = &m.body.client_init;
	assert_int_equal(init->resources.n, 3);
	for (unsigned int i = 0; i < 3; i++)
		assert_true(rig_is(&init->resources.list[i].id, &r.resources[i].view.id));
	assert_true(init->resources.list[0].has_filters);
	assert_int_equal(init->resources.list[WEB].sites.n, 2);
	assert_int_equal(init->interface.upstream_dns.n, 1);
	assert_true(cp_addr_equal(&init->interface.upstream_dns.list[0].addr, &r.dns[0]));
	assert_string_equal(init->interface.search_domain, "acme.example");
	assert_int_equal(init->relays.n, 1);
	assert_string_equal(init->relays.list[0].username, "u");
	portal_message_free(&m);
	c = joined(&r, &(struct rig_peer){.role = PORTAL_CLIENT, .owner = BOB, .external_id = "c"});
	m = rig_hears(&r, c, PORTAL_CLIENT_INIT);
	assert_int_equal(m.body.client_init.resources.n, 1); /* from elsewhere than 10.0.0.0/8 */
	portal_message_free(&m);
	rig_close(&r);
}

static void the_shape_suits_all_stock_releases(void **state)
{
	static const char *const of_client[] = {"\"gateway_groups\":[", "\"filters\":[]", "\"upstream_dns\":[{\"protocol\":\"ip_port\",\"address\":\"9.9.9.9:53\"}]"};
	static const char *const of_gateway[] = {"\"config\":{\"ipv4_masquerade_enabled\":true,\"ipv6_masquerade_enabled\":true}", "\"authorizations\":[]",
						 "\"account_slug\":\"acme\""};
	for (int dialect = PORTAL_V1; dialect <= PORTAL_V2; dialect++)
		for (int role = PORTAL_GATEWAY; role <= PORTAL_CLIENT; role++) {
			struct rig r;
			rig_open(&r);
			uint64_t c = joined(&r, &(struct rig_peer){.role = role, .dialect = dialect, .owner = ALICE, .external_id = "c"});
			char *text = rig_raw(&r, c);
			for (int i = 0; i < 3; i++)
				assert_non_null(strstr(text, role == PORTAL_CLIENT ? of_client[i] : of_gateway[i]));
			assert_null(strstr(text, "\"sites\""));
			assert_null(strstr(text, "null,\"payload\""));
			if (dialect == PORTAL_V2)
				assert_non_null(strstr(text, "\"flow_logs\":{\"api_url\":\"http://127.0.0.1:9/\",\"upload_interval_secs\":0,\"upload_batch_size\":0}"));
			free(text);
			rig_close(&r);
		}
}

static void addresses_are_of_one_pool_and_unique(void **state)
{
	struct rig r;
	rig_open(&r);
	struct cp_addr seen[100];
	for (int i = 0; i < 100; i++) {
		char name[8];
		snprintf(name, sizeof(name), "%d", i);
		bool client = i % 2;
		uint64_t c = joined(&r, &(struct rig_peer){.role = client ? PORTAL_CLIENT : PORTAL_GATEWAY, .external_id = name});
		struct portal_message m = rig_hears(&r, c, client ? PORTAL_CLIENT_INIT : PORTAL_GATEWAY_INIT);
		const struct portal_interface *f = client ? &m.body.client_init.interface : &m.body.gateway_init.interface;
		assert_true(f->ipv4.ip[0] == 100 && (f->ipv4.ip[1] & 0xe0) == 64);
		static const uint8_t prefix[13] = {0xfd, 0, 0x20, 0x21, 0x11, 0x11};
		assert_memory_equal(f->ipv6.ip, prefix, sizeof(prefix));
		assert_memory_equal(f->ipv6.ip + 14, f->ipv4.ip + 2, 2);
		assert_int_equal(f->ipv6.ip[13], f->ipv4.ip[1] - 64);
		seen[i] = f->ipv4;
		for (int k = 0; k < i; k++)
			assert_false(cp_addr_equal(&seen[k], &seen[i]));
		portal_message_free(&m);
	}
	rig_close(&r);
}

/* Twice as many cost about twice as much. */
static void thousands_of_resources_cost_what_they_are(void **state)
{
	static struct broker_resource resources[5000];
	static uint32_t indexes[5000];
	static char names[5000][16];
	static const uint32_t alice[] = {ALICE};
	double cost[2];
	for (int big = 0; big < 2; big++) {
		struct rig r;
		uint32_t n = big ? 5000 : 500;
		rig_world(&r);
		for (uint32_t i = 0; i < n; i++) {
			snprintf(names[i], sizeof(names[i]), "r%u", i);
			resources[i] = r.resources[DB];
			memcpy(resources[i].view.id.bytes + 2, &i, sizeof(i));
			resources[i].view.name = names[i];
			resources[i].view.network = (struct portal_network){.addr = {.family = CP_V4, .ip = {10, (uint8_t)(i >> 8), (uint8_t)i}}, .prefix_bits = 24};
			indexes[i] = i;
		}
		r.policies[0] = (struct broker_policy){.id = {{1}}, .actors = alice, .n_actors = 1, .resources = indexes, .n_resources = n, .expires_at = PORTAL_NEVER};
		r.world.n_policies = 1;
		r.world.resources = resources;
		r.world.n_resources = n;
		rig_start(&r);
		uint64_t c = rig_client(&r, ALICE, "c");
		clock_t before = clock();
		for (int i = 0; i < (big ? 10 : 100); i++) {
			rig_says(&r, c, "phx_join", "null");
			rig_heard(&r, c, PORTAL_CLOSE);
			rig_heard(&r, c, PORTAL_REPLY);
			assert_non_null(strstr(r.outs[rig_find(&r, BROKER_OUT_TEXT, c)].text, "\"r499\""));
			rig_forget(&r);
		}
		cost[big] = (double)(clock() - before);
		rig_close(&r);
	}
	print_message("10 inits of 5 000 resources cost %.1f times what 100 of 500 do\n", cost[1] / cost[0]);
	assert_true(cost[1] < 4 * cost[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_hears_of_what_it_may_reach),
		cmocka_unit_test(the_shape_suits_all_stock_releases),
		cmocka_unit_test(addresses_are_of_one_pool_and_unique),
		cmocka_unit_test(thousands_of_resources_cost_what_they_are),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
