/* SPDX-License-Identifier: Apache-2.0 */
/* What an ingest token says (portal §6.7): header and claims. All is checked, nothing kept. */
#include "portal/table.h"

#define CLAIM(claim, k, n, ...) {.name = claim, .kind = PORTAL_K_##k, .need = PORTAL_##n, .unstored = true, ##__VA_ARGS__}

static const struct portal_name algorithm_names[] = {{"HS256", 1}};
static const struct portal_names algorithms = {algorithm_names, 1, false};
static const struct portal_field header_fields[] = {CLAIM("alg", NAME, R, .of = &algorithms)};
const struct portal_object portal_token_header = {.name = "token header", .fields = PORTAL_FIELDS(header_fields)};

static const struct portal_name role_names[] = {{"initiator", 1}, {"responder", 2}};
static const struct portal_names roles = {role_names, 2, false};

#define COMMON                                                                                                    \
	CLAIM("account_id", TEXT, R), CLAIM("policy_authorization_id", TEXT, R), CLAIM("policy_id", TEXT, R),     \
		CLAIM("resource_id", TEXT, R), CLAIM("resource_name", TEXT, R), CLAIM("authorized_at", TEXT, R),  \
		CLAIM("authorization_expires_at", TEXT, R), CLAIM("iat", UINT, R), CLAIM("exp", UINT, R),         \
		CLAIM("uploads_enabled", BOOL, R), CLAIM("role", NAME, R, .of = &roles), CLAIM("resource_address", TEXT, ON)

static const struct portal_field claims[] = {
	COMMON,
	CLAIM("initiator_device_id", TEXT, R),
	CLAIM("responder_device_id", TEXT, R),
	CLAIM("initiator_actor_id", TEXT, R),
	CLAIM("initiator_actor_name", TEXT, R),
	CLAIM("initiator_actor_email", TEXT, ON),
	CLAIM("initiator_auth_provider_id", TEXT, ON),
	CLAIM("initiator_client_version", TEXT, ON),
	CLAIM("initiator_device_os_name", TEXT, ON),
	CLAIM("initiator_device_os_version", TEXT, ON),
	CLAIM("initiator_device_serial", TEXT, ON),
	CLAIM("initiator_device_uuid", TEXT, ON),
	CLAIM("initiator_device_identifier_for_vendor", TEXT, ON),
	CLAIM("initiator_device_firebase_installation_id", TEXT, ON),
};
const struct portal_object portal_claims = {.name = "claims", .fields = PORTAL_FIELDS(claims)};

/* What the peers of July 2026 ask for instead. */
static const struct portal_field older_claims[] = {
	COMMON,
	CLAIM("device_id", TEXT, R),
	CLAIM("actor_id", TEXT, R),
	CLAIM("actor_name", TEXT, R),
};
const struct portal_object portal_older_claims = {.name = "older claims", .fields = PORTAL_FIELDS(older_claims)};
