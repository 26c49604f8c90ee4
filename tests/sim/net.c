/* SPDX-License-Identifier: Apache-2.0 */
#include "net.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "trace.h"

struct route {
	struct cp_map_entry entry;
	struct cp_addr ip;
	struct nic *nic;
	struct route *next;
};

void net_init(struct net *n, struct clock *c, struct dice d)
{
	*n = (struct net){.clock = c, .dice = d};
}

void zone_init(struct zone *z, struct net *n, const char *name)
{
	static const uint8_t secret[16];
	*z = (struct zone){.net = n, .name = name};
	cp_map_init(&z->map, secret);
}

void zone_fini(struct zone *z)
{
	while (z->routes) {
		struct route *r = z->routes;
		z->routes = r->next;
		free(r);
	}
	cp_map_fini(&z->map);
}

static struct cp_addr ip_of(const struct cp_addr *a)
{
	struct cp_addr ip = *a;
	ip.port = 0;
	return ip;
}

static struct route *route_find(const struct zone *z, const struct cp_addr *a)
{
	struct cp_addr ip = ip_of(a);
	return (struct route *)cp_map_find(&z->map, &ip, sizeof(ip));
}

static void route_add(struct zone *z, const struct cp_addr *a, struct nic *nic)
{
	struct route *r = calloc(1, sizeof(*r));
	assert(r && !route_find(z, a));
	*r = (struct route){.ip = ip_of(a), .nic = nic, .next = z->routes};
	z->routes = r;
	cp_map_add(&z->map, &r->entry, &r->ip, sizeof(r->ip));
}

static void route_remove(struct zone *z, const struct cp_addr *a)
{
	struct route *gone = route_find(z, a), **at = &z->routes;
	assert(gone);
	while (*at != gone)
		at = &(*at)->next;
	*at = gone->next;
	cp_map_remove(&z->map, &gone->entry);
	free(gone);
}

void nic_address_add(struct nic *n, const struct cp_addr *a)
{
	route_add(n->zone, a, n);
	for (struct zone *z = n->zone; a->family == CP_V6 && z->transparent_v6; z = z->up_outer->zone)
		route_add(z->up_outer->zone, a, z->up_outer);
}

void nic_address_remove(struct nic *n, const struct cp_addr *a)
{
	route_remove(n->zone, a);
	for (struct zone *z = n->zone; a->family == CP_V6 && z->transparent_v6; z = z->up_outer->zone)
		route_remove(z->up_outer->zone, a);
}

static void arrive(struct event *e)
{
	struct packet *p = (struct packet *)e;
	struct net *n = p->to->zone->net;
	n->count.delivered++;
	trace_hop(n->trace, n->clock->now, p, p->to->name);
	p->to->deliver(p->to->owner, p->to, p);
	free(p);
}

static void forget(struct event *e)
{
	free(e);
}

/* One way over one link. */
static cp_time cross(struct net *n, struct link *l, int way, cp_time at)
{
	at += l->latency + (l->jitter ? dice_between(&n->dice, 0, l->jitter) : 0);
	if (dice_ppm(&n->dice, l->reorder_ppm))
		return at + dice_between(&n->dice, CP_MS, 40 * CP_MS);
	if (at < l->last[way])
		at = l->last[way];
	return l->last[way] = at;
}

static void lose(struct net *n, const struct packet *p, uint64_t *counter, const char *why, const char *where)
{
	++*counter;
	trace_lost(n->trace, n->clock->now, p, why, where);
}

static void launch(struct net *n, struct nic *from, struct packet *p)
{
	p->arrival = (struct event){.fire = arrive, .drop = forget};
	clock_at(n->clock, &p->arrival, cross(n, &p->to->link, 1, cross(n, &from->link, 0, n->clock->now)));
}

static struct packet *packet_new(const char *sender, struct nic *to, const struct cp_addr *src, const struct cp_addr *dst,
				 const void *data, size_t bytes)
{
	struct packet *p = malloc(sizeof(*p) + bytes);
	assert(p && bytes <= NET_PACKET_MAX);
	*p = (struct packet){.to = to, .sender = sender, .src = *src, .dst = *dst, .bytes = (uint16_t)bytes};
	memcpy(p->data, data, bytes);
	return p;
}

void nic_send(struct nic *from, const char *sender, const struct cp_addr *src, const struct cp_addr *dst, const void *data,
	      size_t bytes)
{
	struct net *n = from->zone->net;
	const struct route *r = route_find(from->zone, dst);
	struct nic *to = r ? r->nic : from->zone->up != from ? from->zone->up : NULL;
	struct packet *p = packet_new(sender, to, src, dst, data, bytes);
	n->count.sent++;
	if (!to)
		lose(n, p, &n->count.unroutable, "no route", from->zone->name);
	else if (from->link.down || to->link.down || net_is_cut(n, from, to))
		lose(n, p, &n->count.cut, "cut", from->link.down ? from->name : to->name);
	else if (dice_ppm(&n->dice, from->link.loss_ppm) || dice_ppm(&n->dice, to->link.loss_ppm))
		lose(n, p, &n->count.lost, "lost", from->name);
	else {
		if (dice_ppm(&n->dice, from->link.duplicate_ppm)) {
			n->count.duplicated++;
			launch(n, from, packet_new(sender, to, src, dst, data, bytes));
		}
		launch(n, from, p);
		return;
	}
	free(p);
}

void nic_refuse(struct nic *at, const struct packet *p, const char *why)
{
	struct net *n = at->zone->net;
	lose(n, p, &n->count.refused, why, at->name);
}

static bool cut_find(const struct net *n, const struct nic *a, const struct nic *b, unsigned int *ret)
{
	for (unsigned int i = 0; i < n->n_cuts; i++)
		if ((n->cuts[i].a == a && n->cuts[i].b == b) || (n->cuts[i].a == b && n->cuts[i].b == a)) {
			*ret = i;
			return true;
		}
	return false;
}

void net_cut(struct net *n, const struct nic *a, const struct nic *b)
{
	assert(n->n_cuts < NET_CUTS_MAX);
	n->cuts[n->n_cuts].a = a;
	n->cuts[n->n_cuts++].b = b;
}

void net_heal(struct net *n, const struct nic *a, const struct nic *b)
{
	unsigned int i;
	if (cut_find(n, a, b, &i))
		n->cuts[i] = n->cuts[--n->n_cuts];
}

bool net_is_cut(const struct net *n, const struct nic *a, const struct nic *b)
{
	unsigned int i;
	return cut_find(n, a, b, &i);
}
