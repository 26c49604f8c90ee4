/* SPDX-License-Identifier: Apache-2.0 */
#include "portal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "trace.h"
#include "world.h"

#define USERNAME_MAX 64u

enum message_kind { ADD, REMOVE, UPSERT, RELAYS, SWEEP };

struct message {
	struct event event;
	struct portal *portal;
	struct host *to, *about;
	enum message_kind kind;
	char text[ICE_CANDIDATE_TEXT];
};

void portal_init(struct portal *p, struct world *w, struct dice d)
{
	*p = (struct portal){.world = w, .dice = d, .least = 5 * CP_MS, .most = 20 * CP_MS, .ufrag_chars = 32};
}

void portal_fini(struct portal *p)
{
	free(p->grants);
}

/* --- credentials --- */

static uint64_t mix(uint64_t h, const uint8_t *data, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		h = (h ^ data[i]) * 0x100000001b3u;
	return h;
}

static void letters(struct dice *d, char *ret, unsigned int n, uint32_t of)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
	for (unsigned int i = 0; i < n; i++)
		ret[i] = alphabet[dice_below(d, of)];
	ret[n] = 0;
}

/* A function of both keys, as at the portal: the same on both sides, and after a restart. */
static void credentials(const struct portal *p, const struct host *client, const struct host *gateway,
			struct ice_credentials *ret_client, struct ice_credentials *ret_gateway)
{
	struct dice d = {.state = mix(mix(7, client->key, sizeof(client->key)), gateway->key, sizeof(gateway->key))};
	letters(&d, ret_client->ufrag, 4, p->ufrag_chars);
	letters(&d, ret_client->pwd, 22, 32);
	letters(&d, ret_gateway->ufrag, 4, p->ufrag_chars);
	letters(&d, ret_gateway->pwd, 22, 32);
}

static void upsert(const struct portal *p, struct host *h, const struct host *peer)
{
	struct conn_peer c = {0};
	memcpy(c.id, peer->id, sizeof(c.id));
	memcpy(c.public_key, peer->key, sizeof(c.public_key));
	memset(c.preshared_key, 0x5a, sizeof(c.preshared_key));
	if (h->role == CONN_CLIENT)
		credentials(p, h, peer, &c.local, &c.remote);
	else
		credentials(p, peer, h, &c.remote, &c.local);
	conn_upsert(h->core, &c, h->clock->now);
}

/* The least number that is the client's, for names of users. */
static void username_of(const struct portal *p, const struct host *h, unsigned int relay, char ret[USERNAME_MAX])
{
	snprintf(ret, USERNAME_MAX, "%u:%s%u", 1685984278 + p->epoch, h->name, relay);
}

static void relays_update(const struct portal *p, struct host *h)
{
	struct conn_relay add[PORTAL_RELAYS_MAX];
	uint8_t gone[PORTAL_RELAYS_MAX][CONN_ID_BYTES];
	char username[PORTAL_RELAYS_MAX][USERNAME_MAX], password[PORTAL_RELAYS_MAX][RELAY_NAME_MAX];
	unsigned int n_add = 0, n_gone = 0;
	for (unsigned int i = 0; i < p->n_relays; i++) {
		if (!p->listed[i] || h->s.relayless) {
			memcpy(gone[n_gone++], p->relay_ids[i], CONN_ID_BYTES);
			continue;
		}
		username_of(p, h, i, username[i]);
		relay_password(p->relays[i], username[i], password[i]);
		add[n_add] = (struct conn_relay){.turn = {.username = username[i], .password = password[i], .realm = "firezone",
							  .software = "sluice",
							  .server = {p->relays[i]->server[0], p->relays[i]->server[1]}}};
		memcpy(add[n_add++].id, p->relay_ids[i], CONN_ID_BYTES);
	}
	conn_relays_update(h->core, (const uint8_t(*)[CONN_ID_BYTES])gone, n_gone, add, n_add, h->clock->now);
}

/* --- messages --- */

static void deliver(const struct message *m)
{
	struct host *h = m->to;
	size_t bytes = strlen(m->text);
	trace_note(h->world->net.trace, h->clock->now, "portal", h->name, "%s",
		   m->kind == ADD      ? "candidate"
		   : m->kind == REMOVE ? "invalidate"
		   : m->kind == UPSERT ? "authorise"
		   : m->kind == RELAYS ? "relays"
				       : "that is all");
	switch (m->kind) {
	case ADD:
		conn_candidate_add(h->core, m->about->id, m->text, bytes, h->clock->now);
		break;
	case REMOVE:
		conn_candidate_remove(h->core, m->about->id, m->text, bytes, h->clock->now);
		break;
	case UPSERT:
		upsert(m->portal, h, m->about);
		break;
	case RELAYS:
		relays_update(m->portal, h);
		break;
	case SWEEP:
		conn_sweep(h->core, h->clock->now);
	}
	core_drain(h);
}

static void arrive(struct event *e)
{
	struct message *m = (struct message *)e;
	if (m->portal->mute) {
		clock_after(&m->portal->world->clock, e, CP_S);
		return;
	}
	if (m->to->core)
		deliver(m);
	free(m);
}

static void forget(struct event *e)
{
	free(e);
}

static void post(struct portal *p, enum message_kind kind, struct host *to, struct host *about, const char *text, cp_time delay)
{
	struct message *m = calloc(1, sizeof(*m));
	assert(m);
	*m = (struct message){.event = {.fire = arrive, .drop = forget}, .portal = p, .to = to, .about = about, .kind = kind};
	snprintf(m->text, sizeof(m->text), "%s", text);
	p->messages++;
	clock_after(&p->world->clock, &m->event, delay);
}

static cp_time delay_of(struct portal *p)
{
	return p->reorders ? dice_between(&p->dice, p->least, p->most) : p->most;
}

/* --- what nodes say and hear --- */

void portal_relay_add(struct portal *p, struct relay *r)
{
	assert(p->n_relays < PORTAL_RELAYS_MAX);
	for (unsigned int i = 0; i < CONN_ID_BYTES; i++)
		p->relay_ids[p->n_relays][i] = (uint8_t)dice_u64(&p->dice);
	p->listed[p->n_relays] = true;
	p->relays[p->n_relays++] = r;
}

void portal_relay_list(struct portal *p, const struct relay *r, bool listed)
{
	for (unsigned int i = 0; i < p->n_relays; i++)
		if (p->relays[i] == r)
			p->listed[i] = listed;
	for (struct host *h = p->world->hosts; h < p->world->hosts + p->world->n_hosts; h++)
		post(p, RELAYS, h, NULL, "", p->most);
}

static struct grant *grant_of(struct portal *p, struct host *client, struct host *gateway)
{
	for (unsigned int i = 0; i < p->n_grants; i++)
		if (p->grants[i].client == client && p->grants[i].gateway == gateway)
			return &p->grants[i];
	p->grants = realloc(p->grants, (p->n_grants + 1) * sizeof(*p->grants));
	assert(p->grants);
	p->grants[p->n_grants] = (struct grant){.client = client, .gateway = gateway};
	return &p->grants[p->n_grants++];
}

void portal_connect(struct portal *p, struct host *client, struct host *gateway)
{
	struct grant *g = grant_of(p, client, gateway);
	cp_time ask = delay_of(p);
	g->asked = p->world->clock.now;
	g->times++;
	p->requests++;
	trace_note(p->world->net.trace, p->world->clock.now, client->name, "portal", "asks for %s", gateway->name);
	post(p, UPSERT, gateway, client, "", ask);
	post(p, UPSERT, client, gateway, "", ask + p->most + delay_of(p));
}

void portal_hello(struct portal *p, struct host *h)
{
	post(p, RELAYS, h, NULL, "", p->most);
	for (unsigned int i = 0; i < p->n_grants; i++)
		if (p->grants[i].client == h || p->grants[i].gateway == h)
			post(p, UPSERT, h, p->grants[i].client == h ? p->grants[i].gateway : p->grants[i].client, "", p->most);
	post(p, SWEEP, h, NULL, "", p->most);
}

static struct host *host_with(const struct portal *p, const uint8_t id[CONN_ID_BYTES])
{
	for (struct host *h = p->world->hosts; h < p->world->hosts + p->world->n_hosts; h++)
		if (memcmp(h->id, id, CONN_ID_BYTES) == 0)
			return h;
	return NULL;
}

void portal_candidate(struct portal *p, struct host *from, const uint8_t id[CONN_ID_BYTES], const char *text, bool add)
{
	struct host *to = host_with(p, id);
	if (!to)
		return;
	++*(add ? &p->candidates : &p->invalidations);
	trace_note(p->world->net.trace, p->world->clock.now, from->name, "portal", "%s", add ? "candidate" : "invalidate");
	post(p, add ? ADD : REMOVE, to, from, text, p->most);
}

void portal_no_relays(struct portal *p, struct host *h)
{
	post(p, RELAYS, h, NULL, "", CP_S + p->most);
}

void portal_wanted(struct portal *p, struct host *h, const uint8_t id[CONN_ID_BYTES])
{
	struct host *peer = host_with(p, id);
	if (h->role != CONN_CLIENT || !peer || !h->core)
		return;
	if (p->world->clock.now >= grant_of(p, h, peer)->asked + 2 * CP_S)
		portal_connect(p, h, peer);
}
