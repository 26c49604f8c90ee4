/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions, and the one that writes what waits. */
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "store_internal.h"

int store_errno(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
		return 0;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_BUSY:
		return -EBUSY;
	default:
		return -EIO;
	}
}

sqlite3_stmt *store_statement(struct store *s, enum store_statement which)
{
	sqlite3_stmt *q = s->statements[which];
	sqlite3_reset(q);
	sqlite3_clear_bindings(q);
	return q;
}

int store_run(sqlite3_stmt *q)
{
	int code = sqlite3_step(q);
	int reset = sqlite3_reset(q);
	sqlite3_clear_bindings(q); /* what was bound is borrowed */
	return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : reset;
}

int store_each(sqlite3_stmt *q, int (*row)(sqlite3_stmt *q, void *arg), void *arg)
{
	int r = 0, code = SQLITE_ROW;
	while (r == 0 && (code = sqlite3_step(q)) == SQLITE_ROW)
		r = row(q, arg);
	sqlite3_reset(q);
	return r ? r : code == SQLITE_DONE ? 0 : -EIO;
}

static int failed(struct store *s, int code)
{
	s->health.failures++;
	snprintf(s->health.error, sizeof(s->health.error), "%s: %s", s->path, sqlite3_errmsg(s->db));
	if (!sqlite3_get_autocommit(s->db))
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return store_errno(code);
}

int store_transaction(struct store *s, bool durable, int (*body)(struct store *s, void *arg), void *arg)
{
	const char *begin = durable ? "PRAGMA synchronous = FULL; BEGIN IMMEDIATE" : "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE";
	int code = sqlite3_exec(s->db, begin, NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = body(s, arg);
	if (code == SQLITE_OK)
		code = sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
	if (code != SQLITE_OK)
		return failed(s, code);
	s->health.commits++;
	s->health.error[0] = 0;
	return 0;
}

struct written {
	uint64_t rows, refused;
	char refusal[STORE_ERROR_BYTES];
};

static void name_refusal(struct store *s, const struct change *c, struct written *w)
{
	char id[PORTAL_UUID_TEXT];
	bool device = c->kind == CHANGE_DEVICE;
	portal_uuid_format(device ? &c->device.id : &c->authorization.client, id);
	snprintf(w->refusal, sizeof(w->refusal), "%s: %s %s: %s", s->path, device ? "device" : "authorization of client", id,
		 sqlite3_errcode(s->db) == SQLITE_OK ? "another one has its id" : sqlite3_errmsg(s->db));
	w->refused++;
}

static int write_waiting(struct store *s, void *arg)
{
	struct written *w = arg;
	for (const struct change *c = s->first; c; c = c->next) {
		int code = row_write(s, c);
		if ((code & 0xff) == SQLITE_CONSTRAINT)
			name_refusal(s, c, w);
		else if (code != SQLITE_OK)
			return code;
		else
			w->rows++;
	}
	return SQLITE_OK;
}

static bool is_weighty(struct store *s)
{
	for (const struct change *c = s->first; c; c = c->next)
		if (row_is_weighty(s, c))
			return true;
	return false;
}

int store_commit(struct store *s)
{
	struct written w = {0};
	if (!s->first)
		return 0;
	int r = store_transaction(s, is_weighty(s), write_waiting, &w);
	if (r < 0)
		return r;
	s->health.rows += w.rows;
	s->health.refused += w.refused;
	if (w.refused)
		memcpy(s->health.refusal, w.refusal, sizeof(w.refusal));
	waiting_clear(s);
	return 0;
}
