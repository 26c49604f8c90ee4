/* SPDX-License-Identifier: Apache-2.0 */
#include "relay_table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CHANNEL_LIFE (600 * CP_S)
#define COOL_DOWN    (300 * CP_S)

static cp_time now_of(const struct relay *r)
{
	return r->nic.zone->net->clock->now;
}

struct relay_allocation *table_find(const struct relay *r, const struct cp_addr *client, const struct cp_addr *server)
{
	struct relay_allocation *a = r->allocations;
	while (a && !(cp_addr_equal(&a->client, client) && cp_addr_equal(&a->server, server)))
		a = a->next;
	return a;
}

struct relay_allocation *table_by_relayed(const struct relay *r, const struct cp_addr *relayed)
{
	struct relay_allocation *a = r->allocations;
	while (a && !cp_addr_equal(&a->relayed[relayed->family == CP_V6], relayed))
		a = a->next;
	return a;
}

void table_remove(struct relay *r, struct relay_allocation *a)
{
	struct relay_allocation **at = &r->allocations;
	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
	free(a->channels);
	free(a);
}

void table_sweep(struct relay *r, cp_time now)
{
	for (struct relay_allocation *a = r->allocations, *next; a; a = next) {
		next = a->next;
		if (a->until <= now)
			table_remove(r, a);
	}
}

static void remove_older(struct relay *r, const char *username)
{
	for (struct relay_allocation *a = r->allocations, *next; a; a = next) {
		next = a->next;
		if (strcmp(a->username, username) == 0)
			table_remove(r, a);
	}
}

void table_refresh(struct relay *r, struct relay_allocation *a)
{
	a->until = now_of(r) + (r->s.lifetime_s ? r->s.lifetime_s : 600) * CP_S;
}

static uint16_t free_port(struct relay *r)
{
	uint16_t port = r->next_port;
	r->next_port = port == 65535 ? 49152 : (uint16_t)(port + 1);
	return port;
}

struct relay_allocation *table_add(struct relay *r, const struct cp_addr *client, const struct cp_addr *server,
				   const struct stun_text *username, bool both_families)
{
	struct relay_allocation *a = calloc(1, sizeof(*a));
	assert(a && username->bytes < sizeof(a->username));
	a->client = *client;
	a->server = *server;
	memcpy(a->username, username->p, username->bytes);
	if (r->s.one_per_username)
		remove_older(r, a->username);
	uint16_t port = free_port(r);
	for (int i = 0; i < 2; i++)
		if (r->server[i].family != CP_NONE && (i == 0 || both_families || r->server[0].family == CP_NONE)) {
			a->relayed[i] = r->server[i];
			a->relayed[i].port = port;
		}
	table_refresh(r, a);
	a->next = r->allocations;
	return r->allocations = a;
}

static struct relay_channel *channel_to(const struct relay_allocation *a, const struct cp_addr *peer)
{
	for (unsigned int i = 0; i < a->n_channels; i++)
		if (cp_addr_equal(&a->channels[i].peer, peer))
			return &a->channels[i];
	return NULL;
}

static struct relay_channel *channel_numbered(const struct relay_allocation *a, uint16_t number)
{
	for (unsigned int i = 0; i < a->n_channels; i++)
		if (a->channels[i].number == number)
			return &a->channels[i];
	return NULL;
}

static void forget_reserved(struct relay_allocation *a, cp_time now)
{
	for (unsigned int i = 0; i < a->n_channels;)
		if (a->channels[i].until + COOL_DOWN <= now)
			a->channels[i] = a->channels[--a->n_channels];
		else
			i++;
}

bool table_bind(struct relay *r, struct relay_allocation *a, uint16_t number, const struct cp_addr *peer)
{
	forget_reserved(a, now_of(r));
	struct relay_channel *c = channel_numbered(a, number), *of_peer = channel_to(a, peer);
	if (c != of_peer)
		return false;
	if (!c) {
		a->channels = realloc(a->channels, (a->n_channels + 1) * sizeof(*a->channels));
		assert(a->channels);
		c = &a->channels[a->n_channels++];
		*c = (struct relay_channel){.number = number, .peer = *peer};
	}
	c->until = now_of(r) + CHANNEL_LIFE;
	return true;
}

static const struct relay_channel *unexpired(const struct relay *r, const struct relay_channel *c)
{
	return c && c->until > now_of(r) ? c : NULL;
}

const struct relay_channel *table_channel(const struct relay *r, const struct relay_allocation *a, uint16_t number)
{
	return unexpired(r, channel_numbered(a, number));
}

const struct relay_channel *table_channel_to(const struct relay *r, const struct relay_allocation *a, const struct cp_addr *peer)
{
	return unexpired(r, channel_to(a, peer));
}
