/* SPDX-License-Identifier: Apache-2.0 */
/* sluicectl: the operator's command line. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "format.h"
#include "portal.h"
#include "sluice_config.h"

#define ANSWER_MS 10000u

static const struct {
	enum ctl_exit (*run)(struct ctl *ctl);
	bool only_looks;
} commands[CTL_COMMANDS] = {
    [CTL_STATUS] = {show_status, true},         [CTL_PEERS] = {show_peers, true},
    [CTL_INTERFACES] = {show_interfaces, true}, [CTL_GRAPH] = {show_graph, true},
    [CTL_DROPS] = {show_drops, true},           [CTL_CLOSE] = {do_close, false},
    [CTL_RELOAD] = {do_reload, false},
};

static int complain(const char *text, enum ctl_exit code)
{
	fprintf(stderr, "sluicectl: %s\n", text);
	if (code == CTL_USAGE)
		fprintf(stderr, "Try 'sluicectl --help'.\n");
	return code;
}

static bool wants_colour(void)
{
	const char *term = getenv("TERM"), *never = getenv("NO_COLOR");
	return isatty(STDOUT_FILENO) && (!never || !never[0]) && (!term || strcmp(term, "dumb") != 0);
}

/* The command line, then the configuration file it names, then the environment. */
static int find_dir(const struct ctl_args *args, char ret[CONFIG_ERROR_BYTES], char *error)
{
	const char *env = getenv("SLUICE_RUNTIME_DIR");
	if (args->config)
		return sluice_config_runtime_dir(args->config, ret, CONFIG_ERROR_BYTES, error);
	snprintf(ret, CONFIG_ERROR_BYTES, "%s",
		 args->runtime_dir ? args->runtime_dir
		 : env && env[0]   ? env
				   : CONFIG_RUNTIME_DIR);
	return 0;
}

static int run(struct ctl *ctl, const char *dir)
{
	bool looks = commands[ctl->args.command].only_looks;
	uint32_t ms = ctl->args.timeout_s ? ctl->args.timeout_s * 1000 : ANSWER_MS;
	enum ctl_exit code = link_open(&ctl->link, dir, looks, ms);
	if (code == CTL_OK && ctl->link.is_view && !ctl->args.json)
		fprintf(stderr, "sluicectl: sluiced is away, asking sluice-nf itself\n");
	if (code == CTL_OK)
		code = commands[ctl->args.command].run(ctl);
	link_close(&ctl->link);
	if (code != CTL_OK && code != CTL_PARTLY)
		return complain(fmt_harmless(ctl->link.error), code);
	if (fflush(ctl->out) != 0)
		return complain("cannot write the output", CTL_FAILED);
	return code;
}

int main(int argc, char **argv)
{
	static struct ctl ctl;
	char error[CONFIG_ERROR_BYTES], dir[CONFIG_ERROR_BYTES];
	ctl.out = stdout;
	ctl.colour = wants_colour();
	if (args_parse(argc, argv, &ctl.args, error) != 0)
		return complain(error, CTL_USAGE);
	if (ctl.args.command == CTL_PORTAL)
		return portal_main(argc, argv, ctl.colour);
	if (ctl.args.version) {
		printf("sluicectl %s\n", SLUICE_VERSION);
		return CTL_OK;
	}
	if (ctl.args.help) {
		fputs(args_help(ctl.args.command), stdout);
		return CTL_OK;
	}
	if (find_dir(&ctl.args, dir, error) != 0)
		return complain(error, CTL_USAGE);
	return run(&ctl, dir);
}
