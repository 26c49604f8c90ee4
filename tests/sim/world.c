/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX(hosts) ((hosts) + 32u)

struct world *world_new(uint64_t seed, unsigned int hosts_max, struct trace *trace)
{
	struct world *w = calloc(1, sizeof(*w));
	assert(w);
	w->seed = seed;
	w->dice = (struct dice){.state = seed * 0x2545f4914f6cdd1du + 1};
	clock_init(&w->clock);
	net_init(&w->net, &w->clock, dice_fork(&w->dice));
	w->net.trace = trace;
	if (trace)
		trace->began = w->clock.now;
	zone_init(&w->zones[w->n_zones++], &w->net, "internet");
	w->hosts_max = hosts_max;
	w->names_max = NAMES_MAX(hosts_max);
	w->hosts = calloc(hosts_max, sizeof(*w->hosts));
	w->names = calloc(w->names_max, sizeof(*w->names));
	assert(w->hosts && w->names);
	portal_init(&w->portal, w, dice_fork(&w->dice));
	return w;
}

void world_free(struct world *w)
{
	for (unsigned int i = 0; i < w->n_hosts; i++)
		host_fini(&w->hosts[i]);
	clock_fini(&w->clock);
	for (unsigned int i = 0; i < w->n_relays; i++)
		relay_fini(&w->relays[i]);
	for (unsigned int i = 0; i < w->n_nats; i++)
		nat_fini(&w->nats[i]);
	for (unsigned int i = 0; i < w->n_zones; i++)
		zone_fini(&w->zones[i]);
	portal_fini(&w->portal);
	free(w->hosts);
	free(w->names);
	free(w);
}

const char *world_name(struct world *w, const char *fmt, ...)
{
	va_list args;
	assert(w->n_names < w->names_max);
	char *name = w->names[w->n_names++];
	va_start(args, fmt);
	vsnprintf(name, WORLD_NAME_MAX, fmt, args);
	va_end(args);
	return name;
}

struct cp_addr addr(const char *ip)
{
	struct cp_addr a = {0};
	if (ip && !cp_ip_parse(ip, strlen(ip), &a))
		abort();
	return a;
}

struct zone *world_internet(struct world *w)
{
	return &w->zones[0];
}

struct zone *world_home(struct world *w, const char *name, const struct nat_settings *s, struct zone *outer, const char *v4,
			const char *v6)
{
	assert(w->n_zones < WORLD_ZONES_MAX && w->n_nats < WORLD_NATS_MAX);
	struct zone *z = &w->zones[w->n_zones++];
	struct cp_addr own_v4 = addr(v4), own_v6 = addr(v6);
	zone_init(z, &w->net, name);
	nat_init(&w->nats[w->n_nats++], name, s, outer, z, &own_v4, &own_v6, dice_fork(&w->dice));
	return z;
}

struct nat *world_nat_of(struct world *w, const struct zone *inner)
{
	for (unsigned int i = 0; i < w->n_nats; i++)
		if (w->nats[i].inner.zone == inner)
			return &w->nats[i];
	return NULL;
}

struct relay *world_relay(struct world *w, const char *name, const struct relay_settings *s, const char *v4, const char *v6)
{
	assert(w->n_relays < PORTAL_RELAYS_MAX);
	struct relay *r = &w->relays[w->n_relays++];
	struct cp_addr a4 = addr(v4), a6 = addr(v6);
	relay_init(r, name, s, world_internet(w), &a4, &a6, dice_fork(&w->dice));
	portal_relay_add(&w->portal, r);
	return r;
}

struct host *world_host(struct world *w, const char *name, const struct host_settings *s, struct zone *z, const char *v4,
			const char *v6)
{
	assert(w->n_hosts < w->hosts_max);
	struct host *h = &w->hosts[w->n_hosts++];
	struct cp_addr ips[2] = {addr(v4), addr(v6)};
	host_init(h, w, name, s, dice_fork(&w->dice));
	struct nic *nic = host_attach(h, z);
	for (int i = 0; i < 2; i++)
		if (ips[i].family != CP_NONE)
			host_address_add(h, nic, &ips[i]);
	return h;
}

void world_latency(struct world *w, cp_time each)
{
	struct nic *nics[2 * WORLD_NATS_MAX + PORTAL_RELAYS_MAX];
	unsigned int n = 0;
	for (unsigned int i = 0; i < w->n_nats; i++) {
		nics[n++] = &w->nats[i].outer;
		nics[n++] = &w->nats[i].inner;
	}
	for (unsigned int i = 0; i < w->n_relays; i++)
		nics[n++] = &w->relays[i].nic;
	for (unsigned int i = 0; i < n; i++)
		nics[i]->link.latency = each;
	for (unsigned int i = 0; i < w->n_hosts; i++)
		for (unsigned int k = 0; k < w->hosts[i].n_nics; k++)
			w->hosts[i].nics[k].link.latency = each;
}

void world_start(struct world *w)
{
	for (unsigned int i = 0; i < w->n_hosts; i++)
		core_start(&w->hosts[i]);
}

void world_run(struct world *w, cp_time duration)
{
	clock_run(&w->clock, w->clock.now + duration);
}

bool world_until(struct world *w, bool (*holds)(struct world *w, void *arg), void *arg, cp_time step, cp_time limit)
{
	for (cp_time end = w->clock.now + limit; !holds(w, arg); world_run(w, step))
		if (w->clock.now >= end)
			return false;
	return true;
}

void world_violation(struct world *w, const char *fmt, ...)
{
	va_list args;
	if (w->violation[0])
		return;
	va_start(args, fmt);
	vsnprintf(w->violation, sizeof(w->violation), fmt, args);
	va_end(args);
	trace_note(w->net.trace, w->clock.now, "world", NULL, "%s", w->violation);
	w->clock.halted = true;
}

uint64_t world_hash(const struct world *w)
{
	uint64_t h = w->net.count.sent;
	for (unsigned int i = 0; i < w->n_hosts; i++)
		h = (h ^ w->hosts[i].count.hash) * 0x9e3779b97f4a7c15u + w->hosts[i].count.outputs;
	return h;
}
