/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layout of the four messages (WireGuard paper §5.4). Indices and counters are little-endian; all
 * structs are arrays of bytes, so they may lie anywhere.
 */
#ifndef WG_MESSAGE_H
#define WG_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#define WG_INITIATION_BYTES 148
#define WG_RESPONSE_BYTES   92
#define WG_COOKIE_BYTES     64
#define WG_DATA_HEADER      16
#define WG_DATA_OVERHEAD    32 /* header and tag: also the size of a keepalive */

enum wg_type { WG_NONE = 0, WG_INITIATION = 1, WG_RESPONSE = 2, WG_COOKIE_REPLY = 3, WG_DATA = 4 };

struct wg_initiation {
	uint8_t type[4];
	uint8_t sender[4];
	uint8_t ephemeral[32];
	uint8_t encrypted_static[48];
	uint8_t encrypted_timestamp[28];
	uint8_t mac1[16];
	uint8_t mac2[16];
};
_Static_assert(sizeof(struct wg_initiation) == WG_INITIATION_BYTES, "paper §5.4.2");

struct wg_response {
	uint8_t type[4];
	uint8_t sender[4];
	uint8_t receiver[4];
	uint8_t ephemeral[32];
	uint8_t encrypted_nothing[16];
	uint8_t mac1[16];
	uint8_t mac2[16];
};
_Static_assert(sizeof(struct wg_response) == WG_RESPONSE_BYTES, "paper §5.4.3");

struct wg_cookie_reply {
	uint8_t type[4];
	uint8_t receiver[4];
	uint8_t nonce[24];
	uint8_t encrypted_cookie[32];
};
_Static_assert(sizeof(struct wg_cookie_reply) == WG_COOKIE_BYTES, "paper §5.4.7");

struct wg_data {
	uint8_t type[4];
	uint8_t receiver[4];
	uint8_t counter[8];
};
_Static_assert(sizeof(struct wg_data) == WG_DATA_HEADER, "paper §5.4.6");

static inline uint32_t wg_get32(const uint8_t p[4])
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline void wg_put32(uint8_t p[4], uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static inline uint64_t wg_get64(const uint8_t p[8])
{
	return (uint64_t)wg_get32(p) | (uint64_t)wg_get32(p + 4) << 32;
}

static inline void wg_put64(uint8_t p[8], uint64_t v)
{
	wg_put32(p, (uint32_t)v);
	wg_put32(p + 4, (uint32_t)(v >> 32));
}

/* What a datagram is, by type and exact size; reserved bytes must be zero. */
static inline enum wg_type wg_message_type(const void *data, size_t bytes)
{
	uint32_t type = bytes >= 4 ? wg_get32(data) : 0;
	if (type == WG_INITIATION && bytes == WG_INITIATION_BYTES)
		return WG_INITIATION;
	if (type == WG_RESPONSE && bytes == WG_RESPONSE_BYTES)
		return WG_RESPONSE;
	if (type == WG_COOKIE_REPLY && bytes == WG_COOKIE_BYTES)
		return WG_COOKIE_REPLY;
	return type == WG_DATA && bytes >= WG_DATA_OVERHEAD ? WG_DATA : WG_NONE;
}

#endif
