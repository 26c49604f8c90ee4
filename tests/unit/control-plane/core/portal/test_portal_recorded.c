/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded sessions of stock peers and a portal they accepted (transcripts of the shared folder): every frame of
 * either side is read, every member of it is known, and what is written again says the same. Skipped where the folder
 * is not there.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "frames.h"

struct session {
	enum portal_dialect client, gateway;
	unsigned int seen[PORTAL_TYPES][3]; /* by sender */
	unsigned int frames;
};

static void fail_line(const char *text, const char *why)
{
	fail_msg("%s: %s", why, text);
}

static struct portal_link link_of(const struct session *s, const json_t *line)
{
	const char *role = json_string_value(json_object_get(line, "role"));
	assert_non_null(role);
	if (strcmp(role, "client") == 0)
		return (struct portal_link){PORTAL_CLIENT, s->client};
	if (strcmp(role, "gateway") == 0)
		return (struct portal_link){PORTAL_GATEWAY, s->gateway};
	return (struct portal_link){PORTAL_RELAY, PORTAL_V1};
}

static void check_written(const struct portal_link *l, enum portal_sender from, const struct portal_message *m, json_t *frame,
			  const char *text)
{
	struct portal_text written;
	assert_int_equal(portal_write(l, from, m, &written), 0);
	json_t *again = json_loadb(written.text, written.bytes, 0, NULL);
	drop_nulls(again);
	drop_nulls(frame);
	if (!json_equal(again, frame))
		fail_line(text, written.text);
	json_decref(again);
	portal_text_free(&written);
}

static void check_frame(struct session *s, const json_t *line)
{
	json_t *frame = json_object_get(line, "frame");
	struct portal_message m;
	struct portal_error e;
	char why[PORTAL_ERROR_TEXT] = "";
	if (!json_object_get(frame, "event"))
		return;
	struct portal_link l = link_of(s, line);
	enum portal_sender from = strcmp(json_string_value(json_object_get(line, "dir")), "<") == 0 ? PORTAL_FROM_PEER : PORTAL_FROM_PORTAL;
	char *text = json_dumps(frame, 0);
	if (portal_read(&l, from, text, strlen(text), &m, &e) != 0) {
		portal_error_format(&e, why);
		fail_line(text, why);
	}
	if (m.n_ignored > 0 || m.n_skipped > 0) {
		portal_error_format(m.n_ignored > 0 ? &m.ignored : &m.skipped, why);
		fail_line(text, why);
	}
	check_written(&l, from, &m, frame, text);
	s->seen[m.type][from]++;
	s->frames++;
	portal_message_free(&m);
	free(text);
}

static void check_file(struct session *s, const char *path)
{
	char *line = NULL;
	size_t size = 0;
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	while (getline(&line, &size, f) > 0) {
		json_t *v = json_loads(line, 0, NULL);
		assert_non_null(v);
		check_frame(s, v);
		json_decref(v);
	}
	free(line);
	fclose(f);
}

static void check_session(struct session *s, const char *name)
{
	char folder[512], path[1024];
	const char *shared = getenv("SLUICE_SHARED");
	snprintf(folder, sizeof(folder), "%s/transcripts/%s", shared ? shared : "../shared", name);
	DIR *d = opendir(folder);
	if (!d)
		skip();
	for (const struct dirent *e = readdir(d); e; e = readdir(d)) {
		if (!strstr(e->d_name, ".jsonl"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		check_file(s, path);
	}
	closedir(d);
}

static void every_frame_of_the_seed_pair_is_read(void **state)
{
	struct session s = {.client = PORTAL_V1, .gateway = PORTAL_V1};
	check_session(&s, "v1");
	assert_true(s.frames > 80);
	assert_true(s.seen[PORTAL_AUTHORIZE_FLOW][PORTAL_FROM_PORTAL] > 0);
	assert_true(s.seen[PORTAL_FLOW_AUTHORIZED][PORTAL_FROM_PEER] > 0);
	assert_true(s.seen[PORTAL_CREATE_FLOW][PORTAL_FROM_PEER] > 0);
	assert_true(s.seen[PORTAL_FLOW_CREATED][PORTAL_FROM_PORTAL] > 0);
	assert_true(s.seen[PORTAL_HEARTBEAT][PORTAL_FROM_PEER] > 0);
}

static void every_frame_of_a_newer_pair_is_read(void **state)
{
	struct session s = {.client = PORTAL_V2, .gateway = PORTAL_V2};
	check_session(&s, "v2");
	assert_true(s.frames > 100);
	assert_true(s.seen[PORTAL_AUTHORIZE_FLOW][PORTAL_FROM_PORTAL] > 0);
	assert_true(s.seen[PORTAL_NEW_GATEWAY_CANDIDATES][PORTAL_FROM_PEER] > 0);
	assert_true(s.seen[PORTAL_CAPABILITIES][PORTAL_FROM_PEER] > 0);
	assert_true(s.seen[PORTAL_NO_RELAYS][PORTAL_FROM_PEER] > 0);
}

static void every_frame_of_a_mixed_pair_is_read(void **state)
{
	struct session s = {.client = PORTAL_V1, .gateway = PORTAL_V2};
	check_session(&s, "v1-client-v2-gateway");
	assert_true(s.frames > 10);
	assert_true(s.seen[PORTAL_FLOW_CREATED][PORTAL_FROM_PORTAL] > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_frame_of_the_seed_pair_is_read),
		cmocka_unit_test(every_frame_of_a_newer_pair_is_read),
		cmocka_unit_test(every_frame_of_a_mixed_pair_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
