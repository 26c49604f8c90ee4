/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of resources as they stand in a client's init, rendered once for all clients that have the same: when everybody
 * comes back at once, that is most of the work. They hold nothing secret, and end with the file they are of.
 */
#include <stdlib.h>
#include <string.h>

#include "broker/internal.h"

#define BYTES_MAX (32u << 20) /* of all of them, unless a single one has more */

static void forget(struct broker_lists *l, struct broker_rendered *r)
{
	l->bytes -= r->text.bytes;
	portal_text_free(&r->text);
	free(r->resources);
	*r = (struct broker_rendered){.n = 0};
}

void broker_lists_forget(struct broker_lists *l)
{
	for (size_t i = 0; i < BROKER_LISTS; i++)
		forget(l, &l->list[i]);
}

static const struct broker_rendered *find(const struct broker_lists *l, enum portal_dialect dialect, const struct broker_resource **of, size_t n)
{
	for (size_t i = 0; i < BROKER_LISTS; i++) {
		const struct broker_rendered *r = &l->list[i];
		if (r->text.text && r->dialect == dialect && r->n == n && memcmp(r->resources, of, n * sizeof(*of)) == 0)
			return r;
	}
	return NULL;
}

/* The next place, and as many after it as it takes to stay within bounds. */
static struct broker_rendered *make_room(struct broker_lists *l, size_t bytes)
{
	struct broker_rendered *r = &l->list[l->next];
	l->next = (l->next + 1) % BROKER_LISTS;
	forget(l, r);
	for (size_t i = l->next; l->bytes > 0 && l->bytes + bytes > BYTES_MAX; i = (i + 1) % BROKER_LISTS)
		forget(l, &l->list[i]);
	return r;
}

static bool render(struct broker *b, const struct portal_link *link, size_t n, struct portal_text *ret)
{
	for (size_t i = 0; i < n; i++)
		b->views[i] = b->listed[i]->view;
	return portal_render_resources(link, &(struct portal_resources){b->views, n}, ret) == 0;
}

const struct portal_text *broker_lists_text(struct broker *b, const struct portal_link *link, size_t n)
{
	const struct broker_rendered *known = find(&b->lists, link->dialect, b->listed, n);
	struct portal_text text;
	if (known)
		return &known->text;
	const struct broker_resource **resources = malloc((n + 1) * sizeof(*resources));
	if (!resources || !render(b, link, n, &text)) {
		free(resources);
		return NULL;
	}
	memcpy(resources, b->listed, n * sizeof(*resources));
	struct broker_rendered *r = make_room(&b->lists, text.bytes);
	*r = (struct broker_rendered){.dialect = link->dialect, .resources = resources, .n = n, .text = text};
	b->lists.bytes += text.bytes;
	return &r->text;
}
