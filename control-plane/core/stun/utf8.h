/* SPDX-License-Identifier: Apache-2.0 */
/* Is it UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF)? Any thread. */
#ifndef CP_STUN_UTF8_H
#define CP_STUN_UTF8_H

#include <stdbool.h>
#include <stddef.h>

bool utf8_is_valid(const void *text, size_t bytes);

#endif
