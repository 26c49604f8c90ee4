/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one source of connections, and all of them together, may cost (portal_config.h has the numbers). Pure: time is an
 * argument. A source is an IPv4 address or an IPv6 /64, since that is what one holder of addresses gets.
 *
 * Memory: one struct source for each source that is connected, and SOURCES_REMEMBERED more, the latest, for what they did.
 */
#ifndef PORTAL_LIMITS_H
#define PORTAL_LIMITS_H

#include "base/addr.h"
#include "base/map.h"
#include "base/time.h"
#include "portal_config.h"
#include "refusal.h"

#define SOURCES_REMEMBERED 4096u

/* A token bucket in one word: the time at which it would be full again. Zeroed: full. */
struct rate {
	cp_time full_at;
};
/* Takes one; false: there is none, and nothing changed. per_s 0: always true. */
bool rate_take(struct rate *r, uint32_t per_s, uint32_t burst, cp_time now);
/* n at once; a whole burst if that is less. */
bool rate_take_many(struct rate *r, uint32_t n, uint32_t per_s, uint32_t burst, cp_time now);
bool rate_has(const struct rate *r, uint32_t per_s, uint32_t burst, cp_time now);

struct source {
	struct cp_map_entry entry;
	struct cp_addr key; /* without port; IPv6: without the lower half */
	uint32_t connections, handshakes;
	struct rate bad_tokens;
	struct source *older, *newer; /* of the idle ones */
};

struct limits {
	struct portal_config_limits is;
	uint32_t connections_max; /* the smaller of the file's and the descriptors' */
	struct cp_map sources;
	struct source *oldest, *newest; /* without a connection */
	uint32_t n_idle;
	uint32_t connections, handshakes;
	uint64_t refused[REFUSAL_KINDS]; /* by reason, since the start */
};

void limits_init(struct limits *l, const uint8_t secret[16]);
void limits_fini(struct limits *l);
/* New numbers bind newcomers only. descriptors: how many connections the process could hold. */
void limits_configure(struct limits *l, const struct portal_config_limits *to, uint32_t descriptors);

/* What limits_accept() would say; nothing is counted. */
enum refusal limits_judge(const struct limits *l, const struct cp_addr *from, bool shared);
/* Somebody connected: a handshake begins. REFUSAL_NONE with *ret, which is to be given back; else counted, and *ret is NULL.
 * REFUSAL_CONNECTIONS also when memory is short. With `shared`, the address is that of a proxy: no limit of one source. */
enum refusal limits_accept(struct limits *l, const struct cp_addr *from, bool shared, struct source **ret);
/* Nobody would be let in: there are as many handshakes as there may be. */
static inline bool limits_are_all_in_handshake(const struct limits *l)
{
	return l->handshakes >= l->is.handshakes;
}
/* The proxy says who it is: from here on *of is that source. Refused and counted: *of is as before. */
enum refusal limits_forwarded(struct limits *l, const struct cp_addr *from, struct source **of);
/* May a request from there become a connection? Counted if not: SOURCE, or BAD_TOKENS. */
enum refusal limits_request(struct limits *l, const struct source *of, bool shared, cp_time now);
void limits_bad_token(struct limits *l, struct source *of, cp_time now);
/* The handshake is over, well or not. */
void limits_settled(struct limits *l, struct source *of);
/* The connection is gone, after limits_settled(). */
void limits_gone(struct limits *l, struct source *of);
void limits_refused(struct limits *l, enum refusal why);

#endif
