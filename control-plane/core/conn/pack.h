/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of the stash: integers big-endian, texts with a byte of length. A writer that runs out of room, and a reader
 * that runs out of bytes or meets what cannot be, remember it in `bad`; reads yield zero from then on.
 */
#ifndef CP_CONN_PACK_H
#define CP_CONN_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/addr.h"

struct packer {
	uint8_t *p; /* borrowed */
	size_t room, n;
	bool bad;
};
struct unpacker {
	const uint8_t *p; /* borrowed */
	size_t bytes;
	bool bad;
};

static inline void pack_bytes(struct packer *k, const void *data, size_t bytes)
{
	if (k->bad || bytes > k->room - k->n) {
		k->bad = true;
		return;
	}
	memcpy(k->p + k->n, data, bytes);
	k->n += bytes;
}

static inline void pack_u64(struct packer *k, uint64_t v, unsigned int bytes)
{
	uint8_t b[8];
	for (unsigned int i = 0; i < bytes; i++)
		b[i] = (uint8_t)(v >> 8 * (bytes - 1 - i));
	pack_bytes(k, b, bytes);
}

static inline void pack_text(struct packer *k, const char *s)
{
	size_t bytes = strlen(s);
	pack_u64(k, bytes, 2);
	pack_bytes(k, s, bytes);
}

static inline void pack_addr(struct packer *k, const struct cp_addr *a)
{
	pack_u64(k, a->family, 1);
	pack_bytes(k, a->ip, sizeof(a->ip));
	pack_u64(k, a->port, 2);
}

static inline void unpack_bytes(struct unpacker *u, void *ret, size_t bytes)
{
	if (u->bad || bytes > u->bytes) {
		u->bad = true;
		memset(ret, 0, bytes);
		return;
	}
	memcpy(ret, u->p, bytes);
	u->p += bytes;
	u->bytes -= bytes;
}

static inline uint64_t unpack_u64(struct unpacker *u, unsigned int bytes)
{
	uint8_t b[8];
	uint64_t v = 0;
	unpack_bytes(u, b, bytes);
	for (unsigned int i = 0; i < bytes; i++)
		v = v << 8 | b[i];
	return v;
}

/* At most max bytes, without a NUL; ret has room for one more. */
static inline void unpack_text(struct unpacker *u, char *ret, size_t max)
{
	size_t bytes = (size_t)unpack_u64(u, 2);
	if (bytes > max) {
		u->bad = true;
		bytes = 0;
	}
	unpack_bytes(u, ret, bytes);
	ret[bytes] = 0;
	u->bad = u->bad || strlen(ret) != bytes;
}

static inline struct cp_addr unpack_addr(struct unpacker *u)
{
	struct cp_addr a = {.family = (uint8_t)unpack_u64(u, 1)};
	unpack_bytes(u, a.ip, sizeof(a.ip));
	a.port = (uint16_t)unpack_u64(u, 2);
	if (a.family == CP_V4)
		memset(a.ip + 4, 0, sizeof(a.ip) - 4);
	if (a.family == CP_NONE)
		a = (struct cp_addr){0};
	u->bad = u->bad || (a.family != CP_NONE && a.family != CP_V4 && a.family != CP_V6);
	return a;
}

#endif
