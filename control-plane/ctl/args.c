/* SPDX-License-Identifier: Apache-2.0 */
#include "args.h"

#include <stdio.h>
#include <string.h>

#define OF(command) (1u << (command))
#define OF_ANY      UINT32_MAX

static const char *const names[CTL_COMMANDS] = {
    [CTL_STATUS] = "status", [CTL_PEERS] = "peers", [CTL_INTERFACES] = "interfaces", [CTL_GRAPH] = "graph",
    [CTL_DROPS] = "drops",   [CTL_CLOSE] = "close", [CTL_RELOAD] = "reload", [CTL_PORTAL] = "portal",
};

static const char *const pages[CTL_COMMANDS] = {
    [CTL_NONE] =
	"usage: sluicectl [OPTION]... COMMAND [ARGUMENT]...\n"
	"\n"
	"Looks at a running Sluice node and acts on it.\n"
	"\n"
	"  status            the node at a glance\n"
	"  peers [PEER]      peers, their sessions and traffic\n"
	"  interfaces        interfaces and the ports under them\n"
	"  graph             the packet graph that runs, as DOT; --stats: cycles per node\n"
	"  drops             packets that ended here, and events, by name\n"
	"  close PEER        says goodbye to a peer and waits for the report; --all: to every peer\n"
	"  reload            applies the changed configuration file\n"
	"  portal COMMAND    looks at a sluice-portal and acts on it: sluicectl portal --help\n"
	"\n"
	"  -c, --config FILE      take runtime_dir from this configuration file\n"
	"  -d, --runtime-dir DIR  where the sockets are (environment: SLUICE_RUNTIME_DIR; else /run/sluice)\n"
	"  -j, --json             one JSON object instead of text; times in seconds, names end in _s\n"
	"  -t, --timeout SECONDS  how long to wait for an answer\n"
	"  -V, --version          print the version\n"
	"  -h, --help             this page; after a command, its own\n"
	"\n"
	"Exit code: 0 done, 1 failed or refused, 2 wrong usage, 3 done in part (a reload refused values,\n"
	"a peer could not be told), 4 the daemon is not there.\n",
    [CTL_STATUS] = "usage: sluicectl status [--json]\n"
		   "\n"
		   "The node at a glance: version, public key, peers and sessions, packets, drops.\n"
		   "JSON: via (sluiced or nf-view), version, boot_id, uptime_s, public_key, pid, workers, "
		   "peers, sessions,\n"
		   "control_attached, stopping, rx_packets, tx_packets, drops, punt_dropped.\n",
    [CTL_PEERS] =
	"usage: sluicectl peers [PEER] [--json]\n"
	"\n"
	"Every peer, or the one named by name, base64 key, or a unique beginning of either.\n"
	"JSON: via, peers: list of public_key, name, state (idle, handshake, up, closing, closed), endpoint\n"
	"(null: unknown), endpoint_mode, allowed_ips, last_handshake_ago_s, last_rx_ago_s, last_tx_ago_s "
	"(null:\n"
	"never), handshakes, rx_packets, rx_bytes, tx_packets, tx_bytes, keepalive_s, mtu, timers, padding,\n"
	"preshared_key, static.\n",
    [CTL_INTERFACES] =
	"usage: sluicectl interfaces [--json]\n"
	"\n"
	"Interfaces with their addresses, and the ports under them as their drivers count.\n"
	"JSON: via, interfaces: list of name, port, driver, vlan (null: untagged), mtu, mac, link_up, rss,\n"
	"rx_queues, tx_queues, offloads, addresses, rx_packets, rx_bytes, rx_missed, tx_packets, tx_bytes,\n"
	"tx_errors.\n",
    [CTL_GRAPH] = "usage: sluicectl graph [--stats] [--json]\n"
		  "\n"
		  "The packet graph as DOT, for `dot -Tsvg`. With --stats a table of what each node cost.\n"
		  "JSON: via, and dot (a string) or nodes: list of worker, node, calls, packets, cycles,\n"
		  "cycles_per_packet.\n",
    [CTL_DROPS] =
	"usage: sluicectl drops [--all] [--json]\n"
	"\n"
	"Counters that are not zero: drops (a packet ended there) and events. --all: zero ones too.\n"
	"JSON: via, counters: list of owner, name, kind (drop or event), value, help.\n",
    [CTL_CLOSE] =
	"usage: sluicectl close PEER [--linger MS] [--json]\n"
	"       sluicectl close --all [--linger MS] [--pace PEERS_PER_SECOND] [--json]\n"
	"\n"
	"Says goodbye to a peer, delivers what it still sends for a while, ends its session and prints the\n"
	"report. PEER is a name, a base64 key, or a unique beginning of either. A closed peer stays closed\n"
	"until `sluicectl reload`.\n"
	"\n"
	"  --linger MS   how long to listen on after the first goodbye (default: 1000)\n"
	"  --pace N      with --all: peers per second (default: all within two seconds, at least 200)\n"
	"\n"
	"JSON, one peer: public_key, name, reason, outcome (acked, sent, accepted, unreachable, no_session,\n"
	"failed), goodbyes, acked, linger_rx_packets, last_rx_ago_s (null: never), took_s.\n"
	"JSON, --all: peers, acked, sent, accepted, unreachable, no_session, failed, goodbyes,\n"
	"linger_rx_packets, took_s.\n"
	"Exit code 3: a peer was unreachable, or no goodbye left for it.\n",
    [CTL_RELOAD] =
	"usage: sluicectl reload [--json]\n"
	"\n"
	"Applies the changed configuration file; what did not change loses no packet. Values that cannot\n"
	"change at run time are refused by name, the others are applied: exit code 3.\n"
	"JSON: changed, refused, refusals (list of strings).\n",
    [CTL_PORTAL] = "usage: sluicectl portal [OPTION]... COMMAND [ARGUMENT]...\n",
};

static const struct option_row {
	struct option_name is;
	uint32_t commands;
} options[] = {
    {{"help", 'h', false}, OF_ANY},
    {{"version", 'V', false}, OF_ANY},
    {{"json", 'j', false}, OF_ANY},
    {{"config", 'c', true}, OF_ANY},
    {{"runtime-dir", 'd', true}, OF_ANY},
    {{"timeout", 't', true}, OF_ANY},
    {{"all", 0, false}, OF(CTL_CLOSE) | OF(CTL_DROPS)},
    {{"stats", 0, false}, OF(CTL_GRAPH)},
    {{"linger", 0, true}, OF(CTL_CLOSE)},
    {{"pace", 0, true}, OF(CTL_CLOSE)},
};
#define OPTIONS (sizeof(options) / sizeof(options[0]))
static const struct option_table table = {options, OPTIONS, sizeof(options[0])};

struct parser {
	struct ctl_args *args;
	uint32_t given; /* bit i: options[i] */
	char *error;
};

#define fail(p, ...) option_fail((p)->error, __VA_ARGS__)

const char *args_help(enum ctl_command command)
{
	return pages[command];
}

static int number(struct parser *p, const char *option, const char *text, uint32_t max, uint32_t *ret)
{
	return option_number(text, 0, max, ret) ? 0 : fail(p, "--%s: \"%.40s\" is not a number up to %u", option, text, max);
}

static int take(struct parser *p, const struct option_row *o, const char *value)
{
	struct ctl_args *a = p->args;
	p->given |= 1u << (o - options);
	if (strcmp(o->is.name, "help") == 0)
		a->help = true;
	else if (strcmp(o->is.name, "version") == 0)
		a->version = true;
	else if (strcmp(o->is.name, "json") == 0)
		a->json = true;
	else if (strcmp(o->is.name, "all") == 0)
		a->all = true;
	else if (strcmp(o->is.name, "stats") == 0)
		a->stats = true;
	else if (strcmp(o->is.name, "config") == 0)
		a->config = value;
	else if (strcmp(o->is.name, "runtime-dir") == 0)
		a->runtime_dir = value;
	else if (strcmp(o->is.name, "linger") == 0)
		return number(p, o->is.name, value, 60000, &a->linger_ms);
	else if (strcmp(o->is.name, "pace") == 0)
		return number(p, o->is.name, value, 1000000, &a->peers_per_s);
	else
		return number(p, o->is.name, value, 86400, &a->timeout_s);
	return 0;
}

static int option(struct parser *p, int argc, char *const *argv, int *i)
{
	const char *value;
	int at = option_read(&table, argc, argv, i, &value, p->error);
	return at < 0 ? -1 : take(p, &options[at], value);
}

static int word(struct parser *p, const char *text)
{
	struct ctl_args *a = p->args;
	if (a->command == CTL_NONE) {
		for (int c = CTL_NONE + 1; c < CTL_COMMANDS; c++)
			if (strcmp(names[c], text) == 0)
				a->command = (enum ctl_command)c;
		return a->command ? 0 : fail(p, "unknown command \"%.80s\"", text);
	}
	if ((a->command != CTL_CLOSE && a->command != CTL_PEERS) || a->peer)
		return fail(p, "%s: \"%.80s\" is one argument too many", names[a->command], text);
	if (!text[0])
		return fail(p, "%s: an empty name names no peer", names[a->command]);
	a->peer = text;
	return 0;
}

/* What no single word can tell. */
static int check(struct parser *p)
{
	const struct ctl_args *a = p->args;
	if (a->help || a->version)
		return 0;
	if (a->command == CTL_NONE)
		return fail(p, "no command given");
	for (size_t i = 0; i < OPTIONS; i++)
		if ((p->given & 1u << i) && !(options[i].commands & OF(a->command)))
			return fail(p, "%s knows no --%s", names[a->command], options[i].is.name);
	if (a->command == CTL_CLOSE && !a->peer == !a->all)
		return fail(p, "close: name one peer, or give --all");
	if (a->peers_per_s && !a->all)
		return fail(p, "close: --pace goes with --all");
	if (a->config && a->runtime_dir)
		return fail(p, "--config and --runtime-dir exclude each other");
	return 0;
}

int args_parse(int argc, char *const *argv, struct ctl_args *ret, char ret_error[ARGS_ERROR_BYTES])
{
	struct parser p = {.args = ret, .error = ret_error};
	bool only_words = false;
	*ret = (struct ctl_args){0};
	for (int i = 1; i < argc; i++) {
		bool is_option = !only_words && argv[i][0] == '-' && argv[i][1];
		if (is_option && strcmp(argv[i], "--") == 0)
			only_words = true;
		else if ((is_option ? option(&p, argc, argv, &i) : word(&p, argv[i])) != 0)
			return -1;
		if (ret->command == CTL_PORTAL)
			return 0;
	}
	return check(&p);
}
