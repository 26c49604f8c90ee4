/* SPDX-License-Identifier: Apache-2.0 */
#include "conn/budget.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"

#define WAYS 4u

struct budget_source {
	uint32_t tag; /* of the hash; 0: free */
	struct bucket bucket;
};

static uint32_t ms_of(cp_time now)
{
	return (uint32_t)(now / CP_MS);
}

void bucket_fill(struct bucket *b, uint32_t burst, cp_time now)
{
	b->milli = burst * 1000u;
	b->at_ms = ms_of(now);
}

static void refill(struct bucket *b, uint32_t per_s, uint32_t burst, cp_time now)
{
	uint64_t milli = b->milli + (uint64_t)(uint32_t)(ms_of(now) - b->at_ms) * per_s;
	b->milli = milli > burst * 1000ull ? burst * 1000u : (uint32_t)milli;
	b->at_ms = ms_of(now);
}

bool bucket_has(struct bucket *b, uint32_t per_s, uint32_t burst, cp_time now)
{
	refill(b, per_s, burst, now);
	return b->milli >= 1000;
}

bool bucket_take(struct bucket *b, uint32_t per_s, uint32_t burst, cp_time now)
{
	if (!bucket_has(b, per_s, burst, now))
		return false;
	b->milli -= 1000;
	return true;
}

bool budget_init(struct budget *b, const uint8_t secret[16], uint32_t per_source_per_s, uint32_t per_s, cp_time now)
{
	*b = (struct budget){.per_source_per_s = per_source_per_s, .per_s = per_s};
	memcpy(b->secret, secret, sizeof(b->secret));
	bucket_fill(&b->all, per_s, now);
	b->sources = calloc(BUDGET_SETS * WAYS, sizeof(*b->sources));
	return b->sources != NULL;
}

void budget_fini(struct budget *b)
{
	free(b->sources);
	cp_wipe(b, sizeof(*b));
}

static struct budget_source *find(const struct budget *b, const struct cp_addr *from, enum budget_for what, uint32_t *ret_tag,
				  struct budget_source **ret_set)
{
	struct cp_addr key = *from;
	key.zero = (uint8_t)what;
	uint64_t hash = cp_siphash(b->secret, &key, sizeof(key));
	struct budget_source *set = &b->sources[hash % BUDGET_SETS * WAYS];
	*ret_tag = (uint32_t)(hash >> 32) | 1u;
	*ret_set = set;
	for (unsigned int i = 0; i < WAYS; i++)
		if (set[i].tag == *ret_tag)
			return &set[i];
	return NULL;
}

static struct budget_source *most_silent(struct budget_source *set, cp_time now)
{
	struct budget_source *victim = set;
	for (unsigned int i = 0; i < WAYS; i++) {
		if (set[i].tag == 0)
			return &set[i];
		if (ms_of(now) - set[i].bucket.at_ms > ms_of(now) - victim->bucket.at_ms)
			victim = &set[i];
	}
	return victim;
}

static struct bucket *bucket_of(struct budget *b, const struct cp_addr *from, enum budget_for what, cp_time now)
{
	uint32_t tag;
	struct budget_source *set, *s = find(b, from, what, &tag, &set);
	if (!s) {
		s = most_silent(set, now);
		s->tag = tag;
		bucket_fill(&s->bucket, b->per_source_per_s, now);
	}
	return &s->bucket;
}

enum budget_verdict budget_unknown(struct budget *b, const struct cp_addr *from, cp_time now)
{
	struct bucket *source = bucket_of(b, from, BUDGET_UNKNOWN, now);
	if (!bucket_take(source, b->per_source_per_s, b->per_source_per_s, now))
		return BUDGET_SOURCE;
	return bucket_take(&b->all, b->per_s, b->per_s, now) ? BUDGET_GRANTED : BUDGET_ALL;
}

void budget_forged(struct budget *b, const struct cp_addr *from, cp_time now)
{
	bucket_take(bucket_of(b, from, BUDGET_FORGED, now), b->per_source_per_s, b->per_source_per_s, now);
}

bool budget_is_forger(const struct budget *b, const struct cp_addr *from, cp_time now)
{
	uint32_t tag;
	struct budget_source *set, *s = find(b, from, BUDGET_FORGED, &tag, &set);
	return s && !bucket_has(&s->bucket, b->per_source_per_s, b->per_source_per_s, now);
}
