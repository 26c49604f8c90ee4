/* SPDX-License-Identifier: Apache-2.0 */
/* sluicectl portal token create */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "expiry.h"
#include "portal.h"

#define TEXT_BYTES 8192

static enum ctl_exit fail(struct portal_ctl *ctl, const char *what, const char *why)
{
	snprintf(ctl->talk.error, sizeof(ctl->talk.error), "%.200s: %s", what, why);
	return CTL_FAILED;
}

/* The file's text without blanks at its end; to be wiped. */
static enum ctl_exit read_text(struct portal_ctl *ctl, const char *path, char ret[TEXT_BYTES])
{
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	if (!f)
		return fail(ctl, path, strerror(errno));
	setvbuf(f, NULL, _IONBF, 0); /* no second copy of a secret */
	size_t n = fread(ret, 1, TEXT_BYTES - 1, f);
	bool failed = ferror(f), all = feof(f);
	if (f != stdin)
		fclose(f);
	while (n > 0 && strchr(" \t\r\n", ret[n - 1]))
		n--;
	ret[n] = 0;
	if (failed)
		return fail(ctl, path, "cannot be read");
	if (!all || strlen(ret) != n)
		return fail(ctl, path, "is no token: too long, or no text");
	return n > 0 ? CTL_OK : fail(ctl, path, "is empty");
}

static json_t *request_of(const struct portal_args *a, const char *text, int64_t expires_at)
{
	json_t *request = json_pack("{s:s, s:s*, s:s*, s:s*, s:s*}", "do", "token_create", "site", a->site, "actor", a->actor,
				    "description", a->description, "text", text);
	if (request && a->relay)
		json_object_set_new(request, "relay", json_true());
	if (request && expires_at != EXPIRY_NEVER)
		json_object_set_new(request, "expires_at", json_integer(expires_at));
	return request;
}

/* The token alone on stdout, for scripts; what people want to know goes to their terminal. */
static void print(struct portal_ctl *ctl, const json_t *result)
{
	fprintf(ctl->out, "%s\n", portal_text(result, "token", ""));
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "This is token %" PRId64 ". It is not kept and cannot be shown again.\n", portal_number(result, "number"));
}

bool portal_find_expiry(struct portal_ctl *ctl, char ret_error[ARGS_ERROR_BYTES])
{
	const char *text = ctl->args.expires;
	ctl->expires_at = EXPIRY_NEVER;
	if (!text || expiry_parse(text, ctl->unix_now, &ctl->expires_at))
		return true;
	snprintf(ret_error, ARGS_ERROR_BYTES,
		 "--expires: \"%.40s\" is neither 90d, 2027-01-31, 2027-01-31T18:00:00Z nor never, or not in the future", text);
	return false;
}

enum ctl_exit portal_do_token_create(struct portal_ctl *ctl)
{
	const struct portal_args *a = &ctl->args;
	char text[TEXT_BYTES] = "";
	json_t *result = NULL;
	enum ctl_exit code = CTL_OK;
	if (a->text_from)
		code = read_text(ctl, a->text_from, text);
	if (code == CTL_OK)
		code = portal_ask(ctl, request_of(a, a->text_from ? text : NULL, ctl->expires_at), &result);
	explicit_bzero(text, sizeof(text));
	if (code != CTL_OK)
		return code;
	if (ctl->args.json)
		portal_print_json(ctl, json_incref(result));
	else
		print(ctl, result);
	json_decref(result);
	return CTL_OK;
}
