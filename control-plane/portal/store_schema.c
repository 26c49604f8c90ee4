/* SPDX-License-Identifier: Apache-2.0 */
/* The tables, and how a file of an older version becomes one of this. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "store_internal.h"

/* migrations[v] takes version v to v + 1. A released one never changes. The numbers of devices are the order of their
 * registration; a token's number is never given again, since operators revoke by it. */
static const char *const migrations[STORE_VERSION] = {
	"CREATE TABLE portal ("
	"  one INTEGER PRIMARY KEY CHECK (one = 1),"
	"  secret BLOB NOT NULL CHECK (length(secret) = 32)"
	") STRICT;"
	"CREATE TABLE device ("
	"  number INTEGER PRIMARY KEY,"
	"  id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),"
	"  role INTEGER NOT NULL CHECK (role IN (1, 2)),"
	"  owner BLOB NOT NULL CHECK (length(owner) = 16),"
	"  external_id TEXT NOT NULL,"
	"  name TEXT NOT NULL,"
	"  public_key BLOB NOT NULL CHECK (length(public_key) = 32),"
	"  address INTEGER NOT NULL UNIQUE CHECK (address BETWEEN 0 AND 4294967295),"
	"  seed BLOB NOT NULL CHECK (length(seed) = 32),"
	"  cordoned INTEGER NOT NULL CHECK (cordoned IN (0, 1)),"
	"  created_at INTEGER NOT NULL,"
	"  seen_at INTEGER NOT NULL,"
	"  UNIQUE (role, owner, external_id)"
	") STRICT;"
	"CREATE TABLE authorization ("
	"  client BLOB NOT NULL REFERENCES device (id),"
	"  resource BLOB NOT NULL CHECK (length(resource) = 16),"
	"  gateway BLOB NOT NULL REFERENCES device (id),"
	"  expires_at INTEGER NOT NULL,"
	"  turn INTEGER NOT NULL,"
	"  PRIMARY KEY (client, resource, gateway)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE token ("
	"  number INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),"
	"  role INTEGER NOT NULL CHECK (role IN (1, 2, 4)),"
	"  owner BLOB NOT NULL CHECK (length(owner) = 16),"
	"  owner_name TEXT NOT NULL,"
	"  description TEXT NOT NULL,"
	"  imported INTEGER NOT NULL CHECK (imported IN (0, 1)),"
	"  created_at INTEGER NOT NULL,"
	"  expires_at INTEGER NOT NULL,"
	"  last_used_at INTEGER NOT NULL DEFAULT 0"
	") STRICT;",
};

static int read_int(struct store *s, const char *sql, int64_t *ret)
{
	sqlite3_stmt *q;
	int code = sqlite3_prepare_v2(s->db, sql, -1, &q, NULL);
	if (code == SQLITE_OK && (code = sqlite3_step(q)) == SQLITE_ROW)
		*ret = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	return code == SQLITE_ROW ? SQLITE_OK : code;
}

/* What SQLite says, but for the one case that has a name here. */
static int refused(struct store *s, char *ret_error)
{
	if ((sqlite3_errcode(s->db) & 0xff) == SQLITE_BUSY)
		return store_open_failed(s, -EBUSY, ret_error, "is being written by another program");
	return store_open_failed(s, store_errno(sqlite3_errcode(s->db)), ret_error, sqlite3_errmsg(s->db));
}

static int damaged(struct store *s, char *ret_error, const char *what)
{
	char text[256];
	snprintf(text, sizeof(text), "is damaged: %s", what);
	return store_open_failed(s, -EIO, ret_error, text);
}

/* Its own check finds what is wrong inside; a reference to a device that is not there is none of SQLite's business. */
static int prove_whole(struct store *s, char *ret_error)
{
	sqlite3_stmt *q;
	int r = 0;
	int code = sqlite3_prepare_v2(s->db, "PRAGMA integrity_check(1)", -1, &q, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_step(q);
	const char *found = code == SQLITE_ROW ? (const char *)sqlite3_column_text(q, 0) : NULL;
	if (!found)
		r = damaged(s, ret_error, sqlite3_errmsg(s->db));
	else if (strcmp(found, "ok") != 0)
		r = damaged(s, ret_error, found);
	sqlite3_finalize(q);
	if (r < 0 || sqlite3_prepare_v2(s->db, "PRAGMA foreign_key_check", -1, &q, NULL) != SQLITE_OK)
		return r;
	if (sqlite3_step(q) == SQLITE_ROW)
		r = damaged(s, ret_error, "an authorization's device is missing");
	sqlite3_finalize(q);
	return r;
}

static int read_version(struct store *s, int64_t *ret_version, char *ret_error)
{
	int64_t application = 0, tables = 0;
	int code = read_int(s, "PRAGMA application_id", &application);
	if (code == SQLITE_OK)
		code = read_int(s, "PRAGMA user_version", ret_version);
	if (code == SQLITE_OK)
		code = read_int(s, "SELECT count(*) FROM sqlite_master", &tables);
	if (code == SQLITE_NOTADB)
		return store_open_failed(s, -EINVAL, ret_error, "is no database");
	if ((code & 0xff) == SQLITE_CORRUPT)
		return damaged(s, ret_error, sqlite3_errmsg(s->db));
	if (code != SQLITE_OK)
		return refused(s, ret_error);
	if (application != STORE_APPLICATION_ID && (application || tables))
		return store_open_failed(s, -EINVAL, ret_error, "is a database of something else");
	return 0;
}

static int exec(struct store *s, const char *sql)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL);
}

static int make_secret(struct store *s)
{
	uint8_t secret[STORE_SECRET_BYTES];
	sqlite3_stmt *q;
	int code = sqlite3_prepare_v2(s->db, "INSERT INTO portal (one, secret) VALUES (1, ?1)", -1, &q, NULL);
	randombytes_buf(secret, sizeof(secret));
	if (code == SQLITE_OK) {
		sqlite3_bind_blob(q, 1, secret, sizeof(secret), SQLITE_STATIC);
		code = sqlite3_step(q);
	}
	sqlite3_finalize(q);
	sodium_memzero(secret, sizeof(secret));
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

static int migrate(struct store *s, void *arg)
{
	char stamp[96];
	int code = SQLITE_OK;
	for (int64_t v = *(const int64_t *)arg; code == SQLITE_OK && v < STORE_VERSION; v++) {
		code = exec(s, migrations[v]);
		if (code == SQLITE_OK && v == 0)
			code = make_secret(s);
	}
	snprintf(stamp, sizeof(stamp), "PRAGMA application_id = %d; PRAGMA user_version = %d", STORE_APPLICATION_ID,
		 STORE_VERSION);
	return code == SQLITE_OK ? exec(s, stamp) : code;
}

static int read_secret(struct store *s, char *ret_error)
{
	sqlite3_stmt *q;
	int r = 0;
	if (sqlite3_prepare_v2(s->db, "SELECT secret FROM portal", -1, &q, NULL) != SQLITE_OK)
		return damaged(s, ret_error, sqlite3_errmsg(s->db));
	if (sqlite3_step(q) != SQLITE_ROW || !row_blob(q, 0, s->secret, sizeof(s->secret)))
		r = damaged(s, ret_error, "its secret is missing");
	sqlite3_finalize(q);
	return r;
}

static int write_ahead(struct store *s, char *ret_error)
{
	sqlite3_stmt *q;
	int code = sqlite3_prepare_v2(s->db, "PRAGMA journal_mode = WAL", -1, &q, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_step(q);
	bool good = code == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(q, 0), "wal") == 0;
	sqlite3_finalize(q);
	if (good)
		return 0;
	return code == SQLITE_ROW ? store_open_failed(s, -EIO, ret_error, "its file system bears no write-ahead log")
				  : refused(s, ret_error);
}

int store_schema(struct store *s, char *ret_error)
{
	char text[128];
	int64_t version = 0;
	int r = read_version(s, &version, ret_error);
	if (r < 0)
		return r;
	if (version > STORE_VERSION) {
		snprintf(text, sizeof(text), "is of version %lld, and this sluice-portal knows %d: a newer one wrote it",
			 (long long)version, STORE_VERSION);
		return store_open_failed(s, -EINVAL, ret_error, text);
	}
	if (version < 0)
		return damaged(s, ret_error, "its version is negative");
	r = prove_whole(s, ret_error);
	if (r < 0)
		return r;
	r = write_ahead(s, ret_error);
	if (r < 0)
		return r;
	if (version < STORE_VERSION && store_transaction(s, true, migrate, &version) < 0)
		return refused(s, ret_error);
	return read_secret(s, ret_error);
}
