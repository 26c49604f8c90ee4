/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "ice/ice.h"

#include "model.h"

void model_sort(const struct model *m, struct model_pair ret[MODEL_MAX])
{
	int n = 0;
	bool taken[MODEL_MAX] = {false};
	while (n < m->n_pairs) {
		int best = 0;
		while (taken[best])
			best++;
		for (int i = best; i < m->n_pairs; i++) {
			if (!taken[i] && m->pairs[i].priority > m->pairs[best].priority)
				best = i;
		}
		taken[best] = true;
		ret[n++] = m->pairs[best];
	}
}

static struct cp_addr from_of(const struct model *m, const struct model_pair *p)
{
	return m->locals[p->local].addr;
}

static struct cp_addr to_of(const struct model *m, const struct model_pair *p)
{
	return m->remotes[p->remote].addr;
}

static bool is_path(const struct model *m, const struct model_pair *p, struct cp_addr from, struct cp_addr to)
{
	struct cp_addr f = from_of(m, p), t = to_of(m, p);
	return cp_addr_equal(&f, &from) && cp_addr_equal(&t, &to);
}

static struct model_pair *find(struct model *m, struct cp_addr from, struct cp_addr to)
{
	for (int i = 0; i < m->n_pairs; i++) {
		if (is_path(m, &m->pairs[i], from, to))
			return &m->pairs[i];
	}
	return NULL;
}

static void drop(struct model *m, struct model_pair *p)
{
	int i = (int)(p - m->pairs);
	memmove(p, p + 1, (size_t)(m->n_pairs - i - 1) * sizeof(*p));
	m->n_pairs--;
}

/* --- selection --- */

static bool eligible(const struct model *m, const struct model_pair *p)
{
	return m->controlling ? p->succeeded : p->nominated;
}

static void choose(struct model *m)
{
	struct model_pair sorted[MODEL_MAX];
	struct model_pair *old = m->selected ? find(m, m->from, m->to) : NULL, *best = NULL;
	model_sort(m, sorted);
	for (int i = 0; i < m->n_pairs && !best; i++) {
		if (eligible(m, &sorted[i]))
			best = find(m, from_of(m, &sorted[i]), to_of(m, &sorted[i]));
	}
	if (old && best && eligible(m, old) && old->priority == best->priority)
		return;
	if (old && old == best)
		return;
	m->selected = best != NULL;
	for (int i = 0; i < m->n_pairs; i++)
		m->pairs[i].wanted = 0;
	if (!best)
		return;
	best->nominated = true;
	m->from = from_of(m, best);
	m->to = to_of(m, best);
}

/* --- pairs --- */

static bool is_selected(const struct model *m, const struct model_pair *p)
{
	return m->selected && is_path(m, p, m->from, m->to);
}

static bool make_way(struct model *m, uint64_t priority)
{
	struct model_pair sorted[MODEL_MAX];
	int last = m->n_pairs - 1;
	if (m->n_pairs < (int)ICE_PAIRS_MAX)
		return true;
	model_sort(m, sorted);
	if (is_selected(m, &sorted[last]))
		last--;
	if (sorted[last].priority >= priority)
		return false;
	drop(m, find(m, from_of(m, &sorted[last]), to_of(m, &sorted[last])));
	return true;
}

static void pair(struct model *m, int l, int r)
{
	uint32_t ours = m->locals[l].priority, theirs = m->remotes[r].priority;
	struct model_pair p = {.local = l, .remote = r};
	struct model_pair *same = find(m, m->locals[l].addr, m->remotes[r].addr);
	if (m->locals[l].kind == ICE_SRFLX || m->locals[l].discarded || m->remotes[r].discarded)
		return;
	p.priority = m->controlling ? ice_pair_priority(ours, theirs) : ice_pair_priority(theirs, ours);
	if (same && (same->priority >= p.priority || (same->local == l && same->remote == r)))
		return;
	if (same) {
		p.nominated = same->nominated;
		p.succeeded = same->nominated && same->succeeded;
		drop(m, same);
	} else if (!make_way(m, p.priority)) {
		return;
	}
	m->pairs[m->n_pairs++] = p;
}

static void drop_all_of(struct model *m, int l, int r)
{
	for (int i = m->n_pairs - 1; i >= 0; i--) {
		if (m->pairs[i].local == l || m->pairs[i].remote == r)
			drop(m, &m->pairs[i]);
	}
}

/* --- candidates --- */

static int find_candidate(const struct model_candidate *c, int n, int kind, struct cp_addr addr)
{
	for (int i = 0; i < n; i++) {
		if (c[i].kind == kind && cp_addr_equal(&c[i].addr, &addr))
			return i;
	}
	return -1;
}

void model_local_add(struct model *m, int kind, struct cp_addr addr, uint32_t priority)
{
	int l = find_candidate(m->locals, m->n_locals, kind, addr);
	if (l >= 0 && !m->locals[l].discarded)
		return;
	if (l < 0) {
		l = m->n_locals++;
		m->locals[l] = (struct model_candidate){.addr = addr, .priority = priority, .kind = kind};
	}
	m->locals[l].discarded = false;
	for (int r = 0; r < m->n_remotes; r++)
		pair(m, l, r);
	choose(m);
}

void model_local_remove(struct model *m, int kind, struct cp_addr addr)
{
	int l = find_candidate(m->locals, m->n_locals, kind, addr);
	if (l < 0)
		return;
	m->locals[l].discarded = true;
	drop_all_of(m, l, -1);
	choose(m);
}

static bool remote_has_pair(const struct model *m, int r)
{
	for (int i = 0; i < m->n_pairs; i++) {
		if (m->pairs[i].remote == r)
			return true;
	}
	return false;
}

/* It lives: only what would be better than the selected pair gets another chance. */
static void pair_again(struct model *m, int r)
{
	const struct model_pair *selected = m->selected ? find(m, m->from, m->to) : NULL;
	uint64_t floor = selected ? selected->priority : 0;
	for (int l = 0; l < m->n_locals; l++) {
		uint32_t ours = m->locals[l].priority, theirs = m->remotes[r].priority;
		uint64_t priority = m->controlling ? ice_pair_priority(ours, theirs) : ice_pair_priority(theirs, ours);
		if (priority > floor)
			pair(m, l, r);
	}
	choose(m);
}

static bool lower_one(struct model *m, int r)
{
	struct model_pair sorted[MODEL_MAX];
	model_sort(m, sorted);
	for (int i = 0; i < m->n_pairs; i++) {
		struct model_pair p = sorted[i];
		uint32_t ours = m->locals[p.local].priority, theirs = m->remotes[r].priority;
		uint64_t priority = m->controlling ? ice_pair_priority(ours, theirs) : ice_pair_priority(theirs, ours);
		if (p.remote != r || priority >= p.priority)
			continue;
		drop(m, find(m, from_of(m, &p), to_of(m, &p)));
		p.priority = priority;
		m->pairs[m->n_pairs++] = p;
		return true;
	}
	return false;
}

void model_remote_add(struct model *m, int kind, struct cp_addr addr, uint32_t priority)
{
	int r = find_candidate(m->remotes, m->n_remotes, kind, addr);
	if (r >= 0 && !m->remotes[r].discarded && remote_has_pair(m, r)) {
		pair_again(m, r);
		return;
	}
	if (r < 0)
		r = find_candidate(m->remotes, m->n_remotes, ICE_PRFLX, addr);
	if (r < 0)
		r = m->n_remotes++;
	m->remotes[r] = (struct model_candidate){.addr = addr, .priority = priority, .kind = kind};
	while (kind == ICE_RELAY && lower_one(m, r))
		;
	for (int l = 0; l < m->n_locals; l++)
		pair(m, l, r);
	choose(m);
}

void model_remote_remove(struct model *m, int kind, struct cp_addr addr)
{
	int r = find_candidate(m->remotes, m->n_remotes, kind, addr);
	if (r < 0)
		return;
	m->remotes[r].discarded = true;
	drop_all_of(m, -1, r);
	choose(m);
}

/* --- messages --- */

static int source(struct model *m, struct cp_addr from, uint32_t priority)
{
	int best = -1;
	bool discarded = false;
	for (int r = 0; r < m->n_remotes; r++) {
		const struct model_candidate *c = &m->remotes[r];
		if (!cp_addr_equal(&c->addr, &from))
			continue;
		discarded |= c->discarded;
		if (!c->discarded && (best < 0 || c->priority > m->remotes[best].priority))
			best = r;
	}
	if (best >= 0 || discarded)
		return best;
	m->remotes[m->n_remotes] = (struct model_candidate){.addr = from, .priority = priority, .kind = ICE_PRFLX};
	return m->n_remotes++;
}

static void wanted(struct model *m, struct model_pair *p)
{
	p->nominated = true;
	if (++p->wanted < 4 || !m->selected)
		return;
	for (int i = 0; i < m->n_pairs; i++) {
		if (&m->pairs[i] != p && m->pairs[i].priority >= p->priority)
			m->pairs[i].nominated = false;
	}
}

void model_request(struct model *m, struct cp_addr at, struct cp_addr from, uint32_t priority, bool use_candidate)
{
	int l = -1, r;
	if (m->controlling && use_candidate)
		return;
	r = source(m, from, priority);
	for (int i = 0; i < m->n_locals; i++) {
		if (!m->locals[i].discarded && m->locals[i].kind != ICE_SRFLX && cp_addr_equal(&m->locals[i].addr, &at))
			l = i;
	}
	if (r < 0 || l < 0)
		return;
	if (!find(m, at, from))
		pair(m, l, r);
	struct model_pair *p = find(m, at, from);
	if (p && is_selected(m, p)) {
		for (int i = 0; i < m->n_pairs; i++)
			m->pairs[i].wanted = 0;
	} else if (p && use_candidate) {
		wanted(m, p);
	}
	choose(m);
}

void model_answered(struct model *m, struct cp_addr from, struct cp_addr to)
{
	struct model_pair *p = find(m, from, to);
	if (p)
		p->succeeded = true;
	choose(m);
}
