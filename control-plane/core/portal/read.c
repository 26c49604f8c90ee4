/* SPDX-License-Identifier: Apache-2.0 */
/* Objects and lists, as their tables say. */
#include "portal/read.h"

#include <errno.h>
#include <stdalign.h>
#include <string.h>

static char *beside(void *base, size_t offset)
{
	return (char *)base + offset;
}

bool portal_field_applies(const struct portal_field *f, uint8_t dialect)
{
	return f->dialects == 0 || f->dialects & dialect;
}

/* The member by either name; NULL: there is none. */
static int find_member(struct portal_reader *r, const struct portal_where *w, const struct portal_field *f, json_t *object,
		       json_t **ret)
{
	json_t *other = f->also ? json_object_get(object, f->also) : NULL;
	*ret = json_object_get(object, f->name);
	if (*ret && other)
		return portal_read_fail(r, w, "is given in both spellings");
	if (other)
		*ret = other;
	return 0;
}

static void store_missing(const struct portal_field *f, void *base)
{
	if (f->kind == PORTAL_K_U16 && !f->unstored)
		memcpy(beside(base, f->at), &f->missing, sizeof(f->missing));
	if (f->kind == PORTAL_K_TIME && !f->unstored)
		memcpy(beside(base, f->at), &(int64_t){PORTAL_NEVER}, sizeof(int64_t));
}

static int read_present(struct portal_reader *r, const struct portal_where *w, const struct portal_field *f, json_t *v,
			void *base)
{
	union {
		max_align_t align;
		char bytes[64]; /* of any kind that is a claim of a token */
	} scratch;
	int err = portal_read_value(r, w, f, v, f->unstored ? scratch.bytes : beside(base, f->at));
	if (err == 0 && f->has_at)
		*(bool *)(void *)beside(base, f->has_at - 1u) = true;
	return err;
}

static int read_field(struct portal_reader *r, const struct portal_where *up, const struct portal_field *f, json_t *object,
		      void *base)
{
	const struct portal_where w = {.up = up, .name = f->name};
	json_t *v;
	int err = find_member(r, &w, f, object, &v);
	if (err)
		return err;
	bool required = f->need == PORTAL_R || f->need == PORTAL_RN;
	bool nullable = f->need == PORTAL_RN || f->need == PORTAL_ON || f->need == PORTAL_L;
	store_missing(f, base);
	if (!v)
		return required ? portal_read_fail(r, &w, "is missing") : 0;
	if (json_is_null(v))
		return nullable ? 0 : portal_read_fail(r, &w, "is null");
	err = read_present(r, &w, f, v, base);
	return err == PORTAL_E_PAYLOAD && f->need == PORTAL_L ? 0 : err;
}

static int read_fields(struct portal_reader *r, const struct portal_where *w, const struct portal_fields *fields, json_t *v,
		       void *at)
{
	int err = 0;
	for (size_t i = 0; err == 0 && i < fields->n; i++)
		if (portal_field_applies(&fields->list[i], r->dialect))
			err = read_field(r, w, &fields->list[i], v, at);
	return err;
}

static bool is_among(const struct portal_fields *fields, uint8_t dialect, const char *name)
{
	for (size_t i = 0; i < fields->n; i++) {
		const struct portal_field *f = &fields->list[i];
		if (portal_field_applies(f, dialect) && (strcmp(f->name, name) == 0 || (f->also && strcmp(f->also, name) == 0)))
			return true;
	}
	return false;
}

static void count_ignored(struct portal_reader *r, const struct portal_where *up, const struct portal_object *o,
			  const struct portal_variant *variant, json_t *v)
{
	const char *name;
	json_t *member;
	json_object_foreach(v, name, member)
	{
		const struct portal_where w = {.up = up, .name = name};
		if ((o->tag && strcmp(o->tag, name) == 0) || is_among(&o->fields, r->dialect, name) ||
		    (variant && is_among(&variant->fields, r->dialect, name)))
			continue;
		if (r->m->n_ignored++ > 0)
			continue;
		r->m->ignored = *r->error;
		portal_error_at(&r->m->ignored, &w, "is not known");
	}
}

/* NULL with 0: the tag is of none, and may be. */
static int find_variant(struct portal_reader *r, const struct portal_where *up, const struct portal_object *o, json_t *v,
			const struct portal_variant **ret)
{
	const struct portal_where w = {.up = up, .name = o->tag};
	const json_t *tag = json_object_get(v, o->tag);
	*ret = NULL;
	if (!tag)
		return portal_read_fail(r, &w, "is missing");
	if (!json_is_string(tag))
		return portal_read_fail(r, &w, "is no string");
	for (size_t i = 0; !*ret && i < o->n_variants; i++)
		if (strcmp(json_string_value(tag), o->variants[i].name) == 0)
			*ret = &o->variants[i];
	return *ret || o->other_is_fine ? 0 : portal_read_fail(r, &w, "is unknown");
}

int portal_read_object(struct portal_reader *r, const struct portal_where *w, const struct portal_object *o, json_t *v, void *at)
{
	const struct portal_variant *variant = NULL;
	if (!json_is_object(v))
		return portal_read_fail(r, w, "is no object");
	int err = o->tag ? find_variant(r, w, o, v, &variant) : 0;
	if (err || (o->tag && !variant))
		return err;
	if (variant)
		memcpy(beside(at, o->tag_at), &variant->value, sizeof(variant->value));
	err = read_fields(r, w, &o->fields, v, at);
	if (err == 0 && variant)
		err = read_fields(r, w, &variant->fields, v, at);
	if (err == 0)
		count_ignored(r, w, o, variant, v);
	return err;
}

static int read_element(struct portal_reader *r, const struct portal_where *w, const struct portal_list *l, json_t *v, void *at)
{
	const struct portal_field f = {.kind = l->kind, .of = l->of};
	return portal_read_value(r, w, &f, v, at);
}

/* An object without a tag is too malformed to be left out (§4.1). */
static bool may_be_skipped(const struct portal_list *l, const json_t *v)
{
	const struct portal_object *o = l->kind == PORTAL_K_OBJECT ? l->of : NULL;
	return l->skips && (!o || !o->tag || json_is_string(json_object_get(v, o->tag)));
}

static bool is_of_other_type(const struct portal_list *l, const void *element)
{
	const struct portal_object *o = l->kind == PORTAL_K_OBJECT ? l->of : NULL;
	int tag = 0;
	if (l->skips && o && o->tag)
		memcpy(&tag, (const char *)element + o->tag_at, sizeof(tag));
	return l->skips && o && o->tag && tag == 0;
}

static int read_list(struct portal_reader *r, const struct portal_where *up, const struct portal_list *l, json_t *v, void *at)
{
	if (!json_is_array(v))
		return portal_read_fail(r, up, "is no array");
	size_t given = json_array_size(v), n = 0;
	char *list = given > SIZE_MAX / l->bytes ? NULL : portal_memory_get(r->m->memory, given * l->bytes);
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < given; i++) {
		const struct portal_where w = {.up = up, .index = i};
		json_t *element = json_array_get(v, i);
		int err = read_element(r, &w, l, element, list + n * l->bytes);
		if (err == PORTAL_E_PAYLOAD && may_be_skipped(l, element)) {
			if (r->m->n_skipped++ == 0)
				r->m->skipped = *r->error;
			memset(list + n * l->bytes, 0, l->bytes);
		} else if (err) {
			return err;
		} else if (!is_of_other_type(l, list + n * l->bytes)) {
			n++;
		}
	}
	memcpy(at, &list, sizeof(list));
	memcpy((char *)at + sizeof(list), &n, sizeof(n));
	return 0;
}

int portal_read_value(struct portal_reader *r, const struct portal_where *w, const struct portal_field *f, json_t *v, void *at)
{
	if (f->kind == PORTAL_K_OBJECT)
		return portal_read_object(r, w, f->of, v, at);
	if (f->kind == PORTAL_K_LIST)
		return read_list(r, w, f->of, v, at);
	if (f->kind == PORTAL_K_TOKEN)
		return portal_read_token(r, w, v, at);
	return portal_read_scalar(r, w, f, v, at);
}
