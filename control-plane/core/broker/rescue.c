/* SPDX-License-Identifier: Apache-2.0 */
/* A gateway has one timer: of its rescue while it is missing, of the next move while it is being left. */
#include "broker/rescue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"

/* Compared and hashed by its bytes. */
struct pair {
	struct portal_uuid client;
	const struct rescue_gateway *gateway;
};
_Static_assert(sizeof(struct pair) == 16 + sizeof(void *), "no padding");

struct rescue_client {
	struct cp_map_entry entry;
	struct rescue_client *prev, *next;
	struct pair pair;
};

struct rescue {
	struct broker_timing timing;
	cp_time started;
	struct cp_heap heap;
	struct cp_map clients; /* all gateways' */
	struct rescue_gateway *gateways;
	uint32_t n_gateways;
};

static cp_time later(cp_time at, cp_time by)
{
	return at <= CP_NEVER - by ? at + by : CP_NEVER;
}

static cp_time rescue_at(const struct rescue *r, const struct rescue_gateway *g)
{
	cp_time at = later(g->lost_at, r->timing.rescue_after), quiet = rescue_quiet_until(r);
	return at > quiet ? at : quiet;
}

static void settle(struct rescue *r, struct rescue_gateway *g)
{
	cp_time at = g->must_begin || g->first ? g->move_at : g->missing ? rescue_at(r, g) : CP_NEVER;
	cp_heap_arm(&r->heap, &g->timer, at);
}

struct rescue *rescue_create(const struct broker_timing *timing, const uint8_t secret[16], cp_time now)
{
	struct rescue *r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	r->timing = *timing;
	r->started = now;
	cp_heap_init(&r->heap);
	cp_map_init(&r->clients, secret);
	return r;
}

void rescue_free(struct rescue *r)
{
	if (!r)
		return;
	cp_heap_fini(&r->heap);
	cp_map_fini(&r->clients);
	free(r);
}

void rescue_configure(struct rescue *r, const struct broker_timing *timing)
{
	r->timing = *timing;
	for (struct rescue_gateway *g = r->gateways; g; g = g->next)
		settle(r, g);
}

int rescue_gateway_add(struct rescue *r, struct rescue_gateway *g, bool cordoned, void *owner)
{
	if (!cp_heap_reserve(&r->heap, r->n_gateways + 1))
		return -ENOMEM;
	*g = (struct rescue_gateway){.next = r->gateways, .link = &r->gateways, .cordoned = cordoned, .owner = owner};
	if (g->next)
		g->next->link = &g->next;
	r->gateways = g;
	r->n_gateways++;
	return 0;
}

static void unlist(struct rescue *r, struct rescue_gateway *g, struct rescue_client *c)
{
	*(c->prev ? &c->prev->next : &g->first) = c->next;
	*(c->next ? &c->next->prev : &g->last) = c->prev;
	g->to_move--;
	cp_map_remove(&r->clients, &c->entry);
	free(c);
}

static void forget(struct rescue *r, struct rescue_gateway *g)
{
	while (g->first)
		unlist(r, g, g->first);
	g->must_begin = false;
}

void rescue_gateway_remove(struct rescue *r, struct rescue_gateway *g)
{
	forget(r, g);
	cp_heap_disarm(&r->heap, &g->timer);
	*g->link = g->next;
	if (g->next)
		g->next->link = g->link;
	r->n_gateways--;
	*g = (struct rescue_gateway){0};
}

static void begin(struct rescue *r, struct rescue_gateway *g, enum rescue_why why, cp_time now)
{
	forget(r, g);
	g->missing = false;
	g->left = g->must_begin = true;
	g->why = why;
	g->move_at = now;
	settle(r, g);
}

static void stay(struct rescue *r, struct rescue_gateway *g)
{
	forget(r, g);
	g->left = false;
	settle(r, g);
}

bool rescue_joined(struct rescue *r, struct rescue_gateway *g)
{
	bool averted = g->missing;
	g->joined = true;
	g->missing = false;
	if (g->drained)
		settle(r, g);
	else
		stay(r, g);
	return averted;
}

void rescue_lost(struct rescue *r, struct rescue_gateway *g, cp_time now)
{
	g->joined = false;
	if (g->left || g->missing)
		return;
	g->missing = true;
	g->lost_at = now;
	settle(r, g);
}

void rescue_left(struct rescue *r, struct rescue_gateway *g, cp_time now)
{
	g->joined = false;
	if (!g->left)
		begin(r, g, RESCUE_LEFT, now);
}

void rescue_cordon(struct rescue *r, struct rescue_gateway *g)
{
	(void)r;
	g->cordoned = true;
}

void rescue_drain(struct rescue *r, struct rescue_gateway *g, cp_time now)
{
	g->cordoned = g->drained = true;
	begin(r, g, RESCUE_DRAINED, now);
}

void rescue_uncordon(struct rescue *r, struct rescue_gateway *g)
{
	g->cordoned = g->drained = false;
	if (g->joined)
		stay(r, g);
}

static struct rescue_client *find(const struct rescue *r, const struct pair *p)
{
	struct cp_map_entry *e = cp_map_find(&r->clients, p, sizeof(*p));
	return e ? (struct rescue_client *)(void *)((char *)e - offsetof(struct rescue_client, entry)) : NULL;
}

int rescue_add(struct rescue *r, struct rescue_gateway *g, const struct portal_uuid *client, cp_time now)
{
	struct pair p = {*client, g};
	if (!g->left || g->must_begin || find(r, &p))
		return 0;
	struct rescue_client *c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->pair = p;
	if (!cp_map_add(&r->clients, &c->entry, &c->pair, sizeof(c->pair))) {
		free(c);
		return -ENOMEM;
	}
	if (!g->first && g->move_at < now)
		g->move_at = now;
	c->prev = g->last;
	*(c->prev ? &c->prev->next : &g->first) = c;
	g->last = c;
	g->to_move++;
	g->listed++;
	settle(r, g);
	return 0;
}

void rescue_drop(struct rescue *r, struct rescue_gateway *g, const struct portal_uuid *client)
{
	struct rescue_client *c = find(r, &(struct pair){*client, g});
	if (!c)
		return;
	unlist(r, g, c);
	settle(r, g);
}

/* min(move_within / n, 1 / move_per_s): together never more than move_within. */
static cp_time pace(const struct rescue *r, const struct rescue_gateway *g)
{
	cp_time even = r->timing.move_within / g->listed;
	return r->timing.move_per_s ? cp_earlier(even, CP_S / r->timing.move_per_s) : even;
}

static struct rescue_out move(struct rescue *r, struct rescue_gateway *g)
{
	struct rescue_out out = {.kind = RESCUE_MOVE, .gateway = g, .why = g->why, .client = g->first->pair.client};
	g->move_at += pace(r, g);
	unlist(r, g, g->first);
	return out;
}

static struct rescue_out announce(struct rescue_gateway *g)
{
	g->must_begin = false;
	g->listed = 0;
	return (struct rescue_out){.kind = RESCUE_BEGIN, .gateway = g, .why = g->why};
}

bool rescue_next(struct rescue *r, cp_time now, struct rescue_out *ret)
{
	struct cp_timer *t = cp_heap_due(&r->heap, now);
	if (!t)
		return false;
	struct rescue_gateway *g = (void *)((char *)t - offsetof(struct rescue_gateway, timer));
	if (g->missing)
		begin(r, g, RESCUE_LOST, t->at);
	*ret = g->must_begin ? announce(g) : move(r, g);
	settle(r, g);
	return true;
}

cp_time rescue_deadline(const struct rescue *r)
{
	return cp_heap_next(&r->heap);
}

cp_time rescue_quiet_until(const struct rescue *r)
{
	return later(r->started, r->timing.rescue_not_before);
}

enum broker_gateway_state rescue_state(const struct rescue_gateway *g)
{
	if (g->must_begin || g->first)
		return g->joined ? BROKER_DRAINING : BROKER_RESCUING;
	if (g->joined)
		return g->cordoned ? BROKER_CORDONED : BROKER_ONLINE;
	return g->missing ? BROKER_MISSING : BROKER_OFFLINE;
}
