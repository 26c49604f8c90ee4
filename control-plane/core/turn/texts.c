/* SPDX-License-Identifier: Apache-2.0 */
#include "base/crypto.h"
#include "turn/turn_internal.h"

/* Header, XOR-PEER-ADDRESS of IPv6, three attributes of 4 bytes, MESSAGE-INTEGRITY: more than any request has. */
#define WITHOUT_TEXTS (STUN_HEADER_BYTES + 24u + 3 * 8u + 24u)

bool turn_text_set(struct turn_text *t, const char *p, size_t bytes)
{
	if (bytes >= sizeof(t->p) || (bytes > 0 && memchr(p, 0, bytes)))
		return false;
	memcpy(t->p, p, bytes);
	memset(t->p + bytes, 0, sizeof(t->p) - bytes);
	t->bytes = (uint16_t)bytes;
	return true;
}

static size_t attribute_bytes(size_t text)
{
	return 4 + ((text + 3) & ~(size_t)3);
}

bool turn_texts_fit(const struct turn *t, size_t realm_bytes, size_t nonce_bytes)
{
	return WITHOUT_TEXTS + attribute_bytes(t->username.bytes) + attribute_bytes(t->software.bytes) +
		       attribute_bytes(realm_bytes) + attribute_bytes(nonce_bytes) <= TURN_MESSAGE_MAX;
}

void turn_key_derive(struct turn *t)
{
	stun_long_term_key(t->username.p, t->realm.p, t->password.p, t->key);
}

/* Of user name, password and addresses: the realm may be the server's. */
void turn_digest_derive(struct turn *t)
{
	struct {
		char username[TURN_TEXT_MAX], password[TURN_TEXT_MAX];
		struct cp_addr server[2];
	} all = {0};
	uint8_t sha[CP_SHA256_BYTES];
	memcpy(all.username, t->username.p, sizeof(all.username));
	memcpy(all.password, t->password.p, sizeof(all.password));
	memcpy(all.server, t->server, sizeof(all.server));
	cp_sha256(&all, sizeof(all), sha);
	memcpy(t->digest, sha, sizeof(t->digest));
	cp_wipe(&all, sizeof(all));
	cp_wipe(sha, sizeof(sha));
}

void turn_credentials_wipe(struct turn *t)
{
	cp_wipe(&t->username, sizeof(t->username));
	cp_wipe(&t->password, sizeof(t->password));
	cp_wipe(&t->nonce, sizeof(t->nonce));
	cp_wipe(t->key, sizeof(t->key));
}

bool turn_nonce_take(struct turn *t, const struct stun_message *m)
{
	if (!m->nonce.p || m->nonce.bytes == 0 || !turn_texts_fit(t, t->realm.bytes, m->nonce.bytes))
		return false;
	if (!turn_text_set(&t->nonce, m->nonce.p, m->nonce.bytes))
		return false;
	t->dirty = true;
	return true;
}

bool turn_realm_take(struct turn *t, const struct stun_message *m)
{
	if (!m->realm.p || !turn_texts_fit(t, m->realm.bytes, t->nonce.bytes))
		return false;
	if (!turn_text_set(&t->realm, m->realm.p, m->realm.bytes))
		return false;
	turn_key_derive(t);
	t->dirty = true;
	return true;
}

bool turn_realm_is_ours(const struct turn *t, const struct stun_message *m)
{
	return !m->realm.p || (m->realm.bytes == t->realm.bytes && memcmp(m->realm.p, t->realm.p, t->realm.bytes) == 0);
}
