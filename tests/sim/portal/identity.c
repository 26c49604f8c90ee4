/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses are of one device, for life (portal §6.5); keys change with a public key and with nothing else (§3.3). */
#include <string.h>

#include "sim.h"

static struct cp_addr ipv4_of(uint32_t index)
{
	uint32_t a = (100u << 24 | 64u << 16) + index;
	return cp_addr_v4((uint8_t)(a >> 24), (uint8_t)(a >> 16), (uint8_t)(a >> 8), (uint8_t)a, 0);
}

static struct cp_addr ipv6_of(uint32_t index)
{
	struct cp_addr a = {.ip = {0xfd, 0, 0x20, 0x21, 0x11, 0x11}, .family = CP_V6};
	for (int i = 0; i < 4; i++)
		a.ip[15 - i] = (uint8_t)(index >> 8 * i);
	return a;
}

static void check_addresses(struct sim *s, const struct broker_device *d, const struct cp_addr *v4, const struct cp_addr *v6)
{
	struct cp_addr a = ipv4_of(d->index), b = ipv6_of(d->index);
	if (d->index == 0 || d->index >= 1u << 21)
		sim_violation(s, "%s has an address outside of the pool", d->external_id);
	if (!cp_addr_equal(&a, v4) || !cp_addr_equal(&b, v6))
		sim_violation(s, "%s is told by another address", d->external_id);
}

static const struct broker_device *known(struct sim *s, const struct portal_uuid *id)
{
	const struct broker_device *d = store_find_device(&s->store, id);
	if (!d)
		sim_violation(s, "device %s is told before it is stored", uuid_text(id).text);
	return d;
}

static void check_self(struct wire *w, const struct portal_interface *i)
{
	const struct broker_device *d = store_find_identity(&w->sim->store, w->peer->role, w->peer->name);
	if (!d) {
		sim_violation(w->sim, "%s gets an init before it is stored", w->peer->name);
		return;
	}
	if (memcmp(&d->public_key, &w->line.key, sizeof(d->public_key)) != 0)
		sim_violation(w->sim, "%s is not stored with its key", w->peer->name);
	check_addresses(w->sim, d, &i->ipv4, &i->ipv6);
}

static bool same_pair(const struct keys_seen *a, const struct keys_seen *b)
{
	return same_uuid(&a->client, &b->client) && same_uuid(&a->gateway, &b->gateway) &&
	       memcmp(&a->client_key, &b->client_key, sizeof(a->client_key)) == 0 &&
	       memcmp(&a->gateway_key, &b->gateway_key, sizeof(a->gateway_key)) == 0;
}

static void see(struct sim *s, const struct keys_seen *k)
{
	struct oracle *o = &s->oracle;
	bool is_new = true;
	for (uint32_t i = 0; i < o->n_keys; i++) {
		const struct keys_seen *old = &o->keys[i];
		bool same = same_pair(old, k);
		is_new &= !same;
		if (same != (memcmp(&old->psk, &k->psk, sizeof(k->psk)) == 0))
			sim_violation(s, "a preshared key is %s", same ? "another" : "that of others");
		if (same != (memcmp(old->ice, k->ice, sizeof(k->ice)) == 0))
			sim_violation(s, "ICE credentials are %s", same ? "others" : "those of others");
	}
	if (is_new && o->n_keys < KEYS_SEEN)
		o->keys[o->n_keys++] = *k;
}

static struct keys_seen keys(const struct portal_ice *client, const struct portal_ice *gateway, const struct portal_key *psk)
{
	struct keys_seen k = {.psk = *psk};
	const char *texts[] = {client->username, client->password, gateway->username, gateway->password};
	for (int i = 0; i < 4; i++)
		snprintf(k.ice[i], sizeof(k.ice[i]), "%s", texts[i]);
	return k;
}

static void check_authorize(struct wire *w, const struct portal_authorize_flow *f)
{
	struct sim *s = w->sim;
	const struct broker_device *d = known(s, &f->client.id), *self = store_find_identity(&s->store, w->peer->role, w->peer->name);
	struct peer *client = sim_peer_of(s, &f->client.id);
	if (!d || !self || !client || d->role != PORTAL_CLIENT)
		return;
	check_addresses(s, d, &f->client.ipv4, &f->client.ipv6);
	if (memcmp(client->joined ? &client->joined->line.key : &d->public_key, &f->client.public_key, sizeof(struct portal_key)) != 0)
		sim_violation(s, "%s hears of a key that %s does not have now", w->peer->name, client->name);
	struct keys_seen k = keys(&f->client_ice, &f->gateway_ice, &f->client.preshared_key);
	k.client = f->client.id;
	k.client_key = f->client.public_key;
	k.gateway = self->id;
	k.gateway_key = w->line.key;
	see(s, &k);
}

static void check_created(struct wire *w, const struct portal_flow_created *f)
{
	struct sim *s = w->sim;
	const struct broker_device *d = known(s, &f->gateway_id), *self = store_find_identity(&s->store, w->peer->role, w->peer->name);
	struct peer *gateway = sim_peer_of(s, &f->gateway_id);
	if (!d || !self || !gateway || d->role != PORTAL_GATEWAY)
		return;
	check_addresses(s, d, &f->gateway_ipv4, &f->gateway_ipv6);
	struct portal_uuid site = site_id(gateway->owner);
	if (!same_uuid(&site, &f->site_id))
		sim_violation(s, "%s is said to be of another site", gateway->name);
	if (!gateway->joined || memcmp(&gateway->joined->line.key, &f->gateway_public_key, sizeof(struct portal_key)) != 0)
		sim_violation(s, "%s hears of a key that %s does not have now", w->peer->name, gateway->name);
	struct keys_seen k = keys(&f->client_ice, &f->gateway_ice, &f->preshared_key);
	k.client = self->id;
	k.client_key = w->line.key;
	k.gateway = f->gateway_id;
	k.gateway_key = f->gateway_public_key;
	see(s, &k);
}

void identity_out(struct wire *w, const struct portal_message *m)
{
	switch (m->type) {
	case PORTAL_GATEWAY_INIT:
		check_self(w, &m->body.gateway_init.interface);
		break;
	case PORTAL_CLIENT_INIT:
		check_self(w, &m->body.client_init.interface);
		break;
	case PORTAL_CONFIG_CHANGED:
		check_self(w, &m->body.config_changed.interface);
		break;
	case PORTAL_AUTHORIZE_FLOW:
		check_authorize(w, &m->body.authorize_flow);
		break;
	case PORTAL_FLOW_CREATED:
		check_created(w, &m->body.flow_created);
		break;
	default:
		break;
	}
}
