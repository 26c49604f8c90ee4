/* SPDX-License-Identifier: Apache-2.0 */
#include "ice/agent.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"

#define GROW_BY 4u

const struct ice_timing ice_timing_default = {.initial_rto_ms = 250, .max_rto_ms = 1500, .max_retransmits = 12};
const struct ice_timing ice_timing_idle = {.initial_rto_ms = 25000, .max_rto_ms = 25000, .max_retransmits = 4};

/* The four texts, one behind the other: most are 4 or 22 characters long, not the longest that is allowed. */
static const char *keep(struct ice_agent *a, const char *text, size_t bytes)
{
	char *at = a->texts + a->text_bytes;
	memcpy(at, text, bytes);
	at[bytes] = 0;
	a->text_bytes = (uint16_t)(a->text_bytes + bytes + 1);
	return at;
}

struct ice_agent *ice_agent_new(const struct ice_settings *s, struct cp_rng *rng, cp_time now)
{
	size_t lu = strnlen(s->local.ufrag, ICE_UFRAG_MAX), lp = strnlen(s->local.pwd, ICE_PWD_MAX);
	size_t ru = strnlen(s->remote.ufrag, ICE_UFRAG_MAX), rp = strnlen(s->remote.pwd, ICE_PWD_MAX);
	struct ice_agent *a = calloc(1, sizeof(*a) + lu + lp + ru + rp + 4);
	if (!a)
		return NULL;
	a->rng = rng;
	a->owner_secret = s->owner_secret;
	a->owner = s->owner;
	a->tie_breaker = s->tie_breaker;
	a->controlling = s->controlling;
	a->timing = ice_timing_default;
	a->created = a->paired_at = now;
	a->selected = ICE_NO_PAIR;
	a->shown = &a->shown_last;
	a->local_ufrag = keep(a, s->local.ufrag, lu);
	a->local_pwd = keep(a, s->local.pwd, lp);
	a->remote_ufrag = keep(a, s->remote.ufrag, ru);
	a->remote_pwd = keep(a, s->remote.pwd, rp);
	return a;
}

void ice_agent_free(struct ice_agent *a)
{
	if (!a)
		return;
	cp_wipe(a->texts, a->text_bytes);
	free(a->locals);
	free(a->remotes);
	free(a->pairs);
	free(a);
}

bool ice_room(void **array, uint8_t n, uint8_t *room, size_t bytes)
{
	if (n < *room)
		return true;
	void *grown = realloc(*array, (n + GROW_BY) * bytes);
	if (!grown)
		return false;
	*array = grown;
	*room = (uint8_t)(n + GROW_BY);
	return true;
}

void ice_tick(struct ice_agent *a, cp_time now)
{
	ice_pairs_prune(a, now);
	ice_settle(a, now);
}

cp_time ice_deadline(const struct ice_agent *a)
{
	cp_time at = ice_state_deadline(a);
	if (a->state == ICE_FAILED)
		return CP_NEVER;
	for (unsigned int i = 0; i < a->n_pairs; i++)
		at = cp_earlier(at, a->pairs[i].next_at); /* a pair ends when its next check would be due, or later */
	return at;
}

void ice_set_timing(struct ice_agent *a, const struct ice_timing *t, cp_time now)
{
	assert(t->initial_rto_ms > 0 && t->max_rto_ms > 0 && t->max_retransmits > 0 && t->max_retransmits <= UINT8_MAX);
	a->timing = *t;
	for (unsigned int i = 0; i < a->n_pairs; i++)
		ice_pair_schedule(a, &a->pairs[i], now);
}

void ice_count_into(struct ice_agent *a, struct ice_counters *c)
{
	a->counters = c;
}

unsigned int ice_pair_count(const struct ice_agent *a)
{
	return a->n_pairs;
}

size_t ice_agent_bytes(const struct ice_agent *a)
{
	return sizeof(*a) + a->text_bytes + a->room_locals * sizeof(*a->locals) + a->room_remotes * sizeof(*a->remotes) +
	       a->room_pairs * sizeof(*a->pairs);
}
