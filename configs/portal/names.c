/* SPDX-License-Identifier: Apache-2.0 */
/* Who has which name. Sorted, so that 65 536 of them are found and compared in n log n. */
#include <stdlib.h>
#include <string.h>

#include "reading.h"

static int by_name(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int order = strcmp(x->name, y->name);
	return order ? order : (x->index > y->index) - (x->index < y->index);
}

static int by_index(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

bool names_add(struct reading *r, struct names *n, const char *name, uint32_t index)
{
	if (n->n == n->room) {
		size_t room = n->room ? n->room * 2 : 64;
		struct named *list = realloc(n->list, room * sizeof(*list));
		if (!list)
			return cursor_fail(&r->c, NULL, "out of memory");
		n->list = list;
		n->room = room;
	}
	n->list[n->n++] = (struct named){name, index};
	return true;
}

void names_fini(struct names *n)
{
	free(n->list);
	*n = (struct names){0};
}

void names_sort(struct names *n)
{
	if (n->n)
		qsort(n->list, n->n, sizeof(*n->list), by_name);
}

const struct named *names_find(const struct names *n, const char *name, size_t *ret_n)
{
	size_t low = 0, high = n->n, end;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(n->list[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < n->n && strcmp(n->list[end].name, name) == 0;)
		end++;
	*ret_n = end - low;
	return end > low ? &n->list[low] : NULL;
}

static bool taken(struct reading *r, const char *list, const char *key, size_t index, size_t by)
{
	size_t mark = cursor_enter(&r->c, list);
	cursor_enter_index(&r->c, index);
	cursor_fail(&r->c, key, "is also that of %s[%zu]", list, by);
	cursor_leave(&r->c, mark);
	return false;
}

bool names_unique(struct reading *r, struct names *n, const char *key)
{
	names_sort(n);
	for (size_t i = 1; i < n->n; i++)
		if (strcmp(n->list[i].name, n->list[i - 1].name) == 0)
			return taken(r, key, "name", n->list[i].index, n->list[i - 1].index);
	return true;
}

struct claim {
	const struct portal_uuid *id;
	size_t index;
};

static int by_id(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int order = memcmp(x->id, y->id, sizeof(*x->id));
	return order ? order : (x->index > y->index) - (x->index < y->index);
}

bool ids_unique(struct reading *r, const char *key, const struct portal_uuid *first, size_t n, size_t stride)
{
	struct claim *claims = calloc(n + 1, sizeof(*claims));
	bool good = true;
	if (!claims)
		return cursor_fail(&r->c, NULL, "out of memory");
	for (size_t i = 0; i < n; i++)
		claims[i] = (struct claim){(const void *)((const char *)first + i * stride), i};
	qsort(claims, n, sizeof(*claims), by_id);
	for (size_t i = 1; good && i < n; i++)
		if (memcmp(claims[i].id, claims[i - 1].id, sizeof(*claims[i].id)) == 0)
			good = taken(r, key, "id", claims[i].index, claims[i - 1].index);
	free(claims);
	return good;
}

/* The index of the one that the element names; false: failed. */
static bool read_reference(struct reading *r, const json_t *element, const char *what, const struct names *names, uint32_t *ret)
{
	char name[NAME_MAX_BYTES + 1];
	size_t n;
	if (!cursor_expand(&r->c, NULL, element, name, sizeof(name)))
		return false;
	const struct named *found = names_find(names, name, &n);
	if (!found)
		return cursor_fail(&r->c, NULL, "there is no %s \"%s\"", what, name);
	*ret = found->index;
	return true;
}

/* A second mention is found after sorting; which one it was is worth a second look only then. */
static bool none_twice(struct reading *r, const json_t *list, const char *what, const struct names *names, const uint32_t *sorted,
		       size_t n)
{
	size_t at = 1, seen = 0;
	uint32_t index;
	while (at < n && sorted[at] != sorted[at - 1])
		at++;
	for (size_t i = 0; at < n && i < n; i++) {
		size_t mark = cursor_enter_index(&r->c, i);
		if (!read_reference(r, json_array_get(list, i), what, names, &index))
			return false;
		if (index == sorted[at] && ++seen == 2)
			return cursor_fail(&r->c, NULL, "is there already");
		cursor_leave(&r->c, mark);
	}
	return true;
}

const uint32_t *names_list(struct reading *r, const json_t *o, const char *key, const char *what, const struct names *names,
			   size_t max, size_t *ret_n)
{
	const json_t *list = cursor_member(&r->c, o, key, JSON_ARRAY);
	size_t mark = cursor_enter(&r->c, key), n = json_array_size(list);
	if (!r->c.failed && n > max)
		cursor_fail(&r->c, NULL, "more than %zu", max);
	uint32_t *array = r->c.failed ? NULL : reading_take(r, n, sizeof(*array));
	for (size_t i = 0; array && i < n; i++) {
		size_t inner = cursor_enter_index(&r->c, i);
		if (!read_reference(r, json_array_get(list, i), what, names, &array[i]))
			return NULL;
		cursor_leave(&r->c, inner);
	}
	if (!array)
		return NULL;
	qsort(array, n, sizeof(*array), by_index);
	if (!none_twice(r, list, what, names, array, n))
		return NULL;
	cursor_leave(&r->c, mark);
	*ret_n = n;
	return array;
}
