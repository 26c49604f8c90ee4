/* SPDX-License-Identifier: Apache-2.0 */
/* What the portal stored, and gives back when it starts again. */
#ifndef SIM_PORTAL_STORE_H
#define SIM_PORTAL_STORE_H

#include "broker/record.h"

#define STORED_DEVICES 64u
#define STORED_AUTHS   1024u

struct sim;

struct stored_device {
	struct broker_device d; /* its texts are below */
	char external_id[32], name[32];
};
struct store {
	struct stored_device devices[STORED_DEVICES];
	struct broker_authorization auths[STORED_AUTHS];
	uint64_t since[STORED_AUTHS]; /* which input stored it first */
	bool left_out[STORED_AUTHS];  /* the broker did not want it back */
	uint32_t n_devices, n_auths;
};

void store_device(struct sim *s, const struct broker_device *d);
void store_authorization(struct sim *s, const struct broker_authorization *a);
void store_forget(struct sim *s, const struct broker_authorization *a);
/* NULL: there is none. */
const struct broker_device *store_find_device(const struct store *s, const struct portal_uuid *id);
const struct broker_device *store_find_identity(const struct store *s, enum portal_role role, const char *external_id);
struct broker_authorization *store_find(struct store *s, const struct broker_authorization *a);
/* Likewise, but of those that the broker knows of. */
const struct broker_authorization *store_find_live(struct store *s, const struct broker_authorization *a);

#endif
