/* SPDX-License-Identifier: Apache-2.0 */
/* control-plane/ctl/args.c and match.c: what the operator said, and whom he meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "args.h"
#include "match.h"

static int parse(const char *line, struct ctl_args *ret, char *ret_error);

static void commands_and_their_options_are_understood(void **state)
{
	static const struct {
		const char *line;
		struct ctl_args want;
	} rows[] = {
	    {"status", {.command = CTL_STATUS}},
	    {"status --json", {.command = CTL_STATUS, .json = true}},
	    {"-j status", {.command = CTL_STATUS, .json = true}},
	    {"peers", {.command = CTL_PEERS}},
	    {"graph --stats", {.command = CTL_GRAPH, .stats = true}},
	    {"drops --all --json", {.command = CTL_DROPS, .all = true, .json = true}},
	    {"close --all --pace 500", {.command = CTL_CLOSE, .all = true, .peers_per_s = 500}},
	    {"--timeout=3 reload", {.command = CTL_RELOAD, .timeout_s = 3}},
	    {"-t 3 reload", {.command = CTL_RELOAD, .timeout_s = 3}},
	    {"--version", {.version = true}},
	    {"close --help", {.command = CTL_CLOSE, .help = true}},
	    {"-j portal --nobody-knows", {.command = CTL_PORTAL, .json = true}}, /* the rest is not for it */
	};
	struct ctl_args got;
	char error[ARGS_ERROR_BYTES];
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(parse(rows[i].line, &got, error), 0);
		assert_memory_equal(&got, &rows[i].want, sizeof(got));
	}
}

static void strings_reach_their_place(void **state)
{
	struct ctl_args got;
	char error[ARGS_ERROR_BYTES];
	assert_int_equal(parse("-d /run/x close laptop --linger=250", &got, error), 0);
	assert_string_equal(got.runtime_dir, "/run/x");
	assert_string_equal(got.peer, "laptop");
	assert_int_equal(got.linger_ms, 250);
	assert_int_equal(parse("--config=/etc/sluice.json status", &got, error), 0);
	assert_string_equal(got.config, "/etc/sluice.json");
	assert_int_equal(parse("close -- --odd", &got, error), 0);
	assert_string_equal(got.peer, "--odd");
}

static void mistakes_are_named(void **state)
{
	static const char *const rows[][2] = {
	    {"", "no command given"},
	    {"stat", "unknown command \"stat\""},
	    {"status --frobnicate", "unknown option --frobnicate"},
	    {"-x status", "unknown option -x"},
	    {"status now", "status: \"now\" is one argument too many"},
	    {"close a b", "close: \"b\" is one argument too many"},
	    {"close", "close: name one peer, or give --all"},
	    {"close a --all", "close: name one peer, or give --all"},
	    {"close a --pace 5", "close: --pace goes with --all"},
	    {"status --all", "status knows no --all"},
	    {"reload --linger 5", "reload knows no --linger"},
	    {"close a --linger", "--linger needs a value"},
	    {"close a --linger 1s", "--linger: \"1s\" is not a number up to 60000"},
	    {"close a --linger -1", "--linger: \"-1\" is not a number up to 60000"},
	    {"close a --linger 60001", "--linger: \"60001\" is not a number up to 60000"},
	    {"status --json=yes", "--json takes no value"},
	    {"-c f -d d status", "--config and --runtime-dir exclude each other"},
	};
	struct ctl_args got;
	char error[ARGS_ERROR_BYTES];
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(parse(rows[i][0], &got, error), -1);
		assert_string_equal(error, rows[i][1]);
	}
}

static void every_command_has_its_page(void **state)
{
	for (int c = CTL_NONE; c < CTL_COMMANDS; c++)
		assert_true(strncmp(args_help((enum ctl_command)c), "usage: sluicectl ", 17) == 0);
}

static const struct match_peer people[] = {
    {"ada", "AAAA1111"},
    {"adam", "AAAA2222"},
    {"eve", "BBBB3333"},
};

static void a_peer_is_found_by_name_key_or_unique_beginning(void **state)
{
	static const struct {
		const char *wanted;
		int index;
	} rows[] = {
	    {"ada", 0},
	    {"adam", 1},
	    {"e", 2},
	    {"AAAA2222", 1},
	    {"AAAA1", 0},
	    {"B", 2},
	    {"a", MATCH_AMBIGUOUS},
	    {"AAAA", MATCH_AMBIGUOUS},
	    {"zoe", MATCH_NONE},
	    {"adams", MATCH_NONE},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t a = 9, b = 9;
		assert_int_equal(match_peer(people, 3, rows[i].wanted, &a, &b), rows[i].index);
		if (rows[i].index == MATCH_AMBIGUOUS)
			assert_true(a == 0 && b == 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(commands_and_their_options_are_understood),
	    cmocka_unit_test(strings_reach_their_place),
	    cmocka_unit_test(mistakes_are_named),
	    cmocka_unit_test(every_command_has_its_page),
	    cmocka_unit_test(a_peer_is_found_by_name_key_or_unique_beginning),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Words of the line as argv; what ret borrows stays valid until the next call. */
static int parse(const char *line, struct ctl_args *ret, char *ret_error)
{
	static char copy[256];
	char *argv[16] = {(char[]){"sluicectl"}}, *rest = copy;
	int argc = 1;
	strcpy(copy, line);
	for (char *w = strsep(&rest, " "); w; w = strsep(&rest, " "))
		if (*w)
			argv[argc++] = w;
	return args_parse(argc, argv, ret, ret_error);
}
