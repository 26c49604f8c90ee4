/* SPDX-License-Identifier: Apache-2.0 */
#include "faults.h"

#define DEAD_PATH  (20 * CP_S)             /* a check gap, 16.5 s, 2 s of grace */
#define DEAD_RELAY (34 * CP_S)             /* a keepalive gap, 8.125 s */

static void nothing(struct world *w, struct topology *t, struct dice *d)
{
}

static struct host *some_host(struct world *w, struct dice *d)
{
	return &w->hosts[dice_below(d, w->n_hosts)];
}

static void host_vanishes(struct world *w, struct topology *t, struct dice *d)
{
	some_host(w, d)->nics[0].link.down = true;
}

static void all_hosts_return(struct world *w, struct topology *t)
{
	for (unsigned int i = 0; i < w->n_hosts; i++)
		w->hosts[i].nics[0].link.down = false;
}

static void relay_vanishes(struct world *w, struct topology *t, struct dice *d)
{
	if (w->n_relays > 0)
		w->relays[dice_below(d, w->n_relays)].nic.link.down = true;
}

static void all_relays_return(struct world *w, struct topology *t)
{
	for (unsigned int i = 0; i < w->n_relays; i++)
		w->relays[i].nic.link.down = false;
	/* who gave it up hears of it again as soon as the portal speaks */
	for (unsigned int i = 0; i < w->n_relays; i++)
		portal_relay_list(&w->portal, &w->relays[i], true);
}

static void relay_off_the_list(struct world *w, struct topology *t, struct dice *d)
{
	if (w->n_relays > 0)
		portal_relay_list(&w->portal, &w->relays[dice_below(d, w->n_relays)], false);
}

static void relay_forgets(struct world *w, struct topology *t, struct dice *d)
{
	if (w->n_relays > 0)
		relay_restart(&w->relays[dice_below(d, w->n_relays)]);
}

static void new_relay_credentials(struct world *w, struct topology *t, struct dice *d)
{
	w->portal.epoch++;
	for (unsigned int i = 0; i < w->n_relays; i++) {
		relay_change_secret(&w->relays[i]);
		portal_relay_list(&w->portal, &w->relays[i], true);
	}
}

/* With other ports from now on: two hosts behind one NAT might swap theirs, and with them what the relay thinks is whose. */
static void nats_forget(struct world *w, struct topology *t, struct dice *d)
{
	for (unsigned int i = 0; i < w->n_nats; i++) {
		w->nats[i].s.preserves_ports = false;
		nat_restart(&w->nats[i]);
	}
}

static void portal_is_mute(struct world *w, struct topology *t, struct dice *d)
{
	w->portal.mute = true;
}

static void portal_speaks(struct world *w, struct topology *t)
{
	w->portal.mute = false;
}

static void core_dies(struct world *w, struct topology *t, struct dice *d)
{
	struct host *h = some_host(w, d);
	if (h->core)
		core_kill(h);
}

static void cores_live(struct world *w, struct topology *t)
{
	for (unsigned int i = 0; i < w->n_hosts; i++)
		if (!w->hosts[i].core)
			core_restore(&w->hosts[i]);
}

/* Its NIC on the internet, or its NAT's. */
static const struct nic *outermost(const struct host *h)
{
	const struct nic *n = &h->nics[0];
	while (n->zone->up)
		n = n->zone->up_outer;
	return n;
}

static void direct_paths_are_cut(struct world *w, struct topology *t, struct dice *d)
{
	for (unsigned int i = 0; i < t->n_clients; i++)
		for (unsigned int k = 0; k < t->n_gateways; k++) {
			net_cut(&w->net, &t->clients[i]->nics[0], &t->gateways[k]->nics[0]);
			net_cut(&w->net, outermost(t->clients[i]), outermost(t->gateways[k]));
		}
}

static void direct_paths_heal(struct world *w, struct topology *t)
{
	w->net.n_cuts = 0;
}

static void client_roams(struct world *w, struct topology *t, struct dice *d)
{
	struct host *h = t->clients[dice_below(d, t->n_clients)];
	const struct cp_addr v4 = addr("192.0.2.200"), v6 = addr("2001:db8:300::200"), ips[2] = {v4, v6};
	host_roam(h, &h->nics[0], world_internet(w), ips, 2);
}

/* A goodbye that a new authorisation overtakes ends what was just taken up again: the client finds out by its checks. */
static void client_leaves(struct world *w, struct topology *t, struct dice *d)
{
	struct host *h = t->clients[dice_below(d, t->n_clients)];
	if (!h->core)
		return;
	conn_close_all(h->core, w->clock.now);
	core_drain(h);
}

const struct fault faults[] = {
	{"nothing", nothing, NULL, 1 * CP_S, 30 * CP_S, 0, true},
	{"a host vanishes for a moment", host_vanishes, all_hosts_return, 1 * CP_S, 5 * CP_S, DEAD_PATH, true},
	{"a host vanishes for long", host_vanishes, all_hosts_return, 20 * CP_S, 40 * CP_S, DEAD_RELAY + DEAD_PATH},
	{"a relay vanishes for long", relay_vanishes, all_relays_return, 40 * CP_S, 60 * CP_S, DEAD_RELAY + DEAD_PATH},
	{"a relay is taken off the list", relay_off_the_list, NULL, 1 * CP_S, 5 * CP_S, DEAD_PATH, true, .outlived = true},
	{"a relay forgets everything", relay_forgets, NULL, 1 * CP_S, 2 * CP_S, DEAD_RELAY + DEAD_PATH},
	{"relays have new credentials", new_relay_credentials, NULL, 1 * CP_S, 2 * CP_S, DEAD_PATH, true},
	{"NATs forget everything", nats_forget, NULL, 1 * CP_S, 2 * CP_S, DEAD_PATH + DEAD_RELAY},
	{"the portal is mute", portal_is_mute, portal_speaks, 5 * CP_S, 30 * CP_S, 0, true},
	{"a core dies and comes back", core_dies, cores_live, 1 * CP_S, 10 * CP_S, DEAD_PATH},
	{"direct paths are cut", direct_paths_are_cut, direct_paths_heal, 1 * CP_S, 40 * CP_S, DEAD_PATH},
	{"a client roams", client_roams, NULL, 1 * CP_S, 2 * CP_S, DEAD_PATH, true},
	{"a client leaves and comes again", client_leaves, NULL, 1 * CP_S, 2 * CP_S, DEAD_PATH},
};
const unsigned int n_faults = sizeof(faults) / sizeof(faults[0]);
