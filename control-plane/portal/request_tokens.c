/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "request_find.h"
#include "request_table.h"

/* Whose it is to be; false after act_fail(). ret->owner_name is borrowed from the world. */
static bool find_owner(struct act *a, struct request_token_wanted *ret)
{
	const char *site = act_text(a, "site"), *actor = act_text(a, "actor"), *wanted = site ? site : actor;
	bool relay = json_is_true(json_object_get(a->asked, "relay"));
	size_t index;
	if (!!site + !!actor + relay != 1)
		return act_fail(a, "bad_request", "token_create: needs one of site, actor and relay");
	ret->role = site ? PORTAL_GATEWAY : actor ? PORTAL_CLIENT : PORTAL_RELAY;
	ret->owner_name = "";
	if (relay)
		return true;
	switch (find(a->on, site ? find_nth_site : find_nth_actor, wanted, &ret->owner, &index, &a->candidates)) {
	case FIND_ONE:
		ret->owner_name = site ? a->on->world->sites[index].name : a->on->world->actors[index].name;
		return true;
	case FIND_SEVERAL:
		return act_fail(a, "ambiguous", "%s: \"%.64s\" could be several", site ? "site" : "actor", wanted);
	default:
		return act_fail(a, "not_found", "%s: there is no \"%.64s\" in the portal's file", site ? "site" : "actor",
				wanted);
	}
}

json_t *act_token_create(struct act *a)
{
	struct request_token_wanted wanted = {.description = act_text(a, "description"), .text = act_text(a, "text")};
	const json_t *expires = json_object_get(a->asked, "expires_at");
	char text[BROKER_TOKEN_MAX + 1] = "", error[REQUEST_ERROR_BYTES] = "";
	uint64_t number = 0;
	if (!find_owner(a, &wanted))
		return NULL;
	wanted.expires_at = expires ? json_integer_value(expires) : PORTAL_NEVER;
	int rc = a->on->token_create(a->on->arg, &wanted, text, &number, error);
	json_t *result = rc == 0 ? json_pack("{s:I, s:s}", "number", (json_int_t)number, "token", text)
				 : act_fail(a, "refused", "%s", error[0] ? error : strerror(-rc));
	explicit_bzero(text, sizeof(text));
	return result;
}

json_t *act_token_revoke(struct act *a)
{
	uint64_t number = (uint64_t)json_integer_value(json_object_get(a->asked, "number"));
	char error[REQUEST_ERROR_BYTES] = "";
	int rc = a->on->token_revoke(a->on->arg, number, error);
	if (rc == -ENOENT)
		return act_fail(a, "not_found", "number: there is no token %llu", (unsigned long long)number);
	if (rc != 0)
		return act_fail(a, "failed", "%s", error[0] ? error : strerror(-rc));
	return json_pack("{s:I}", "closed", (json_int_t)broker_token_gone(a->on->broker, number, a->now));
}
