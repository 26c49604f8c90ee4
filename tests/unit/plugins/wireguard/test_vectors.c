/* SPDX-License-Identifier: Apache-2.0 */
/* Handshake, cookie and data against vectors of an independent implementation (vectors.h), in both roles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "cookie.h"
#include "noise.h"
#include "vectors.h"

struct ends {
	struct wg_identity initiator, responder;
	struct wg_remote of_responder, of_initiator; /* how the one sees the other */
};

static const uint8_t ephemeral_i[32] = {[0 ... 31] = 0x33}, ephemeral_r[32] = {[0 ... 31] = 0x44};

static void ends_init(struct ends *e, uint8_t psk_byte)
{
	uint8_t key[32], psk[32];
	memset(e, 0, sizeof(*e));
	memset(psk, psk_byte, 32);
	memset(key, 0x11, 32);
	wg_identity_set(&e->initiator, key);
	memset(key, 0x22, 32);
	wg_identity_set(&e->responder, key);
	assert_true(wg_remote_init(&e->of_responder, &e->initiator, e->responder.public_key, psk));
	assert_true(wg_remote_init(&e->of_initiator, &e->responder, e->initiator.public_key, psk));
}

static void initiate(struct ends *e, struct wg_initiation *ret)
{
	struct wg_cookie_jar jar = {0};
	wg_mac_keys_init(&jar.keys, e->responder.public_key);
	assert_true(wg_initiation_create(&e->initiator, &e->of_responder, 0x01020304, ephemeral_i, vector_timestamp, ret));
	wg_macs_add(&jar, ret, sizeof(*ret), 1);
}

static void the_initiation_is_the_vector(void **state)
{
	struct ends e;
	struct wg_initiation m;
	(void)state;
	ends_init(&e, 0x55);
	initiate(&e, &m);
	assert_memory_equal(&m, vector_initiation, sizeof(m));
}

static void answer(uint8_t psk, const uint8_t *response, const uint8_t *initiator_sends, const uint8_t *responder_sends)
{
	struct ends e;
	struct wg_initiation sent;
	struct wg_response m;
	struct wg_consumed c;
	struct wg_session_keys ours, theirs;
	struct wg_cookie_jar jar = {0};
	ends_init(&e, psk);
	initiate(&e, &sent);
	wg_mac_keys_init(&jar.keys, e.initiator.public_key);
	assert_true(wg_initiation_open(&e.responder, (const struct wg_initiation *)vector_initiation, &c));
	assert_memory_equal(c.public_key, e.initiator.public_key, 32);
	assert_true(wg_initiation_finish(&e.of_initiator, (const struct wg_initiation *)vector_initiation, &c));
	assert_true(wg_response_create(&e.of_initiator, 0x0a0b0c0d, ephemeral_r, &m, &theirs));
	wg_macs_add(&jar, &m, sizeof(m), 1);
	assert_memory_equal(&m, response, sizeof(m));
	assert_memory_equal(theirs.receive, initiator_sends, 32);
	assert_memory_equal(theirs.send, responder_sends, 32);
	assert_true(wg_response_consume(&e.initiator, &e.of_responder, (const struct wg_response *)response, &ours));
	assert_memory_equal(ours.send, initiator_sends, 32);
	assert_memory_equal(ours.receive, responder_sends, 32);
	assert_int_equal(ours.remote_index, 0x0a0b0c0d);
}

static void the_response_and_the_transport_keys_are_the_vector_s(void **state)
{
	(void)state;
	answer(0x55, vector_response_psk, vector_initiator_sends_psk, vector_responder_sends_psk);
}

static void without_preshared_key_too(void **state)
{
	(void)state;
	answer(0, vector_response_none, vector_initiator_sends_none, vector_responder_sends_none);
}

static void the_first_data_packet_is_the_vector(void **state)
{
	static const char plain[] = "first data packet";
	uint8_t sealed[sizeof(plain) - 1 + WG_TAG_BYTES], opened[sizeof(plain)];
	(void)state;
	wg_aead_seal(sealed, vector_initiator_sends_psk, 0, plain, sizeof(plain) - 1, NULL, 0);
	assert_int_equal(sizeof(vector_data), WG_DATA_HEADER + sizeof(sealed));
	assert_memory_equal(sealed, vector_data + WG_DATA_HEADER, sizeof(sealed));
	assert_true(wg_aead_open(opened, vector_initiator_sends_psk, 0, sealed, sizeof(sealed), NULL, 0));
	assert_memory_equal(opened, plain, sizeof(plain) - 1);
}

static void a_foreign_cookie_is_taken_and_used_for_120_seconds(void **state)
{
	struct ends e;
	struct wg_initiation m;
	struct wg_cookie_jar jar = {0};
	(void)state;
	ends_init(&e, 0x55);
	wg_mac_keys_init(&jar.keys, e.responder.public_key);
	assert_true(wg_initiation_create(&e.initiator, &e.of_responder, 0x01020304, ephemeral_i, vector_timestamp, &m));
	wg_macs_add(&jar, &m, sizeof(m), 1);
	assert_true(wg_cookie_reply_consume(&jar, (const struct wg_cookie_reply *)vector_cookie_reply, 1));
	wg_macs_add(&jar, &m, sizeof(m), 2);
	assert_memory_equal(m.mac2, vector_mac2, 16);
	wg_macs_add(&jar, &m, sizeof(m), WG_COOKIE_LIFE_NS + 2);
	static const uint8_t none[16];
	assert_memory_equal(m.mac2, none, 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_initiation_is_the_vector),
		cmocka_unit_test(the_response_and_the_transport_keys_are_the_vector_s),
		cmocka_unit_test(without_preshared_key_too),
		cmocka_unit_test(the_first_data_packet_is_the_vector),
		cmocka_unit_test(a_foreign_cookie_is_taken_and_used_for_120_seconds),
	};
	return wg_crypto_init() != 0 || cmocka_run_group_tests_name("vectors", tests, NULL, NULL);
}
