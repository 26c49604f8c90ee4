/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The difference between two moments, as exactly what stock peers must hear (portal §3.6, §4.2, §4.3, §6.3 f). A moment
 * is facts and the time of day its policies are judged by: a new file is a difference, and so is a policy's end.
 *
 *     struct broker_changes *c = broker_changes_create(&before, &after);
 *     connected gateways   close | init again | resource_updated …        broker_changes_gateway()
 *     connected clients    close | config_changed | deleted …, upserts …  broker_changes_client()
 *     live authorizations  keep | new expiry | take back                  broker_changes_authorization()
 *     relays               relays.h
 *
 * in this order for any one connection, so that a gateway never learns a client's loss after what the client does about
 * it. Making it costs the two worlds once; then each peer costs its policies, and what changed for it. Nothing that did
 * not change is said. Pure; one thread at a time; both facts are borrowed until broker_changes_free().
 */
#ifndef CP_BROKER_CHANGES_H
#define CP_BROKER_CHANGES_H

#include "broker/access.h"
#include "broker/record.h"

struct broker_moment {
	const struct broker_facts *facts;
	int64_t unix_now;
};

struct broker_changes;

/* NULL: memory is short. */
struct broker_changes *broker_changes_create(const struct broker_moment *before, const struct broker_moment *after);
void broker_changes_free(struct broker_changes *c);
/* Nobody must hear anything, relays aside. */
bool broker_changes_is_empty(const struct broker_changes *c);

/* What a connected gateway must hear. */
struct broker_gateway_change {
	bool must_close;        /* its site is gone: 401 is what its next attempt gets. Nothing else is set then */
	bool must_init;         /* the account's slug changed */
	const struct broker_resource *const *updated; /* resource_updated: name or filters. Borrowed until the next call */
	size_t n_updated;
};
struct broker_gateway_change broker_changes_gateway(struct broker_changes *c, const struct portal_uuid *site);

/* What a connected client must hear, whose connection comes from `from` and that was told the resources of
 * broker_access_list() at `before`, or the changes since. */
struct broker_client_change {
	bool must_close;        /* its actor is gone. Nothing else is set then */
	bool must_configure;    /* config_changed: DNS servers or the search domain */
	/* Deletions first; borrowed until the next call. A resource that moves is in both. */
	const struct portal_uuid *const *deleted;
	size_t n_deleted;
	const struct broker_resource *const *upserted;
	size_t n_upserted;
};
struct broker_client_change broker_changes_client(struct broker_changes *c, const struct portal_uuid *actor,
						  const struct cp_addr *from);

enum broker_authorization_verdict {
	BROKER_KEEP = 1,
	BROKER_EXPIRE, /* it ends at *ret_expires_at now: store it, and access_authorization_expiry_updated */
	BROKER_REJECT, /* forget it, and reject_access */
};
/* What becomes of an authorization of a client that may be away (`from` as in access.h). site: the gateway's.
 * understands_expiry: the gateway heeds access_authorization_expiry_updated, or is away and gets init; for others to
 * shorten is to reject (§6.3 f), and to lengthen is to keep. latest: how long it could last if it was asked for now
 * (the broker's own limit, the client's token); what the policy had cut is lengthened up to there. */
enum broker_authorization_verdict
broker_changes_authorization(struct broker_changes *c, const struct broker_authorization *a, const struct portal_uuid *actor,
			     const struct cp_addr *from, const struct portal_uuid *site, bool understands_expiry,
			     int64_t latest, int64_t *ret_expires_at);

#endif
