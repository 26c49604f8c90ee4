/* SPDX-License-Identifier: Apache-2.0 */
#include "reading.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "stun/utf8.h"

void *reading_take(struct reading *r, size_t n, size_t size)
{
	void *p = r->c.failed ? NULL : arena_take(&r->arena, n * size);
	if (!p)
		cursor_fail(&r->c, NULL, "out of memory");
	return p;
}

bool reading_object(struct reading *r, const json_t *o, enum keys_of what)
{
	if (!json_is_object(o))
		return cursor_fail(&r->c, NULL, "must be an object");
	return cursor_known(&r->c, o, portal_keys[what].known);
}

bool reading_enter(struct reading *r, const json_t *root, enum keys_of what, const json_t **ret, size_t *ret_mark)
{
	*ret = cursor_member(&r->c, root, portal_keys[what].path, JSON_OBJECT);
	if (r->c.failed)
		return false;
	*ret_mark = cursor_enter(&r->c, portal_keys[what].path);
	return !*ret || reading_object(r, *ret, what);
}

const char *reading_expand(struct reading *r, const char *key, const json_t *value, size_t max_bytes)
{
	char text[TEXT_MAX_BYTES + 1];
	const char *copy = NULL;
	if (cursor_expand(&r->c, key, value, text, (max_bytes < TEXT_MAX_BYTES ? max_bytes : TEXT_MAX_BYTES) + 1)) {
		if (!text[0])
			cursor_fail(&r->c, key, "is empty");
		else if (!utf8_is_valid(text, strlen(text))) /* the environment may hold anything */
			cursor_fail(&r->c, key, "is no UTF-8");
		else if (!(copy = arena_text(&r->arena, text)))
			cursor_fail(&r->c, key, "out of memory");
	}
	cp_wipe(text, sizeof(text)); /* it may be a secret */
	return copy;
}

const char *reading_text(struct reading *r, const json_t *o, const char *key, size_t max_bytes)
{
	const json_t *value = cursor_member(&r->c, o, key, JSON_STRING);
	return value ? reading_expand(r, key, value, max_bytes) : NULL;
}

bool name_is_fit(struct reading *r, const char *key, const char *name)
{
	for (const char *p = name; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return cursor_fail(&r->c, key, "holds a control character");
	if (name[0] == ' ' || name[strlen(name) - 1] == ' ')
		return cursor_fail(&r->c, key, "begins or ends with a space");
	return true;
}

const char *reading_name(struct reading *r, const json_t *o)
{
	const char *name = reading_text(r, o, "name", NAME_MAX_BYTES);
	if (!name)
		cursor_fail(&r->c, "name", "is missing");
	else if (!name_is_fit(r, "name", name))
		return NULL;
	return name;
}

struct portal_uuid portal_config_id(const char *kind, const char *name)
{
	uint8_t digest[CP_SHA256_BYTES];
	char text[32 + TEXT_MAX_BYTES];
	struct portal_uuid u;
	int n = snprintf(text, sizeof(text), "%s%c%s", kind, 0, name);
	cp_sha256(text, n < (int)sizeof(text) ? (size_t)n : sizeof(text) - 1, digest);
	memcpy(u.bytes, digest, sizeof(u.bytes));
	u.bytes[6] = (uint8_t)((u.bytes[6] & 0x0f) | 0x80); /* RFC 9562 §5.8 */
	u.bytes[8] = (uint8_t)((u.bytes[8] & 0x3f) | 0x80);
	return u;
}

bool reading_id(struct reading *r, const json_t *o, const char *kind, const char *name, struct portal_uuid *ret)
{
	static const struct portal_uuid nil;
	const char *text = reading_text(r, o, "id", 64);
	if (r->c.failed)
		return false;
	*ret = portal_config_id(kind, name);
	if (!text)
		return true;
	if (!portal_uuid_parse(text, strlen(text), ret) || memcmp(ret, &nil, sizeof(nil)) == 0)
		return cursor_fail(&r->c, "id", "\"%s\" is no UUID", text);
	return true;
}

bool reading_path(struct reading *r, const json_t *o, const char *key, const char **ret)
{
	const char *path = reading_text(r, o, key, TEXT_MAX_BYTES);
	if (!path)
		return !r->c.failed;
	if (path[0] != '/')
		return cursor_fail(&r->c, key, "\"%s\" is not an absolute path", path);
	*ret = path;
	return true;
}

bool reading_warn(struct reading *r, const char *key, const char *fmt, ...)
{
	char text[PORTAL_CONFIG_ERROR_BYTES];
	va_list ap;
	const char *dot = key && r->c.at ? "." : "", *colon = key || r->c.at ? ": " : "";
	int n = snprintf(text, sizeof(text), "%s: %s%s%s%s", r->c.file, r->c.path, dot, key ? key : "", colon);
	if (n < 0 || n >= (int)sizeof(text) || r->cfg->n_warnings == WARNINGS_MAX)
		return true;
	va_start(ap, fmt);
	vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, ap);
	va_end(ap);
	const char *copy = arena_text(&r->arena, text);
	if (!copy)
		return cursor_fail(&r->c, NULL, "out of memory");
	r->warnings[r->cfg->n_warnings++] = copy;
	return true;
}

void *reading_list(struct reading *r, const json_t *o, const struct list_of *what, size_t *ret_n)
{
	const json_t *list = cursor_member(&r->c, o, what->key, JSON_ARRAY);
	size_t mark = cursor_enter(&r->c, what->key), n = json_array_size(list);
	if (!r->c.failed && n > what->max)
		cursor_fail(&r->c, NULL, "more than %zu", what->max);
	unsigned char *array = r->c.failed ? NULL : reading_take(r, n, what->size);
	for (size_t i = 0; array && i < n; i++) {
		size_t inner = cursor_enter_index(&r->c, i);
		if (!what->read(r, json_array_get(list, i), array + i * what->size) || r->c.failed)
			return NULL;
		cursor_leave(&r->c, inner);
	}
	cursor_leave(&r->c, mark);
	if (array)
		*ret_n = n;
	return array;
}
