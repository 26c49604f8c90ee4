/* SPDX-License-Identifier: Apache-2.0 */
/* A node ends without a word and comes back with its stash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

static bool but_relay_to_relay(struct world *w, const struct packet *p)
{
	bool control = p->from.port == 3478 || p->to.port == 3478;
	return !control && (world_owner(w, &p->from) || world_owner(w, &p->to));
}

static struct world *pair(struct host **c, struct host **g, bool (*lost)(struct world *, const struct packet *))
{
	struct world *w = world_new();
	w->lost = lost;
	*c = world_host(w, CONN_CLIENT);
	*g = world_host(w, CONN_GATEWAY);
	world_relays(w, *c, 1);
	world_relays(w, *g, 1);
	world_run(w, 100 * CP_MS);
	world_connect(w, *c, *g);
	world_run(w, 5 * CP_S);
	return w;
}

static bool same_path(const struct conn_path *a, const struct conn_path *b)
{
	return a->handle == b->handle && a->kind == b->kind && a->channel == b->channel && cp_addr_equal(&a->from, &b->from) &&
	       cp_addr_equal(&a->to, &b->to) && cp_addr_equal(&a->relay, &b->relay);
}

/* Same path, same handle and channel; one Refresh, no Allocate; and the far end sees nothing. */
static void restart(bool (*lost)(struct world *, const struct packet *), bool client)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, lost);
	struct host *h = client ? c : g, *far = client ? g : c;
	struct conn_path was = h->path;
	unsigned int allocates = w->relay[0].allocates, refreshes = w->relay[0].refreshes, binds = w->relay[0].binds;
	unsigned int records = h->n_records, far_paths = far->outs[CONN_OUT_PATH], channels = h->channels_up;
	assert_true(world_is_connected(h, far));
	world_restart(w, h);
	assert_int_equal(conn_counters(h->node)->restore_malformed, 0);
	assert_true(same_path(&h->path, &was));
	assert_int_equal(h->outs[CONN_OUT_PEER], 1);
	assert_int_equal(h->outs[CONN_OUT_RESPONDER], 1);
	assert_int_equal(h->outs[CONN_OUT_PATH], 1);
	assert_int_equal(h->outs[CONN_OUT_HANDSHAKE], 0);
	assert_int_equal(h->channels_up, 2 * channels); /* all of them said again */
	world_tell_addresses(w, h);
	world_run(w, 60 * CP_S);
	assert_int_equal(w->relay[0].allocates, allocates);
	assert_int_equal(w->relay[0].refreshes, refreshes + 1);
	assert_int_equal(w->relay[0].binds, binds);
	assert_true(same_path(&h->path, &was));
	assert_int_equal(far->outs[CONN_OUT_FAILED] + h->outs[CONN_OUT_FAILED], 0);
	assert_int_equal(far->outs[CONN_OUT_PATH], far_paths);
	assert_int_equal(h->outs[CONN_OUT_INVALIDATE], 0);
	assert_int_equal(h->outs[CONN_OUT_CANDIDATE], 0);
	assert_int_equal(conn_counters(h->node)->restored, records);
	world_free(w);
}

static void a_restarted_client_goes_on_through_its_relay(void **s)
{
	restart(but_relay_to_relay, true);
}

static void a_restarted_gateway_goes_on_through_its_relay(void **s)
{
	restart(but_relay_to_relay, false);
}

static void restarted_nodes_go_on_directly(void **s)
{
	restart(NULL, true);
	restart(NULL, false);
}

static void what_the_portal_confirms_is_reused_and_the_rest_swept(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, NULL);
	struct host *other = world_host(w, CONN_CLIENT);
	world_connect(w, other, g);
	world_run(w, 2 * CP_S);
	assert_int_equal(conn_count(g->node), 2);
	world_restart(w, g);
	assert_int_equal(conn_count(g->node), 2);
	assert_int_equal(world_connect_one(w, g, c), CONN_REUSED);
	struct conn_relay r = world_relay_settings(w, 0);
	assert_int_equal(conn_relays_update(g->node, NULL, 0, &r, 1, w->now), 0);
	conn_sweep(g->node, w->now);
	world_drain(w, g);
	assert_int_equal(conn_count(g->node), 1);
	assert_true(world_is_connected(g, c));
	assert_int_equal(conn_counters(g->node)->swept, 1);
	assert_int_equal(g->outs[CONN_OUT_REMOVE], 1);
	assert_false(g->goodbye);
	assert_int_equal(world_info(g, c).relay_id[0], 0xe0);
	world_free(w);
}

static void a_relay_that_nobody_names_is_swept(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, NULL);
	world_restart(w, g);
	assert_int_equal(world_connect_one(w, g, c), CONN_REUSED);
	conn_sweep(g->node, w->now);
	world_drain(w, g);
	assert_int_equal(conn_counters(g->node)->swept, 1);
	assert_int_equal(world_info(g, c).relay_id[0], 0);
	for (unsigned int i = 0; i < g->n_records; i++)
		assert_int_not_equal(g->records[i].key.kind, CONN_STASH_RELAY);
	world_free(w);
}

/* Whatever the order in which the records come back. */
static void any_order_of_records_will_do(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, but_relay_to_relay);
	struct conn_path was = g->path;
	for (int turn = 0; turn < 8; turn++) {
		struct record first = g->records[0];
		memmove(g->records, g->records + 1, (g->n_records - 1) * sizeof(first));
		g->records[g->n_records - 1] = first;
		world_restart(w, g);
		assert_true(same_path(&g->path, &was));
		world_run(w, 2 * CP_S);
		assert_int_equal(g->outs[CONN_OUT_FAILED] + c->outs[CONN_OUT_FAILED], 0);
	}
	world_free(w);
}

static void broken_records_are_left_out(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, but_relay_to_relay);
	struct conn_settings settings = {.role = CONN_GATEWAY, .seed = {3}};
	uint32_t x = 1;
	for (int turn = 0; turn < 400; turn++) {
		struct conn_node *n = conn_node_new(&settings, w->now);
		struct conn_out o;
		for (unsigned int i = 0; i < g->n_records; i++) {
			struct record r = g->records[i];
			x = x * 1664525u + 1013904223u;
			if (x >> 31)
				r.data[(x >> 8) % r.bytes] ^= (uint8_t)(1 + (x >> 4) % 255);
			else
				r.bytes = (x >> 8) % r.bytes;
			conn_restore(n, &r.key, r.data, r.bytes, w->now);
		}
		conn_restored(n, w->now);
		while (conn_next(n, w->now, &o))
			;
		assert_true(conn_deadline(n).at > w->now);
		conn_node_free(n);
	}
	struct conn_stash_key key = {.kind = CONN_STASH_PEER, .key = {1}};
	assert_int_equal(conn_restore(g->node, &key, "x", 1, w->now), -EPROTO);
	key.kind = 9;
	assert_int_equal(conn_restore(g->node, &key, "x", 1, w->now), -EPROTO);
	assert_int_equal(conn_counters(g->node)->restore_malformed, 2);
	world_free(w);
}

/* The records of a quiet connection are not written again and again, those of a busy one once a second. */
static void records_are_coalesced(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, NULL);
	static const char text[] = "candidate:1 1 udp 2130705000 192.0.2.99 %u typ host";
	uint8_t id[CONN_ID_BYTES];
	world_id(w, c, id);
	world_run(w, 40 * CP_S); /* the mapped address, idle mode, the end of dead pairs */
	unsigned int before = g->stashed;
	world_run(w, 20 * CP_S);
	assert_int_equal(g->stashed - before, 0);
	for (unsigned int i = 0; i < 30; i++) {
		char line[80];
		int bytes = snprintf(line, sizeof(line), text, 50000 + i);
		conn_candidate_add(g->node, id, line, (size_t)bytes, w->now);
		world_drain(w, g);
		world_run(w, 100 * CP_MS);
	}
	assert_in_range(g->stashed - before, 3, 5);
	world_free(w);
}

/* Nobody announced it, and yet there is one pair more. */
static void what_the_agent_learns_by_itself_is_kept(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, NULL);
	struct conn_report r = {.kind = CONN_REPORT_CHECKS, .public_key = {0x40, c->seed}};
	world_run(w, 40 * CP_S);
	unsigned int before = g->stashed;
	r.ice = (struct ice_report){.at = g->addr, .from = cp_addr_v4(192, 0, 2, 200, 7), .priority = 1862270719, .requests = 1};
	conn_report_in(g->node, &r, w->now);
	world_drain(w, g);
	world_run(w, CP_S);
	assert_int_equal(g->stashed - before, 1);
	world_free(w);
}

static void what_ends_is_forgotten_by_the_stash(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, NULL);
	uint8_t id[CONN_ID_BYTES], gone[1][CONN_ID_BYTES];
	world_id(w, c, id);
	memcpy(gone[0], world_info(g, c).relay_id, CONN_ID_BYTES);
	assert_true(g->n_records >= 5);
	conn_close(g->node, id, w->now);
	conn_relays_update(g->node, (const uint8_t (*)[CONN_ID_BYTES])gone, 1, NULL, 0, w->now);
	world_drain(w, g);
	assert_int_equal(g->n_records, 1);
	assert_int_equal(g->records[0].key.kind, CONN_STASH_LOCAL);
	world_free(w);
}

static void a_new_nf_is_told_everything(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, but_relay_to_relay);
	unsigned int records = g->n_records, channels = g->channels_up;
	memset(g->outs, 0, sizeof(g->outs));
	g->n_records = g->channels_up = 0;
	conn_reassert(g->node, w->now);
	world_drain(w, g);
	assert_int_equal(g->outs[CONN_OUT_PEER], 1);
	assert_int_equal(g->outs[CONN_OUT_RESPONDER], 1);
	assert_int_equal(g->outs[CONN_OUT_PATH], 1);
	assert_int_equal(g->channels_up, channels);
	assert_int_equal(g->n_records, records);
	world_free(w);
}

/* While it was away the host has moved: its relay knows it by an address that is no more. */
static void a_host_that_moved_meanwhile_begins_anew(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, NULL);
	unsigned int bindings = w->relay[0].bindings;
	struct conn_settings settings = {.role = CONN_CLIENT, .seed = {9}, .conns_max = 64};
	conn_node_free(c->node);
	c->node = conn_node_new(&settings, w->now);
	c->addr.ip[3] = 99;
	world_tell_addresses(w, c);
	for (unsigned int i = 0; i < c->n_records; i++)
		conn_restore(c->node, &c->records[i].key, c->records[i].data, c->records[i].bytes, w->now);
	conn_restored(c->node, w->now);
	world_drain(w, c);
	world_run(w, 15 * CP_S);
	assert_true(w->relay[0].bindings > bindings);
	assert_int_equal(c->outs[CONN_OUT_FAILED] + g->outs[CONN_OUT_FAILED], 0);
	assert_true(cp_addr_equal(&c->path.from, &c->addr));
	world_free(w);
}

static struct record *record_of(struct host *h, enum conn_stash_kind kind, uint16_t part)
{
	for (unsigned int i = 0; i < h->n_records; i++)
		if (h->records[i].key.kind == kind && h->records[i].key.part == part)
			return &h->records[i];
	return NULL;
}

/* The agent was saved in idle mode, its peer before that. */
static void what_was_saved_at_different_times_is_checked_as_its_peer_says(void **s)
{
	static const uint8_t idle[12] = {0, 0, 0x61, 0xa8, 0, 0, 0x61, 0xa8, 0, 0, 0, 4};
	struct world *w = world_new();
	struct host *c = world_host(w, CONN_CLIENT), *g = world_host(w, CONN_GATEWAY);
	world_connect(w, c, g);
	world_run(w, 5 * CP_S);
	assert_int_equal(world_info(g, c).ice, ICE_COMPLETED); /* never idle */
	memcpy(record_of(g, CONN_STASH_PEER, 1)->data + 12, idle, sizeof(idle));
	world_restart(w, g);
	world_run(w, 1 * CP_S);
	uint64_t checks = conn_counters(g->node)->ice.checks;
	world_run(w, 15 * CP_S);
	assert_in_range(conn_counters(g->node)->ice.checks - checks, 9, 11);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_restarted_client_goes_on_through_its_relay),
		cmocka_unit_test(a_restarted_gateway_goes_on_through_its_relay),
		cmocka_unit_test(restarted_nodes_go_on_directly),
		cmocka_unit_test(what_the_portal_confirms_is_reused_and_the_rest_swept),
		cmocka_unit_test(a_relay_that_nobody_names_is_swept),
		cmocka_unit_test(any_order_of_records_will_do),
		cmocka_unit_test(broken_records_are_left_out),
		cmocka_unit_test(records_are_coalesced),
		cmocka_unit_test(what_the_agent_learns_by_itself_is_kept),
		cmocka_unit_test(what_ends_is_forgotten_by_the_stash),
		cmocka_unit_test(a_host_that_moved_meanwhile_begins_anew),
		cmocka_unit_test(a_new_nf_is_told_everything),
		cmocka_unit_test(what_was_saved_at_different_times_is_checked_as_its_peer_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
