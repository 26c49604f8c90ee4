/* SPDX-License-Identifier: Apache-2.0 */
/* Values of messages as JSON, the same way everywhere; each returns a new reference. */
#ifndef CTL_JSON_H
#define CTL_JSON_H

#include <jansson.h>

#include "ctl.h"

json_t *json_of_uint(uint64_t n);
json_t *json_of_seconds(uint64_t ns); /* null for UINT64_MAX, never */
json_t *json_of_key(const uint8_t key[NF_KEY_BYTES]);
json_t *json_of_name(const char name[NF_NAME_BYTES]);
/* Text that is no UTF-8 loses the bytes that make it so. */
json_t *json_of_text(const char *text);
json_t *json_of_bytes(const uint8_t *bytes, size_t n); /* hexadecimal */
json_t *json_via(const struct ctl *ctl);

/* Prints and releases. */
void json_print(struct ctl *ctl, json_t *value);

#endif
