/* SPDX-License-Identifier: Apache-2.0 */
/* How connections come about. */
#include "stage.h"

static const struct stage_end at_home = {&nat_restricted, "192.168.1.10", NULL};
static const struct stage_end at_work = {&nat_restricted, "192.168.2.10", NULL};
static const struct stage_end in_public = {NULL, "192.0.2.10", "2001:db8:1::10"};

static void on_one_lan(struct world *w, const struct host_settings *nf)
{
	struct stage s = stage_build(w, nf, at_home, (struct stage_end){NULL, "192.0.2.20", NULL}, 0);
	const struct cp_addr beside = addr("192.168.1.20");
	host_roam(s.gateway, &s.gateway->nics[0], s.home[0], &beside, 1);
	MUST(w, stage_connect(&s));
	MUST(w, stage_is_direct(&s));
	MUST(w, stage_flows(&s, 2 * CP_S));
}

static void cone_nats(struct world *w, const struct host_settings *nf)
{
	struct stage s = stage_build(w, nf, at_home, at_work, 1);
	MUST(w, stage_settle(&s));
	MUST(w, stage_is_direct(&s));
	MUST(w, stage_flows(&s, 2 * CP_S));
}

static void full_cone_against_symmetric(struct world *w, const struct host_settings *nf)
{
	struct stage s = stage_build(w, nf, (struct stage_end){&nat_symmetric, "192.168.1.10", NULL},
				     (struct stage_end){&nat_cone, "192.168.2.10", NULL}, 1);
	MUST(w, stage_settle(&s));
	MUST(w, stage_is_direct(&s));
	MUST(w, stage_flows(&s, 2 * CP_S));
}

static void relayed(struct world *w, const struct host_settings *nf, struct stage_end client, struct stage_end gateway)
{
	struct stage s = stage_build(w, nf, client, gateway, 2);
	MUST(w, stage_settle(&s));
	world_run(w, 15 * CP_S);
	MUST(w, stage_is_relayed(&s));
	MUST(w, stage_flows(&s, 2 * CP_S));
	MUST(w, s.client->count.failed + s.gateway->count.failed == 0);
}

static void symmetric_client(struct world *w, const struct host_settings *nf)
{
	relayed(w, nf, (struct stage_end){&nat_symmetric, "192.168.1.10", NULL}, at_work);
}

static void symmetric_gateway(struct world *w, const struct host_settings *nf)
{
	relayed(w, nf, at_home, (struct stage_end){&nat_symmetric, "192.168.2.10", NULL});
}

static void symmetric_both(struct world *w, const struct host_settings *nf)
{
	relayed(w, nf, (struct stage_end){&nat_symmetric, "192.168.1.10", NULL},
		(struct stage_end){&nat_symmetric, "192.168.2.10", NULL});
}

/* As symmetric_gateway, but for the forwarded port: only a guess finds it. */
static void forwarded_port(struct world *w, const struct host_settings *nf)
{
	struct stage s = stage_build(w, nf, at_home, (struct stage_end){&nat_symmetric, "192.168.2.10", NULL}, 2);
	nat_forward(world_nat_of(w, s.home[1]), &s.gateway->addrs[0].addr, HOST_PORT);
	MUST(w, stage_settle(&s));
	MUST(w, stage_is_direct(&s));
	MUST(w, stage_flows(&s, 2 * CP_S));
}

static void cross_family(struct world *w, const struct host_settings *nf)
{
	struct stage s = stage_build(w, nf, (struct stage_end){&nat_restricted, "192.168.1.10", NULL},
				     (struct stage_end){NULL, NULL, "2001:db8:2::20"}, 1);
	MUST(w, stage_settle(&s));
	MUST(w, stage_is_relayed(&s));
	MUST(w, stage_flows(&s, 2 * CP_S));
	MUST(w, s.client->count.failed + s.gateway->count.failed == 0);
}

static void third_party_relay(struct world *w, const struct host_settings *nf)
{
	struct stage s = stage_build(w, nf, (struct stage_end){&nat_symmetric, "192.168.1.10", NULL},
				     (struct stage_end){&nat_symmetric, "192.168.2.10", NULL}, 1);
	w->relays[0].s.kind = RELAY_THIRD_PARTY;
	MUST(w, stage_settle(&s));
	MUST(w, stage_is_relayed(&s));
	world_run(w, 700 * CP_S); /* beyond a lifetime: it was refreshed */
	MUST(w, stage_is_relayed(&s));
	MUST(w, w->relays[0].count.refreshed >= 4 && w->relays[0].count.allocated == 2);
	MUST(w, stage_flows(&s, 2 * CP_S));
}

static void worn_out_nonces(struct world *w, const struct host_settings *nf)
{
	struct stage s = stage_build(w, nf, (struct stage_end){&nat_symmetric, "192.168.1.10", NULL},
				     (struct stage_end){&nat_symmetric, "192.168.2.10", NULL}, 1);
	w->relays[0].s.nonce_uses = 2;
	MUST(w, stage_settle(&s));
	world_run(w, 900 * CP_S);
	MUST(w, w->relays[0].count.e438 > 2 && w->relays[0].count.allocated == 2);
	MUST(w, stage_is_relayed(&s));
	MUST(w, stage_flows(&s, 2 * CP_S));
}

#define CROWD 8u
/* One ufrag for all of them: user name and integrity tell whose check it is. */
static void one_ufrag(struct world *w, const struct host_settings *nf)
{
	struct stage s = stage_build(w, nf, in_public, (struct stage_end){NULL, "192.0.2.20", "2001:db8:1::20"}, 1);
	struct host_settings client = *nf;
	client.role = CONN_CLIENT;
	w->portal.ufrag_chars = 1;
	for (unsigned int i = 0; i < CROWD; i++)
		world_host(w, world_name(w, "client%u", i + 2), &client, world_internet(w), world_name(w, "192.0.2.%u", 100 + i), NULL);
	world_latency(w, 5 * CP_MS);
	world_start(w);
	world_run(w, CP_S);
	for (unsigned int i = 0; i < w->n_hosts; i++)
		if (w->hosts[i].role == CONN_CLIENT)
			portal_connect(&w->portal, &w->hosts[i], s.gateway);
	world_run(w, 5 * CP_S);
	for (unsigned int i = 0; i < w->n_hosts; i++)
		if (w->hosts[i].role == CONN_CLIENT)
			MUST(w, host_is_connected(&w->hosts[i], s.gateway, NULL) && host_is_connected(s.gateway, &w->hosts[i], NULL));
	MUST(w, stage_flows(&s, 2 * CP_S));
}

/* Candidates overtake the authorisation by as much as they can. */
static void overtaken_authorisation(struct world *w, const struct host_settings *nf)
{
	struct stage s = stage_build(w, nf, at_home, at_work, 1);
	w->portal.reorders = true;
	w->portal.least = CP_MS;
	w->portal.most = 2 * CP_S;
	MUST(w, stage_connect(&s));
	world_run(w, 10 * CP_S);
	MUST(w, stage_is_direct(&s));
	MUST(w, s.client->count.failed + s.gateway->count.failed == 0);
}

/* Four in ten datagrams are lost, some come twice, many out of order. */
static void bad_weather(struct world *w, const struct host_settings *nf)
{
	struct stage s = stage_build(w, nf, at_home, at_work, 2);
	world_nat_of(w, s.home[0])->outer.link.loss_ppm = 400000;
	world_nat_of(w, s.home[0])->outer.link.duplicate_ppm = 100000;
	world_nat_of(w, s.home[0])->outer.link.reorder_ppm = 300000;
	stage_connect(&s);
	stage_talk(&s, 100 * CP_MS);
	world_run(w, 120 * CP_S);
	MUST(w, stage_is_connected(&s));
	MUST(w, flow_of(s.gateway, s.client->id)->received > 200);
	MUST(w, flow_of(s.gateway, s.client->id)->repeated == 0 || w->net.count.duplicated > 0);
}

const struct scenario scenarios_setup[] = {
	{"two_hosts_on_one_lan_need_no_relay", on_one_lan, 2},
	{"cone_nats_are_pierced", cone_nats, 2},
	{"a_full_cone_is_reached_from_behind_a_symmetric_nat", full_cone_against_symmetric, 2},
	{"a_symmetric_nat_of_the_client_needs_a_relay", symmetric_client, 2},
	{"a_symmetric_nat_of_the_gateway_needs_a_relay", symmetric_gateway, 2},
	{"symmetric_nats_on_both_sides_need_a_relay", symmetric_both, 2},
	{"a_forwarded_port_behind_a_symmetric_nat_is_guessed", forwarded_port, 2},
	{"v4_only_and_v6_only_meet_at_a_dual_stack_relay", cross_family, 2},
	{"a_third_party_relay_does_as_well", third_party_relay, 2},
	{"worn_out_nonces_are_replaced", worn_out_nonces, 2},
	{"connections_with_one_ufrag_are_told_apart", one_ufrag, CROWD + 2},
	{"candidates_may_overtake_the_authorisation", overtaken_authorisation, 2},
	{"bad_weather_delays_and_does_not_prevent", bad_weather, 2},
	{NULL},
};
