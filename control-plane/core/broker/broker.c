/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "broker/internal.h"

static void init_maps(struct broker *b)
{
	struct cp_map *maps[] = {&b->conns, &b->owners, &b->by_identity, &b->by_id, &b->by_public_key, &b->links, &b->uses, &b->requests};
	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		uint8_t secret[16];
		cp_rng_fill(&b->rng, secret, sizeof(secret));
		cp_map_init(maps[i], secret);
	}
}

/* Half of the seed is for what may be guessed at worst, the other for what must stay secret. */
static void use_seed(struct broker *b, const uint8_t seed[32])
{
	cp_rng_seed(&b->rng, seed);
	cp_sha256(seed, 32, b->secret);
}

static bool make_parts(struct broker *b, const struct broker_world *world, cp_time now)
{
	uint8_t secret[16];
	cp_rng_fill(&b->rng, secret, sizeof(secret));
	b->facts = broker_facts_create(world);
	b->relays = b->facts ? broker_relays_create(b->facts) : NULL;
	b->rescue = rescue_create(&world->timing, secret, now);
	return b->facts && b->relays && b->rescue && broker_pool_init(b) && broker_room_for(b, world->n_resources);
}

struct broker *broker_create(const struct broker_world *world, const uint8_t seed[32], int64_t unix_seconds, cp_time now)
{
	struct broker *b = calloc(1, sizeof(*b));
	if (!b)
		return NULL;
	use_seed(b, seed);
	init_maps(b);
	broker_list_init(&b->all_conns);
	broker_list_init(&b->all_owners);
	broker_list_init(&b->broken);
	cp_heap_init(&b->timers);
	cp_heap_init(&b->expiries);
	b->outq.tail = &b->outq.head;
	b->timing = world->timing;
	b->quota = world->quota;
	b->unix_at = unix_seconds;
	b->unix_since = b->now = now;
	if (!make_parts(b, world, now)) {
		broker_free(b);
		return NULL;
	}
	b->judged_at = unix_seconds;
	b->access_changes_at = broker_access_changes_at(b->facts, unix_seconds);
	return b;
}

static void free_all_of(struct broker *b)
{
	struct broker_conn *c;
	struct broker_owner *o;
	broker_each(c, struct broker_conn, all, &b->all_conns)
		broker_conn_free(b, c);
	while (b->n_auths > 0)
		broker_auth_free(b, b->auths[b->n_auths - 1]);
	for (uint32_t i = 0; i < b->n_clients; i++)
		broker_node_free(b, b->clients[i]);
	for (uint32_t i = 0; i < b->n_gateways; i++)
		broker_node_free(b, b->gateways[i]);
	broker_each(o, struct broker_owner, all, &b->all_owners)
		broker_owner_free(b, o);
}

static void fini_maps(struct broker *b)
{
	struct cp_map *maps[] = {&b->conns, &b->owners, &b->by_identity, &b->by_id, &b->by_public_key, &b->links, &b->uses, &b->requests};
	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		cp_map_fini(maps[i]);
	cp_heap_fini(&b->timers);
	cp_heap_fini(&b->expiries);
}

void broker_free(struct broker *b)
{
	if (!b)
		return;
	broker_reload_end(b);
	free_all_of(b);
	broker_outq_fini(b);
	rescue_free(b->rescue);
	broker_relays_free(b->relays);
	broker_lists_forget(&b->lists);
	broker_facts_free(b->facts);
	fini_maps(b);
	free(b->pool);
	free(b->gateways);
	free(b->clients);
	free(b->auths);
	free(b->listed);
	free(b->views);
	cp_wipe(b, sizeof(*b));
	free(b);
}

void broker_at(struct broker *b, cp_time now)
{
	assert(now >= b->now);
	b->now = now;
	broker_outq_let_go(b);
}

int64_t broker_unix_now(const struct broker *b)
{
	return b->unix_at + (int64_t)((b->now - b->unix_since) / CP_S);
}

void broker_clock(struct broker *b, int64_t unix_seconds, cp_time now)
{
	broker_at(b, now);
	b->unix_at = unix_seconds;
	b->unix_since = now;
}
