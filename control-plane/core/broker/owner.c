/* SPDX-License-Identifier: Apache-2.0 */
/* Sites and actors as owners of devices: how many, and which of a site's gateways may be chosen. */
#include <stdlib.h>
#include <string.h>

#include "broker/internal.h"

/* Hashed by its bytes. */
static struct broker_owner_key key_of(enum portal_role role, const struct portal_uuid *id)
{
	struct broker_owner_key key = {.role = (uint8_t)role};
	_Static_assert(sizeof(key) == 17, "no padding");
	key.id = *id;
	return key;
}

struct broker_owner *broker_owner_find(const struct broker *b, enum portal_role role, const struct portal_uuid *id)
{
	const struct broker_owner_key key = key_of(role, id);
	struct cp_map_entry *e = cp_map_find(&b->owners, &key, sizeof(key));
	return e ? broker_of(e, struct broker_owner, by_key) : NULL;
}

struct broker_owner *broker_owner_get(struct broker *b, enum portal_role role, const struct portal_uuid *id)
{
	struct broker_owner *o = broker_owner_find(b, role, id);
	if (o)
		return o;
	o = calloc(1, sizeof(*o));
	if (!o)
		return NULL;
	o->key = key_of(role, id);
	cp_heap_init(&o->offered);
	broker_list_add(&b->all_owners, &o->all);
	if (!cp_map_add(&b->owners, &o->by_key, &o->key, sizeof(o->key))) {
		broker_owner_free(b, o);
		return NULL;
	}
	return o;
}

void broker_owner_free(struct broker *b, struct broker_owner *o)
{
	cp_map_remove(&b->owners, &o->by_key);
	cp_heap_fini(&o->offered);
	broker_list_remove(&o->all);
	free(o);
}
