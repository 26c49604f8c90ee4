/* SPDX-License-Identifier: Apache-2.0 */
#include "peer.h"

#include <stdlib.h>
#include <string.h>

#include "sim.h"

static void on_alarm(struct event *e);
static void on_work(struct event *e);

void peer_init(struct peer *p, struct sim *s, enum portal_role role, uint32_t owner, uint32_t number)
{
	struct dice *d = &s->dice;
	bool v2 = role != PORTAL_RELAY && dice_below(d, 2);
	*p = (struct peer){
		.sim = s,
		.role = role,
		.speaks = {role, v2 ? PORTAL_V2 : PORTAL_V1},
		.owner = owner,
		.is_older = !v2 && (role == PORTAL_RELAY || dice_below(d, 2)),
		.is_mute = role == PORTAL_GATEWAY && dice_below(d, 12) == 0,
		.network = dice_below(d, NETWORKS),
		.alarm = {.fire = on_alarm},
		.work = {.fire = on_work},
	};
	p->is_ours = role != PORTAL_RELAY && !p->is_older && dice_below(d, 3) == 0;
	snprintf(p->name, sizeof(p->name), "%s-%u", portal_topic(role), number);
	p->token = sim_token(s, role, owner, PORTAL_NEVER);
}

static void peer_end(struct peer *p)
{
	portal_channel_free(p->channel);
	p->channel = NULL;
	clock_cancel(&p->sim->clock, &p->alarm);
	clock_cancel(&p->sim->clock, &p->work);
}

static void abandon(struct peer *p)
{
	if (p->wire && p->wire->peer_open)
		wire_close_up(p->wire);
	p->wire = NULL;
}

static void forget_all(struct peer *p)
{
	memset(p->tunnels, 0, sizeof(p->tunnels));
	for (uint32_t r = 0; r < RESOURCES; r++)
		p->wants[r].is_pending = p->wants[r].is_mapped = false;
	p->n_relays = 0;
}

static void new_key(struct peer *p)
{
	for (size_t i = 0; i < sizeof(p->key.bytes); i++)
		p->key.bytes[i] = (uint8_t)dice_below(&p->sim->dice, 256);
}

static void work_again(struct peer *p)
{
	uint32_t busy = p->role == PORTAL_CLIENT ? 1500 : 300;
	clock_after(&p->sim->clock, &p->work, (1 + dice_below(&p->sim->dice, busy)) * CP_MS);
}

static void on_work(struct event *e)
{
	struct peer *p = (struct peer *)(void *)((char *)e - offsetof(struct peer, work));
	if (p->role == PORTAL_CLIENT)
		client_works(p);
	else if (p->role == PORTAL_GATEWAY)
		gateway_works(p);
	if (p->channel && p->role != PORTAL_RELAY)
		work_again(p);
	peer_pump(p);
}

static void role_message(struct peer *p, const struct portal_message *m)
{
	if (m->type == PORTAL_REPLY)
		return;
	if (p->role == PORTAL_GATEWAY)
		gateway_message(p, m);
	else if (p->role == PORTAL_CLIENT)
		client_message(p, m);
}

static void say_capabilities(struct peer *p)
{
	struct portal_message m = {.type = PORTAL_CAPABILITIES, .body.capabilities.iceless = true};
	if (p->speaks.dialect == PORTAL_V2)
		peer_say(p, &m);
}

static void carry_out(struct peer *p, struct portal_channel_out *o)
{
	switch (o->kind) {
	case PORTAL_OUT_DIAL:
		abandon(p);
		p->has_init = false;
		p->wire = wire_dial(p);
		break;
	case PORTAL_OUT_CLOSE:
		abandon(p);
		break;
	case PORTAL_OUT_TEXT:
		if (p->wire && p->wire->peer_open)
			wire_up(p->wire, o->text.text, o->text.bytes);
		portal_text_free(&o->text);
		break;
	case PORTAL_OUT_JOINED:
		say_capabilities(p);
		break;
	case PORTAL_OUT_MESSAGE:
		role_message(p, &o->message);
		portal_message_free(&o->message);
		break;
	case PORTAL_OUT_UNREAD:
		sim_violation(p->sim, "%s cannot read %s %s: %s", p->name, o->error.event, o->error.where, o->error.what);
		break;
	case PORTAL_OUT_ENDED:
		sim_log(p->sim, "%s ended: %s", p->name, portal_why_name(o->why));
		break;
	}
}

void peer_pump(struct peer *p)
{
	struct portal_channel_out o;
	while (p->channel && portal_channel_next(p->channel, &o))
		carry_out(p, &o);
	if (!p->channel)
		return;
	if (portal_channel_state(p->channel) == PORTAL_CHANNEL_ENDED) {
		abandon(p);
		peer_end(p);
		return;
	}
	cp_time at = portal_channel_deadline(p->channel).at;
	if (at != CP_NEVER)
		clock_at(&p->sim->clock, &p->alarm, at);
	else
		clock_cancel(&p->sim->clock, &p->alarm);
}

static void on_alarm(struct event *e)
{
	struct peer *p = (struct peer *)(void *)((char *)e - offsetof(struct peer, alarm));
	portal_channel_tick(p->channel, p->sim->clock.now);
	peer_pump(p);
}

void peer_start(struct peer *p)
{
	struct sim *s = p->sim;
	struct portal_channel_config c = {
		.link = p->speaks,
		.habits = p->is_older ? &portal_habits_older : &portal_habits_newer,
		.budget = CP_NEVER,
		.stamp_secret = p->role == PORTAL_RELAY ? p->stamp_secret : NULL,
	};
	if (p->channel)
		return;
	p->starts++;
	p->n_used = 0;
	memset(p->wants, 0, sizeof(p->wants));
	forget_all(p);
	new_key(p);
	if (!p->stamp_secret[0] || dice_below(&s->dice, 2))
		snprintf(p->stamp_secret, sizeof(p->stamp_secret), "%016llx", (unsigned long long)dice_u64(&s->dice));
	for (size_t i = 0; i < sizeof(c.seed); i++)
		c.seed[i] = (uint8_t)dice_below(&s->dice, 256);
	p->channel = portal_channel_create(&c);
	if (!p->channel)
		abort();
	sim_log(s, "%s starts", p->name);
	portal_channel_start(p->channel, s->clock.now);
	work_again(p);
	peer_pump(p);
}

void peer_kill(struct peer *p, bool with_fin)
{
	if (!p->channel)
		return;
	sim_log(p->sim, "%s dies%s", p->name, with_fin ? "" : " silently");
	if (p->wire && !with_fin) {
		p->wire->peer_open = false;
		p->wire->is_cut = true;
	}
	abandon(p);
	peer_end(p);
}

void peer_leave(struct peer *p)
{
	if (!p->channel)
		return;
	sim_log(p->sim, "%s leaves", p->name);
	portal_channel_leave(p->channel, p->sim->clock.now);
	peer_pump(p);
}

void peer_reset(struct peer *p)
{
	if (!p->channel || portal_channel_state(p->channel) != PORTAL_CHANNEL_JOINED) /* a dial under way has the old key */
		return;
	sim_log(p->sim, "%s is reset", p->name);
	forget_all(p);
	new_key(p);
	p->network = dice_below(&p->sim->dice, NETWORKS);
	peer_again(p);
	peer_pump(p);
}

void peer_connected(struct peer *p)
{
	if (!p->channel)
		return;
	portal_channel_connected(p->channel, p->sim->clock.now);
	peer_pump(p);
}

void peer_text(struct peer *p, const char *text, size_t bytes)
{
	if (!p->channel)
		return;
	portal_channel_frame(p->channel, text, bytes, p->sim->clock.now);
	peer_pump(p);
}

void peer_lost(struct peer *p, bool refused, unsigned int status)
{
	if (!p->channel)
		return;
	if (refused)
		portal_channel_dial_failed(p->channel, status, 0, p->sim->clock.now);
	else
		portal_channel_lost(p->channel, p->sim->clock.now);
	peer_pump(p);
}

/* --- for the roles --- */

int peer_say(struct peer *p, const struct portal_message *m)
{
	uint64_t ref;
	return portal_channel_send(p->channel, m, &ref, p->sim->clock.now);
}

void peer_again(struct peer *p)
{
	portal_channel_reconnect(p->channel, p->sim->clock.now);
}

static void relay_add(struct peer *p, const struct portal_uuid *id)
{
	for (uint32_t i = 0; i < p->n_relays; i++)
		if (same_uuid(&p->relays[i], id))
			return;
	if (p->n_relays < sizeof(p->relays) / sizeof(p->relays[0]))
		p->relays[p->n_relays++] = *id;
}

void peer_relays_set(struct peer *p, const struct portal_relays *l)
{
	for (size_t i = 0; i < l->n; i++)
		relay_add(p, &l->list[i].id);
}

void peer_relays_gone(struct peer *p, const struct portal_uuids *gone)
{
	for (size_t g = 0; g < gone->n; g++)
		for (uint32_t i = 0; i < p->n_relays; i++)
			if (same_uuid(&p->relays[i], &gone->ids[g]))
				p->relays[i] = p->relays[--p->n_relays];
}

void peer_no_relays(struct peer *p)
{
	if (p->is_older)
		peer_again(p);
	else
		peer_say(p, &(struct portal_message){.type = PORTAL_NO_RELAYS});
}
