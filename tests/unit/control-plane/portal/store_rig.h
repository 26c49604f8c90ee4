/* SPDX-License-Identifier: Apache-2.0 */
/* A store in a folder of its own, and records to put into it. */
#ifndef STORE_RIG_H
#define STORE_RIG_H

#include "store_internal.h"
#include "tokens.h"

struct store_rig {
	char folder[64], path[80], error[STORE_ERROR_BYTES];
	struct store *store;
};

/* With a new store, open. */
void rig_set_up(struct store_rig *r);
/* Removes the folder with all in it. */
void rig_tear_down(struct store_rig *r);
void rig_reopen(struct store_rig *r);

struct portal_uuid rig_id(uint8_t kind, uint32_t number);
/* Number `number` of role: every field follows from it; texts are valid until the next call. */
struct broker_device rig_device(enum portal_role role, uint32_t number);
struct broker_authorization rig_authorization(uint32_t client, uint32_t resource, uint32_t gateway, int64_t expires_at);
/* Runs SQL on a file that nobody holds, or on the store's own connection. */
void rig_sql(const char *path, const char *sql);
void rig_sql_inside(struct store *s, const char *sql);
int64_t rig_number(sqlite3 *db, const char *sql);

#endif
