/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the portal is to be told of local candidates. They are looked up when they are told, so what came and went
 * between two drains is told once, as it is. Announcements go first, in descending priority: a peer whose last candidate
 * is withdrawn knows the next one already.
 */
#include <stdlib.h>

#include "conn/node.h"

static struct signal *find(struct signals *s, uint8_t kind, const struct cp_addr *addr)
{
	for (unsigned int i = 0; i < s->n; i++)
		if (s->at[i].kind == kind && cp_addr_equal(&s->at[i].addr, addr))
			return &s->at[i];
	return NULL;
}

void signals_put(struct conn_node *n, struct connection *c, uint8_t kind, const struct cp_addr *addr, bool gone)
{
	if (!c->signals && !(c->signals = calloc(1, sizeof(*c->signals)))) {
		n->counters->out_of_memory++;
		return;
	}
	struct signal *s = find(c->signals, kind, addr);
	if (!s && c->signals->n < SIGNALS_MAX)
		s = &c->signals->at[c->signals->n++];
	if (!s) {
		n->counters->signals_lost++;
		return;
	}
	*s = (struct signal){.addr = *addr, .kind = kind, .gone = gone};
	out_mark(n, c, OUT_SIGNALS);
}

static void drop(struct signals *s, struct signal *at)
{
	*at = s->at[--s->n];
}

static const struct ice_candidate *next_announced(struct connection *c)
{
	const struct ice_candidate *l;
	for (unsigned int i = 0; (l = ice_local_at(c->ice, i)); i++) {
		struct signal *s = find(c->signals, l->kind, &l->addr);
		if (!s || s->gone)
			continue;
		drop(c->signals, s);
		return l;
	}
	return NULL;
}

/* The priority of a withdrawal means nothing to anybody (§1.5.7). */
static bool next_gone(struct signals *s, struct ice_candidate *ret)
{
	while (s->n > 0) {
		struct signal gone = s->at[0];
		drop(s, &s->at[0]);
		if (!gone.gone)
			continue;
		*ret = (struct ice_candidate){.addr = gone.addr, .base = gone.addr, .kind = gone.kind};
		ret->priority = ice_priority(gone.kind, gone.addr.family, 0, false);
		return true;
	}
	return false;
}

bool signals_next(struct conn_node *n, struct connection *c, struct conn_out *ret)
{
	struct ice_candidate gone;
	const struct ice_candidate *l = c->signals ? next_announced(c) : NULL;
	if (l) {
		ret->kind = CONN_OUT_CANDIDATE;
		ret->bytes = ice_candidate_format(l, connection_ufrag(c), n->text);
	} else if (c->signals && next_gone(c->signals, &gone)) {
		ret->kind = CONN_OUT_INVALIDATE;
		ret->bytes = ice_candidate_format(&gone, connection_ufrag(c), n->text);
	} else {
		free(c->signals);
		c->signals = NULL;
		return false;
	}
	ret->text = n->text;
	return true;
}
