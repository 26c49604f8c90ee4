/* SPDX-License-Identifier: Apache-2.0 */
/* The portal's process: one broker, its timer, its store. What it says is written after what it stores (broker.h). */
#include <stdlib.h>
#include <string.h>

#include "sim.h"


static struct wire *wire_by_conn(struct sim *s, uint64_t conn)
{
	for (struct wire *w = s->wires; w; w = w->next)
		if (w->conn == conn)
			return w;
	return NULL;
}


static void store(struct sim *s, const struct broker_out *o)
{
	if (o->kind == BROKER_OUT_STORE_DEVICE)
		store_device(s, &o->device);
	else if (o->kind == BROKER_OUT_STORE_AUTHORIZATION)
		store_authorization(s, &o->authorization);
	else
		store_forget(s, &o->authorization);
}

static void write_text(struct sim *s, struct broker_out *o)
{
	struct wire *w = wire_by_conn(s, o->conn);
	if (!w || !w->portal_open) {
		sim_violation(s, "a frame for connection %llu, which is none", (unsigned long long)o->conn);
		portal_text_free(&o->text);
		return;
	}
	oracle_text_out(w, o->text.text, o->text.bytes);
	wire_down(w, &o->text);
}

static void close_wire(struct sim *s, const struct broker_out *o)
{
	struct wire *w = wire_by_conn(s, o->conn);
	if (!w || !w->portal_open) {
		sim_violation(s, "connection %llu, which is none, is closed", (unsigned long long)o->conn);
		return;
	}
	oracle_closed(w, o);
	wire_close_down(w);
	w->must_lose = true;
	s->shell.must_lose = true;
}

static void carry_out(struct sim *s, struct broker_out *o)
{
	s->shell.outputs++;
	switch (o->kind) {
	case BROKER_OUT_TEXT:
		write_text(s, o);
		break;
	case BROKER_OUT_CLOSE:
		close_wire(s, o);
		break;
	case BROKER_OUT_EVENT:
		sim_log(s, "! %s %s", o->event, o->event_text);
		break;
	default:
		store(s, o);
	}
}

/* It dies: what it stored in this turn may have been committed, what it had to say was not said. */
static void die(struct sim *s)
{
	struct broker_out o;
	bool committed = dice_below(&s->dice, 2);
	while (broker_next(s->shell.broker, &o)) {
		if (o.kind == BROKER_OUT_TEXT)
			portal_text_free(&o.text);
		else if (committed && o.kind >= BROKER_OUT_STORE_DEVICE && o.kind <= BROKER_OUT_FORGET_AUTHORIZATION)
			store(s, &o);
	}
	shell_kill(s);
}

/* The sockets that it had closed are gone, which it hears last. */
static void lose(struct sim *s)
{
	s->shell.must_lose = false;
	for (struct wire *w = s->wires; w; w = w->next) {
		if (w->must_lose)
			broker_lost(s->shell.broker, w->conn, s->clock.now);
		w->must_lose = false;
	}
}

static void arm(struct sim *s)
{
	cp_time at = broker_deadline(s->shell.broker).at;
	if (at == CP_NEVER)
		clock_cancel(&s->clock, &s->shell.alarm);
	else
		clock_at(&s->clock, &s->shell.alarm, at);
}

static void drain(struct sim *s)
{
	struct broker_out o;
	s->shell.inputs++;
	if (s->shell.killed_in && --s->shell.killed_in == 0) {
		die(s);
		return;
	}
	do {
		if (s->shell.must_lose)
			lose(s);
		while (broker_next(s->shell.broker, &o))
			carry_out(s, &o);
	} while (s->shell.must_lose);
	oracle_end(s);
	arm(s);
}

static void on_alarm(struct event *e)
{
	struct sim *s = (struct sim *)(void *)((char *)e - offsetof(struct sim, shell.alarm));
	oracle_begin(s, ORACLE_TICK, NULL);
	broker_tick(s->shell.broker, s->clock.now);
	drain(s);
	if (s->shell.broker && broker_deadline(s->shell.broker).at <= s->clock.now)
		sim_violation(s, "after a tick something is due still: %s", broker_deadline(s->shell.broker).why);
}

/* --- inputs --- */

void shell_connect(struct wire *w, const struct broker_request *r)
{
	struct sim *s = w->sim;
	const struct token *t = &s->tokens[w->token - 1];
	struct broker_refusal refusal = {0};
	if (!s->shell.broker) {
		wire_refuse(w, 0);
		return;
	}
	if (t->is_gone || t->expires_at <= sim_unix(s)) {
		wire_refuse(w, 401);
		return;
	}
	struct broker_principal who = {.token = w->token, .role = w->speaks.role, .expires_at = t->expires_at};
	if (who.role != PORTAL_RELAY)
		who.owner = who.role == PORTAL_GATEWAY ? site_id(t->owner) : actor_id(t->owner);
	oracle_begin(s, ORACLE_CONNECT, w);
	if (broker_connect(s->shell.broker, w->conn, r, &who, &w->from, s->clock.now, &refusal)) {
		wire_accept(w);
		oracle_connected(w);
	} else {
		oracle_refused(w, &refusal);
		wire_refuse(w, refusal.status);
	}
	drain(s);
}

void shell_text(struct wire *w, const char *text, size_t bytes)
{
	struct sim *s = w->sim;
	oracle_begin(s, ORACLE_TEXT, w);
	oracle_text_in(w, text, bytes);
	broker_text(s->shell.broker, w->conn, text, bytes, s->clock.now);
	drain(s);
}

void shell_lost(struct wire *w)
{
	struct sim *s = w->sim;
	w->portal_open = false;
	oracle_begin(s, ORACLE_LOST, w);
	oracle_lost(w);
	broker_lost(s->shell.broker, w->conn, s->clock.now);
	drain(s);
}

void shell_configure(struct sim *s)
{
	if (!s->shell.broker)
		return;
	sim_log(s, "! reload");
	oracle_begin(s, ORACLE_CONFIGURE, NULL);
	s->oracle.counts[COUNT_RELOADS]++;
	if (broker_configure(s->shell.broker, &s->text.world, s->clock.now) != 0)
		sim_violation(s, "a new file is refused");
	drain(s);
}

void shell_gateway(struct sim *s, enum shell_order order, const struct portal_uuid *gateway)
{
	static const char *const names[] = {"cordon", "uncordon", "drain"};
	static int (*const orders[])(struct broker *, const struct portal_uuid *, cp_time) = {broker_cordon, broker_uncordon, broker_drain};
	if (!s->shell.broker)
		return;
	sim_log(s, "! %s %s", names[order], uuid_text(gateway).text);
	oracle_begin(s, ORACLE_GATEWAY, NULL);
	if (orders[order](s->shell.broker, gateway, s->clock.now) == 0)
		rescued_order(s, order, gateway);
	drain(s);
}

void shell_revoke(struct sim *s, const struct portal_uuid *client, const struct portal_uuid *resource)
{
	if (!s->shell.broker)
		return;
	sim_log(s, "! revoke");
	oracle_begin(s, ORACLE_REVOKE, NULL);
	broker_revoke(s->shell.broker, client, resource, s->clock.now);
	drain(s);
	for (uint32_t i = 0; s->shell.broker && i < s->store.n_auths; i++)
		if (!s->store.left_out[i] && (!client || same_uuid(client, &s->store.auths[i].client)) && (!resource || same_uuid(resource, &s->store.auths[i].resource)))
			sim_violation(s, "an authorization is left that was revoked");
}

void shell_token_gone(struct sim *s, uint32_t token)
{
	s->tokens[token - 1].is_gone = true;
	if (!s->shell.broker)
		return;
	sim_log(s, "! token %u is deleted", token);
	oracle_begin(s, ORACLE_TOKEN_GONE, NULL);
	broker_token_gone(s->shell.broker, token, s->clock.now);
	drain(s);
}

/* --- life --- */

static void restore(struct sim *s)
{
	for (uint32_t i = 0; i < s->store.n_devices; i++)
		broker_restore_device(s->shell.broker, &s->store.devices[i].d);
	for (uint32_t i = 0; i < s->store.n_auths; i++)
		s->store.left_out[i] = broker_restore_authorization(s->shell.broker, &s->store.auths[i]) != 0;
}

void shell_start(struct sim *s)
{
	uint8_t seed[32];
	if (s->shell.broker)
		return;
	for (size_t i = 0; i < sizeof(seed); i++)
		seed[i] = (uint8_t)dice_below(&s->dice, 256);
	sim_log(s, "! the portal starts");
	s->shell.starts++;
	s->shell.began = s->clock.now;
	s->shell.alarm.fire = on_alarm;
	s->shell.broker = broker_create(&s->text.world, seed, sim_unix(s), s->clock.now);
	if (!s->shell.broker)
		abort();
	oracle_restarted(s);
	oracle_begin(s, ORACLE_CONFIGURE, NULL);
	restore(s);
	drain(s);
}

static void end(struct sim *s)
{
	broker_free(s->shell.broker);
	s->shell.broker = NULL;
	s->shell.killed_in = 0;
	clock_cancel(&s->clock, &s->shell.alarm);
	for (struct wire *w = s->wires; w; w = w->next)
		if (w->portal_open)
			wire_close_down(w);
	oracle_restarted(s);
}

void shell_stop(struct sim *s)
{
	if (!s->shell.broker)
		return;
	sim_log(s, "! the portal stops");
	oracle_begin(s, ORACLE_SHUTDOWN, NULL);
	broker_shutdown(s->shell.broker, s->clock.now);
	drain(s);
	if (!s->shell.broker)
		return;
	for (struct wire *w = s->wires; w; w = w->next)
		if (w->portal_open)
			sim_violation(s, "%s is open after the portal's end", w->peer->name);
	end(s);
}

void shell_kill(struct sim *s)
{
	if (!s->shell.broker)
		return;
	sim_log(s, "! the portal dies");
	end(s);
}
