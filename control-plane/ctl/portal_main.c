/* SPDX-License-Identifier: Apache-2.0 */
/* `sluicectl portal`: the command line, the socket, and what goes wrong. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "format.h"
#include "portal.h"
#include "portal_config.h"

#define ANSWER_MS      10000u
#define DEFAULT_SOCKET "/run/sluice-portal/control.sock"

static enum ctl_exit (*const commands[PORTAL_CTL_COMMANDS])(struct portal_ctl *ctl) = {
    [PORTAL_CTL_STATUS] = portal_show_status,
    [PORTAL_CTL_GATEWAYS] = portal_show_list,
    [PORTAL_CTL_CLIENTS] = portal_show_list,
    [PORTAL_CTL_AUTHORIZATIONS] = portal_show_list,
    [PORTAL_CTL_RELAYS] = portal_show_list,
    [PORTAL_CTL_CORDON] = portal_do_gateway,
    [PORTAL_CTL_UNCORDON] = portal_do_gateway,
    [PORTAL_CTL_DRAIN] = portal_do_gateway,
    [PORTAL_CTL_REVOKE] = portal_do_revoke,
    [PORTAL_CTL_TOKEN_CREATE] = portal_do_token_create,
    [PORTAL_CTL_TOKEN_LIST] = portal_show_list,
    [PORTAL_CTL_TOKEN_REVOKE] = portal_do_token_revoke,
    [PORTAL_CTL_RELOAD] = portal_do_reload,
};

static int complain(const char *text, enum ctl_exit code)
{
	fprintf(stderr, "sluicectl: %s\n", text);
	if (code == CTL_USAGE)
		fprintf(stderr, "Try 'sluicectl portal --help'.\n");
	return code;
}

/* The command line, then the portal's file it names, then the environment. */
static int find_socket(const struct portal_args *args, char ret[PORTAL_CONFIG_SOCKET_BYTES],
		       char error[PORTAL_CONFIG_ERROR_BYTES])
{
	const char *env = getenv("SLUICE_PORTAL_SOCKET");
	if (args->config)
		return portal_config_control_socket(args->config, ret, error);
	const char *path = args->socket ? args->socket : env && env[0] ? env : DEFAULT_SOCKET;
	int n = snprintf(ret, PORTAL_CONFIG_SOCKET_BYTES, "%s", path);
	if (n >= 0 && n < PORTAL_CONFIG_SOCKET_BYTES)
		return 0;
	snprintf(error, PORTAL_CONFIG_ERROR_BYTES, "%.108s…: too long for the path of a socket", path);
	return -1;
}

/* Each line of it, for a terminal. */
static void make_harmless(char *text)
{
	for (char *line = text, *end; line; line = end ? end + 1 : NULL) {
		end = strchr(line, '\n');
		if (end)
			*end = 0;
		fmt_line(line);
		if (end)
			*end = '\n';
	}
}

static int run(struct portal_ctl *ctl, const char *path)
{
	uint32_t ms = ctl->args.timeout_s && !ctl->args.wait ? ctl->args.timeout_s * 1000 : ANSWER_MS;
	enum ctl_exit code = portal_talk_open(&ctl->talk, path, ms);
	if (code == CTL_OK)
		code = commands[ctl->args.command](ctl);
	portal_talk_close(&ctl->talk);
	if (code != CTL_OK && code != CTL_PARTLY) {
		make_harmless(ctl->talk.error);
		return complain(ctl->talk.error, code);
	}
	if (fflush(ctl->out) != 0)
		return complain("cannot write the output", CTL_FAILED);
	return code;
}

int portal_main(int argc, char **argv, bool colour)
{
	struct portal_ctl *ctl = calloc(1, sizeof(*ctl));
	char error[PORTAL_CONFIG_ERROR_BYTES], path[PORTAL_CONFIG_SOCKET_BYTES];
	int code = CTL_OK;
	if (!ctl)
		return complain("memory is short", CTL_FAILED);
	ctl->out = stdout;
	ctl->colour = colour;
	ctl->unix_now = time(NULL);
	if (portal_args_parse(argc, argv, &ctl->args, error) != 0)
		code = complain(error, CTL_USAGE);
	else if (ctl->args.version)
		printf("sluicectl %s\n", SLUICE_VERSION);
	else if (ctl->args.help)
		fputs(portal_args_help(ctl->args.command), stdout);
	else if (!portal_find_expiry(ctl, error))
		code = complain(error, CTL_USAGE);
	else if (find_socket(&ctl->args, path, error) != 0)
		code = complain(error, CTL_USAGE);
	else
		code = run(ctl, path);
	free(ctl);
	return code;
}
