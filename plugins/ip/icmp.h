/* SPDX-License-Identifier: Apache-2.0 */
/* ICMP errors (RFC 792, 1812, 4443): which packets deserve one, and its bytes. Pure. */
#ifndef IP_ICMP_H
#define IP_ICMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ICMP4_QUOTE_MAX 548 /* total of 576 with both headers */
#define ICMP6_TOTAL_MAX 1280
#define ICMP_ERROR_MAX  ICMP6_TOTAL_MAX

enum icmp_error { ICMP_HOST_UNREACHABLE = 1, ICMP_TIME_EXCEEDED = 2, ICMP_TOO_BIG = 3, ICMP_PROHIBITED = 4 };

/* Not about ICMP errors or redirects, multicast sources or destinations, later IPv4 fragments, or packets of nobody. */
bool icmp_may_answer(const uint8_t *packet, size_t bytes);
/* The whole IP packet: from `source` (of the packet's family) to the offender's source. Its length. */
size_t icmp_error_build(uint8_t ret[ICMP_ERROR_MAX], const uint8_t *packet, size_t bytes, const uint8_t *source,
			enum icmp_error what, uint16_t mtu);

#endif
