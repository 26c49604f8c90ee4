/* SPDX-License-Identifier: Apache-2.0 */
/* Devices and authorizations as rows. */
#include <errno.h>
#include <string.h>

#include <sodium.h>

#include "store_internal.h"

static void bind_uuid(sqlite3_stmt *q, int at, const struct portal_uuid *u)
{
	sqlite3_bind_blob(q, at, u->bytes, sizeof(u->bytes), SQLITE_STATIC);
}

static int write_device(struct store *s, const struct broker_device *d)
{
	sqlite3_stmt *q = store_statement(s, STORE_PUT_DEVICE);
	bind_uuid(q, 1, &d->id);
	sqlite3_bind_int(q, 2, (int)d->role);
	bind_uuid(q, 3, &d->owner);
	sqlite3_bind_text(q, 4, d->external_id, -1, SQLITE_STATIC);
	sqlite3_bind_text(q, 5, d->name, -1, SQLITE_STATIC);
	sqlite3_bind_blob(q, 6, d->public_key.bytes, sizeof(d->public_key.bytes), SQLITE_STATIC);
	sqlite3_bind_int64(q, 7, d->index);
	sqlite3_bind_blob(q, 8, d->seed, sizeof(d->seed), SQLITE_STATIC);
	sqlite3_bind_int(q, 9, d->cordoned);
	sqlite3_bind_int64(q, 10, d->created_at);
	sqlite3_bind_int64(q, 11, d->seen_at);
	int code = store_run(q);
	/* It touched no row: the id is there, with another key or address. */
	return code == SQLITE_OK && sqlite3_changes(s->db) == 0 ? SQLITE_CONSTRAINT : code;
}

static int write_authorization(struct store *s, const struct broker_authorization *a, bool forget)
{
	sqlite3_stmt *q = store_statement(s, forget ? STORE_FORGET_AUTHORIZATION : STORE_PUT_AUTHORIZATION);
	bind_uuid(q, 1, &a->client);
	bind_uuid(q, 2, &a->resource);
	bind_uuid(q, 3, &a->gateway);
	if (!forget) {
		sqlite3_bind_int64(q, 4, a->expires_at);
		sqlite3_bind_int64(q, 5, (int64_t)a->turn);
	}
	return store_run(q);
}

int row_write(struct store *s, const struct change *c)
{
	if (c->kind == CHANGE_DEVICE)
		return write_device(s, &c->device);
	if (c->kind == CHANGE_AUTHORIZATION)
		return write_authorization(s, &c->authorization, c->forget);
	sqlite3_stmt *q = store_statement(s, STORE_TOUCH_TOKEN);
	sqlite3_bind_int64(q, 1, (int64_t)c->token);
	sqlite3_bind_int64(q, 2, c->used_at);
	return store_run(q);
}

bool row_is_weighty(struct store *s, const struct change *c)
{
	if (c->kind != CHANGE_DEVICE)
		return false;
	sqlite3_stmt *q = store_statement(s, STORE_KNOWS_DEVICE);
	bind_uuid(q, 1, &c->device.id);
	bool same = sqlite3_step(q) == SQLITE_ROW && sqlite3_column_int(q, 0) == c->device.cordoned;
	sqlite3_reset(q);
	return !same;
}

bool row_blob(sqlite3_stmt *q, int column, void *ret, size_t bytes)
{
	const void *data = sqlite3_column_blob(q, column);
	if (!data || (size_t)sqlite3_column_bytes(q, column) != bytes)
		return false;
	memcpy(ret, data, bytes);
	return true;
}

struct each {
	int (*device)(void *arg, const struct broker_device *d);
	int (*authorization)(void *arg, const struct broker_authorization *a);
	void *arg;
};

static int device_row(sqlite3_stmt *q, void *arg)
{
	const struct each *e = arg;
	struct broker_device d = {
		.role = (enum portal_role)sqlite3_column_int(q, 1),
		.external_id = (const char *)sqlite3_column_text(q, 3),
		.name = (const char *)sqlite3_column_text(q, 4),
		.index = (uint32_t)sqlite3_column_int64(q, 6),
		.cordoned = sqlite3_column_int(q, 8),
		.created_at = sqlite3_column_int64(q, 9),
		.seen_at = sqlite3_column_int64(q, 10),
	};
	bool good = row_blob(q, 0, d.id.bytes, sizeof(d.id.bytes)) && row_blob(q, 2, d.owner.bytes, sizeof(d.owner.bytes)) &&
		    row_blob(q, 5, d.public_key.bytes, sizeof(d.public_key.bytes)) && row_blob(q, 7, d.seed, sizeof(d.seed));
	int r = good && d.external_id && d.name ? e->device(e->arg, &d) : -EIO;
	sodium_memzero(d.seed, sizeof(d.seed));
	return r;
}

static int authorization_row(sqlite3_stmt *q, void *arg)
{
	const struct each *e = arg;
	struct broker_authorization a = {.expires_at = sqlite3_column_int64(q, 3),
						.turn = (uint64_t)sqlite3_column_int64(q, 4)};
	if (!row_blob(q, 0, a.client.bytes, sizeof(a.client.bytes)) ||
	    !row_blob(q, 1, a.resource.bytes, sizeof(a.resource.bytes)) ||
	    !row_blob(q, 2, a.gateway.bytes, sizeof(a.gateway.bytes)))
		return -EIO;
	return e->authorization(e->arg, &a);
}

int store_each_device(struct store *s, int (*each)(void *arg, const struct broker_device *d), void *arg)
{
	struct each e = {.device = each, .arg = arg};
	return store_each(store_statement(s, STORE_EACH_DEVICE), device_row, &e);
}

int store_each_authorization(struct store *s, int (*each)(void *arg, const struct broker_authorization *a), void *arg)
{
	struct each e = {.authorization = each, .arg = arg};
	return store_each(store_statement(s, STORE_EACH_AUTHORIZATION), authorization_row, &e);
}
