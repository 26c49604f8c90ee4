/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands of `sluicectl portal` against answers that a test gives: what is asked, what is printed, the exit code.
 *
 *     command ── SEQPACKET pair ── answers, written before
 */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "portal.h"

#define NOW 1790000000

struct rig {
	struct portal_ctl ctl;
	int portal; /* the far end */
	char *printed;
	size_t bytes;
};

static struct rig *set_up(enum portal_command command);
static void tear_down(struct rig *r);
static void answer(struct rig *r, const char *text);
static enum ctl_exit run(struct rig *r, enum ctl_exit (*command)(struct portal_ctl *ctl));
static void assert_asked(struct rig *r, const char *text);

static const char gateways[][512] = {
    "{\"row\":{\"id\":\"6f6e6520-0000-8000-8000-000000000001\",\"name\":\"gw-1\",\"site\":\"lab\",\"state\":\"online\",\"cordoned\":false,"
    "\"clients\":12345,\"to_move\":0,\"version\":\"1.4.17\",\"dialect\":\"v1\",\"ours\":false,\"ipv4\":\"100.64.0.1\","
    "\"from\":\"192.0.2.1:4711\",\"connected_at\":1789999940,\"seen_at\":1789999940}}",
    "{\"row\":{\"id\":\"6f6e6520-0000-8000-8000-000000000002\",\"name\":\"\xc3\xa9tage\",\"site\":\"office\",\"state\":\"offline\","
    "\"cordoned\":true,\"clients\":0,\"to_move\":0,\"version\":null,\"dialect\":null,\"ours\":true,\"ipv4\":\"100.64.0.2\","
    "\"from\":null,\"seen_at\":null}}",
    "{\"end\":true,\"result\":{\"rows\":2}}",
};

static void gateways_are_a_table(void **state)
{
	struct rig *r = set_up(PORTAL_CTL_GATEWAYS);
	for (size_t i = 0; i < 3; i++)
		answer(r, gateways[i]);
	assert_int_equal(run(r, portal_show_list), CTL_OK);
	assert_asked(r, "{\"do\":\"gateways\"}");
	assert_string_equal(
	    r->printed,
	    "NAME   SITE    STATE              CLIENTS  TO MOVE  VERSION    TUNNEL      FROM            SEEN           ID\n"
	    "gw-1   lab     online              12 345        0  1.4.17 v1  100.64.0.1  192.0.2.1:4711  for 1 min 0 s  "
	    "6f6e6520-0000-8000-8000-000000000001\n"
	    "\xc3\xa9tage  office  offline, cordoned        0        0  -          100.64.0.2  -               never          "
	    "6f6e6520-0000-8000-8000-000000000002\n");
	tear_down(r);
}

static void gateways_are_json(void **state)
{
	struct rig *r = set_up(PORTAL_CTL_GATEWAYS);
	r->ctl.args.json = true;
	for (size_t i = 0; i < 3; i++)
		answer(r, gateways[i]);
	assert_int_equal(run(r, portal_show_list), CTL_OK);
	json_t *o = json_loads(r->printed, 0, NULL), *list = json_object_get(o, "gateways");
	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(portal_text(json_array_get(list, 1), "name", NULL), "\xc3\xa9tage");
	assert_null(strstr(r->printed, "\xc3")); /* ASCII only */
	json_decref(o);
	tear_down(r);
}

static void an_empty_list_says_so(void **state)
{
	static const struct {
		enum portal_command command;
		const char *text, *json;
	} rows[] = {{PORTAL_CTL_GATEWAYS, "no gateways\n", "gateways"}, {PORTAL_CTL_TOKEN_LIST, "no tokens\n", "tokens"},
		    {PORTAL_CTL_CLIENTS, "no clients\n", "clients"}, {PORTAL_CTL_RELAYS, "no relays\n", "relays"},
		    {PORTAL_CTL_AUTHORIZATIONS, "no authorizations\n", "authorizations"}};
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig *r = set_up(rows[i / 2].command);
		r->ctl.args.json = i % 2;
		answer(r, "{\"end\":true,\"result\":{\"rows\":0}}");
		assert_int_equal(run(r, portal_show_list), CTL_OK);
		json_t *o = json_loads(r->printed, 0, NULL);
		if (i % 2)
			assert_true(json_is_array(json_object_get(o, rows[i / 2].json)));
		else
			assert_string_equal(r->printed, rows[i / 2].text);
		json_decref(o);
		tear_down(r);
	}
}

static void what_a_remote_called_itself_is_harmless(void **state)
{
	struct rig *r = set_up(PORTAL_CTL_CLIENTS);
	answer(r, "{\"row\":{\"id\":\"i\",\"name\":\"a\\u001b[31m\\nb\\u009bc\\u202ed\",\"actor\":\"Jo\",\"online\":true}}");
	answer(r, "{\"end\":true,\"result\":{\"rows\":1}}");
	assert_int_equal(run(r, portal_show_list), CTL_OK);
	assert_non_null(strstr(r->printed, "\na?[31m?b??c???d  Jo"));
	tear_down(r);
}

static void tokens_clients_relays_and_authorizations_are_tables(void **state)
{
	static const struct {
		enum portal_command command;
		const char *row, *line;
	} rows[] = {
	    {PORTAL_CTL_TOKEN_LIST,
	     "{\"row\":{\"number\":7,\"kind\":\"gateway\",\"owner\":\"lab\",\"description\":null,\"expires_at\":null,"
	     "\"last_used_at\":null,\"created_at\":1790000000}}",
	     "     7  gateway  lab    never       never      just now  -\n"},
	    {PORTAL_CTL_TOKEN_LIST, "{\"row\":{\"number\":8,\"kind\":\"relay\",\"owner\":null,\"expires_at\":1789999999}}",
	     "     8  relay  -      2026-09-21 14:13 (over)  never      never    -\n"},
	    {PORTAL_CTL_CLIENTS,
	     "{\"row\":{\"id\":\"i\",\"name\":\"n\",\"actor\":\"Jo\",\"online\":true,\"authorizations\":2,\"version\":\"1\","
	     "\"dialect\":\"v2\",\"ours\":true,\"ipv4\":\"100.64.0.9\",\"from\":\"[2001:db8::1]:9\",\"seen_at\":1790000000}}",
	     "n     Jo     online         2  1 v2 *   100.64.0.9  [2001:db8::1]:9  just now  i\n"},
	    {PORTAL_CTL_RELAYS,
	     "{\"row\":{\"id\":\"i\",\"kind\":\"rest\",\"ipv4\":\"192.0.2.9:3478\",\"ipv6\":null,\"online\":false,\"peers\":3}}",
	     "192.0.2.9:3478  -     rest  gone       3  i\n"},
	    {PORTAL_CTL_AUTHORIZATIONS,
	     "{\"row\":{\"client\":\"c\",\"client_id\":\"ci\",\"resource\":\"r\",\"resource_id\":\"ri\",\"gateway\":\"g\","
	     "\"expires_at\":1801418405}}",
	     "c       r         g        2027-01-31 18:00  ci         ri\n"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig *r = set_up(rows[i].command);
		answer(r, rows[i].row);
		answer(r, "{\"end\":true,\"result\":{\"rows\":1}}");
		assert_int_equal(run(r, portal_show_list), CTL_OK);
		assert_non_null(strchr(r->printed, '\n'));
		assert_string_equal(strchr(r->printed, '\n') + 1, rows[i].line);
		tear_down(r);
	}
}

static void a_refusal_is_told_with_those_it_could_be(void **state)
{
	struct rig *r = set_up(PORTAL_CTL_CORDON);
	r->ctl.args.gateway = "gw";
	answer(r, "{\"end\":true,\"error\":{\"code\":\"ambiguous\",\"text\":\"gateway: \\\"gw\\\" could be several\",\"candidates\":["
		  "{\"id\":\"i1\",\"name\":\"gw-1\",\"within\":\"lab\"},{\"id\":\"i2\",\"name\":\"gw-2\",\"within\":null}]}}");
	assert_int_equal(run(r, portal_do_gateway), CTL_FAILED);
	assert_asked(r, "{\"do\":\"cordon\",\"gateway\":\"gw\"}");
	assert_string_equal(r->ctl.talk.error, "gateway: \"gw\" could be several\n  i1  gw-1  (lab)\n  i2  gw-2");
	assert_string_equal(r->printed, "");
	tear_down(r);
}

static void a_portal_that_hangs_up_or_raves_is_an_error(void **state)
{
	static const char *const rows[][2] = {
	    {NULL, "the portal hung up"},
	    {"{", "what the portal says is not understood"},
	    {"[1]", "what the portal says is not understood"},
	    {"{\"end\":true}", "what the portal says is not understood"},
	    {"{\"end\":true,\"result\":7}", "what the portal says is not understood"},
	    {"{\"end\":true,\"error\":{}}", "refused"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig *r = set_up(PORTAL_CTL_STATUS);
		if (rows[i][0])
			answer(r, rows[i][0]);
		shutdown(r->portal, SHUT_WR);
		assert_int_equal(run(r, portal_show_status), CTL_FAILED);
		assert_string_equal(r->ctl.talk.error, rows[i][1]);
		tear_down(r);
	}
}

static const char busy[] = "{\"end\":true,\"error\":{\"code\":\"busy\",\"text\":\"too many\"}}";

static void assert_told(struct rig *r)
{
	json_t *result = NULL;
	assert_int_equal(portal_ask(&r->ctl, json_object(), &result), CTL_FAILED);
	assert_string_equal(r->ctl.talk.error, "too many");
	fclose(r->ctl.out);
	tear_down(r);
}

/* It answered and closed before it was asked: sending fails. */
static void what_a_portal_said_before_it_was_asked_is_read(void **state)
{
	struct rig *r = set_up(PORTAL_CTL_STATUS);
	answer(r, busy);
	assert_int_equal(send(r->ctl.talk.fd, "x", 1, 0), 1);
	close(r->portal);
	r->portal = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_told(r);
}

/* It closed without reading what it was asked: the answer stands behind a reset. */
static void what_a_portal_said_before_it_hung_up_is_read(void **state)
{
	struct rig *r = set_up(PORTAL_CTL_STATUS);
	pid_t portal = fork();
	assert_true(portal >= 0);
	if (portal == 0) {
		struct pollfd p = {.fd = r->portal, .events = POLLIN};
		close(r->ctl.talk.fd);
		_exit(poll(&p, 1, 5000) != 1 || send(r->portal, busy, sizeof(busy) - 1, 0) < 0);
	}
	close(r->portal);
	r->portal = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int status = 1;
	r->ctl.talk.timeout_ms = 5000;
	assert_told(r);
	assert_int_equal(waitpid(portal, &status, 0), portal);
	assert_int_equal(status, 0);
}

static void a_silent_portal_is_not_waited_for(void **state)
{
	struct rig *r = set_up(PORTAL_CTL_STATUS);
	r->ctl.talk.timeout_ms = 20;
	assert_int_equal(run(r, portal_show_status), CTL_FAILED);
	assert_string_equal(r->ctl.talk.error, "no answer within the time");
	tear_down(r);
}

static void a_drain_is_followed_to_its_end(void **state)
{
	struct rig *r = set_up(PORTAL_CTL_DRAIN);
	r->ctl.args.gateway = "gw-1";
	r->ctl.args.wait = true;
	answer(r, "{\"end\":true,\"result\":{\"id\":\"i\",\"name\":\"gw-1\",\"site\":\"lab\",\"state\":\"draining\",\"clients\":9,\"to_move\":9}}");
	answer(r, "{\"end\":true,\"result\":{\"id\":\"i\",\"name\":\"gw-1\",\"site\":\"lab\",\"state\":\"draining\",\"clients\":4,\"to_move\":4}}");
	answer(r, "{\"end\":true,\"result\":{\"id\":\"i\",\"name\":\"gw-1\",\"site\":\"lab\",\"state\":\"draining\",\"clients\":0,\"to_move\":0}}");
	assert_int_equal(run(r, portal_do_gateway), CTL_OK);
	assert_asked(r, "{\"do\":\"drain\",\"gateway\":\"gw-1\"}");
	assert_asked(r, "{\"do\":\"gateway\",\"gateway\":\"i\"}"); /* by id: names may change */
	assert_asked(r, "{\"do\":\"gateway\",\"gateway\":\"i\"}");
	static const char want[] = "gateway gw-1 of lab: draining, 9 clients, 9 to be moved\n  9 left to move\n  4 left to move\n"
				   "nobody is left to move, after ";
	assert_int_equal(strncmp(r->printed, want, sizeof(want) - 1), 0);
	tear_down(r);
}

static void a_drain_that_takes_too_long_is_left_alone(void **state)
{
	struct rig *r = set_up(PORTAL_CTL_DRAIN);
	r->ctl.args = (struct portal_args){.command = PORTAL_CTL_DRAIN, .gateway = "g", .wait = true, .timeout_s = 1, .json = true};
	for (int i = 0; i < 20; i++)
		answer(r, "{\"end\":true,\"result\":{\"id\":\"i\",\"name\":\"g\",\"site\":\"s\",\"state\":\"draining\",\"clients\":1,\"to_move\":1}}");
	assert_int_equal(run(r, portal_do_gateway), CTL_PARTLY);
	json_t *o = json_loads(r->printed, 0, NULL);
	assert_true(json_real_value(json_object_get(o, "took_s")) >= 1);
	json_decref(o);
	tear_down(r);
}

static void cordon_prints_what_the_gateway_is_now(void **state)
{
	struct rig *r = set_up(PORTAL_CTL_UNCORDON);
	r->ctl.args.gateway = "gw-1";
	answer(r, "{\"end\":true,\"result\":{\"name\":\"gw-1\",\"site\":\"lab\",\"state\":\"online\",\"clients\":1,\"to_move\":0}}");
	assert_int_equal(run(r, portal_do_gateway), CTL_OK);
	assert_asked(r, "{\"do\":\"uncordon\",\"gateway\":\"gw-1\"}");
	assert_string_equal(r->printed, "gateway gw-1 of lab: online, 1 client\n");
	tear_down(r);
}

static void a_cordon_is_shown_unless_the_state_says_it(void **state)
{
	static const char *const rows[][2] = {{"missing", ", cordoned"}, {"offline", ", cordoned"}, {"cordoned", ""}, {"draining", ""}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *row = json_pack("{s:s, s:b}", "state", rows[i][0], "cordoned", 1);
		assert_string_equal(portal_state_more(row), rows[i][1]);
		json_object_set_new(row, "cordoned", json_false());
		assert_string_equal(portal_state_more(row), "");
		json_decref(row);
	}
}

static void revoke_asks_for_what_was_named(void **state)
{
	static const struct {
		struct portal_args args;
		const char *asked;
	} rows[] = {
	    {{.client = "c"}, "{\"do\":\"revoke\",\"client\":\"c\"}"},
	    {{.resource = "r"}, "{\"do\":\"revoke\",\"resource\":\"r\"}"},
	    {{.client = "c", .resource = "r"}, "{\"do\":\"revoke\",\"client\":\"c\",\"resource\":\"r\"}"},
	    {{.all = true}, "{\"do\":\"revoke\",\"all\":true}"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig *r = set_up(PORTAL_CTL_REVOKE);
		r->ctl.args = rows[i].args;
		answer(r, "{\"end\":true,\"result\":{\"revoked\":3}}");
		assert_int_equal(run(r, portal_do_revoke), CTL_OK);
		assert_asked(r, rows[i].asked);
		assert_string_equal(r->printed, "3 authorizations taken back\n");
		tear_down(r);
	}
}

static void a_new_token_is_alone_on_stdout(void **state)
{
	struct rig *r = set_up(PORTAL_CTL_TOKEN_CREATE);
	r->ctl.args.site = "lab";
	r->ctl.args.expires = "1d";
	char error[ARGS_ERROR_BYTES];
	assert_true(portal_find_expiry(&r->ctl, error));
	answer(r, "{\"end\":true,\"result\":{\"number\":4,\"token\":\"slp_g_abc\"}}");
	assert_int_equal(run(r, portal_do_token_create), CTL_OK);
	assert_asked(r, "{\"do\":\"token_create\",\"site\":\"lab\",\"expires_at\":1790086400}");
	assert_string_equal(r->printed, "slp_g_abc\n");
	for (size_t i = 0; i < sizeof(r->ctl.talk.in); i++)
		assert_int_equal(r->ctl.talk.in[i], 0); /* no copy stays behind */
	tear_down(r);
}

static void a_token_is_read_from_a_file(void **state)
{
	static const struct {
		const char *text, *error;
	} rows[] = {{"0123456789abcdef \r\n\n", NULL}, {"", "is empty"}, {" \n", "is empty"}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char path[] = "/tmp/tokenXXXXXX";
		int fd = mkstemp(path);
		assert_true(fd >= 0);
		assert_int_equal(write(fd, rows[i].text, strlen(rows[i].text)), strlen(rows[i].text));
		close(fd);
		struct rig *r = set_up(PORTAL_CTL_TOKEN_CREATE);
		r->ctl.args.relay = true;
		r->ctl.args.text_from = path;
		answer(r, "{\"end\":true,\"result\":{\"number\":4,\"token\":\"t\"}}");
		assert_int_equal(run(r, portal_do_token_create), rows[i].error ? CTL_FAILED : CTL_OK);
		if (rows[i].error)
			assert_non_null(strstr(r->ctl.talk.error, rows[i].error));
		else
			assert_asked(r, "{\"do\":\"token_create\",\"text\":\"0123456789abcdef\",\"relay\":true}");
		tear_down(r);
		unlink(path);
	}
}

static void an_expiry_that_is_none_is_named(void **state)
{
	struct rig *r = set_up(PORTAL_CTL_TOKEN_CREATE);
	char error[ARGS_ERROR_BYTES] = "";
	assert_true(portal_find_expiry(&r->ctl, error));
	assert_true(r->ctl.expires_at == INT64_MAX); /* never */
	r->ctl.args.expires = "yesterday";
	assert_false(portal_find_expiry(&r->ctl, error));
	assert_non_null(strstr(error, "--expires: \"yesterday\""));
	fclose(r->ctl.out);
	tear_down(r);
}

static void a_reload_tells_what_must_wait(void **state)
{
	struct rig *r = set_up(PORTAL_CTL_RELOAD);
	answer(r, "{\"end\":true,\"result\":{\"reloaded\":true,\"warnings\":[\"p.json: policies[0]: nobody\"],\"later\":[\"database\"]}}");
	assert_int_equal(run(r, portal_do_reload), CTL_PARTLY);
	assert_asked(r, "{\"do\":\"reload\"}");
	assert_string_equal(r->printed,
			    "reloaded\n  warning: p.json: policies[0]: nobody\n  database: takes effect at the next start\n");
	tear_down(r);
}

static void a_token_is_revoked_by_number(void **state)
{
	struct rig *r = set_up(PORTAL_CTL_TOKEN_REVOKE);
	r->ctl.args.number = 5;
	answer(r, "{\"end\":true,\"result\":{\"closed\":1}}");
	assert_int_equal(run(r, portal_do_token_revoke), CTL_OK);
	assert_asked(r, "{\"do\":\"token_revoke\",\"number\":5}");
	assert_string_equal(r->printed, "token 5 is revoked, 1 connection closed\n");
	tear_down(r);
}

static void status_names_what_is_not_zero(void **state)
{
	struct rig *r = set_up(PORTAL_CTL_STATUS);
	answer(r, "{\"end\":true,\"result\":{\"version\":\"0.1\",\"uptime_s\":61,\"gateways\":2,\"gateways_online\":1,\"ready\":false,"
		  "\"store_waiting\":7,\"store_error\":\"p.db: disk is full\",\"refusals\":{\"token\":5,\"method\":0},"
		  "\"counters\":{\"rescues\":0,\"clients_moved\":1200}}}");
	assert_int_equal(run(r, portal_show_status), CTL_OK);
	assert_non_null(strstr(r->printed, "sluice-portal 0.1\n  up for          1 min 1 s\n"));
	assert_non_null(strstr(r->printed, "  gateways        2, 1 online\n"));
	assert_non_null(strstr(r->printed, "    clients_moved                    1 200\n"));
	assert_non_null(strstr(r->printed, "nobody is rescued"));
	assert_non_null(strstr(r->printed, "  7 rows wait for the database: p.db: disk is full\n"));
	assert_non_null(strstr(r->printed, "  turned away since the start\n    token                            5\n"));
	assert_null(strstr(r->printed, "rescues"));
	assert_null(strstr(r->printed, "method"));
	tear_down(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(gateways_are_a_table),
	    cmocka_unit_test(gateways_are_json),
	    cmocka_unit_test(an_empty_list_says_so),
	    cmocka_unit_test(what_a_remote_called_itself_is_harmless),
	    cmocka_unit_test(tokens_clients_relays_and_authorizations_are_tables),
	    cmocka_unit_test(a_refusal_is_told_with_those_it_could_be),
	    cmocka_unit_test(a_portal_that_hangs_up_or_raves_is_an_error),
	    cmocka_unit_test(what_a_portal_said_before_it_was_asked_is_read),
	    cmocka_unit_test(what_a_portal_said_before_it_hung_up_is_read),
	    cmocka_unit_test(a_silent_portal_is_not_waited_for),
	    cmocka_unit_test(a_drain_is_followed_to_its_end),
	    cmocka_unit_test(a_drain_that_takes_too_long_is_left_alone),
	    cmocka_unit_test(cordon_prints_what_the_gateway_is_now),
	    cmocka_unit_test(a_cordon_is_shown_unless_the_state_says_it),
	    cmocka_unit_test(revoke_asks_for_what_was_named),
	    cmocka_unit_test(a_new_token_is_alone_on_stdout),
	    cmocka_unit_test(a_token_is_read_from_a_file),
	    cmocka_unit_test(an_expiry_that_is_none_is_named),
	    cmocka_unit_test(a_reload_tells_what_must_wait),
	    cmocka_unit_test(a_token_is_revoked_by_number),
	    cmocka_unit_test(status_names_what_is_not_zero),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

static struct rig *set_up(enum portal_command command)
{
	struct rig *r = calloc(1, sizeof(*r));
	int pair[2];
	assert_non_null(r);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	r->ctl.args.command = command;
	r->ctl.talk.fd = pair[0];
	r->ctl.talk.timeout_ms = 2000;
	r->ctl.unix_now = NOW;
	r->ctl.expires_at = INT64_MAX;
	r->portal = pair[1];
	r->ctl.out = open_memstream(&r->printed, &r->bytes);
	assert_non_null(r->ctl.out);
	return r;
}

static void tear_down(struct rig *r)
{
	portal_talk_close(&r->ctl.talk);
	close(r->portal);
	free(r->printed);
	free(r);
}

static void answer(struct rig *r, const char *text)
{
	assert_int_equal(send(r->portal, text, strlen(text), 0), strlen(text));
}

static enum ctl_exit run(struct rig *r, enum ctl_exit (*command)(struct portal_ctl *ctl))
{
	enum ctl_exit code = command(&r->ctl);
	fclose(r->ctl.out);
	return code;
}

/* The next request that the portal got. */
static void assert_asked(struct rig *r, const char *text)
{
	char got[1024];
	ssize_t n = recv(r->portal, got, sizeof(got) - 1, MSG_DONTWAIT);
	assert_true(n > 0);
	got[n] = 0;
	assert_string_equal(got, text);
}
