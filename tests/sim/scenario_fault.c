/* SPDX-License-Identifier: Apache-2.0 */
/* What connections survive, and how long it takes them to notice. */
#include "stage.h"

static const struct stage_end at_home = {&nat_restricted, "192.168.1.10", NULL};
static const struct stage_end at_work = {&nat_restricted, "192.168.2.10", NULL};
static const struct stage_end behind_symmetric[2] = {{&nat_symmetric, "192.168.1.10", NULL}, {&nat_symmetric, "192.168.2.10", NULL}};

#define DEAD_PAIR  (16500 * CP_MS) /* from the first unanswered check of a pair that worked */
#define CHECK_GAP  (1500 * CP_MS)
#define KEEPALIVE  (25 * CP_S)
#define TURN_LIMIT (8125 * CP_MS)
#define SLACK      (200 * CP_MS)

static uint64_t failures(const struct stage *s)
{
	return s->client->count.failed + s->gateway->count.failed;
}

static void direct_cut(struct stage *s, bool cut)
{
	struct nic *a = &world_nat_of(s->w, s->home[0])->outer, *b = &world_nat_of(s->w, s->home[1])->outer;
	if (cut)
		net_cut(&s->w->net, a, b);
	else
		net_heal(&s->w->net, a, b);
}

/* The portal takes the relay that both use off the list; the other one must be used before anybody gives up. */
static void relay_withdrawn(struct world *w, const struct host_settings *nf)
{
	struct stage s = stage_build(w, nf, behind_symmetric[0], behind_symmetric[1], 2);
	MUST(w, stage_settle(&s));
	stage_talk(&s, 20 * CP_MS);
	for (unsigned int i = 0; i < 2; i++) {
		portal_relay_list(&w->portal, &w->relays[i], false);
		world_run(w, 10 * CP_S);
		MUST(w, failures(&s) == 0 && stage_is_relayed(&s));
		MUST(w, stage_flows(&s, 2 * CP_S));
		portal_relay_list(&w->portal, &w->relays[i], true);
		world_run(w, 10 * CP_S);
	}
}

/* It dies without a word. The next keepalive finds out, everything after that is as at the beginning. */
static void relay_dies(struct world *w, const struct host_settings *nf)
{
	struct stage s = stage_build(w, nf, behind_symmetric[0], behind_symmetric[1], 2);
	MUST(w, stage_settle(&s));
	stage_talk(&s, 200 * CP_MS);
	world_run(w, CP_S);
	w->relays[0].nic.link.down = true;
	world_run(w, KEEPALIVE + TURN_LIMIT + oracle_bound(w, s.client, s.gateway) + DEAD_PAIR + 6 * CP_S);
	MUST(w, stage_is_relayed(&s));
	MUST(w, stage_flows(&s, 2 * CP_S));
}

static void relay_restarts(struct world *w, const struct host_settings *nf)
{
	struct stage s = stage_build(w, nf, behind_symmetric[0], behind_symmetric[1], 1);
	MUST(w, stage_settle(&s));
	stage_talk(&s, 200 * CP_MS);
	world_run(w, CP_S);
	relay_restart(&w->relays[0]);
	world_run(w, KEEPALIVE + CP_S);
	MUST(w, relay_allocations(&w->relays[0]) == 2);
	world_run(w, oracle_bound(w, s.client, s.gateway) + DEAD_PAIR);
	MUST(w, stage_is_relayed(&s));
	MUST(w, stage_flows(&s, 2 * CP_S));
}

/* New credentials for everybody, and the old ones are no good. */
static void credentials_change(struct world *w, const struct host_settings *nf)
{
	struct stage s = stage_build(w, nf, behind_symmetric[0], behind_symmetric[1], 1);
	MUST(w, stage_settle(&s));
	stage_talk(&s, 200 * CP_MS);
	relay_change_secret(&w->relays[0]);
	w->portal.epoch++;
	portal_relay_list(&w->portal, &w->relays[0], true);
	world_run(w, 15 * CP_S);
	MUST(w, stage_is_relayed(&s));
	MUST(w, stage_flows(&s, 2 * CP_S));
}

static void everything_cut(struct stage *s, bool down)
{
	s->client->nics[0].link.down = down;
}

static void short_partition(struct world *w, const struct host_settings *nf)
{
	struct stage s = stage_build(w, nf, at_home, at_work, 1);
	MUST(w, stage_settle(&s));
	stage_talk(&s, 20 * CP_MS);
	world_run(w, 5 * CP_S);
	everything_cut(&s, true);
	world_run(w, 12 * CP_S);
	everything_cut(&s, false);
	world_run(w, CHECK_GAP);
	MUST(w, failures(&s) == 0);
	MUST(w, stage_is_direct(&s));
	MUST(w, stage_flows(&s, 10 * CP_S));
	MUST(w, failures(&s) == 0);
}

static void long_partition(struct world *w, const struct host_settings *nf)
{
	struct stage s = stage_build(w, nf, at_home, at_work, 1);
	MUST(w, stage_settle(&s));
	stage_talk(&s, 100 * CP_MS);
	world_run(w, 5 * CP_S);
	everything_cut(&s, true);
	world_run(w, CHECK_GAP + DEAD_PAIR + 2 * CP_S + SLACK);
	MUST(w, s.client->count.failed >= 1 && s.gateway->count.failed >= 1);
	world_run(w, 60 * CP_S);
	everything_cut(&s, false);
	/* the allocation may just have been given up, and the portal is asked at most every 2 s */
	world_run(w, TURN_LIMIT + 2 * CP_S + oracle_bound(w, s.client, s.gateway) + 10 * CP_S);
	MUST(w, stage_is_connected(&s));
	MUST(w, stage_flows(&s, 2 * CP_S));
}

/* The direct way goes dark, the relay takes over in time; when it is light again, the next upsert finds the way back. */
static void blackout(struct world *w, const struct host_settings *nf)
{
	struct stage s = stage_build(w, nf, at_home, at_work, 1);
	MUST(w, stage_settle(&s) && stage_is_direct(&s));
	stage_talk(&s, 20 * CP_MS);
	world_run(w, 10 * CP_S);
	direct_cut(&s, true);
	cp_time began = w->clock.now;
	MUST(w, stage_wait(&s, stage_is_relayed, CHECK_GAP + DEAD_PAIR + 2 * CP_S + SLACK));
	MUST(w, w->clock.now - began > 10 * CP_S);
	MUST(w, failures(&s) == 0);
	MUST(w, stage_flows(&s, 5 * CP_S));
	direct_cut(&s, false);
	portal_connect(&w->portal, s.client, s.gateway);
	MUST(w, stage_wait(&s, stage_is_direct, oracle_bound(w, s.client, s.gateway) + 5 * CP_S));
	MUST(w, failures(&s) == 0);
	MUST(w, stage_flows(&s, 5 * CP_S));
}

static bool gateway_left(struct stage *s)
{
	const struct conn_info info = stage_info(s->gateway, s->client);
	return info.path.handle != 0 && cp_ip_equal(&info.path.to, &s->client->addrs[0].addr);
}

/* The client is at another address: its old pair is still the better one to the gateway, which must not wait for its death. */
static void controlled_follows(struct world *w, const struct host_settings *nf)
{
	struct stage s = stage_build(w, nf, (struct stage_end){NULL, "192.0.2.10", NULL}, (struct stage_end){NULL, "192.0.2.20", NULL}, 0);
	const struct cp_addr elsewhere = addr("192.0.2.99");
	MUST(w, stage_settle(&s));
	stage_talk(&s, 50 * CP_MS);
	world_run(w, 5 * CP_S);
	host_roam(s.client, &s.client->nics[0], world_internet(w), &elsewhere, 1);
	MUST(w, stage_wait(&s, gateway_left, 5 * CP_S));
	MUST(w, conn_counters(s.gateway->core)->ice.followed > 0);
	MUST(w, failures(&s) == 0);
	world_run(w, CP_S);
	MUST(w, stage_flows(&s, 5 * CP_S));
}

static void client_roams(struct world *w, const struct host_settings *nf)
{
	struct stage s = stage_build(w, nf, at_home, at_work, 2);
	struct zone *cafe = world_home(w, "nat3", &nat_restricted, world_internet(w), "198.51.100.3", NULL);
	const struct cp_addr seat = addr("10.0.0.7");
	world_latency(w, 5 * CP_MS);
	MUST(w, stage_settle(&s));
	stage_talk(&s, 20 * CP_MS);
	world_run(w, 5 * CP_S);
	host_roam(s.client, &s.client->nics[0], cafe, &seat, 1);
	world_run(w, oracle_bound(w, s.client, s.gateway));
	MUST(w, failures(&s) == 0);
	MUST(w, stage_is_connected(&s));
	MUST(w, stage_flows(&s, 5 * CP_S));
	world_run(w, 10 * CP_S);
	MUST(w, stage_is_direct(&s));
}

/* It comes to where the relay can be reached while it still waits for that relay's answer elsewhere. */
static void roams_while_probing(struct world *w, const struct host_settings *nf)
{
	struct stage s = stage_build(w, nf, behind_symmetric[0], behind_symmetric[1], 1);
	const struct cp_addr elsewhere = addr("192.0.2.77");
	s.client->nics[0].link.down = true;
	world_start(w);
	world_run(w, 3 * CP_S);
	s.client->nics[0].link.down = false;
	host_roam(s.client, &s.client->nics[0], world_internet(w), &elsewhere, 1);
	world_run(w, 200 * CP_MS);
	MUST(w, relay_allocations(&w->relays[0]) == 2);
}

/* From the relay to the direct way while both work. */
static void switch_without_loss(struct world *w, const struct host_settings *nf)
{
	struct stage s = stage_build(w, nf, at_home, at_work, 1);
	direct_cut(&s, true);
	MUST(w, stage_connect(&s) && stage_is_relayed(&s));
	stage_talk(&s, 2 * CP_MS);
	world_run(w, 3 * CP_S);
	direct_cut(&s, false);
	MUST(w, stage_wait(&s, stage_is_direct, 2 * CHECK_GAP + SLACK));
	world_run(w, 3 * CP_S);
	MUST(w, stage_lost(&s) == 0);
	MUST(w, flow_of(s.gateway, s.client->id)->received > 2000);
}

static void nat_forgets(struct world *w, const struct host_settings *nf)
{
	struct stage s = stage_build(w, nf, at_home, at_work, 1);
	MUST(w, stage_settle(&s));
	stage_talk(&s, 50 * CP_MS);
	nat_restart(world_nat_of(w, s.home[0]));
	world_run(w, CHECK_GAP + DEAD_PAIR + 2 * CP_S + oracle_bound(w, s.client, s.gateway) + 5 * CP_S);
	MUST(w, stage_is_connected(&s));
	MUST(w, stage_flows(&s, 5 * CP_S));
}

/* Twenty minutes through a relay: channels, permissions, allocation and session are all renewed in time. */
static void endures(struct world *w, const struct host_settings *nf)
{
	struct stage s = stage_build(w, nf, behind_symmetric[0], behind_symmetric[1], 2);
	MUST(w, stage_settle(&s));
	stage_talk(&s, 500 * CP_MS);
	world_run(w, 1200 * CP_S);
	MUST(w, stage_lost(&s) == 0);
	MUST(w, failures(&s) == 0);
	MUST(w, w->relays[0].count.allocated + w->relays[1].count.allocated == 4);
}

/* Half an hour without a word: idle mode keeps NAT bindings of a minute and the relay alive. */
static void endures_silence(struct world *w, const struct host_settings *nf)
{
	struct stage s = stage_build(w, nf, at_home, at_work, 2);
	MUST(w, stage_settle(&s));
	world_run(w, 1800 * CP_S);
	MUST(w, failures(&s) == 0);
	MUST(w, stage_is_direct(&s));
	MUST(w, stage_flows(&s, 2 * CP_S));
}

const struct scenario scenarios_fault[] = {
	{"a_relay_off_the_list_is_replaced_before_anybody_gives_up", relay_withdrawn, 2},
	{"a_relay_that_dies_is_replaced", relay_dies, 2},
	{"a_relay_that_restarts_is_used_again", relay_restarts, 2},
	{"changed_relay_credentials_are_taken_up", credentials_change, 2},
	{"a_short_partition_fails_nothing", short_partition, 2},
	{"a_long_partition_heals", long_partition, 2},
	{"a_blackout_of_the_direct_path_fails_over_to_the_relay_and_back", blackout, 2},
	{"the_controlled_side_follows_a_client_that_left_its_path", controlled_follows, 2},
	{"a_client_that_roams_keeps_its_connection", client_roams, 2},
	{"a_client_that_roams_while_it_probes_a_relay_does_not_wait", roams_while_probing, 2},
	{"a_path_switch_loses_no_packet", switch_without_loss, 2},
	{"a_nat_that_forgets_everything_is_pierced_anew", nat_forgets, 2},
	{"a_relayed_connection_endures", endures, 2},
	{"a_silent_connection_endures", endures_silence, 2},
	{NULL},
};
