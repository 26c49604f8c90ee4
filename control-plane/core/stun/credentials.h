/* SPDX-License-Identifier: Apache-2.0 */
/* What reading and writing share of MESSAGE-INTEGRITY. Any thread. */
#ifndef CP_STUN_CREDENTIALS_H
#define CP_STUN_CREDENTIALS_H

#include <stddef.h>
#include <stdint.h>

#include "base/crypto.h"

/* HMAC-SHA1 over the message up to the attribute at `at`, the header's length as if it ended behind that attribute. */
void stun_mac(const uint8_t *message, uint16_t at, const void *key, size_t key_bytes, uint8_t ret[CP_SHA1_BYTES]);

#endif
