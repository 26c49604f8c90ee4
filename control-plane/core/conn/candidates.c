/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which local candidates an agent has (connectivity §1.5.1): addresses of this host, what all relays see of them, and
 * the relayed addresses of the selected relay. They are not added and removed one by one: what there is is summed up, and
 * each agent is brought in line with it. Only relayed ones that vanish are withdrawn towards the peer (trap 14).
 */
#include <errno.h>
#include <string.h>

#include "conn/node.h"

#define LOCALS_WANTED (HOSTS_MAX + MAPPED_MAX + 2u)
#define REANNOUNCE    (30 * CP_S)
#define EXPECT_FOR    (10 * CP_S) /* a relay that is there has answered by then */

struct local {
	struct cp_addr addr, base;
	uint8_t kind;
	bool cross_family;
};

static bool holds(const struct cp_addr *list, unsigned int n, const struct cp_addr *a)
{
	for (unsigned int i = 0; i < n; i++)
		if (cp_addr_equal(&list[i], a))
			return true;
	return false;
}

static void append(struct cp_addr *list, unsigned int *n, unsigned int max, const struct cp_addr *a)
{
	if (a->family != CP_NONE && *n < max && ice_address_is_usable(a) && !holds(list, *n, a))
		list[(*n)++] = *a;
}

static void gather_hosts(struct conn_node *n, struct cp_addr *hosts, unsigned int *n_hosts)
{
	for (unsigned int i = 0; i < n->n_told; i++)
		append(hosts, n_hosts, HOSTS_MAX, &n->told[i]);
	if (n->hosts_told) /* then we know better than to believe where an answer came in */
		return;
	for (unsigned int i = 0; i < n->n_relays; i++)
		for (uint8_t family = CP_V4; family <= CP_V6; family += CP_V6 - CP_V4) {
			struct cp_addr a = turn_host(n->relays[i]->turn, family);
			append(hosts, n_hosts, HOSTS_MAX, &a);
		}
}

static void gather_mapped(struct conn_node *n, struct cp_addr *mapped, struct cp_addr *base, unsigned int *n_mapped)
{
	for (unsigned int i = 0; i < n->n_relays; i++)
		for (uint8_t family = CP_V4; family <= CP_V6; family += CP_V6 - CP_V4) {
			struct cp_addr a = turn_srflx(n->relays[i]->turn, family), host = turn_host(n->relays[i]->turn, family);
			unsigned int was = *n_mapped;
			if (host.family == family && a.family == family)
				append(mapped, n_mapped, MAPPED_MAX, &a);
			if (*n_mapped > was)
				base[was] = host;
		}
}

bool candidates_gather(struct conn_node *n)
{
	struct cp_addr hosts[HOSTS_MAX] = {0}, mapped[MAPPED_MAX] = {0}, base[MAPPED_MAX] = {0};
	unsigned int n_hosts = 0, n_mapped = 0;
	gather_hosts(n, hosts, &n_hosts);
	gather_mapped(n, mapped, base, &n_mapped);
	bool differs = n_hosts != n->n_hosts || n_mapped != n->n_mapped || memcmp(hosts, n->hosts, sizeof(hosts)) != 0 ||
		       memcmp(mapped, n->mapped, sizeof(mapped)) != 0;
	memcpy(n->hosts, hosts, sizeof(hosts));
	memcpy(n->mapped, mapped, sizeof(mapped));
	memcpy(n->mapped_base, base, sizeof(base));
	n->n_hosts = n_hosts;
	n->n_mapped = n_mapped;
	return differs;
}

static unsigned int relayed(const struct relay *r, struct local *ret)
{
	const struct cp_addr *server = turn_active_server(r->turn);
	unsigned int count = 0;
	for (uint8_t family = CP_V4; family <= CP_V6; family += CP_V6 - CP_V4) {
		struct cp_addr a = turn_relayed(r->turn, family);
		if (a.family != CP_NONE)
			ret[count++] = (struct local){a, a, ICE_RELAY, server && server->family != family};
	}
	return count;
}

static unsigned int wanted(const struct conn_node *n, const struct connection *c, struct local ret[LOCALS_WANTED])
{
	unsigned int count = 0;
	for (unsigned int i = 0; i < n->n_hosts; i++)
		ret[count++] = (struct local){n->hosts[i], n->hosts[i], ICE_HOST, false};
	for (unsigned int i = 0; i < n->n_mapped; i++)
		ret[count++] = (struct local){n->mapped[i], n->mapped_base[i], ICE_SRFLX, false};
	return count + (c->relay ? relayed(c->relay, ret + count) : 0);
}

static bool is_wanted(const struct local *w, unsigned int n, const struct ice_candidate *l)
{
	for (unsigned int i = 0; i < n; i++)
		if (w[i].kind == l->kind && cp_addr_equal(&w[i].addr, &l->addr))
			return true;
	return false;
}

static void remove_unwanted(struct conn_node *n, struct connection *c, const struct local *w, unsigned int count, cp_time now)
{
	const struct ice_candidate *l;
	for (unsigned int i = 0; (l = ice_local_at(c->ice, i));) {
		struct ice_candidate gone = *l;
		if (gone.kind == ICE_PRFLX || is_wanted(w, count, l) || !ice_local_remove(c->ice, gone.kind, &gone.addr, now)) {
			i++;
			continue;
		}
		if (gone.kind == ICE_RELAY)
			signals_put(n, c, gone.kind, &gone.addr, true);
		stash_want(c, false);
	}
}

/* Trap 10: want of a pair is no failure while a relay may still grant us an address. That is for beginnings: a connection
 * that has lost its path, or found none for so long, is better ended and asked for anew than kept for a relay that may
 * never answer. */
static bool may_get_more(const struct connection *c, cp_time now)
{
	return c->path.handle == 0 && now < c->since + EXPECT_FOR && c->relay && !turn_is_allocated(c->relay->turn) &&
	       !turn_is_suspended(c->relay->turn);
}

void candidates_expect(struct connection *c, cp_time now)
{
	bool more = may_get_more(c, now);
	if (more == c->expects)
		return;
	c->expects = more;
	ice_expect_more(c->ice, more, now);
}

cp_time candidates_expect_deadline(const struct connection *c)
{
	return c->expects ? c->since + EXPECT_FOR : CP_NEVER;
}

/* Additions first: an agent whose last pair goes has the next one already. */
void candidates_sync(struct conn_node *n, struct connection *c, cp_time now)
{
	struct local w[LOCALS_WANTED];
	unsigned int count = wanted(n, c, w);
	for (unsigned int i = 0; i < count; i++) {
		if (ice_local_has(c->ice, w[i].kind, &w[i].addr) || ice_local_add(c->ice, w[i].kind, &w[i].addr, &w[i].base, w[i].cross_family, now) < 0)
			continue;
		signals_put(n, c, w[i].kind, &w[i].addr, false);
		stash_want(c, false);
	}
	candidates_expect(c, now);
	remove_unwanted(n, c, w, count, now);
}

void candidates_sync_all(struct conn_node *n, cp_time now)
{
	struct connection *c;
	for (uint32_t i = 0; (c = connection_walk(n, &i));) {
		if (c->restoring)
			continue;
		candidates_sync(n, c, now);
		connection_serve(n, c, now);
	}
}

void candidates_announce_all(struct conn_node *n, struct connection *c)
{
	const struct ice_candidate *l;
	for (unsigned int i = 0; (l = ice_local_at(c->ice, i)); i++)
		if (l->kind != ICE_PRFLX)
			signals_put(n, c, l->kind, &l->addr, false);
}

/* Trap 30: ahead of the first check, or that is lost. */
void candidates_bind(struct conn_node *n, struct connection *c, cp_time now)
{
	const struct ice_candidate *r;
	if (!c->relay)
		return;
	for (unsigned int i = 0; (r = ice_remote_at(c->ice, i)); i++)
		if (r->kind == ICE_SRFLX || r->kind == ICE_RELAY)
			turn_bind_early(c->relay->turn, &r->addr, now);
	relay_touch(n, c->relay);
}

int candidates_remote(struct conn_node *n, struct connection *c, const struct ice_candidate *r, cp_time now)
{
	int e = ice_remote_add(c->ice, r, now);
	if (e < 0)
		return e == -ENOSPC ? e : ICE_E_NOT_USABLE;
	if (r->kind != ICE_HOST && c->relay) {
		turn_bind_early(c->relay->turn, &r->addr, now);
		relay_touch(n, c->relay);
	}
	if (e == 0) {
		stash_want(c, false);
		if (c->idle)
			idle_leave(c, now);
	}
	return e;
}

void candidates_withdraw(struct conn_node *n, struct connection *c, uint8_t kind, const struct cp_addr *addr, cp_time now)
{
	if (kind != ICE_SRFLX && kind != ICE_RELAY)
		return;
	bool again = c->reannounce_at != CP_NEVER && c->withdrawn.kind == kind && cp_addr_equal(&c->withdrawn.addr, addr);
	if (again)
		return;
	if (c->reannounce_at != CP_NEVER)
		candidates_reannounce(n, c, now);
	c->withdrawn = (struct signal){.addr = *addr, .kind = kind};
	c->reannounce_at = now + REANNOUNCE;
	signals_put(n, c, kind, addr, true);
}

/* The peer ignores all that comes from a withdrawn candidate (trap 13), so that the path works again can only be found
 * out by announcing it. If it does not, its pairs die on both sides as they did before. */
void candidates_reannounce(struct conn_node *n, struct connection *c, cp_time now)
{
	signals_put(n, c, c->withdrawn.kind, &c->withdrawn.addr, false);
	c->reannounce_at = CP_NEVER;
}
