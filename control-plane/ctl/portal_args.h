/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of `sluicectl portal`, as values. Pure: no environment, no output. */
#ifndef CTL_PORTAL_ARGS_H
#define CTL_PORTAL_ARGS_H

#include "args.h"

enum portal_command {
	PORTAL_CTL_NONE,
	PORTAL_CTL_STATUS,
	PORTAL_CTL_GATEWAYS,
	PORTAL_CTL_CLIENTS,
	PORTAL_CTL_AUTHORIZATIONS,
	PORTAL_CTL_RELAYS,
	PORTAL_CTL_CORDON,
	PORTAL_CTL_UNCORDON,
	PORTAL_CTL_DRAIN,
	PORTAL_CTL_REVOKE,
	PORTAL_CTL_TOKEN, /* and one of the next */
	PORTAL_CTL_TOKEN_CREATE,
	PORTAL_CTL_TOKEN_LIST,
	PORTAL_CTL_TOKEN_REVOKE,
	PORTAL_CTL_RELOAD,
	PORTAL_CTL_COMMANDS
};

struct portal_args {
	enum portal_command command; /* NONE and TOKEN only with help or version */
	bool help, version, json, all, wait, relay;
	const char *config; /* strings: borrowed from argv; NULL when not given */
	const char *socket;
	const char *gateway, *client, *resource, *site, *actor;
	const char *expires, *description, *text_from;
	uint32_t number;    /* of a token */
	uint32_t timeout_s; /* 0: a default that suits the command */
};

/* The whole line; its first word is "portal". 0, or -1 with ret_error: what is wrong, for one line. */
int portal_args_parse(int argc, char *const *argv, struct portal_args *ret, char ret_error[ARGS_ERROR_BYTES]);

/* Manual pages: of one command, or of all of them (NONE). Static text. */
const char *portal_args_help(enum portal_command command);

#endif
