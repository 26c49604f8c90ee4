/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request for a WebSocket: path, query and three headers, each up to a line feed. What is accepted is complete and in
 * its bounds; what is refused says why and leaves nothing behind.
 */
#include "broker/request.h"
#include "tests/fuzz/target.h"

/* The next line as text of exactly its size, NULL: it is empty or missing, as a header may be. */
static char *line(struct bytes *b)
{
	const uint8_t *end = memchr(b->at, '\n', b->left);
	size_t n = end ? (size_t)(end - b->at) : b->left;
	char *text = n ? malloc(n + 1) : NULL;
	assert(text || n == 0);
	if (text) {
		memcpy(text, b->at, n);
		text[n] = 0;
	}
	b->at += n + (end ? 1 : 0);
	b->left -= n + (end ? 1 : 0);
	return text;
}

static void check_accepted(const struct broker_request *r)
{
	assert(r->has_token && r->token[0] && strlen(r->token) <= BROKER_TOKEN_MAX);
	assert(strlen(r->external_id) <= BROKER_EXTERNAL_MAX && strlen(r->name) < sizeof(r->name));
	assert(r->version[0] && strlen(r->version) <= BROKER_VERSION_MAX);
	for (const char *p = r->token; *p; p++)
		assert(!strchr(" \t\r\n\v\f", *p));
	if (r->link.role == PORTAL_RELAY)
		assert((r->ipv4.family == CP_V4 && r->ipv4.port) || (r->ipv6.family == CP_V6 && r->ipv6.port));
	else
		assert(r->external_id[0] && r->name[0] && (r->link.dialect == PORTAL_V1 || r->link.dialect == PORTAL_V2));
}

static void check_refused(const struct broker_request *r, const struct broker_refusal *why)
{
	static const struct broker_request none;
	assert(memcmp(r, &none, sizeof(none)) == 0);
	assert(why->status == 400 || why->status == 401 || why->status == 404);
	assert(why->code[0] && why->text[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct broker_request r;
	struct broker_refusal why = {.status = 0};
	struct bytes b = {data, size};
	char *lines[5];
	for (int i = 0; i < 5; i++)
		lines[i] = line(&b);
	const struct broker_http h = {lines[0], lines[1], lines[2], lines[3], lines[4]};
	if (broker_request_read(&h, &r, &why))
		check_accepted(&r);
	else
		check_refused(&r, &why);
	for (int i = 0; i < 5; i++)
		free(lines[i]);
	return 0;
}
