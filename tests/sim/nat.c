/* SPDX-License-Identifier: Apache-2.0 */
#include "nat.h"

#include <assert.h>
#include <stdlib.h>

struct admitted {
	struct admitted *next;
	struct cp_addr remote;
	cp_time until;
};

struct nat_binding {
	struct nat_binding *next;
	struct cp_addr inner, outer;
	struct cp_addr remote; /* whom it is for, as far as mapping depends on that */
	cp_time until;
	bool forwarded;
	struct admitted *admitted;
};

static void binding_free(struct nat_binding *b)
{
	while (b->admitted) {
		struct admitted *a = b->admitted;
		b->admitted = a->next;
		free(a);
	}
	free(b);
}

static void sweep(struct nat *n, cp_time now)
{
	for (struct nat_binding **at = &n->bindings, *b; (b = *at);) {
		if (b->until > now) {
			at = &b->next;
			continue;
		}
		*at = b->next;
		binding_free(b);
	}
}

/* The part of an address that a behaviour looks at. */
static struct cp_addr looked_at(const struct cp_addr *a, enum nat_behaviour how)
{
	struct cp_addr r = *a;
	if (how == NAT_INDEPENDENT)
		return (struct cp_addr){0};
	if (how == NAT_ADDRESS)
		r.port = 0;
	return r;
}

static cp_time now_of(const struct nat *n)
{
	return n->outer.zone->net->clock->now;
}

static bool is_taken(const struct nat *n, const struct cp_addr *outer)
{
	for (const struct nat_binding *b = n->bindings; b; b = b->next)
		if (cp_addr_equal(&b->outer, outer))
			return true;
	return false;
}

static struct cp_addr outer_for(struct nat *n, const struct cp_addr *inner)
{
	if (inner->family == CP_V6 && n->s.v6 == NAT_V6_FIREWALL)
		return *inner;
	struct cp_addr outer = n->own[inner->family == CP_V6];
	outer.port = n->s.preserves_ports ? inner->port : (uint16_t)dice_between(&n->dice, 1024, 65535);
	while (is_taken(n, &outer) || outer.port == 3478)
		outer.port = (uint16_t)dice_between(&n->dice, 1024, 65535);
	return outer;
}

static struct nat_binding *binding_add(struct nat *n, const struct cp_addr *inner, const struct cp_addr *outer)
{
	struct nat_binding *b = calloc(1, sizeof(*b));
	assert(b);
	b->inner = *inner;
	b->outer = *outer;
	b->next = n->bindings;
	n->bindings = b;
	return b;
}

/* Who came in through a forwarded port is answered from it, everybody else is written to as if there were none. */
static enum nat_behaviour filtering_of(const struct nat *n, const struct nat_binding *b)
{
	return b->forwarded ? NAT_ADDRESS_PORT : n->s.filtering;
}

static struct admitted *admitted(const struct nat *n, const struct nat_binding *b, const struct cp_addr *remote)
{
	struct cp_addr key = looked_at(remote, filtering_of(n, b));
	struct admitted *a = b->admitted;
	while (a && !(a->until > now_of(n) && cp_addr_equal(&a->remote, &key)))
		a = a->next;
	return a;
}

static struct nat_binding *binding_out(struct nat *n, const struct cp_addr *inner, const struct cp_addr *remote)
{
	bool passes = inner->family == CP_V6 && n->s.v6 == NAT_V6_FIREWALL;
	struct cp_addr key = looked_at(remote, passes ? NAT_INDEPENDENT : n->s.mapping);
	struct nat_binding *b = n->bindings;
	while (b && !(cp_addr_equal(&b->inner, inner) &&
		      (b->forwarded ? admitted(n, b, remote) != NULL : cp_addr_equal(&b->remote, &key))))
		b = b->next;
	if (!b) {
		struct cp_addr outer = outer_for(n, inner);
		b = binding_add(n, inner, &outer);
		b->remote = key;
		n->made++;
	}
	return b;
}

static void admit(struct nat *n, struct nat_binding *b, const struct cp_addr *remote)
{
	struct cp_addr key = looked_at(remote, filtering_of(n, b));
	struct admitted *a = b->admitted;
	while (a && !cp_addr_equal(&a->remote, &key))
		a = a->next;
	if (!a) {
		a = calloc(1, sizeof(*a));
		assert(a);
		a->remote = key;
		a->next = b->admitted;
		b->admitted = a;
	}
	a->until = now_of(n) + n->s.expiry;
	if (!b->forwarded)
		b->until = now_of(n) + n->s.expiry;
}

static void refuse(struct nat *n, struct nic *at, const struct packet *p, const char *why)
{
	n->refused++;
	nic_refuse(at, p, why);
}

static void inward(struct nat *n, struct nic *at, const struct packet *p, const struct cp_addr *src)
{
	struct nat_binding *b = n->bindings;
	while (b && !cp_addr_equal(&b->outer, &p->dst))
		b = b->next;
	struct admitted *a = b ? admitted(n, b, src) : NULL;
	if (!b || (!a && !b->forwarded)) {
		refuse(n, at, p, b ? "filtered" : "no binding");
		return;
	}
	if (b->forwarded || n->s.refreshed_inbound)
		admit(n, b, src);
	nic_send(&n->inner, p->sender, src, &b->inner, p->data, p->bytes);
}

static void from_outside(void *owner, struct nic *at, const struct packet *p)
{
	struct nat *n = owner;
	sweep(n, now_of(n));
	inward(n, at, p, &p->src);
}

static void from_inside(void *owner, struct nic *at, const struct packet *p)
{
	struct nat *n = owner;
	if (n->own[p->src.family == CP_V6].family == CP_NONE && !(p->src.family == CP_V6 && n->s.v6 == NAT_V6_FIREWALL)) {
		refuse(n, at, p, "family does not pass");
		return;
	}
	sweep(n, now_of(n));
	struct nat_binding *b = binding_out(n, &p->src, &p->dst);
	admit(n, b, &p->dst);
	if (!cp_ip_equal(&p->dst, &n->own[p->dst.family == CP_V6]))
		nic_send(&n->outer, p->sender, &b->outer, &p->dst, p->data, p->bytes);
	else if (n->s.hairpins)
		inward(n, at, p, &b->outer);
	else
		refuse(n, at, p, "no hairpin");
}

void nat_init(struct nat *n, const char *name, const struct nat_settings *s, struct zone *outer, struct zone *inner,
	      const struct cp_addr *own_v4, const struct cp_addr *own_v6, struct dice d)
{
	*n = (struct nat){.s = *s, .dice = d};
	n->outer = (struct nic){.name = name, .zone = outer, .owner = n, .deliver = from_outside};
	n->inner = (struct nic){.name = name, .zone = inner, .owner = n, .deliver = from_inside};
	inner->up = &n->inner;
	inner->up_outer = &n->outer;
	inner->transparent_v6 = s->v6 == NAT_V6_FIREWALL;
	const struct cp_addr *own[2] = {own_v4, s->v6 == NAT_V6_TRANSLATE ? own_v6 : NULL};
	for (int i = 0; i < 2; i++)
		if (own[i] && own[i]->family != CP_NONE) {
			n->own[i] = *own[i];
			nic_address_add(&n->outer, own[i]);
		}
}

void nat_fini(struct nat *n)
{
	sweep(n, CP_NEVER);
}

void nat_forward(struct nat *n, const struct cp_addr *inner, uint16_t port)
{
	struct cp_addr outer = n->own[inner->family == CP_V6];
	outer.port = port;
	struct nat_binding *b = binding_add(n, inner, &outer);
	b->forwarded = true;
	b->until = CP_NEVER;
}

void nat_restart(struct nat *n)
{
	for (struct nat_binding *b = n->bindings; b; b = b->next)
		if (!b->forwarded)
			b->until = 0;
	sweep(n, now_of(n));
}
