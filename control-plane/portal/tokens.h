/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lets a peer in (portal §1.7): a text that stands for a site, an actor or the relays. The store holds no text but
 * its HMAC-SHA256 under a secret of the database; so a text is shown once, when it is made, and cannot be shown again.
 * A made one is "slp_g_…" (site), "slp_c_…" (actor) or "slp_r_…" (relays) with 32 random bytes in base64url.
 * The thread of the store. What is created or revoked is on the disk when the call returns 0.
 */
#ifndef PORTAL_TOKENS_H
#define PORTAL_TOKENS_H

#include "broker/broker.h"
#include "store.h"

#define TOKEN_TEXT_BYTES        64  /* of a made one, NUL included */
#define TOKEN_NAME_MAX          255 /* bytes of the owner's name and of the description */
#define TOKEN_TOUCH_SECONDS     3600 /* last_used_at is not more precise than that */

/* A row of the list; texts are borrowed for the callback. */
struct token {
	struct broker_principal who; /* .token is its number: it is never given twice */
	const char *owner_name;      /* the site's or actor's when it was made; relay: "" */
	const char *description;     /* "" */
	bool imported;
	int64_t created_at, last_used_at; /* Unix seconds; last_used_at: 0: never */
};

/* What a new one is to be: role and owner (relay: all zero) and expiry. */
struct token_request {
	enum portal_role role;
	struct portal_uuid owner;
	const char *owner_name, *description; /* NULL: "" */
	int64_t expires_at;                   /* PORTAL_NEVER */
	int64_t now;                          /* Unix seconds */
};

/* Makes one; ret_text is to be wiped by the caller. 0; -EINVAL: a name or description is too long or no UTF-8, or the expiry
 * is past; -ENOSPC, -EROFS, -EIO, -ENOMEM, -EBUSY as of store_commit(). */
int tokens_create(struct store *s, const struct token_request *r, char ret_text[TOKEN_TEXT_BYTES], uint64_t *ret_number);
/* The same with a text that a site has already: 1–4096 visible ASCII characters. Also -EEXIST: there is one of this text. */
int tokens_import(struct store *s, const struct token_request *r, const char *text, uint64_t *ret_number);
/* Whom it stands for; notes that it was used, for the next commit. 0; -ENOENT: nobody, or no longer; -EKEYEXPIRED; -EIO: the
 * file cannot be read, so it is not known whether the token is good (503, not 401). */
int tokens_find(struct store *s, const char *text, int64_t now, struct broker_principal *ret);
/* By number, those above `after`; what each returns, if not 0, ends it and is passed up. 0 or -EIO. */
int tokens_each(struct store *s, uint64_t after, int (*each)(void *arg, const struct token *t), void *arg);
/* Gone for ever; the caller closes what it authenticated (broker_token_gone()). 0; -ENOENT; -ENOSPC, … */
int tokens_revoke(struct store *s, uint64_t number);

#endif
