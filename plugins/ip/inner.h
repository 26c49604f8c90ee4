/* SPDX-License-Identifier: Apache-2.0 */
/* Which decapsulated packets may be forwarded at all (tunnel.md §1.3). Pure; any thread. */
#ifndef IP_INNER_H
#define IP_INNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Version, lengths and header checksum hold; a UDP, TCP or ICMP header directly behind the IP header
 * fits (but for later fragments, which have none), and ICMP is of the packet's family.
 */
bool ip_inner_is_sound(const uint8_t *ip, size_t bytes);
/* Next header 255, behind any extension headers, between zero addresses: a control packet, never to be forwarded. */
bool ip_inner_is_control(const uint8_t *ip, size_t bytes);

#endif
