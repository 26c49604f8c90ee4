/* SPDX-License-Identifier: Apache-2.0 */
#include "headers.h"

#include <stdlib.h>
#include <string.h>

#include "http.h"

struct texts {
	size_t room, used;
	char text[];
};

struct texts *texts_new(size_t bytes)
{
	/* the query may be three times as long in writing, a piece of it is held beside it, and each text has its end */
	size_t room = 5 * bytes + WSI_TOKEN_COUNT + 64;
	struct texts *t = malloc(sizeof(*t) + room);
	if (t)
		*t = (struct texts){.room = room};
	return t;
}

void texts_free(struct texts *t)
{
	explicit_bzero(t->text, t->room);
	free(t);
}

static const char *take(struct texts *t, int bytes)
{
	if (bytes <= 0)
		return NULL;
	const char *at = t->text + t->used;
	t->used += (size_t)bytes + 1;
	return at;
}

const char *headers_text(struct conn *c, struct texts *t, enum lws_token_indexes which)
{
	return take(t, lws_hdr_copy(c->wsi, t->text + t->used, (int)(t->room - t->used), which));
}

const char *headers_custom(struct conn *c, struct texts *t, const char *name)
{
	return take(t, lws_hdr_custom_copy(c->wsi, t->text + t->used, (int)(t->room - t->used), name, (int)strlen(name)));
}

const char *headers_query(struct conn *c, struct texts *t)
{
	int longest = lws_hdr_total_length(c->wsi, WSI_TOKEN_HTTP_URI_ARGS) + 1, bytes;
	size_t room = t->room - (size_t)longest - t->used;
	char *at = t->text + t->used, *piece = at + room;
	bool ok = true;
	*at = '\0';
	for (int i = 0; ok && (bytes = lws_hdr_copy_fragment(c->wsi, piece, longest, WSI_TOKEN_HTTP_URI_ARGS, i)) >= 0; i++)
		ok = http_query_append(at, room, piece, (size_t)bytes);
	t->used += strlen(at) + 1;
	return at;
}

size_t headers_bytes(struct conn *c)
{
	static const char *const names[] = {"x-authorization:", "x-sluice:"};
	size_t sum = 0;
	for (int i = 0; i < WSI_TOKEN_COUNT; i++)
		sum += (size_t)lws_hdr_total_length(c->wsi, (enum lws_token_indexes)i);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		int n = lws_hdr_custom_length(c->wsi, names[i], (int)strlen(names[i]));
		sum += n > 0 ? (size_t)n : 0;
	}
	return sum;
}
