/* SPDX-License-Identifier: Apache-2.0 */
#include "chance.h"

#include <stdlib.h>

#include "sim.h"

/* --- something a while later --- */

struct later {
	struct event event; /* first */
	struct sim *sim;
	struct peer *peer; /* NULL: the portal */
};

static void drop_later(struct event *e)
{
	free(e);
}

static void start_later(struct event *e)
{
	struct later *l = (struct later *)(void *)e;
	if (l->peer)
		peer_start(l->peer);
	else
		shell_start(l->sim);
	free(l);
}

static void start_after(struct sim *s, struct peer *p, cp_time delay)
{
	struct later *l = calloc(1, sizeof(*l));
	if (!l)
		abort();
	*l = (struct later){{.fire = start_later, .drop = drop_later}, s, p};
	cp_time at = s->clock.now + delay;
	if (!p) /* on a whole second, so that the broker's seconds are ours */
		at = (at + CP_S - 1) / CP_S * CP_S;
	clock_at(&s->clock, &l->event, at);
}

/* --- happenings --- */

static struct peer *some_peer(struct sim *s)
{
	return &s->peers[dice_below(&s->dice, s->n_peers)];
}

static cp_time some_time(struct sim *s, uint32_t ms)
{
	return dice_below(&s->dice, ms) * CP_MS;
}

static const struct portal_uuid *some_device(struct sim *s, enum portal_role role)
{
	for (uint32_t i = 0; i < s->n_peers; i++) {
		struct peer *p = some_peer(s);
		const struct broker_device *d = p->role == role ? store_find_identity(&s->store, p->role, p->name) : NULL;
		if (d)
			return &d->id;
	}
	return NULL;
}

static void peer_dies(struct sim *s)
{
	struct peer *p = some_peer(s);
	peer_kill(p, dice_below(&s->dice, 3) != 0);
	start_after(s, p, some_time(s, dice_below(&s->dice, 2) ? 1500 : 20000));
}

static void gateway_leaves(struct sim *s)
{
	struct peer *p = some_peer(s);
	if (p->role != PORTAL_GATEWAY)
		return;
	peer_leave(p);
	start_after(s, p, CP_S + some_time(s, 15000));
}

static void client_is_reset(struct sim *s)
{
	struct peer *p = some_peer(s);
	if (p->role == PORTAL_CLIENT)
		peer_reset(p);
}

static void way_breaks(struct sim *s)
{
	struct peer *p = some_peer(s);
	if (p->wire && p->wire->peer_open)
		wire_cut(p->wire, dice_below(&s->dice, 4) != 0, dice_below(&s->dice, 4) != 0);
}

static void portal_restarts(struct sim *s)
{
	if (dice_below(&s->dice, 2))
		shell_stop(s);
	else
		shell_kill(s);
	start_after(s, NULL, some_time(s, 6000));
}

static void portal_will_die(struct sim *s)
{
	if (!s->shell.broker)
		return;
	s->shell.killed_in = 1 + dice_below(&s->dice, 20);
}

static void file_changes(struct sim *s)
{
	file_change(&s->file, &s->dice, sim_unix(s));
	sim_file(s);
	shell_configure(s);
}

static void operator_acts(struct sim *s)
{
	const struct portal_uuid *g = some_device(s, PORTAL_GATEWAY);
	static const enum shell_order orders[] = {SHELL_CORDON, SHELL_UNCORDON, SHELL_UNCORDON, SHELL_DRAIN};
	if (g)
		shell_gateway(s, orders[dice_below(&s->dice, 4)], g);
}

static void operator_revokes(struct sim *s)
{
	struct portal_uuid r = resource_id(dice_below(&s->dice, RESOURCES));
	const struct portal_uuid *c = some_device(s, PORTAL_CLIENT);
	shell_revoke(s, dice_below(&s->dice, 3) ? c : NULL, dice_below(&s->dice, 3) ? &r : NULL);
}

static void token_goes(struct sim *s)
{
	struct peer *p = some_peer(s);
	if (s->n_tokens + 1 >= TOKENS || s->tokens[p->token - 1].is_gone)
		return;
	uint32_t old = p->token;
	int64_t ends = p->role == PORTAL_CLIENT && dice_below(&s->dice, 2) ? sim_unix(s) + 10 + dice_below(&s->dice, 60) : PORTAL_NEVER;
	p->token = sim_token(s, p->role, p->owner, ends);
	shell_token_gone(s, old);
	start_after(s, p, some_time(s, 5000)); /* if 401 ended it */
}

static void (*const happenings[])(struct sim *) = {
	peer_dies,     peer_dies,       peer_dies,     peer_dies,    gateway_leaves, client_is_reset, way_breaks,    way_breaks,
	way_breaks,    portal_restarts, portal_will_die, file_changes, file_changes, file_changes,    operator_acts, operator_acts,
	operator_acts, operator_revokes, token_goes,
};

static void next(struct chance *c)
{
	clock_after(&c->sim->clock, &c->event, c->pace / 4 + some_time(c->sim, (uint32_t)(c->pace * 3 / 2 / CP_MS)));
}

static void happen(struct event *e)
{
	struct chance *c = (struct chance *)(void *)e;
	struct sim *s = c->sim;
	happenings[dice_below(&s->dice, sizeof(happenings) / sizeof(happenings[0]))](s);
	if (!s->shell.broker) /* it died in the middle of an input */
		start_after(s, NULL, some_time(s, 6000));
	next(c);
}

void chance_begin(struct chance *c, struct sim *s)
{
	static const cp_time paces[] = {300 * CP_MS, CP_S, 4 * CP_S};
	*c = (struct chance){.event = {.fire = happen}, .sim = s, .pace = paces[dice_below(&s->dice, 3)]};
	start_after(s, NULL, 0);
	for (uint32_t i = 0; i < s->n_peers; i++)
		start_after(s, &s->peers[i], some_time(s, 3000));
	clock_after(&s->clock, &c->event, 2 * CP_S + some_time(s, 5000));
}

void chance_mend(struct chance *c)
{
	struct sim *s = c->sim;
	for (uint32_t i = 0; i < s->n_peers; i++)
		peer_start(&s->peers[i]);
	for (uint32_t i = 0; i < s->store.n_devices; i++)
		if (s->store.devices[i].d.cordoned && s->shell.broker)
			shell_gateway(s, SHELL_UNCORDON, &s->store.devices[i].d.id);
}

void chance_end(struct chance *c)
{
	struct sim *s = c->sim;
	clock_cancel(&s->clock, &c->event);
	s->shell.killed_in = 0;
	if (!s->shell.broker)
		start_after(s, NULL, 0);
	s->file.relays = 1;
	s->file.timing.authorization_seconds = broker_timing_default.authorization_seconds;
	s->file.sites = (1u << SITES) - 1;
	s->file.actors = (1u << ACTORS) - 1;
	sim_file(s);
	shell_configure(s);
	s->is_calm = true;
}
