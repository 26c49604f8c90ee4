/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the portal must not forget, in one SQLite file: devices, authorizations (broker/record.h) and tokens (tokens.h).
 *
 * What is put is kept in memory until store_commit() has written all of it in one transaction. A commit that fails (disk
 * full, read-only) loses nothing: what it should have written waits for the next one, later versions of a row taking the
 * place of earlier ones, so that the waiting memory is at most that of the broker's own quotas.
 *
 *     turn: put, put, forget ──> store_commit() ── 0 ──> write the sockets
 *                                              └─ -ENOSPC … ──> log, /readyz says no, call it again within a second
 *
 * The file belongs to one portal: another one is refused by name, and so are a damaged file, one of something else, one
 * of a newer version, and one that others may read. Other programs may read it meanwhile (a backup). WAL; a turn that gives an identity (a new device), cordons, or touches
 * tokens is on the disk when store_commit() returns; any other turn survives the end of the process, and after a
 * power failure may be missing as a whole. One thread, that of the loop. Nothing here logs; no secret is in a text.
 */
#ifndef PORTAL_STORE_H
#define PORTAL_STORE_H

#include "broker/record.h"

#define STORE_ERROR_BYTES 512
#define STORE_VERSION     1 /* of the schema; older ones are migrated at the start */

struct store;

/* Creates the file (mode 0600) or opens it, migrates it, proves it whole. 0, or -errno with "PATH: what is wrong". */
int store_open(const char *path, struct store **ret, char ret_error[STORE_ERROR_BYTES]);
/* Commits what waits, if it can. NULL is fine. */
void store_close(struct store *s);

/* Everything in the order of its registration (devices), or of its ids (authorizations). A callback's record is valid
 * until it returns; what it returns, if not 0, ends the iteration and is passed up. 0, or -EIO: the file cannot be read. */
int store_each_device(struct store *s, int (*each)(void *arg, const struct broker_device *d), void *arg);
int store_each_authorization(struct store *s, int (*each)(void *arg, const struct broker_authorization *a), void *arg);

/* New or changed; copied. 0 or -ENOMEM. */
int store_put_device(struct store *s, const struct broker_device *d);
int store_put_authorization(struct store *s, const struct broker_authorization *a);
/* One that is not there is fine. */
int store_forget_authorization(struct store *s, const struct broker_authorization *a);

/* Writes all that was put since the last success; nothing to write is fine. 0, or why not: -ENOSPC, -EROFS, -EIO, -ENOMEM, -EBUSY
 * (another program writes).
 * A row that contradicts others (two devices with one id or index, an authorization of a device that is not there) is
 * left out, counted and named in the health, since it would fail for ever. */
int store_commit(struct store *s);

struct store_health {
	uint64_t commits, failures; /* transactions; since the start */
	uint64_t rows;              /* written or deleted */
	uint64_t refused;           /* rows left out for contradicting others */
	size_t waiting;             /* rows put and not yet committed */
	char error[STORE_ERROR_BYTES];   /* of the last commit: "PATH: database or disk is full"; "": it succeeded */
	char refusal[STORE_ERROR_BYTES]; /* of the last row left out */
};
const struct store_health *store_health(const struct store *s);

#endif
