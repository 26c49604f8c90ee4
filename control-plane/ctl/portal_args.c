/* SPDX-License-Identifier: Apache-2.0 */
#include "portal_args.h"

#include <stddef.h>
#include <string.h>

#define OF(command) (1u << PORTAL_CTL_##command)
#define OF_ANY      UINT32_MAX

/* Words, and what the word behind them is. */
static const struct command_row {
	const char *name;
	size_t word; /* offset of a text in portal_args; 0: takes none */
	const char *what;
} commands[PORTAL_CTL_COMMANDS] = {
    [PORTAL_CTL_STATUS] = {"status"},
    [PORTAL_CTL_GATEWAYS] = {"gateways"},
    [PORTAL_CTL_CLIENTS] = {"clients"},
    [PORTAL_CTL_AUTHORIZATIONS] = {"authorizations"},
    [PORTAL_CTL_RELAYS] = {"relays"},
    [PORTAL_CTL_CORDON] = {"cordon", offsetof(struct portal_args, gateway), "a gateway"},
    [PORTAL_CTL_UNCORDON] = {"uncordon", offsetof(struct portal_args, gateway), "a gateway"},
    [PORTAL_CTL_DRAIN] = {"drain", offsetof(struct portal_args, gateway), "a gateway"},
    [PORTAL_CTL_REVOKE] = {"revoke"},
    [PORTAL_CTL_TOKEN] = {"token"},
    [PORTAL_CTL_TOKEN_CREATE] = {"token create"},
    [PORTAL_CTL_TOKEN_LIST] = {"token list"},
    [PORTAL_CTL_TOKEN_REVOKE] = {"token revoke", offsetof(struct portal_args, number), "the number of a token"},
    [PORTAL_CTL_RELOAD] = {"reload"},
};

enum value { NO_VALUE, TEXT, SECONDS };
static const struct option_row {
	struct option_name is;
	enum value value;
	size_t at; /* offset in portal_args */
	uint32_t commands;
} options[] = {
    {{"help", 'h', false}, NO_VALUE, offsetof(struct portal_args, help), OF_ANY},
    {{"version", 'V', false}, NO_VALUE, offsetof(struct portal_args, version), OF_ANY},
    {{"json", 'j', false}, NO_VALUE, offsetof(struct portal_args, json), OF_ANY},
    {{"config", 'c', true}, TEXT, offsetof(struct portal_args, config), OF_ANY},
    {{"socket", 's', true}, TEXT, offsetof(struct portal_args, socket), OF_ANY},
    {{"timeout", 't', true}, SECONDS, offsetof(struct portal_args, timeout_s), OF_ANY},
    {{"wait", 'w', false}, NO_VALUE, offsetof(struct portal_args, wait), OF(DRAIN)},
    {{"all", 0, false}, NO_VALUE, offsetof(struct portal_args, all), OF(REVOKE)},
    {{"client", 0, true}, TEXT, offsetof(struct portal_args, client), OF(REVOKE)},
    {{"resource", 0, true}, TEXT, offsetof(struct portal_args, resource), OF(REVOKE)},
    {{"site", 0, true}, TEXT, offsetof(struct portal_args, site), OF(TOKEN_CREATE)},
    {{"actor", 0, true}, TEXT, offsetof(struct portal_args, actor), OF(TOKEN_CREATE)},
    {{"relay", 0, false}, NO_VALUE, offsetof(struct portal_args, relay), OF(TOKEN_CREATE)},
    {{"expires", 0, true}, TEXT, offsetof(struct portal_args, expires), OF(TOKEN_CREATE)},
    {{"description", 0, true}, TEXT, offsetof(struct portal_args, description), OF(TOKEN_CREATE)},
    {{"text-from", 0, true}, TEXT, offsetof(struct portal_args, text_from), OF(TOKEN_CREATE)},
};
#define OPTIONS (sizeof(options) / sizeof(options[0]))
static const struct option_table table = {options, OPTIONS, sizeof(options[0])};

struct parser {
	struct portal_args *args;
	bool in_portal;   /* the word "portal" was there */
	const char *word; /* of the command: whom it is about */
	uint32_t given;   /* bit i: options[i] */
	char *error;
};

#define fail(p, ...) option_fail((p)->error, __VA_ARGS__)

static int take(struct parser *p, const struct option_row *o, const char *value)
{
	char *at = (char *)p->args + o->at;
	uint32_t bit = 1u << (o - options);
	if ((p->given & bit) && o->value != NO_VALUE)
		return fail(p, "--%s is given twice", o->is.name);
	p->given |= bit;
	if (o->value == NO_VALUE)
		*(bool *)at = true;
	else if (o->value == TEXT && !value[0])
		return fail(p, "--%s: is empty", o->is.name);
	else if (o->value == TEXT)
		memcpy(at, &value, sizeof(value));
	else if (!option_number(value, 1, 86400, &p->args->timeout_s))
		return fail(p, "--%s: \"%.40s\" is not a number from 1 to 86400", o->is.name, value);
	return 0;
}

static int option(struct parser *p, int argc, char *const *argv, int *i)
{
	const char *value;
	int at = option_read(&table, argc, argv, i, &value, p->error);
	return at < 0 ? -1 : take(p, &options[at], value);
}

static int command(struct parser *p, const char *text)
{
	bool is_token = p->args->command == PORTAL_CTL_TOKEN;
	for (int c = PORTAL_CTL_NONE + 1; c < PORTAL_CTL_COMMANDS; c++) {
		bool is_of_token = c > PORTAL_CTL_TOKEN && c <= PORTAL_CTL_TOKEN_REVOKE;
		const char *name = commands[c].name + (is_of_token ? strlen("token ") : 0);
		if (is_token == is_of_token && strcmp(name, text) == 0) {
			p->args->command = (enum portal_command)c;
			return 0;
		}
	}
	return fail(p, "portal%s: unknown command \"%.80s\"", is_token ? " token" : "", text);
}

static int word(struct parser *p, const char *text)
{
	struct portal_args *a = p->args;
	if (!p->in_portal) {
		p->in_portal = true;
		return strcmp(text, "portal") == 0 ? 0 : fail(p, "unknown command \"%.80s\"", text);
	}
	if (a->command == PORTAL_CTL_NONE || a->command == PORTAL_CTL_TOKEN)
		return command(p, text);
	if (!commands[a->command].what || p->word)
		return fail(p, "%s: \"%.80s\" is one argument too many", commands[a->command].name, text);
	p->word = text;
	return 0;
}

/* The word behind the command goes to its place. */
static int place_word(struct parser *p)
{
	const struct command_row *c = &commands[p->args->command];
	if (!c->what)
		return 0;
	if (!p->word || !p->word[0])
		return fail(p, "%s: name %s", c->name, c->what);
	if (c->word != offsetof(struct portal_args, number))
		memcpy((char *)p->args + c->word, &p->word, sizeof(p->word));
	else if (!option_number(p->word, 1, UINT32_MAX, &p->args->number))
		return fail(p, "%s: \"%.40s\" is not %s", c->name, p->word, c->what);
	return 0;
}

/* What no single word can tell. */
static int check(struct parser *p)
{
	const struct portal_args *a = p->args;
	const char *name = commands[a->command].name;
	if (a->help || a->version)
		return 0;
	if (a->command == PORTAL_CTL_NONE)
		return fail(p, "portal: no command given");
	if (a->command == PORTAL_CTL_TOKEN)
		return fail(p, "token: say create, list or revoke");
	for (size_t i = 0; i < OPTIONS; i++)
		if ((p->given & 1u << i) && !(options[i].commands & 1u << a->command))
			return fail(p, "%s knows no --%s", name, options[i].is.name);
	if (a->config && a->socket)
		return fail(p, "--config and --socket exclude each other");
	if (a->command == PORTAL_CTL_REVOKE && a->all == (a->client || a->resource))
		return fail(p, "revoke: give --client, --resource or both, or --all");
	if (a->command == PORTAL_CTL_TOKEN_CREATE && !!a->site + !!a->actor + a->relay != 1)
		return fail(p, "token create: give one of --site, --actor and --relay");
	return place_word(p);
}

int portal_args_parse(int argc, char *const *argv, struct portal_args *ret, char ret_error[ARGS_ERROR_BYTES])
{
	struct parser p = {.args = ret, .error = ret_error};
	bool only_words = false;
	*ret = (struct portal_args){0};
	for (int i = 1; i < argc; i++) {
		bool is_option = !only_words && argv[i][0] == '-' && argv[i][1];
		if (is_option && strcmp(argv[i], "--") == 0)
			only_words = true;
		else if ((is_option ? option(&p, argc, argv, &i) : word(&p, argv[i])) != 0)
			return -1;
	}
	return check(&p);
}
