/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle.h"

#include <string.h>

#define DEPTH_MAX 4

/* How a host lies in the networks, in one family: its NATs from the inside out. */
struct position {
	bool has; /* an address */
	const struct nic *nic;
	const struct zone *zones[DEPTH_MAX + 1];
	const struct nat *nats[DEPTH_MAX];
	int depth;          /* NATs that let the family out; zones[depth] is as far as it gets */
	bool on_internet;
};

static bool passes(const struct nat *n, uint8_t family)
{
	return n->own[family == CP_V6].family != CP_NONE || (family == CP_V6 && n->s.v6 == NAT_V6_FIREWALL);
}

static const struct nat *nat_above(const struct world *w, const struct zone *z)
{
	for (unsigned int i = 0; i < w->n_nats; i++)
		if (w->nats[i].inner.zone == z)
			return &w->nats[i];
	return NULL;
}

static struct position position_of(const struct world *w, const struct host *h, uint8_t family)
{
	struct position p = {0};
	for (unsigned int i = 0; i < h->n_addrs && !p.has; i++)
		if (h->addrs[i].addr.family == family) {
			p.has = true;
			p.nic = &h->nics[h->addrs[i].nic];
		}
	if (!p.has)
		return p;
	p.zones[0] = p.nic->zone;
	for (const struct nat *n; p.depth < DEPTH_MAX && (n = nat_above(w, p.zones[p.depth])) && passes(n, family); p.depth++) {
		p.nats[p.depth] = n;
		p.zones[p.depth + 1] = n->outer.zone;
	}
	p.on_internet = p.zones[p.depth] == &w->zones[0];
	return p;
}

static bool translates(const struct nat *n, uint8_t family)
{
	return !(family == CP_V6 && n->s.v6 == NAT_V6_FIREWALL);
}

/* --- relays --- */

static bool relay_is_up(const struct world *w, unsigned int i)
{
	return w->portal.listed[i] && !w->portal.relays[i]->nic.link.down;
}

static bool reaches(const struct world *w, const struct host *h, const struct relay *r, uint8_t family)
{
	struct position p = position_of(w, h, family);
	return p.on_internet && r->server[family == CP_V6].family != CP_NONE && !p.nic->link.down;
}

static bool may_allocate(const struct world *w, const struct host *h, unsigned int i)
{
	const struct relay *r = w->portal.relays[i];
	return relay_is_up(w, i) && (reaches(w, h, r, CP_V4) || reaches(w, h, r, CP_V6));
}

static bool learns_mapping(const struct world *w, const struct host *h, uint8_t family)
{
	for (unsigned int i = 0; i < w->portal.n_relays; i++)
		if (relay_is_up(w, i) && reaches(w, h, w->portal.relays[i], family))
			return true;
	return false;
}

/* --- direct --- */

static bool is_translated(const struct position *p, int below, uint8_t family)
{
	for (int i = 0; i < below; i++)
		if (translates(p->nats[i], family))
			return true;
	return false;
}

/* Is its address in the zone above `below` NATs the same towards everybody? */
static bool is_steady(const struct position *p, int below, uint8_t family)
{
	for (int i = 0; i < below; i++)
		if (translates(p->nats[i], family) && p->nats[i]->s.mapping != NAT_INDEPENDENT)
			return false;
	return true;
}

/* Do its peers know at least the address, if not the port, that it comes from? */
static bool is_known(const struct world *w, const struct host *h, const struct position *p, int below, uint8_t family)
{
	return !is_translated(p, below, family) || learns_mapping(w, h, family);
}

/* Do its peers know where exactly it comes from? */
static bool is_addressable(const struct world *w, const struct host *h, const struct position *p, int below, uint8_t family)
{
	return is_steady(p, below, family) && is_known(w, h, p, below, family);
}

/* May what its peer sends to its known address come in? What leaves for the peer opens the way, unless it leaves from
 * another mapping than the known one, which is that towards the relay. */
static bool admits(const struct position *p, int below, uint8_t family, bool peer_addressable, bool peer_known)
{
	for (int i = 0; i < below; i++) {
		enum nat_behaviour f = p->nats[i]->s.filtering;
		if (f != NAT_INDEPENDENT && !is_steady(p, i + 1, family))
			return false;
		if ((f == NAT_ADDRESS_PORT && !peer_addressable) || (f == NAT_ADDRESS && !peer_known))
			return false;
	}
	return true;
}

/* Answers may come from another port than that which was written to. */
static bool takes_answers_of_any_port(const struct position *p, int below)
{
	for (int i = 0; i < below; i++)
		if (p->nats[i]->s.filtering == NAT_ADDRESS_PORT)
			return false;
	return true;
}

/* The peer writes first, and is answered. */
static bool is_reached(const struct world *w, const struct host *h, const struct position *p, int below, const struct host *peer,
		       const struct position *q, int q_below, uint8_t family)
{
	return is_known(w, h, p, below, family) &&
	       admits(p, below, family, is_addressable(w, peer, q, q_below, family), is_known(w, peer, q, q_below, family)) &&
	       (is_steady(p, below, family) || takes_answers_of_any_port(q, q_below));
}

/* The innermost zone that both can get to; false: there is none. */
static bool meet(const struct position *a, const struct position *b, int *ret_a, int *ret_b)
{
	for (int i = 0; i <= a->depth; i++)
		for (int k = 0; k <= b->depth; k++)
			if (a->zones[i] == b->zones[k]) {
				*ret_a = i;
				*ret_b = k;
				return true;
			}
	return false;
}

/* Does somebody nearer have the address that one would send to? */
static bool is_shadowed(const struct host *target, const struct position *from, int below, uint8_t family)
{
	for (unsigned int i = 0; i < target->n_addrs; i++) {
		struct cp_addr ip = target->addrs[i].addr;
		ip.port = 0;
		for (int k = 0; k < below && ip.family == family; k++)
			if (cp_map_find(&from->zones[k]->map, &ip, sizeof(ip)))
				return true;
	}
	return false;
}

static enum verdict direct_in(const struct world *w, const struct host *a, const struct host *b, uint8_t family)
{
	struct position pa = position_of(w, a, family), pb = position_of(w, b, family);
	int ia, ib;
	if (!pa.has || !pb.has || !meet(&pa, &pb, &ia, &ib) || net_is_cut(&w->net, pa.nic, pb.nic))
		return ORACLE_NO;
	bool translated = is_translated(&pa, ia, family) || is_translated(&pb, ib, family);
	if (pa.zones[ia] != &w->zones[0] && translated) {
		if (ia > 0 && ib > 0)
			return ORACLE_MAYBE; /* by hairpinning, further out */
		/* one of them is where they meet, and the other one can write to it */
		return is_shadowed(ia ? b : a, ia ? &pa : &pb, ia ? ia : ib, family) ? ORACLE_MAYBE : ORACLE_YES;
	}
	return is_reached(w, a, &pa, ia, b, &pb, ib, family) || is_reached(w, b, &pb, ib, a, &pa, ia, family) ? ORACLE_YES : ORACLE_NO;
}

/* --- relayed --- */

static bool gives(const struct relay *r, uint8_t family)
{
	return r->server[family == CP_V6].family != CP_NONE;
}

/* May a's relayed address there and b, without b's relay, meet? */
static bool meets_host(const struct world *w, const struct relay *r, const struct host *b)
{
	for (uint8_t family = CP_V4; family <= CP_V6; family += CP_V6 - CP_V4) {
		struct position p = position_of(w, b, family);
		if (gives(r, family) && p.on_internet && is_addressable(w, b, &p, p.depth, family))
			return true;
	}
	return false;
}

static bool meet_by(const struct world *w, const struct host *a, const struct relay *ra, const struct host *b, const struct relay *rb)
{
	if (ra && rb && ((gives(ra, CP_V4) && gives(rb, CP_V4)) || (gives(ra, CP_V6) && gives(rb, CP_V6))))
		return true;
	return (ra && meets_host(w, ra, b)) || (rb && meets_host(w, rb, a));
}

static unsigned int relays_of(const struct world *w, const struct host *h, const struct relay *ret[PORTAL_RELAYS_MAX + 1])
{
	unsigned int n = 0;
	for (unsigned int i = 0; i < w->portal.n_relays; i++)
		if (may_allocate(w, h, i))
			ret[n++] = w->portal.relays[i];
	if (n == 0)
		ret[n++] = NULL;
	return n;
}

static enum verdict relayed(const struct world *w, const struct host *a, const struct host *b)
{
	const struct relay *ra[PORTAL_RELAYS_MAX + 1], *rb[PORTAL_RELAYS_MAX + 1];
	unsigned int na = relays_of(w, a, ra), nb = relays_of(w, b, rb), yes = 0;
	for (unsigned int i = 0; i < na; i++)
		for (unsigned int k = 0; k < nb; k++)
			yes += meet_by(w, a, ra[i], b, rb[k]);
	return yes == 0 ? ORACLE_NO : yes == na * nb ? ORACLE_YES : ORACLE_MAYBE;
}

static enum verdict better(enum verdict a, enum verdict b)
{
	return a > b ? a : b;
}

struct oracle oracle_of(const struct world *w, const struct host *a, const struct host *b)
{
	struct oracle o = {.direct = better(direct_in(w, a, b, CP_V4), direct_in(w, a, b, CP_V6)), .relayed = relayed(w, a, b)};
	o.any = better(o.direct, o.relayed);
	return o;
}

/* --- how long --- */

static cp_time slowest(const struct nic *n)
{
	return n->link.latency + n->link.jitter + (n->link.reorder_ppm ? 40 * CP_MS : 0);
}

/* Of the longest way there is: both hosts, all NATs above them, the slowest relay twice. */
static cp_time round_trip(const struct world *w, const struct host *a, const struct host *b)
{
	const struct host *hosts[2] = {a, b};
	cp_time one_way = 0, relay = 0;
	for (int i = 0; i < 2; i++)
		for (unsigned int k = 0; k < hosts[i]->n_nics; k++) {
			one_way += slowest(&hosts[i]->nics[k]);
			const struct zone *z = hosts[i]->nics[k].zone;
			for (const struct nat *n; (n = nat_above(w, z)); z = n->outer.zone)
				one_way += slowest(&n->inner) + slowest(&n->outer);
		}
	for (unsigned int i = 0; i < w->portal.n_relays; i++)
		if (slowest(&w->portal.relays[i]->nic) > relay)
			relay = slowest(&w->portal.relays[i]->nic);
	return 2 * (one_way + 4 * relay);
}

static bool waits_for_the_dead(const struct world *w, const struct host *h)
{
	for (unsigned int i = 0; i < w->portal.n_relays; i++)
		if (w->portal.listed[i] && !may_allocate(w, h, i))
			return true;
	return false;
}

cp_time oracle_bound(const struct world *w, const struct host *a, const struct host *b)
{
	cp_time rtt = round_trip(w, a, b);
	/* relay list, Binding, two to four Allocates, ChannelBind; request, both authorisations, candidates; at most two
	 * gaps of 1.5 s between checks, because the first one may only have bound a channel; check, nomination, handshake */
	cp_time bound = 6 * rtt + 5 * w->portal.most + 2 * 1500 * CP_MS + 4 * rtt + 50 * CP_MS;
	if (waits_for_the_dead(w, a) || waits_for_the_dead(w, b))
		bound += 8125 * CP_MS;
	return bound;
}
