/* SPDX-License-Identifier: Apache-2.0 */
/* What stands behind the extension headers of an IPv6 packet (RFC 8200 §4). Pure; any thread. */
#ifndef IP_EXT6_H
#define IP_EXT6_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ip6_upper {
	uint8_t proto;       /* the first next header that is no extension, or that nothing can be said behind */
	bool later_fragment; /* what follows is not the beginning of proto */
	size_t at;           /* where it begins, at most bytes */
};

/* The packet has at least the 40 bytes of its header. False: a header of the chain is cut off. */
bool ip6_upper_find(const uint8_t *packet, size_t bytes, struct ip6_upper *ret);

#endif
