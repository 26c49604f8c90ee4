/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "portal/write.h"
#include "stun/utf8.h"

static json_t *text_out(struct portal_writer *w, const char *text)
{
	json_t *v = text && utf8_is_valid(text, strlen(text)) ? json_string(text) : NULL;
	return v ? v : portal_write_fail(w, text && utf8_is_valid(text, strlen(text)) ? -ENOMEM : -EINVAL);
}

static json_t *nullable_text_out(struct portal_writer *w, const struct portal_field *f, const void *at)
{
	const char *text;
	memcpy(&text, at, sizeof(text));
	if (!text && (f->need == PORTAL_RN || f->need == PORTAL_ON))
		return json_null();
	if (text && f->kind == PORTAL_K_DOMAIN && !portal_domain_is_valid(text, strlen(text)))
		return portal_write_fail(w, -EINVAL);
	return text_out(w, text);
}

static json_t *uuid_out(struct portal_writer *w, const struct portal_uuid *u)
{
	char text[PORTAL_UUID_TEXT];
	portal_uuid_format(u, text);
	return text_out(w, text);
}

static json_t *key_out(struct portal_writer *w, const struct portal_key *k)
{
	char text[PORTAL_KEY_TEXT];
	portal_key_format(k, text);
	json_t *v = text_out(w, text);
	cp_wipe(text, sizeof(text));
	return v;
}

static json_t *address_out(struct portal_writer *w, enum portal_kind kind, const struct cp_addr *a)
{
	char text[CP_ADDR_TEXT];
	if (a->family == CP_NONE || (kind == PORTAL_K_IPV4 && a->family != CP_V4) || (kind == PORTAL_K_IPV6 && a->family != CP_V6))
		return portal_write_fail(w, -EINVAL);
	if (kind == PORTAL_K_SOCKET)
		cp_addr_format(a, text);
	else
		cp_ip_format(a, text);
	return text_out(w, text);
}

static json_t *network_out(struct portal_writer *w, const struct portal_network *n)
{
	char ip[CP_ADDR_TEXT], text[CP_ADDR_TEXT + 8];
	struct portal_network again;
	if (n->addr.family == CP_NONE)
		return portal_write_fail(w, -EINVAL);
	cp_ip_format(&n->addr, ip);
	int bytes = snprintf(text, sizeof(text), "%s/%u", ip, (unsigned int)n->prefix_bits);
	return portal_network_parse(text, (size_t)bytes, &again) ? text_out(w, text) : portal_write_fail(w, -EINVAL);
}

static json_t *name_out(struct portal_writer *w, const struct portal_names *names, const void *at)
{
	int value;
	memcpy(&value, at, sizeof(value));
	for (size_t i = 0; i < names->n; i++)
		if (names->list[i].value == value)
			return text_out(w, names->list[i].name);
	return portal_write_fail(w, -EINVAL);
}

static json_t *number_out(struct portal_writer *w, const struct portal_field *f, const void *at)
{
	int64_t n = 0;
	uint16_t u16;
	if (f->kind == PORTAL_K_U16) {
		memcpy(&u16, at, sizeof(u16));
		n = u16;
	} else {
		memcpy(&n, at, sizeof(n));
	}
	if (f->kind == PORTAL_K_TIME && n == PORTAL_NEVER)
		return f->need == PORTAL_RN ? json_null() : portal_write_fail(w, -EINVAL);
	if (f->kind == PORTAL_K_UINT && n < 0)
		return portal_write_fail(w, -EINVAL);
	json_t *v = json_integer(n);
	return v ? v : portal_write_fail(w, -ENOMEM);
}

static json_t *empty_out(struct portal_writer *w)
{
	json_t *v = json_object();
	return v ? v : portal_write_fail(w, -ENOMEM);
}

json_t *portal_write_scalar(struct portal_writer *w, const struct portal_field *f, const void *at)
{
	switch (f->kind) {
	case PORTAL_K_UUID:
		return uuid_out(w, at);
	case PORTAL_K_KEY:
		return key_out(w, at);
	case PORTAL_K_IP:
	case PORTAL_K_IPV4:
	case PORTAL_K_IPV6:
	case PORTAL_K_SOCKET:
		return address_out(w, (enum portal_kind)f->kind, at);
	case PORTAL_K_NETWORK:
		return network_out(w, at);
	case PORTAL_K_BOOL:
		return json_boolean(*(const bool *)at);
	case PORTAL_K_TIME:
	case PORTAL_K_UINT:
	case PORTAL_K_U16:
		return number_out(w, f, at);
	case PORTAL_K_NAME:
		return name_out(w, f->of, at);
	case PORTAL_K_EMPTY:
	case PORTAL_K_ANY:
		return empty_out(w);
	case PORTAL_K_NULL:
		return json_null();
	default:
		return nullable_text_out(w, f, at);
	}
}
