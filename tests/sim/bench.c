/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a connection takes to come about, in simulated topologies: from the client's request at the portal until both
 * ends may send, over many seeds of latencies and random numbers. Virtual time, so the machine does not matter.
 *
 *   bench_sim OUT.jsonl
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stage.h"

#define SEEDS 501u

struct topic {
	const char *name;
	struct stage_end client, gateway;
	unsigned int relays;
	bool warm; /* the relays were there before; otherwise the nodes have just started */
};

static const struct topic topics[] = {
	{"setup_lan", {NULL, "192.0.2.10", NULL}, {NULL, "192.0.2.20", NULL}, 0, true},
	{"setup_direct", {&nat_restricted, "192.168.1.10", NULL}, {&nat_restricted, "192.168.2.10", NULL}, 2, true},
	{"setup_direct_cold", {&nat_restricted, "192.168.1.10", NULL}, {&nat_restricted, "192.168.2.10", NULL}, 2, false},
	{"setup_symmetric_client", {&nat_symmetric, "192.168.1.10", NULL}, {&nat_restricted, "192.168.2.10", NULL}, 2, true},
	{"setup_relayed", {&nat_symmetric, "192.168.1.10", NULL}, {&nat_symmetric, "192.168.2.10", NULL}, 2, true},
	{"setup_relayed_cold", {&nat_symmetric, "192.168.1.10", NULL}, {&nat_symmetric, "192.168.2.10", NULL}, 2, false},
	{"setup_cross_family", {&nat_restricted, "192.168.1.10", NULL}, {NULL, NULL, "2001:db8:2::20"}, 2, true},
};

static void weather(struct world *w)
{
	for (unsigned int i = 0; i < w->n_nats; i++) {
		w->nats[i].outer.link.latency = dice_between(&w->dice, 1, 20) * CP_MS;
		w->nats[i].inner.link.latency = dice_between(&w->dice, 0, 3) * CP_MS;
	}
	for (unsigned int i = 0; i < w->n_relays; i++)
		w->relays[i].nic.link.latency = dice_between(&w->dice, 1, 20) * CP_MS;
	for (unsigned int i = 0; i < w->n_hosts; i++)
		w->hosts[i].nics[0].link.latency = dice_between(&w->dice, 0, 5) * CP_MS;
	w->portal.least = 2 * CP_MS;
	w->portal.most = dice_between(&w->dice, 5, 50) * CP_MS;
	w->portal.reorders = true;
}

/* In ms; negative: it did not come about within its bound. */
static double setup(const struct topic *t, uint64_t seed)
{
	const struct host_settings nf = {.strips = seed & 1, .responds = seed & 2};
	struct world *w = world_new(seed, 2, NULL);
	struct stage s = stage_build(w, &nf, t->client, t->gateway, t->relays);
	weather(w);
	world_start(w);
	if (t->warm)
		world_run(w, 5 * CP_S);
	cp_time began = w->clock.now;
	portal_connect(&w->portal, s.client, s.gateway);
	bool came = stage_wait(&s, stage_is_connected, oracle_bound(w, s.client, s.gateway));
	double ms = (double)(w->clock.now - began) / 1e6;
	world_free(w);
	return came ? ms : -1;
}

static int ascending(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static bool measure(const struct topic *t, FILE *out)
{
	double ms[SEEDS];
	for (unsigned int i = 0; i < SEEDS; i++)
		ms[i] = setup(t, 1 + i);
	qsort(ms, SEEDS, sizeof(ms[0]), ascending);
	printf("%-24s %8u %10.1f %10.1f %10.1f ms\n", t->name, SEEDS, ms[SEEDS / 2], ms[0], ms[SEEDS - 1]);
	fprintf(out, "{\"name\":\"%s\",\"seeds\":%u,\"median\":%.2f,\"min\":%.2f,\"max\":%.2f,\"unit\":\"ms\",\"simulated\":true}\n", t->name,
		SEEDS, ms[SEEDS / 2], ms[0], ms[SEEDS - 1]);
	return ms[0] >= 0;
}

int main(int argc, char **argv)
{
	bool all = true;
	FILE *out = argc == 2 ? fopen(argv[1], "w") : NULL;
	if (!out) {
		fprintf(stderr, "bench_sim: %s\n", argc == 2 ? strerror(errno) : "usage: bench_sim OUT.jsonl");
		return 2;
	}
	printf("%-24s %8s %10s %10s %10s\n", "connection set-up", "seeds", "median", "min", "max");
	for (unsigned int i = 0; i < sizeof(topics) / sizeof(topics[0]); i++)
		all = measure(&topics[i], out) && all;
	fclose(out);
	return all ? 0 : 1;
}
