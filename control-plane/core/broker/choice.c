/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which gateway a flow goes through (portal §6.3 c 3). A site keeps those that may be chosen in a heap by their load, and
 * among equals by a turn that is drawn at every change and every choice from the next few: by chance, but so that nobody
 * waits for long.
 */
#include "broker/internal.h"

#define TURN_BITS 40

/* Silent ones come after all others. */
static cp_time rank_of(struct broker *b, const struct broker_node *g)
{
	struct broker_owner *site = g->owner;
	uint64_t silent = b->now < g->silent_until ? 1ull << 62 : 0;
	uint64_t turn = ++site->turns + cp_rng_below(&b->rng, 2 * site->n_devices);
	return silent | (uint64_t)(g->load & 0x3fffff) << TURN_BITS | (turn & ((1ull << TURN_BITS) - 1));
}

void broker_offer(struct broker *b, struct broker_node *g)
{
	cp_heap_arm(&g->owner->offered, &g->offer, g->conn && rescue_is_offered(&g->rescue) ? rank_of(b, g) : CP_NEVER);
}

static bool is_usable(const struct broker_node *g, const struct broker_resource *r)
{
	return g->conn && rescue_is_offered(&g->rescue) && broker_resource_is_at(r, &g->device.owner);
}

/* While a gateway may still answer, another must not be asked: the client would believe both. Then the one that the
 * client uses already: stock clients up to 1.5.4 end if they are told of another while they do (§4.5). */
static struct broker_node *sticky(const struct broker_use *u, const struct broker_resource *r)
{
	struct broker_ask *q;
	broker_each(q, struct broker_ask, of_use, &u->requests)
		if (!q->is_served)
			return q->auth->link->gateway;
	struct broker_node *g = u->current ? u->current->link->gateway : NULL;
	return g && is_usable(g, r) ? g : NULL;
}

/* Older clients list whatever they were ever connected to, by id: those that the client goes through come first, then
 * the less loaded. Newer ones sort by use: among equals the first stays. */
static struct broker_node *preferred(struct broker *b, const struct broker_use *u, const struct broker_resource *r,
				     const struct portal_uuids *ids)
{
	struct broker_node *best = NULL;
	uint64_t best_rank = UINT64_MAX;
	for (size_t i = 0; i < ids->n; i++) {
		struct broker_node *g = broker_gateway_find(b, &ids->ids[i]);
		if (!g || !is_usable(g, r) || b->now < g->silent_until)
			continue;
		const struct broker_link *l = broker_link_find(b, &u->key.client, &g->device.id);
		uint64_t rank = (l && l->n_current > 0 ? 0 : 1ull << 32) | g->load;
		if (rank < best_rank) {
			best = g;
			best_rank = rank;
		}
	}
	return best;
}

/* Turns of different sites say nothing of each other. */
static struct broker_node *least_loaded(struct broker *b, const struct broker_resource *r)
{
	struct cp_timer *best = NULL;
	uint32_t n_equal = 0;
	for (size_t i = 0; i < r->view.sites.n; i++) {
		const struct broker_owner *o = broker_owner_find(b, PORTAL_GATEWAY, &r->view.sites.list[i].id);
		struct cp_timer *t = o ? cp_heap_due(&o->offered, CP_NEVER - 1) : NULL;
		if (!t || (best && t->at >> TURN_BITS > best->at >> TURN_BITS))
			continue;
		n_equal = best && t->at >> TURN_BITS == best->at >> TURN_BITS ? n_equal + 1 : 1;
		if (cp_rng_below(&b->rng, n_equal) == 0)
			best = t;
	}
	return best ? broker_of(best, struct broker_node, offer) : NULL;
}

struct broker_node *broker_choose(struct broker *b, const struct broker_use *u, const struct broker_resource *r,
				  const struct portal_uuids *connected)
{
	struct broker_node *g = sticky(u, r);
	if (!g)
		g = preferred(b, u, r, connected);
	if (!g)
		g = least_loaded(b, r);
	if (g)
		broker_offer(b, g);
	return g;
}
