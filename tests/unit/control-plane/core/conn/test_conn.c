/* SPDX-License-Identifier: Apache-2.0 */
/* Two nodes on one network, no relay. */
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

static bool between_hosts(struct world *w, const struct packet *p)
{
	return world_owner(w, &p->from) && world_owner(w, &p->to);
}

static struct world *pair(struct host **ret_client, struct host **ret_gateway)
{
	struct world *w = world_new();
	*ret_client = world_host(w, CONN_CLIENT);
	*ret_gateway = world_host(w, CONN_GATEWAY);
	world_connect(w, *ret_client, *ret_gateway);
	return w;
}

static void two_hosts_connect_without_a_relay(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g);
	cp_time start = w->now;
	world_run(w, 100 * CP_MS);
	assert_true(world_is_connected(c, g) && world_is_connected(g, c));
	assert_int_equal(c->path.kind, CONN_PATH_DIRECT);
	assert_true(cp_addr_equal(&c->path.to, &g->addr) && cp_addr_equal(&g->path.to, &c->addr));
	assert_int_equal(c->outs[CONN_OUT_ESTABLISHED], 1);
	assert_int_equal(g->outs[CONN_OUT_ESTABLISHED], 1);
	assert_int_equal(c->outs[CONN_OUT_HANDSHAKE], 1);
	assert_int_equal(g->outs[CONN_OUT_HANDSHAKE], 0);
	assert_int_equal(c->outs[CONN_OUT_PEER], 1);
	assert_int_equal(c->outs[CONN_OUT_RESPONDER], 1);
	assert_true(world_info(c, g).since == start);
	world_free(w);
}

static void ipv6_is_preferred_where_both_sides_have_it(void **s)
{
	struct world *w = world_new();
	struct host *c = world_host(w, CONN_CLIENT), *g = world_host(w, CONN_GATEWAY);
	c->second = (struct cp_addr){.ip = {0x20, 1, 0xd, 0xb8, [15] = 1}, .port = 52625, .family = CP_V6};
	g->second = (struct cp_addr){.ip = {0x20, 1, 0xd, 0xb8, [15] = 2}, .port = 52625, .family = CP_V6};
	world_tell_addresses(w, c);
	world_tell_addresses(w, g);
	world_connect(w, c, g);
	world_run(w, 2 * CP_S);
	assert_true(cp_addr_equal(&c->path.to, &g->second) && cp_addr_equal(&c->path.from, &c->second));
	assert_true(cp_addr_equal(&g->path.to, &c->second));
	assert_int_equal(world_info(c, g).pairs, 2); /* families do not mix */
	world_free(w);
}

static void nothing_is_due_in_the_past(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g);
	world_run(w, 300 * CP_S);
	assert_int_equal(c->early_deadlines, 0);
	assert_int_equal(g->early_deadlines, 0);
	assert_int_equal(conn_counters(c->node)->out_of_memory, 0);
	world_free(w);
}

/* With a second pair that is never nominated, else the agent is COMPLETED and idle mode never starts. */
static struct world *idle_pair(struct host **c, struct host **g)
{
	struct world *w = world_new();
	*c = world_host(w, CONN_CLIENT);
	*g = world_host(w, CONN_GATEWAY);
	(*c)->second = cp_addr_v4(192, 0, 2, 101, 52625);
	world_tell_addresses(w, *c);
	world_connect(w, *c, *g);
	return w;
}

static void idle_connections_are_checked_every_25_s(void **s)
{
	struct host *c, *g;
	struct world *w = idle_pair(&c, &g);
	world_run(w, 19 * CP_S);
	assert_int_equal(world_info(c, g).state, CONN_CONNECTED);
	world_run(w, 2 * CP_S);
	assert_int_equal(world_info(c, g).state, CONN_IDLE);
	assert_int_equal(world_info(g, c).state, CONN_IDLE);
	world_run(w, 30 * CP_S);
	unsigned int before = w->checks_seen;
	world_run(w, 100 * CP_S);
	assert_int_equal(w->checks_seen - before, 2 * 2 * 4); /* both sides, two pairs, every 25 s */
	world_free(w);
}

static void activity(struct world *w, struct host *h, const struct host *peer)
{
	struct conn_report r = {.kind = CONN_REPORT_ACTIVITY, .public_key = {0x40, peer->seed}};
	conn_report_in(h->node, &r, w->now);
	world_drain(w, h);
}

static void activity_ends_and_puts_off_idle_mode(void **s)
{
	struct host *c, *g;
	struct world *w = idle_pair(&c, &g);
	for (int i = 0; i < 10; i++) {
		world_run(w, 10 * CP_S);
		activity(w, c, g);
	}
	assert_int_equal(world_info(c, g).state, CONN_CONNECTED);
	assert_int_equal(world_info(g, c).state, CONN_IDLE); /* each side by itself */
	activity(w, g, c);
	assert_int_equal(world_info(g, c).state, CONN_CONNECTED);
	unsigned int before = w->checks_seen;
	world_run(w, 15 * CP_S);
	assert_in_range(w->checks_seen - before, 4 * 9, 4 * 13); /* every 1.5 s again */
	world_free(w);
}

static void idle_mode_ends_with_an_upsert_or_a_candidate(void **s)
{
	struct host *c, *g;
	struct world *w = idle_pair(&c, &g);
	static const char more[] = "candidate:1 1 udp 2130705000 192.0.2.99 52625 typ host";
	uint8_t id[CONN_ID_BYTES];
	world_id(w, g, id);
	world_run(w, 30 * CP_S);
	assert_int_equal(world_connect_one(w, c, g), CONN_REUSED);
	assert_int_equal(world_info(c, g).state, CONN_CONNECTED);
	world_run(w, 30 * CP_S);
	assert_int_equal(world_info(c, g).state, CONN_IDLE);
	assert_int_equal(conn_candidate_add(c->node, id, more, strlen(more), w->now), 0);
	assert_int_equal(world_info(c, g).state, CONN_CONNECTED);
	world_free(w);
}

static void same_parameters_reuse_and_announce_again(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g);
	world_run(w, 30 * CP_S);
	unsigned int said = c->n_texts, peers = c->outs[CONN_OUT_PEER];
	assert_int_equal(world_connect_one(w, c, g), CONN_REUSED);
	assert_true(c->n_texts > said);
	assert_int_equal(c->outs[CONN_OUT_PEER], peers);
	assert_int_equal(c->outs[CONN_OUT_HANDSHAKE], 2); /* 30 s after the last */
	assert_int_equal(world_connect_one(w, c, g), CONN_REUSED);
	assert_int_equal(c->outs[CONN_OUT_HANDSHAKE], 2); /* less than 20 s */
	assert_int_equal(conn_counters(c->node)->handshakes_suppressed, 1);
	assert_int_equal(conn_counters(c->node)->reused, 2);
	world_free(w);
}

static void a_new_cookie_tells_the_nf_anew(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g);
	struct conn_peer p = world_peer(w, c, g);
	p.cookie = 77;
	assert_int_equal(conn_upsert(c->node, &p, w->now), CONN_REUSED);
	world_drain(w, c);
	assert_int_equal(c->outs[CONN_OUT_PEER], 2);
	world_free(w);
}

static void each_other_parameter_replaces(void **s)
{
	for (int what = 0; what < 6; what++) {
		struct host *c, *g;
		struct world *w = pair(&c, &g);
		struct conn_peer p = world_peer(w, c, g);
		world_run(w, CP_S);
		p.public_key[5] ^= what == 0;
		p.preshared_key[31] ^= what == 1;
		p.local.ufrag[0] ^= what == 2 ? 1 : 0;
		p.local.pwd[9] ^= what == 3 ? 1 : 0;
		p.remote.ufrag[0] ^= what == 4 ? 1 : 0;
		p.remote.pwd[9] ^= what == 5 ? 1 : 0;
		assert_int_equal(conn_upsert(c->node, &p, w->now), CONN_REPLACED);
		world_drain(w, c);
		assert_int_equal(c->outs[CONN_OUT_PEER], 2);
		assert_int_equal(c->outs[CONN_OUT_REMOVE], 1);
		assert_int_equal(c->outs[CONN_OUT_RESPONDER], 3);
		assert_false(c->goodbye);
		assert_false(world_is_connected(c, g));
		assert_int_equal(conn_count(c->node), 1);
		world_free(w);
	}
}

static void one_key_is_one_connection(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g);
	struct conn_peer p = world_peer(w, c, g);
	p.id[3] = 1;
	assert_int_equal(conn_upsert(c->node, &p, w->now), CONN_CREATED);
	world_drain(w, c);
	assert_int_equal(conn_count(c->node), 1);
	assert_int_equal(c->outs[CONN_OUT_CLOSED], 1);
	world_free(w);
}

static void bad_credentials_and_full_nodes_are_refused(void **s)
{
	struct world *w = world_new();
	struct host *c = world_host(w, CONN_CLIENT), *g = world_host(w, CONN_GATEWAY);
	struct conn_peer p = world_peer(w, c, g);
	p.remote.ufrag[0] = 0;
	assert_int_equal(conn_upsert(c->node, &p, w->now), -EINVAL);
	p = world_peer(w, c, g);
	memset(p.local.pwd, 'x', sizeof(p.local.pwd));
	assert_int_equal(conn_upsert(c->node, &p, w->now), -EINVAL);
	p = world_peer(w, c, g);
	for (uint8_t i = 0; i < 64; i++) {
		p.id[1] = p.public_key[2] = i;
		assert_int_equal(conn_upsert(c->node, &p, w->now), CONN_CREATED);
	}
	p.id[1] = p.public_key[2] = 64;
	assert_int_equal(conn_upsert(c->node, &p, w->now), -ENOSPC);
	assert_int_equal(conn_counters(c->node)->refused, 3);
	assert_int_equal(conn_count(c->node), 64);
	world_free(w);
}

static void without_addresses_and_relays_there_is_no_way(void **s)
{
	struct world *w = world_new();
	struct host *c = world_host(w, CONN_CLIENT), *g = world_host(w, CONN_GATEWAY);
	conn_addresses(c->node, NULL, 0, w->now);
	assert_int_equal(world_connect_one(w, c, g), -ENETUNREACH);
	assert_int_equal(c->outs[CONN_OUT_NO_RELAYS], 1);
	world_free(w);
}

static void candidates_come_in_descending_priority(void **s)
{
	struct world *w = world_new();
	struct host *c = world_host(w, CONN_CLIENT), *g = world_host(w, CONN_GATEWAY);
	struct cp_addr many[3] = {c->addr, cp_addr_v4(192, 0, 2, 101, 52625), cp_addr_v4(192, 0, 2, 102, 52625)};
	struct ice_candidate was = {0}, is;
	w->portal_mute = true;
	conn_addresses(c->node, many, 3, w->now);
	assert_int_equal(world_connect_one(w, c, g), CONN_CREATED);
	assert_int_equal(c->n_texts, 3);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(ice_candidate_parse(c->texts[i], strlen(c->texts[i]), &is), 0);
		assert_true(i == 0 || is.priority < was.priority);
		assert_string_equal(is.ufrag, "u00b");
		was = is;
	}
	world_free(w);
}

static void a_lost_address_is_withdrawn_without_a_word(void **s)
{
	struct world *w = world_new();
	struct host *c = world_host(w, CONN_CLIENT), *g = world_host(w, CONN_GATEWAY);
	struct cp_addr two[2] = {c->addr, cp_addr_v4(192, 0, 2, 101, 52625)};
	conn_addresses(c->node, two, 2, w->now);
	world_connect_one(w, c, g);
	conn_addresses(c->node, two, 1, w->now);
	world_drain(w, c);
	assert_int_equal(c->outs[CONN_OUT_INVALIDATE], 0);
	unsigned int said = c->n_texts;
	world_connect_one(w, c, g);
	assert_int_equal(c->n_texts, said + 1);
	conn_addresses(c->node, two, 2, w->now); /* and is announced when it is back */
	world_drain(w, c);
	assert_int_equal(c->n_texts, said + 2);
	world_free(w);
}

static void what_came_and_went_is_not_said(void **s)
{
	struct world *w = world_new();
	struct host *c = world_host(w, CONN_CLIENT), *g = world_host(w, CONN_GATEWAY);
	struct cp_addr two[2] = {c->addr, cp_addr_v4(192, 0, 2, 101, 52625)};
	world_connect_one(w, c, g);
	unsigned int said = c->n_texts;
	conn_addresses(c->node, two, 2, w->now);
	conn_addresses(c->node, two, 1, w->now);
	world_drain(w, c);
	assert_int_equal(c->n_texts, said);
	assert_int_equal(c->outs[CONN_OUT_INVALIDATE], 0);
	world_free(w);
}

static void early_candidates_wait_for_their_peer(void **s)
{
	struct world *w = world_new();
	struct host *c = world_host(w, CONN_CLIENT), *g = world_host(w, CONN_GATEWAY);
	assert_int_equal(world_connect_one(w, c, g), CONN_CREATED); /* the gateway does not know the client yet */
	assert_int_equal(conn_counters(g->node)->candidates_early, 1);
	world_run(w, 9 * CP_S);
	w->portal_mute = true; /* the gateway's own are lost: the client learns of it by checks */
	assert_int_equal(world_connect_one(w, g, c), CONN_CREATED);
	world_run(w, 500 * CP_MS);
	assert_true(world_is_connected(c, g) && world_is_connected(g, c));
	world_free(w);
}

static void early_candidates_are_forgotten_after_10_s(void **s)
{
	struct world *w = world_new();
	struct host *c = world_host(w, CONN_CLIENT), *g = world_host(w, CONN_GATEWAY);
	world_connect_one(w, c, g);
	assert_int_equal(conn_deadline(g->node).at, w->now + 10 * CP_S);
	world_run(w, 10 * CP_S);
	assert_int_equal(conn_counters(g->node)->candidates_early_expired, 1);
	assert_true(conn_deadline(g->node).at > w->now + 100 * CP_S);
	world_free(w);
}

static void without_candidates_it_fails_after_10_s(void **s)
{
	struct world *w = world_new();
	struct host *c = world_host(w, CONN_CLIENT), *g = world_host(w, CONN_GATEWAY);
	w->portal_mute = true;
	world_connect_one(w, c, g);
	world_run(w, 10 * CP_S - 1);
	assert_int_equal(c->outs[CONN_OUT_FAILED], 0);
	world_run(w, 1);
	assert_int_equal(c->outs[CONN_OUT_FAILED], 1);
	assert_int_equal(c->failure, CONN_FAILED_NO_CANDIDATES);
	assert_int_equal(c->outs[CONN_OUT_REMOVE], 1);
	assert_int_equal(conn_count(c->node), 0);
	world_free(w);
}

static void a_dead_path_fails_when_stock_would(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g);
	world_run(w, 5 * CP_S);
	w->lost = between_hosts;
	world_run(w, 15 * CP_S);
	assert_int_equal(c->outs[CONN_OUT_FAILED] + g->outs[CONN_OUT_FAILED], 0);
	world_run(w, 6 * CP_S); /* 16.5 s after the first unanswered check, and 2 s of grace */
	assert_int_equal(c->outs[CONN_OUT_FAILED], 1);
	assert_int_equal(c->failure, CONN_FAILED_ICE);
	assert_int_equal(g->outs[CONN_OUT_FAILED], 1);
	assert_int_equal(c->n_records, 1); /* its own addresses */
	world_free(w);
}

/* In ICE's grace: to reuse it would be to lose it a moment later. */
static void what_is_about_to_fail_is_not_reused(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g);
	world_run(w, 5 * CP_S);
	w->lost = between_hosts;
	while (world_info(g, c).ice != ICE_DISCONNECTED)
		world_run(w, 100 * CP_MS);
	assert_int_equal(g->outs[CONN_OUT_FAILED], 0);
	w->lost = NULL;
	assert_int_equal(world_connect_one(w, g, c), CONN_REPLACED);
	world_connect_one(w, c, g);
	world_run(w, 5 * CP_S);
	assert_int_equal(g->outs[CONN_OUT_FAILED], 0);
	assert_true(world_is_connected(g, c));
	world_free(w);
}

static void expired(struct world *w, struct host *h, const struct host *peer)
{
	struct conn_report r = {.kind = CONN_REPORT_EXPIRED, .public_key = {0x40, peer->seed}};
	conn_report_in(h->node, &r, w->now);
	world_drain(w, h);
}

static void two_failures_with_a_path_ask_for_a_new_key(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g);
	world_run(w, CP_S);
	w->handshakes_fail = true;
	expired(w, c, g);
	assert_int_equal(c->failure, CONN_FAILED_WIREGUARD);
	assert_int_equal(c->outs[CONN_OUT_ROTATE_KEY], 0);
	assert_int_equal(world_connect_one(w, c, g), CONN_CREATED);
	assert_int_equal(world_connect_one(w, g, c), CONN_REUSED);
	world_run(w, CP_S);
	assert_true(world_is_connected(c, g));
	expired(w, c, g);
	assert_int_equal(c->outs[CONN_OUT_ROTATE_KEY], 1);
	world_free(w);
}

static void a_handshake_in_between_forgives(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g);
	world_run(w, CP_S);
	for (int i = 0; i < 4; i++) {
		expired(w, c, g);
		world_connect_one(w, c, g);
		world_connect_one(w, g, c);
		world_run(w, CP_S);
		assert_true(world_is_connected(c, g));
	}
	assert_int_equal(c->outs[CONN_OUT_FAILED], 4);
	assert_int_equal(c->outs[CONN_OUT_ROTATE_KEY], 0);
	world_free(w);
}

static void close_says_goodbye_only_where_a_path_is(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g);
	uint8_t id[CONN_ID_BYTES];
	world_id(w, g, id);
	world_run(w, CP_S);
	assert_true(conn_close(c->node, id, w->now));
	assert_false(conn_close(c->node, id, w->now));
	world_drain(w, c);
	assert_true(c->goodbye);
	assert_int_equal(c->outs[CONN_OUT_CLOSED], 1);
	assert_int_equal(c->outs[CONN_OUT_FAILED], 0);
	world_connect_one(w, c, g);
	assert_int_equal(world_info(c, g).state, CONN_CONNECTING);
	conn_close_all(c->node, w->now);
	world_drain(w, c);
	assert_false(c->goodbye);
	assert_int_equal(c->outs[CONN_OUT_CLOSED], 2);
	assert_int_equal(conn_count(c->node), 0);
	world_free(w);
}

static void remove_is_silent(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g);
	uint8_t id[CONN_ID_BYTES];
	world_id(w, g, id);
	world_run(w, CP_S);
	assert_true(conn_remove(c->node, id, w->now));
	world_drain(w, c);
	assert_false(c->goodbye);
	assert_int_equal(c->outs[CONN_OUT_CLOSED] + c->outs[CONN_OUT_FAILED], 0);
	assert_int_equal(c->outs[CONN_OUT_REMOVE], 1);
	world_free(w);
}

static void reset_forgets_without_goodbye(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g);
	world_run(w, CP_S);
	conn_reset(c->node, w->now);
	world_drain(w, c);
	assert_false(c->goodbye);
	assert_int_equal(c->outs[CONN_OUT_CLOSED], 1);
	assert_int_equal(c->outs[CONN_OUT_REMOVE], 1);
	world_free(w);
}

/* Both peers of the gateway have the same 4 characters on its side. */
static void colliding_ufrags_both_work(void **s)
{
	struct world *w = world_new();
	struct host *g = world_host(w, CONN_GATEWAY), *a = world_host(w, CONN_CLIENT), *b = world_host(w, CONN_CLIENT);
	struct host *clients[] = {a, b};
	for (int i = 0; i < 2; i++) {
		struct conn_peer there = world_peer(w, g, clients[i]), here = world_peer(w, clients[i], g);
		strcpy(there.local.ufrag, "same");
		strcpy(here.remote.ufrag, "same");
		strcpy(there.remote.ufrag, "also"); /* and theirs as well: only the integrity tells */
		strcpy(here.local.ufrag, "also");
		assert_int_equal(conn_upsert(clients[i]->node, &here, w->now), CONN_CREATED);
		assert_int_equal(conn_upsert(g->node, &there, w->now), CONN_CREATED);
		world_drain(w, g);
		world_drain(w, clients[i]);
	}
	world_run(w, 60 * CP_S);
	for (int i = 0; i < 2; i++) {
		assert_true(world_is_connected(clients[i], g) && world_is_connected(g, clients[i]));
		struct conn_info info = world_info(g, clients[i]);
		assert_true(cp_addr_equal(&info.path.to, &clients[i]->addr));
		assert_int_equal(clients[i]->outs[CONN_OUT_FAILED], 0);
	}
	assert_int_equal(g->outs[CONN_OUT_FAILED], 0);
	world_free(w);
}

/* Checks that the NF answers come as reports: the same path as if they had come here. */
static void reported_checks_nominate(void **s)
{
	struct world *w = world_new();
	struct host *g = world_host(w, CONN_GATEWAY), *c = world_host(w, CONN_CLIENT);
	struct conn_report r = {.kind = CONN_REPORT_CHECKS, .ufrag = "u00b", .remote_ufrag = "u01a"};
	w->portal_mute = true;
	world_connect_one(w, g, c);
	r.ice = (struct ice_report){.at = g->addr, .from = c->addr, .priority = 1862270719, .requests = 1, .nominations = 1};
	conn_report_in(g->node, &r, w->now);
	world_drain(w, g);
	assert_int_equal(g->outs[CONN_OUT_PATH], 1);
	assert_true(cp_addr_equal(&g->path.to, &c->addr));
	strcpy(r.remote_ufrag, "none");
	conn_report_in(g->node, &r, w->now);
	assert_int_equal(conn_counters(g->node)->reports_unknown, 1);
	world_free(w);
}

static void a_handshake_before_the_path_establishes_with_it(void **s)
{
	struct world *w = world_new();
	struct host *g = world_host(w, CONN_GATEWAY), *c = world_host(w, CONN_CLIENT);
	struct conn_report r = {.kind = CONN_REPORT_COMPLETED, .public_key = {0x40, c->seed}};
	world_connect_one(w, g, c);
	conn_report_in(g->node, &r, w->now);
	world_drain(w, g);
	assert_int_equal(g->outs[CONN_OUT_ESTABLISHED], 0);
	w->handshakes_fail = true;
	world_connect_one(w, c, g);
	world_run(w, 100 * CP_MS);
	assert_int_equal(g->outs[CONN_OUT_ESTABLISHED], 1);
	assert_int_equal(c->outs[CONN_OUT_ESTABLISHED], 0);
	world_free(w);
}

static void candidates_of_another_ufrag_are_no_use(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g);
	static const char foreign[] = "candidate:1 1 udp 1 192.0.2.99 52625 typ host ufrag nope";
	static const char own[] = "candidate:1 1 udp 1 192.0.2.99 52625 typ host ufrag u01a";
	uint8_t id[CONN_ID_BYTES];
	world_id(w, g, id);
	assert_int_equal(conn_candidate_add(c->node, id, foreign, strlen(foreign), w->now), ICE_E_NOT_USABLE);
	assert_int_equal(conn_candidate_add(c->node, id, own, strlen(own), w->now), 0);
	assert_int_equal(conn_candidate_add(c->node, id, own, strlen(own), w->now), 1);
	assert_int_equal(conn_candidate_remove(c->node, id, own, strlen(own), w->now), 0);
	assert_int_equal(conn_candidate_remove(c->node, id, own, strlen(own), w->now), 1);
	assert_int_equal(conn_candidate_add(c->node, id, "foo", 3, w->now), ICE_E_NOT_A_CANDIDATE);
	assert_int_equal(conn_counters(c->node)->candidates_bad, 2);
	world_free(w);
}

static void wireguard_is_handed_back(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g);
	uint8_t packet[148] = {1};
	struct conn_inner in;
	assert_int_equal(conn_udp_in(c->node, &c->addr, &g->addr, packet, 148, w->now, &in), CONN_WIREGUARD);
	assert_true(in.data == packet && cp_addr_equal(&in.from, &g->addr) && cp_addr_equal(&in.at, &c->addr));
	assert_int_equal(conn_udp_in(c->node, &c->addr, &g->addr, packet, 147, w->now, &in), CONN_DROPPED);
	packet[0] = 4;
	assert_int_equal(conn_udp_in(c->node, &c->addr, &g->addr, packet, 32, w->now, &in), CONN_WIREGUARD);
	assert_int_equal(conn_udp_in(c->node, &c->addr, &g->addr, packet, 31, w->now, &in), CONN_DROPPED);
	packet[1] = 1;
	assert_int_equal(conn_udp_in(c->node, &c->addr, &g->addr, packet, 32, w->now, &in), CONN_DROPPED);
	assert_int_equal(conn_counters(c->node)->wireguard_unknown_form, 2);
	assert_int_equal(conn_counters(c->node)->not_stun, 1);
	world_free(w);
}

static void oversized_datagrams_are_dropped(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g);
	uint8_t packet[CONN_DATAGRAM_MAX + 1] = {4};
	struct conn_inner in;
	assert_int_equal(conn_udp_in(c->node, &c->addr, &g->addr, packet, CONN_DATAGRAM_MAX + 1, w->now, &in), CONN_DROPPED);
	assert_int_equal(conn_udp_in(c->node, &c->addr, &g->addr, packet, CONN_DATAGRAM_MAX, w->now, &in), CONN_WIREGUARD);
	assert_int_equal(conn_counters(c->node)->oversized, 1);
	world_free(w);
}

static void idle_needs_a_pair_that_is_not_nominated(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g);
	world_run(w, 60 * CP_S);
	assert_int_equal(world_info(g, c).ice, ICE_COMPLETED);
	assert_int_equal(world_info(g, c).state, CONN_CONNECTED);
	world_free(w);
}

/* Addresses that come and go faster than anybody drains: what is told is bounded, and what is lost is counted. */
static void signals_are_bounded(void **s)
{
	struct world *w = world_new();
	struct host *c = world_host(w, CONN_CLIENT), *g = world_host(w, CONN_GATEWAY);
	struct conn_peer p = world_peer(w, c, g);
	conn_upsert(c->node, &p, w->now);
	for (unsigned int i = 1; i <= 60; i++) {
		struct cp_addr a = cp_addr_v4(10, 9, 8, (uint8_t)i, 4000);
		conn_addresses(c->node, &a, 1, w->now);
	}
	assert_true(conn_counters(c->node)->signals_lost > 0);
	assert_int_equal(conn_counters(c->node)->out_of_memory, 0);
	world_drain(w, c);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_hosts_connect_without_a_relay),
		cmocka_unit_test(ipv6_is_preferred_where_both_sides_have_it),
		cmocka_unit_test(nothing_is_due_in_the_past),
		cmocka_unit_test(idle_connections_are_checked_every_25_s),
		cmocka_unit_test(activity_ends_and_puts_off_idle_mode),
		cmocka_unit_test(idle_mode_ends_with_an_upsert_or_a_candidate),
		cmocka_unit_test(same_parameters_reuse_and_announce_again),
		cmocka_unit_test(a_new_cookie_tells_the_nf_anew),
		cmocka_unit_test(each_other_parameter_replaces),
		cmocka_unit_test(one_key_is_one_connection),
		cmocka_unit_test(bad_credentials_and_full_nodes_are_refused),
		cmocka_unit_test(without_addresses_and_relays_there_is_no_way),
		cmocka_unit_test(candidates_come_in_descending_priority),
		cmocka_unit_test(a_lost_address_is_withdrawn_without_a_word),
		cmocka_unit_test(what_came_and_went_is_not_said),
		cmocka_unit_test(early_candidates_wait_for_their_peer),
		cmocka_unit_test(early_candidates_are_forgotten_after_10_s),
		cmocka_unit_test(without_candidates_it_fails_after_10_s),
		cmocka_unit_test(a_dead_path_fails_when_stock_would),
		cmocka_unit_test(what_is_about_to_fail_is_not_reused),
		cmocka_unit_test(two_failures_with_a_path_ask_for_a_new_key),
		cmocka_unit_test(a_handshake_in_between_forgives),
		cmocka_unit_test(close_says_goodbye_only_where_a_path_is),
		cmocka_unit_test(remove_is_silent),
		cmocka_unit_test(reset_forgets_without_goodbye),
		cmocka_unit_test(colliding_ufrags_both_work),
		cmocka_unit_test(reported_checks_nominate),
		cmocka_unit_test(a_handshake_before_the_path_establishes_with_it),
		cmocka_unit_test(candidates_of_another_ufrag_are_no_use),
		cmocka_unit_test(wireguard_is_handed_back),
		cmocka_unit_test(oversized_datagrams_are_dropped),
		cmocka_unit_test(idle_needs_a_pair_that_is_not_nominated),
		cmocka_unit_test(signals_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
