/* SPDX-License-Identifier: Apache-2.0 */
#include "store.h"

#include <string.h>

#include "sim.h"

const struct broker_device *store_find_device(const struct store *s, const struct portal_uuid *id)
{
	for (uint32_t i = 0; i < s->n_devices; i++)
		if (same_uuid(&s->devices[i].d.id, id))
			return &s->devices[i].d;
	return NULL;
}

const struct broker_device *store_find_identity(const struct store *s, enum portal_role role, const char *external_id)
{
	for (uint32_t i = 0; i < s->n_devices; i++)
		if (s->devices[i].d.role == role && strcmp(s->devices[i].external_id, external_id) == 0)
			return &s->devices[i].d;
	return NULL;
}

/* An identity is one device for life, and so is its id, its address and its seed. */
static void check_device(struct sim *s, const struct broker_device *d)
{
	for (uint32_t i = 0; i < s->store.n_devices; i++) {
		const struct broker_device *o = &s->store.devices[i].d;
		bool same = o->role == d->role && same_uuid(&o->owner, &d->owner) && strcmp(o->external_id, d->external_id) == 0;
		if (same != same_uuid(&o->id, &d->id))
			sim_violation(s, "device %s of %s: its id is not its own for life", uuid_text(&d->id).text, d->external_id);
		if (same != (o->index == d->index))
			sim_violation(s, "device of %s: address %u is not its own for life", d->external_id, d->index);
		if (same && memcmp(o->seed, d->seed, sizeof(o->seed)) != 0)
			sim_violation(s, "device of %s: another seed", d->external_id);
	}
}

void store_device(struct sim *s, const struct broker_device *d)
{
	struct store *st = &s->store;
	uint32_t i = 0;
	check_device(s, d);
	while (i < st->n_devices && !same_uuid(&st->devices[i].d.id, &d->id))
		i++;
	if (i == STORED_DEVICES) {
		sim_violation(s, "more devices than there are peers");
		return;
	}
	struct stored_device *o = &st->devices[i];
	st->n_devices += i == st->n_devices;
	o->d = *d;
	snprintf(o->external_id, sizeof(o->external_id), "%s", d->external_id);
	snprintf(o->name, sizeof(o->name), "%s", d->name);
	o->d.external_id = o->external_id;
	o->d.name = o->name;
}

struct broker_authorization *store_find(struct store *s, const struct broker_authorization *a)
{
	for (uint32_t i = 0; i < s->n_auths; i++) {
		struct broker_authorization *o = &s->auths[i];
		if (same_uuid(&o->client, &a->client) && same_uuid(&o->resource, &a->resource) && same_uuid(&o->gateway, &a->gateway))
			return o;
	}
	return NULL;
}

const struct broker_authorization *store_find_live(struct store *s, const struct broker_authorization *a)
{
	struct broker_authorization *o = store_find(s, a);
	return o && !s->left_out[o - s->auths] ? o : NULL;
}

void store_authorization(struct sim *s, const struct broker_authorization *a)
{
	struct broker_authorization *o = store_find(&s->store, a);
	if (!store_find_device(&s->store, &a->client) || !store_find_device(&s->store, &a->gateway))
		sim_violation(s, "an authorization is stored before its devices");
	if (!o && s->store.n_auths == STORED_AUTHS) {
		sim_violation(s, "authorizations without end");
		return;
	}
	if (!o) {
		s->store.since[s->store.n_auths] = s->shell.inputs;
		o = &s->store.auths[s->store.n_auths++];
	}
	*o = *a;
	s->store.left_out[o - s->store.auths] = false;
}

void store_forget(struct sim *s, const struct broker_authorization *a)
{
	struct broker_authorization *o = store_find(&s->store, a);
	if (!o) {
		sim_violation(s, "an authorization is forgotten that was not stored");
		return;
	}
	*o = s->store.auths[--s->store.n_auths];
	s->store.since[o - s->store.auths] = s->store.since[s->store.n_auths];
	s->store.left_out[o - s->store.auths] = s->store.left_out[s->store.n_auths];
}
