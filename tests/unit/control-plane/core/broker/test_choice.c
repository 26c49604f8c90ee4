/* SPDX-License-Identifier: Apache-2.0 */
/* Which gateway is chosen (portal §6.3 c 3, §4.5). */
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

#define N 4

static void gateways(struct rig *r, unsigned int site, uint64_t ret[N])
{
	for (int i = 0; i < N; i++) {
		char name[3] = {'g', (char)('0' + i), 0};
		ret[i] = rig_gateway(r, site, name);
	}
}

static uint64_t another_client(struct rig *r)
{
	char name[32];
	snprintf(name, sizeof(name), "client %llu", (unsigned long long)r->next_conn);
	return rig_client(r, ALICE, name);
}

/* Which of them is asked; answers. */
static int asked(struct rig *r, uint64_t client, unsigned int resource, const uint64_t *connected, size_t n_connected, const uint64_t g[N])
{
	rig_asks(r, client, resource, connected, n_connected);
	for (int i = 0; i < N; i++)
		if (rig_find(r, BROKER_OUT_TEXT, g[i]) >= 0) {
			rig_answers(r, g[i]);
			rig_heard(r, client, PORTAL_FLOW_CREATED);
			rig_forget(r);
			return i;
		}
	fail_msg("nobody is asked");
	return -1;
}

/* Stock clients up to 1.5.4 end if they are told of another gateway while they use one. */
static void what_a_client_uses_already_prevails(void **state)
{
	struct rig r;
	uint64_t g[N];
	rig_open(&r);
	gateways(&r, WEST, g);
	uint64_t c = rig_client(&r, ALICE, "c");
	int first = asked(&r, c, DB, NULL, 0, g);
	for (int i = 0; i < 8; i++)
		asked(&r, another_client(&r), DB, &g[(first + 1) % N], 1, g);
	for (int i = 0; i < 20; i++)
		assert_int_equal(asked(&r, c, DB, &g[(first + i) % N], 1, g), first);
	rig_close(&r);
}

static void while_one_may_answer_no_other_is_asked(void **state)
{
	struct rig r;
	uint64_t g[N];
	rig_open(&r);
	gateways(&r, WEST, g);
	uint64_t c = rig_client(&r, ALICE, "c");
	rig_asks(&r, c, DB, NULL, 0);
	int first = 0;
	while (rig_find(&r, BROKER_OUT_TEXT, g[first]) < 0)
		first++;
	assert_int_equal(broker_cordon(r.b, &r.ids[g[first]], r.now), 0);
	rig_drain(&r);
	rig_forget(&r);
	rig_asks(&r, c, DB, &g[(first + 1) % N], 1);
	rig_heard(&r, g[first], PORTAL_AUTHORIZE_FLOW);
	rig_close(&r);
}

static void then_one_that_the_client_is_connected_to(void **state)
{
	struct rig r;
	uint64_t g[N];
	rig_open(&r);
	gateways(&r, WEST, g);
	for (int i = 0; i < 20; i++)
		assert_int_equal(asked(&r, another_client(&r), DB, &g[2], 1, g), 2);
	uint64_t away[3] = {g[0], g[1], g[3]};
	rig_lost(&r, g[0]);
	broker_cordon(r.b, &r.ids[g[1]], r.now);
	rig_drain(&r);
	rig_forget(&r);
	assert_int_equal(asked(&r, another_client(&r), DB, away, 3, g), 3); /* the others are not there */
	rig_close(&r);
}

/* An older client lists all that it ever was connected to. */
static void of_those_the_one_it_goes_through_comes_first(void **state)
{
	struct rig r;
	uint64_t g[N];
	rig_open(&r);
	gateways(&r, WEST, g);
	uint64_t c = rig_client(&r, ALICE, "c");
	assert_int_equal(asked(&r, c, DB, &g[3], 1, g), 3);
	assert_int_equal(asked(&r, c, WEB, g, N, g), 3);
	assert_int_equal(asked(&r, another_client(&r), DB, &g[2], 2, g), 2); /* the less loaded */
	rig_close(&r);
}

static void a_connected_one_of_another_site_does_not_count(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t west = rig_gateway(&r, WEST, "g"), east = rig_gateway(&r, EAST, "g"), c = rig_client(&r, ALICE, "c");
	rig_asks(&r, c, DB, &east, 1);
	rig_answers(&r, west);
	rig_silent(&r, east);
	rig_close(&r);
}

static void then_the_least_loaded(void **state)
{
	struct rig r;
	uint64_t g[N];
	int n[N] = {0};
	rig_open(&r);
	gateways(&r, WEST, g);
	for (int i = 0; i < 10 * N; i++)
		n[asked(&r, another_client(&r), DB, NULL, 0, g)]++;
	for (int i = 0; i < N; i++)
		assert_int_equal(n[i], 10);
	rig_close(&r);
}

/* A client that went away is no load, and one that asks for more is no more load. */
static void load_is_clients_that_are_there(void **state)
{
	struct rig r;
	uint64_t g[N], clients[2 * N];
	rig_open(&r);
	gateways(&r, WEST, g);
	for (int i = 0; i < 2 * N; i++) {
		clients[i] = another_client(&r);
		int to = asked(&r, clients[i], DB, NULL, 0, g);
		assert_int_equal(asked(&r, clients[i], WEB, NULL, 0, g) >= 0, to >= 0);
	}
	struct broker_gateway_row row;
	for (int i = 0; i < 2 * N; i++)
		rig_lost(&r, clients[i]);
	rig_forget(&r);
	broker_gateway_row(r.b, 1, &row);
	assert_true(row.clients >= 2); /* they still have their access */
	int n[N] = {0};
	for (int i = 0; i < N; i++)
		n[asked(&r, another_client(&r), DB, NULL, 0, g)]++;
	for (int i = 0; i < N; i++)
		assert_int_equal(n[i], 1);
	rig_close(&r);
}

static void equals_are_chosen_by_chance(void **state)
{
	struct rig r;
	uint64_t g[N];
	int n[N] = {0};
	rig_open(&r);
	gateways(&r, WEST, g);
	for (int i = 0; i < 100; i++) {
		uint64_t c = rig_client(&r, ALICE, "c"); /* with a new key: it goes through nobody */
		n[asked(&r, c, DB, NULL, 0, g)]++;
		rig_lost(&r, c);
		rig_forget(&r);
	}
	for (int i = 0; i < N; i++)
		assert_in_range(n[i], 10, 45);
	rig_close(&r);
}

static void all_sites_of_a_resource_count(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t west = rig_gateway(&r, WEST, "g"), east = rig_gateway(&r, EAST, "g");
	int n_west = 0, n_east = 0;
	for (int i = 0; i < 20; i++) {
		uint64_t c = another_client(&r);
		rig_asks(&r, c, WEB, NULL, 0);
		bool to_west = rig_find(&r, BROKER_OUT_TEXT, west) >= 0;
		*(to_west ? &n_west : &n_east) += 1;
		rig_answers(&r, to_west ? west : east);
		rig_forget(&r);
	}
	assert_int_equal(n_west, 10);
	assert_int_equal(n_east, 10);
	rig_close(&r);
}

static void one_that_is_cordoned_is_not_offered_until_it_is_uncordoned(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t g = rig_gateway(&r, WEST, "g"), c = rig_client(&r, ALICE, "c");
	rig_flow(&r, c, g, DB);
	assert_int_equal(broker_cordon(r.b, &r.ids[g], r.now), 0);
	rig_drain(&r);
	rig_asks(&r, c, DB, &g, 1);
	rig_heard(&r, c, PORTAL_FLOW_CREATION_FAILED);
	rig_silent(&r, g);
	assert_int_equal(broker_uncordon(r.b, &r.ids[g], r.now), 0);
	rig_drain(&r);
	rig_flow(&r, c, g, DB);
	assert_int_equal(broker_cordon(r.b, &r.ids[c], r.now), -ENOENT);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_client_uses_already_prevails),
		cmocka_unit_test(while_one_may_answer_no_other_is_asked),
		cmocka_unit_test(then_one_that_the_client_is_connected_to),
		cmocka_unit_test(of_those_the_one_it_goes_through_comes_first),
		cmocka_unit_test(a_connected_one_of_another_site_does_not_count),
		cmocka_unit_test(then_the_least_loaded),
		cmocka_unit_test(load_is_clients_that_are_there),
		cmocka_unit_test(equals_are_chosen_by_chance),
		cmocka_unit_test(all_sites_of_a_resource_count),
		cmocka_unit_test(one_that_is_cordoned_is_not_offered_until_it_is_uncordoned),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
