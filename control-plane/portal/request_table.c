/* SPDX-License-Identifier: Apache-2.0 */
#include "request_table.h"

#include "request_rows.h"

static bool row_gateway(struct requests *on, struct request *r, json_t **ret_row)
{
	struct broker_gateway_row row;
	if (!broker_gateway_row(on->broker, r->at++, &row))
		return false;
	*ret_row = row_of_gateway(&row);
	return true;
}

static bool row_client(struct requests *on, struct request *r, json_t **ret_row)
{
	struct broker_client_row row;
	if (!broker_client_row(on->broker, r->at++, &row))
		return false;
	*ret_row = row_of_client(&row);
	return true;
}

static bool row_authorization(struct requests *on, struct request *r, json_t **ret_row)
{
	struct broker_authorization_row row;
	if (!broker_authorization_row(on->broker, r->at++, &row))
		return false;
	*ret_row = row_of_authorization(&row);
	return true;
}

static bool row_relay(struct requests *on, struct request *r, json_t **ret_row)
{
	struct broker_relay_row row;
	if (!broker_relay_row(on->broker, r->at++, &row))
		return false;
	*ret_row = row_of_relay(&row);
	return true;
}

static bool row_token(struct requests *on, struct request *r, json_t **ret_row)
{
	struct request_token token = {0};
	if (!on->token_next(on->arg, r->at, &token))
		return false;
	r->at = token.number;
	*ret_row = row_of_token(&token);
	return true;
}

#define GATEWAY {"gateway", REQUEST_NAME, true, "its id, its name, or the beginning of one and of no other's"}

const struct request_kind request_kinds[] = {
    {"status", "The portal at a glance.", "a row of `status`", .act = act_status},
    {"gateways", "Every gateway that ever joined.", NULL, .row = row_gateway},
    {"gateway", "One gateway.", "a row of `gateways`", {GATEWAY}, .act = act_gateway},
    {"clients", "Every client that ever joined.", NULL, .row = row_client},
    {"authorizations", "Who may use what through whom.", NULL, .row = row_authorization},
    {"relays", "The relays that peers are told of.", NULL, .row = row_relay},
    {"cordon", "Takes a gateway out of the choice of new flows; it stays joined.", "a row of `gateways`", {GATEWAY},
     .changes = true, .act = act_cordon},
    {"uncordon", "Offers it again, and ends a drain.", "a row of `gateways`", {GATEWAY}, .changes = true, .act = act_uncordon},
    {"drain", "Cordons it and moves its clients to others; answered at once, `to_move` counts down.",
     "a row of `gateways`", {GATEWAY}, .changes = true, .act = act_drain},
    {"revoke", "Takes authorizations back: of a client, of a resource, of both together, or with `all` all.",
     "`revoked`: how many",
     {{"client", REQUEST_NAME, false, "like `gateway` above"},
      {"resource", REQUEST_NAME, false, "likewise, of the file"},
      {"all", REQUEST_TRUE, false, "instead of both"}},
     .changes = true, .act = act_revoke},
    {"tokens", "The tokens, without their texts.", NULL, .row = row_token},
    {"token_create", "A new token, of exactly one of `site`, `actor` and `relay`.",
     "`number`, and `token`: its text, which is not kept and cannot be shown again",
     {{"site", REQUEST_NAME, false, "gateways of this site may use it"},
      {"actor", REQUEST_NAME, false, "clients of this actor may use it"},
      {"relay", REQUEST_TRUE, false, "relays may use it"},
      {"expires_at", REQUEST_TIME, false, "without: never"},
      {"description", REQUEST_TEXT, false, "for people"},
      {"text", REQUEST_TOKEN, false, "the token itself; without: one is made up"}},
     .changes = true, .act = act_token_create},
    {"token_revoke", "Deletes a token and closes what it authenticated.", "`closed`: how many connections",
     {{"number", REQUEST_NUMBER, true, "of `tokens`"}}, .changes = true, .act = act_token_revoke},
    {"reload", "Reads the portal's file again and applies the differences, or none of it.",
     "`reloaded`: true, `warnings`: texts, `later`: keys that changed and take effect at the next start only", .changes = true, .act = act_reload},
    {NULL},
};
