/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/facts_copy.h"

#include <string.h>

/* Goes on after memory ran short, since nothing that comes can make it worse: said once, at the end. */
struct copier {
	struct portal_memory *memory;
	bool is_short;
};

static void *copy_bytes(struct copier *c, const void *from, size_t n, size_t size)
{
	void *to = n > 0 ? portal_memory_get(c->memory, n * size) : NULL;
	if (to)
		memcpy(to, from, n * size);
	c->is_short = c->is_short || (n > 0 && !to);
	return to;
}
#define COPY(c, from, n) copy_bytes(c, from, n, sizeof((from)[0]))

static const char *copy_text(struct copier *c, const char *text)
{
	return text ? copy_bytes(c, text, strlen(text) + 1, 1) : NULL;
}

static const struct portal_site *copy_sites(struct copier *c, const struct portal_site *from, size_t n)
{
	struct portal_site *to = COPY(c, from, n);
	for (size_t i = 0; to && i < n; i++)
		to[i].name = copy_text(c, from[i].name);
	return to;
}

static const struct broker_actor *copy_actors(struct copier *c, const struct broker_actor *from, size_t n)
{
	struct broker_actor *to = COPY(c, from, n);
	for (size_t i = 0; to && i < n; i++) {
		to[i].name = copy_text(c, from[i].name);
		to[i].email = copy_text(c, from[i].email);
	}
	return to;
}

static void copy_view(struct copier *c, struct portal_resource *v)
{
	v->name = copy_text(c, v->name);
	v->pattern = copy_text(c, v->pattern);
	v->description = copy_text(c, v->description);
	v->filters.list = COPY(c, v->filters.list, v->filters.n);
	v->sites.list = copy_sites(c, v->sites.list, v->sites.n);
}

static const struct broker_resource *copy_resources(struct copier *c, const struct broker_resource *from, size_t n)
{
	struct broker_resource *to = COPY(c, from, n);
	for (size_t i = 0; to && i < n; i++)
		copy_view(c, &to[i].view);
	return to;
}

static const struct broker_policy *copy_policies(struct copier *c, const struct broker_policy *from, size_t n)
{
	struct broker_policy *to = COPY(c, from, n);
	for (size_t i = 0; to && i < n; i++) {
		to[i].actors = COPY(c, from[i].actors, from[i].n_actors);
		to[i].resources = COPY(c, from[i].resources, from[i].n_resources);
		to[i].networks = COPY(c, from[i].networks, from[i].n_networks);
	}
	return to;
}

static const struct broker_relay *copy_relays(struct copier *c, const struct broker_relay *from, size_t n)
{
	struct broker_relay *to = COPY(c, from, n);
	for (size_t i = 0; to && i < n; i++) {
		to[i].username = copy_text(c, from[i].username);
		to[i].password = copy_text(c, from[i].password);
		to[i].rest_secret = copy_text(c, from[i].rest_secret);
	}
	return to;
}

bool facts_copy(struct portal_memory *memory, const struct broker_world *w, struct broker_world *ret)
{
	struct copier c = {.memory = memory};
	*ret = *w;
	ret->account_slug = copy_text(&c, w->account_slug);
	ret->sites = copy_sites(&c, w->sites, w->n_sites);
	ret->actors = copy_actors(&c, w->actors, w->n_actors);
	ret->resources = copy_resources(&c, w->resources, w->n_resources);
	ret->policies = copy_policies(&c, w->policies, w->n_policies);
	ret->relays = copy_relays(&c, w->relays, w->n_relays);
	ret->dns = COPY(&c, w->dns, w->n_dns);
	ret->search_domain = copy_text(&c, w->search_domain);
	return !c.is_short;
}
