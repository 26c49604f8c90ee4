/* SPDX-License-Identifier: Apache-2.0 */
/* The file of the store: who may read it, who holds it, and what SQLite is told of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "store_internal.h"

#define STORE_BUSY_MS 20 /* an operator's own tool that writes: the loop waits so long, and tries again later */

int store_open_failed(const struct store *s, int error, char *ret_error, const char *what)
{
	snprintf(ret_error, STORE_ERROR_BYTES, "%s: %s", s->path, what);
	return error;
}

static int look_at(const struct store *s, char *ret_error)
{
	char text[64];
	struct stat st;
	if (fstat(s->lock, &st) != 0)
		return store_open_failed(s, -errno, ret_error, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return store_open_failed(s, -EINVAL, ret_error, "is no file");
	if (!(st.st_mode & 077))
		return 0;
	snprintf(text, sizeof(text), "mode %04o is wider than 0600, and it holds secrets", st.st_mode & 07777);
	return store_open_failed(s, -EPERM, ret_error, text);
}

/* A lock that SQLite knows nothing of keeps other portals out and lets an operator's tools in, for a backup. It is held by
 * this descriptor, which is closed after SQLite's: to close it drops the locks that SQLite has. */
static int hold(struct store *s, char *ret_error)
{
	s->lock = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
	if (s->lock < 0)
		return store_open_failed(s, -errno, ret_error, errno == EISDIR ? "is no file" : strerror(errno));
	int r = look_at(s, ret_error);
	if (r < 0 || flock(s->lock, LOCK_EX | LOCK_NB) == 0)
		return r;
	if (errno == EWOULDBLOCK)
		return store_open_failed(s, -EBUSY, ret_error, "is in use by another sluice-portal");
	return store_open_failed(s, -errno, ret_error, strerror(errno));
}

static int prepare_all(struct store *s)
{
#define STORE_STATEMENT_TEXT(name, sql) sql,
	static const char *const texts[] = {STORE_STATEMENTS(STORE_STATEMENT_TEXT)};
	int code = SQLITE_OK;
	for (unsigned int i = 0; i < STORE_STATEMENT_KINDS && code == SQLITE_OK; i++)
		code = sqlite3_prepare_v3(s->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &s->statements[i], NULL);
	return code;
}

static int open_database(struct store *s, char *ret_error)
{
	static const char how[] = "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;"
				  "PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 16777216";
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
	int code = sqlite3_open_v2(s->path, &s->db, flags, NULL);
	if (code == SQLITE_OK) {
		sqlite3_extended_result_codes(s->db, 1);
		sqlite3_busy_timeout(s->db, STORE_BUSY_MS);
		code = sqlite3_exec(s->db, how, NULL, NULL, NULL);
	}
	if (code != SQLITE_OK)
		return store_open_failed(s, store_errno(code), ret_error, s->db ? sqlite3_errmsg(s->db) : "out of memory");
	int r = store_schema(s, ret_error);
	if (r == 0 && (code = prepare_all(s)) != SQLITE_OK)
		r = store_open_failed(s, store_errno(code), ret_error, sqlite3_errmsg(s->db));
	return r;
}

static struct store *make(const char *path)
{
	uint8_t secret[16];
	struct store *s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	randombytes_buf(secret, sizeof(secret));
	cp_map_init(&s->by_key, secret);
	s->last = &s->first;
	s->lock = -1;
	s->path = strdup(path);
	if (s->path)
		return s;
	store_close(s);
	return NULL;
}

int store_open(const char *path, struct store **ret, char ret_error[STORE_ERROR_BYTES])
{
	struct store *s = sodium_init() >= 0 ? make(path) : NULL;
	ret_error[0] = 0;
	if (!s) {
		snprintf(ret_error, STORE_ERROR_BYTES, "%s: out of memory", path);
		return -ENOMEM;
	}
	int r = hold(s, ret_error);
	if (r == 0)
		r = open_database(s, ret_error);
	if (r == 0)
		*ret = s;
	else
		store_close(s);
	return r;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	if (s->statements[STORE_STATEMENT_KINDS - 1])
		store_commit(s);
	for (unsigned int i = 0; i < STORE_STATEMENT_KINDS; i++)
		sqlite3_finalize(s->statements[i]);
	sqlite3_close(s->db);
	if (s->lock >= 0)
		close(s->lock);
	waiting_clear(s);
	cp_map_fini(&s->by_key);
	free(s->path);
	sodium_memzero(s, sizeof(*s));
	free(s);
}

const struct store_health *store_health(const struct store *s)
{
	return &s->health;
}
