/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mac1, mac2 and cookies (paper §5.3, §5.4.4, §5.4.7), and the limiter that decides when a cookie is
 * asked for. Pure; times in ns. Handshake thread.
 */
#ifndef WG_COOKIE_H
#define WG_COOKIE_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto.h"
#include "message.h"

#define WG_COOKIE_LIFE_NS 120000000000ull
#define WG_COOKIE_SIZE    16

/* Keys derived from a static public key, once. */
struct wg_mac_keys {
	uint8_t mac1[32];
	uint8_t cookie[32];
};
void wg_mac_keys_init(struct wg_mac_keys *k, const uint8_t public_key[WG_KEY_BYTES]);

/* What the source address of a message was: IP and port in network byte order, as the cookie binds them. */
struct wg_source {
	uint8_t bytes[18];
	uint8_t n;
};

/* Responder's side. */
struct wg_cookie_checker {
	struct wg_mac_keys keys; /* of our own public key */
	uint8_t secret[32];
	uint64_t secret_born_ns;
};
/* What a message proves. The macs are the last 32 bytes of an initiation or response. */
enum wg_mac_state { WG_MAC_INVALID, WG_MAC1_VALID, WG_MAC2_VALID };

/* random32: used when the secret is due to change. */
void wg_cookie_rotate(struct wg_cookie_checker *c, uint64_t now_ns, const uint8_t random32[32]);
enum wg_mac_state wg_macs_check(const struct wg_cookie_checker *c, const void *message, size_t bytes,
				const struct wg_source *from);
void wg_cookie_reply_create(const struct wg_cookie_checker *c, const void *message, size_t bytes, const struct wg_source *from,
			    const uint8_t nonce[24], struct wg_cookie_reply *ret);

/* Initiator's side: per peer. */
struct wg_cookie_jar {
	struct wg_mac_keys keys; /* of the peer's public key */
	uint8_t cookie[WG_COOKIE_SIZE];
	uint64_t cookie_born_ns; /* 0: none */
	uint8_t last_mac1[16];
	bool sent; /* last_mac1 is of a message that was sent */
};
/* Fills mac1, and mac2 when a fresh cookie is there, in the last 32 bytes. */
void wg_macs_add(struct wg_cookie_jar *j, void *message, size_t bytes, uint64_t now_ns);
bool wg_cookie_reply_consume(struct wg_cookie_jar *j, const struct wg_cookie_reply *m, uint64_t now_ns);

/* Under load: more than WG_LOAD_PER_S handshake messages with valid mac1 in this second, or the queue says so; and
 * for a second after it was so last. */
struct wg_load {
	uint64_t window_ns, high_until_ns;
	uint32_t in_window;
};
#define WG_LOAD_PER_S 100
bool wg_load_is_high(struct wg_load *l, uint64_t now_ns, bool queue_is_long);

#endif
