/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must survive the portal's end (portal §6.1 3): identities with their addresses and seeds, and authorizations.
 * The broker says what to store (BROKER_OUT_STORE_*), the store gives it back at the start. Texts are borrowed.
 */
#ifndef CP_BROKER_RECORD_H
#define CP_BROKER_RECORD_H

#include "portal/message.h"

#define BROKER_SEED_BYTES 32

/* A gateway or a client. The key is (role, owner, external_id); id and index are unique. */
struct broker_device {
	enum portal_role role;       /* PORTAL_GATEWAY or PORTAL_CLIENT */
	struct portal_uuid id;
	struct portal_uuid owner;    /* its site, its actor */
	const char *external_id;
	const char *name;
	struct portal_key public_key; /* the current one */
	uint32_t index;              /* of its addresses in both pools, for life: 100.64.0.0 + index (§6.5) */
	uint8_t seed[BROKER_SEED_BYTES]; /* secret: psk_base, from which preshared keys derive (§3.3) */
	bool cordoned;               /* a gateway that an operator took out of the choice */
	int64_t created_at, seen_at; /* Unix seconds; seen_at: of the last connection's begin or end */
};

/* That client may use resource through gateway. The key is all three ids. */
struct broker_authorization {
	struct portal_uuid client, resource, gateway;
	int64_t expires_at; /* Unix seconds */
	uint64_t turn;      /* of several gateways that a client was granted a resource through, it goes through that with the
	                       highest. When it ends does not tell: policies cut it, and not every grant is stored */
};

#endif
