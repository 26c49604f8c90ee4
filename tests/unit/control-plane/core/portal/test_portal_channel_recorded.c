/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded peers (transcripts of the shared folder): fed with what their portal said, and told of what happened to
 * them, a channel sends what they sent: the same frames with the same refs, heartbeats and retries when they did.
 * Skipped where the folder is not there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "frames.h"
#include "rig.h"

/* What a recorded peer took from a timer to the wire. */
#define SLACK (20 * CP_MS)

struct peer {
	const char *folder, *name;
	enum portal_role role;
	enum portal_dialect dialect;
	const struct portal_habits *habits;
};
static const struct peer older_client = {"v1", "cl0", PORTAL_CLIENT, PORTAL_V1, &portal_habits_older};
static const struct peer older_gateway = {"v1", "gw1", PORTAL_GATEWAY, PORTAL_V1, &portal_habits_older};
static const struct peer older_relay = {"v1", "rly", PORTAL_RELAY, PORTAL_V1, &portal_habits_older};
static const struct peer newer_client = {"v2", "cl0", PORTAL_CLIENT, PORTAL_V2, &portal_habits_newer};
static const struct peer newer_gateway = {"v2", "gw1", PORTAL_GATEWAY, PORTAL_V2, &portal_habits_newer};
static const struct peer newer_relay = {"v2", "rly", PORTAL_RELAY, PORTAL_V2, &portal_habits_newer};

static FILE *recording(const struct peer *p, const char *name)
{
	char path[600];
	const char *shared = getenv("SLUICE_SHARED");
	snprintf(path, sizeof(path), "%s/transcripts/%s/%s.jsonl", shared ? shared : "../shared", p->folder, name);
	FILE *f = fopen(path, "r");
	if (!f)
		skip();
	return f;
}

static void open_peer(struct rig *r, const struct peer *p)
{
	rig_open(r, p->role, p->dialect, p->habits, CP_NEVER);
}

/* Answers heartbeats that the recordings leave out, until something else comes. */
static json_t *next_frame(struct rig *r, bool beats_too)
{
	for (;;) {
		char reply[160];
		char *text = rig_take(r, NULL);
		if (!text)
			return NULL;
		json_t *frame = json_loads(text, 0, NULL);
		free(text);
		if (beats_too || strcmp(json_string_value(json_object_get(frame, "event")), "heartbeat") != 0)
			return frame;
		snprintf(reply, sizeof(reply),
			 "{\"topic\":\"phoenix\",\"event\":\"phx_reply\",\"ref\":%lld,\"payload\":{\"status\":\"ok\",\"response\":{}}}",
			 json_integer_value(json_object_get(frame, "ref")));
		json_decref(frame);
		rig_hear(r, reply);
	}
}

/* A relay's secret is of the recording. */
static void expect_frame(struct rig *r, const struct peer *p, json_t *recorded)
{
	json_t *is = next_frame(r, strcmp(json_string_value(json_object_get(recorded, "event")), "heartbeat") == 0);
	char *was = json_dumps(recorded, 0);
	if (!is)
		fail_msg("nothing instead of %s", was);
	if (p->role == PORTAL_RELAY && json_is_object(json_object_get(recorded, "payload")))
		json_object_update(json_object_get(is, "payload"), json_object_get(recorded, "payload"));
	if (!json_equal(is, recorded))
		fail_msg("%s instead of %s", json_dumps(is, 0), was);
	free(was);
	json_decref(is);
}

static void said_by_peer(struct rig *r, const struct peer *p, json_t *frame)
{
	const struct portal_link l = {p->role, p->dialect};
	struct portal_message m;
	struct portal_error e;
	char *text = json_dumps(frame, 0);
	assert_int_equal(portal_read(&l, PORTAL_FROM_PEER, text, strlen(text), &m, &e), 0);
	if (m.type != PORTAL_JOIN && m.type != PORTAL_HEARTBEAT)
		assert_int_equal(rig_send(r, &m), 0);
	expect_frame(r, p, frame);
	portal_message_free(&m);
	free(text);
}

static void upgraded(struct rig *r)
{
	if (portal_channel_state(r->c) == PORTAL_CHANNEL_IDLE)
		portal_channel_start(r->c, r->now);
	rig_drain(r);
	/* random waits: the recorded one is within what this peer may do */
	if (portal_channel_state(r->c) == PORTAL_CHANNEL_WAITING) {
		cp_time at = portal_channel_deadline(r->c).at;
		assert_true(at < r->now + CP_S / 2);
		rig_run_until(r, at);
	}
	assert_int_equal(portal_channel_state(r->c), PORTAL_CHANNEL_DIALLING);
	portal_channel_connected(r->c, r->now);
	rig_drain(r);
}

static void line_of(struct rig *r, const struct peer *p, const json_t *line, cp_time start, bool resets)
{
	json_t *frame = json_object_get(line, "frame");
	bool from_peer = strcmp(json_string_value(json_object_get(line, "dir")), "<") == 0;
	if (strcmp(json_string_value(json_object_get(line, "peer")), p->name) != 0)
		return;
	cp_time at = start + (cp_time)(json_number_value(json_object_get(line, "t")) * 1e9);
	rig_run_until(r, at > r->now ? at : r->now);
	char *text = json_dumps(frame, 0);
	if (json_object_get(frame, "upgrade"))
		upgraded(r);
	else if (!json_object_get(frame, "event") && resets)
		portal_channel_reconnect(r->c, r->now);
	else if (!json_object_get(frame, "event"))
		portal_channel_lost(r->c, r->now);
	else if (from_peer)
		said_by_peer(r, p, frame);
	else
		rig_hear(r, text);
	rig_drain(r);
	free(text);
}

static void replay(struct rig *r, const struct peer *p, const char *name)
{
	char *line = NULL;
	size_t size = 0;
	FILE *f = recording(p, name);
	cp_time start = r->now;
	while (getline(&line, &size, f) > 0) {
		json_t *v = json_loads(line, 0, NULL);
		assert_non_null(v);
		line_of(r, p, v, start, strstr(name, "reset") != NULL);
		json_decref(v);
	}
	json_t *more = next_frame(r, false);
	if (more)
		fail_msg("%s, too", json_dumps(more, 0));
	free(line);
	fclose(f);
}

/* Joined, and so many messages on: the next ref is that. */
static void warm_up(struct rig *r, uint64_t next_ref)
{
	const struct portal_message m = {.type = PORTAL_NO_RELAYS};
	rig_join(r);
	for (uint64_t ref = 1; ref < next_ref; ref++) {
		assert_int_equal(rig_send(r, &m), 0);
		free(rig_take(r, NULL));
	}
}

static void a_recorded_peer_joins(void **state)
{
	static const struct peer *const peers[] = {&older_gateway, &older_relay, &newer_gateway, &newer_relay};
	for (int i = 0; i < 4; i++) {
		struct rig r;
		FILE *f = recording(peers[i], "join");
		fclose(f);
		open_peer(&r, peers[i]);
		replay(&r, peers[i], "join");
		assert_int_equal(portal_channel_state(r.c), PORTAL_CHANNEL_JOINED);
		rig_close(&r);
	}
}

static void a_recorded_newer_session_has_these_refs(void **state)
{
	static const struct peer *const peers[] = {&newer_gateway, &newer_client};
	fclose(recording(&newer_gateway, "no-relays"));
	for (int i = 0; i < 2; i++) {
		struct rig r;
		open_peer(&r, peers[i]);
		replay(&r, peers[i], "no-relays");
		rig_close(&r);
	}
}

static void a_recorded_peer_comes_back(void **state)
{
	struct rig r;
	fclose(recording(&older_client, "client-socket-lost"));
	open_peer(&r, &older_client);
	warm_up(&r, 13);
	replay(&r, &older_client, "client-socket-lost");
	assert_int_equal(portal_channel_state(r.c), PORTAL_CHANNEL_JOINED);
	rig_close(&r);
	open_peer(&r, &newer_client);
	warm_up(&r, 9);
	replay(&r, &newer_client, "client-socket-lost");
	assert_int_equal(portal_channel_state(r.c), PORTAL_CHANNEL_JOINED);
	rig_close(&r);
}

static void a_recorded_client_resets(void **state)
{
	struct rig r;
	fclose(recording(&older_client, "client-reset"));
	open_peer(&r, &older_client);
	warm_up(&r, 14);
	replay(&r, &older_client, "client-reset");
	rig_close(&r);
	open_peer(&r, &newer_client);
	warm_up(&r, 9);
	replay(&r, &newer_client, "client-reset");
	rig_close(&r);
}

/* The session before: a last frame, or a connection, one interval before the first heartbeat that was recorded. */
static void check_heartbeats(const struct peer *p)
{
	struct rig r;
	char *line = NULL;
	size_t size = 0;
	unsigned int n = 0;
	FILE *f = recording(p, "heartbeat");
	cp_time start = 0;
	open_peer(&r, p);
	while (getline(&line, &size, f) > 0) {
		json_t *v = json_loads(line, 0, NULL);
		json_t *frame = json_object_get(v, "frame");
		bool ours = strcmp(json_string_value(json_object_get(v, "peer")), p->name) == 0;
		bool beat = ours && strcmp(json_string_value(json_object_get(v, "dir")), "<") == 0;
		cp_time t = (cp_time)(json_number_value(json_object_get(v, "t")) * 1e9), at;
		if (beat && n == 0) {
			warm_up(&r, (uint64_t)json_integer_value(json_object_get(frame, "ref")));
			start = r.now + p->habits->heartbeat - t;
		}
		if (beat) {
			rig_run_until(&r, start + t + SLACK);
			char *text = rig_take(&r, &at);
			json_t *is = json_loads(text ? text : "null", JSON_DECODE_ANY, NULL);
			assert_true(json_equal(is, frame));
			assert_in_range(at, start + t - SLACK, start + t + SLACK);
			json_decref(is);
			free(text);
			n++;
		} else if (ours) {
			char *text = json_dumps(frame, 0);
			rig_hear(&r, text);
			free(text);
		}
		json_decref(v);
	}
	assert_true(n >= 2);
	free(line);
	fclose(f);
	rig_close(&r);
}

static void recorded_heartbeats_come_when_they_did(void **state)
{
	static const struct peer *const peers[] = {&older_client, &older_gateway, &older_relay, &newer_client, &newer_gateway, &newer_relay};
	fclose(recording(&older_client, "heartbeat"));
	for (int i = 0; i < 6; i++)
		check_heartbeats(peers[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_recorded_peer_joins),
		cmocka_unit_test(a_recorded_newer_session_has_these_refs),
		cmocka_unit_test(a_recorded_peer_comes_back),
		cmocka_unit_test(a_recorded_client_resets),
		cmocka_unit_test(recorded_heartbeats_come_when_they_did),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
