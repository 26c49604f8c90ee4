/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One datagram for a responder or an initiator with fixed keys. First byte:
 *   bits 0-1  0: the rest as it is; 1, 2, 3: a valid initiation, response, cookie reply, changed by the rest
 *   bit 2     mac1 is made right again after the change
 * A change is {offset, xor}. Nobody without the keys may get a session out of a changed message.
 */
#include <stdbool.h>

#include "../target.h"
#include "cookie.h"
#include "message.h"
#include "noise.h"

struct ends {
	struct wg_identity a, b;
	struct wg_remote a_of_b, b_of_a;
	struct wg_cookie_checker a_checker, b_checker;
	struct wg_cookie_jar a_jar, b_jar;
	struct wg_initiation initiation;
	struct wg_response response;
	struct wg_cookie_reply cookie;
};
static const struct wg_source source = {.n = 6, .bytes = {192, 0, 2, 1, 0xc8, 0}};

/* b has answered a's initiation, a has not seen it; a second initiation of a is ready. */
static void ends_init(struct ends *e)
{
	uint8_t key[32], stamp[WG_TIMESTAMP_BYTES], secret[32] = {6}, nonce[24] = {7};
	uint64_t last = 0;
	struct wg_consumed c;
	struct wg_session_keys keys;
	memset(e, 0, sizeof(*e));
	wg_identity_set(&e->a, memset(key, 1, 32));
	wg_identity_set(&e->b, memset(key, 2, 32));
	memset(key, 3, 32);
	assert(wg_remote_init(&e->a_of_b, &e->a, e->b.public_key, key));
	assert(wg_remote_init(&e->b_of_a, &e->b, e->a.public_key, key));
	wg_mac_keys_init(&e->a_checker.keys, e->a.public_key);
	wg_mac_keys_init(&e->b_checker.keys, e->b.public_key);
	wg_mac_keys_init(&e->a_jar.keys, e->b.public_key);
	wg_mac_keys_init(&e->b_jar.keys, e->a.public_key);
	wg_cookie_rotate(&e->b_checker, 1, secret);
	wg_timestamp(stamp, 1000, &last);
	assert(wg_initiation_create(&e->a, &e->a_of_b, 7, memset(key, 4, 32), stamp, &e->initiation));
	assert(wg_initiation_open(&e->b, &e->initiation, &c) && wg_initiation_finish(&e->b_of_a, &e->initiation, &c));
	assert(wg_response_create(&e->b_of_a, 9, memset(key, 5, 32), &e->response, &keys));
	wg_macs_add(&e->b_jar, &e->response, sizeof(e->response), 1);
	wg_timestamp(stamp, 2000000000, &last);
	assert(wg_initiation_create(&e->a, &e->a_of_b, 8, memset(key, 6, 32), stamp, &e->initiation));
	wg_macs_add(&e->a_jar, &e->initiation, sizeof(e->initiation), 1);
	wg_cookie_reply_create(&e->b_checker, &e->initiation, sizeof(e->initiation), &source, nonce, &e->cookie);
}

static bool consume_initiation(struct ends *e, const struct wg_initiation *m)
{
	struct wg_consumed c;
	struct wg_response answer;
	struct wg_session_keys keys;
	uint8_t ephemeral[32] = {9};
	return wg_initiation_open(&e->b, m, &c) && memcmp(c.public_key, e->a.public_key, 32) == 0 &&
	       wg_initiation_finish(&e->b_of_a, m, &c) && wg_response_create(&e->b_of_a, 10, ephemeral, &answer, &keys);
}

/* True if the message did anything. */
static bool deliver(struct ends *e, const uint8_t *m, size_t bytes)
{
	struct wg_session_keys keys;
	switch (wg_message_type(m, bytes)) {
	case WG_INITIATION:
		(void)wg_macs_check(&e->b_checker, m, bytes, &source);
		return consume_initiation(e, (const struct wg_initiation *)m);
	case WG_RESPONSE:
		(void)wg_macs_check(&e->a_checker, m, bytes, &source);
		return wg_response_consume(&e->a, &e->a_of_b, (const struct wg_response *)m, &keys);
	case WG_COOKIE_REPLY:
		return wg_cookie_reply_consume(&e->a_jar, (const struct wg_cookie_reply *)m, 3);
	default:
		return false;
	}
}

static size_t valid(const struct ends *e, uint8_t which, uint8_t ret[WG_INITIATION_BYTES])
{
	const void *from = which == 1 ? (const void *)&e->initiation : which == 2 ? (const void *)&e->response : &e->cookie;
	size_t n = which == 1 ? sizeof(e->initiation) : which == 2 ? sizeof(e->response) : sizeof(e->cookie);
	memcpy(ret, from, n);
	return n;
}

/* What authenticates the message: not its sender index (that is chosen freely), nor the macs. */
static bool is_authentic(uint8_t which, const uint8_t *have, const uint8_t *was)
{
	if (which == 1)
		return memcmp(have + 8, was + 8, 108) == 0;
	return which == 2 ? memcmp(have + 8, was + 8, 52) == 0 : memcmp(have + 8, was + 8, 56) == 0;
}

static void deliver_changed(struct ends *e, uint8_t head, struct bytes b)
{
	uint8_t was[WG_INITIATION_BYTES], m[WG_INITIATION_BYTES];
	uint8_t which = head & 3;
	size_t n = valid(e, which, was);
	memcpy(m, was, n);
	while (b.left >= 2) {
		uint8_t at = take(&b);
		m[at % n] ^= take(&b);
	}
	if ((head & 4) && which != 3)
		wg_macs_add(which == 1 ? &e->a_jar : &e->b_jar, m, n, 2);
	uint8_t *exact = copy_of(m, n);
	bool done = deliver(e, exact, n);
	free(exact);
	assert(!done || is_authentic(which, m, was));
	assert(done || memcmp(m, was, n) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	static struct ends fresh;
	struct bytes b = {data, size};
	if (!ready) {
		assert(wg_crypto_init() == 0);
		ends_init(&fresh);
		ready = true;
	}
	struct ends e = fresh;
	uint8_t head = take(&b);
	if (head & 3) {
		deliver_changed(&e, head, b);
	} else {
		uint8_t *m = copy_of(b.at, b.left);
		(void)deliver(&e, m, b.left);
		free(m);
	}
	return 0;
}
