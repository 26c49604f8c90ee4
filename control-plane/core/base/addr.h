/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A transport address of the core. Unused bytes are zero, so that two addresses are equal exactly when
 * their bytes are: compare with cp_addr_equal(), hash sizeof(struct cp_addr) bytes.
 */
#ifndef CP_ADDR_H
#define CP_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { CP_NONE = 0, CP_V4 = 4, CP_V6 = 6 };

struct cp_addr {
	uint8_t ip[16]; /* network byte order; IPv4 in the first four bytes, the rest zero */
	uint16_t port;  /* host byte order */
	uint8_t family; /* CP_NONE: no address; CP_V4; CP_V6 */
	uint8_t zero;
};
_Static_assert(sizeof(struct cp_addr) == 20, "no padding, addresses are compared and hashed by bytes");

#define CP_ADDR_TEXT 64 /* "[ip]:port" of any address, NUL included */

static inline bool cp_addr_equal(const struct cp_addr *a, const struct cp_addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static inline size_t cp_ip_bytes(const struct cp_addr *a)
{
	return a->family == CP_V4 ? 4 : 16;
}

static inline bool cp_ip_equal(const struct cp_addr *a, const struct cp_addr *b)
{
	return a->family == b->family && memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

struct cp_addr cp_addr_v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port);
/* A bare IPv4 or IPv6 address as text, no brackets, no zone; false: it is none, *ret is untouched. */
bool cp_ip_parse(const char *text, size_t bytes, struct cp_addr *ret);
/* "192.0.2.1" or "2001:db8::1" (RFC 5952), NUL-terminated; returns its length. */
size_t cp_ip_format(const struct cp_addr *a, char ret[CP_ADDR_TEXT]);
/* "192.0.2.1:7" or "[2001:db8::1]:7". */
size_t cp_addr_format(const struct cp_addr *a, char ret[CP_ADDR_TEXT]);

#endif
