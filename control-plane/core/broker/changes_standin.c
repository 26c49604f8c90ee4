/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in for changes.c until it is there: nothing changes. */
#include <stdlib.h>

#include "broker/changes.h"

struct broker_changes {
	int nothing;
};

struct broker_changes *broker_changes_create(const struct broker_moment *before, const struct broker_moment *after)
{
	(void)before;
	(void)after;
	return calloc(1, sizeof(struct broker_changes));
}

void broker_changes_free(struct broker_changes *c)
{
	free(c);
}

bool broker_changes_is_empty(const struct broker_changes *c)
{
	(void)c;
	return true;
}

struct broker_gateway_change broker_changes_gateway(struct broker_changes *c, const struct portal_uuid *site)
{
	(void)c;
	(void)site;
	return (struct broker_gateway_change){.must_close = false};
}

struct broker_client_change broker_changes_client(struct broker_changes *c, const struct portal_uuid *actor, const struct cp_addr *from)
{
	(void)c;
	(void)actor;
	(void)from;
	return (struct broker_client_change){.must_close = false};
}

enum broker_authorization_verdict
broker_changes_authorization(struct broker_changes *c, const struct broker_authorization *a, const struct portal_uuid *actor,
			     const struct cp_addr *from, const struct portal_uuid *site, bool understands_expiry, int64_t latest,
			     int64_t *ret_expires_at)
{
	(void)c;
	(void)a;
	(void)actor;
	(void)from;
	(void)site;
	(void)understands_expiry;
	(void)latest;
	(void)ret_expires_at;
	return BROKER_KEEP;
}
