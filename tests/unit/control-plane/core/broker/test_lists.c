/* SPDX-License-Identifier: Apache-2.0 */
/* Rendered lists of resources: nobody hears another's, nor one that a newer file has replaced. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

/* What the actor's newest client is told of resources, by name, one letter each: the first. */
static void listed(struct rig *r, unsigned int actor, enum portal_dialect dialect, const char *from, char ret[8])
{
	static unsigned int number;
	char id[16];
	struct cp_addr addr = {.family = CP_NONE};
	if (from)
		assert_true(cp_ip_parse(from, strlen(from), &addr));
	snprintf(id, sizeof(id), "c%u", number++);
	uint64_t c = rig_connect(r, &(struct rig_peer){.role = PORTAL_CLIENT, .dialect = dialect, .owner = actor, .external_id = id, .from = addr}, NULL);
	rig_says(r, c, "phx_join", "null");
	rig_heard(r, c, PORTAL_REPLY);
	struct portal_message m = rig_hears(r, c, PORTAL_CLIENT_INIT);
	const struct portal_resources *list = &m.body.client_init.resources;
	for (size_t i = 0; i < list->n; i++)
		ret[i] = list->list[i].name ? list->list[i].name[0] : '?';
	ret[list->n] = 0;
	portal_message_free(&m);
}

static void each_client_hears_its_own_list(void **state)
{
	struct rig r;
	char first[8], again[8], other[8];
	rig_open(&r);
	for (int dialect = PORTAL_V1; dialect <= PORTAL_V2; dialect++)
		for (int i = 0; i < 20; i++) {
			listed(&r, ALICE, dialect, NULL, first);
			listed(&r, ALICE, dialect, NULL, again);
			listed(&r, BOB, dialect, "192.0.2.1", other);
			assert_int_equal(strlen(first), N_RESOURCES);
			assert_string_equal(first, again);
			assert_true(strlen(other) < N_RESOURCES);
		}
	rig_close(&r);
}

static void a_new_file_makes_new_lists(void **state)
{
	struct rig r;
	char was[8], is[8];
	rig_open(&r);
	listed(&r, ALICE, PORTAL_V1, NULL, was);
	r.resources[DB].view.name = "Zoo";
	assert_int_equal(broker_configure(r.b, &r.world, r.now), 0);
	rig_drain(&r);
	listed(&r, ALICE, PORTAL_V1, NULL, is);
	assert_int_equal(is[0], 'Z');
	assert_string_equal(is + 1, was + 1);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_client_hears_its_own_list),
		cmocka_unit_test(a_new_file_makes_new_lists),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
