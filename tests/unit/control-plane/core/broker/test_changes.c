/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker/changes.h"
#include "model.h"

static const int64_t times[] = {EARLY - 1, EARLY, LATE - 1, LATE};

/* Two models with their worlds, and the difference. */
struct pair {
	struct model before, after;
	struct broker_world *worlds[2];
	struct broker_facts *facts[2];
	int64_t time_before, time_after;
	struct broker_changes *changes;
};

static void pair_begin(struct pair *p)
{
	const struct model *models[2] = {&p->before, &p->after};
	for (int i = 0; i < 2; i++) {
		p->worlds[i] = model_world(models[i]);
		p->facts[i] = broker_facts_create(p->worlds[i]);
		assert_non_null(p->facts[i]);
	}
	const struct broker_moment before = {p->facts[0], p->time_before}, after = {p->facts[1], p->time_after};
	assert_non_null(p->changes = broker_changes_create(&before, &after));
}

static void pair_end(struct pair *p)
{
	broker_changes_free(p->changes);
	for (int i = 0; i < 2; i++) {
		broker_facts_free(p->facts[i]);
		model_world_free(p->worlds[i]);
	}
}

static void random_pair(struct pair *p, struct cp_rng *r)
{
	model_random(&p->before, r);
	p->after = p->before;
	if (cp_rng_below(r, 10) == 0)
		model_random(&p->after, r);
	else
		for (uint32_t n = cp_rng_below(r, 4); n > 0; n--)
			model_mutate(&p->after, r);
	p->time_before = times[cp_rng_below(r, 4)];
	p->time_after = cp_rng_below(r, 2) ? p->time_before : times[cp_rng_below(r, 4)];
}

/* Some of the policies end at another time: the commonest reason for another end of an authorization. */
static void random_ends(struct pair *p, struct cp_rng *r)
{
	static const int64_t ends[] = {EARLY, LATE, PORTAL_NEVER};
	for (unsigned int i = 0; i < POLICIES; i++)
		if (cp_rng_below(r, 2))
			p->after.policy[i].expires_at = ends[cp_rng_below(r, 3)];
}

/* Everything that is said of a resource. */
#define TEXT 256
static void text_of_service(const struct portal_resource *v, char ret[TEXT])
{
	snprintf(ret, TEXT, "%s %zu %u", v->name, v->filters.n, v->filters.n ? v->filters.list[0].port_last : 0u);
}

static void text_of_sites(const struct portal_resource *v, char ret[TEXT])
{
	const char *names[SITES] = {NULL};
	size_t n = 0;
	for (size_t i = 0; i < v->sites.n; i++) /* in the order of slots: the file's is of no matter */
		names[slot_of(&v->sites.list[i].id)] = v->sites.list[i].name;
	ret[0] = 0;
	for (unsigned int i = 0; i < SITES; i++)
		n += (size_t)snprintf(ret + n, TEXT - n, " %s", names[i] ? names[i] : "-");
}

static void text_of_view(const struct portal_resource *v, char ret[TEXT])
{
	char service[TEXT], address[CP_ADDR_TEXT] = "";
	text_of_service(v, service);
	if (v->type == PORTAL_RESOURCE_CIDR)
		cp_ip_format(&v->network.addr, address);
	int n = snprintf(ret, TEXT, "%.90s %d %.60s %.32s %d %s", service, v->type, address, v->pattern ? v->pattern : "", v->ip_stack,
			 v->description ? v->description : "");
	assert_in_range(n, 1, TEXT - 1);
}

static const struct broker_resource *find(const struct broker_facts *f, unsigned int slot)
{
	struct portal_uuid id = resource_id(slot);
	return broker_facts_resource(f, &id);
}

/* A client as it understands what it is told. */
struct client {
	bool has[RESOURCES];
	char view[RESOURCES][TEXT], sites[RESOURCES][TEXT];
};

static void learn(struct client *c, const struct broker_resource *r)
{
	unsigned int slot = slot_of(&r->view.id);
	c->has[slot] = true;
	text_of_view(&r->view, c->view[slot]);
	text_of_sites(&r->view, c->sites[slot]);
}

static void init(struct client *c, const struct model *m, const struct broker_facts *f, unsigned int actor, unsigned int from,
		 int64_t now)
{
	*c = (struct client){.has = {false}};
	for (unsigned int r = 0; r < RESOURCES; r++)
		if (model_grants(m, actor, r, from, now, NULL))
			learn(c, find(f, r));
}

static void hear_deletions(struct client *now, const struct client *then, const struct broker_client_change *ch)
{
	for (size_t i = 0; i < ch->n_deleted; i++) {
		unsigned int slot = slot_of(ch->deleted[i]);
		assert_true(now->has[slot]);
		assert_true(!then->has[slot] || strcmp(now->sites[slot], then->sites[slot]) != 0);
		now->has[slot] = false;
	}
}

static void hear_upserts(struct client *now, const struct client *then, const struct broker_client_change *ch)
{
	bool seen[RESOURCES] = {false};
	for (size_t i = 0; i < ch->n_upserted; i++) {
		unsigned int slot = slot_of(&ch->upserted[i]->view.id);
		assert_false(seen[slot]);
		seen[slot] = true;
		if (now->has[slot]) { /* in place: it did not move, and it says something new */
			assert_string_equal(now->sites[slot], then->sites[slot]);
			assert_string_not_equal(now->view[slot], then->view[slot]);
		}
		learn(now, ch->upserted[i]);
	}
}

static bool check_client(struct pair *p, unsigned int actor, unsigned int from)
{
	struct portal_uuid id = actor_id(actor);
	struct cp_addr addr = place(from);
	struct client c, then;
	const struct broker_client_change ch = broker_changes_client(p->changes, &id, &addr);
	assert_int_equal(ch.must_close, !p->after.actor[actor].there);
	if (ch.must_close)
		return true;
	assert_int_equal(ch.must_configure, p->before.dns != p->after.dns || p->before.search != p->after.search);
	init(&c, &p->before, p->facts[0], actor, from, p->time_before);
	init(&then, &p->after, p->facts[1], actor, from, p->time_after);
	hear_deletions(&c, &then, &ch);
	hear_upserts(&c, &then, &ch);
	for (unsigned int r = 0; r < RESOURCES; r++) {
		assert_int_equal(c.has[r], then.has[r]);
		assert_true(!c.has[r] || (strcmp(c.view[r], then.view[r]) == 0 && strcmp(c.sites[r], then.sites[r]) == 0));
	}
	return ch.n_deleted + ch.n_upserted > 0 || ch.must_configure;
}

static void clients_know_what_they_would_be_told_anew(void **state)
{
	(void)state;
	struct cp_rng r;
	cp_rng_seed(&r, (const uint8_t[16]){4});
	for (int round = 0; round < 4000; round++) {
		struct pair p;
		bool any = false;
		random_pair(&p, &r);
		pair_begin(&p);
		for (unsigned int i = 0; i < ACTORS * PLACES; i++)
			if (p.before.actor[i % ACTORS].there)
				any = check_client(&p, i % ACTORS, i / ACTORS) || any;
		assert_false(any && broker_changes_is_empty(p.changes));
		pair_end(&p);
	}
}

static bool same_address(const struct pair *p, unsigned int r)
{
	uint8_t type = p->after.resource[r].type; /* 0: by its address, 1: by its name and IP stack, 2: the internet */
	return p->before.resource[r].type == type &&
	       (type == 2 || p->before.resource[r].address == p->after.resource[r].address) &&
	       (type != 1 || p->before.resource[r].ip_stack == p->after.resource[r].ip_stack);
}

static bool at_site(const struct model *m, unsigned int r, unsigned int site)
{
	return model_has_resource(m, r) && m->site[site].there && (m->resource[r].sites >> site & 1);
}

/* Whether gateways of the site must hear of the resource. */
static bool must_update(const struct pair *p, unsigned int r, unsigned int site)
{
	return model_has_resource(&p->before, r) && at_site(&p->after, r, site) && same_address(p, r) &&
	       p->after.resource[r].type != 2 &&
	       (p->before.resource[r].name != p->after.resource[r].name ||
		p->before.resource[r].filters != p->after.resource[r].filters);
}

static bool check_gateway(struct pair *p, unsigned int site)
{
	struct portal_uuid id = site_id(site);
	const struct broker_gateway_change ch = broker_changes_gateway(p->changes, &id);
	bool told[RESOURCES] = {false};
	assert_int_equal(ch.must_close, !p->after.site[site].there);
	if (ch.must_close)
		return true;
	assert_int_equal(ch.must_init, p->before.slug != p->after.slug);
	for (size_t i = 0; i < ch.n_updated; i++) {
		unsigned int slot = slot_of(&ch.updated[i]->view.id);
		assert_false(told[slot]);
		told[slot] = true;
		assert_ptr_equal(ch.updated[i], find(p->facts[1], slot));
	}
	for (unsigned int r = 0; r < RESOURCES; r++)
		assert_int_equal(told[r], must_update(p, r, site));
	return ch.must_init || ch.n_updated > 0;
}

static void gateways_hear_of_names_filters_and_the_slug(void **state)
{
	(void)state;
	struct cp_rng r;
	cp_rng_seed(&r, (const uint8_t[16]){5});
	for (int round = 0; round < 4000; round++) {
		struct pair p;
		bool any = false;
		random_pair(&p, &r);
		pair_begin(&p);
		for (unsigned int i = 0; i < SITES; i++)
			if (p.before.site[i].there)
				any = check_gateway(&p, i) || any;
		assert_false(any && broker_changes_is_empty(p.changes));
		pair_end(&p);
	}
}

/* One that could be, and what should become of it. */
struct access {
	unsigned int actor, resource, site, from;
	bool understands;
	int64_t expires_at, latest;
};

static enum broker_authorization_verdict expected(const struct pair *p, const struct access *a, int64_t *ret)
{
	int64_t had, has;
	bool was_granted = model_grants(&p->before, a->actor, a->resource, a->from, p->time_before, &had);
	if (!at_site(&p->after, a->resource, a->site) || !same_address(p, a->resource))
		return BROKER_REJECT;
	if (!model_grants(&p->after, a->actor, a->resource, a->from, p->time_after, &has))
		return BROKER_REJECT;
	if (a->expires_at > has) {
		*ret = has;
		return a->understands ? BROKER_EXPIRE : BROKER_REJECT;
	}
	int64_t longest = has < a->latest ? has : a->latest;
	if (!was_granted || a->expires_at != had || longest <= a->expires_at || !a->understands)
		return BROKER_KEEP;
	*ret = longest;
	return BROKER_EXPIRE;
}

/* False: nothing is granted, it seems. */
static bool random_access(struct access *a, const struct pair *p, struct cp_rng *r)
{
	static const int64_t longest[] = {EARLY + 500, LATE + 500, 5000};
	int64_t end;
	do {
		*a = (struct access){cp_rng_below(r, ACTORS), cp_rng_below(r, RESOURCES), cp_rng_below(r, SITES), cp_rng_below(r, PLACES),
				     cp_rng_below(r, 2), longest[cp_rng_below(r, 3)], longest[cp_rng_below(r, 3)]};
		if (cp_rng_below(r, 1000) == 0)
			return false;
	} while (!model_grants(&p->before, a->actor, a->resource, a->from, p->time_before, &end) ||
		 !at_site(&p->before, a->resource, a->site));
	if (a->expires_at > end)
		a->expires_at = end;
	return true;
}

static void check_access(const struct pair *p, const struct access *a, unsigned int verdicts[4])
{
	struct portal_uuid actor = actor_id(a->actor), site = site_id(a->site);
	struct cp_addr from = place(a->from);
	const struct broker_authorization record = {.resource = resource_id(a->resource), .expires_at = a->expires_at};
	int64_t want = -1, got = -1;
	enum broker_authorization_verdict v = expected(p, a, &want);
	assert_int_equal(broker_changes_authorization(p->changes, &record, &actor, &from, &site, a->understands, a->latest, &got), v);
	if (v == BROKER_EXPIRE)
		assert_int_equal(got, want);
	assert_true(v == BROKER_KEEP || !broker_changes_is_empty(p->changes));
	verdicts[v]++;
}

static void authorizations_end_when_their_reasons_do(void **state)
{
	(void)state;
	struct cp_rng r;
	unsigned int verdicts[4] = {0};
	cp_rng_seed(&r, (const uint8_t[16]){6});
	for (int round = 0; round < 4000; round++) {
		struct pair p;
		random_pair(&p, &r);
		if (round % 2)
			random_ends(&p, &r);
		pair_begin(&p);
		for (int i = 0; i < 20; i++) {
			struct access a;
			if (random_access(&a, &p, &r))
				check_access(&p, &a, verdicts);
		}
		pair_end(&p);
	}
	assert_true(verdicts[BROKER_KEEP] > 1000 && verdicts[BROKER_EXPIRE] > 1000 && verdicts[BROKER_REJECT] > 1000);
}

static void another_order_of_the_same_is_no_change(void **state)
{
	(void)state;
	struct cp_rng r;
	cp_rng_seed(&r, (const uint8_t[16]){7});
	for (int round = 0; round < 300; round++) {
		struct pair p;
		model_random(&p.before, &r);
		p.after = p.before;
		p.after.order = (uint8_t)cp_rng_below(&r, 8);
		p.time_before = p.time_after = EARLY;
		pair_begin(&p);
		assert_true(broker_changes_is_empty(p.changes));
		pair_end(&p);
	}
}

/* A model of one actor that has one resource, at sites 0 and 1. */
static void plain(struct pair *p)
{
	*p = (struct pair){.time_before = 0, .time_after = 0};
	p->before.site[0].there = p->before.site[1].there = p->before.actor[0].there = true;
	p->before.resource[0].there = p->before.policy[0].there = true;
	p->before.resource[0].sites = 3;
	p->before.policy[0].actors = p->before.policy[0].resources = 1;
	p->before.policy[0].expires_at = PORTAL_NEVER;
	p->after = p->before;
}

static void a_resource_that_moves_is_deleted_and_created(void **state)
{
	(void)state;
	struct pair p;
	struct portal_uuid actor = actor_id(0);
	for (int i = 0; i < 2; i++) {
		plain(&p);
		if (i == 0)
			p.after.resource[0].sites = 2;
		else
			p.after.site[1].name = 1;
		pair_begin(&p);
		struct broker_client_change ch = broker_changes_client(p.changes, &actor, NULL);
		assert_int_equal(ch.n_deleted, 1);
		assert_int_equal(ch.n_upserted, 1);
		pair_end(&p);
	}
}

static void another_address_is_told_to_clients_in_place_and_taken_from_gateways(void **state)
{
	(void)state;
	struct pair p;
	struct portal_uuid actor = actor_id(0), site = site_id(0);
	const struct broker_authorization a = {.resource = resource_id(0), .expires_at = 100};
	int64_t end;
	plain(&p);
	p.after.resource[0].address = p.after.resource[0].filters = 1;
	pair_begin(&p);
	struct broker_client_change ch = broker_changes_client(p.changes, &actor, NULL);
	assert_int_equal(ch.n_deleted, 0);
	assert_int_equal(ch.n_upserted, 1);
	assert_int_equal(broker_changes_gateway(p.changes, &site).n_updated, 0);
	assert_int_equal(broker_changes_authorization(p.changes, &a, &actor, NULL, &site, true, 100, &end), BROKER_REJECT);
	pair_end(&p);
}

/* A policy may list a thing often; nobody hears twice of it, and no list grows. */
static void what_is_listed_often_counts_once(void **state)
{
	(void)state;
	static const uint32_t zeros[100000];
	const struct broker_actor actor = {actor_id(0), "a", NULL};
	const struct broker_resource old = {{.type = PORTAL_RESOURCE_INTERNET, .id = resource_id(0)}},
				     new = {{.type = PORTAL_RESOURCE_INTERNET, .id = resource_id(0), .description = "new"}};
	const struct broker_policy policy = {.actors = zeros, .n_actors = 2, .resources = zeros, .n_resources = 100000,
					     .expires_at = PORTAL_NEVER};
	const struct broker_world worlds[2] = {
		{.account_slug = "a", .actors = &actor, .n_actors = 1, .resources = &old, .n_resources = 1, .policies = &policy, .n_policies = 1},
		{.account_slug = "a", .actors = &actor, .n_actors = 1, .resources = &new, .n_resources = 1, .policies = &policy, .n_policies = 1},
	};
	struct broker_facts *f[2] = {broker_facts_create(&worlds[0]), broker_facts_create(&worlds[1])};
	const struct broker_moment before = {f[0], 0}, after = {f[1], 0};
	struct broker_changes *c = broker_changes_create(&before, &after);
	assert_int_equal(broker_changes_client(c, &actor.id, NULL).n_upserted, 1);
	assert_int_equal(broker_changes_client(c, &actor.id, NULL).n_deleted, 0);
	broker_changes_free(c);
	broker_facts_free(f[0]);
	broker_facts_free(f[1]);
}

/* Of facts that stay, only the time of day makes a difference. */
static void a_policy_ends_by_itself(void **state)
{
	(void)state;
	struct pair p;
	struct portal_uuid actor = actor_id(0);
	plain(&p);
	p.before.policy[0].expires_at = EARLY;
	struct broker_world *w = model_world(&p.before);
	struct broker_facts *f = broker_facts_create(w);
	const struct broker_moment before = {f, EARLY - 1}, after = {f, EARLY};
	struct broker_changes *c = broker_changes_create(&before, &after);
	assert_int_equal(broker_changes_client(c, &actor, NULL).n_deleted, 1);
	broker_changes_free(c);
	c = broker_changes_create(&after, &before); /* and a clock that is set back gives it back */
	assert_int_equal(broker_changes_client(c, &actor, NULL).n_upserted, 1);
	broker_changes_free(c);
	c = broker_changes_create(&before, &before);
	assert_true(broker_changes_is_empty(c));
	broker_changes_free(c);
	broker_facts_free(f);
	model_world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clients_know_what_they_would_be_told_anew),
		cmocka_unit_test(gateways_hear_of_names_filters_and_the_slug),
		cmocka_unit_test(authorizations_end_when_their_reasons_do),
		cmocka_unit_test(another_order_of_the_same_is_no_change),
		cmocka_unit_test(a_resource_that_moves_is_deleted_and_created),
		cmocka_unit_test(another_address_is_told_to_clients_in_place_and_taken_from_gateways),
		cmocka_unit_test(what_is_listed_often_counts_once),
		cmocka_unit_test(a_policy_ends_by_itself),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
