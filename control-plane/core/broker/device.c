/* SPDX-License-Identifier: Apache-2.0 */
/* Who was ever here: identities (portal §6.1 3), by whatever they are looked up by. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "broker/internal.h"

#define IDENTITY_MAX (1 + sizeof(struct portal_uuid) + BROKER_EXTERNAL_MAX)

static size_t identity_of(enum portal_role role, const struct portal_uuid *owner, const char *external_id, uint8_t ret[IDENTITY_MAX])
{
	size_t bytes = strnlen(external_id, BROKER_EXTERNAL_MAX);
	ret[0] = (uint8_t)role;
	memcpy(ret + 1, owner, sizeof(*owner));
	memcpy(ret + 1 + sizeof(*owner), external_id, bytes);
	return 1 + sizeof(*owner) + bytes;
}

struct broker_node *broker_node_find(const struct broker *b, const struct portal_uuid *id)
{
	struct cp_map_entry *e = cp_map_find(&b->by_id, id, sizeof(*id));
	return e ? broker_of(e, struct broker_node, by_id) : NULL;
}

struct broker_node *broker_gateway_find(const struct broker *b, const struct portal_uuid *id)
{
	struct broker_node *n = broker_node_find(b, id);
	return n && n->device.role == PORTAL_GATEWAY ? n : NULL;
}

struct broker_node *broker_node_known(const struct broker *b, enum portal_role role, const struct portal_uuid *owner,
				      const char *external_id)
{
	uint8_t identity[IDENTITY_MAX];
	size_t bytes = identity_of(role, owner, external_id, identity);
	struct cp_map_entry *e = cp_map_find(&b->by_identity, identity, bytes);
	return e ? broker_of(e, struct broker_node, by_identity) : NULL;
}

bool broker_node_may_have(const struct broker *b, const struct broker_node *n, const struct portal_key *key)
{
	struct cp_map_entry *e = cp_map_find(&b->by_public_key, key, sizeof(*key));
	return !e || broker_of(e, struct broker_node, by_public_key) == n;
}

static bool fill(struct broker_node *n, const struct broker_device *d)
{
	uint8_t identity[IDENTITY_MAX];
	size_t bytes = identity_of(d->role, &d->owner, d->external_id, identity);
	n->device = *d;
	n->device.external_id = n->external_id = strdup(d->external_id);
	n->device.name = n->name = strdup(d->name);
	n->identity = malloc(bytes);
	if (n->identity)
		memcpy(n->identity, identity, bytes);
	n->identity_bytes = (uint32_t)bytes;
	return n->external_id && n->name && n->identity;
}

static bool index_node(struct broker *b, struct broker_node *n)
{
	return cp_map_add(&b->by_identity, &n->by_identity, n->identity, n->identity_bytes) &&
	       cp_map_add(&b->by_id, &n->by_id, &n->device.id, sizeof(n->device.id)) &&
	       cp_map_add(&b->by_public_key, &n->by_public_key, &n->device.public_key, sizeof(n->device.public_key));
}

static bool own(struct broker *b, struct broker_node *n)
{
	n->owner = broker_owner_get(b, n->device.role, &n->device.owner);
	if (!n->owner || !cp_heap_reserve(&n->owner->offered, n->owner->n_devices + 1))
		return false;
	bool good = n->device.role == PORTAL_CLIENT || rescue_gateway_add(b->rescue, &n->rescue, n->device.cordoned, n) == 0;
	n->owner->n_devices += good;
	n->is_owned = good;
	return good;
}

static struct broker_node *blank(void)
{
	struct broker_node *n = calloc(1, sizeof(*n));
	if (!n)
		return NULL;
	n->patience.kind = BROKER_TIMED_NODE;
	struct broker_list *lists[] = {&n->uses, &n->links, &n->auths, &n->requests, &n->served, &n->rejects};
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		broker_list_init(lists[i]);
	return n;
}

int broker_node_add(struct broker *b, const struct broker_device *d, struct broker_node **ret)
{
	if (broker_node_known(b, d->role, &d->owner, d->external_id) || broker_node_find(b, &d->id) ||
	    !broker_node_may_have(b, NULL, &d->public_key))
		return -EEXIST;
	struct broker_node *n = blank();
	if (!n || !cp_heap_reserve(&b->timers, broker_n_timers(b) + 1) || !fill(n, d) || !index_node(b, n) || !own(b, n)) {
		broker_node_free(b, n);
		return -ENOMEM;
	}
	*ret = n;
	return 0;
}

/* RFC 9562 §5.4 */
static struct portal_uuid draw_uuid(struct broker *b)
{
	struct portal_uuid u;
	cp_rng_fill(&b->rng, &u, sizeof(u));
	u.bytes[6] = (uint8_t)(0x40 | (u.bytes[6] & 0x0f));
	u.bytes[8] = (uint8_t)(0x80 | (u.bytes[8] & 0x3f));
	return u;
}

static void draw_seed(struct broker *b, struct broker_device *d)
{
	const struct cp_span parts[] = {{"device", 6}, {&d->id, sizeof(d->id)}, {&b->n_seeds, sizeof(b->n_seeds)}};
	_Static_assert(BROKER_SEED_BYTES == CP_SHA256_BYTES, "one hash makes a seed");
	b->n_seeds++;
	cp_hmac_sha256(b->secret, sizeof(b->secret), parts, 3, d->seed);
}

static bool is_full(const struct broker *b, const struct broker_device *d)
{
	const struct broker_owner *o = broker_owner_find(b, d->role, &d->owner);
	uint32_t quota = d->role == PORTAL_GATEWAY ? b->quota.gateways_per_site : b->quota.clients_per_actor;
	return o && o->n_devices >= quota;
}

int broker_node_register(struct broker *b, const struct broker_device *d, struct broker_node **ret)
{
	struct broker_device drawn = *d;
	if (is_full(b, d) || !broker_pool_take(b, &drawn.index))
		return -ENOSPC;
	drawn.id = draw_uuid(b);
	drawn.created_at = drawn.seen_at = broker_unix_now(b);
	draw_seed(b, &drawn);
	int err = broker_node_add(b, &drawn, ret);
	if (err)
		broker_pool_give_back(b, drawn.index);
	cp_wipe(&drawn, sizeof(drawn));
	return err;
}

bool broker_node_rename(struct broker *b, struct broker_node *n, const char *name, const struct portal_key *key)
{
	char *copy = strcmp(n->device.name, name) == 0 ? NULL : strdup(name);
	if (!broker_node_may_have(b, n, key) || (!copy && strcmp(n->device.name, name) != 0))
		return free(copy), false;
	if (copy) {
		free(n->name);
		n->device.name = n->name = copy;
	}
	/* a table that has had it has room for it */
	cp_map_remove(&b->by_public_key, &n->by_public_key);
	n->device.public_key = *key;
	return cp_map_add(&b->by_public_key, &n->by_public_key, &n->device.public_key, sizeof(n->device.public_key));
}

void broker_node_free(struct broker *b, struct broker_node *n)
{
	if (!n)
		return;
	cp_map_remove(&b->by_identity, &n->by_identity);
	cp_map_remove(&b->by_id, &n->by_id);
	cp_map_remove(&b->by_public_key, &n->by_public_key);
	if (n->is_owned) {
		n->owner->n_devices--;
		cp_heap_disarm(&n->owner->offered, &n->offer);
		cp_heap_disarm(&b->timers, &n->patience.timer);
		if (n->device.role == PORTAL_GATEWAY)
			rescue_gateway_remove(b->rescue, &n->rescue);
	}
	free(n->identity);
	broker_rejects_forget(n);
	free(n->external_id);
	free(n->name);
	cp_wipe(n, sizeof(*n));
	free(n);
}
