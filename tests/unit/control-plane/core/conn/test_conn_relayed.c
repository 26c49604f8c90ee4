/* SPDX-License-Identifier: Apache-2.0 */
/* Two nodes and relays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

static bool between_hosts(struct world *w, const struct packet *p)
{
	return world_owner(w, &p->from) && world_owner(w, &p->to);
}

/* Reachable only through the relays of both sides: hosts talk to relays and relays to relays. */
static bool but_relay_to_relay(struct world *w, const struct packet *p)
{
	bool control = p->from.port == 3478 || p->to.port == 3478;
	return !control && (world_owner(w, &p->from) || world_owner(w, &p->to));
}

static struct world *pair(struct host **c, struct host **g, unsigned int relays, bool (*lost)(struct world *, const struct packet *))
{
	struct world *w = world_new();
	w->lost = lost;
	*c = world_host(w, CONN_CLIENT);
	*g = world_host(w, CONN_GATEWAY);
	(*c)->mapped = cp_addr_v4(198, 51, 100, 1, 40000);
	world_relays(w, *c, relays);
	world_relays(w, *g, relays);
	world_run(w, 100 * CP_MS);
	world_connect(w, *c, *g);
	return w;
}

/* With traffic, so that no side goes idle. */
static void run_active(struct world *w, cp_time span, struct host *c, struct host *g)
{
	struct host *both[2] = {c, g};
	for (cp_time end = w->now + span; w->now < end; world_run(w, cp_earlier(5 * CP_S, end - w->now)))
		for (int i = 0; i < 2; i++) {
			struct conn_report r = {.kind = CONN_REPORT_ACTIVITY, .public_key = {0x40, both[1 - i]->seed}};
			conn_report_in(both[i]->node, &r, w->now);
			world_drain(w, both[i]);
		}
}

static struct relay_host *relay_of(struct world *w, const struct host *h, const struct host *peer)
{
	return &w->relay[world_info(h, peer).relay_id[1]];
}

static void the_relay_connects_what_cannot_meet(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, 1, but_relay_to_relay);
	world_run(w, CP_S);
	assert_true(world_is_connected(c, g) && world_is_connected(g, c));
	assert_int_equal(c->path.kind, CONN_PATH_RELAY_TO_RELAY);
	assert_int_equal(g->path.kind, CONN_PATH_RELAY_TO_RELAY);
	assert_true(cp_addr_equal(&c->path.relay, &w->relay[0].addr));
	assert_in_range(c->path.channel, STUN_CHANNEL_FIRST, STUN_CHANNEL_LAST);
	assert_true(c->channels_up > 0);
	assert_int_equal(w->relay[0].allocates, 2 * 2); /* 401 first */
	assert_int_equal(c->outs[CONN_OUT_ESTABLISHED], 1);
	world_free(w);
}

static void the_direct_path_wins(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, 1, NULL);
	world_run(w, 2 * CP_S);
	assert_int_equal(c->path.kind, CONN_PATH_DIRECT);
	assert_int_equal(g->path.kind, CONN_PATH_DIRECT);
	assert_int_equal(c->path.channel, 0);
	world_free(w);
}

/* Bound when the candidate is announced: no check is ever lost for want of a channel. */
static void channels_are_bound_ahead_of_checks(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, 1, but_relay_to_relay);
	world_run(w, 20 * CP_MS);
	assert_true(world_is_connected(c, g));
	assert_true(w->relay[0].binds >= 2);
	assert_int_equal(conn_counters(c->node)->sends_without_channel, 0);
	/* the client's host address, and the one that may be forwarded to it: never bound ahead */
	assert_int_equal(conn_counters(g->node)->sends_without_channel, 2);
	world_free(w);
}

static void falls_back_to_the_relay_and_returns(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, 1, NULL);
	world_run(w, 5 * CP_S);
	uint32_t first = c->path.handle;
	w->lost = but_relay_to_relay;
	run_active(w, 25 * CP_S, c, g);
	assert_int_equal(c->outs[CONN_OUT_FAILED] + g->outs[CONN_OUT_FAILED], 0);
	assert_int_not_equal(c->path.kind, CONN_PATH_DIRECT);
	assert_int_not_equal(g->path.kind, CONN_PATH_DIRECT);
	assert_true(c->path.handle > first);
	assert_true(c->outs[CONN_OUT_HANDSHAKE] >= 2);
	/* trap 12: the client withdrew what the gateway knew the dead path by, and announces it again */
	assert_int_equal(c->outs[CONN_OUT_INVALIDATE], 1);
	assert_non_null(strstr(c->invalid[0], "srflx"));
	assert_int_equal(g->outs[CONN_OUT_INVALIDATE], 0);
	unsigned int said = c->n_texts;
	w->lost = NULL;
	run_active(w, 40 * CP_S, c, g);
	assert_int_equal(c->n_texts, said + 1);
	assert_non_null(strstr(c->texts[said % 64], "srflx"));
	assert_int_equal(c->path.kind, CONN_PATH_DIRECT);
	assert_int_equal(g->path.kind, CONN_PATH_DIRECT);
	assert_int_equal(c->outs[CONN_OUT_FAILED] + g->outs[CONN_OUT_FAILED], 0);
	world_free(w);
}

static void relay_candidates_only_of_the_selected_relay(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, 3, NULL);
	static const char *const kinds[] = {"typ host", "typ srflx", "typ relay"}; /* in this order; three relays see the same */
	assert_int_equal(c->n_texts, 3);
	for (unsigned int i = 0; i < 3; i++)
		assert_non_null(strstr(c->texts[i], kinds[i]));
	world_free(w);
}

/* Nobody can reach anybody but through relays, and the one in use is gone: ICE gives up 2 s after its last pair. */
static void a_dead_relay_is_found_out_within_ices_grace(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, 2, but_relay_to_relay);
	world_run(w, 2 * CP_S);
	struct relay_host *was = relay_of(w, c, g);
	for (unsigned int i = 0; i < 2; i++) /* both sides must sit on one, or only one of them notices */
		w->relay[i].silent = &w->relay[i] == was;
	run_active(w, 30 * CP_S, c, g);
	assert_ptr_not_equal(relay_of(w, c, g), was);
	assert_int_equal(c->outs[CONN_OUT_FAILED] + g->outs[CONN_OUT_FAILED], 0);
	assert_true(cp_addr_equal(&c->path.relay, &relay_of(w, c, g)->addr));
	assert_true(cp_addr_equal(&g->path.relay, &relay_of(w, c, g)->addr));
	world_free(w);
}

/* The relay has forgotten the allocation: all is bound anew, and the NF hears of every step. */
static void a_forgotten_allocation_is_made_anew(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, 1, but_relay_to_relay);
	struct conn_relay r = world_relay_settings(w, 0);
	world_run(w, 2 * CP_S);
	uint32_t handle = c->path.handle;
	struct cp_addr from = c->path.from;
	for (unsigned int i = 0; i < w->relay[0].n_allocations; i++)
		if (cp_addr_equal(&w->relay[0].allocations[i].client, &c->mapped))
			memset(&w->relay[0].allocations[i].client, 0, sizeof(struct cp_addr));
	r.id[7] = 1; /* the portal lists another one: this is probed, and answers 437 */
	r.turn.server[0] = w->relay[2].addr;
	w->relay[2].silent = true;
	assert_int_equal(conn_relays_update(c->node, NULL, 0, &r, 1, w->now), 0);
	world_drain(w, c);
	run_active(w, 20 * CP_S, c, g);
	assert_int_equal(c->outs[CONN_OUT_FAILED] + g->outs[CONN_OUT_FAILED], 0);
	assert_true(c->path.handle > handle);
	assert_int_equal(c->unbound_paths, 1); /* what it had is of no use any more */
	assert_false(cp_addr_equal(&c->path.from, &from));
	assert_in_range(c->path.channel, STUN_CHANNEL_FIRST, STUN_CHANNEL_LAST);
	assert_true(c->outs[CONN_OUT_INVALIDATE] >= 1);
	world_free(w);
}

static void a_far_relay_is_not_chosen(void **s)
{
	struct world *w = world_new();
	struct host *c = world_host(w, CONN_CLIENT), *g = world_host(w, CONN_GATEWAY);
	w->relay[0].latency = 30 * CP_MS;
	world_relays(w, c, 2);
	world_run(w, 500 * CP_MS);
	for (int i = 0; i < 20; i++) {
		struct conn_peer p = world_peer(w, c, g);
		struct conn_info info;
		p.id[5] = p.public_key[3] = (uint8_t)i;
		assert_int_equal(conn_upsert(c->node, &p, w->now), CONN_CREATED);
		assert_true(conn_info(c->node, p.id, &info));
		assert_int_equal(info.relay_id[1], 1);
		world_drain(w, c);
	}
	world_free(w);
}

static void a_relay_that_dies_is_replaced(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, 2, NULL);
	world_run(w, 2 * CP_S);
	struct relay_host *was = relay_of(w, c, g);
	unsigned int said = c->n_texts;
	was->silent = true;
	run_active(w, 80 * CP_S, c, g);
	assert_ptr_not_equal(relay_of(w, c, g), was);
	assert_ptr_not_equal(relay_of(w, g, c), was);
	assert_int_equal(c->outs[CONN_OUT_INVALIDATE], 1);
	assert_non_null(strstr(c->invalid[0], "typ relay"));
	assert_int_equal(c->n_texts, said + 1);
	assert_non_null(strstr(c->texts[said], "typ relay"));
	assert_int_equal(c->outs[CONN_OUT_NO_RELAYS] + c->outs[CONN_OUT_FAILED], 0);
	world_free(w);
}

static void the_last_relay_that_dies_is_told(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, 1, NULL);
	world_run(w, CP_S);
	w->relay[0].silent = true;
	run_active(w, 80 * CP_S, c, g);
	assert_int_equal(c->outs[CONN_OUT_NO_RELAYS], 1);
	assert_int_equal(c->channels_up, 0);
	assert_true(world_is_connected(c, g)); /* directly */
	assert_int_equal(c->outs[CONN_OUT_FAILED], 0);
	world_free(w);
}

static void a_removed_relay_takes_its_candidates_along(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, 2, NULL);
	world_run(w, CP_S);
	uint8_t gone[1][CONN_ID_BYTES];
	unsigned int said = c->n_texts;
	memcpy(gone[0], world_info(c, g).relay_id, CONN_ID_BYTES);
	assert_int_equal(conn_relays_update(c->node, (const uint8_t (*)[CONN_ID_BYTES])gone, 1, NULL, 0, w->now), 0);
	world_drain(w, c);
	assert_int_equal(c->outs[CONN_OUT_INVALIDATE], 1);
	assert_non_null(strstr(c->invalid[0], "typ relay"));
	assert_int_equal(c->n_texts, said + 1);
	assert_non_null(strstr(c->texts[said], "typ relay"));
	assert_memory_not_equal(world_info(c, g).relay_id, gone[0], CONN_ID_BYTES);
	assert_int_equal(c->outs[CONN_OUT_NO_RELAYS], 0);
	world_free(w);
}

static void without_the_last_relay_the_portal_is_asked(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, 1, NULL);
	uint8_t gone[1][CONN_ID_BYTES];
	world_run(w, CP_S);
	memcpy(gone[0], world_info(c, g).relay_id, CONN_ID_BYTES);
	conn_relays_update(c->node, (const uint8_t (*)[CONN_ID_BYTES])gone, 1, NULL, 0, w->now);
	world_drain(w, c);
	assert_int_equal(c->outs[CONN_OUT_NO_RELAYS], 1);
	world_free(w);
}

/* A relay that was restarted under a new name is not two relays. */
static void one_server_is_one_relay(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, 1, NULL);
	struct conn_relay again = world_relay_settings(w, 0);
	world_run(w, CP_S);
	again.id[9] = 7;
	unsigned int bindings = w->relay[0].bindings;
	assert_int_equal(conn_relays_update(c->node, NULL, 0, &again, 1, w->now), 0);
	world_drain(w, c);
	assert_int_equal(world_info(c, g).relay_id[9], 7);
	assert_int_equal(c->channels_up, 0);
	world_run(w, 60 * CP_S);
	assert_in_range(w->relay[0].bindings - bindings, 1, 5); /* of one, and of the other host */
	assert_int_equal(c->outs[CONN_OUT_FAILED] + g->outs[CONN_OUT_FAILED], 0);
	world_free(w);
}

/* The check comes before the candidate, and the path is direct until that names it. */
static void a_path_is_renamed_when_its_far_end_is_announced(void **s)
{
	struct world *w = world_new();
	struct host *c = world_host(w, CONN_CLIENT), *g = world_host(w, CONN_GATEWAY);
	uint8_t c_id[CONN_ID_BYTES], g_id[CONN_ID_BYTES];
	w->lost = between_hosts;
	w->portal_mute = true;
	world_id(w, c, c_id);
	world_id(w, g, g_id);
	world_relays(w, c, 1);
	world_run(w, 100 * CP_MS);
	world_connect(w, c, g);
	conn_candidate_add(c->node, g_id, g->texts[0], strlen(g->texts[0]), w->now);
	world_drain(w, c);
	world_run(w, 2 * CP_S);
	assert_int_equal(g->path.kind, CONN_PATH_DIRECT);
	assert_int_equal(c->path.kind, CONN_PATH_OUR_RELAY);
	uint32_t handle = g->path.handle;
	assert_non_null(strstr(c->texts[2], "typ relay"));
	conn_candidate_add(g->node, c_id, c->texts[2], strlen(c->texts[2]), w->now);
	world_drain(w, g);
	assert_int_equal(g->path.kind, CONN_PATH_TO_RELAY);
	assert_int_equal(g->path.handle, handle + 1);
	world_free(w);
}

static struct conn_peer second_peer(struct world *w, const struct host *of, const struct host *to)
{
	struct conn_peer p = world_peer(w, of, to);
	p.id[5] = p.public_key[3] = 1;
	p.local.ufrag[1] = p.remote.ufrag[1] = 'x';
	return p;
}

static void tell_all(struct world *w, const struct host *from, struct host *to, const uint8_t id[CONN_ID_BYTES])
{
	for (unsigned int i = 0; i < from->n_texts; i++)
		conn_candidate_add(to->node, id, from->texts[i], (size_t)(strstr(from->texts[i], " ufrag") - from->texts[i]), w->now);
	world_drain(w, to);
}

/* Two connections to one address through one relay: the channel is held until the last of them lets go. */
static void a_channel_is_held_for_the_last_that_uses_it(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, 1, but_relay_to_relay);
	w->nf_strips = true;
	world_run(w, CP_S);
	struct conn_peer there = second_peer(w, c, g), here = second_peer(w, g, c);
	assert_int_equal(conn_upsert(c->node, &there, w->now), CONN_CREATED);
	assert_int_equal(conn_upsert(g->node, &here, w->now), CONN_CREATED);
	tell_all(w, c, g, here.id);
	tell_all(w, g, c, there.id);
	world_run(w, 2 * CP_S);
	struct conn_info first = world_info(c, g), second;
	assert_true(conn_info(c->node, there.id, &second));
	assert_true(second.path.handle && second.path.channel == first.path.channel);
	assert_true(conn_close(c->node, first.id, w->now));
	world_drain(w, c);
	world_run(w, 25 * 60 * CP_S);
	assert_true(conn_counters(c->node)->turn.channels_refreshed >= 4);
	assert_true(conn_info(c->node, there.id, &second) && second.path.channel == first.path.channel);
	conn_close_all(c->node, w->now);
	world_drain(w, c);
	uint64_t refreshed = conn_counters(c->node)->turn.channels_refreshed;
	world_run(w, 12 * 60 * CP_S);
	assert_true(conn_counters(c->node)->turn.channels_refreshed == refreshed);
	world_free(w);
}

static void the_same_relay_is_kept_and_others_are_probed(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, 2, NULL);
	struct conn_relay again = world_relay_settings(w, 0);
	world_run(w, CP_S);
	unsigned int allocates = w->relay[0].allocates, refreshes = w->relay[1].refreshes;
	assert_int_equal(conn_relays_update(c->node, NULL, 0, &again, 1, w->now), 0);
	world_drain(w, c);
	world_run(w, 5 * CP_S);
	assert_int_equal(w->relay[0].allocates, allocates);
	assert_int_equal(w->relay[1].refreshes, refreshes + 1);
	assert_int_equal(w->relay[0].refreshes, 0);
	world_free(w);
}

static void a_probed_relay_that_is_silent_goes_in_a_second(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, 2, NULL);
	struct conn_relay again = world_relay_settings(w, 0);
	world_run(w, CP_S);
	w->relay[1].silent = true;
	conn_relays_update(c->node, NULL, 0, &again, 1, w->now);
	world_drain(w, c);
	world_run(w, 1100 * CP_MS);
	assert_int_equal(world_info(c, g).relay_id[1], 0);
	world_free(w);
}

static void new_credentials_replace_a_relay(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, 2, NULL);
	world_run(w, CP_S);
	uint8_t chosen = world_info(c, g).relay_id[1];
	struct conn_relay again = world_relay_settings(w, chosen);
	again.turn.username = "2:u";
	unsigned int bindings = w->relay[chosen].bindings;
	assert_int_equal(conn_relays_update(c->node, NULL, 0, &again, 1, w->now), 0);
	world_drain(w, c);
	assert_int_equal(c->outs[CONN_OUT_INVALIDATE], 1);
	assert_int_equal(c->channels_up, 0);
	assert_int_equal(world_info(c, g).relay_id[1], chosen); /* it is still the same relay */
	world_run(w, 100 * CP_MS);
	assert_int_equal(w->relay[chosen].bindings, bindings + 1);
	world_free(w);
}

static void of_entries_that_contradict_each_other_the_first_stays(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, 2, NULL);
	struct conn_relay list[4];
	world_run(w, CP_S);
	for (unsigned int i = 0; i < 4; i++)
		list[i] = world_relay_settings(w, i % 2);
	list[2].id[5] = 1;               /* one server, two ids */
	list[3].turn.username = "2:u";   /* one id, two settings */
	unsigned int bindings = w->relay[0].bindings + w->relay[1].bindings;
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(conn_relays_update(c->node, NULL, 0, list, 4, w->now), -EINVAL);
		world_drain(w, c);
		world_run(w, 100 * CP_MS);
	}
	assert_int_equal(w->relay[0].bindings + w->relay[1].bindings, bindings);
	assert_int_equal(c->outs[CONN_OUT_INVALIDATE], 0);
	world_free(w);
}

static struct host *vanished;

static bool relayed_and_one_vanished(struct world *w, const struct packet *p)
{
	return but_relay_to_relay(w, p) || (vanished && (world_owner(w, &p->from) == vanished || world_owner(w, &p->to) == vanished));
}

static void a_relay_that_carries_others_is_not_suspected(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, 1, relayed_and_one_vanished);
	struct host *other = world_host(w, CONN_CLIENT);
	world_relays(w, other, 1);
	world_run(w, 100 * CP_MS);
	world_connect(w, other, g);
	run_active(w, 10 * CP_S, c, g);
	assert_int_equal(world_info(g, other).path.kind, CONN_PATH_RELAY_TO_RELAY);
	unsigned int refreshes = w->relay[0].refreshes;
	vanished = other;
	run_active(w, 160 * CP_S, c, g);
	assert_int_equal(g->outs[CONN_OUT_FAILED], 1);
	assert_int_equal(w->relay[0].refreshes, refreshes);
	assert_true(world_is_connected(g, c));
	vanished = NULL;
	world_free(w);
}

static void bad_relays_are_left_out(void **s)
{
	struct world *w = world_new();
	struct host *c = world_host(w, CONN_CLIENT);
	struct conn_relay many[CONN_RELAYS_MAX + 2] = {{{0}}};
	for (unsigned int i = 0; i < CONN_RELAYS_MAX + 2; i++) {
		many[i] = world_relay_settings(w, 0);
		many[i].id[5] = (uint8_t)i;
		many[i].turn.server[0].ip[3] = (uint8_t)(10 + i);
	}
	many[0].turn.server[0].family = CP_NONE;
	assert_int_equal(conn_relays_update(c->node, NULL, 0, many, 1, w->now), -EINVAL);
	char username[TURN_TEXT_MAX + 1] = {0};
	memset(username, 'u', TURN_TEXT_MAX);
	many[0] = many[1];
	many[0].turn.username = username;
	assert_int_equal(conn_relays_update(c->node, NULL, 0, many, 1, w->now), -EINVAL);
	assert_int_equal(conn_relays_update(c->node, NULL, 0, many + 1, CONN_RELAYS_MAX + 1, w->now), -ENOSPC);
	world_drain(w, c);
	assert_int_equal(c->outs[CONN_OUT_SEND], CONN_RELAYS_MAX);
	world_free(w);
}

static void a_refusing_relay_is_left_for_another(void **s)
{
	struct world *w = world_new();
	struct host *c = world_host(w, CONN_CLIENT), *g = world_host(w, CONN_GATEWAY);
	w->relay[0].refuse = 508;
	world_relays(w, c, 2);
	world_connect_one(w, c, g);
	world_run(w, CP_S);
	assert_int_equal(world_info(c, g).relay_id[1], 1);
	world_free(w);
}

/* Trap 10: the peer's first candidate is of a family that we have none of, and our relay still deliberates. */
static void want_of_a_pair_is_no_failure_while_a_relay_may_help(void **s)
{
	static const char v6[] = "candidate:1 1 udp 2130706431 2001:db8::9 52625 typ host";
	struct world *w = world_new();
	struct host *c = world_host(w, CONN_CLIENT), *g = world_host(w, CONN_GATEWAY);
	uint8_t id[CONN_ID_BYTES];
	world_id(w, g, id);
	w->relay[0].latency = 950 * CP_MS;
	world_relays(w, c, 1);
	world_connect_one(w, c, g);
	assert_int_equal(conn_candidate_add(c->node, id, v6, strlen(v6), w->now), 0);
	world_drain(w, c);
	world_run(w, 2500 * CP_MS); /* ICE's grace would be over */
	assert_int_equal(c->outs[CONN_OUT_FAILED], 0);
	world_run(w, 3 * CP_S); /* it is IPv4, too */
	assert_int_equal(c->outs[CONN_OUT_FAILED], 1);
	world_free(w);
}

/* Chosen before any relay had answered: whoever sits on the silent one moves when the other serves. */
static void a_choice_made_blind_is_made_again(void **s)
{
	struct world *w = world_new();
	struct host *c = world_host(w, CONN_CLIENT), *g = world_host(w, CONN_GATEWAY);
	struct conn_info info;
	unsigned int on_silent = 0;
	w->relay[0].silent = true;
	world_relays(w, c, 2);
	for (uint8_t i = 0; i < 20; i++) {
		struct conn_peer p = world_peer(w, c, g);
		p.id[5] = p.public_key[3] = i;
		assert_int_equal(conn_upsert(c->node, &p, w->now), CONN_CREATED);
		assert_true(conn_info(c->node, p.id, &info));
		on_silent += info.relay_id[1] == 0;
	}
	assert_in_range(on_silent, 4, 16);
	world_drain(w, c);
	world_run(w, 100 * CP_MS);
	for (uint8_t i = 0; i < 20; i++) {
		struct conn_peer p = world_peer(w, c, g);
		p.id[5] = i;
		assert_true(conn_info(c->node, p.id, &info));
		assert_int_equal(info.relay_id[1], 1);
	}
	world_free(w);
}

/* The relay never answers, and the portal lists it again and again: what has lost its path does not wait for it. */
static void a_silent_relay_keeps_nothing_alive(void **s)
{
	struct world *w = world_new();
	struct host *c = world_host(w, CONN_CLIENT), *g = world_host(w, CONN_GATEWAY);
	w->relay[0].silent = true;
	world_connect(w, c, g);
	world_run(w, CP_S);
	w->lost = between_hosts;
	for (int i = 0; i < 25; i++) {
		world_relays(w, c, 1);
		run_active(w, CP_S, c, g);
	}
	assert_int_equal(c->outs[CONN_OUT_FAILED], 1);
	world_connect_one(w, c, g);
	for (int i = 0; i < 25; i++) { /* nor does what found none */
		world_relays(w, c, 1);
		world_run(w, CP_S);
	}
	assert_int_equal(c->outs[CONN_OUT_FAILED], 2);
	world_free(w);
}

/* The list comes after the first authorisation: §2.8 would fail here. */
static void relays_may_come_late(void **s)
{
	struct world *w = world_new();
	struct host *c = world_host(w, CONN_CLIENT), *g = world_host(w, CONN_GATEWAY);
	w->lost = but_relay_to_relay;
	world_connect(w, c, g);
	world_run(w, CP_S);
	world_relays(w, c, 1);
	world_relays(w, g, 1);
	world_run(w, CP_S);
	assert_true(world_is_connected(c, g) && world_is_connected(g, c));
	world_free(w);
}

static void the_held_channel_outlives_ten_minutes(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, 1, but_relay_to_relay);
	world_run(w, 5 * CP_S);
	unsigned int up = c->channels_up;
	world_run(w, 30 * 60 * CP_S);
	assert_true(world_is_connected(c, g));
	assert_int_equal(c->outs[CONN_OUT_FAILED], 0);
	assert_in_range(c->channels_up, 1, up); /* the NF hears of a channel once, not of every refresh */
	assert_true(conn_counters(c->node)->turn.channels_refreshed >= 5);
	assert_int_equal(c->early_deadlines, 0);
	world_free(w);
}

/* The NF strips channels: the core never hears them, and holds those that paths use. */
static void channels_of_paths_are_held_unheard(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, 1, but_relay_to_relay);
	w->nf_strips = true;
	world_run(w, 30 * 60 * CP_S);
	assert_true(world_is_connected(c, g));
	assert_int_equal(c->outs[CONN_OUT_FAILED] + g->outs[CONN_OUT_FAILED], 0);
	assert_int_equal(c->unbound_paths + g->unbound_paths, 0);
	assert_in_range(conn_counters(c->node)->turn.channels_refreshed, 5, 6); /* of the one that is used */
	assert_true(conn_counters(c->node)->turn.channels_expired > 0);         /* of the others */
	world_free(w);
}

/* Reports count as hearing. */
static void reported_channels_live(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, 1, NULL);
	struct conn_report r = {.kind = CONN_REPORT_CHANNEL, .relay = w->relay[0].addr, .channel = STUN_CHANNEL_FIRST, .received = true};
	w->nf_strips = true;
	world_run(w, 5 * CP_S);
	w->portal_mute = true;
	for (int i = 0; i < 20 * 60; i++) {
		conn_report_in(g->node, &r, w->now);
		world_run(w, CP_S);
	}
	assert_true(conn_counters(g->node)->turn.channels_refreshed >= 3);
	assert_int_equal(conn_counters(c->node)->turn.channels_refreshed, 0);
	r.relay.port = 1;
	conn_report_in(g->node, &r, w->now);
	assert_int_equal(conn_counters(g->node)->reports_unknown, 1);
	world_free(w);
}

static void release_confirms(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, 2, NULL);
	world_run(w, CP_S);
	w->relay[1].silent = true;
	c->released = -1;
	conn_release(c->node, w->now);
	world_drain(w, c);
	assert_int_equal(c->outs[CONN_OUT_RELEASED], 0);
	world_run(w, 1100 * CP_MS);
	assert_int_equal(c->outs[CONN_OUT_RELEASED], 1);
	assert_int_equal(c->released, 1);
	assert_int_equal(w->relay[0].releases, 1);
	assert_int_equal(c->outs[CONN_OUT_NO_RELAYS], 0);
	conn_release(c->node, w->now);
	world_drain(w, c);
	assert_int_equal(c->outs[CONN_OUT_RELEASED], 2);
	assert_int_equal(c->released, 0);
	struct conn_relay late = world_relay_settings(w, 0);
	memset(late.id, 0x77, sizeof(late.id));
	assert_int_equal(conn_relays_update(c->node, NULL, 0, &late, 1, w->now), -ESHUTDOWN);
	world_free(w);
}

static void relay_control_goes_first(void **s)
{
	struct world *w = world_new();
	struct host *c = world_host(w, CONN_CLIENT), *g = world_host(w, CONN_GATEWAY);
	struct conn_peer p = world_peer(w, c, g);
	struct conn_relay r = world_relay_settings(w, 0);
	struct conn_out o;
	conn_upsert(c->node, &p, w->now);
	conn_relays_update(c->node, NULL, 0, &r, 1, w->now);
	assert_true(conn_next(c->node, w->now, &o));
	assert_int_equal(o.kind, CONN_OUT_SEND);
	assert_true(cp_addr_equal(&o.to, &w->relay[0].addr));
	assert_int_equal(o.from.family, CP_NONE);
	world_free(w);
}

static void a_moved_host_begins_anew_with_its_relays(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, 1, NULL);
	world_run(w, CP_S);
	unsigned int bindings = w->relay[0].bindings;
	c->addr.ip[3] = 77;
	world_tell_addresses(w, c);
	world_run(w, 30 * CP_S);
	assert_true(w->relay[0].bindings > bindings);
	assert_int_equal(c->outs[CONN_OUT_FAILED], 0);
	assert_int_equal(c->path.kind, CONN_PATH_DIRECT);
	assert_true(cp_addr_equal(&c->path.from, &c->addr));
	world_free(w);
}

/* WireGuard that a relay delivers belongs to the peer behind it. */
static void channel_data_is_stripped(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, 1, but_relay_to_relay);
	uint8_t wire[4 + 32] = {0};
	struct conn_inner in;
	world_run(w, CP_S);
	stun_channel_header(wire, c->path.channel, 32);
	wire[4] = 4;
	assert_int_equal(conn_udp_in(c->node, &c->addr, &w->relay[0].addr, wire, sizeof(wire), w->now, &in), CONN_WIREGUARD);
	assert_true(cp_addr_equal(&in.from, &c->path.to) && cp_addr_equal(&in.at, &c->path.from));
	assert_int_equal(in.bytes, 32);
	stun_channel_header(wire, 0x4ff0, 32);
	assert_int_equal(conn_udp_in(c->node, &c->addr, &w->relay[0].addr, wire, sizeof(wire), w->now, &in), CONN_DROPPED);
	assert_int_equal(conn_counters(c->node)->channel_unknown, 1);
	assert_int_equal(conn_udp_in(c->node, &c->addr, &g->addr, wire, sizeof(wire), w->now, &in), CONN_DROPPED);
	assert_int_equal(conn_counters(c->node)->relay_unknown, 1);
	world_free(w);
}

static void one_lost_link_is_no_lost_connection(void **s)
{
	struct host *c, *g;
	struct world *w = pair(&c, &g, 2, between_hosts);
	world_run(w, 5 * CP_S);
	assert_int_not_equal(c->path.kind, CONN_PATH_DIRECT);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_relay_connects_what_cannot_meet),
		cmocka_unit_test(the_direct_path_wins),
		cmocka_unit_test(channels_are_bound_ahead_of_checks),
		cmocka_unit_test(falls_back_to_the_relay_and_returns),
		cmocka_unit_test(relay_candidates_only_of_the_selected_relay),
		cmocka_unit_test(a_dead_relay_is_found_out_within_ices_grace),
		cmocka_unit_test(a_forgotten_allocation_is_made_anew),
		cmocka_unit_test(a_far_relay_is_not_chosen),
		cmocka_unit_test(a_relay_that_dies_is_replaced),
		cmocka_unit_test(the_last_relay_that_dies_is_told),
		cmocka_unit_test(a_removed_relay_takes_its_candidates_along),
		cmocka_unit_test(without_the_last_relay_the_portal_is_asked),
		cmocka_unit_test(one_server_is_one_relay),
		cmocka_unit_test(a_path_is_renamed_when_its_far_end_is_announced),
		cmocka_unit_test(a_channel_is_held_for_the_last_that_uses_it),
		cmocka_unit_test(the_same_relay_is_kept_and_others_are_probed),
		cmocka_unit_test(a_probed_relay_that_is_silent_goes_in_a_second),
		cmocka_unit_test(new_credentials_replace_a_relay),
		cmocka_unit_test(of_entries_that_contradict_each_other_the_first_stays),
		cmocka_unit_test(a_relay_that_carries_others_is_not_suspected),
		cmocka_unit_test(bad_relays_are_left_out),
		cmocka_unit_test(a_refusing_relay_is_left_for_another),
		cmocka_unit_test(want_of_a_pair_is_no_failure_while_a_relay_may_help),
		cmocka_unit_test(a_choice_made_blind_is_made_again),
		cmocka_unit_test(a_silent_relay_keeps_nothing_alive),
		cmocka_unit_test(relays_may_come_late),
		cmocka_unit_test(the_held_channel_outlives_ten_minutes),
		cmocka_unit_test(channels_of_paths_are_held_unheard),
		cmocka_unit_test(reported_channels_live),
		cmocka_unit_test(release_confirms),
		cmocka_unit_test(relay_control_goes_first),
		cmocka_unit_test(a_moved_host_begins_anew_with_its_relays),
		cmocka_unit_test(channel_data_is_stripped),
		cmocka_unit_test(one_lost_link_is_no_lost_connection),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
