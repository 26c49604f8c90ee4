/* SPDX-License-Identifier: Apache-2.0 */
#include "tokens.h"

#include <errno.h>
#include <string.h>

#include <sodium.h>

#include "base/crypto.h"
#include "broker/request.h"
#include "store_internal.h"
#include "stun/utf8.h"

#define TOKEN_RANDOM_BYTES 32

static void digest_of(const struct store *s, const char *text, uint8_t ret[STORE_DIGEST_BYTES])
{
	const struct cp_span part = {text, strlen(text)};
	cp_hmac_sha256(s->secret, sizeof(s->secret), &part, 1, ret);
}

static bool is_name(const char *text)
{
	size_t n = text ? strlen(text) : 0;
	return n <= TOKEN_NAME_MAX && utf8_is_valid(text ? text : "", n);
}

struct insertion {
	const struct token_request *request;
	uint8_t digest[STORE_DIGEST_BYTES];
	bool imported;
	uint64_t number;
};

static int insert(struct store *s, void *arg)
{
	struct insertion *i = arg;
	const struct token_request *r = i->request;
	sqlite3_stmt *q = store_statement(s, STORE_PUT_TOKEN);
	sqlite3_bind_blob(q, 1, i->digest, sizeof(i->digest), SQLITE_STATIC);
	sqlite3_bind_int(q, 2, (int)r->role);
	sqlite3_bind_blob(q, 3, r->owner.bytes, sizeof(r->owner.bytes), SQLITE_STATIC);
	sqlite3_bind_text(q, 4, r->owner_name ? r->owner_name : "", -1, SQLITE_STATIC);
	sqlite3_bind_text(q, 5, r->description ? r->description : "", -1, SQLITE_STATIC);
	sqlite3_bind_int(q, 6, i->imported);
	sqlite3_bind_int64(q, 7, r->now);
	sqlite3_bind_int64(q, 8, r->expires_at);
	int code = store_run(q);
	i->number = (uint64_t)sqlite3_last_insert_rowid(s->db);
	return code;
}

/* Steps to the row of this digest; to be reset by the caller. */
static sqlite3_stmt *look_up(struct store *s, const uint8_t digest[STORE_DIGEST_BYTES], int *ret_code)
{
	sqlite3_stmt *q = store_statement(s, STORE_FIND_TOKEN);
	sqlite3_bind_blob(q, 1, digest, STORE_DIGEST_BYTES, SQLITE_STATIC);
	*ret_code = sqlite3_step(q);
	return q;
}

static int add(struct store *s, const struct token_request *r, const char *text, bool imported, uint64_t *ret_number)
{
	struct insertion i = {.request = r, .imported = imported};
	int code;
	if (!is_name(r->owner_name) || !is_name(r->description) || r->expires_at <= r->now)
		return -EINVAL;
	digest_of(s, text, i.digest);
	sqlite3_reset(look_up(s, i.digest, &code));
	if (code != SQLITE_DONE)
		return code == SQLITE_ROW ? -EEXIST : store_errno(code);
	int result = store_transaction(s, true, insert, &i);
	if (result == 0)
		*ret_number = i.number;
	return result;
}

int tokens_create(struct store *s, const struct token_request *r, char ret_text[TOKEN_TEXT_BYTES], uint64_t *ret_number)
{
	uint8_t secret[TOKEN_RANDOM_BYTES];
	const char letter = r->role == PORTAL_GATEWAY ? 'g' : r->role == PORTAL_CLIENT ? 'c' : 'r';
	char text[TOKEN_TEXT_BYTES] = {'s', 'l', 'p', '_', letter, '_'};
	randombytes_buf(secret, sizeof(secret));
	sodium_bin2base64(text + 6, sizeof(text) - 6, secret, sizeof(secret), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	int result = add(s, r, text, false, ret_number);
	if (result == 0)
		memcpy(ret_text, text, sizeof(text));
	sodium_memzero(secret, sizeof(secret));
	sodium_memzero(text, sizeof(text));
	return result;
}

int tokens_import(struct store *s, const struct token_request *r, const char *text, uint64_t *ret_number)
{
	size_t n = 0;
	while (text[n] > ' ' && text[n] <= '~' && n <= BROKER_TOKEN_MAX)
		n++;
	if (n == 0 || n > BROKER_TOKEN_MAX || text[n])
		return -EINVAL;
	return add(s, r, text, true, ret_number);
}

static bool read_principal(sqlite3_stmt *q, struct broker_principal *ret)
{
	*ret = (struct broker_principal){
		.token = (uint64_t)sqlite3_column_int64(q, 0),
		.role = (enum portal_role)sqlite3_column_int(q, 1),
		.expires_at = sqlite3_column_int64(q, 3),
	};
	return row_blob(q, 2, ret->owner.bytes, sizeof(ret->owner.bytes));
}

/* A note that is lost for want of memory is no loss. */
static void touch(struct store *s, uint64_t number, int64_t last, int64_t now)
{
	struct change *c;
	if (now - last < TOKEN_TOUCH_SECONDS || waiting_token(s, number))
		return;
	c = waiting_get(s, CHANGE_TOKEN, &number, sizeof(number));
	if (!c)
		return;
	c->token = number;
	c->used_at = now;
}

/* The index is searched by a digest that nobody outside can choose, so what its time tells is of no use to anyone. */
int tokens_find(struct store *s, const char *text, int64_t now, struct broker_principal *ret)
{
	uint8_t digest[STORE_DIGEST_BYTES], found[STORE_DIGEST_BYTES];
	struct broker_principal who;
	int code;
	digest_of(s, text, digest);
	sqlite3_stmt *q = look_up(s, digest, &code);
	bool good = code == SQLITE_ROW && read_principal(q, &who) && row_blob(q, 5, found, sizeof(found)) &&
		    cp_equal(digest, found, sizeof(digest));
	int64_t last = good ? sqlite3_column_int64(q, 4) : 0;
	sqlite3_reset(q);
	if (!good)
		return code == SQLITE_DONE ? -ENOENT : -EIO;
	if (who.expires_at <= now)
		return -EKEYEXPIRED;
	touch(s, who.token, last, now);
	*ret = who;
	return 0;
}

struct each {
	int (*token)(void *arg, const struct token *t);
	void *arg;
};

static int token_row(sqlite3_stmt *q, void *arg)
{
	const struct each *e = arg;
	struct token t = {
		.last_used_at = sqlite3_column_int64(q, 4),
		.owner_name = (const char *)sqlite3_column_text(q, 5),
		.description = (const char *)sqlite3_column_text(q, 6),
		.imported = sqlite3_column_int(q, 7),
		.created_at = sqlite3_column_int64(q, 8),
	};
	return read_principal(q, &t.who) && t.owner_name && t.description ? e->token(e->arg, &t) : -EIO;
}

int tokens_each(struct store *s, uint64_t after, int (*each)(void *arg, const struct token *t), void *arg)
{
	struct each e = {.token = each, .arg = arg};
	sqlite3_stmt *q = store_statement(s, STORE_EACH_TOKEN);
	sqlite3_bind_int64(q, 1, (int64_t)after);
	return store_each(q, token_row, &e);
}

static int revoke(struct store *s, void *arg)
{
	sqlite3_stmt *q = store_statement(s, STORE_REVOKE_TOKEN);
	sqlite3_bind_int64(q, 1, (int64_t)*(const uint64_t *)arg);
	return store_run(q);
}

int tokens_revoke(struct store *s, uint64_t number)
{
	int r = store_transaction(s, true, revoke, &number);
	if (r < 0)
		return r;
	return sqlite3_changes(s->db) > 0 ? 0 : -ENOENT;
}
