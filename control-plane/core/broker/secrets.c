/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/secrets.h"

#include <stdio.h>
#include <string.h>

#include "base/crypto.h"

struct names {
	char client[PORTAL_UUID_TEXT], gateway[PORTAL_UUID_TEXT], client_key[PORTAL_KEY_TEXT], gateway_key[PORTAL_KEY_TEXT];
};

/* RFC 8018 §5.2 with one iteration and one block: HMAC of the salt and the block's number. */
static void derive_preshared_key(const struct broker_device *client, const struct broker_device *gateway, const struct names *n,
				 struct portal_key *ret)
{
	static const uint8_t block[4] = {0, 0, 0, 1};
	uint8_t password[2 * BROKER_SEED_BYTES];
	char salt[256];
	int bytes = snprintf(salt, sizeof(salt), "WG_PSK|C_ID:%s|G_ID:%s|C_PK:%s|G_PK:%s", n->client, n->gateway, n->client_key,
			     n->gateway_key);
	const struct cp_span parts[] = {{salt, (size_t)bytes}, {block, sizeof(block)}};
	_Static_assert(PORTAL_KEY_BYTES == CP_SHA256_BYTES, "one block is one key");
	memcpy(password, client->seed, BROKER_SEED_BYTES);
	memcpy(password + BROKER_SEED_BYTES, gateway->seed, BROKER_SEED_BYTES);
	cp_hmac_sha256(password, sizeof(password), parts, 2, ret->bytes);
	cp_wipe(password, sizeof(password));
}

#define BASE32_CHARS 52

/* RFC 4648 §6, lower case, without padding. */
static void base32(const uint8_t in[CP_SHA256_BYTES], char ret[BASE32_CHARS])
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
	for (unsigned int i = 0; i < BASE32_CHARS; i++) {
		unsigned int bit = i * 5, byte = bit / 8;
		unsigned int two = (unsigned int)in[byte] << 8 | (byte + 1 < CP_SHA256_BYTES ? in[byte + 1] : 0u);
		ret[i] = alphabet[two >> (11 - bit % 8) & 31];
	}
}

static void cut(char *ret, size_t room, const char *from)
{
	memcpy(ret, from, room - 1);
	ret[room - 1] = 0;
}

static void derive_ice(const struct names *n, struct broker_secrets *ret)
{
	uint8_t hash[CP_SHA256_BYTES];
	char text[256], h[BASE32_CHARS];
	int bytes = snprintf(text, sizeof(text), "%s:%s:%s:%s", n->client, n->client_key, n->gateway, n->gateway_key);
	cp_sha256(text, (size_t)bytes, hash);
	base32(hash, h);
	cut(ret->client_username, sizeof(ret->client_username), h);
	cut(ret->client_password, sizeof(ret->client_password), h + 4);
	cut(ret->gateway_username, sizeof(ret->gateway_username), h + 26);
	cut(ret->gateway_password, sizeof(ret->gateway_password), h + 30);
	cp_wipe(hash, sizeof(hash));
	cp_wipe(h, sizeof(h));
}

void broker_secrets(const struct broker_device *client, const struct broker_device *gateway, struct broker_secrets *ret)
{
	struct names n;
	portal_uuid_format(&client->id, n.client);
	portal_uuid_format(&gateway->id, n.gateway);
	portal_key_format(&client->public_key, n.client_key);
	portal_key_format(&gateway->public_key, n.gateway_key);
	derive_preshared_key(client, gateway, &n, &ret->preshared_key);
	derive_ice(&n, ret);
}
