/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The broker's own copy of the world, with indexes: what it looks up at every request, and compares when a new file
 * comes. Immutable once made; pure; any thread. What is returned is borrowed until broker_facts_free().
 */
#ifndef CP_BROKER_FACTS_H
#define CP_BROKER_FACTS_H

#include "broker/world.h"

struct broker_facts;

/* Copies all of the world, texts and secrets included. NULL: memory is short. */
struct broker_facts *broker_facts_create(const struct broker_world *world);
/* Wipes and frees. NULL is fine. */
void broker_facts_free(struct broker_facts *f);
/* The copy: same order, same indexes. */
const struct broker_world *broker_facts_world(const struct broker_facts *f);

/* NULL: there is none of this id. */
const struct portal_site *broker_facts_site(const struct broker_facts *f, const struct portal_uuid *id);
const struct broker_actor *broker_facts_actor(const struct broker_facts *f, const struct portal_uuid *id);
const struct broker_resource *broker_facts_resource(const struct broker_facts *f, const struct portal_uuid *id);
const struct broker_policy *broker_facts_policy(const struct broker_facts *f, const struct portal_uuid *id);

/* Whether gateways of this site serve the resource. */
bool broker_resource_is_at(const struct broker_resource *r, const struct portal_uuid *site);

#endif
