/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Channels by number and by peer. A number is taken as long as its channel exists, cool-down included; free ones
 * are given out in turn, so that late data of a former peer finds nobody.
 */
#include <stdlib.h>

#include "turn/turn_internal.h"

#define REQUESTS_BESIDES 3u /* two Bindings and the control request */

bool turn_table_init(struct turn *t)
{
	uint8_t secret[16];
	cp_rng_fill(t->rng, secret, sizeof(secret));
	cp_map_init(&t->by_peer, secret);
	cp_rng_fill(t->rng, secret, sizeof(secret));
	cp_map_init(&t->pending, secret);
	cp_heap_init(&t->channel_timers);
	cp_heap_init(&t->request_timers);
	return cp_heap_reserve(&t->request_timers, REQUESTS_BESIDES);
}

void turn_table_fini(struct turn *t)
{
	for (uint32_t i = 0; i < TURN_CHANNELS; i++)
		free(t->channels[i]);
	cp_map_fini(&t->by_peer);
	cp_map_fini(&t->pending);
	cp_heap_fini(&t->channel_timers);
	cp_heap_fini(&t->request_timers);
}

/* The first free index at or behind `from`, going round; TURN_CHANNELS: none is free. */
static uint32_t free_index(const struct turn *t, uint32_t from)
{
	uint32_t word = from / 64;
	uint64_t skip = ~(UINT64_MAX << from % 64);
	for (uint32_t i = 0; i <= TURN_CHANNELS / 64; i++) {
		uint64_t taken = t->taken[word] | skip;
		if (taken != UINT64_MAX)
			return word * 64 + (uint32_t)__builtin_ctzll(~taken);
		word = (word + 1) % (TURN_CHANNELS / 64);
		skip = 0;
	}
	return TURN_CHANNELS;
}

/* At most one event a second: whoever keeps trying would get as many. */
static void tell_shortage(struct turn *t, const struct cp_addr *peer, cp_time now)
{
	t->counters.channels_exhausted++;
	if (t->short_told != 0 && now - t->short_told < CP_S)
		return;
	t->short_told = now;
	turn_event_put(t, (struct turn_event){.kind = TURN_CHANNELS_SHORT, .addr = *peer});
}

struct turn_channel *turn_channel_new(struct turn *t, const struct cp_addr *peer, cp_time now)
{
	uint32_t i = free_index(t, t->next_number);
	if (i == TURN_CHANNELS) {
		tell_shortage(t, peer, now);
		return NULL;
	}
	struct turn_channel *c = turn_channel_at(t, (uint16_t)(STUN_CHANNEL_FIRST + i), peer);
	if (c)
		t->next_number = (i + 1) % TURN_CHANNELS;
	return c;
}

/* Everything that a later step could lack memory for. */
static bool reserve(struct turn *t, uint32_t channels)
{
	return cp_heap_reserve(&t->request_timers, REQUESTS_BESIDES + channels) &&
	       cp_heap_reserve(&t->channel_timers, channels) && turn_events_reserve(t, channels);
}

struct turn_channel *turn_channel_at(struct turn *t, uint16_t number, const struct cp_addr *peer)
{
	uint32_t i = number - STUN_CHANNEL_FIRST;
	struct turn_channel *c = calloc(1, sizeof(*c));
	if (!c)
		goto no_memory;
	c->number = number;
	c->peer = *peer;
	if (!reserve(t, t->in_use + 1) || !cp_map_add(&t->by_peer, &c->by_peer, &c->peer, sizeof(c->peer)))
		goto no_memory;
	t->channels[i] = c;
	t->taken[i / 64] |= 1ull << i % 64;
	t->in_use++;
	turn_channel_touch(t, c);
	return c;
no_memory:
	t->counters.out_of_memory++;
	free(c);
	return NULL;
}

void turn_channel_remove(struct turn *t, struct turn_channel *c)
{
	uint32_t i = c->number - STUN_CHANNEL_FIRST;
	if (c->live)
		turn_event_put(t, (struct turn_event){.kind = TURN_CHANNEL_DOWN, .channel = c->number, .addr = c->peer});
	turn_request_end(t, &c->bind);
	cp_heap_disarm(&t->channel_timers, &c->timer);
	cp_map_remove(&t->by_peer, &c->by_peer);
	turn_channel_touch(t, c);
	t->channels[i] = NULL;
	t->taken[i / 64] &= ~(1ull << i % 64);
	t->in_use--;
	free(c);
}

struct turn_channel *turn_channel_by_peer(const struct turn *t, const struct cp_addr *peer)
{
	struct cp_map_entry *e = cp_map_find(&t->by_peer, peer, sizeof(*peer));
	return e ? turn_container(e, struct turn_channel, by_peer) : NULL;
}

struct turn_channel *turn_channel_by_number(const struct turn *t, uint16_t number)
{
	if (number < STUN_CHANNEL_FIRST || number > STUN_CHANNEL_LAST)
		return NULL;
	return t->channels[number - STUN_CHANNEL_FIRST];
}

void turn_channel_touch(struct turn *t, const struct turn_channel *c)
{
	t->dirty_blocks |= 1ull << (c->number - STUN_CHANNEL_FIRST) / 64;
}
