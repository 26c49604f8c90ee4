/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The token that newer peers want with every authorization (portal §6.7): a JSON web token (RFC 7519) that says who
 * talks to what. They read its claims and verify nothing; nobody is told to upload anything. It has the claims of both
 * generations that want some. Pure; any thread.
 */
#ifndef CP_BROKER_INGEST_H
#define CP_BROKER_INGEST_H

#include "broker/record.h"

struct broker_ingest {
	enum portal_role role; /* whose copy */
	const char *account;
	struct portal_uuid client, gateway, actor, resource;
	const char *actor_name, *resource_name; /* or NULL */
	int64_t issued_at, expires_at; /* Unix seconds */
};

#define BROKER_INGEST_TEXT 4096 /* names are cut to what fits */
/* Signed with the secret. */
void broker_ingest(const struct broker_ingest *i, const uint8_t secret[32], char ret[BROKER_INGEST_TEXT]);

#endif
