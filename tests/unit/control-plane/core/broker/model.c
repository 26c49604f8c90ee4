/* SPDX-License-Identifier: Apache-2.0 */
#include "model.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint8_t choose(struct cp_rng *r, uint32_t n)
{
	return (uint8_t)cp_rng_below(r, n);
}

static int64_t choose_end(struct cp_rng *r)
{
	static const int64_t ends[] = {EARLY, LATE, PORTAL_NEVER, PORTAL_NEVER};
	return ends[choose(r, 4)];
}

static void random_resource(struct model *m, unsigned int i, struct cp_rng *r)
{
	m->resource[i].there = choose(r, 4) > 0;
	m->resource[i].name = choose(r, 2);
	m->resource[i].type = choose(r, 3);
	m->resource[i].address = choose(r, 2);
	m->resource[i].ip_stack = choose(r, 3);
	m->resource[i].description = choose(r, 2);
	m->resource[i].filters = choose(r, 3);
	m->resource[i].sites = choose(r, 1u << SITES);
}

static void random_policy(struct model *m, unsigned int i, struct cp_rng *r)
{
	m->policy[i].there = choose(r, 4) > 0;
	m->policy[i].actors = choose(r, 1u << ACTORS) & choose(r, 1u << ACTORS);
	m->policy[i].resources = choose(r, 1u << RESOURCES) & choose(r, 1u << RESOURCES);
	m->policy[i].networks = choose(r, 2) ? 0 : choose(r, 4);
	m->policy[i].expires_at = choose_end(r);
}

void model_random(struct model *m, struct cp_rng *r)
{
	*m = (struct model){.order = choose(r, 8)};
	for (unsigned int i = 0; i < SITES; i++)
		m->site[i].there = choose(r, 4) > 0;
	for (unsigned int i = 0; i < ACTORS; i++)
		m->actor[i].there = choose(r, 4) > 0;
	for (unsigned int i = 0; i < RESOURCES; i++)
		random_resource(m, i, r);
	for (unsigned int i = 0; i < POLICIES; i++)
		random_policy(m, i, r);
}

/* All of it, or one member. */
static void mutate_resource(struct model *m, unsigned int i, struct cp_rng *r)
{
	struct model changed = *m;
	random_resource(&changed, i, r);
	uint8_t *to[] = {&m->resource[i].name, &m->resource[i].type, &m->resource[i].address, &m->resource[i].ip_stack,
			 &m->resource[i].description, &m->resource[i].filters, &m->resource[i].sites};
	const uint8_t from[] = {changed.resource[i].name, changed.resource[i].type, changed.resource[i].address,
				changed.resource[i].ip_stack, changed.resource[i].description, changed.resource[i].filters,
				changed.resource[i].sites};
	unsigned int only = choose(r, 8);
	for (unsigned int k = 0; k < 7; k++)
		if (only == k || only == 7)
			*to[k] = from[k];
}

static void mutate_policy(struct model *m, unsigned int i, struct cp_rng *r)
{
	switch (choose(r, 5)) {
	case 0:
		m->policy[i].actors ^= (uint8_t)(1u << choose(r, ACTORS));
		break;
	case 1:
		m->policy[i].resources ^= (uint8_t)(1u << choose(r, RESOURCES));
		break;
	case 2:
		m->policy[i].networks = choose(r, 4);
		break;
	case 3:
		m->policy[i].expires_at = choose_end(r);
		break;
	default:
		random_policy(m, i, r);
	}
}

void model_mutate(struct model *m, struct cp_rng *r)
{
	unsigned int site = choose(r, SITES), actor = choose(r, ACTORS), resource = choose(r, RESOURCES);
	switch (choose(r, 12)) {
	case 0:
		m->site[site].there = !m->site[site].there;
		break;
	case 1:
		m->site[site].name ^= 1;
		break;
	case 2:
		m->actor[actor].there = !m->actor[actor].there;
		break;
	case 3:
		m->resource[resource].there = !m->resource[resource].there;
		break;
	case 4:
	case 5:
		mutate_resource(m, resource, r);
		break;
	case 6:
		m->order = choose(r, 8);
		break;
	case 7:
		m->slug ^= 1;
		break;
	case 8:
		*(choose(r, 2) ? &m->dns : &m->search) ^= 1;
		break;
	default:
		mutate_policy(m, choose(r, POLICIES), r);
	}
}

static uint8_t sites_there(const struct model *m)
{
	unsigned int mask = 0;
	for (unsigned int i = 0; i < SITES; i++)
		mask |= (unsigned int)m->site[i].there << i;
	return (uint8_t)mask;
}

bool model_has_resource(const struct model *m, unsigned int i)
{
	return m->resource[i].there && (m->resource[i].sites & sites_there(m)) != 0;
}

static struct portal_uuid id_of(uint8_t kind, unsigned int i)
{
	return (struct portal_uuid){.bytes = {kind, [15] = (uint8_t)i}};
}

struct portal_uuid site_id(unsigned int i)
{
	return id_of(0x51, i);
}

struct portal_uuid actor_id(unsigned int i)
{
	return id_of(0xac, i);
}

struct portal_uuid resource_id(unsigned int i)
{
	return id_of(0x4e, i);
}

struct portal_uuid policy_id(unsigned int i)
{
	return id_of(0xb0, i);
}

unsigned int slot_of(const struct portal_uuid *id)
{
	return id->bytes[15];
}

/* What a world made of a model borrows, side by side. */
struct room {
	struct broker_world world;
	struct portal_site sites[SITES], resource_sites[RESOURCES][SITES];
	struct broker_actor actors[ACTORS];
	struct broker_resource resources[RESOURCES];
	struct portal_filter filters[RESOURCES][2];
	struct broker_policy policies[POLICIES];
	uint32_t policy_actors[POLICIES][ACTORS], policy_resources[POLICIES][RESOURCES];
	struct portal_network networks[POLICIES][2];
	uint32_t actor_index[ACTORS], resource_index[RESOURCES];
	struct cp_addr dns;
	char site_names[SITES][16], actor_names[ACTORS][16], resource_names[RESOURCES][16], patterns[RESOURCES][32];
};

/* The i-th of n in this order: some of the permutations. */
static unsigned int nth(const struct model *m, unsigned int i, unsigned int n)
{
	unsigned int rotated = (i + m->order) % n;
	return m->order & 4 ? n - 1 - rotated : rotated;
}

static void put_sites(const struct model *m, struct room *w)
{
	for (unsigned int i = 0; i < SITES; i++) {
		unsigned int s = nth(m, i, SITES);
		snprintf(w->site_names[s], sizeof(w->site_names[s]), "site-%u-%u", s, m->site[s].name);
		if (m->site[s].there)
			w->sites[w->world.n_sites++] = (struct portal_site){site_id(s), w->site_names[s]};
	}
}

static void put_actors(const struct model *m, struct room *w)
{
	for (unsigned int i = 0; i < ACTORS; i++) {
		unsigned int a = nth(m, i, ACTORS);
		snprintf(w->actor_names[a], sizeof(w->actor_names[a]), "actor-%u", a);
		w->actor_index[a] = (uint32_t)w->world.n_actors;
		if (m->actor[a].there)
			w->actors[w->world.n_actors++] = (struct broker_actor){actor_id(a), w->actor_names[a], NULL};
	}
}

static void put_address(const struct model *m, struct room *w, unsigned int r, struct portal_resource *v)
{
	static const enum portal_resource_type types[] = {PORTAL_RESOURCE_CIDR, PORTAL_RESOURCE_DNS, PORTAL_RESOURCE_INTERNET};
	v->type = types[m->resource[r].type];
	if (v->type == PORTAL_RESOURCE_CIDR)
		v->network = (struct portal_network){cp_addr_v4(10, (uint8_t)r, m->resource[r].address, 0, 0), 24};
	if (v->type == PORTAL_RESOURCE_DNS) {
		snprintf(w->patterns[r], sizeof(w->patterns[r]), "n%u.r%u.example", m->resource[r].address, r);
		v->pattern = w->patterns[r];
		v->has_ip_stack = true;
		v->ip_stack = (enum portal_ip_stack)m->resource[r].ip_stack;
	}
}

static void put_resource(const struct model *m, struct room *w, unsigned int r)
{
	struct portal_resource *v = &w->resources[w->world.n_resources++].view;
	*v = (struct portal_resource){.id = resource_id(r), .has_filters = true};
	snprintf(w->resource_names[r], sizeof(w->resource_names[r]), "res-%u-%u", r, m->resource[r].name);
	v->name = w->resource_names[r];
	put_address(m, w, r, v);
	v->description = m->resource[r].description ? "described" : NULL;
	w->filters[r][0] = (struct portal_filter){PORTAL_TCP, true, 22, (uint16_t)(22 + (m->resource[r].filters == 2))};
	v->filters = (struct portal_filters){w->filters[r], m->resource[r].filters > 0};
	v->sites.list = w->resource_sites[r];
	for (unsigned int i = 0; i < w->world.n_sites; i++)
		if (m->resource[r].sites >> slot_of(&w->sites[i].id) & 1)
			w->resource_sites[r][v->sites.n++] = w->sites[i];
}

static void put_resources(const struct model *m, struct room *w)
{
	for (unsigned int i = 0; i < RESOURCES; i++) {
		unsigned int r = nth(m, i, RESOURCES);
		w->resource_index[r] = (uint32_t)w->world.n_resources;
		if (model_has_resource(m, r))
			put_resource(m, w, r);
	}
}

static void put_networks(uint8_t networks, struct portal_network *list, struct broker_policy *p)
{
	p->networks = list;
	if (networks & 1)
		list[p->n_networks++] = (struct portal_network){cp_addr_v4(10, 0, 0, 0, 0), 9};
	if (networks & 2)
		list[p->n_networks++] =
			(struct portal_network){{.ip = {0x20, 0x01, 0x0d, 0xb8}, .family = CP_V6}, 33};
}

static void put_policy(const struct model *m, struct room *w, unsigned int i)
{
	struct broker_policy *p = &w->policies[w->world.n_policies++];
	*p = (struct broker_policy){.id = policy_id(i), .actors = w->policy_actors[i], .resources = w->policy_resources[i],
				    .expires_at = m->policy[i].expires_at};
	for (unsigned int a = 0; a < ACTORS; a++)
		if (m->actor[a].there && m->policy[i].actors >> a & 1)
			w->policy_actors[i][p->n_actors++] = w->actor_index[a];
	for (unsigned int r = 0; r < RESOURCES; r++)
		if (model_has_resource(m, r) && m->policy[i].resources >> r & 1)
			w->policy_resources[i][p->n_resources++] = w->resource_index[r];
	put_networks(m->policy[i].networks, w->networks[i], p);
}

struct broker_world *model_world(const struct model *m)
{
	struct room *w = calloc(1, sizeof(*w));
	assert(w);
	w->dns = cp_addr_v4(9, 9, 9, (uint8_t)(9 + m->dns), 53);
	w->world = (struct broker_world){.account_slug = m->slug ? "acme" : "ecma", .sites = w->sites, .actors = w->actors,
					 .resources = w->resources, .policies = w->policies, .dns = &w->dns, .n_dns = 1,
					 .search_domain = m->search ? "acme.example" : NULL,
					 .timing = broker_timing_default, .quota = broker_quota_default};
	put_sites(m, w);
	put_actors(m, w);
	put_resources(m, w);
	for (unsigned int i = 0; i < POLICIES; i++)
		if (m->policy[nth(m, i, POLICIES)].there)
			put_policy(m, w, nth(m, i, POLICIES));
	return &w->world;
}

void model_world_scribble(struct broker_world *w)
{
	memset(w, 0xaa, sizeof(struct room));
}

void model_world_free(struct broker_world *w)
{
	free(w);
}

struct cp_addr place(unsigned int i)
{
	static const char *const texts[PLACES] = {"", "10.1.2.3", "2001:db8::1", "10.200.0.1", "::ffff:10.1.2.3", "192.0.2.1"};
	struct cp_addr a = {.family = CP_NONE};
	bool ok = cp_ip_parse(texts[i], strlen(texts[i]), &a);
	assert(ok == (i > 0));
	a.port = ok ? 40000 : 0;
	return a;
}

bool model_network_holds(const struct model *m, unsigned int p, unsigned int from)
{
	static const uint8_t networks_of[PLACES] = {3, 1, 2, 0, 1, 0};
	return m->policy[p].networks == 0 || (m->policy[p].networks & networks_of[from]) != 0;
}

bool model_grants(const struct model *m, unsigned int actor, unsigned int resource, unsigned int from, int64_t unix_now,
		  int64_t *ret_expires_at)
{
	bool granted = false;
	int64_t end = INT64_MIN;
	for (unsigned int p = 0; p < POLICIES; p++) {
		if (!m->policy[p].there || !(m->policy[p].actors >> actor & 1) || !(m->policy[p].resources >> resource & 1) ||
		    !model_network_holds(m, p, from) || unix_now >= m->policy[p].expires_at)
			continue;
		granted = true;
		end = m->policy[p].expires_at > end ? m->policy[p].expires_at : end;
	}
	if (ret_expires_at)
		*ret_expires_at = end;
	return granted && m->actor[actor].there && model_has_resource(m, resource);
}
