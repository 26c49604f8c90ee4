/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "store_rig.h"

void rig_set_up(struct store_rig *r)
{
	memset(r, 0, sizeof(*r));
	strcpy(r->folder, "/tmp/sluice-store-XXXXXX");
	assert_non_null(mkdtemp(r->folder));
	snprintf(r->path, sizeof(r->path), "%s/portal.db", r->folder);
	rig_reopen(r);
}

void rig_tear_down(struct store_rig *r)
{
	static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
	char path[100];
	store_close(r->store);
	for (unsigned int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s%s", r->path, ends[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(r->folder), 0);
}

void rig_reopen(struct store_rig *r)
{
	store_close(r->store);
	r->store = NULL;
	if (store_open(r->path, &r->store, r->error) != 0)
		fail_msg("%s", r->error);
}

struct portal_uuid rig_id(uint8_t kind, uint32_t number)
{
	struct portal_uuid u = {{kind}};
	for (unsigned int i = 0; i < 4; i++)
		u.bytes[12 + i] = (uint8_t)(number >> (24 - 8 * i));
	return u;
}

struct broker_device rig_device(enum portal_role role, uint32_t number)
{
	static char external_id[32], name[32];
	struct broker_device d = {
		.role = role,
		.id = rig_id((uint8_t)role, number),
		.owner = rig_id(0x80, number % 7),
		.external_id = external_id,
		.name = name,
		.index = number * 4 + (uint32_t)role,
		.cordoned = number % 3 == 0,
		.created_at = 1790000000 + number,
		.seen_at = 1800000000 + number,
	};
	snprintf(external_id, sizeof(external_id), "external-%u", number);
	snprintf(name, sizeof(name), "näme %u", number);
	memset(d.public_key.bytes, (int)(number + 1), sizeof(d.public_key.bytes));
	memset(d.seed, (int)(number + 2), sizeof(d.seed));
	return d;
}

struct broker_authorization rig_authorization(uint32_t client, uint32_t resource, uint32_t gateway, int64_t expires_at)
{
	return (struct broker_authorization){
		.client = rig_id(PORTAL_CLIENT, client),
		.resource = rig_id(0x90, resource),
		.gateway = rig_id(PORTAL_GATEWAY, gateway),
		.expires_at = expires_at,
	};
}

static void exec(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
}

void rig_sql(const char *path, const char *sql)
{
	sqlite3 *db;
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL), SQLITE_OK);
	exec(db, sql);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

void rig_sql_inside(struct store *s, const char *sql)
{
	exec(s->db, sql);
}

int64_t rig_number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *q;
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	int64_t n = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	return n;
}
