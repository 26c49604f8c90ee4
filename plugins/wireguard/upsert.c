/* SPDX-License-Identifier: Apache-2.0 */
#include "upsert.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 3, 4))) static int refuse(int status, char *why, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(why, NF_TEXT_BYTES, fmt, ap);
	va_end(ap);
	return status;
}

static bool prefix_is_valid(const struct nf_addr *a)
{
	return (a->family == 4 && a->prefix_len <= 32) || (a->family == 6 && a->prefix_len <= 128);
}

static bool endpoint_is_valid(const struct nf_addr *e)
{
	return e->family == 0 || ((e->family == 4 || e->family == 6) && e->port != 0);
}

static bool profile_is_valid(const struct nf_peer_upsert *u)
{
	return u->timers <= NF_TIMERS_STOCK && u->endpoint_mode <= NF_ENDPOINT_PINNED && u->padding <= NF_PADDING_NONE &&
	       u->inner_mtu >= 576;
}

int wg_upsert_check(const struct nf_peer_upsert *u, const struct nf_addr *allowed, size_t tail_bytes,
		    const uint8_t *own_key, char ret_why[NF_TEXT_BYTES])
{
	if (memchr(u->name, 0, sizeof(u->name)) == NULL)
		return refuse(-EINVAL, ret_why, "peer: its name does not end");
	if (u->allowed_count > WG_ALLOWED_MAX || tail_bytes != u->allowed_count * sizeof(struct nf_addr))
		return refuse(-EBADMSG, ret_why, "peer \"%s\": %zu bytes of tail are not %u prefixes", u->name, tail_bytes,
			      u->allowed_count);
	for (uint16_t i = 0; i < u->allowed_count; i++)
		if (!prefix_is_valid(&allowed[i]))
			return refuse(-EINVAL, ret_why, "peer \"%s\": prefix %u is malformed", u->name, i);
	if (!endpoint_is_valid(&u->endpoint))
		return refuse(-EINVAL, ret_why, "peer \"%s\": its endpoint is malformed", u->name);
	if (!profile_is_valid(u))
		return refuse(-EINVAL, ret_why, "peer \"%s\": a field of its profile is out of range", u->name);
	if (!own_key)
		return refuse(-EPROTO, ret_why, "there is no identity yet: HELLO comes first");
	if (memcmp(u->public_key, own_key, NF_KEY_BYTES) == 0)
		return refuse(-EINVAL, ret_why, "peer \"%s\" has this node's own key", u->name);
	return 0;
}
