/* SPDX-License-Identifier: Apache-2.0 */
/* Joining and leaving, and what a second connection means (portal §2.3, §2.10, §6.3 a, b). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

static const struct rig_peer g1 = {.role = PORTAL_GATEWAY, .owner = WEST, .external_id = "g1", .key = 900};
static const struct portal_key key_900 = {{0x77, 0x84, 3}};

static void nothing_is_said_before_the_join(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t g = rig_connect(&r, &g1, NULL);
	rig_silent(&r, g);
	assert_int_equal(rig_find(&r, BROKER_OUT_STORE_DEVICE, 0), -1);
	rig_close(&r);
}

static void init_follows_the_reply_at_once(void **state)
{
	for (int dialect = PORTAL_V1; dialect <= PORTAL_V2; dialect++)
		for (int role = PORTAL_GATEWAY; role <= PORTAL_CLIENT; role++) {
			struct rig r;
			rig_open(&r);
			uint64_t c = rig_connect(&r, &(struct rig_peer){.role = role, .dialect = dialect, .external_id = "x"}, NULL);
			rig_says(&r, c, "phx_join", "null");
			struct portal_message m = rig_hears(&r, c, PORTAL_REPLY);
			assert_int_equal(m.body.reply.status, PORTAL_OK);
			assert_true(m.has_ref && m.ref == 7);
			portal_message_free(&m);
			rig_heard(&r, c, role == PORTAL_GATEWAY ? PORTAL_GATEWAY_INIT : PORTAL_CLIENT_INIT);
			rig_silent(&r, c);
			rig_close(&r);
		}
}

/* What a peer is told of itself must not be lost by a crash in between. */
static void the_device_is_stored_before_it_is_told(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t g = rig_connect(&r, &g1, NULL);
	rig_says(&r, g, "phx_join", "null");
	long stored = rig_find(&r, BROKER_OUT_STORE_DEVICE, 0);
	assert_true(stored >= 0 && stored < rig_find(&r, BROKER_OUT_TEXT, g));
	assert_memory_equal(&r.outs[stored].device.public_key, &key_900, sizeof(key_900));
	rig_close(&r);
}

static void a_peer_keeps_its_identity(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t a = rig_gateway(&r, WEST, "g1"), b = rig_gateway(&r, WEST, "g2"), c = rig_gateway(&r, EAST, "g1");
	assert_false(rig_is(&r.ids[a], &r.ids[b]));
	assert_false(rig_is(&r.ids[a], &r.ids[c]));
	rig_lost(&r, a);
	a = rig_gateway(&r, WEST, "g1");
	struct broker_gateway_row row;
	assert_true(broker_gateway_row(r.b, 0, &row));
	assert_true(rig_is(&r.ids[a], &row.device->id));
	assert_int_equal(row.device->id.bytes[6] >> 4, 4);
	assert_int_equal(row.device->id.bytes[8] >> 6, 2);
	assert_false(broker_gateway_row(r.b, 3, &row));
	rig_close(&r);
}

static void the_name_and_the_key_follow_the_last_connection(void **state)
{
	struct rig r;
	struct broker_gateway_row row;
	rig_open(&r);
	rig_lost(&r, rig_gateway(&r, WEST, "g1"));
	rig_join(&r, &g1);
	assert_true(broker_gateway_row(r.b, 0, &row));
	assert_memory_equal(&row.device->public_key, &key_900, sizeof(key_900));
	assert_string_equal(row.device->name, "name of g1");
	rig_close(&r);
}

/* `disconnect` would end the peer's process (§2.7). */
static void a_second_connection_closes_the_first_without_a_word(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t first = rig_join(&r, &g1), second = rig_connect(&r, &g1, NULL);
	assert_int_equal(rig_find(&r, BROKER_OUT_CLOSE, first), -1);
	rig_says(&r, second, "phx_join", "null");
	rig_silent(&r, first);
	long closed = rig_find(&r, BROKER_OUT_CLOSE, first);
	assert_true(closed >= 0 && closed < rig_find(&r, BROKER_OUT_TEXT, second));
	rig_heard(&r, second, PORTAL_REPLY);
	rig_heard(&r, second, PORTAL_GATEWAY_INIT);
	assert_int_equal(rig_count(&r, BROKER_COUNT_DISPLACED), 1);
	assert_int_equal(broker_summary(r.b).gateways_online, 1);
	rig_lost(&r, first);
	assert_int_equal(broker_summary(r.b).gateways_online, 1);
	rig_close(&r);
}

static void a_second_join_closes_the_channel_first(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t g = rig_join(&r, &g1);
	rig_says(&r, g, "phx_join", "null");
	rig_heard(&r, g, PORTAL_CLOSE);
	rig_heard(&r, g, PORTAL_REPLY);
	rig_heard(&r, g, PORTAL_GATEWAY_INIT);
	assert_int_equal(broker_summary(r.b).gateways_online, 1);
	assert_int_equal(rig_find(&r, BROKER_OUT_CLOSE, 0), -1);
	rig_close(&r);
}

static void leaving_is_answered_and_takes_the_peer_offline(void **state)
{
	struct rig r;
	rig_open(&r);
	uint64_t g = rig_join(&r, &g1);
	rig_says(&r, g, "phx_leave", "{}");
	rig_heard(&r, g, PORTAL_REPLY);
	rig_heard(&r, g, PORTAL_CLOSE);
	assert_int_equal(broker_summary(r.b).gateways_online, 0);
	assert_int_equal(rig_find(&r, BROKER_OUT_CLOSE, 0), -1); /* the peer closes it */
	rig_says(&r, g, "no_relays", "{}");
	struct portal_message m = rig_hears(&r, g, PORTAL_REPLY);
	assert_string_equal(m.body.reply.reason, "unmatched topic");
	portal_message_free(&m);
	assert_int_equal(rig_count(&r, BROKER_COUNT_LEFT), 1);
	rig_says(&r, g, "phx_join", "null");
	rig_heard(&r, g, PORTAL_REPLY);
	rig_heard(&r, g, PORTAL_GATEWAY_INIT);
	assert_int_equal(broker_summary(r.b).gateways_online, 1);
	rig_close(&r);
}

/* Keys are random: one that another device has now is a copy of a device, or a theft. */
static void a_key_belongs_to_one_device(void **state)
{
	struct rig r;
	unsigned int status = 0;
	rig_open(&r);
	rig_join(&r, &g1);
	struct rig_peer thief = {.role = PORTAL_CLIENT, .owner = BOB, .external_id = "c", .key = 900};
	assert_int_equal(rig_connect(&r, &thief, &status), 0);
	assert_int_equal(status, 400);
	rig_lost(&r, rig_client(&r, BOB, "c")); /* nor may one that is known */
	assert_int_equal(rig_connect(&r, &thief, &status), 0);
	thief.key = 901;
	uint64_t c = rig_connect(&r, &thief, NULL), g = rig_connect(&r, &(struct rig_peer){.role = PORTAL_GATEWAY, .owner = EAST, .external_id = "g2", .key = 902}, NULL);
	assert_true(c && g);
	assert_int_equal(rig_count(&r, BROKER_COUNT_REFUSED_CONNECTIONS), 2);
	rig_close(&r);
}

static void live(struct rig *r)
{
	rig_open(r);
	uint64_t c = rig_client(r, ALICE, "c1");
	rig_gateway(r, WEST, "g2");
	uint64_t g = rig_connect(r, &g1, NULL);
	rig_says(r, g, "phx_join", "null");
	for (int i = 0; i < 8; i++)
		rig_asks(r, c, i % 2 ? DB : WEB, NULL, 0);
}

static void same_seed_same_outputs(void **state)
{
	static struct rig a, b;
	live(&a);
	live(&b);
	assert_true(a.n_outs > 10);
	assert_int_equal(a.n_outs, b.n_outs);
	for (size_t i = 0; i < a.n_outs; i++) {
		assert_int_equal(a.outs[i].kind, b.outs[i].kind);
		assert_true(!a.outs[i].text == !b.outs[i].text);
		if (a.outs[i].text)
			assert_string_equal(a.outs[i].text, b.outs[i].text);
	}
	rig_close(&a);
	rig_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_said_before_the_join),
		cmocka_unit_test(init_follows_the_reply_at_once),
		cmocka_unit_test(the_device_is_stored_before_it_is_told),
		cmocka_unit_test(a_peer_keeps_its_identity),
		cmocka_unit_test(the_name_and_the_key_follow_the_last_connection),
		cmocka_unit_test(a_second_connection_closes_the_first_without_a_word),
		cmocka_unit_test(a_second_join_closes_the_channel_first),
		cmocka_unit_test(leaving_is_answered_and_takes_the_peer_offline),
		cmocka_unit_test(a_key_belongs_to_one_device),
		cmocka_unit_test(same_seed_same_outputs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
