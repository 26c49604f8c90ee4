/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 (RFC 4648 §4, §5), without padding here: whoever wants it looks for it itself. */
#ifndef CP_PORTAL_BASE64_H
#define CP_PORTAL_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum portal_alphabet { PORTAL_BASE64, PORTAL_BASE64URL };

/* 4 characters for 3 bytes; 1 character over, or bits over that are not zero, are no base64. ret holds
 * chars / 4 * 3 + 2 bytes at least. false: it is none, ret is undefined. */
bool portal_base64_decode(enum portal_alphabet a, const char *text, size_t chars, uint8_t *ret, size_t *ret_bytes);
/* Returns the number of characters; no NUL. */
size_t portal_base64_encode(const uint8_t *data, size_t bytes, char *ret);

#endif
