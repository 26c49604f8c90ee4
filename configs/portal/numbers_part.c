/* SPDX-License-Identifier: Apache-2.0 */
/* The objects that hold nothing but numbers: one table each, by key, place and range. */
#include "reading.h"

const struct portal_config_limits portal_config_limits_default = {
	.connections = 20000,
	.connections_per_source = 0,
	.handshakes = 1000,
	.handshakes_per_source = 200,
	.handshake_ms = 10000,
	.header_bytes = 16384,
	.frame_bytes = 1 << 20,
	.messages_per_s = 100,
	.messages_burst = 2000,
	.queued_bytes = 16 << 20,
	.bad_tokens_per_s = 5,
};

enum unit { U32, MS /* to cp_time */, SECONDS /* to int64_t */ };
struct number {
	const char *key;
	size_t at;
	enum unit unit;
	uint32_t min, max;
};

#define LIMIT(field, min, max) {#field, offsetof(struct portal_config_limits, field), U32, min, max}
#define QUOTA(field, max)      {#field, offsetof(struct broker_quota, field), U32, 1, max}
#define TIMING(field, unit, suffix, min, max) {#field suffix, offsetof(struct broker_timing, field), unit, min, max}

static const struct number limits[] = {
	LIMIT(connections, 1, 1000000),
	LIMIT(connections_per_source, 0, 1000000),
	LIMIT(handshakes, 1, 1000000),
	LIMIT(handshakes_per_source, 0, 1000000),
	LIMIT(handshake_ms, 1000, 600000),
	LIMIT(header_bytes, 8192, 65536),
	LIMIT(frame_bytes, 65536, 64 << 20),
	LIMIT(messages_per_s, 1, 1000000),
	LIMIT(messages_burst, 1, 1000000),
	LIMIT(queued_bytes, 1 << 20, 1 << 30),
	LIMIT(bad_tokens_per_s, 0, 1000000),
};

static const struct number timings[] = {
	TIMING(rescue_after, MS, "_ms", 0, 600000),
	TIMING(rescue_not_before, MS, "_ms", 0, 3600000),
	TIMING(move_within, MS, "_ms", 0, 600000),
	TIMING(move_per_s, U32, "", 1, 1000000),
	TIMING(answer_within, MS, "_ms", 1000, 60000),
	TIMING(idle_after, MS, "_ms", 37000, 3600000), /* portal §6.1 5 */
	TIMING(relay_gone_after, MS, "_ms", 0, 600000),
	TIMING(relay_repeat_after, MS, "_ms", 100, 60000),
	{"authorization_s", offsetof(struct broker_timing, authorization_seconds), SECONDS, 60, 366 * 86400},
};

static const struct number quotas[] = {
	QUOTA(gateways_per_site, 100000),	 QUOTA(clients_per_actor, 1000000), QUOTA(requests_per_client, 100000),
	QUOTA(authorizations_per_client, 100000), QUOTA(relays, 10000),
};

/* What is absent stays as it is. */
static void read_number(struct cursor *c, const json_t *o, const struct number *n, unsigned char *base)
{
	if (c->failed || !json_object_get(o, n->key))
		return;
	uint32_t v = cursor_uint(c, o, n->key, n->min, n->max, n->min);
	if (n->unit == U32)
		*(uint32_t *)(void *)(base + n->at) = v;
	else if (n->unit == MS)
		*(cp_time *)(void *)(base + n->at) = v * CP_MS;
	else
		*(int64_t *)(void *)(base + n->at) = v;
}

static bool read_numbers(struct reading *r, const json_t *root, enum keys_of what, const struct number *table, size_t n, void *base)
{
	const json_t *o;
	size_t mark;
	if (!reading_enter(r, root, what, &o, &mark))
		return false;
	for (size_t i = 0; i < n; i++)
		read_number(&r->c, o, &table[i], base);
	cursor_leave(&r->c, mark);
	return !r->c.failed;
}

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

bool read_limits(struct reading *r, const json_t *root)
{
	struct portal_config_limits *l = &r->cfg->limits;
	if (!read_numbers(r, root, KEYS_LIMITS, limits, COUNT(limits), l))
		return false;
	if (l->messages_burst < l->messages_per_s)
		return cursor_fail(&r->c, "limits.messages_burst", "%u is less than messages_per_s, %u", l->messages_burst,
				   l->messages_per_s);
	return true;
}

bool read_timing(struct reading *r, const json_t *root)
{
	return read_numbers(r, root, KEYS_TIMING, timings, COUNT(timings), &r->cfg->world.timing) &&
	       read_numbers(r, root, KEYS_QUOTA, quotas, COUNT(quotas), &r->cfg->world.quota);
}
