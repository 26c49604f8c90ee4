/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded sessions (transcripts of the shared folder): fed with what stock peers said, the broker says what their portal
 * said to each of them: the same events in the same order, with the same members of the same types. Identities and
 * references are the broker's own, and put in place of the recorded ones as it tells them. Skipped where the folder is
 * not there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "broker/broker.h"

#define N_PEERS     3
#define N_RESOURCES 4
#define N_OUTS      512
#define N_NAMES     64

struct peer {
	const char *name; /* in the recording */
	enum portal_role role;
	uint64_t conn;
};
struct replay {
	const char *folder;
	struct broker *b;
	cp_time now;
	uint64_t n_conns;
	struct peer peers[N_PEERS];
	struct {
		uint64_t conn;
		char *text; /* owned; NULL: taken */
	} outs[N_OUTS];
	size_t n_outs;
	/* what is called otherwise now; both are as long */
	struct {
		char was[40], is[40];
	} names[N_NAMES];
	size_t n_names;
	/* the world */
	struct portal_site site;
	struct broker_actor actor;
	struct broker_resource resources[N_RESOURCES];
	struct broker_policy policy;
	uint32_t actors[1], granted[N_RESOURCES];
	struct broker_relay relay;
	struct cp_addr dns;
	struct broker_world world;
};

/* --- the world of the recordings --- */

static struct portal_uuid uuid(const char *text)
{
	struct portal_uuid u;
	assert_true(portal_uuid_parse(text, strlen(text), &u));
	return u;
}

static struct broker_resource resource(struct replay *r, const char *id, const char *name, const char *network, const char *pattern)
{
	struct broker_resource o = {.view = {.id = uuid(id), .name = name, .has_filters = true, .sites = {&r->site, 1}}};
	o.view.type = pattern ? PORTAL_RESOURCE_DNS : PORTAL_RESOURCE_CIDR;
	o.view.pattern = pattern;
	if (network)
		assert_true(portal_network_parse(network, strlen(network), &o.view.network));
	return o;
}

static void world(struct replay *r)
{
	r->site = (struct portal_site){uuid("c2a8b1f3-4d55-4e2c-9037-88f1dab5e603"), "Main site"};
	r->actor = (struct broker_actor){.id = uuid("ac000000-0000-4000-8000-000000000001"), .name = "somebody"};
	r->resources[0] = resource(r, "d3b9c2a4-5e66-4f3d-a148-99a2ebc6f704", "Lab 4", "10.20.0.0/24", NULL);
	r->resources[1] = resource(r, "d3b9c2a4-5e66-4f3d-a148-99a2ebc6f706", "Lab 6", "fd20::/64", NULL);
	r->resources[2] = resource(r, "e4cad3b5-6f77-4a4e-b259-aab3fcd70805", "Web", NULL, "web.lab.test");
	r->resources[3] = resource(r, "0f6cc0de-1111-4222-8333-944445555666", "Extra", "10.21.0.0/24", NULL);
	for (uint32_t i = 0; i < N_RESOURCES; i++)
		r->granted[i] = i;
	r->policy = (struct broker_policy){.id = uuid("90000000-0000-4000-8000-000000000001"), .actors = r->actors, .n_actors = 1,
					   .resources = r->granted, .n_resources = 3, .expires_at = PORTAL_NEVER};
	r->relay = (struct broker_relay){.id = uuid("7e000000-0000-4000-8000-000000000001"), .username = "user", .password = "word",
					 .ipv4 = cp_addr_v4(203, 0, 113, 11, 3478)};
	r->dns = cp_addr_v4(203, 0, 113, 1, 53);
	r->world = (struct broker_world){.account_slug = "test", .sites = &r->site, .n_sites = 1, .actors = &r->actor, .n_actors = 1,
					 .resources = r->resources, .n_resources = 3, .policies = &r->policy, .n_policies = 1,
					 .relays = &r->relay, .n_relays = 1, .dns = &r->dns, .n_dns = 1,
					 .timing = broker_timing_default, .quota = broker_quota_default};
	r->world.timing.idle_after = 3600 * CP_S; /* heartbeats were not recorded */
}

/* --- the broker --- */

static void drain(struct replay *r)
{
	struct broker_out o;
	while (broker_next(r->b, &o)) {
		if (o.kind != BROKER_OUT_TEXT)
			continue;
		assert_true(r->n_outs < N_OUTS);
		r->outs[r->n_outs].conn = o.conn;
		r->outs[r->n_outs++].text = o.text.text;
	}
}

static void run(struct replay *r, cp_time by)
{
	cp_time until = r->now + by;
	for (cp_time at; (at = broker_deadline(r->b).at) <= until; drain(r))
		broker_tick(r->b, at);
	r->now = until;
}

static void configure(struct replay *r)
{
	assert_int_equal(broker_configure(r->b, &r->world, ++r->now), 0);
	drain(r);
}

static void open_replay(struct replay *r, const char *folder)
{
	static const uint8_t seed[32] = {5};
	static const struct peer peers[N_PEERS] = {{"rly", PORTAL_RELAY}, {"gw1", PORTAL_GATEWAY}, {"cl0", PORTAL_CLIENT}};
	*r = (struct replay){.folder = folder, .now = CP_S};
	memcpy(r->peers, peers, sizeof(peers));
	world(r);
	r->b = broker_create(&r->world, seed, 1790000000, r->now);
	assert_non_null(r->b);
}

static void close_replay(struct replay *r)
{
	for (size_t i = 0; i < r->n_outs; i++)
		free(r->outs[i].text);
	broker_free(r->b);
}

static struct peer *peer_of(struct replay *r, const char *name)
{
	for (int i = 0; i < N_PEERS; i++)
		if (strcmp(r->peers[i].name, name) == 0)
			return &r->peers[i];
	fail_msg("who is %s?", name);
	return NULL;
}

/* --- names --- */

static void renamed(struct replay *r, const char *was, const char *is)
{
	if (!was || !is || strlen(was) != strlen(is) || strlen(was) >= sizeof(r->names[0].was) || strcmp(was, is) == 0)
		return;
	size_t i = 0;
	while (i < r->n_names && strcmp(r->names[i].was, was) != 0)
		i++;
	assert_true(i < N_NAMES);
	r->n_names += i == r->n_names;
	strcpy(r->names[i].was, was);
	strcpy(r->names[i].is, is);
}

static void rename_all(const struct replay *r, char *text)
{
	for (size_t i = 0; i < r->n_names; i++)
		for (char *p; (p = strstr(text, r->names[i].was));)
			memcpy(p, r->names[i].is, strlen(r->names[i].is));
}

static const char *string(const json_t *o, const char *a, const char *b)
{
	const json_t *v = json_object_get(o, a);
	return json_string_value(b ? json_object_get(v, b) : v);
}

static void learn(struct replay *r, const json_t *was, const json_t *is)
{
	renamed(r, string(was, "ref", NULL), string(is, "ref", NULL));
	renamed(r, string(was, "client", "id"), string(is, "client", "id"));
	renamed(r, string(was, "gateway_id", NULL), string(is, "gateway_id", NULL));
}

/* --- shapes --- */

/* What the recorded portal left out, and stock peers take. */
static bool may_be_new(const char *member)
{
	static const char *const members[] = {"search_domain", "account_slug", "authorizations", "violated_properties"};
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (strcmp(members[i], member) == 0)
			return true;
	return false;
}

static void same_shape(const json_t *was, const json_t *is, const char *where)
{
	const char *key;
	json_t *v;
	if (json_is_null(was) || json_is_null(is) ? !json_is_null(is) && !json_is_null(was) : json_typeof(was) != json_typeof(is))
		fail_msg("%s is of another type", where);
	json_object_foreach((json_t *)(uintptr_t)was, key, v)
	{
		if (!json_object_get(is, key))
			fail_msg("%s.%s is missing", where, key);
		same_shape(v, json_object_get(is, key), key);
	}
	json_object_foreach((json_t *)(uintptr_t)is, key, v)
		if (!json_object_get(was, key) && !may_be_new(key))
			fail_msg("%s.%s is new", where, key);
	if (json_is_array(was) && json_array_size(was) > 0 && json_array_size(is) > 0)
		same_shape(json_array_get(was, 0), json_array_get(is, 0), where);
}

/* --- lines --- */

static char *take(struct replay *r, uint64_t conn)
{
	for (size_t i = 0; i < r->n_outs; i++)
		if (r->outs[i].conn == conn && r->outs[i].text) {
			char *text = r->outs[i].text;
			r->outs[i].text = NULL;
			return text;
		}
	return NULL;
}

/* A relay that joined is told of again after a while, which the recorded portal did not do (§5.7). */
static json_t *next_frame(struct replay *r, const struct peer *p, const char *event)
{
	for (int waits = 0; waits < 5;) {
		char *text = take(r, p->conn);
		if (!text) {
			run(r, CP_S);
			waits++;
			continue;
		}
		json_t *frame = json_loads(text, 0, NULL);
		assert_non_null(frame);
		free(text);
		if (strcmp(string(frame, "event", NULL), event) == 0 || strcmp(string(frame, "event", NULL), "relays_presence") != 0)
			return frame;
		json_decref(frame);
	}
	return NULL;
}

static void said_by_portal(struct replay *r, const struct peer *p, const json_t *was)
{
	const char *event = string(was, "event", NULL);
	json_t *is = next_frame(r, p, event);
	if (!is)
		fail_msg("%s hears nothing instead of %s", p->name, event);
	assert_string_equal(string(is, "event", NULL), event);
	assert_true(json_equal(json_object_get(is, "ref"), json_object_get(was, "ref")));
	same_shape(was, is, event);
	learn(r, json_object_get(was, "payload"), json_object_get(is, "payload"));
	json_decref(is);
}

static void upgraded(struct replay *r, struct peer *p, const json_t *frame)
{
	static const char token[] = "token";
	struct broker_request request;
	struct broker_refusal refusal;
	char target[2048];
	const json_t *headers = json_object_get(frame, "headers");
	snprintf(target, sizeof(target), "%s", string(frame, "upgrade", NULL));
	char *query = strchr(target, '?');
	*query++ = 0;
	const struct broker_http http = {.path = target, .query = query, .authorization = string(headers, "x-authorization", NULL),
					 .user_agent = string(headers, "user-agent", NULL)};
	if (!broker_request_read(&http, &request, &refusal))
		fail_msg("%s is refused: %s", p->name, refusal.text);
	assert_int_equal(request.link.role, p->role);
	assert_non_null(strstr(request.token, p->role == PORTAL_RELAY ? "" : token));
	struct broker_principal who = {.token = 1, .role = p->role, .expires_at = PORTAL_NEVER};
	if (p->role != PORTAL_RELAY)
		who.owner = p->role == PORTAL_GATEWAY ? r->site.id : r->actor.id;
	p->conn = ++r->n_conns;
	struct cp_addr from = cp_addr_v4(203, 0, 113, 2, 4000);
	assert_true(broker_connect(r->b, p->conn, &request, &who, &from, r->now, &refusal));
	broker_request_wipe(&request);
}

static void said_by_peer(struct replay *r, struct peer *p, const json_t *frame)
{
	if (json_object_get(frame, "upgrade")) {
		upgraded(r, p, frame);
	} else if (json_object_get(frame, "event")) {
		char *text = json_dumps(frame, 0);
		rename_all(r, text);
		broker_text(r->b, p->conn, text, strlen(text), r->now);
		free(text);
	} else {
		broker_lost(r->b, p->conn, r->now);
	}
	drain(r);
}

static void play(struct replay *r, const char *name)
{
	char path[600], line[64 * 1024];
	const char *shared = getenv("SLUICE_SHARED");
	snprintf(path, sizeof(path), "%s/transcripts/%s/%s.jsonl", shared ? shared : "../shared", r->folder, name);
	FILE *f = fopen(path, "r");
	if (!f) {
		close_replay(r);
		skip();
	}
	while (fgets(line, sizeof(line), f)) {
		json_t *l = json_loads(line, 0, NULL), *frame = json_object_get(l, "frame");
		struct peer *p = peer_of(r, string(l, "peer", NULL));
		r->now++;
		if (strcmp(string(l, "dir", NULL), "<") == 0)
			said_by_peer(r, p, frame);
		else
			said_by_portal(r, p, frame);
		json_decref(l);
	}
	fclose(f);
}

/* Nobody hears more than the recorded peers did. */
static void all_is_said(struct replay *r)
{
	for (int i = 0; i < N_PEERS; i++) {
		json_t *more = next_frame(r, &r->peers[i], "nothing");
		if (more)
			fail_msg("%s hears of %s", r->peers[i].name, string(more, "event", NULL));
	}
}

/* --- sessions --- */

static void changes_of_the_list(struct replay *r)
{
	r->world.n_resources = r->policy.n_resources = 4;
	configure(r);
	play(r, "resource-created");
	r->resources[3].view.name = "Renamed";
	configure(r);
	play(r, "resource-updated");
	json_decref(next_frame(r, &r->peers[1], "resource_updated")); /* gateways hear of it (§3.6), which was not recorded */
	r->world.n_resources = r->policy.n_resources = 3;
	configure(r);
	play(r, "resource-deleted");
}

static void forget(struct replay *r)
{
	for (size_t i = 0; i < r->n_outs; i++)
		free(r->outs[i].text);
	r->n_outs = 0;
}

/* What the recorded portal was made to say to one side only. */
static void changes_of_access(struct replay *r)
{
	struct portal_filter filter = {.protocol = PORTAL_ICMP};
	struct portal_network elsewhere = {cp_addr_v4(10, 0, 0, 0, 0), 8};
	r->resources[0].view.filters = (struct portal_filters){&filter, 1};
	configure(r);
	play(r, "gateway-resource-updated");
	forget(r);
	assert_int_not_equal(broker_revoke(r->b, NULL, NULL, ++r->now), 0);
	drain(r);
	play(r, "reject-last");
	forget(r);
	r->policy.networks = &elsewhere;
	r->policy.n_networks = 1;
	configure(r);
	forget(r);
	play(r, "flow-forbidden");
	all_is_said(r);
	r->policy.n_networks = 0;
	r->resources[0].view.filters.n = 0;
	configure(r);
	forget(r);
	play(r, "gateway-sigterm");
	play(r, "flow-offline");
	play(r, "client-sigterm");
	all_is_said(r);
}

static void session(const char *folder)
{
	struct replay r;
	open_replay(&r, folder);
	play(&r, "join");
	run(&r, 2 * CP_S);
	play(&r, "client-join");
	play(&r, "flow-first");
	play(&r, "flow-reuse");
	play(&r, "flow-dns");
	all_is_said(&r);
	changes_of_the_list(&r);
	all_is_said(&r);
	r.world.search_domain = "lab.test";
	r.world.n_dns = 0;
	configure(&r);
	play(&r, "config-changed");
	play(&r, "client-socket-lost");
	play(&r, "client-reset");
	all_is_said(&r);
	play(&r, "relay-gone");
	all_is_said(&r);
	play(&r, "client-socket-lost");
	play(&r, "client-reset"); /* whoever is revoked must have an access */
	changes_of_access(&r);
	close_replay(&r);
}

static void older_peers_hear_what_they_heard(void **state)
{
	session("v1");
}

static void newer_peers_hear_what_they_heard(void **state)
{
	session("v2");
}

static void newer_peers_without_relays_hear_what_they_heard(void **state)
{
	struct replay r;
	open_replay(&r, "v2");
	play(&r, "no-relays");
	close_replay(&r);
}

static void older_client_of_a_newer_gateway_hears_what_it_heard(void **state)
{
	struct replay r;
	open_replay(&r, "v1-client-v2-gateway");
	play(&r, "join");
	close_replay(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(older_peers_hear_what_they_heard),
		cmocka_unit_test(newer_peers_hear_what_they_heard),
		cmocka_unit_test(newer_peers_without_relays_hear_what_they_heard),
		cmocka_unit_test(older_client_of_a_newer_gateway_hears_what_it_heard),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
