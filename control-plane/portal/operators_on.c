/* SPDX-License-Identifier: Apache-2.0 */
/* What operators' requests act on beside the broker: the store's tokens, the portal's file, and the shell itself. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "operators.h"

static void about(void *arg, struct request_about *ret)
{
	const struct shell *s = arg;
	const struct store_health *h = store_health(s->store);
	*ret = (struct request_about){.version = SLUICE_VERSION,
				      .config = s->path,
				      .database = s->begun->database,
				      .connections = s->limits.connections,
				      .started_at = s->started_at,
				      .refused = s->limits.refused,
				      .store_waiting = h->waiting,
				      .store_error = s->store_is_behind ? h->error : ""};
}

static int create(struct store *store, const struct request_token_wanted *w, char ret_text[BROKER_TOKEN_MAX + 1],
		  uint64_t *ret_number)
{
	const struct token_request request = {.role = w->role,
					      .owner = w->owner,
					      .owner_name = w->owner_name,
					      .description = w->description,
					      .expires_at = w->expires_at,
					      .now = time(NULL)};
	if (!w->text)
		return tokens_create(store, &request, ret_text, ret_number);
	snprintf(ret_text, BROKER_TOKEN_MAX + 1, "%s", w->text);
	return tokens_import(store, &request, w->text, ret_number);
}

static int token_create(void *arg, const struct request_token_wanted *w, char ret_text[BROKER_TOKEN_MAX + 1],
			uint64_t *ret_number, char ret_error[REQUEST_ERROR_BYTES])
{
	struct shell *s = arg;
	int rc = create(s->store, w, ret_text, ret_number);
	if (rc == -EEXIST)
		snprintf(ret_error, REQUEST_ERROR_BYTES, "text: there is a token of this text already");
	else if (rc == -EINVAL)
		snprintf(ret_error, REQUEST_ERROR_BYTES, "the store takes no such token: its owner's name is too long");
	else if (rc != 0)
		snprintf(ret_error, REQUEST_ERROR_BYTES, "%s: %s", s->begun->database, strerror(-rc));
	return rc;
}

struct next {
	struct request_token *ret;
	char *text;
	size_t room;
};

/* A copy, since the store lends its row to the callback only. */
static const char *keep(struct next *n, const char *text)
{
	int used = snprintf(n->text, n->room, "%s", text);
	const char *kept = n->text;
	size_t taken = used < 0 ? 0 : (size_t)used < n->room ? (size_t)used + 1 : n->room;
	n->text += taken;
	n->room -= taken;
	return kept;
}

static int take_first(void *arg, const struct token *t)
{
	struct next *n = arg;
	*n->ret = (struct request_token){.number = t->who.token,
					 .role = t->who.role,
					 .owner = t->who.owner,
					 .owner_name = keep(n, t->owner_name),
					 .description = t->description[0] ? keep(n, t->description) : NULL,
					 .imported = t->imported,
					 .created_at = t->created_at,
					 .last_used_at = t->last_used_at,
					 .expires_at = t->who.expires_at};
	return 1;
}

static bool token_next(void *arg, uint64_t after, struct request_token *ret)
{
	struct shell *s = arg;
	struct next n = {.ret = ret, .text = s->operators->texts, .room = sizeof(s->operators->texts)};
	int rc = tokens_each(s->store, after, take_first, &n);
	if (rc < 0)
		log_event(CP_ERR, "tokens_unreadable", "error=\"%s\"", strerror(-rc));
	return rc == 1;
}

static int token_revoke(void *arg, uint64_t number, char ret_error[REQUEST_ERROR_BYTES])
{
	struct shell *s = arg;
	int rc = tokens_revoke(s->store, number);
	if (rc != 0 && rc != -ENOENT)
		snprintf(ret_error, REQUEST_ERROR_BYTES, "%s: %s", s->begun->database, strerror(-rc));
	return rc;
}

static int reload(void *arg, const struct request_reload *said, char ret_error[REQUEST_ERROR_BYTES])
{
	struct shell *s = arg;
	int rc = shell_reload(s, ret_error);
	s->operators->on.world = &s->cfg->world;
	for (size_t i = 0; rc == 0 && i < s->cfg->n_warnings; i++)
		said->warning(said->arg, s->cfg->warnings[i]);
	if (rc == 0)
		portal_config_restart(s->begun, s->cfg, said->later, said->arg);
	return rc;
}

void operators_on(struct shell *s, struct requests *ret)
{
	*ret = (struct requests){.broker = s->broker,
				 .world = &s->cfg->world,
				 .arg = s,
				 .about = about,
				 .token_create = token_create,
				 .token_next = token_next,
				 .token_revoke = token_revoke,
				 .reload = reload};
}
