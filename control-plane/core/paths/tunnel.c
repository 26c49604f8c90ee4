/* SPDX-License-Identifier: Apache-2.0 */
#include "paths/tunnel.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"

#define VERSION 1u

/* by_key is the first member */
static struct paths_tunnel *of(struct cp_map_entry *e)
{
	return (struct paths_tunnel *)(void *)e;
}

struct paths_tunnel *tunnel_find(const struct cp_paths *p, const uint8_t key[NF_KEY_BYTES])
{
	return of(cp_map_find(&p->tunnels, key, NF_KEY_BYTES));
}

struct paths_tunnel *tunnel_make(struct cp_paths *p, const uint8_t key[NF_KEY_BYTES])
{
	struct paths_tunnel *t = tunnel_find(p, key);
	if (t)
		return t;
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	memcpy(t->key, key, sizeof(t->key));
	if (!cp_map_add(&p->tunnels, &t->by_key, t->key, sizeof(t->key))) {
		free(t);
		return NULL;
	}
	return t;
}

bool tunnel_is_used(const struct cp_paths *p, const struct paths_tunnel *t)
{
	struct conn_info info;
	return conn_info(p->conns, t->id, &info) && memcmp(info.public_key, t->key, sizeof(t->key)) == 0;
}

void tunnel_drop(struct cp_paths *p, struct paths_tunnel *t)
{
	if (!t)
		return;
	cp_map_remove(&p->tunnels, &t->by_key);
	cp_wipe(t, sizeof(*t));
	free(t);
}

void tunnel_drop_unused(struct cp_paths *p, const uint8_t key[NF_KEY_BYTES])
{
	struct paths_tunnel *t = tunnel_find(p, key);
	if (t && !t->upsert.flags && !tunnel_is_used(p, t))
		tunnel_drop(p, t);
}

void tunnels_drop_all(struct cp_paths *p)
{
	for (uint32_t i = 0; i < p->tunnels.room; i++)
		while (p->tunnels.buckets[i])
			tunnel_drop(p, of(p->tunnels.buckets[i]));
}

void tunnel_save(const struct paths_tunnel *t, struct tunnel_record *ret)
{
	*ret = (struct tunnel_record){.version = VERSION, .n_allowed = t->upsert.allowed_count};
	memcpy(ret->id, t->id, sizeof(ret->id));
	memcpy(ret->name, t->upsert.name, sizeof(ret->name));
	memcpy(ret->allowed, t->allowed, sizeof(ret->allowed));
}

bool tunnel_restore(struct cp_paths *p, const uint8_t key[NF_KEY_BYTES], const void *data, size_t bytes)
{
	struct tunnel_record r;
	if (bytes != sizeof(r))
		return false;
	memcpy(&r, data, sizeof(r));
	if (r.version != VERSION || r.n_allowed > PATHS_ALLOWED_MAX || !memchr(r.name, 0, sizeof(r.name)))
		return false;
	if (tunnel_find(p, key)) /* what the portal said since is newer */
		return true;
	struct paths_tunnel *t = tunnel_make(p, key);
	if (!t)
		return false;
	memcpy(t->id, r.id, sizeof(t->id));
	memcpy(t->upsert.name, r.name, sizeof(t->upsert.name));
	memcpy(t->allowed, r.allowed, sizeof(t->allowed));
	t->upsert.allowed_count = (uint16_t)r.n_allowed;
	return true;
}
