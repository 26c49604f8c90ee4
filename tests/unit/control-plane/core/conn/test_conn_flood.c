/* SPDX-License-Identifier: Apache-2.0 */
/* What strangers send starves nobody, and grows nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "stun/stun.h"
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
	world_run(w, 2 * CP_S);
	assert_true(world_is_connected(*c, *g));
	return w;
}

static size_t request(uint8_t *p, size_t room, const char *username, const char *pwd, uint32_t nth)
{
	uint8_t txid[STUN_TXID_BYTES] = {(uint8_t)(nth >> 24), (uint8_t)(nth >> 16), (uint8_t)(nth >> 8), (uint8_t)nth};
	struct stun_writer s;
	stun_begin(&s, p, room, STUN_BINDING, txid);
	stun_put_text(&s, STUN_USERNAME, username);
	stun_put_u64(&s, STUN_ICE_CONTROLLING, 1);
	stun_put_u32(&s, STUN_PRIORITY, 1862270719);
	stun_put_integrity(&s, pwd, strlen(pwd));
	stun_put_fingerprint(&s);
	return stun_finish(&s);
}

static enum conn_taken feed(struct world *w, struct host *h, const struct cp_addr *from, const void *data, size_t bytes)
{
	struct conn_inner in;
	enum conn_taken taken = conn_udp_in(h->node, &h->addr, from, data, bytes, w->now, &in);
	world_drain(w, h);
	return taken;
}

/* A real check of the client, and the gateway answers it. */
static bool is_answered(struct world *w, struct host *c, struct host *g, uint32_t nth)
{
	uint8_t p[512];
	struct conn_peer known = world_peer(w, g, c);
	size_t bytes = request(p, sizeof(p), "u01a:u00b", known.local.pwd, nth);
	unsigned int sends = g->outs[CONN_OUT_SEND];
	return feed(w, g, &c->addr, p, bytes) == CONN_TAKEN && g->outs[CONN_OUT_SEND] > sends;
}

static void unknown_ufrags_are_limited_per_source(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, NULL);
	struct cp_addr from = cp_addr_v4(198, 51, 100, 66, 1000), port = cp_addr_v4(198, 51, 100, 66, 1001);
	uint8_t p[512];
	size_t bytes = request(p, sizeof(p), "none:u00b", "pwd", 1);
	for (int i = 0; i < 100; i++)
		assert_int_equal(feed(w, g, &from, p, bytes), CONN_DROPPED);
	assert_int_equal(conn_counters(g->node)->unknown_ufrag, 20);
	assert_int_equal(conn_counters(g->node)->limited_source, 80);
	feed(w, g, &port, p, bytes); /* another port of the same host */
	assert_int_equal(conn_counters(g->node)->unknown_ufrag, 21);
	world_run(w, 500 * CP_MS);
	for (int i = 0; i < 100; i++)
		feed(w, g, &from, p, bytes);
	assert_int_equal(conn_counters(g->node)->unknown_ufrag, 31);
	assert_int_equal(conn_counters(g->node)->limited_all, 0);
	world_free(w);
}

static void strangers_are_limited_in_all(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, NULL);
	uint8_t p[512];
	size_t bytes = request(p, sizeof(p), "none:u00b", "pwd", 1);
	for (unsigned int i = 0; i < 5000; i++) {
		struct cp_addr from = cp_addr_v4(198, 51, (uint8_t)(i >> 8), (uint8_t)i, 9);
		feed(w, g, &from, p, bytes);
	}
	assert_int_equal(conn_counters(g->node)->unknown_ufrag, 2000);
	assert_int_equal(conn_counters(g->node)->limited_all, 3000);
	assert_true(is_answered(w, c, g, 1));
	world_free(w);
}

/* The client's own address sends garbage (somebody spoofs it): its checks do not pay for that. */
static void a_known_check_never_pays_for_garbage(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, NULL);
	uint8_t garbage[100] = {0x77};
	for (int i = 0; i < 3000; i++)
		feed(w, g, &c->addr, garbage, sizeof(garbage));
	assert_int_equal(conn_counters(g->node)->limited_source, 3000 - 20);
	for (uint32_t i = 0; i < 100; i++)
		assert_true(is_answered(w, c, g, i));
	world_free(w);
}

/* 10 000 datagrams per second of every kind of garbage from the relay's own address and port, wrapped and bare: the path
 * through that relay does not miss a check. */
static void garbage_from_the_relay_delays_no_check(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, but_relay_to_relay);
	struct cp_rng rng;
	static const uint8_t seed[16] = {1};
	cp_rng_seed(&rng, seed);
	world_run(w, CP_S);
	uint64_t requests = conn_counters(g->node)->ice.requests, responses = conn_counters(g->node)->ice.responses;
	uint64_t answered = conn_counters(c->node)->ice.responses;
	unsigned int paths = g->outs[CONN_OUT_PATH] + c->outs[CONN_OUT_PATH];
	for (int ms = 0; ms < 15000; ms++) {
		for (int i = 0; i < 10; i++) {
			uint8_t junk[128];
			cp_rng_fill(&rng, junk, sizeof(junk));
			size_t bytes = sizeof(junk);
			if (i % 3 == 0) /* on a channel of the path */
				stun_channel_header(junk, g->path.channel, sizeof(junk) - 4);
			if (i % 3 == 1) /* a check that names nobody, on the same channel */
				bytes = 4 + request(junk + 4, sizeof(junk) - 4, "none:none", "pwd", (uint32_t)ms);
			if (i % 3 == 1)
				stun_channel_header(junk, g->path.channel, (uint16_t)(bytes - 4));
			assert_int_not_equal(feed(w, g, &w->relay[0].addr, junk, bytes), CONN_TAKEN);
		}
		world_run(w, CP_MS);
	}
	/* the selected pair alone has ten checks each way in that time */
	assert_true(conn_counters(g->node)->ice.requests - requests >= 10);
	assert_true(conn_counters(g->node)->ice.responses - responses >= 10);
	assert_true(conn_counters(g->node)->limited_source > 10000);
	assert_int_equal(g->outs[CONN_OUT_FAILED] + c->outs[CONN_OUT_FAILED], 0);
	assert_int_equal(g->outs[CONN_OUT_PATH] + c->outs[CONN_OUT_PATH], paths);
	/* whatever the client asked was answered */
	assert_in_range(conn_counters(c->node)->ice.responses - answered, conn_counters(g->node)->ice.requests - requests - 1,
			conn_counters(g->node)->ice.requests - requests + 1);
	world_free(w);
}

/* Somebody who has read the names off the wire, and not the password, at 10 000 per second. */
static void forged_checks_starve_no_real_ones(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, NULL);
	struct cp_addr from = cp_addr_v4(198, 51, 100, 66, 1000);
	uint8_t p[512];
	size_t bytes = request(p, sizeof(p), "u01a:u00b", "not the password", 1);
	for (uint32_t ms = 0; ms < 2000; ms++) {
		for (int i = 0; i < 10; i++)
			feed(w, g, &from, p, bytes);
		if (ms % 50 == 0)
			assert_true(is_answered(w, c, g, ms));
		world_run(w, CP_MS);
	}
	assert_in_range(conn_counters(g->node)->ice.bad_credentials, 20, 20 + 2 * 20 + 1);
	assert_int_equal(conn_counters(g->node)->limited_conn, 0);
	assert_true(conn_counters(g->node)->limited_source > 19000);
	world_free(w);
}

/* 100 pairs at stock's cadence for a minute, with every burst that there is at the start, and not one too many. */
static void a_connection_is_granted_what_stock_sends_on_all_pairs(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, NULL);
	static const unsigned int first_ms[] = {0, 1, 250, 750, 1750}; /* 1: nominated */
	uint32_t nth = 0;
	world_run(w, 5 * CP_S);
	for (unsigned int round = 0; round < 40; round++) {
		for (int pair = 0; pair < 100; pair++)
			assert_true(is_answered(w, c, g, nth++));
		world_run(w, round < 4 ? (first_ms[round + 1] - first_ms[round]) * CP_MS : 1500 * CP_MS);
	}
	assert_int_equal(conn_counters(g->node)->limited_conn, 0);
	for (int i = 0; i < 2000; i++)
		is_answered(w, c, g, nth++);
	assert_true(conn_counters(g->node)->limited_conn > 0);
	assert_int_equal(conn_counters(g->node)->limited_source, 0); /* too many is not forged */
	world_run(w, CP_S);
	for (int i = 0; i < 50; i++)
		assert_true(is_answered(w, c, g, nth++));
	world_free(w);
}

static void late_and_invented_responses_are_noise(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, NULL);
	uint8_t p[128];
	struct cp_addr from = cp_addr_v4(198, 51, 100, 66, 1000);
	for (uint8_t i = 0; i < 100; i++) {
		uint8_t txid[STUN_TXID_BYTES] = {i, 2, 3};
		struct stun_writer sw;
		stun_begin(&sw, p, sizeof(p), STUN_BINDING | STUN_SUCCESS, txid);
		stun_put_address(&sw, STUN_XOR_MAPPED_ADDRESS, &from);
		stun_put_integrity(&sw, "x", 1);
		assert_int_equal(feed(w, g, &from, p, stun_finish(&sw)), CONN_DROPPED);
	}
	assert_true(conn_counters(g->node)->unknown_response >= 20);
	assert_true(world_is_connected(g, c));
	world_free(w);
}

static void early_candidates_have_a_quota(void **s)
{
	struct world *w = world_new();
	struct host *g = world_host(w, CONN_GATEWAY);
	char line[80];
	uint8_t id[CONN_ID_BYTES] = {0xaa};
	for (unsigned int i = 0; i < CONN_EARLY_MAX + 8; i++) {
		int n = snprintf(line, sizeof(line), "candidate:1 1 udp 1 192.0.2.99 %u typ host", 50000 + i);
		assert_int_equal(conn_candidate_add(g->node, id, line, (size_t)n, w->now), i < CONN_EARLY_MAX ? 0 : -ENOSPC);
	}
	assert_int_equal(conn_candidate_add(g->node, id, line, 43, w->now), ICE_E_NOT_A_CANDIDATE);
	for (unsigned int i = 1; i < CONN_EARLY_PEERS_MAX + 8; i++) {
		id[1] = (uint8_t)i, id[2] = (uint8_t)(i >> 8);
		int e = conn_candidate_add(g->node, id, "candidate:1 1 udp 1 192.0.2.9 5 typ host", 40, w->now);
		assert_int_equal(e, i < CONN_EARLY_PEERS_MAX ? 0 : -ENOSPC);
	}
	assert_int_equal(conn_counters(g->node)->candidates_early_dropped, 16);
	assert_int_equal(conn_counters(g->node)->candidates_bad, 1);
	world_free(w);
}

static void remote_candidates_have_a_quota(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, NULL);
	uint8_t id[CONN_ID_BYTES];
	char line[80];
	int full = 0;
	world_id(w, c, id);
	for (unsigned int i = 0; i < 1000; i++) {
		int n = snprintf(line, sizeof(line), "candidate:1 1 udp 1 192.0.2.99 %u typ srflx", 50000 + i);
		full += conn_candidate_add(g->node, id, line, (size_t)n, w->now) == -ENOSPC;
		world_drain(w, g);
	}
	assert_true(full > 900);
	assert_true(world_info(g, c).pairs <= ICE_PAIRS_MAX);
	assert_true(world_info(g, c).bytes < 64 * 1024);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_ufrags_are_limited_per_source),
		cmocka_unit_test(strangers_are_limited_in_all),
		cmocka_unit_test(a_known_check_never_pays_for_garbage),
		cmocka_unit_test(garbage_from_the_relay_delays_no_check),
		cmocka_unit_test(forged_checks_starve_no_real_ones),
		cmocka_unit_test(a_connection_is_granted_what_stock_sends_on_all_pairs),
		cmocka_unit_test(late_and_invented_responses_are_noise),
		cmocka_unit_test(early_candidates_have_a_quota),
		cmocka_unit_test(remote_candidates_have_a_quota),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
