/* SPDX-License-Identifier: Apache-2.0 */
#include "json.h"

#include <string.h>

#include "format.h"

json_t *json_of_uint(uint64_t n)
{
	return json_integer((json_int_t)n);
}

json_t *json_of_seconds(uint64_t ns)
{
	return ns == UINT64_MAX ? json_null() : json_real((double)ns / 1e9);
}

json_t *json_of_key(const uint8_t key[NF_KEY_BYTES])
{
	char text[FMT_KEY_BYTES];
	return json_string(fmt_key(text, key));
}

json_t *json_of_text(const char *text)
{
	char copy[1024];
	json_t *value = json_string(text);
	if (value)
		return value;
	snprintf(copy, sizeof(copy), "%s", text);
	for (char *c = copy; *c; c++)
		if (*c & 0x80)
			*c = '?';
	return json_string(copy);
}

json_t *json_of_name(const char name[NF_NAME_BYTES])
{
	char text[NF_NAME_BYTES];
	return json_of_text(fmt_name(text, name));
}

json_t *json_of_bytes(const uint8_t *bytes, size_t n)
{
	char text[2 * NF_KEY_BYTES + 1] = "";
	for (size_t i = 0; i < n && i < NF_KEY_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return json_string(text);
}

json_t *json_via(const struct ctl *ctl)
{
	return json_string(ctl->link.is_view ? "nf-view" : "sluiced");
}

void json_print(struct ctl *ctl, json_t *value)
{
	json_dumpf(value, ctl->out, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
	fputc('\n', ctl->out);
	json_decref(value);
}
