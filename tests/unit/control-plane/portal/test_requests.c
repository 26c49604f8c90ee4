/* SPDX-License-Identifier: Apache-2.0 */
/* control-plane/portal/requests.c and its parts: what operators ask, and what they are answered. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_broker.h"
#include "refusal.h"
#include "request_rows.h"
#include "requests.h"

#define NOW  (7 * CP_S)
#define UNIX 1790000000

struct rig {
	struct broker broker;
	struct broker_device devices[FAKE_ROWS];
	struct broker_world world;
	struct portal_site sites[3];
	struct broker_actor actors[2];
	struct broker_resource resources[2];
	struct requests requests;
	struct request request;
	struct request_token_wanted wanted; /* of the last token_create, its texts copied */
	char wanted_owner[64], wanted_text[64], wanted_description[64];
	bool reload_fails, database_is_full;
};

static struct rig *set_up(void);
static void tear_down(struct rig *r);
static json_t *ask(struct rig *r, const char *text);
static json_t *next(struct rig *r);
static void ask_expecting(struct rig *r, const char *text, const char *code, const char *error);
static const char *text_at(json_t *o, const char *a, const char *b);
static json_int_t number_at(json_t *o, const char *a, const char *b);

static void what_is_wrong_with_a_request_is_said_by_name(void **state)
{
	static const char *const rows[][3] = {
	    {"", "bad_request", NULL},
	    {"{\"do\":\"status\"", "bad_request", NULL},
	    {"[]", "bad_request", "the request is not an object"},
	    {"{}", "bad_request", "do: is missing"},
	    {"{\"do\":7}", "bad_request", "do: is not a text"},
	    {"{\"do\":\"stat\"}", "unknown", "do: there is no \"stat\""},
	    {"{\"do\":\"drain\"}", "bad_request", "gateway: is missing"},
	    {"{\"do\":\"drain\",\"gatewy\":\"gw\"}", "bad_request", "gatewy: is unknown"},
	    {"{\"do\":\"drain\",\"gateway\":1}", "bad_request", "gateway: is not a text"},
	    {"{\"do\":\"drain\",\"gateway\":\"\"}", "bad_request", "gateway: is empty"},
	    {"{\"do\":\"drain\",\"gateway\":\"nobody\"}", "not_found", "gateway: there is no \"nobody\""},
	    {"{\"do\":\"status\",\"all\":true}", "bad_request", "all: is unknown"},
	    {"{\"do\":\"revoke\"}", "bad_request", "revoke: needs client, resource or both, or all"},
	    {"{\"do\":\"revoke\",\"all\":false}", "bad_request", "revoke: needs client, resource or both, or all"},
	    {"{\"do\":\"revoke\",\"all\":true,\"client\":\"laptop\"}", "bad_request",
	     "revoke: needs client, resource or both, or all"},
	    {"{\"do\":\"revoke\",\"all\":\"yes\"}", "bad_request", "all: is neither true nor false"},
	    {"{\"do\":\"revoke\",\"client\":\"laptop\",\"resource\":\"nothing\"}", "not_found",
	     "resource: there is no \"nothing\""},
	    {"{\"do\":\"token_create\"}", "bad_request", "token_create: needs one of site, actor and relay"},
	    {"{\"do\":\"token_create\",\"site\":\"lab\",\"relay\":true}", "bad_request",
	     "token_create: needs one of site, actor and relay"},
	    {"{\"do\":\"token_create\",\"relay\":false}", "bad_request", "token_create: needs one of site, actor and relay"},
	    {"{\"do\":\"token_create\",\"site\":\"attic\"}", "not_found",
	     "site: there is no \"attic\" in the portal's file"},
	    {"{\"do\":\"token_create\",\"actor\":\"lab\"}", "not_found",
	     "actor: there is no \"lab\" in the portal's file"},
	    {"{\"do\":\"token_create\",\"relay\":true,\"expires_at\":1790000000}", "bad_request",
	     "expires_at: is not in the future"},
	    {"{\"do\":\"token_create\",\"relay\":true,\"expires_at\":\"soon\"}", "bad_request",
	     "expires_at: is not an integer, seconds of Unix time"},
	    {"{\"do\":\"token_create\",\"relay\":true,\"text\":\"short\"}", "bad_request",
	     "text: is not 16 to 4096 visible characters of ASCII"},
	    {"{\"do\":\"token_create\",\"relay\":true,\"text\":\"0123456789 abcdef\"}", "bad_request",
	     "text: is not 16 to 4096 visible characters of ASCII"},
	    {"{\"do\":\"token_revoke\"}", "bad_request", "number: is missing"},
	    {"{\"do\":\"token_revoke\",\"number\":0}", "bad_request", "number: is not a positive integer"},
	    {"{\"do\":\"token_revoke\",\"number\":1.5}", "bad_request", "number: is not a positive integer"},
	    {"{\"do\":\"token_revoke\",\"number\":5}", "not_found", "number: there is no token 5"},
	};
	struct rig *r = set_up();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ask_expecting(r, rows[i][0], rows[i][1], rows[i][2]);
		assert_string_equal(r->broker.done, "");
	}
	tear_down(r);
}

static void a_request_that_is_too_long_is_refused(void **state)
{
	struct rig *r = set_up();
	char *text = malloc(REQUEST_BYTES + 2);
	assert_non_null(text);
	memset(text, ' ', REQUEST_BYTES + 1);
	memcpy(text, "{\"do\":\"relays\"}", 15);
	text[REQUEST_BYTES + 1] = 0;
	ask_expecting(r, text, "bad_request", "the request is longer than 16384 bytes");
	text[REQUEST_BYTES] = 0;
	json_decref(ask(r, text));
	assert_true(request_is_open(&r->request)); /* a list began */
	free(text);
	tear_down(r);
}

static void a_member_twice_is_refused(void **state)
{
	struct rig *r = set_up();
	ask_expecting(r, "{\"do\":\"drain\",\"gateway\":\"gw-1\",\"gateway\":\"gw-2\"}", "bad_request", NULL);
	assert_string_equal(r->broker.done, "");
	tear_down(r);
}

static void a_description_has_an_end(void **state)
{
	struct rig *r = set_up();
	char text[400];
	snprintf(text, sizeof(text), "{\"do\":\"token_create\",\"relay\":true,\"description\":\"%0256d\"}", 0);
	ask_expecting(r, text, "bad_request", "description: is longer than 255 bytes");
	tear_down(r);
}

static void a_list_is_rows_and_an_end(void **state)
{
	static const struct {
		const char *request, *member;
		json_int_t rows;
	} lists[] = {{"{\"do\":\"gateways\"}", "to_move", 4}, {"{\"do\":\"clients\"}", "online", 2},
		     {"{\"do\":\"authorizations\"}", "resource_id", 1}, {"{\"do\":\"relays\"}", "kind", 1},
		     {"{\"do\":\"tokens\"}", "number", 2}};
	struct rig *r = set_up();
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		json_t *answer = ask(r, lists[i].request);
		for (json_int_t n = 0; n < lists[i].rows; n++) {
			assert_non_null(json_object_get(json_object_get(answer, "row"), lists[i].member));
			assert_null(json_object_get(answer, "end"));
			json_decref(answer);
			answer = next(r);
		}
		assert_true(json_is_true(json_object_get(answer, "end")));
		assert_int_equal(number_at(answer, "result", "rows"), lists[i].rows);
		assert_false(request_is_open(&r->request));
		json_decref(answer);
		assert_null(next(r));
	}
	tear_down(r);
}

static void a_long_list_holds_one_row_at_a_time(void **state)
{
	struct rig *r = set_up();
	r->broker.many = 18000;
	json_t *answer = ask(r, "{\"do\":\"clients\"}");
	for (size_t i = 0; i < 18000; i++) {
		assert_true(request_is_open(&r->request));
		assert_null(r->request.last); /* nothing is kept between two answers */
		assert_non_null(json_object_get(answer, "row"));
		json_decref(answer);
		answer = next(r);
	}
	assert_int_equal(number_at(answer, "result", "rows"), 18000);
	json_decref(answer);
	tear_down(r);
}

static void a_new_request_takes_the_place_of_the_old_one(void **state)
{
	struct rig *r = set_up();
	json_decref(ask(r, "{\"do\":\"clients\"}"));
	json_t *answer = ask(r, "{\"do\":\"gateway\",\"gateway\":\"gw-1\"}");
	assert_string_equal(text_at(answer, "result", "name"), "gw-1");
	assert_null(next(r));
	json_decref(answer);
	tear_down(r);
}

static void whom_the_operator_means_is_found(void **state)
{
	static const struct {
		const char *wanted;
		unsigned int id;
	} rows[] = {
	    {"gw-1", 1},
	    {"gw-10", 2}, /* though it begins with a name */
	    {"abcdef01-0000-0000-0000-000000000002", 2},
	    {"ABCDEF01000000000000000000000002", 2},
	    {"edge", 3},
	    {"abcdef01-0000-0000-0000-000000000003", 3}, /* another is called like this */
	};
	struct rig *r = set_up();
	r->broker.n_gateways = 3;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[128], done[32];
		snprintf(text, sizeof(text), "{\"do\":\"cordon\",\"gateway\":\"%s\"}", rows[i].wanted);
		json_t *answer = ask(r, text);
		snprintf(done, sizeof(done), "cordon %u", rows[i].id);
		assert_string_equal(r->broker.done, done);
		assert_int_equal(r->broker.done_at, NOW);
		json_decref(answer);
	}
	tear_down(r);
}

static void an_id_prevails_over_a_name(void **state)
{
	struct rig *r = set_up();
	r->devices[0].name = "abcdef01-0000-0000-0000-000000000003";
	json_decref(ask(r, "{\"do\":\"cordon\",\"gateway\":\"abcdef01-0000-0000-0000-000000000003\"}"));
	assert_string_equal(r->broker.done, "cordon 3");
	tear_down(r);
}

static void what_could_be_several_is_listed_and_not_done(void **state)
{
	static const struct {
		const char *wanted;
		size_t n;
	} rows[] = {{"gw", 2}, {"edge-7", 2}, {"abcdef", 4}};
	struct rig *r = set_up();
	r->devices[2].name = r->devices[3].name = "edge-7";
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[128];
		snprintf(text, sizeof(text), "{\"do\":\"drain\",\"gateway\":\"%s\"}", rows[i].wanted);
		json_t *answer = ask(r, text), *list = json_object_get(json_object_get(answer, "error"), "candidates");
		assert_string_equal(text_at(answer, "error", "code"), "ambiguous");
		assert_int_equal(json_array_size(list), rows[i].n);
		assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "within")), "lab");
		assert_string_equal(r->broker.done, "");
		json_decref(answer);
	}
	tear_down(r);
}

static void the_list_of_those_it_could_be_has_an_end(void **state)
{
	struct rig *r = set_up();
	r->broker.many = 18000;
	json_t *answer = ask(r, "{\"do\":\"revoke\",\"client\":\"lap\"}");
	assert_int_equal(json_array_size(json_object_get(json_object_get(answer, "error"), "candidates")), 16);
	json_decref(answer);
	tear_down(r);
}

static void cordon_uncordon_and_drain_answer_with_the_gateway(void **state)
{
	struct rig *r = set_up();
	json_t *answer = ask(r, "{\"do\":\"drain\",\"gateway\":\"gw-1\"}");
	assert_string_equal(r->broker.done, "drain 1");
	assert_string_equal(text_at(answer, "result", "state"), "draining");
	assert_true(json_is_true(json_object_get(answer, "end")));
	json_decref(answer);
	answer = ask(r, "{\"do\":\"uncordon\",\"gateway\":\"gw-1\"}");
	assert_string_equal(r->broker.done, "uncordon 1");
	assert_string_equal(text_at(answer, "result", "id"), "abcdef01-0000-0000-0000-000000000001");
	json_decref(answer);
	tear_down(r);
}

static void a_gateway_that_the_broker_lost_meanwhile_is_an_error(void **state)
{
	struct rig *r = set_up();
	r->devices[0].id = fake_id(9);
	ask_expecting(r, "{\"do\":\"drain\",\"gateway\":\"gw-1\"}", "failed", "gateway: No such file or directory");
	tear_down(r);
}

static void revocation_reaches_what_was_named(void **state)
{
	static const char *const rows[][2] = {
	    {"{\"do\":\"revoke\",\"client\":\"laptop\"}", "revoke 11 -1"},
	    {"{\"do\":\"revoke\",\"resource\":\"Lab network\"}", "revoke -1 31"},
	    {"{\"do\":\"revoke\",\"client\":\"phone\",\"resource\":\"Internet Resource\"}", "revoke 12 32"},
	    {"{\"do\":\"revoke\",\"all\":true}", "revoke -1 -1"},
	};
	struct rig *r = set_up();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *answer = ask(r, rows[i][0]);
		assert_int_equal(number_at(answer, "result", "revoked"), 5);
		assert_string_equal(r->broker.done, rows[i][1]);
		json_decref(answer);
	}
	tear_down(r);
}

static void a_token_is_made_for_its_owner(void **state)
{
	struct rig *r = set_up();
	json_t *answer = ask(r, "{\"do\":\"token_create\",\"site\":\"lab\",\"expires_at\":1790000001,\"description\":\"d\"}");
	assert_string_equal(text_at(answer, "result", "token"), "made-up");
	assert_int_equal(number_at(answer, "result", "number"), 42);
	assert_int_equal(r->wanted.role, PORTAL_GATEWAY);
	assert_int_equal(r->wanted.owner.bytes[15], 21);
	assert_string_equal(r->wanted_owner, "lab");
	assert_string_equal(r->wanted_description, "d");
	assert_int_equal(r->wanted.expires_at, 1790000001);
	json_decref(answer);
	answer = ask(r, "{\"do\":\"token_create\",\"actor\":\"Jo\",\"text\":\"0123456789abcdef\"}");
	assert_string_equal(text_at(answer, "result", "token"), "0123456789abcdef");
	assert_int_equal(r->wanted.role, PORTAL_CLIENT);
	assert_int_equal(r->wanted.owner.bytes[15], 25);
	assert_true(r->wanted.expires_at == PORTAL_NEVER);
	json_decref(answer);
	json_decref(ask(r, "{\"do\":\"token_create\",\"relay\":true}"));
	assert_int_equal(r->wanted.role, PORTAL_RELAY);
	assert_string_equal(r->wanted_owner, "");
	tear_down(r);
}

static void a_token_that_the_store_refuses_is_not_shown(void **state)
{
	struct rig *r = set_up();
	r->database_is_full = true;
	ask_expecting(r, "{\"do\":\"token_create\",\"relay\":true}", "refused", "p.db: database or disk is full");
	tear_down(r);
}

static void a_revoked_token_closes_what_it_authenticated(void **state)
{
	struct rig *r = set_up();
	json_t *answer = ask(r, "{\"do\":\"token_revoke\",\"number\":3}");
	assert_int_equal(number_at(answer, "result", "closed"), 3);
	assert_string_equal(r->broker.done, "token_gone 3");
	json_decref(answer);
	tear_down(r);
}

static void reload_says_what_is_wrong_with_the_file(void **state)
{
	struct rig *r = set_up();
	json_t *answer = ask(r, "{\"do\":\"reload\"}");
	json_t *result = json_object_get(answer, "result");
	assert_true(json_is_true(json_object_get(result, "reloaded")));
	assert_string_equal(json_string_value(json_array_get(json_object_get(result, "warnings"), 0)), "p.json: policies[0]: nobody");
	assert_string_equal(json_string_value(json_array_get(json_object_get(result, "later"), 0)), "database");
	json_decref(answer);
	r->reload_fails = true;
	ask_expecting(r, "{\"do\":\"reload\"}", "refused", "p.json: sites[0].name: is missing");
	tear_down(r);
}

static void status_has_summary_and_counters(void **state)
{
	struct rig *r = set_up();
	json_t *answer = ask(r, "{\"do\":\"status\"}"), *result = json_object_get(answer, "result");
	assert_int_equal(number_at(answer, "result", "gateways"), 4);
	assert_int_equal(number_at(answer, "result", "uptime_s"), 60);
	assert_string_equal(text_at(answer, "result", "version"), "1.2");
	assert_int_equal(number_at(result, "counters", "clients_moved"), 77);
	assert_int_equal(json_object_size(json_object_get(result, "counters")), BROKER_COUNTER_KINDS);
	assert_int_equal(number_at(result, "refusals", "token"), 9);
	assert_int_equal(json_object_size(json_object_get(result, "refusals")), REFUSAL_KINDS - 1);
	assert_true(json_is_null(json_object_get(result, "store_error")));
	json_decref(answer);
	r->database_is_full = true;
	answer = ask(r, "{\"do\":\"status\"}");
	assert_string_equal(text_at(answer, "result", "store_error"), "p.db: database or disk is full");
	json_decref(answer);
	tear_down(r);
}

static void names_that_are_no_utf8_do_not_break_a_row(void **state)
{
	struct rig *r = set_up();
	r->devices[0].name = "gw\xff!";
	json_t *answer = ask(r, "{\"do\":\"gateways\"}");
	assert_string_equal(text_at(answer, "row", "name"), "gw?!");
	json_decref(answer);
	answer = ask(r, "{\"do\":\"gateway\",\"gateway\":\"\xc3\xa9tage\"}");
	assert_string_equal(text_at(answer, "error", "text"), "gateway: there is no \"\xc3\xa9tage\"");
	json_decref(answer);
	/* cut in the middle of a character */
	answer = ask(r, "{\"do\":\"gateway\",\"gateway\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\xc3\xa9\"}");
	assert_string_equal(text_at(answer, "error", "code"), "not_found");
	json_decref(answer);
	tear_down(r);
}

static void what_is_not_connected_has_no_connection(void **state)
{
	struct rig *r = set_up();
	json_t *answer = ask(r, "{\"do\":\"gateway\",\"gateway\":\"gw-1\"}");
	assert_string_equal(text_at(answer, "result", "from"), "192.0.2.1:4711");
	assert_string_equal(text_at(answer, "result", "dialect"), "v2");
	assert_string_equal(text_at(answer, "result", "ipv4"), "100.64.0.1");
	json_decref(answer);
	answer = ask(r, "{\"do\":\"gateway\",\"gateway\":\"gw-10\"}");
	static const char *const members[] = {"from", "dialect", "version", "connected_at"};
	for (size_t i = 0; i < 4; i++)
		assert_true(json_is_null(json_object_get(json_object_get(answer, "result"), members[i])));
	json_decref(answer);
	tear_down(r);
}

/* Every member of every row is in the document, and nothing else is. */
static void rows_have_the_members_of_the_document(void **state)
{
	static const char *const kinds[][2] = {
	    {"gateways", "row"}, {"clients", "row"}, {"authorizations", "row"}, {"relays", "row"}, {"tokens", "row"}, {"status", "result"},
	};
	struct rig *r = set_up();
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		char text[64];
		size_t documented = 0;
		snprintf(text, sizeof(text), "{\"do\":\"%s\"}", kinds[i][0]);
		json_t *answer = ask(r, text), *row = json_object_get(answer, kinds[i][1]);
		for (const struct row_member *m = row_members; m->row; m++) {
			if (strcmp(m->row, kinds[i][0]) != 0)
				continue;
			if (!json_object_get(row, m->name))
				fail_msg("%s has no %s", m->row, m->name);
			documented++;
		}
		assert_int_equal(json_object_size(row), documented);
		json_decref(answer);
	}
	tear_down(r);
}

/* Bytes at random and requests with one byte changed: an answer that ends, whatever they are. */
static void any_bytes_are_answered(void **state)
{
	static const char *const good[] = {
	    "{\"do\":\"gateways\"}", "{\"do\":\"drain\",\"gateway\":\"gw-1\"}", "{\"do\":\"revoke\",\"client\":\"laptop\"}",
	    "{\"do\":\"token_create\",\"actor\":\"Jo\",\"text\":\"0123456789abcdef\",\"expires_at\":1800000000}",
	};
	struct rig *r = set_up();
	uint32_t seed = 1;
	for (size_t n = 0; n < 20000; n++) {
		char text[128];
		snprintf(text, sizeof(text), "%s", good[n % 4]);
		size_t bytes = strlen(text), answers = 0;
		for (size_t k = 0; k <= n % 3; k++) {
			seed = seed * 1664525 + 1013904223;
			text[(seed >> 8) % bytes] = (char)(seed >> 24);
		}
		request_begin(&r->request, &r->requests, text, bytes, UNIX, NOW);
		for (json_t *a = next(r); a; a = next(r)) {
			answers++;
			json_decref(a);
		}
		assert_in_range(answers, 1, 10);
	}
	tear_down(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_wrong_with_a_request_is_said_by_name),
	    cmocka_unit_test(a_request_that_is_too_long_is_refused),
	    cmocka_unit_test(a_member_twice_is_refused),
	    cmocka_unit_test(a_description_has_an_end),
	    cmocka_unit_test(a_list_is_rows_and_an_end),
	    cmocka_unit_test(a_long_list_holds_one_row_at_a_time),
	    cmocka_unit_test(a_new_request_takes_the_place_of_the_old_one),
	    cmocka_unit_test(whom_the_operator_means_is_found),
	    cmocka_unit_test(an_id_prevails_over_a_name),
	    cmocka_unit_test(what_could_be_several_is_listed_and_not_done),
	    cmocka_unit_test(the_list_of_those_it_could_be_has_an_end),
	    cmocka_unit_test(cordon_uncordon_and_drain_answer_with_the_gateway),
	    cmocka_unit_test(a_gateway_that_the_broker_lost_meanwhile_is_an_error),
	    cmocka_unit_test(revocation_reaches_what_was_named),
	    cmocka_unit_test(a_token_is_made_for_its_owner),
	    cmocka_unit_test(a_token_that_the_store_refuses_is_not_shown),
	    cmocka_unit_test(a_revoked_token_closes_what_it_authenticated),
	    cmocka_unit_test(reload_says_what_is_wrong_with_the_file),
	    cmocka_unit_test(status_has_summary_and_counters),
	    cmocka_unit_test(names_that_are_no_utf8_do_not_break_a_row),
	    cmocka_unit_test(what_is_not_connected_has_no_connection),
	    cmocka_unit_test(rows_have_the_members_of_the_document),
	    cmocka_unit_test(any_bytes_are_answered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

static void about(void *arg, struct request_about *ret)
{
	static const uint64_t refused[REFUSAL_KINDS] = {[REFUSAL_TOKEN] = 9};
	*ret = (struct request_about){"1.2", "/etc/p.json", "/var/p.db", 3, UNIX - 60, refused, 0, ""};
	if (((struct rig *)arg)->database_is_full)
		ret->store_error = "p.db: database or disk is full";
}

static int token_create(void *arg, const struct request_token_wanted *w, char ret_text[BROKER_TOKEN_MAX + 1],
			uint64_t *ret_number, char ret_error[REQUEST_ERROR_BYTES])
{
	struct rig *r = arg;
	if (r->database_is_full) {
		strcpy(ret_error, "p.db: database or disk is full");
		strcpy(ret_text, "not to be seen");
		return -ENOSPC;
	}
	r->wanted = *w;
	snprintf(r->wanted_owner, sizeof(r->wanted_owner), "%s", w->owner_name);
	snprintf(r->wanted_description, sizeof(r->wanted_description), "%s", w->description ? w->description : "-");
	strcpy(ret_text, w->text ? w->text : "made-up");
	*ret_number = 42;
	return 0;
}

/* Tokens 3 and 8. */
static bool token_next(void *arg, uint64_t after, struct request_token *ret)
{
	*ret = (struct request_token){.number = after < 3 ? 3 : 8, .role = PORTAL_CLIENT, .owner_name = "Jo", .created_at = 1};
	ret->expires_at = PORTAL_NEVER;
	return after < 8;
}

static int token_revoke(void *arg, uint64_t number, char ret_error[REQUEST_ERROR_BYTES])
{
	return number == 3 || number == 8 ? 0 : -ENOENT;
}

static int reload(void *arg, const struct request_reload *said, char ret_error[REQUEST_ERROR_BYTES])
{
	struct rig *r = arg;
	said->warning(said->arg, "p.json: policies[0]: nobody");
	said->later(said->arg, "database");
	if (r->reload_fails)
		strcpy(ret_error, "p.json: sites[0].name: is missing");
	return r->reload_fails ? -EINVAL : 0;
}

static void add_device(struct rig *r, size_t i, enum portal_role role, uint8_t id, const char *name)
{
	r->devices[i] = (struct broker_device){.role = role, .id = fake_id(id), .owner = fake_id(21), .name = name, .created_at = 5};
	r->devices[i].external_id = "e";
}

static void fill_gateways(struct rig *r)
{
	static const char *const names[] = {"gw-1", "gw-10", "edge-7", "edge-8"};
	for (uint8_t i = 0; i < 4; i++) {
		add_device(r, i, PORTAL_GATEWAY, i + 1, names[i]);
		r->broker.gateways[i] = (struct broker_gateway_row){.device = &r->devices[i], .site = "lab"};
		r->broker.gateways[i].ipv4 = cp_addr_v4(100, 64, 0, (uint8_t)(i + 1), 0);
	}
	r->broker.gateways[0].state = BROKER_ONLINE;
	r->broker.gateways[0].connected_at = UNIX - 5;
	r->broker.gateways[0].version = "1.4.17";
	r->broker.gateways[0].dialect = PORTAL_V2;
	r->broker.gateways[0].from = cp_addr_v4(192, 0, 2, 1, 4711);
	r->broker.gateways[1].from = r->broker.gateways[0].from; /* of a connection that is gone */
	r->broker.gateways[1].version = "1.4.16";
	r->broker.n_gateways = 4;
}

static void fill_others(struct rig *r)
{
	add_device(r, 4, PORTAL_CLIENT, 11, "laptop");
	add_device(r, 5, PORTAL_CLIENT, 12, "phone");
	for (size_t i = 0; i < 2; i++)
		r->broker.clients[i] = (struct broker_client_row){.device = &r->devices[4 + i], .actor = "Jo"};
	r->broker.n_clients = 2;
	r->broker.authorizations[0] = (struct broker_authorization_row){
	    {fake_id(11), fake_id(31), fake_id(1), UNIX + 9}, "laptop", "Lab network", "gw-1"};
	r->broker.n_authorizations = 1;
	r->broker.relays[0] = (struct broker_relay_row){.id = fake_id(41), .kind = BROKER_RELAY_REST, .online = true};
	r->broker.n_relays = 1;
}

static void fill_world(struct rig *r)
{
	r->sites[0] = (struct portal_site){fake_id(21), "lab"};
	r->sites[1] = (struct portal_site){fake_id(22), "office"};
	r->actors[0] = (struct broker_actor){fake_id(25), "Jo", NULL};
	r->resources[0].view = (struct portal_resource){.id = fake_id(31), .name = "Lab network"};
	r->resources[1].view = (struct portal_resource){.id = fake_id(32), .type = PORTAL_RESOURCE_INTERNET};
	r->world = (struct broker_world){.sites = r->sites, .n_sites = 2, .actors = r->actors, .n_actors = 1};
	r->world.resources = r->resources;
	r->world.n_resources = 2;
}

static struct rig *set_up(void)
{
	struct rig *r = calloc(1, sizeof(*r));
	assert_non_null(r);
	fill_gateways(r);
	fill_others(r);
	fill_world(r);
	r->requests = (struct requests){&r->broker, &r->world, r, about, token_create, token_next, token_revoke, reload};
	return r;
}

static void tear_down(struct rig *r)
{
	request_end(&r->request);
	free(r);
}

/* The first answer. */
static json_t *ask(struct rig *r, const char *text)
{
	request_begin(&r->request, &r->requests, text, strlen(text), UNIX, NOW);
	return next(r);
}

static json_t *next(struct rig *r)
{
	struct request_answer a;
	if (!request_next(&r->request, &r->requests, &a))
		return NULL;
	assert_int_equal(strlen(a.text), a.bytes);
	json_t *answer = json_loadb(a.text, a.bytes, JSON_REJECT_DUPLICATES, NULL);
	request_answer_free(&a);
	assert_non_null(answer);
	return answer;
}

static void ask_expecting(struct rig *r, const char *text, const char *code, const char *error)
{
	json_t *answer = ask(r, text);
	assert_non_null(answer);
	assert_true(json_is_true(json_object_get(answer, "end")));
	assert_string_equal(text_at(answer, "error", "code"), code);
	if (error)
		assert_string_equal(text_at(answer, "error", "text"), error);
	assert_null(next(r));
	json_decref(answer);
}

static const char *text_at(json_t *o, const char *a, const char *b)
{
	const char *text = json_string_value(json_object_get(json_object_get(o, a), b));
	assert_non_null(text);
	return text;
}

static json_int_t number_at(json_t *o, const char *a, const char *b)
{
	json_t *v = json_object_get(json_object_get(o, a), b);
	assert_true(json_is_integer(v));
	return json_integer_value(v);
}
