/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "request_find.h"
#include "request_rows.h"
#include "request_table.h"

json_t *act_status(struct act *a)
{
	struct request_about about = {0};
	struct broker_summary s = broker_summary(a->on->broker);
	a->on->about(a->on->arg, &about);
	return row_of_status(&about, &s, a->on->broker, a->unix_seconds);
}

/* Of the member called `what`; false after act_fail(). */
static bool find_named(struct act *a, find_nth nth, const char *what, struct portal_uuid *ret_id, size_t *ret_index)
{
	const char *wanted = act_text(a, what);
	switch (find(a->on, nth, wanted, ret_id, ret_index, &a->candidates)) {
	case FIND_ONE:
		return true;
	case FIND_SEVERAL:
		act_fail(a, "ambiguous", "%s: \"%.64s\" could be several", what, wanted);
		return false;
	default:
		act_fail(a, "not_found", "%s: there is no \"%.64s\"", what, wanted);
		return false;
	}
}

static json_t *gateway_now(struct act *a, size_t index)
{
	struct broker_gateway_row row;
	return broker_gateway_row(a->on->broker, index, &row) ? row_of_gateway(&row) : NULL;
}

json_t *act_gateway(struct act *a)
{
	struct portal_uuid id;
	size_t index;
	return find_named(a, find_nth_gateway, "gateway", &id, &index) ? gateway_now(a, index) : NULL;
}

static json_t *act_on_gateway(struct act *a,
			      int (*act)(struct broker *b, const struct portal_uuid *gateway, cp_time now))
{
	struct portal_uuid id;
	size_t index;
	if (!find_named(a, find_nth_gateway, "gateway", &id, &index))
		return NULL;
	int rc = act(a->on->broker, &id, a->now);
	return rc == 0 ? gateway_now(a, index) : act_fail(a, "failed", "gateway: %s", strerror(-rc));
}

json_t *act_cordon(struct act *a)
{
	return act_on_gateway(a, broker_cordon);
}

json_t *act_uncordon(struct act *a)
{
	return act_on_gateway(a, broker_uncordon);
}

json_t *act_drain(struct act *a)
{
	return act_on_gateway(a, broker_drain);
}

json_t *act_revoke(struct act *a)
{
	struct portal_uuid client, resource;
	size_t index;
	bool of_client = act_text(a, "client"), of_resource = act_text(a, "resource");
	bool all = json_is_true(json_object_get(a->asked, "all"));
	if (all == (of_client || of_resource))
		return act_fail(a, "bad_request", "revoke: needs client, resource or both, or all");
	if (of_client && !find_named(a, find_nth_client, "client", &client, &index))
		return NULL;
	if (of_resource && !find_named(a, find_nth_resource, "resource", &resource, &index))
		return NULL;
	size_t n = broker_revoke(a->on->broker, of_client ? &client : NULL, of_resource ? &resource : NULL, a->now);
	return json_pack("{s:I}", "revoked", (json_int_t)n);
}

#define WARNINGS_MAX 32u /* an answer is one datagram */

struct reload_lists {
	json_t *warnings, *later;
	size_t n;
};

static void take_warning(void *arg, const char *text)
{
	struct reload_lists *l = arg;
	if (++l->n <= WARNINGS_MAX)
		json_array_append_new(l->warnings, json_of_text(text));
}

/* How many there are beyond those that are told. */
static void round_off(struct reload_lists *l)
{
	char text[64];
	snprintf(text, sizeof(text), "and %zu more: the log has them all", l->n - WARNINGS_MAX);
	if (l->n > WARNINGS_MAX)
		json_array_append_new(l->warnings, json_string(text));
}

static void take_later(void *arg, const char *key)
{
	json_array_append_new(((struct reload_lists *)arg)->later, json_of_text(key));
}

json_t *act_reload(struct act *a)
{
	struct reload_lists lists = {json_array(), json_array(), 0};
	struct request_reload said = {&lists, take_warning, take_later};
	char error[REQUEST_ERROR_BYTES] = "";
	int rc = a->on->reload(a->on->arg, &said, error);
	round_off(&lists);
	if (rc == 0)
		return json_pack("{s:b, s:o, s:o}", "reloaded", 1, "warnings", lists.warnings, "later", lists.later);
	json_decref(lists.warnings);
	json_decref(lists.later);
	return act_fail(a, "refused", "%s", error[0] ? error : strerror(-rc));
}
