/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers of an upgrade, a chain of proxies, and the pieces of a query as libwebsockets hands them out, each up to a line
 * feed. What is refused says why; a query that was put together comes apart into the same pieces.
 */
#include "http.h"
#include "tests/fuzz/target.h"

static char *line(struct bytes *b, size_t *ret_bytes)
{
	const uint8_t *end = memchr(b->at, '\n', b->left);
	size_t n = end ? (size_t)(end - b->at) : b->left;
	char *text = malloc(n + 1);
	assert(text);
	memcpy(text, b->at, n);
	text[n] = 0;
	b->at += n + (end ? 1 : 0);
	b->left -= n + (end ? 1 : 0);
	if (ret_bytes)
		*ret_bytes = n;
	return text;
}

static void check_upgrade(char *const lines[5])
{
	struct http_upgrade u = {lines[0], lines[1], lines[2], lines[3], lines[4]};
	struct broker_refusal why = {.status = 0};
	char answer[HTTP_PROBLEM_BYTES];
	if (http_upgrade_is_fit(&u, &why)) {
		assert(strcmp(lines[2], "13") == 0 && strlen(lines[3]) == 24 && lines[4][0] == 0);
		return;
	}
	assert((why.status == 400 || why.status == 426) && why.code[0] && why.text[0]);
	assert(http_problem(&why, answer, sizeof(answer)) > 0);
}

static void check_chain(const char *chain)
{
	struct portal_network proxies[2];
	struct cp_addr from;
	assert(portal_network_parse("10.0.0.0/8", 10, &proxies[0]) && portal_network_parse("fd00::/9", 8, &proxies[1]));
	if (http_forwarded_for(chain, proxies, 2, &from))
		assert((from.family == CP_V4 || from.family == CP_V6) && from.port == 0 && !http_is_among(&from, proxies, 2));
}

static unsigned int hex(char c)
{
	assert((c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'));
	return (unsigned int)(c <= '9' ? c - '0' : c - 'A' + 10);
}

/* Takes the piece off the query. */
static const char *matched(const char *query, const char *piece, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++, query++) {
		unsigned int c = (unsigned char)*query;
		assert(c > 0x20 && c < 0x7f && c != '+' && c != '&');
		if (c == '%') {
			c = hex(query[1]) << 4 | hex(query[2]);
			query += 2;
		}
		assert(c == (unsigned char)piece[i]);
	}
	return query;
}

static void check_query(struct bytes b)
{
	size_t room = 3 * b.left + 8, bytes;
	struct bytes again = b;
	char *query = malloc(room), *piece;
	assert(query);
	query[0] = 0;
	while (b.left) {
		piece = line(&b, &bytes);
		assert(http_query_append(query, room, piece, bytes));
		free(piece);
	}
	const char *at = query;
	while (again.left) {
		piece = line(&again, &bytes);
		if (at != query) {
			assert(*at == '&');
			at++;
		}
		at = matched(at, piece, bytes);
		free(piece);
	}
	assert(*at == 0);
	free(query);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes b = {data, size};
	char *lines[6];
	for (int i = 0; i < 6; i++)
		lines[i] = line(&b, NULL);
	check_upgrade(lines);
	check_chain(lines[5]);
	check_query(b);
	for (int i = 0; i < 6; i++)
		free(lines[i]);
	return 0;
}
