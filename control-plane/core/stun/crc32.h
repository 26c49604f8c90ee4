/* SPDX-License-Identifier: Apache-2.0 */
/* The CRC of FINGERPRINT: ITU V.42, as in Ethernet (RFC 8489 §14.7). Any thread. */
#ifndef CP_STUN_CRC32_H
#define CP_STUN_CRC32_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32_of(const void *data, size_t bytes);

#endif
