/* SPDX-License-Identifier: Apache-2.0 */
#include "file.h"

#include <stdio.h>
#include <string.h>

#define BIT(i) ((uint8_t)(1u << (i)))
#define ALL(n) ((uint8_t)((1u << (n)) - 1))

static struct portal_uuid id(uint8_t kind, uint32_t i)
{
	return (struct portal_uuid){{kind, kind, kind, kind, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, (uint8_t)i}};
}

struct portal_uuid site_id(uint32_t i)
{
	return id(0x51, i);
}

struct portal_uuid actor_id(uint32_t i)
{
	return id(0xac, i);
}

struct portal_uuid resource_id(uint32_t i)
{
	return id(0x4e, i);
}

struct portal_uuid static_relay_id(uint32_t i)
{
	return id(0x7e, i);
}

uint32_t resource_index(const struct portal_uuid *u)
{
	for (uint32_t i = 0; i < RESOURCES; i++) {
		struct portal_uuid r = resource_id(i);
		if (memcmp(&r, u, sizeof(r)) == 0)
			return i;
	}
	return RESOURCES;
}

/* --- chance --- */

static uint8_t some(struct dice *d, uint32_t n)
{
	return (uint8_t)(dice_below(d, 1u << n) | BIT(dice_below(d, n)));
}

static int64_t some_end(struct dice *d, int64_t unix_now)
{
	return dice_below(d, 4) ? PORTAL_NEVER : unix_now + (int64_t)dice_between(d, 5, 120);
}

static void policy_random(struct policy *p, struct dice *d, int64_t unix_now)
{
	*p = (struct policy){
		.is_there = dice_below(d, 5) != 0,
		.actors = some(d, ACTORS),
		.resources = some(d, RESOURCES),
		.network = dice_below(d, 4) ? 0 : (uint8_t)(1 + dice_below(d, NETWORKS)),
		.expires_at = some_end(d, unix_now),
	};
}

static void timing_random(struct broker_timing *t, struct dice *d)
{
	static const cp_time after[] = {0, CP_S / 2, 2 * CP_S, 2 * CP_S, 5 * CP_S};
	static const cp_time quiet[] = {0, 5 * CP_S, 60 * CP_S};
	*t = broker_timing_default;
	t->rescue_after = after[dice_below(d, 5)];
	t->rescue_not_before = quiet[dice_below(d, 3)];
	t->move_within = dice_below(d, 4) * CP_S / 2;
	t->move_per_s = dice_below(d, 3) ? 200 : 2;
	t->authorization_seconds = dice_below(d, 3) ? 14 * 24 * 3600 : 20;
}

void file_random(struct file *f, struct dice *d, int64_t unix_now)
{
	*f = (struct file){
		.sites = ALL(SITES),
		.actors = ALL(ACTORS),
		.resources = ALL(RESOURCES),
		.relays = (uint8_t)dice_below(d, 1u << STATICS),
	};
	for (uint32_t i = 0; i < RESOURCES; i++)
		f->at[i] = dice_below(d, 3) ? BIT(dice_below(d, SITES)) : some(d, SITES);
	for (uint32_t i = 0; i < POLICIES; i++)
		policy_random(&f->policies[i], d, unix_now);
	timing_random(&f->timing, d);
}

static void change_once(struct file *f, struct dice *d, int64_t unix_now)
{
	uint32_t r = dice_below(d, RESOURCES);
	switch (dice_below(d, 12)) {
	case 0:
		f->sites ^= dice_below(d, 3) ? 0 : BIT(dice_below(d, SITES));
		f->sites |= BIT(0);
		break;
	case 1:
		f->actors ^= dice_below(d, 3) ? 0 : BIT(dice_below(d, ACTORS));
		break;
	case 2:
		f->resources ^= BIT(r);
		break;
	case 3:
		f->at[r] = some(d, SITES);
		break;
	case 4:
		f->address[r] = (uint8_t)dice_below(d, 3);
		break;
	case 5:
		f->name[r] = (uint8_t)dice_below(d, 3);
		break;
	case 6:
		f->filters[r] = (uint8_t)dice_below(d, 3);
		break;
	case 7:
		f->site_name[dice_below(d, SITES)] = (uint8_t)dice_below(d, 3);
		break;
	case 8:
		f->slug = (uint8_t)dice_below(d, 3);
		break;
	case 9:
		f->dns = (uint8_t)dice_below(d, 3);
		break;
	case 10:
		f->relays ^= BIT(dice_below(d, STATICS));
		break;
	default:
		policy_random(&f->policies[dice_below(d, POLICIES)], d, unix_now);
	}
}

void file_change(struct file *f, struct dice *d, int64_t unix_now)
{
	for (uint32_t n = 1 + dice_below(d, 3); n > 0; n--)
		change_once(f, d, unix_now);
	if (dice_below(d, 8) == 0)
		timing_random(&f->timing, d);
}

/* --- as the broker has it --- */

bool file_has_resource(const struct file *f, uint32_t r)
{
	return r < RESOURCES && (f->resources & BIT(r)) && (f->at[r] & f->sites);
}

static void write_owners(const struct file *f, struct world_text *t)
{
	for (uint32_t i = 0; i < SITES; i++) {
		snprintf(t->names[i], sizeof(t->names[i]), "site %u.%u", i, f->site_name[i]);
		if (f->sites & BIT(i))
			t->sites[t->world.n_sites++] = (struct portal_site){site_id(i), t->names[i]};
	}
	for (uint32_t i = 0; i < ACTORS; i++) {
		char *name = t->names[SITES + i];
		snprintf(name, sizeof(t->names[0]), "actor %u", i);
		if (f->actors & BIT(i))
			t->actors[t->world.n_actors++] = (struct broker_actor){.id = actor_id(i), .name = name};
	}
}

static struct portal_resource view(const struct file *f, struct world_text *t, uint32_t i)
{
	char *name = t->names[SITES + ACTORS + i];
	snprintf(name, sizeof(t->names[0]), "resource %u.%u", i, f->name[i]);
	snprintf(t->patterns[i], sizeof(t->patterns[i]), "r%u-%u.example", i, f->address[i]);
	bool is_dns = i % 2;
	struct portal_resource r = {
		.type = is_dns ? PORTAL_RESOURCE_DNS : PORTAL_RESOURCE_CIDR,
		.id = resource_id(i),
		.name = name,
		.network = {cp_addr_v4(10, (uint8_t)i, f->address[i], 0, 0), 24},
		.pattern = is_dns ? t->patterns[i] : NULL,
		.has_filters = true,
		.filters = {&t->filter, f->filters[i] ? 1 : 0},
		.sites = {t->at[i], 0},
	};
	if (is_dns)
		r.network = (struct portal_network){0};
	for (uint32_t s = 0; s < SITES; s++)
		if (f->at[i] & f->sites & BIT(s))
			t->at[i][r.sites.n++] = (struct portal_site){site_id(s), t->names[s]};
	return r;
}

/* The place of bit i among those that are there. */
static uint32_t place(uint32_t bits, uint32_t i)
{
	return (uint32_t)__builtin_popcount(bits & (BIT(i) - 1u));
}

static uint32_t resources_there(const struct file *f)
{
	uint32_t bits = 0;
	for (uint32_t i = 0; i < RESOURCES; i++)
		bits |= file_has_resource(f, i) ? BIT(i) : 0;
	return bits;
}

static void write_policy(const struct file *f, struct world_text *t, uint32_t i)
{
	const struct policy *p = &f->policies[i];
	uint32_t *index = t->indexes[i], n_actors = 0, n = 0, there = resources_there(f);
	for (uint32_t a = 0; a < ACTORS; a++)
		if (p->actors & f->actors & BIT(a))
			index[n++] = place(f->actors, a);
	n_actors = n;
	for (uint32_t r = 0; r < RESOURCES; r++)
		if (p->resources & there & BIT(r))
			index[n++] = place(there, r);
	if (!p->is_there || n_actors == 0 || n == n_actors)
		return;
	t->policies[t->world.n_policies++] = (struct broker_policy){
		.id = id(0x90, i),
		.actors = index,
		.n_actors = n_actors,
		.resources = index + n_actors,
		.n_resources = n - n_actors,
		.networks = p->network ? &t->networks[p->network - 1] : NULL,
		.n_networks = p->network ? 1 : 0,
		.expires_at = p->expires_at,
	};
}

static void write_relays(const struct file *f, struct world_text *t)
{
	for (uint32_t i = 0; i < STATICS; i++)
		if (f->relays & BIT(i))
			t->relays[t->world.n_relays++] = (struct broker_relay){
				.id = static_relay_id(i),
				.ipv4 = cp_addr_v4(198, 51, 100, (uint8_t)(10 + i), 3478),
				.username = i ? NULL : "user",
				.password = i ? NULL : "word",
				.rest_secret = i ? "of coturn" : NULL,
			};
}

void file_write(const struct file *f, struct world_text *t)
{
	*t = (struct world_text){.filter = {.protocol = PORTAL_TCP, .has_ports = true, .port_first = 80, .port_last = 90}};
	write_owners(f, t);
	for (uint32_t i = 0; i < RESOURCES; i++)
		if (file_has_resource(f, i))
			t->resources[t->world.n_resources++].view = view(f, t, i);
	for (uint32_t i = 0; i < NETWORKS; i++)
		t->networks[i] = (struct portal_network){cp_addr_v4(192, 0, (uint8_t)i, 0, 0), 24};
	for (uint32_t i = 0; i < POLICIES; i++)
		write_policy(f, t, i);
	write_relays(f, t);
	snprintf(t->slug, sizeof(t->slug), "acme%u", f->slug);
	t->dns = cp_addr_v4(9, 9, 9, (uint8_t)(9 + f->dns), 53);
	t->world.account_slug = t->slug;
	t->world.sites = t->sites;
	t->world.actors = t->actors;
	t->world.resources = t->resources;
	t->world.policies = t->policies;
	t->world.relays = t->relays;
	t->world.dns = &t->dns;
	t->world.n_dns = f->dns ? 1 : 0;
	t->world.timing = f->timing;
	t->world.quota = broker_quota_default;
}

/* --- what it grants --- */

bool file_names(const struct file *f, uint32_t actor, uint32_t resource)
{
	if (!(f->actors & BIT(actor)) || !file_has_resource(f, resource))
		return false;
	for (uint32_t i = 0; i < POLICIES; i++)
		if (f->policies[i].is_there && (f->policies[i].actors & BIT(actor)) && (f->policies[i].resources & BIT(resource)))
			return true;
	return false;
}

int64_t file_grants(const struct file *f, uint32_t actor, uint32_t resource, uint32_t network, int64_t unix_now)
{
	int64_t until = 0;
	if (!file_names(f, actor, resource))
		return 0;
	for (uint32_t i = 0; i < POLICIES; i++) {
		const struct policy *p = &f->policies[i];
		bool holds = p->is_there && (p->actors & BIT(actor)) && (p->resources & BIT(resource)) && p->expires_at > unix_now &&
			     (p->network == 0 || network == NETWORKS || p->network == network + 1);
		if (holds && p->expires_at > until)
			until = p->expires_at;
	}
	return until;
}

static uint64_t mix(uint64_t h, const void *data, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		h = (h ^ ((const uint8_t *)data)[i]) * 0x100000001b3u;
	return h;
}

uint64_t resource_digest(const struct portal_resource *r)
{
	uint64_t h = mix(0xcbf29ce484222325u, &r->type, sizeof(r->type));
	h = mix(h, &r->id, sizeof(r->id));
	h = mix(h, r->name, strlen(r->name));
	h = mix(h, &r->network.addr, sizeof(r->network.addr));
	h = mix(h, &r->network.prefix_bits, 1);
	if (r->pattern)
		h = mix(h, r->pattern, strlen(r->pattern));
	for (size_t i = 0; i < r->filters.n; i++) {
		const struct portal_filter *f = &r->filters.list[i];
		const uint16_t values[] = {f->protocol, f->has_ports, f->port_first, f->port_last};
		h = mix(h, values, sizeof(values));
	}
	return h | 1;
}

uint64_t sites_digest(const struct portal_sites *sites)
{
	uint64_t sum = 1;
	for (size_t i = 0; i < sites->n; i++) {
		uint64_t h = mix(0xcbf29ce484222325u, &sites->list[i].id, sizeof(sites->list[i].id));
		struct dice scattered = {.state = mix(h, sites->list[i].name, strlen(sites->list[i].name))};
		sum += dice_u64(&scattered); /* whatever their order */
	}
	return sum;
}
