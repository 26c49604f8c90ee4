/* SPDX-License-Identifier: Apache-2.0 */
#include "cookie.h"

#include <string.h>

#define MACS_BYTES 32
#define NS_PER_S   1000000000ull

void wg_mac_keys_init(struct wg_mac_keys *k, const uint8_t public_key[WG_KEY_BYTES])
{
	const struct wg_part mac1[] = {{"mac1----", 8}, {public_key, WG_KEY_BYTES}};
	const struct wg_part cookie[] = {{"cookie--", 8}, {public_key, WG_KEY_BYTES}};
	wg_hash(k->mac1, mac1, 2);
	wg_hash(k->cookie, cookie, 2);
}

void wg_cookie_rotate(struct wg_cookie_checker *c, uint64_t now_ns, const uint8_t random32[32])
{
	if (c->secret_born_ns && now_ns - c->secret_born_ns < WG_COOKIE_LIFE_NS)
		return;
	memcpy(c->secret, random32, 32);
	c->secret_born_ns = now_ns ? now_ns : 1;
}

static void cookie_for(const struct wg_cookie_checker *c, const struct wg_source *from, uint8_t ret[WG_COOKIE_SIZE])
{
	wg_mac(ret, c->secret, 32, from->bytes, from->n);
}

enum wg_mac_state wg_macs_check(const struct wg_cookie_checker *c, const void *message, size_t bytes,
				const struct wg_source *from)
{
	const uint8_t *macs = (const uint8_t *)message + bytes - MACS_BYTES;
	uint8_t mac[16], cookie[WG_COOKIE_SIZE];
	wg_mac(mac, c->keys.mac1, 32, message, bytes - MACS_BYTES);
	if (!wg_equal(mac, macs, 16))
		return WG_MAC_INVALID;
	if (!c->secret_born_ns)
		return WG_MAC1_VALID;
	cookie_for(c, from, cookie);
	wg_mac(mac, cookie, sizeof(cookie), message, bytes - 16);
	bool ok = wg_equal(mac, macs + 16, 16);
	wg_wipe(cookie, sizeof(cookie));
	return ok ? WG_MAC2_VALID : WG_MAC1_VALID;
}

void wg_cookie_reply_create(const struct wg_cookie_checker *c, const void *message, size_t bytes, const struct wg_source *from,
			    const uint8_t nonce[24], struct wg_cookie_reply *ret)
{
	uint8_t cookie[WG_COOKIE_SIZE];
	const uint8_t *m = message;
	memset(ret, 0, sizeof(*ret));
	wg_put32(ret->type, WG_COOKIE_REPLY);
	memcpy(ret->receiver, m + 4, 4); /* the sender's index */
	memcpy(ret->nonce, nonce, sizeof(ret->nonce));
	cookie_for(c, from, cookie);
	wg_xaead_seal(ret->encrypted_cookie, c->keys.cookie, nonce, cookie, sizeof(cookie), m + bytes - MACS_BYTES, 16);
	wg_wipe(cookie, sizeof(cookie));
}

void wg_macs_add(struct wg_cookie_jar *j, void *message, size_t bytes, uint64_t now_ns)
{
	uint8_t *macs = (uint8_t *)message + bytes - MACS_BYTES;
	wg_mac(macs, j->keys.mac1, 32, message, bytes - MACS_BYTES);
	memcpy(j->last_mac1, macs, 16);
	j->sent = true;
	memset(macs + 16, 0, 16);
	if (j->cookie_born_ns && now_ns - j->cookie_born_ns < WG_COOKIE_LIFE_NS)
		wg_mac(macs + 16, j->cookie, sizeof(j->cookie), message, bytes - 16);
}

bool wg_cookie_reply_consume(struct wg_cookie_jar *j, const struct wg_cookie_reply *m, uint64_t now_ns)
{
	uint8_t cookie[WG_COOKIE_SIZE];
	if (!j->sent || !wg_xaead_open(cookie, j->keys.cookie, m->nonce, m->encrypted_cookie, sizeof(m->encrypted_cookie),
				       j->last_mac1, 16))
		return false;
	memcpy(j->cookie, cookie, sizeof(cookie));
	wg_wipe(cookie, sizeof(cookie));
	j->cookie_born_ns = now_ns;
	j->sent = false; /* one message, one cookie */
	return true;
}

bool wg_load_is_high(struct wg_load *l, uint64_t now_ns, bool queue_is_long)
{
	if (now_ns - l->window_ns >= NS_PER_S) {
		l->window_ns = now_ns;
		l->in_window = 0;
	}
	if (++l->in_window > WG_LOAD_PER_S || queue_is_long)
		l->high_until_ns = now_ns + NS_PER_S; /* a flood does not get a hundred free in every second */
	return now_ns < l->high_until_ns;
}
