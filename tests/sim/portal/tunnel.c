/* SPDX-License-Identifier: Apache-2.0 */
/* What gateways and clients keep of each other, and the candidates they exchange: numbered, so that order shows. */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

struct tunnel *tunnel_find(struct peer *p, const struct portal_uuid *peer)
{
	for (uint32_t i = 0; i < TUNNELS; i++)
		if (p->tunnels[i].is_up && same_uuid(&p->tunnels[i].peer, peer))
			return &p->tunnels[i];
	return NULL;
}

struct tunnel *tunnel_make(struct peer *p, const struct portal_uuid *peer)
{
	struct tunnel *t = tunnel_find(p, peer);
	for (uint32_t i = 0; !t && i < TUNNELS; i++)
		if (!p->tunnels[i].is_up)
			t = &p->tunnels[i];
	if (!t)
		abort();
	if (!t->is_up) {
		uint64_t heard = same_uuid(&t->peer, peer) ? t->heard : 0;
		*t = (struct tunnel){.is_up = true, .peer = *peer, .heard = heard};
	}
	return t;
}

void keys_fill(struct keys *k, const struct portal_key *peer_key, const struct portal_key *psk, const struct portal_ice *client,
	       const struct portal_ice *gateway)
{
	memset(k, 0, sizeof(*k));
	k->peer_key = *peer_key;
	k->psk = *psk;
	snprintf(k->client_ice, sizeof(k->client_ice), "%s/%s", client->username, client->password);
	snprintf(k->gateway_ice, sizeof(k->gateway_ice), "%s/%s", gateway->username, gateway->password);
}

/* The port is the sender's number of it. */
static uint64_t number_of(const char *candidate)
{
	return strtoull(candidate + strlen("candidate:1 1 udp "), NULL, 10);
}

void tunnel_candidates(struct peer *p, struct tunnel *t, const struct portal_candidates *c)
{
	for (size_t i = 0; t && i < c->candidates.n; i++) {
		uint64_t n = number_of(c->candidates.texts[i]);
		if (n <= t->heard)
			sim_violation(p->sim, "%s hears candidate %llu of %s after %llu", p->name, (unsigned long long)n,
				      uuid_text(&c->from).text, (unsigned long long)t->heard);
		t->heard = n;
	}
}

static void say(struct peer *p, struct tunnel *t, bool invalidated, const char *const *texts, size_t n)
{
	struct portal_message m = {0};
	if (p->role == PORTAL_CLIENT && p->speaks.dialect == PORTAL_V2) {
		m.type = invalidated ? PORTAL_INVALIDATED_GATEWAY_CANDIDATES : PORTAL_NEW_GATEWAY_CANDIDATES;
		m.body.unicast = (struct portal_unicast){t->peer, {texts, n}};
	} else {
		m.type = invalidated ? PORTAL_BROADCAST_INVALIDATED_CANDIDATES : PORTAL_BROADCAST_CANDIDATES;
		m.body.broadcast = (struct portal_broadcast){{&t->peer, 1}, {texts, n}};
	}
	peer_say(p, &m);
}

void tunnel_say_candidates(struct peer *p, struct tunnel *t)
{
	char texts[2][64];
	const char *list[2] = {texts[0], texts[1]};
	size_t n = 1 + dice_below(&p->sim->dice, 2);
	for (size_t i = 0; i < n; i++)
		snprintf(texts[i], sizeof(texts[i]), "candidate:1 1 udp %llu 10.0.0.1 5000 typ host",
			 (unsigned long long)++p->n_candidates);
	t->to_send--;
	say(p, t, dice_below(&p->sim->dice, 5) == 0, list, n);
}
