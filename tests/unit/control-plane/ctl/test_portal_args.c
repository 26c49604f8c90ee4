/* SPDX-License-Identifier: Apache-2.0 */
/* control-plane/ctl/portal_args.c: what the operator said to `sluicectl portal`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "portal_args.h"

static int parse(const char *line, struct portal_args *ret, char *ret_error);

static void commands_and_their_options_are_understood(void **state)
{
	static const struct {
		const char *line;
		struct portal_args want;
	} rows[] = {
	    {"portal status", {.command = PORTAL_CTL_STATUS}},
	    {"-j portal status", {.command = PORTAL_CTL_STATUS, .json = true}},
	    {"portal gateways -j", {.command = PORTAL_CTL_GATEWAYS, .json = true}},
	    {"portal -t 5 clients", {.command = PORTAL_CTL_CLIENTS, .timeout_s = 5}},
	    {"portal authorizations", {.command = PORTAL_CTL_AUTHORIZATIONS}},
	    {"portal relays", {.command = PORTAL_CTL_RELAYS}},
	    {"portal revoke --all", {.command = PORTAL_CTL_REVOKE, .all = true}},
	    {"portal token create --relay", {.command = PORTAL_CTL_TOKEN_CREATE, .relay = true}},
	    {"portal token list --json", {.command = PORTAL_CTL_TOKEN_LIST, .json = true}},
	    {"portal token revoke 17", {.command = PORTAL_CTL_TOKEN_REVOKE, .number = 17}},
	    {"portal reload", {.command = PORTAL_CTL_RELOAD}},
	    {"portal --help", {.help = true}},
	    {"portal token --help", {.command = PORTAL_CTL_TOKEN, .help = true}},
	    {"portal drain --help", {.command = PORTAL_CTL_DRAIN, .help = true}},
	    {"--version portal", {.version = true}},
	};
	struct portal_args got;
	char error[ARGS_ERROR_BYTES];
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(parse(rows[i].line, &got, error), 0);
		assert_memory_equal(&got, &rows[i].want, sizeof(got));
	}
}

static void texts_reach_their_place(void **state)
{
	struct portal_args got;
	char error[ARGS_ERROR_BYTES];
	assert_int_equal(parse("portal -s /run/p drain gw-1 --wait --timeout=9", &got, error), 0);
	assert_string_equal(got.socket, "/run/p");
	assert_string_equal(got.gateway, "gw-1");
	assert_true(got.wait);
	assert_int_equal(got.timeout_s, 9);
	assert_int_equal(parse("-c /etc/p.json portal cordon -- --odd", &got, error), 0);
	assert_string_equal(got.config, "/etc/p.json");
	assert_string_equal(got.gateway, "--odd");
	assert_int_equal(parse("portal revoke --client laptop --resource=lab", &got, error), 0);
	assert_string_equal(got.client, "laptop");
	assert_string_equal(got.resource, "lab");
	assert_int_equal(parse("portal token create --actor Jo --expires 90d --description new --text-from -", &got, error), 0);
	assert_string_equal(got.actor, "Jo");
	assert_string_equal(got.expires, "90d");
	assert_string_equal(got.description, "new");
	assert_string_equal(got.text_from, "-");
	assert_int_equal(parse("portal token create --site lab", &got, error), 0);
	assert_string_equal(got.site, "lab");
}

static void mistakes_are_named(void **state)
{
	static const char *const rows[][2] = {
	    {"portal", "portal: no command given"},
	    {"status", "unknown command \"status\""},
	    {"portal stat", "portal: unknown command \"stat\""},
	    {"portal create", "portal: unknown command \"create\""},
	    {"portal token", "token: say create, list or revoke"},
	    {"portal token make", "portal token: unknown command \"make\""},
	    {"portal token status", "portal token: unknown command \"status\""},
	    {"portal status now", "status: \"now\" is one argument too many"},
	    {"portal drain a b", "drain: \"b\" is one argument too many"},
	    {"portal drain", "drain: name a gateway"},
	    {"portal cordon", "cordon: name a gateway"},
	    {"portal cordon a --wait", "cordon knows no --wait"},
	    {"portal status --all", "status knows no --all"},
	    {"portal revoke", "revoke: give --client, --resource or both, or --all"},
	    {"portal revoke --all --client x", "revoke: give --client, --resource or both, or --all"},
	    {"portal revoke --client=", "--client: is empty"},
	    {"portal revoke --client a --client b", "--client is given twice"},
	    {"portal token create", "token create: give one of --site, --actor and --relay"},
	    {"portal token create --site a --relay", "token create: give one of --site, --actor and --relay"},
	    {"portal token create lab", "token create: \"lab\" is one argument too many"},
	    {"portal token list --site a", "token list knows no --site"},
	    {"portal token revoke", "token revoke: name the number of a token"},
	    {"portal token revoke x7", "token revoke: \"x7\" is not the number of a token"},
	    {"portal token revoke 0", "token revoke: \"0\" is not the number of a token"},
	    {"portal status --frobnicate", "unknown option --frobnicate"},
	    {"portal status -x", "unknown option -x"},
	    {"portal status --json=yes", "--json takes no value"},
	    {"portal status --socket", "--socket needs a value"},
	    {"portal status --timeout 0", "--timeout: \"0\" is not a number from 1 to 86400"},
	    {"portal status --timeout 1s", "--timeout: \"1s\" is not a number from 1 to 86400"},
	    {"portal -c f -s d status", "--config and --socket exclude each other"},
	};
	struct portal_args got;
	char error[ARGS_ERROR_BYTES];
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(parse(rows[i][0], &got, error), -1);
		assert_string_equal(error, rows[i][1]);
	}
}

static void every_command_has_its_page(void **state)
{
	for (int c = PORTAL_CTL_NONE; c < PORTAL_CTL_COMMANDS; c++)
		assert_true(strncmp(portal_args_help((enum portal_command)c), "usage: sluicectl portal ", 24) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(commands_and_their_options_are_understood),
	    cmocka_unit_test(texts_reach_their_place),
	    cmocka_unit_test(mistakes_are_named),
	    cmocka_unit_test(every_command_has_its_page),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Words of the line as argv; what ret borrows stays valid until the next call. */
static int parse(const char *line, struct portal_args *ret, char *ret_error)
{
	static char copy[256];
	char *argv[16] = {(char[]){"sluicectl"}}, *rest = copy;
	int argc = 1;
	strcpy(copy, line);
	for (char *w = strsep(&rest, " "); w; w = strsep(&rest, " "))
		if (*w)
			argv[argc++] = w;
	return portal_args_parse(argc, argv, ret, ret_error);
}
