/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "broker/relays_internal.h"
#include "portal/base64.h"

#define SALT_CHARS 43 /* base64 of a SHA-256 */

/* Of the key's text, so that a new key means new credentials (§5.1). */
static void make_salt(const struct portal_key *key, char ret[SALT_CHARS + 1])
{
	char text[PORTAL_KEY_TEXT];
	uint8_t digest[CP_SHA256_BYTES];
	portal_key_format(key, text);
	cp_sha256(text, strlen(text), digest);
	size_t n = portal_base64_encode(digest, sizeof(digest), ret);
	ret[n] = 0;
}

static int64_t credentials_end(const struct broker_relay_user *who)
{
	return who->role == PORTAL_CLIENT && who->expires_at != PORTAL_NEVER ? who->expires_at : BROKER_RELAY_FOREVER;
}

/* What stock relays compute: SHA-256 of "<end>:<secret>:<salt>", base64 without padding. */
static void sign_as_stock(const char *secret, int64_t end, const char *salt, char *ret)
{
	char text[24 + RELAY_SECRET_MAX + 1 + SALT_CHARS + 1];
	uint8_t digest[CP_SHA256_BYTES];
	int bytes = snprintf(text, sizeof(text), "%" PRId64 ":%s:%s", end, secret, salt);
	assert(bytes > 0 && (size_t)bytes < sizeof(text));
	cp_sha256(text, (size_t)bytes, digest);
	ret[portal_base64_encode(digest, sizeof(digest), ret)] = 0;
	cp_wipe(text, sizeof(text));
	cp_wipe(digest, sizeof(digest));
}

/* What coturn's use-auth-secret computes: HMAC-SHA1 of the user name, base64. */
static void sign_as_rest(const char *secret, const char *username, char *ret)
{
	const struct cp_span part = {username, strlen(username)};
	uint8_t digest[CP_SHA1_BYTES];
	cp_hmac_sha1(secret, strlen(secret), &part, 1, digest);
	size_t n = portal_base64_encode(digest, sizeof(digest), ret);
	ret[n++] = '='; /* 20 bytes leave two of three */
	ret[n] = 0;
	cp_wipe(digest, sizeof(digest));
}

struct portal_relay relay_credentials(const struct relay *r, const struct broker_relay_user *who, size_t i,
				      struct broker_relay_list *ret)
{
	int64_t end = credentials_end(who);
	char salt[SALT_CHARS + 1], *username = ret->credentials[i].username, *password = ret->credentials[i].password;
	struct portal_relay p = {.type = PORTAL_TURN, .id = r->id, .username = username, .password = password, .expires_at = end};
	if (r->kind == BROKER_RELAY_STATIC) {
		p.username = r->given->username;
		p.password = r->given->password;
		return p;
	}
	make_salt(&who->public_key, salt);
	snprintf(username, sizeof(ret->credentials[i].username), "%" PRId64 ":%s", end, salt);
	if (r->kind == BROKER_RELAY_REST)
		sign_as_rest(r->given->rest_secret, username, password);
	else
		sign_as_stock(r->stamp_secret, end, salt, password);
	return p;
}

void broker_relay_list_wipe(struct broker_relay_list *l)
{
	cp_wipe(l, sizeof(*l));
}

struct portal_uuid broker_relay_id(const char *stamp_secret)
{
	uint8_t digest[CP_SHA256_BYTES];
	struct portal_uuid id;
	cp_sha256(stamp_secret, strlen(stamp_secret), digest);
	memcpy(id.bytes, digest, sizeof(id.bytes));
	id.bytes[6] = (uint8_t)((id.bytes[6] & 0x0f) | 0x40);
	id.bytes[8] = (uint8_t)((id.bytes[8] & 0x3f) | 0x80);
	return id;
}
