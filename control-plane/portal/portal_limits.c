/* SPDX-License-Identifier: Apache-2.0 */
#include "portal_limits.h"

#include <stdlib.h>

static cp_time later(cp_time a, cp_time b)
{
	return a > b ? a : b;
}

static bool has(const struct rate *r, uint32_t n, uint32_t per_s, uint32_t burst, cp_time now)
{
	cp_time each = CP_S / per_s;
	return later(r->full_at, now) + each * n - now <= each * (burst ? burst : 1);
}

bool rate_has(const struct rate *r, uint32_t per_s, uint32_t burst, cp_time now)
{
	return per_s == 0 || has(r, 1, per_s, burst, now);
}

bool rate_take_many(struct rate *r, uint32_t n, uint32_t per_s, uint32_t burst, cp_time now)
{
	n = n < burst ? n : burst ? burst : 1;
	if (per_s == 0)
		return true;
	if (!has(r, n, per_s, burst, now))
		return false;
	r->full_at = later(r->full_at, now) + CP_S / per_s * n;
	return true;
}

bool rate_take(struct rate *r, uint32_t per_s, uint32_t burst, cp_time now)
{
	return rate_take_many(r, 1, per_s, burst, now);
}

void limits_init(struct limits *l, const uint8_t secret[16])
{
	*l = (struct limits){0};
	cp_map_init(&l->sources, secret);
}

void limits_fini(struct limits *l)
{
	while (l->oldest) {
		struct source *s = l->oldest;
		l->oldest = s->newer;
		free(s);
	}
	cp_map_fini(&l->sources);
	*l = (struct limits){0};
}

void limits_configure(struct limits *l, const struct portal_config_limits *to, uint32_t descriptors)
{
	l->is = *to;
	l->connections_max = to->connections < descriptors ? to->connections : descriptors;
}

void limits_refused(struct limits *l, enum refusal why)
{
	l->refused[why]++;
}

static struct cp_addr key_of(const struct cp_addr *from)
{
	struct cp_addr key = {.family = from->family};
	memcpy(key.ip, from->ip, from->family == CP_V4 ? 4 : 8);
	return key;
}

static void unlink_idle(struct limits *l, struct source *s)
{
	*(s->older ? &s->older->newer : &l->oldest) = s->newer;
	*(s->newer ? &s->newer->older : &l->newest) = s->older;
	s->older = s->newer = NULL;
	l->n_idle--;
}

static void forget_oldest(struct limits *l)
{
	struct source *s = l->oldest;
	unlink_idle(l, s);
	cp_map_remove(&l->sources, &s->entry);
	free(s);
}

static void link_idle(struct limits *l, struct source *s)
{
	s->older = l->newest;
	*(l->newest ? &l->newest->newer : &l->oldest) = s;
	l->newest = s;
	if (++l->n_idle > SOURCES_REMEMBERED)
		forget_oldest(l);
}

static struct source *find(const struct limits *l, const struct cp_addr *from)
{
	struct cp_addr key = key_of(from);
	_Static_assert(offsetof(struct source, entry) == 0, "the entry is the source");
	return (struct source *)cp_map_find(&l->sources, &key, sizeof(key));
}

/* The source, with one connection more; NULL: memory is short. */
static struct source *hold(struct limits *l, const struct cp_addr *from)
{
	struct cp_addr key = key_of(from);
	struct source *s = find(l, from);
	if (s && s->connections == 0)
		unlink_idle(l, s);
	if (!s) {
		s = calloc(1, sizeof(*s));
		if (!s)
			return NULL;
		s->key = key;
		if (!cp_map_add(&l->sources, &s->entry, &s->key, sizeof(s->key))) {
			free(s);
			return NULL;
		}
	}
	s->connections++;
	return s;
}

static void release(struct limits *l, struct source *s)
{
	if (--s->connections == 0)
		link_idle(l, s);
}

static enum refusal count(struct limits *l, enum refusal why)
{
	if (why != REFUSAL_NONE)
		limits_refused(l, why);
	return why;
}

static bool is_beyond(uint32_t n, uint32_t max)
{
	return max != 0 && n >= max;
}

enum refusal limits_judge(const struct limits *l, const struct cp_addr *from, bool shared)
{
	if (l->connections >= l->connections_max)
		return REFUSAL_CONNECTIONS;
	if (l->handshakes >= l->is.handshakes)
		return REFUSAL_HANDSHAKES;
	const struct source *s = shared ? NULL : find(l, from);
	return s && is_beyond(s->handshakes, l->is.handshakes_per_source) ? REFUSAL_SOURCE_HANDSHAKES : REFUSAL_NONE;
}

enum refusal limits_accept(struct limits *l, const struct cp_addr *from, bool shared, struct source **ret)
{
	*ret = NULL;
	enum refusal why = limits_judge(l, from, shared);
	if (why != REFUSAL_NONE)
		return count(l, why);
	struct source *s = hold(l, from);
	if (!s)
		return count(l, REFUSAL_CONNECTIONS);
	s->handshakes++;
	l->handshakes++;
	l->connections++;
	*ret = s;
	return REFUSAL_NONE;
}

enum refusal limits_forwarded(struct limits *l, const struct cp_addr *from, struct source **of)
{
	struct source *s = hold(l, from);
	if (!s)
		return count(l, REFUSAL_CONNECTIONS);
	(*of)->handshakes--;
	release(l, *of);
	s->handshakes++;
	*of = s;
	return REFUSAL_NONE;
}

enum refusal limits_request(struct limits *l, const struct source *of, bool shared, cp_time now)
{
	if (shared)
		return REFUSAL_NONE;
	if (l->is.connections_per_source && of->connections > l->is.connections_per_source)
		return count(l, REFUSAL_SOURCE);
	if (!rate_has(&of->bad_tokens, l->is.bad_tokens_per_s, l->is.bad_tokens_per_s * 10, now))
		return count(l, REFUSAL_BAD_TOKENS);
	return REFUSAL_NONE;
}

void limits_bad_token(struct limits *l, struct source *of, cp_time now)
{
	rate_take(&of->bad_tokens, l->is.bad_tokens_per_s, l->is.bad_tokens_per_s * 10, now);
}

void limits_settled(struct limits *l, struct source *of)
{
	of->handshakes--;
	l->handshakes--;
}

void limits_gone(struct limits *l, struct source *of)
{
	l->connections--;
	release(l, of);
}
