/* SPDX-License-Identifier: Apache-2.0 */
/* Cores that end and begin again, and connections that are ended on purpose. */
#include "stage.h"

#include <string.h>

#define DOWN (3 * CP_S)

static const struct stage_end at_home = {&nat_restricted, "192.168.1.10", NULL};
static const struct stage_end at_work = {&nat_restricted, "192.168.2.10", NULL};
static const struct stage_end behind_symmetric[2] = {{&nat_symmetric, "192.168.1.10", NULL}, {&nat_symmetric, "192.168.2.10", NULL}};

static void revive(struct host *h, cp_time down)
{
	core_kill(h);
	world_run(h->world, down);
	core_restore(h);
}

/* The NF forwards and answers meanwhile: nobody notices. */
static void restarted(struct world *w, bool client, struct stage_end a, struct stage_end b)
{
	static const struct host_settings whole_nf = {.strips = true, .responds = true};
	struct stage s = stage_build(w, &whole_nf, a, b, 2);
	MUST(w, stage_settle(&s));
	struct host *h = client ? s.client : s.gateway, *far = client ? s.gateway : s.client;
	stage_talk(&s, 20 * CP_MS);
	world_run(w, 5 * CP_S);
	struct conn_path before = stage_info(far, h).path, own = stage_info(h, far).path;
	uint64_t allocates = w->relays[0].count.allocates + w->relays[1].count.allocates;
	uint64_t binds = w->relays[0].count.binds + w->relays[1].count.binds;
	uint64_t refreshes = w->relays[0].count.refreshes + w->relays[1].count.refreshes;
	revive(h, DOWN);
	world_run(w, 20 * CP_S);
	struct conn_path after = stage_info(far, h).path, own_after = stage_info(h, far).path;
	MUST(w, s.client->count.failed + s.gateway->count.failed == 0);
	MUST(w, cp_addr_equal(&before.to, &after.to) && cp_addr_equal(&before.from, &after.from));
	MUST(w, cp_addr_equal(&own.to, &own_after.to) && cp_addr_equal(&own.from, &own_after.from) && own.channel == own_after.channel);
	MUST(w, w->relays[0].count.allocates + w->relays[1].count.allocates == allocates);
	MUST(w, w->relays[0].count.binds + w->relays[1].count.binds == binds);
	MUST(w, w->relays[0].count.refreshes + w->relays[1].count.refreshes == refreshes + 2);
	MUST(w, stage_lost(&s) == 0);
	MUST(w, flow_of(h, far->id)->unsent == 0);
	world_run(w, 60 * CP_S);
	MUST(w, s.client->count.failed + s.gateway->count.failed == 0);
	MUST(w, stage_flows(&s, 2 * CP_S));
}

static void client_direct(struct world *w, const struct host_settings *nf)
{
	restarted(w, true, at_home, at_work);
}

static void gateway_direct(struct world *w, const struct host_settings *nf)
{
	restarted(w, false, at_home, at_work);
}

static void client_relayed(struct world *w, const struct host_settings *nf)
{
	restarted(w, true, behind_symmetric[0], behind_symmetric[1]);
}

static void gateway_relayed(struct world *w, const struct host_settings *nf)
{
	restarted(w, false, behind_symmetric[0], behind_symmetric[1]);
}

/* While the gateway's core was away its relay lost the allocation: it must find out and be back before the client gives up. */
static void relay_forgot(struct world *w, const struct host_settings *nf)
{
	static const struct host_settings whole_nf = {.strips = true, .responds = true};
	struct stage s = stage_build(w, &whole_nf, behind_symmetric[0], behind_symmetric[1], 1);
	MUST(w, stage_settle(&s));
	stage_talk(&s, 100 * CP_MS);
	core_kill(s.gateway);
	relay_restart(&w->relays[0]);
	world_run(w, DOWN);
	core_restore(s.gateway);
	world_run(w, 60 * CP_S);
	MUST(w, relay_allocations(&w->relays[0]) == 2);
	MUST(w, stage_is_relayed(&s));
	MUST(w, stage_flows(&s, 2 * CP_S));
}

/* Without the stash: the far end still has the connection, the near one begins anew with the same credentials. */
static void amnesia(struct world *w, const struct host_settings *nf)
{
	struct stage s = stage_build(w, nf, at_home, at_work, 1);
	MUST(w, stage_settle(&s));
	stage_talk(&s, 50 * CP_MS);
	core_kill(s.client);
	nf_fini(s.client);
	world_run(w, CP_S);
	core_start(s.client);
	stage_talk(&s, 50 * CP_MS);
	world_run(w, oracle_bound(w, s.client, s.gateway) + 2 * CP_S);
	MUST(w, stage_is_connected(&s));
	world_run(w, 20 * CP_S);
	MUST(w, stage_is_direct(&s));
	MUST(w, stage_flows(&s, 2 * CP_S));
}

#define CROWD 1000u
static void crowd(struct world *w, const struct host_settings *nf)
{
	static const struct host_settings whole_nf = {.strips = true, .responds = true};
	struct host_settings client = {.role = CONN_CLIENT, .strips = true, .responds = true, .relayless = true};
	struct stage s = stage_build(w, &whole_nf, (struct stage_end){NULL, "192.0.2.10", NULL},
				     (struct stage_end){NULL, "192.0.2.20", NULL}, 1);
	char ip[32];
	for (unsigned int i = 0; i < CROWD; i++) {
		snprintf(ip, sizeof(ip), "10.9.%u.%u", i / 250, i % 250 + 1);
		world_host(w, world_name(w, "client%u", i + 2), &client, world_internet(w), ip, NULL);
	}
	world_latency(w, 5 * CP_MS);
	world_start(w);
	world_run(w, CP_S);
	for (unsigned int i = 0; i < w->n_hosts; i++)
		if (w->hosts[i].role == CONN_CLIENT)
			portal_connect(&w->portal, &w->hosts[i], s.gateway);
	world_run(w, 12 * CP_S);
	struct relay_counters before = w->relays[0].count;
	MUST(w, conn_count(s.gateway->core) == CROWD + 1 && before.bound >= CROWD);
	stage_talk(&s, 20 * CP_MS);
	revive(s.gateway, DOWN);
	world_run(w, 18 * CP_S);
	const struct relay_counters *after = &w->relays[0].count;
	MUST(w, after->allocates == before.allocates && after->binds == before.binds);
	MUST(w, after->refreshes == before.refreshes + 1 && after->e401 == before.e401 && after->e438 == before.e438);
	MUST(w, conn_count(s.gateway->core) == CROWD + 1);
	for (unsigned int i = 0; i < w->n_hosts; i++)
		MUST(w, w->hosts[i].count.failed == 0);
	MUST(w, stage_lost(&s) == 0);
}

static bool client_is_gone(struct stage *s)
{
	return conn_count(s->gateway->core) == 0;
}

static void goodbye(struct world *w, const struct host_settings *nf)
{
	struct stage s = stage_build(w, nf, at_home, at_work, 1);
	MUST(w, stage_settle(&s));
	conn_close(s.client->core, s.gateway->id, w->clock.now);
	core_drain(s.client);
	MUST(w, stage_wait(&s, client_is_gone, 100 * CP_MS));
	MUST(w, s.gateway->count.goodbyes_in == 1 && s.client->count.closed == 1);
	world_run(w, 30 * CP_S);
	MUST(w, s.client->count.failed + s.gateway->count.failed == 0);
	MUST(w, conn_count(s.client->core) == 0 && s.client->peers == NULL && s.gateway->peers == NULL);
	portal_connect(&w->portal, s.client, s.gateway);
	MUST(w, stage_wait(&s, stage_is_connected, oracle_bound(w, s.client, s.gateway)));
	MUST(w, stage_flows(&s, 2 * CP_S));
}

static void release(struct world *w, const struct host_settings *nf)
{
	struct stage s = stage_build(w, nf, at_home, at_work, 2);
	MUST(w, stage_settle(&s));
	MUST(w, relay_allocations(&w->relays[0]) == 2 && relay_allocations(&w->relays[1]) == 2);
	conn_close_all(s.gateway->core, w->clock.now);
	conn_release(s.gateway->core, w->clock.now);
	core_drain(s.gateway);
	world_run(w, CP_S);
	MUST(w, s.gateway->count.released == 1);
	MUST(w, relay_allocations(&w->relays[0]) == 1 && relay_allocations(&w->relays[1]) == 1);
}

const struct scenario scenarios_restart[] = {
	{"a_client_core_restarts_on_a_direct_path_and_nobody_notices", client_direct, 2, true},
	{"a_gateway_core_restarts_on_a_direct_path_and_nobody_notices", gateway_direct, 2, true},
	{"a_client_core_restarts_on_a_relayed_path_and_nobody_notices", client_relayed, 2, true},
	{"a_gateway_core_restarts_on_a_relayed_path_and_nobody_notices", gateway_relayed, 2, true},
	{"a_relay_that_forgot_during_a_restart_is_used_again", relay_forgot, 2, true},
	{"a_client_that_lost_its_memory_is_taken_back", amnesia, 2},
	{"a_relay_with_1000_peers_is_restored_by_one_refresh", crowd, CROWD + 2, true},
	{"a_goodbye_ends_a_connection_at_once", goodbye, 2},
	{"a_release_frees_the_allocations", release, 2},
	{NULL},
};
