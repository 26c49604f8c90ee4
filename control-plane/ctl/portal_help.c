/* SPDX-License-Identifier: Apache-2.0 */
/* The manual pages of `sluicectl portal`. */
#include "portal_args.h"

#define WHOM "GATEWAY is an id, a name, or the beginning of one and of no other's; what could be several is listed.\n"

static const char *const pages[PORTAL_CTL_COMMANDS] = {
    [PORTAL_CTL_NONE] =
	"usage: sluicectl portal [OPTION]... COMMAND [ARGUMENT]...\n"
	"\n"
	"Looks at a running sluice-portal and acts on it.\n"
	"\n"
	"  status             the portal at a glance\n"
	"  gateways           every gateway, its state and its clients\n"
	"  clients            every client\n"
	"  authorizations     who may use what through which gateway, and until when\n"
	"  relays             the relays that peers are told of\n"
	"  cordon GATEWAY     no new flows go through it; it stays connected\n"
	"  uncordon GATEWAY   offers it again\n"
	"  drain GATEWAY      cordons it and moves its clients to others; --wait: until nobody is left to move\n"
	"  revoke             takes authorizations back, of a --client, of a --resource, or --all\n"
	"  token create       makes a token for a --site, an --actor or a --relay, and prints it\n"
	"  token list         the tokens, without their texts\n"
	"  token revoke N     deletes a token and disconnects whom it let in\n"
	"  reload             applies the portal's changed file\n"
	"\n"
	"  -c, --config FILE      take the socket's path from this file of the portal\n"
	"  -s, --socket PATH      the portal's socket (environment: SLUICE_PORTAL_SOCKET; else\n"
	"                         /run/sluice-portal/control.sock)\n"
	"  -j, --json             one JSON object instead of text; moments are Unix seconds, docs/portal-operators.md\n"
	"                         lists the members\n"
	"  -t, --timeout SECONDS  how long to wait for an answer\n"
	"  -V, --version          print the version\n"
	"  -h, --help             this page; after a command, its own\n"
	"\n"
	"Exit code: 0 done, 1 failed or refused, 2 wrong usage, 3 done in part (clients were left when a drain was\n"
	"not waited for any longer), 4 the portal is not there.\n",
    [PORTAL_CTL_STATUS] = "usage: sluicectl portal status [--json]\n"
			  "\n"
			  "The portal at a glance: who is connected, what is granted, what was counted since the start.\n",
    [PORTAL_CTL_GATEWAYS] =
	"usage: sluicectl portal gateways [--json]\n"
	"\n"
	"Every gateway that ever joined. State: offline, online, cordoned (online, not offered), draining (its clients\n"
	"are being moved), missing (its connection closed a moment ago), rescuing (gone, its clients are being moved).\n"
	"JSON: gateways, a list.\n",
    [PORTAL_CTL_CLIENTS] = "usage: sluicectl portal clients [--json]\n"
			   "\n"
			   "Every client that ever joined.\n"
			   "JSON: clients, a list.\n",
    [PORTAL_CTL_AUTHORIZATIONS] = "usage: sluicectl portal authorizations [--json]\n"
				  "\n"
				  "Which client may use which resource through which gateway, and until when.\n"
				  "JSON: authorizations, a list.\n",
    [PORTAL_CTL_RELAYS] = "usage: sluicectl portal relays [--json]\n"
			  "\n"
			  "The relays that peers are told of: static and rest come from the portal's file, registered ones by\n"
			  "themselves with a token.\n"
			  "JSON: relays, a list.\n",
    [PORTAL_CTL_CORDON] = "usage: sluicectl portal cordon GATEWAY [--json]\n"
			  "\n"
			  "Takes a gateway out of the choice of new flows, over restarts too. What runs through it goes on.\n" WHOM
			  "JSON: the gateway as `gateways` lists it.\n",
    [PORTAL_CTL_UNCORDON] = "usage: sluicectl portal uncordon GATEWAY [--json]\n"
			    "\n"
			    "Offers a gateway again, and ends its drain.\n" WHOM
			    "JSON: the gateway as `gateways` lists it.\n",
    [PORTAL_CTL_DRAIN] =
	"usage: sluicectl portal drain GATEWAY [--wait] [--timeout SECONDS] [--json]\n"
	"\n"
	"Cordons a gateway and moves its clients to others of their sites, at a pace that the others can take. The\n"
	"gateway may be stopped when nobody is left to move. Given again, it begins anew.\n" WHOM "\n"
	"  -w, --wait        show how it goes on, until nobody is left to move\n"
	"  -t, --timeout S   with --wait: at most that long (default: 600); clients that are left then make the exit\n"
	"                    code 3, and the drain goes on\n"
	"\n"
	"JSON: the gateway as `gateways` lists it; with --wait also took_s.\n",
    [PORTAL_CTL_REVOKE] =
	"usage: sluicectl portal revoke [--client CLIENT] [--resource RESOURCE] [--json]\n"
	"       sluicectl portal revoke --all [--json]\n"
	"\n"
	"Takes authorizations back: those of a client, for a resource, or of that client for that resource. Gateways\n"
	"drop the access at once. Who is still entitled gets it again with the next packet: to keep somebody out,\n"
	"revoke the token or change the portal's file. CLIENT and RESOURCE are ids, names, or unique beginnings.\n"
	"JSON: revoked, how many.\n",
    [PORTAL_CTL_TOKEN] = "usage: sluicectl portal token create|list|revoke [ARGUMENT]...\n"
			 "\n"
			 "  token create      a new one\n"
			 "  token list        those there are\n"
			 "  token revoke N    deletes one\n",
    [PORTAL_CTL_TOKEN_CREATE] =
	"usage: sluicectl portal token create --site SITE|--actor ACTOR|--relay [OPTION]... [--json]\n"
	"\n"
	"Makes a token and prints it, alone on a line. The portal keeps no copy of it that could be shown again.\n"
	"\n"
	"  --site SITE           gateways of this site may use it, any number of them\n"
	"  --actor ACTOR         clients of this actor may use it\n"
	"  --relay               relays may use it\n"
	"  --expires WHEN        90d (s, m, h, d, w), 2027-01-31, 2027-01-31T18:00:00Z, never (default)\n"
	"  --description TEXT    for people\n"
	"  --text-from FILE      do not make one up, take it from this file (-: standard input), blanks at its end\n"
	"                        removed: for peers that have a token already\n"
	"\n"
	"JSON: number, token.\n",
    [PORTAL_CTL_TOKEN_LIST] = "usage: sluicectl portal token list [--json]\n"
			      "\n"
			      "The tokens, without their texts.\n"
			      "JSON: tokens, a list.\n",
    [PORTAL_CTL_TOKEN_REVOKE] = "usage: sluicectl portal token revoke NUMBER [--json]\n"
				"\n"
				"Deletes a token, by its number of `token list`, and closes the connections that it let in.\n"
				"JSON: closed, how many.\n",
    [PORTAL_CTL_RELOAD] = "usage: sluicectl portal reload [--json]\n"
			  "\n"
			  "Reads the portal's file again and applies what changed; nobody reconnects. A file with a mistake is refused\n"
			  "as a whole, and the mistake is named. Keys that take effect at the next start only are named too: exit code 3.\n"
			  "JSON: reloaded, warnings, later.\n",
};

const char *portal_args_help(enum portal_command command)
{
	return pages[command];
}
