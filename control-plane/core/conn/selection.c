/* SPDX-License-Identifier: Apache-2.0 */
/* Which relay a connection uses (connectivity §2.8): any of those that are near enough. */
#include "conn/node.h"

#define SPREAD_MIN (2 * CP_MS)

static void sort(cp_time *v, unsigned int n)
{
	for (unsigned int i = 1; i < n; i++)
		for (unsigned int j = i; j > 0 && v[j - 1] > v[j]; j--) {
			cp_time t = v[j];
			v[j] = v[j - 1], v[j - 1] = t;
		}
}

static cp_time median(cp_time *v, unsigned int n)
{
	sort(v, n);
	return n % 2 ? v[n / 2] : v[n / 2 - 1] / 2 + v[n / 2] / 2;
}

/* Median and three times the median deviation from it: one far relay does not move the limit. */
static cp_time limit_of_many(const cp_time *measured, unsigned int n)
{
	cp_time v[CONN_RELAYS_MAX];
	for (unsigned int i = 0; i < n; i++)
		v[i] = measured[i];
	cp_time middle = median(v, n);
	for (unsigned int i = 0; i < n; i++)
		v[i] = measured[i] > middle ? measured[i] - middle : middle - measured[i];
	cp_time spread = median(v, n);
	return middle + 3 * (spread > SPREAD_MIN ? spread : SPREAD_MIN);
}

static cp_time limit_of_few(const cp_time *measured, unsigned int n)
{
	cp_time least = measured[0];
	for (unsigned int i = 1; i < n; i++)
		least = cp_earlier(least, measured[i]);
	return least + least / 2;
}

uint32_t selection_eligible(const cp_time *rtt, unsigned int n)
{
	cp_time measured[CONN_RELAYS_MAX];
	unsigned int count = 0;
	uint32_t eligible = 0;
	for (unsigned int i = 0; i < n; i++)
		if (rtt[i])
			measured[count++] = rtt[i];
	if (count == 0)
		return 0;
	cp_time limit = count <= 2 ? limit_of_few(measured, count) : limit_of_many(measured, count);
	for (unsigned int i = 0; i < n; i++)
		if (rtt[i] && rtt[i] <= limit)
			eligible |= 1u << i;
	return eligible;
}

static struct relay *one_of(struct conn_node *n, uint32_t eligible)
{
	uint32_t nth = cp_rng_below(&n->rng, (uint32_t)__builtin_popcount(eligible));
	for (; nth > 0; nth--)
		eligible &= eligible - 1;
	return n->relays[__builtin_ctz(eligible)];
}

/* A relay that refuses us may be as near as it likes. */
static uint32_t serving(const struct conn_node *n)
{
	uint32_t mask = 0, all = 0;
	for (unsigned int i = 0; i < n->n_relays && i < CONN_RELAYS_MAX; i++) {
		if (n->relays[i]->releasing)
			continue;
		all |= 1u << i;
		if (!turn_is_suspended(n->relays[i]->turn))
			mask |= 1u << i;
	}
	return mask ? mask : all;
}

struct relay *selection_choose(struct conn_node *n, bool *ret_blind)
{
	cp_time rtt[CONN_RELAYS_MAX] = {0};
	uint32_t usable = serving(n);
	if (usable == 0)
		return NULL;
	for (unsigned int i = 0; i < n->n_relays && i < CONN_RELAYS_MAX; i++)
		rtt[i] = usable & 1u << i ? turn_rtt(n->relays[i]->turn) : 0;
	uint32_t eligible = selection_eligible(rtt, n->n_relays < CONN_RELAYS_MAX ? n->n_relays : CONN_RELAYS_MAX);
	*ret_blind = eligible == 0;
	return one_of(n, eligible ? eligible : usable);
}

void selection_home(struct conn_node *n, struct connection *c, cp_time now)
{
	if (c->relay || !(c->relay = selection_choose(n, &c->chosen_blind)))
		return;
	candidates_bind(n, c, now);
	out_mark(n, c, OUT_STASH_PEER);
}

static bool is_homeless(const struct connection *c)
{
	return !c->relay || turn_is_suspended(c->relay->turn);
}

void selection_rehome(struct conn_node *n, cp_time now)
{
	struct connection *c;
	for (uint32_t i = 0; (c = connection_walk(n, &i));) {
		if (c->restoring)
			continue;
		if (is_homeless(c)) {
			c->relay = NULL;
			selection_home(n, c, now);
		}
		candidates_sync(n, c, now);
		connection_serve(n, c, now);
	}
}

void selection_served(struct conn_node *n, struct relay *r, cp_time now)
{
	struct connection *c;
	for (uint32_t i = 0; (c = connection_walk(n, &i));) {
		if (c->restoring)
			continue;
		if (!c->relay || (c->chosen_blind && !turn_is_allocated(c->relay->turn))) {
			c->relay = r;
			out_mark(n, c, OUT_STASH_PEER);
		}
		if (c->relay == r) {
			c->chosen_blind = false;
			candidates_bind(n, c, now);
		}
		candidates_sync(n, c, now);
		if (c->path_relay == r)
			path_refresh(n, c, now);
		connection_serve(n, c, now);
	}
}
