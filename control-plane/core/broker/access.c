/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/access.h"

#include <string.h>

#include "broker/facts_internal.h"

/* A socket of both families says ::ffff:192.0.2.1 for 192.0.2.1 (RFC 4291 §2.5.5.2). */
static struct cp_addr unmapped(const struct cp_addr *a)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct cp_addr v4 = {.family = CP_V4};
	if (a->family != CP_V6 || memcmp(a->ip, mapped, sizeof(mapped)) != 0)
		return *a;
	memcpy(v4.ip, a->ip + sizeof(mapped), 4);
	return v4;
}

static bool is_in(const struct portal_network *n, const struct cp_addr *a)
{
	unsigned int whole = n->prefix_bits / 8, rest = n->prefix_bits % 8;
	return a->family == n->addr.family && memcmp(a->ip, n->addr.ip, whole) == 0 &&
	       (rest == 0 || (a->ip[whole] ^ n->addr.ip[whole]) >> (8 - rest) == 0);
}

static bool network_holds(const struct broker_policy *p, const struct cp_addr *from)
{
	if (p->n_networks == 0 || !from || from->family == CP_NONE)
		return true;
	struct cp_addr a = unmapped(from);
	for (size_t i = 0; i < p->n_networks; i++)
		if (is_in(&p->networks[i], &a))
			return true;
	return false;
}

static bool time_holds(const struct broker_policy *p, int64_t unix_now)
{
	return unix_now < p->expires_at;
}

bool facts_policy_holds(const struct broker_policy *p, const struct cp_addr *from, int64_t unix_now)
{
	return time_holds(p, unix_now) && network_holds(p, from);
}

static void violate(struct broker_verdict *v, const char *property)
{
	for (size_t i = 0; i < v->n_violated; i++)
		if (v->violated[i] == property)
			return;
	v->violated[v->n_violated++] = property;
}

/* A policy that has both. */
static void judge(struct broker_verdict *v, const struct broker_policy *p, const struct cp_addr *from, int64_t unix_now)
{
	static const char *const remote_ip = "remote_ip", *const current_time = "current_utc_datetime";
	if (facts_policy_holds(p, from, unix_now)) {
		if (v->access != BROKER_GRANTED || v->expires_at < p->expires_at)
			v->expires_at = p->expires_at;
		v->access = BROKER_GRANTED;
		return;
	}
	if (v->access == BROKER_NOT_FOUND)
		v->access = BROKER_FORBIDDEN;
	if (!network_holds(p, from))
		violate(v, remote_ip);
	if (!time_holds(p, unix_now))
		violate(v, current_time);
}

struct broker_verdict facts_judge(const struct broker_facts *f, uint32_t a, uint32_t r, const struct cp_addr *from,
				  int64_t unix_now)
{
	struct broker_verdict v = {.access = BROKER_NOT_FOUND};
	if (a == FACTS_NONE || r == FACTS_NONE)
		return v;
	struct facts_list mine = facts_policies(&f->of_actor, a), its = facts_policies(&f->of_resource, r);
	for (size_t i = 0, j = 0; i < mine.n && j < its.n;) {
		if (mine.policies[i] == its.policies[j])
			judge(&v, &f->world.policies[mine.policies[i]], from, unix_now);
		bool both = mine.policies[i] == its.policies[j], less = mine.policies[i] < its.policies[j];
		i += both || less;
		j += both || !less;
	}
	if (v.access == BROKER_GRANTED)
		v.n_violated = 0;
	return v;
}

struct broker_verdict broker_access(const struct broker_facts *f, const struct portal_uuid *actor,
				    const struct portal_uuid *resource, const struct cp_addr *from, int64_t unix_now)
{
	return facts_judge(f, facts_find(&f->actors, actor), facts_find(&f->resources, resource), from, unix_now);
}

size_t broker_access_list(const struct broker_facts *f, const struct portal_uuid *actor, const struct cp_addr *from,
			  int64_t unix_now, const struct broker_resource **ret)
{
	const struct broker_world *w = &f->world;
	uint32_t a = facts_find(&f->actors, actor);
	struct facts_list mine = a == FACTS_NONE ? (struct facts_list){NULL, 0} : facts_policies(&f->of_actor, a);
	for (size_t r = 0; r < w->n_resources; r++)
		ret[r] = NULL;
	for (size_t i = 0; i < mine.n; i++) {
		const struct broker_policy *p = &w->policies[mine.policies[i]];
		size_t n_granted = facts_policy_holds(p, from, unix_now) ? p->n_resources : 0;
		for (size_t j = 0; j < n_granted; j++)
			ret[p->resources[j]] = &w->resources[p->resources[j]];
	}
	size_t n = 0;
	for (size_t r = 0; r < w->n_resources; r++)
		if (ret[r])
			ret[n++] = ret[r];
	return n;
}

int64_t broker_access_changes_at(const struct broker_facts *f, int64_t unix_now)
{
	int64_t at = PORTAL_NEVER;
	for (size_t i = 0; i < f->world.n_policies; i++)
		if (f->world.policies[i].expires_at > unix_now && f->world.policies[i].expires_at < at)
			at = f->world.policies[i].expires_at;
	return at;
}
