/* SPDX-License-Identifier: Apache-2.0 */
#include "random.h"

#include <stdio.h>
#include <string.h>

#include "faults.h"
#include "oracle.h"

#define WEATHER (25 * CP_S) /* what loss may cost: five attempts of WireGuard, or a pair that died of it */
#define BETTER  (4 * CP_S)  /* until the best pair is used, when any is */

struct casting {
	struct world *w;
	struct topology t;
	struct dice dice;
	struct random_result *r;
	bool asked[3][2];
	bool outlived; /* see struct fault */
	uint64_t failed; /* connections, before the fault */
	bool met;        /* the first two, likewise */
};

typedef void (*of_pair)(struct casting *c, struct host *client, struct host *gateway);

static void for_each_asked(struct casting *c, of_pair f)
{
	for (unsigned int i = 0; i < c->t.n_clients; i++)
		for (unsigned int k = 0; k < c->t.n_gateways; k++)
			if (c->asked[i][k])
				f(c, c->t.clients[i], c->t.gateways[k]);
}

static void ask(struct casting *c)
{
	bool at_once = dice_below(&c->dice, 2);
	if (!at_once)
		world_run(c->w, 10 * CP_S);
	for (unsigned int i = 0; i < c->t.n_clients; i++)
		for (unsigned int k = 0; k < c->t.n_gateways; k++)
			if ((i == 0 && k == 0) || dice_below(&c->dice, 2)) {
				c->asked[i][k] = true;
				portal_connect(&c->w->portal, c->t.clients[i], c->t.gateways[k]);
				world_run(c->w, dice_between(&c->dice, 0, 300) * CP_MS);
			}
}

static cp_time bound_of_all(struct casting *c)
{
	cp_time bound = 0;
	for (unsigned int i = 0; i < c->t.n_clients; i++)
		for (unsigned int k = 0; k < c->t.n_gateways; k++) {
			cp_time b = oracle_bound(c->w, c->t.clients[i], c->t.gateways[k]);
			bound = b > bound ? b : bound;
		}
	return bound + (c->t.lossy ? WEATHER : 0);
}

static bool is_up(const struct host *a, const struct host *b)
{
	return host_is_connected(a, b, NULL) && host_is_connected(b, a, NULL);
}

/* What the oracle is sure of must be so. */
static void judge(struct casting *c, struct host *client, struct host *gateway)
{
	struct oracle o = oracle_of(c->w, client, gateway);
	bool up = is_up(client, gateway);
	c->r->pairs++;
	c->r->can += o.any == ORACLE_YES;
	c->r->cannot += o.any == ORACLE_NO;
	if (o.any == ORACLE_YES && !up)
		world_violation(c->w, "%s and %s can meet (direct %d, relayed %d) and do not", client->name, gateway->name, o.direct,
				o.relayed);
	if (o.any == ORACLE_NO && up && !c->outlived)
		world_violation(c->w, "%s and %s cannot meet and do", client->name, gateway->name);
}

static void judge_path(struct casting *c, struct host *client, struct host *gateway)
{
	struct oracle o = oracle_of(c->w, client, gateway);
	struct conn_info a, b;
	if (!host_is_connected(client, gateway, &a) || !host_is_connected(gateway, client, &b))
		return;
	bool either = a.path.kind == CONN_PATH_DIRECT || b.path.kind == CONN_PATH_DIRECT;
	bool direct = a.path.kind == CONN_PATH_DIRECT && b.path.kind == CONN_PATH_DIRECT;
	c->r->direct += direct;
	if (o.direct == ORACLE_YES && !direct)
		world_violation(c->w, "%s and %s can meet directly and use paths %d and %d", client->name, gateway->name, a.path.kind,
				b.path.kind);
	if (o.direct == ORACLE_NO && either)
		world_violation(c->w, "%s and %s cannot meet directly and do", client->name, gateway->name);
}

static void forgive_nothing(struct casting *c, struct host *client, struct host *gateway)
{
	struct oracle o = oracle_of(c->w, client, gateway);
	bool alone = c->t.n_clients * c->t.n_gateways == 1;
	if (o.any == ORACLE_YES && !c->t.lossy && alone && c->met && client->count.failed + gateway->count.failed > c->failed)
		world_violation(c->w, "a connection of %s and %s failed for nothing", client->name, gateway->name);
}

static void talk(struct casting *c, struct host *client, struct host *gateway)
{
	cp_time every = dice_below(&c->dice, 4) ? dice_between(&c->dice, 100, 1000) * CP_MS : 0;
	if (!every)
		return;
	flow_start(flow_of(client, gateway->id), every);
	flow_start(flow_of(gateway, client->id), every);
}

static void speak_up(struct casting *c, struct host *client, struct host *gateway)
{
	flow_start(flow_of(client, gateway->id), 200 * CP_MS);
	flow_start(flow_of(gateway, client->id), 200 * CP_MS);
}

static void hush(struct casting *c, struct host *client, struct host *gateway)
{
	flow_stop(flow_of(client, gateway->id));
	flow_stop(flow_of(gateway, client->id));
}

/* Both hear each other: something arrived within the last second. */
static void judge_flow(struct casting *c, struct host *client, struct host *gateway)
{
	cp_time now = c->w->clock.now, a = flow_of(client, gateway->id)->last, b = flow_of(gateway, client->id)->last;
	if (oracle_of(c->w, client, gateway).any == ORACLE_YES && !c->t.lossy && (a + CP_S < now || b + CP_S < now))
		world_violation(c->w, "%s and %s are connected and do not hear each other", client->name, gateway->name);
}

static void judge_quotas(struct casting *c)
{
	for (unsigned int i = 0; i < c->w->n_hosts; i++) {
		struct host *h = &c->w->hosts[i];
		struct conn_info info;
		if (h->count.wrong_source)
			world_violation(c->w, "%s was told to send from an address it does not have", h->name);
		for (unsigned int k = 0; h->core && k < c->w->n_hosts; k++)
			if (conn_info(h->core, c->w->hosts[k].id, &info) && info.pairs > ICE_PAIRS_MAX)
				world_violation(c->w, "%s has %u pairs", h->name, info.pairs);
	}
}

static void strike(struct casting *c)
{
	const struct fault *f = &faults[dice_below(&c->dice, n_faults)];
	snprintf(c->r->fault, sizeof(c->r->fault), "%s", f->name);
	trace_note(c->w->net.trace, c->w->clock.now, "world", NULL, "fault: %s", f->name);
	c->outlived = f->outlived;
	c->met = is_up(c->t.clients[0], c->t.gateways[0]);
	c->failed = c->t.clients[0]->count.failed + c->t.gateways[0]->count.failed;
	f->begin(c->w, &c->t, &c->dice);
	world_run(c->w, dice_between(&c->dice, f->least, f->most));
	if (f->end)
		f->end(c->w, &c->t);
	trace_note(c->w->net.trace, c->w->clock.now, "world", NULL, "the fault ends");
	for_each_asked(c, speak_up);
	world_run(c->w, f->recovery);
	if (f->harmless)
		for_each_asked(c, forgive_nothing);
}

/* Columns of the diagram. */
static void introduce(struct world *w)
{
	trace_party(w->net.trace, "world");
	trace_party(w->net.trace, "portal");
	for (unsigned int i = 0; i < w->n_relays; i++)
		trace_party(w->net.trace, w->relays[i].nic.name);
	for (unsigned int i = 0; i < w->n_hosts; i++)
		trace_party(w->net.trace, w->hosts[i].name);
}

static void play(struct casting *c)
{
	c->t = topology_throw(c->w);
	introduce(c->w);
	c->dice = dice_fork(&c->w->dice);
	world_start(c->w);
	ask(c);
	if (c->t.lossy)
		for_each_asked(c, speak_up); /* a lost keepalive of WireGuard is followed by data, or by nothing */
	world_run(c->w, bound_of_all(c));
	for_each_asked(c, judge);
	world_run(c->w, BETTER);
	for_each_asked(c, judge_path);
	for_each_asked(c, talk);
	world_run(c->w, dice_between(&c->dice, 1, 20) * CP_S);
	c->met = true;
	for_each_asked(c, forgive_nothing);
	strike(c);
	world_run(c->w, bound_of_all(c) + 6 * CP_S);
	for_each_asked(c, judge);
	for_each_asked(c, judge_flow);
	for_each_asked(c, hush);
	judge_quotas(c);
}

struct random_result random_case(uint64_t seed, struct trace *trace)
{
	struct random_result r = {0};
	struct casting c = {.w = world_new(seed, TOPOLOGY_HOSTS_MAX, trace), .r = &r};
	play(&c);
	r.hash = world_hash(c.w);
	r.events = c.w->clock.fired;
	memcpy(r.violation, c.w->violation, sizeof(r.violation));
	trace_draw(trace, stdout);
	world_free(c.w);
	return r;
}
