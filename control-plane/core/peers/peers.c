/* SPDX-License-Identifier: Apache-2.0 */
#include "peers/peers.h"

#include <stdlib.h>
#include <string.h>

void cp_wanted_free(struct cp_wanted *w)
{
	for (uint32_t i = 0; i < w->n; i++)
		free(w->peers[i].allowed);
	if (w->peers)
		explicit_bzero(w->peers, w->n * sizeof(*w->peers));
	free(w->peers);
	*w = (struct cp_wanted){0};
}

void cp_peers_fini(struct cp_peers *p)
{
	for (uint32_t i = 0; i < p->n; i++)
		free(p->at[i].allowed);
	if (p->at)
		explicit_bzero(p->at, p->n * sizeof(*p->at));
	free(p->at);
	*p = (struct cp_peers){0};
}

static int by_key(const void *a, const void *b)
{
	return memcmp(((const struct cp_peer *)a)->upsert.public_key, ((const struct cp_peer *)b)->upsert.public_key,
		      NF_KEY_BYTES);
}

struct cp_peer *cp_peers_find(struct cp_peers *p, const uint8_t key[NF_KEY_BYTES])
{
	uint32_t low = 0, high = p->n;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		int c = memcmp(p->at[mid].upsert.public_key, key, NF_KEY_BYTES);
		if (c == 0)
			return &p->at[mid];
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static bool same(const struct cp_peer *a, const struct cp_peer *b)
{
	return memcmp(&a->upsert, &b->upsert, sizeof(a->upsert)) == 0 &&
	       (a->upsert.allowed_count == 0 ||
		memcmp(a->allowed, b->allowed, a->upsert.allowed_count * sizeof(*a->allowed)) == 0);
}

static void keep_learnt(struct cp_peer *p, const struct cp_peer *old, bool reopen)
{
	p->endpoint = old->endpoint;
	p->greeted = old->greeted;
	p->reopen = old->reopen || (reopen && old->operator_closed);
	p->operator_closed = old->operator_closed && !p->reopen;
	p->moved = p->upsert.endpoint.family && memcmp(&p->upsert.endpoint, &old->upsert.endpoint, sizeof(struct nf_addr)) != 0;
	if (p->moved)
		p->endpoint = (struct nf_addr){0};
}

uint32_t cp_peers_replace(struct cp_peers *p, struct cp_wanted *wanted, bool reopen)
{
	struct cp_peers next = {.n = wanted->n, .at = calloc(wanted->n + 1u, sizeof(*next.at))};
	uint32_t stayed = 0, changed = 0;
	if (!next.at)
		return UINT32_MAX;
	for (uint32_t i = 0; i < next.n; i++) {
		next.at[i] = (struct cp_peer){.upsert = wanted->peers[i].upsert, .allowed = wanted->peers[i].allowed};
		wanted->peers[i].allowed = NULL;
	}
	qsort(next.at, next.n, sizeof(*next.at), by_key);
	for (uint32_t i = 0; i < next.n; i++) {
		const struct cp_peer *old = cp_peers_find(p, next.at[i].upsert.public_key);
		if (!old)
			continue;
		stayed++;
		changed += !same(old, &next.at[i]);
		keep_learnt(&next.at[i], old, reopen);
	}
	changed += (next.n - stayed) + (p->n - stayed);
	cp_wanted_free(wanted);
	cp_peers_fini(p);
	*p = next;
	return changed;
}

struct nf_peer_upsert cp_peer_upsert(const struct cp_peer *p, bool fresh)
{
	struct nf_peer_upsert u = p->upsert;
	u.reopen = p->reopen;
	if (p->moved)
		u.flags |= NF_PEER_MOVE;
	if (!p->endpoint.family)
		return u;
	u.endpoint = p->endpoint;
	if (fresh)
		u.flags |= NF_PEER_INITIATE;
	return u;
}
