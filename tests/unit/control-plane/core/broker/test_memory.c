/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of a broker's life fails once, at its turn: nothing leaks, nobody is told half, and it goes on. */
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

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t n, size_t bytes);
void *__real_realloc(void *p, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes);
void *__wrap_realloc(void *p, size_t bytes);

static int fails_in; /* the how many-th allocation from now fails; 0: none */
static bool has_failed;

static bool fails(void)
{
	if (fails_in == 0 || --fails_in > 0)
		return false;
	has_failed = true;
	return true;
}

void *__wrap_malloc(size_t bytes)
{
	return fails() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t n, size_t bytes)
{
	return fails() ? NULL : __real_calloc(n, bytes);
}

void *__wrap_realloc(void *p, size_t bytes)
{
	return fails() ? NULL : __real_realloc(p, bytes);
}

static const struct rig_peer gateway = {.role = PORTAL_GATEWAY, .owner = WEST, .external_id = "g", .key = 700};
static const struct rig_peer client = {.role = PORTAL_CLIENT, .dialect = PORTAL_V2, .owner = ALICE, .external_id = "c", .key = 701};
static const struct rig_peer relay = {.role = PORTAL_RELAY, .external_id = "r", .key = 702};

static void say(struct rig *r, uint64_t conn, const char *topic, const char *event, const char *payload)
{
	char text[500];
	snprintf(text, sizeof(text), "{\"topic\":\"%s\",\"event\":\"%s\",\"payload\":%s,\"ref\":7}", topic, event, payload);
	broker_text(r->b, conn, text, strlen(text), r->now);
}

static bool connect_peer(struct rig *r, uint64_t conn, const struct rig_peer *p)
{
	const struct broker_request q = rig_request(p, p->key);
	const struct broker_principal who = rig_principal(r, p);
	const struct cp_addr from = cp_addr_v4(192, 0, 2, 1, 4000);
	struct broker_refusal refusal;
	return broker_connect(r->b, conn, &q, &who, &from, r->now, &refusal);
}

/* Whether the gateway was asked, with a ref; and whether each was closed meanwhile. */
struct seen {
	char ref[33];
	bool created, is_in[4], closed[4];
	unsigned int texts[4];
};

static void drain(struct rig *r, struct seen *s)
{
	struct broker_out out;
	while (broker_next(r->b, &out)) {
		const char *ref = out.text.text ? strstr(out.text.text, "\"payload\":{\"ref\":\"") : NULL;
		if (ref)
			memcpy(s->ref, ref + 18, 32);
		if (out.conn < 4)
			s->texts[out.conn] += out.kind == BROKER_OUT_TEXT;
		s->created |= out.text.text && strstr(out.text.text, "\"event\":\"authorization_created\"");
		if (out.kind == BROKER_OUT_CLOSE && out.conn < 4)
			s->closed[out.conn] = true;
		portal_text_free(&out.text);
	}
}

/* A gateway, a client, a relay; a flow; a new file; all of them go. Returns what was seen. */
static struct seen live(struct rig *r)
{
	struct seen s = {.created = false};
	char answer[100], ask[200], id[PORTAL_UUID_TEXT];
	static const uint32_t all[] = {ALL};
	s.is_in[1] = connect_peer(r, 1, &gateway);
	say(r, 1, "gateway", "phx_join", "null");
	drain(r, &s);
	s.is_in[2] = connect_peer(r, 2, &client);
	say(r, 2, "client", "phx_join", "null");
	drain(r, &s);
	s.is_in[3] = connect_peer(r, 3, &relay);
	say(r, 3, "relay", "phx_join", "{\"stamp_secret\":\"5c1d0f6e\"}");
	drain(r, &s);
	portal_uuid_format(&r->resources[DB].view.id, id);
	snprintf(ask, sizeof(ask), "{\"resource_id\":\"%s\",\"connected_gateway_ids\":[]}", id);
	say(r, 2, "client", "request_authorization", ask);
	drain(r, &s);
	snprintf(answer, sizeof(answer), "{\"ref\":\"%s\"}", s.ref);
	say(r, 1, "gateway", "flow_authorized", answer);
	drain(r, &s);
	r->policies[1].resources = all;
	r->policies[1].n_resources = 1;
	broker_configure(r->b, &r->world, r->now);
	drain(r, &s);
	broker_lost(r->b, 1, r->now);
	broker_lost(r->b, 2, r->now);
	broker_lost(r->b, 3, r->now);
	drain(r, &s);
	return s;
}

static void a_broker_is_made_whole_or_not_at_all(void **state)
{
	static const uint8_t seed[32] = {1};
	struct rig r;
	rig_world(&r);
	for (int nth = 1;; nth++) {
		fails_in = nth;
		has_failed = false;
		struct broker *b = broker_create(&r.world, seed, RIG_UNIX, r.now);
		fails_in = 0;
		broker_free(b);
		if (!has_failed) {
			assert_non_null(b);
			break;
		}
		assert_null(b);
	}
}

static void it_survives_each_allocation_that_fails(void **state)
{
	for (int nth = 1;; nth++) {
		struct rig r;
		rig_open(&r);
		fails_in = nth;
		has_failed = false;
		struct seen s = live(&r);
		bool failed = has_failed;
		fails_in = 0;
		/* whoever missed something was closed, or refused; then all goes well again */
		for (int i = 1; i < 4; i++)
			assert_true(!s.is_in[i] || s.closed[i] || s.texts[i] >= 2);
		assert_int_equal(broker_summary(r.b).clients_online, 0);
		assert_int_equal(broker_summary(r.b).gateways_online, 0);
		assert_int_equal(broker_summary(r.b).relays_online, 0);
		assert_int_equal(broker_summary(r.b).requests, 0);
		uint64_t g = rig_gateway(&r, WEST, "g"), c = rig_client(&r, ALICE, "c");
		r.links[c] = (struct portal_link){PORTAL_CLIENT, PORTAL_V1};
		rig_flow(&r, c, g, WEB);
		rig_close(&r);
		if (!failed) {
			assert_true(s.created);
			print_message("%d allocations\n", nth - 1);
			break;
		}
	}
}

/* A file that could not be taken in changes nothing. */
static void a_new_file_is_taken_whole_or_not_at_all(void **state)
{
	for (int nth = 1;; nth++) {
		struct rig r;
		rig_open(&r);
		uint64_t c = rig_client(&r, BOB, "c");
		static const uint32_t db_and_web[] = {DB, WEB};
		r.policies[0].resources = db_and_web;
		r.policies[0].n_resources = 2;
		fails_in = nth;
		has_failed = false;
		int err = broker_configure(r.b, &r.world, r.now);
		bool failed = has_failed;
		fails_in = 0;
		rig_drain(&r);
		if (err) {
			assert_int_equal(err, -ENOMEM);
			rig_silent(&r, c);
			assert_int_equal(broker_configure(r.b, &r.world, r.now), 0);
			rig_drain(&r);
		}
		rig_heard(&r, c, PORTAL_RESOURCE_UPSERTED);
		rig_silent(&r, c);
		rig_close(&r);
		if (!failed) {
			assert_int_equal(err, 0);
			break;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_broker_is_made_whole_or_not_at_all),
		cmocka_unit_test(it_survives_each_allocation_that_fails),
		cmocka_unit_test(a_new_file_is_taken_whole_or_not_at_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
