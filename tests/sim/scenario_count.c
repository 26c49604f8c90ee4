/* SPDX-License-Identifier: Apache-2.0 */
/* Checks, to the last one: when they leave, and how many. */
#include "stage.h"

#define RTT        (20 * CP_MS) /* between two hosts on the internet of a stage */
#define CHECKS_MAX 12u

static const struct stage_end at_home = {&nat_restricted, "192.168.1.10", NULL};
static const struct stage_end at_work = {&nat_restricted, "192.168.2.10", NULL};
static const struct stage_end v4[2] = {{NULL, "192.0.2.10", NULL}, {NULL, "192.0.2.20", NULL}};
static const struct stage_end dual[2] = {{NULL, "192.0.2.10", "2001:db8:1::10"}, {NULL, "192.0.2.20", "2001:db8:1::20"}};

static const struct checks_of_pair *only_pair(const struct host *h)
{
	return h->n_checks == 1 ? &h->checks[0] : NULL;
}

/* Gaps between the first checks of a pair, in ms; -1: any. */
static bool leave_at(const struct checks_of_pair *c, const int *gaps_ms, unsigned int n)
{
	if (!c || c->sent < n + 1)
		return false;
	for (unsigned int i = 0; i < n; i++)
		if (gaps_ms[i] >= 0 && c->times[i + 1] - c->times[i] != (cp_time)gaps_ms[i] * CP_MS)
			return false;
	return true;
}

/* One pair between two hosts: the gateway checks at .25, .5, 1 and then every 1.5 s; the client likewise, but for the
 * nominating check that it inserts as soon as the first one is answered. */
static void live_pair(struct world *w, const struct host_settings *nf)
{
	struct stage s = stage_build(w, nf, v4[0], v4[1], 0);
	static const int gateway[] = {250, 500, 1000, 1500, 1500, 1500, 1500}, client[] = {20, 500, 1000, 1500, 1500, 1500, 1500};
	MUST(w, stage_settle(&s));
	stage_talk(&s, CP_S);
	world_run(w, 10 * CP_S);
	MUST(w, only_pair(s.client) && only_pair(s.gateway));
	MUST(w, leave_at(only_pair(s.gateway), gateway, 7));
	MUST(w, leave_at(only_pair(s.client), client, 7));
	uint64_t before[2] = {host_checks_sent(s.client), host_checks_sent(s.gateway)};
	world_run(w, 150 * CP_S);
	MUST(w, host_checks_sent(s.client) - before[0] == 100);
	MUST(w, host_checks_sent(s.gateway) - before[1] == 100);
	MUST(w, s.client->checks[0].nominating == s.client->checks[0].sent - 1);
	MUST(w, s.gateway->checks[0].nominating == 0);
}

static const struct checks_of_pair *pair_between(const struct host *h, const struct cp_addr *to_ip)
{
	for (unsigned int i = 0; i < h->n_checks; i++)
		if (cp_ip_equal(&h->checks[i].to, to_ip) && cp_addr_equal(&h->checks[i].from, &h->addrs[0].addr))
			return &h->checks[i];
	return NULL;
}

/* What is never answered: twelve checks, the last one 13.75 s after the first. */
static void unanswered_pair(struct world *w, const struct host_settings *nf)
{
	struct stage s = stage_build(w, nf, at_home, at_work, 1);
	static const int gaps[] = {250, 500, 1000, 1500, 1500, 1500, 1500, 1500, 1500, 1500, 1500};
	net_cut(&w->net, &world_nat_of(w, s.home[0])->outer, &world_nat_of(w, s.home[1])->outer);
	MUST(w, stage_settle(&s));
	stage_talk(&s, CP_S);
	world_run(w, 60 * CP_S);
	const struct checks_of_pair *c = pair_between(s.client, &world_nat_of(w, s.home[1])->own[0]);
	const struct checks_of_pair *g = pair_between(s.gateway, &world_nat_of(w, s.home[0])->own[0]);
	MUST(w, c && c->sent == CHECKS_MAX && leave_at(c, gaps, CHECKS_MAX - 1));
	MUST(w, g && g->sent == CHECKS_MAX && leave_at(g, gaps, CHECKS_MAX - 1));
	MUST(w, stage_is_relayed(&s));
}

/* A pair that worked: 1.5, .5, 1, and 1.5 s again until the twelfth; it is given up 16.5 s after the first unanswered one. */
static void blackout(struct world *w, const struct host_settings *nf)
{
	struct stage s = stage_build(w, nf, v4[0], v4[1], 0);
	static const int gaps[] = {1500, 500, 1000, 1500, 1500, 1500, 1500, 1500, 1500, 1500, 1500};
	MUST(w, stage_settle(&s));
	stage_talk(&s, CP_S);
	world_run(w, 10 * CP_S);
	cp_time last = s.client->checks[0].last;
	while (s.client->checks[0].last == last)
		world_run(w, CP_MS);
	world_run(w, 100 * CP_MS);
	stage_hush(&s);
	net_cut(&w->net, &s.client->nics[0], &s.gateway->nics[0]);
	s.client->checks[0].sent = 0;
	world_run(w, 60 * CP_S);
	MUST(w, s.client->checks[0].sent == CHECKS_MAX && leave_at(&s.client->checks[0], gaps, CHECKS_MAX - 1));
	MUST(w, s.client->count.failed == 1 && s.client->count.failures[CONN_FAILED_ICE] == 1);
	cp_time gone = s.client->count.last_failed - s.client->checks[0].times[0];
	MUST(w, gone == 18500 * CP_MS); /* and 2 s of grace */
}

/* Two live pairs, nobody talks: after 20 s each is checked every 25 s, and a word wakes them up at once. */
static void idle_pairs(struct world *w, const struct host_settings *nf)
{
	struct stage s = stage_build(w, nf, dual[0], dual[1], 0);
	MUST(w, stage_settle(&s));
	world_run(w, 60 * CP_S);
	MUST(w, stage_info(s.client, s.gateway).state == CONN_IDLE && stage_info(s.gateway, s.client).state == CONN_IDLE);
	uint64_t before[2] = {host_checks_sent(s.client), host_checks_sent(s.gateway)};
	world_run(w, 500 * CP_S);
	MUST(w, host_checks_sent(s.client) - before[0] == 2 * 20);
	MUST(w, host_checks_sent(s.gateway) - before[1] == 2 * 20);
	before[0] = host_checks_sent(s.client);
	world_run(w, 5 * CP_S);
	stage_talk(&s, CP_S);
	world_run(w, 300 * CP_MS);
	MUST(w, stage_info(s.client, s.gateway).state == CONN_CONNECTED && stage_info(s.gateway, s.client).state == CONN_CONNECTED);
	MUST(w, host_checks_sent(s.client) - before[0] >= 2);
}

/* A single pair: nothing else is possible, so it never goes idle. */
static void completed_pair(struct world *w, const struct host_settings *nf)
{
	struct stage s = stage_build(w, nf, v4[0], v4[1], 0);
	MUST(w, stage_settle(&s));
	world_run(w, 60 * CP_S);
	MUST(w, stage_info(s.client, s.gateway).ice == ICE_COMPLETED);
	MUST(w, stage_info(s.client, s.gateway).state == CONN_CONNECTED);
	uint64_t before = host_checks_sent(s.gateway);
	world_run(w, 150 * CP_S);
	MUST(w, host_checks_sent(s.gateway) - before == 100);
}

/* The same world, once with checks answered by the NF and reported, once by the core: same path, same time, same checks. */
struct outcome {
	cp_time established;
	enum conn_path_kind kind;
	struct cp_addr to;
	uint64_t checks, failed;
	enum ice_state ice;
};

static struct outcome outcome_of(const struct host *h, const struct host *peer)
{
	struct conn_info info = stage_info(h, peer);
	return (struct outcome){.established = h->count.last_established, .kind = info.path.kind, .to = info.path.to,
				.checks = host_checks_sent(h), .failed = h->count.failed, .ice = info.ice};
}

static void run_once(uint64_t seed, bool responds, bool symmetric, struct outcome ret[2])
{
	struct world *w = world_new(seed, 2, NULL);
	struct host_settings nf = {.responds = responds};
	struct stage_end client = at_home;
	if (symmetric)
		client.nat = &nat_symmetric;
	struct stage s = stage_build(w, &nf, client, at_work, 2);
	stage_connect(&s);
	stage_talk(&s, 300 * CP_MS);
	world_run(w, 60 * CP_S);
	ret[0] = outcome_of(s.client, s.gateway);
	ret[1] = outcome_of(s.gateway, s.client);
	world_free(w);
}

static bool is_same(const struct outcome *a, const struct outcome *b)
{
	return a->established == b->established && a->kind == b->kind && cp_addr_equal(&a->to, &b->to) && a->checks == b->checks &&
	       a->failed == b->failed && a->ice == b->ice;
}

static void responder_is_the_core(struct world *w, const struct host_settings *nf)
{
	for (int symmetric = 0; symmetric < 2; symmetric++) {
		struct outcome core[2], reported[2];
		run_once(w->seed, false, symmetric, core);
		run_once(w->seed, true, symmetric, reported);
		MUST(w, core[0].established > 0 && core[1].established > 0);
		MUST(w, is_same(&core[0], &reported[0]));
		MUST(w, is_same(&core[1], &reported[1]));
	}
}

const struct scenario scenarios_count[] = {
	{"a_live_pair_is_checked_at_its_cadence_to_the_last_check", live_pair, 2},
	{"an_unanswered_pair_gets_twelve_checks", unanswered_pair, 2},
	{"a_pair_that_goes_dark_is_given_up_in_time", blackout, 2},
	{"idle_pairs_are_checked_every_25_s", idle_pairs, 2},
	{"a_completed_agent_never_goes_idle", completed_pair, 2},
	{"what_the_nf_answers_counts_as_what_the_core_answers", responder_is_the_core, 2, true},
	{NULL},
};
