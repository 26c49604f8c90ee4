/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "portal.h"

/* Prints as JSON if that is asked for; takes the result. True: it did. */
static bool print_if_json(struct portal_ctl *ctl, json_t *result)
{
	if (!ctl->args.json)
		return false;
	portal_print_json(ctl, result);
	return true;
}

enum ctl_exit portal_do_revoke(struct portal_ctl *ctl)
{
	const struct portal_args *a = &ctl->args;
	json_t *result = NULL, *request = json_pack("{s:s, s:s*, s:s*}", "do", "revoke", "client", a->client, "resource", a->resource);
	if (a->all && request)
		json_object_set_new(request, "all", json_true());
	enum ctl_exit code = portal_ask(ctl, request, &result);
	if (code != CTL_OK || print_if_json(ctl, result))
		return code;
	int64_t n = portal_number(result, "revoked");
	fprintf(ctl->out, "%" PRId64 " authorization%s taken back\n", n, n == 1 ? "" : "s");
	json_decref(result);
	return CTL_OK;
}

enum ctl_exit portal_do_token_revoke(struct portal_ctl *ctl)
{
	json_t *result = NULL;
	enum ctl_exit code = portal_ask(
	    ctl, json_pack("{s:s, s:I}", "do", "token_revoke", "number", (json_int_t)ctl->args.number), &result);
	if (code != CTL_OK || print_if_json(ctl, result))
		return code;
	int64_t n = portal_number(result, "closed");
	fprintf(ctl->out, "token %u is revoked, %" PRId64 " connection%s closed\n", ctl->args.number, n, n == 1 ? "" : "s");
	json_decref(result);
	return CTL_OK;
}

static void print_texts(struct portal_ctl *ctl, const json_t *list, enum tone tone, const char *before, const char *after)
{
	size_t i;
	json_t *text;
	json_array_foreach(list, i, text)
		portal_print_line(ctl, tone, "  %s%s%s", before, json_string_value(text) ? json_string_value(text) : "?", after);
}

enum ctl_exit portal_do_reload(struct portal_ctl *ctl)
{
	json_t *result = NULL;
	enum ctl_exit code = portal_ask(ctl, json_pack("{s:s}", "do", "reload"), &result);
	if (code != CTL_OK)
		return code;
	code = json_array_size(json_object_get(result, "later")) ? CTL_PARTLY : CTL_OK;
	if (print_if_json(ctl, result))
		return code;
	fprintf(ctl->out, "reloaded\n");
	print_texts(ctl, json_object_get(result, "warnings"), TONE_WARN, "warning: ", "");
	print_texts(ctl, json_object_get(result, "later"), TONE_BAD, "", ": takes effect at the next start");
	json_decref(result);
	return code;
}
