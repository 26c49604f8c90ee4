/* SPDX-License-Identifier: Apache-2.0 */
/* What was put and is not yet written: the last version of each row, in the order in which rows were first put. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "store_internal.h"

static size_t make_key(enum change_kind kind, const void *ids, size_t bytes, uint8_t ret[sizeof(((struct change *)0)->key)])
{
	ret[0] = (uint8_t)kind;
	memcpy(ret + 1, ids, bytes);
	return bytes + 1;
}

static struct change *find(const struct store *s, enum change_kind kind, const void *ids, size_t bytes)
{
	uint8_t key[sizeof(((struct change *)0)->key)];
	struct cp_map_entry *e = cp_map_find(&s->by_key, key, make_key(kind, ids, bytes, key));
	return e ? (struct change *)((char *)e - offsetof(struct change, by_key)) : NULL;
}

struct change *waiting_get(struct store *s, enum change_kind kind, const void *ids, size_t bytes)
{
	struct change *c = find(s, kind, ids, bytes);
	if (c)
		return c;
	c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->kind = kind;
	if (!cp_map_add(&s->by_key, &c->by_key, c->key, make_key(kind, ids, bytes, c->key))) {
		free(c);
		return NULL;
	}
	*s->last = c;
	s->last = &c->next;
	s->health.waiting++;
	return c;
}

static void free_texts(struct broker_device *d)
{
	free((char *)(uintptr_t)d->external_id);
	free((char *)(uintptr_t)d->name);
	sodium_memzero(d, sizeof(*d));
}

void waiting_clear(struct store *s)
{
	for (struct change *c = s->first, *next; c; c = next) {
		next = c->next;
		cp_map_remove(&s->by_key, &c->by_key);
		free_texts(&c->device);
		free(c);
	}
	s->first = NULL;
	s->last = &s->first;
	s->health.waiting = 0;
}

const struct change *waiting_token(const struct store *s, uint64_t number)
{
	return find(s, CHANGE_TOKEN, &number, sizeof(number));
}

int store_put_device(struct store *s, const struct broker_device *d)
{
	struct broker_device copy = *d;
	struct change *c = NULL;
	copy.external_id = strdup(d->external_id);
	copy.name = strdup(d->name);
	if (copy.external_id && copy.name)
		c = waiting_get(s, CHANGE_DEVICE, &d->id, sizeof(d->id));
	if (!c) {
		free_texts(&copy);
		return -ENOMEM;
	}
	free_texts(&c->device);
	c->device = copy;
	sodium_memzero(&copy, sizeof(copy));
	return 0;
}

static int put_authorization(struct store *s, const struct broker_authorization *a, bool forget)
{
	const struct portal_uuid ids[] = {a->client, a->resource, a->gateway};
	struct change *c = waiting_get(s, CHANGE_AUTHORIZATION, ids, sizeof(ids));
	if (!c)
		return -ENOMEM;
	c->authorization = *a;
	c->forget = forget;
	return 0;
}

int store_put_authorization(struct store *s, const struct broker_authorization *a)
{
	return put_authorization(s, a, false);
}

int store_forget_authorization(struct store *s, const struct broker_authorization *a)
{
	return put_authorization(s, a, true);
}
