/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One text frame, read as every role, dialect and sender. What is read can be written unless it holds what has no
 * name; what is written is read again, and written as the same text. What is refused says why, in printable characters.
 */
#include "portal/message.h"
#include "tests/fuzz/target.h"

static void check_error(int err, const struct portal_error *e)
{
	char text[PORTAL_ERROR_TEXT];
	assert(err >= PORTAL_E_TRUNCATED && err <= PORTAL_E_PAYLOAD && e->what);
	assert(portal_error_format(e, text) < sizeof(text));
	for (const char *p = text; *p; p++)
		assert(*p >= ' ' && *p <= '~');
}

/* "OTHER" things are read, but not written: their names are not kept. */
static int has_no_name(const struct portal_message *m)
{
	return (m->type == PORTAL_RESOURCE_UPSERTED && m->body.resource.type == PORTAL_RESOURCE_OTHER) ||
	       (m->type == PORTAL_FLOW_CREATION_FAILED && m->body.flow_creation_failed.reason == PORTAL_FAILED_OTHER);
}

/* A list of pointers into the message is as long as it says. */
static void touch(const struct portal_message *m)
{
	size_t sum = 0;
	if (m->type == PORTAL_CANDIDATES || m->type == PORTAL_INVALIDATED_CANDIDATES)
		for (size_t i = 0; i < m->body.candidates.candidates.n; i++)
			sum += strlen(m->body.candidates.candidates.texts[i]);
	assert(sum < SIZE_MAX);
}

static void round_trip(const struct portal_link *l, enum portal_sender from, const struct portal_message *m)
{
	struct portal_message again;
	struct portal_error e;
	struct portal_text first = {.text = NULL}, second = {.text = NULL};
	assert(portal_write(l, from, m, &first) == 0);
	assert(portal_read(l, from, first.text, first.bytes, &again, &e) == 0);
	assert(again.type == m->type && again.has_ref == m->has_ref && again.ref == m->ref);
	assert(again.n_ignored == 0 && again.n_skipped == 0);
	assert(portal_write(l, from, &again, &second) == 0);
	assert(first.bytes == second.bytes && memcmp(first.text, second.text, first.bytes) == 0);
	portal_message_free(&again);
	portal_text_free(&first);
	portal_text_free(&second);
}

static void read_as(enum portal_role role, enum portal_dialect dialect, enum portal_sender from, const char *text, size_t bytes)
{
	const struct portal_link l = {role, dialect};
	struct portal_message m;
	struct portal_error e;
	int err = portal_read(&l, from, text, bytes, &m, &e);
	if (err)
		check_error(err, &e);
	else
		touch(&m);
	if (!err && !has_no_name(&m))
		round_trip(&l, from, &m);
	portal_message_free(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum portal_role roles[] = {PORTAL_GATEWAY, PORTAL_CLIENT, PORTAL_RELAY};
	char *text = copy_of(data, size);
	for (int i = 0; i < 12; i++)
		read_as(roles[i % 3], i < 6 ? PORTAL_V1 : PORTAL_V2, i / 3 % 2 ? PORTAL_FROM_PEER : PORTAL_FROM_PORTAL, text, size);
	free(text);
	return 0;
}
