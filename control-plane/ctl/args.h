/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of sluicectl, as values. Pure: no environment, no output. */
#ifndef CTL_ARGS_H
#define CTL_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include "option.h"

enum ctl_command {
	CTL_NONE,
	CTL_STATUS,
	CTL_PEERS,
	CTL_INTERFACES,
	CTL_GRAPH,
	CTL_DROPS,
	CTL_CLOSE,
	CTL_RELOAD,
	CTL_PORTAL, /* with words and options of its own: portal_args.h */
	CTL_COMMANDS
};

struct ctl_args {
	enum ctl_command command; /* CTL_NONE only with help or version */
	bool help, version, json, all, stats;
	const char *config; /* strings: borrowed from argv; NULL when not given */
	const char *runtime_dir;
	const char *peer;     /* of close and peers */
	uint32_t linger_ms;   /* 0: what the network function does by default */
	uint32_t peers_per_s; /* 0: likewise */
	uint32_t timeout_s;   /* 0: a default that suits the command */
};

/* 0, or -1 with ret_error: what is wrong, for one line. At the command "portal" it stops. */
int args_parse(int argc, char *const *argv, struct ctl_args *ret, char ret_error[ARGS_ERROR_BYTES]);

/* Manual pages: of one command, or of all of them (CTL_NONE). Static text. */
const char *args_help(enum ctl_command command);

#endif
