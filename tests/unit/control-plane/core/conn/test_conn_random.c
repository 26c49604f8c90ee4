/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever comes, in whatever order: rules that hold, printed with the seed that broke them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "stun/stun.h"
#include "world.h"

#define SEEDS 60u
#define STEPS 400u

static struct cp_rng rng;
static uint32_t loss_percent;

static uint32_t below(uint32_t n)
{
	return cp_rng_below(&rng, n);
}

static bool lossy(struct world *w, const struct packet *p)
{
	return below(100) < loss_percent;
}

static struct host *any_host(struct world *w)
{
	return &w->host[below(w->n_hosts)];
}

static void random_datagram(struct world *w, struct host *h)
{
	uint8_t p[CONN_DATAGRAM_MAX];
	size_t bytes = below(200);
	struct cp_addr from = below(2) ? w->relay[below(WORLD_RELAYS)].addr : any_host(w)->addr;
	cp_rng_fill(&rng, p, sizeof(p));
	if (below(2) && bytes >= STUN_HEADER_BYTES) {
		static const uint8_t cookie[4] = {0x21, 0x12, 0xa4, 0x42};
		p[0] = (uint8_t)below(2), p[1] = (uint8_t)below(10);
		p[2] = 0, p[3] = (uint8_t)(bytes - STUN_HEADER_BYTES);
		memcpy(p + 4, cookie, sizeof(cookie));
	} else if (below(2) && bytes >= 4) {
		stun_channel_header(p, (uint16_t)(STUN_CHANNEL_FIRST + below(4)), (uint16_t)(bytes - 4));
	}
	world_datagram(w, h, &from, p, bytes);
}

static void random_report(struct world *w, struct host *h)
{
	struct conn_report r = {.kind = (enum conn_report_kind)below(6), .public_key = {0x40, any_host(w)->seed}};
	snprintf(r.ufrag, sizeof(r.ufrag), "u%02u%c", below(w->n_hosts), (char)('a' + below(w->n_hosts)));
	r.ice = (struct ice_report){.at = h->addr, .from = any_host(w)->addr, .priority = below(1u << 31), .requests = 1 + below(3)};
	r.ice.nominations = below(r.ice.requests + 2);
	r.relay = w->relay[below(WORLD_RELAYS)].addr;
	r.channel = (uint16_t)(STUN_CHANNEL_FIRST + below(8));
	r.received = below(2);
	if (r.kind == CONN_REPORT_EXPIRED && below(4))
		return;
	conn_report_in(h->node, &r, w->now);
}

static void random_candidate(struct world *w, struct host *h)
{
	static const char *const kinds[] = {"host", "srflx", "relay", "prflx"};
	char line[120];
	uint8_t id[CONN_ID_BYTES] = {(uint8_t)(1 + below(6))};
	int n = snprintf(line, sizeof(line), "candidate:1 1 udp %u 192.0.2.%u %u typ %s", below(1u << 31), 1 + below(8),
			 1024 + below(8), kinds[below(4)]);
	if (below(3))
		conn_candidate_add(h->node, id, line, (size_t)n, w->now);
	else
		conn_candidate_remove(h->node, id, line, (size_t)n, w->now);
}

static void random_relays(struct world *w, struct host *h)
{
	struct conn_relay add[2] = {world_relay_settings(w, below(WORLD_RELAYS)), world_relay_settings(w, below(WORLD_RELAYS))};
	uint8_t gone[1][CONN_ID_BYTES] = {{0xe0, (uint8_t)below(WORLD_RELAYS)}};
	add[1].turn.password = below(2) ? "p" : "q";
	conn_relays_update(h->node, (const uint8_t (*)[CONN_ID_BYTES])gone, below(2), add, below(3), w->now);
	w->relay[below(WORLD_RELAYS)].silent = below(2);
	w->relay[below(WORLD_RELAYS)].refuse = below(3) ? 0 : 508;
}

static void random_addresses(struct world *w, struct host *h)
{
	struct cp_addr a[2] = {h->addr, h->second};
	conn_addresses(h->node, a, below(4) ? 1 : below(3), w->now);
}

static void random_upsert(struct world *w, struct host *h)
{
	struct conn_peer p = world_peer(w, h, any_host(w));
	p.preshared_key[3] ^= below(8) == 0;
	p.id[0] ^= below(8) == 0 ? 4 : 0;
	conn_upsert(h->node, &p, w->now);
}

static void random_end(struct world *w, struct host *h)
{
	uint8_t id[CONN_ID_BYTES] = {(uint8_t)(1 + below(4))};
	switch (below(12)) {
	case 0:
		conn_close_all(h->node, w->now);
		break;
	case 1:
		conn_reset(h->node, w->now);
		break;
	case 2:
		conn_sweep(h->node, w->now);
		break;
	case 3:
		conn_release(h->node, w->now);
		break;
	case 4:
		conn_reassert(h->node, w->now);
		break;
	case 5:
	case 6:
		world_restart(w, h);
		break;
	case 7:
		conn_close(h->node, id, w->now);
		break;
	default:
		conn_remove(h->node, id, w->now);
	}
}

static void step(struct world *w)
{
	struct host *h = any_host(w);
	switch (below(16)) {
	case 0:
		random_relays(w, h);
		break;
	case 1:
		random_addresses(w, h);
		break;
	case 2:
		random_end(w, h);
		break;
	case 3:
	case 4:
		random_upsert(w, h);
		break;
	case 5:
	case 6:
		random_candidate(w, h);
		break;
	case 7:
	case 8:
		random_report(w, h);
		break;
	default:
		random_datagram(w, h);
	}
	if (below(8)) /* now and then two inputs before anybody looks */
		world_drain(w, h);
	world_run(w, below(4) ? below(300) * CP_MS : below(40) * CP_S);
}

static void holds(const struct world *w, uint32_t seed)
{
	for (unsigned int i = 0; i < w->n_hosts; i++) {
		const struct conn_counters *k = conn_counters(w->host[i].node);
		uint64_t began = k->created + k->replaced + k->restored;
		if (w->host[i].early_deadlines || k->out_of_memory || conn_count(w->host[i].node) > began || k->answers_lost) {
			print_error("seed %u host %u\n", seed, i);
			fail();
		}
	}
}

static uint64_t play(uint32_t seed)
{
	uint8_t key[16] = {(uint8_t)seed, (uint8_t)(seed >> 8), 1};
	uint64_t digest = 0;
	cp_rng_seed(&rng, key);
	loss_percent = seed % 4 * 10;
	struct world *w = world_new();
	w->lost = lossy;
	for (int i = 0; i < 3; i++)
		world_host(w, i == 0 ? CONN_GATEWAY : CONN_CLIENT);
	for (unsigned int i = 0; i < w->n_hosts; i++) {
		w->host[i].second = w->host[i].addr;
		w->host[i].second.port++;
	}
	for (unsigned int i = 0; i < STEPS; i++) {
		step(w);
		holds(w, seed);
	}
	for (unsigned int i = 0; i < w->n_hosts; i++)
		digest = digest * 31 + w->host[i].digest;
	world_free(w);
	return digest;
}

static void random_inputs_keep_the_rules(void **s)
{
	for (uint32_t seed = 0; seed < SEEDS; seed++)
		play(seed);
}

static void same_seed_and_inputs_same_outputs(void **s)
{
	for (uint32_t seed = 0; seed < 6; seed++)
		assert_true(play(seed) == play(seed));
	assert_true(play(1) != play(5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_inputs_keep_the_rules),
		cmocka_unit_test(same_seed_and_inputs_same_outputs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
