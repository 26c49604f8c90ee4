/* SPDX-License-Identifier: Apache-2.0 */
/* Texts, numbers and what is written as text. */
#include <errno.h>
#include <string.h>

#include "portal/read.h"

static bool uuid_in(const char *text, size_t bytes, void *at)
{
	return portal_uuid_parse(text, bytes, at);
}

static bool key_in(const char *text, size_t bytes, void *at)
{
	return portal_key_parse(text, bytes, at);
}

static bool ip_in(const char *text, size_t bytes, void *at)
{
	return cp_ip_parse(text, bytes, at);
}

static bool ip_of(const char *text, size_t bytes, uint8_t family, void *at)
{
	struct cp_addr a;
	if (!cp_ip_parse(text, bytes, &a) || a.family != family)
		return false;
	memcpy(at, &a, sizeof(a));
	return true;
}

static bool ipv4_in(const char *text, size_t bytes, void *at)
{
	return ip_of(text, bytes, CP_V4, at);
}

static bool ipv6_in(const char *text, size_t bytes, void *at)
{
	return ip_of(text, bytes, CP_V6, at);
}

static bool socket_in(const char *text, size_t bytes, void *at)
{
	return portal_socket_parse(text, bytes, at);
}

static bool network_in(const char *text, size_t bytes, void *at)
{
	return portal_network_parse(text, bytes, at);
}

/* NULL: it is not written as text. */
static const struct {
	bool (*in)(const char *text, size_t bytes, void *at);
	const char *what;
} texts[] = {
	[PORTAL_K_UUID] = {uuid_in, "is no UUID"},
	[PORTAL_K_KEY] = {key_in, "is no padded base64 of 32 bytes"},
	[PORTAL_K_IP] = {ip_in, "is no IP address"},
	[PORTAL_K_IPV4] = {ipv4_in, "is no IPv4 address"},
	[PORTAL_K_IPV6] = {ipv6_in, "is no IPv6 address"},
	[PORTAL_K_SOCKET] = {socket_in, "is no IP address with port"},
	[PORTAL_K_NETWORK] = {network_in, "is no network without host bits"},
	[PORTAL_K_ANY] = {NULL, NULL},
};

static int read_text(struct portal_reader *r, const json_t *v, void *at)
{
	size_t bytes = json_string_length(v);
	char *copy = portal_memory_get(r->m->memory, bytes + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, json_string_value(v), bytes);
	memcpy(at, &copy, sizeof(copy));
	return 0;
}

static int read_name(struct portal_reader *r, const struct portal_where *w, const struct portal_names *names, const json_t *v,
		       void *at)
{
	int value = 0;
	bool found = false;
	for (size_t i = 0; !found && i < names->n; i++) {
		found = strcmp(json_string_value(v), names->list[i].name) == 0;
		value = found ? names->list[i].value : 0;
	}
	if (!found && !names->other_is_fine)
		return portal_read_fail(r, w, "is unknown");
	memcpy(at, &value, sizeof(value));
	return 0;
}

static int read_string(struct portal_reader *r, const struct portal_where *w, const struct portal_field *f, const json_t *v,
		       void *at)
{
	if (!json_is_string(v))
		return portal_read_fail(r, w, "is no string");
	if (f->kind == PORTAL_K_NAME)
		return read_name(r, w, f->of, v, at);
	if (f->kind == PORTAL_K_DOMAIN && !portal_domain_is_valid(json_string_value(v), json_string_length(v)))
		return portal_read_fail(r, w, "is no domain name");
	if (f->kind == PORTAL_K_TEXT || f->kind == PORTAL_K_DOMAIN)
		return read_text(r, v, at);
	return texts[f->kind].in(json_string_value(v), json_string_length(v), at) ? 0 : portal_read_fail(r, w, texts[f->kind].what);
}

static int read_number(struct portal_reader *r, const struct portal_where *w, const struct portal_field *f, const json_t *v,
		       void *at)
{
	int64_t n = json_integer_value(v);
	if (!json_is_integer(v))
		return portal_read_fail(r, w, "is no integer");
	if (f->kind != PORTAL_K_TIME && n < 0)
		return portal_read_fail(r, w, "is negative");
	if (f->kind == PORTAL_K_U16 && n > UINT16_MAX)
		return portal_read_fail(r, w, "is above 65535");
	if (f->kind == PORTAL_K_TIME && n == PORTAL_NEVER)
		return portal_read_fail(r, w, "is beyond all time");
	if (f->kind == PORTAL_K_U16)
		memcpy(at, &(uint16_t){(uint16_t)n}, sizeof(uint16_t));
	else
		memcpy(at, &n, sizeof(n));
	return 0;
}

static int read_bool(struct portal_reader *r, const struct portal_where *w, const json_t *v, void *at)
{
	if (!json_is_boolean(v))
		return portal_read_fail(r, w, "is no boolean");
	memcpy(at, &(bool){json_is_true(v)}, sizeof(bool));
	return 0;
}

int portal_read_scalar(struct portal_reader *r, const struct portal_where *w, const struct portal_field *f, const json_t *v,
		       void *at)
{
	switch (f->kind) {
	case PORTAL_K_BOOL:
		return read_bool(r, w, v, at);
	case PORTAL_K_TIME:
	case PORTAL_K_UINT:
	case PORTAL_K_U16:
		return read_number(r, w, f, v, at);
	case PORTAL_K_EMPTY:
		return json_is_object(v) && json_object_size(v) == 0 ? 0 : portal_read_fail(r, w, "is not exactly {}");
	case PORTAL_K_NULL:
	case PORTAL_K_ANY:
		return 0;
	default:
		return read_string(r, w, f, v, at);
	}
}
