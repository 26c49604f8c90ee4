/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the store: the connection with its prepared statements, transactions, and what waits to be written.
 *
 *     store_open.c ─ store_schema.c   the file, its version, its secret
 *     store.c ─ store_waiting.c       changes by key, written by store_commit()
 *     store_rows.c ─ tokens.c         values <-> rows
 */
#ifndef PORTAL_STORE_INTERNAL_H
#define PORTAL_STORE_INTERNAL_H

#include <sqlite3.h>

#include "base/map.h"
#include "store.h"

#define STORE_SECRET_BYTES   32
#define STORE_DIGEST_BYTES   32
#define STORE_APPLICATION_ID 0x534c5550 /* "SLUP" */

/* X(NAME, "SQL"): one table makes the enum and the texts. */
#define STORE_STATEMENTS(X) \
	X(KNOWS_DEVICE, "SELECT cordoned FROM device WHERE id = ?1") \
	X(PUT_DEVICE, \
	  "INSERT INTO device (id, role, owner, external_id, name, public_key, address, seed, cordoned, created_at, seen_at)" \
	  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)" \
	  " ON CONFLICT (id) DO UPDATE SET name = ?5, public_key = ?6, seed = ?8, cordoned = ?9, seen_at = ?11" \
	  " WHERE role = ?2 AND owner = ?3 AND external_id = ?4 AND address = ?7") \
	X(EACH_DEVICE, \
	  "SELECT id, role, owner, external_id, name, public_key, address, seed, cordoned, created_at, seen_at" \
	  " FROM device ORDER BY number") \
	X(PUT_AUTHORIZATION, \
	  "INSERT INTO authorization (client, resource, gateway, expires_at, turn) VALUES (?1, ?2, ?3, ?4, ?5)" \
	  " ON CONFLICT (client, resource, gateway) DO UPDATE SET expires_at = ?4, turn = ?5") \
	X(FORGET_AUTHORIZATION, "DELETE FROM authorization WHERE client = ?1 AND resource = ?2 AND gateway = ?3") \
	X(EACH_AUTHORIZATION, \
	  "SELECT client, resource, gateway, expires_at, turn FROM authorization ORDER BY client, resource, gateway") \
	X(PUT_TOKEN, \
	  "INSERT INTO token (digest, role, owner, owner_name, description, imported, created_at, expires_at)" \
	  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)") \
	X(FIND_TOKEN, "SELECT number, role, owner, expires_at, last_used_at, digest FROM token WHERE digest = ?1") \
	X(TOUCH_TOKEN, "UPDATE token SET last_used_at = ?2 WHERE number = ?1") \
	X(EACH_TOKEN, \
	  "SELECT number, role, owner, expires_at, last_used_at, owner_name, description, imported, created_at" \
	  " FROM token WHERE number > ?1 ORDER BY number") \
	X(REVOKE_TOKEN, "DELETE FROM token WHERE number = ?1")
#define STORE_STATEMENT_ENUM(name, sql) STORE_##name,
enum store_statement { STORE_STATEMENTS(STORE_STATEMENT_ENUM) STORE_STATEMENT_KINDS };

struct store {
	sqlite3 *db;
	int lock; /* keeps other portals out */
	char *path;
	uint8_t secret[STORE_SECRET_BYTES]; /* tokens are HMACs under it */
	sqlite3_stmt *statements[STORE_STATEMENT_KINDS];
	struct cp_map by_key;               /* struct change */
	struct change *first, **last;       /* in the order of their first put */
	struct store_health health;
};

/* store_open.c: "PATH: what". Returns error. */
int store_open_failed(const struct store *s, int error, char *ret_error, const char *what);

/* store_schema.c: makes the file one of STORE_VERSION. 0, or -errno with a text. */
int store_schema(struct store *s, char *ret_error);

/* store.c: runs body in one transaction, durable: on the disk when it returns. A body returns SQLITE_OK or what went wrong, and
 * then nothing is written. 0, or -errno with health.error. */
int store_transaction(struct store *s, bool durable, int (*body)(struct store *s, void *arg), void *arg);
/* -errno of SQLite's. */
int store_errno(int code);
/* Ready for its bindings. */
sqlite3_stmt *store_statement(struct store *s, enum store_statement which);
/* One step, and reset. SQLITE_OK: done, no row. */
int store_run(sqlite3_stmt *q);
/* Every row of the statement, whose parameters are bound; SQLite's failures are -EIO. */
int store_each(sqlite3_stmt *q, int (*row)(sqlite3_stmt *q, void *arg), void *arg);

/* store_waiting.c: what is put and not yet committed, one change per key. */
enum change_kind { CHANGE_DEVICE = 1, CHANGE_AUTHORIZATION, CHANGE_TOKEN };
struct change {
	struct cp_map_entry by_key;
	struct change *next;
	uint8_t key[1 + 3 * sizeof(struct portal_uuid)]; /* kind and ids */
	enum change_kind kind;
	bool forget;                /* authorization */
	struct broker_device device; /* its texts are owned */
	struct broker_authorization authorization;
	uint64_t token;
	int64_t used_at;
};
/* The one of this key, made if there is none; NULL: memory is short. */
struct change *waiting_get(struct store *s, enum change_kind kind, const void *ids, size_t bytes);
void waiting_clear(struct store *s);
/* CHANGE_TOKEN of this number; NULL: there is none. */
const struct change *waiting_token(const struct store *s, uint64_t number);

/* store_rows.c: SQLite's code. SQLITE_CONSTRAINT…: it contradicts what is there. */
int row_write(struct store *s, const struct change *c);
bool row_blob(sqlite3_stmt *q, int column, void *ret, size_t bytes);
/* Whether losing this change to a power failure would give its identity to another, or undo an operator. */
bool row_is_weighty(struct store *s, const struct change *c);

#endif
