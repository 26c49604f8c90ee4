/* SPDX-License-Identifier: Apache-2.0 */
/* What the store held is there again, and nothing else (portal §6.1 3). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

static struct broker_device device(const struct rig *r, enum portal_role role, unsigned int owner, const char *external_id, uint32_t number)
{
	return (struct broker_device){.role = role, .id = {{0x99, (uint8_t)number}},
				      .owner = role == PORTAL_GATEWAY ? r->sites[owner].id : r->actors[owner].id,
				      .external_id = external_id, .name = "stored", .public_key = rig_key(number), .index = number,
				      .seed = {(uint8_t)number}, .created_at = 5, .seen_at = 6};
}

static struct broker_authorization authorization(uint32_t client, unsigned int resource, uint32_t gateway, const struct rig *r)
{
	return (struct broker_authorization){.client = {{0x99, (uint8_t)client}}, .resource = r->resources[resource].view.id,
					     .gateway = {{0x99, (uint8_t)gateway}}, .expires_at = RIG_UNIX + 1000};
}

/* A gateway 10 in the west, a client 20 of Alice. */
static void restore_two(struct rig *r)
{
	const struct broker_device g = device(r, PORTAL_GATEWAY, WEST, "g", 10), c = device(r, PORTAL_CLIENT, ALICE, "c", 20);
	assert_int_equal(broker_restore_device(r->b, &g), 0);
	assert_int_equal(broker_restore_device(r->b, &c), 0);
}

static void identities_are_as_they_were(void **state)
{
	struct rig r;
	struct broker_gateway_row row;
	struct broker_client_row crow;
	rig_open(&r);
	restore_two(&r);
	rig_gateway(&r, WEST, "g");
	assert_true(broker_gateway_row(r.b, 0, &row));
	assert_false(broker_gateway_row(r.b, 1, &row));
	assert_int_equal(row.device->index, 10);
	assert_int_equal(row.device->id.bytes[0], 0x99);
	assert_int_equal(row.device->created_at, 5);
	assert_int_equal(row.device->seen_at, RIG_UNIX);
	assert_string_equal(row.device->name, "name of g");
	assert_true(broker_client_row(r.b, 0, &crow));
	assert_string_equal(crow.device->name, "stored");
	assert_false(crow.online);
	rig_close(&r);
}

static void what_contradicts_itself_is_left_out(void **state)
{
	struct rig r;
	struct broker_device d;
	rig_open(&r);
	restore_two(&r);
	for (int i = 0; i < 8; i++) {
		d = device(&r, PORTAL_GATEWAY, WEST, "other", 30);
		const uint32_t indexes[] = {10, 0, 1, (1u << 21) - 1, 1u << 21, UINT32_MAX};
		if (i < 6)
			d.index = indexes[i];
		else if (i == 6)
			d.id = (struct portal_uuid){{0x99, 20}};
		else
			d.role = PORTAL_RELAY;
		assert_int_equal(broker_restore_device(r.b, &d), -EINVAL);
	}
	d = device(&r, PORTAL_GATEWAY, WEST, "g", 30);
	assert_int_equal(broker_restore_device(r.b, &d), -EINVAL);
	d = device(&r, PORTAL_GATEWAY, WEST, "other", 30);
	d.public_key = rig_key(20);
	assert_int_equal(broker_restore_device(r.b, &d), -EINVAL);
	d.public_key = rig_key(30);
	assert_int_equal(broker_restore_device(r.b, &d), 0); /* what was refused holds no address */
	assert_int_equal(broker_summary(r.b).gateways, 2);
	rig_close(&r);
}

static void authorizations_are_as_they_were(void **state)
{
	struct rig r;
	rig_open(&r);
	restore_two(&r);
	struct broker_authorization a = authorization(20, DB, 10, &r);
	assert_int_equal(broker_restore_authorization(r.b, &a), 0);
	assert_int_equal(broker_restore_authorization(r.b, &a), -EINVAL);
	uint64_t g = rig_connect(&r, &(struct rig_peer){.role = PORTAL_GATEWAY, .external_id = "g", .key = 10}, NULL);
	rig_says(&r, g, "phx_join", "null");
	rig_heard(&r, g, PORTAL_REPLY);
	struct portal_message m = rig_hears(&r, g, PORTAL_GATEWAY_INIT);
	assert_int_equal(m.body.gateway_init.authorizations.n, 1);
	assert_int_equal(m.body.gateway_init.authorizations.list[0].expires_at, RIG_UNIX + 1000);
	assert_int_equal(m.body.gateway_init.authorizations.list[0].client_id.bytes[1], 20);
	portal_message_free(&m);
	rig_close(&r);
}

/* The client that comes back with its key still goes through the same gateway. */
static void the_choice_is_as_it_was(void **state)
{
	struct rig r;
	rig_open(&r);
	restore_two(&r);
	struct broker_device g2 = device(&r, PORTAL_GATEWAY, WEST, "g2", 11);
	assert_int_equal(broker_restore_device(r.b, &g2), 0);
	struct broker_authorization newer = authorization(20, DB, 11, &r), older = authorization(20, DB, 10, &r);
	newer.turn = 2;
	older.turn = 1;
	older.expires_at += 1000; /* by a policy that was better then */
	assert_int_equal(broker_restore_authorization(r.b, &newer), 0);
	assert_int_equal(broker_restore_authorization(r.b, &older), 0);
	rig_join(&r, &(struct rig_peer){.role = PORTAL_GATEWAY, .external_id = "g", .key = 10});
	uint64_t g = rig_join(&r, &(struct rig_peer){.role = PORTAL_GATEWAY, .external_id = "g2", .key = 11});
	uint64_t c = rig_join(&r, &(struct rig_peer){.role = PORTAL_CLIENT, .external_id = "c", .key = 20});
	for (int i = 0; i < 8; i++)
		rig_flow(&r, c, g, DB);
	rig_close(&r);
}

static void what_is_not_of_this_world_is_left_out(void **state)
{
	struct rig r;
	rig_open(&r);
	restore_two(&r);
	struct broker_authorization a[6];
	for (int i = 0; i < 6; i++)
		a[i] = authorization(20, DB, 10, &r);
	a[0].client.bytes[0] = 1;   /* nobody */
	a[1].gateway.bytes[0] = 1;
	a[2].client.bytes[1] = 10;  /* a gateway */
	a[3].gateway.bytes[1] = 20; /* a client */
	a[4].resource = r.resources[ALL].view.id; /* of another site */
	a[5].expires_at = RIG_UNIX;
	for (int i = 0; i < 6; i++)
		assert_int_equal(broker_restore_authorization(r.b, &a[i]), -EINVAL);
	assert_int_equal(broker_summary(r.b).authorizations, 0);
	rig_close(&r);
}

/* The file changed while the portal was down: the gateway may still hold the access. */
static void what_is_not_granted_any_more_is_rejected_when_the_gateway_comes(void **state)
{
	struct rig r;
	rig_world(&r);
	r.policies[1].expires_at = RIG_UNIX - 1;
	rig_start(&r);
	restore_two(&r);
	struct broker_authorization a = authorization(20, DB, 10, &r);
	assert_int_equal(broker_restore_authorization(r.b, &a), -EINVAL);
	uint64_t g = rig_connect(&r, &(struct rig_peer){.role = PORTAL_GATEWAY, .external_id = "g", .key = 10}, NULL);
	rig_says(&r, g, "phx_join", "null");
	rig_heard(&r, g, PORTAL_REPLY);
	rig_heard(&r, g, PORTAL_GATEWAY_INIT);
	rig_heard(&r, g, PORTAL_REJECT_ACCESS);
	rig_close(&r);
}

static void a_gateway_that_was_cordoned_is(void **state)
{
	struct rig r;
	rig_open(&r);
	struct broker_device d = device(&r, PORTAL_GATEWAY, WEST, "g", 10);
	d.cordoned = true;
	assert_int_equal(broker_restore_device(r.b, &d), 0);
	rig_gateway(&r, WEST, "g");
	uint64_t c = rig_client(&r, ALICE, "c");
	rig_asks(&r, c, DB, NULL, 0);
	rig_heard(&r, c, PORTAL_FLOW_CREATION_FAILED);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identities_are_as_they_were),
		cmocka_unit_test(what_contradicts_itself_is_left_out),
		cmocka_unit_test(authorizations_are_as_they_were),
		cmocka_unit_test(the_choice_is_as_it_was),
		cmocka_unit_test(what_is_not_of_this_world_is_left_out),
		cmocka_unit_test(what_is_not_granted_any_more_is_rejected_when_the_gateway_comes),
		cmocka_unit_test(a_gateway_that_was_cordoned_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
