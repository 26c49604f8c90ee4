/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of the recorded vectors, byte for byte: made by an agent whose transaction ids are not random. And what
 * a message costs of HMACs, which is most of its cost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "ice/ice.h"

#include "../stun/vectors.h"

#define NOW (1000 * CP_S)

static const uint8_t secret[16] = {1};
static uint64_t next_random;
uint64_t __wrap_cp_siphash(const uint8_t key[16], const void *data, size_t bytes);

/* The mask of the owner is zero, everything else is the number that is wanted. */
uint64_t __wrap_cp_siphash(const uint8_t key[16], const void *data, size_t bytes)
{
	(void)data;
	assert_int_equal(bytes, 8);
	return memcmp(key, secret, sizeof(secret)) == 0 ? 0 : next_random;
}

static unsigned int hmacs;
void __real_cp_hmac_sha1(const void *key, size_t key_bytes, const struct cp_span *parts, unsigned int n,
			 uint8_t ret[CP_SHA1_BYTES]);
void __wrap_cp_hmac_sha1(const void *key, size_t key_bytes, const struct cp_span *parts, unsigned int n,
			 uint8_t ret[CP_SHA1_BYTES]);

void __wrap_cp_hmac_sha1(const void *key, size_t key_bytes, const struct cp_span *parts, unsigned int n,
			 uint8_t ret[CP_SHA1_BYTES])
{
	hmacs++;
	__real_cp_hmac_sha1(key, key_bytes, parts, n, ret);
}

static struct cp_addr at(const char *ip, uint16_t port)
{
	struct cp_addr a;
	assert_true(cp_ip_parse(ip, strlen(ip), &a));
	a.port = port;
	return a;
}

static struct ice_agent *agent(bool controlling, const uint8_t txid[STUN_TXID_BYTES], struct cp_rng *rng)
{
	struct ice_settings s = {
		.controlling = controlling,
		.local = {CLIENT_UFRAG, CLIENT_PWD},
		.remote = {GATEWAY_UFRAG, GATEWAY_PWD},
		.tie_breaker = controlling ? 0x0123456789abcdef : 0xfedcba9876543210,
		.owner = (uint32_t)txid[0] << 24 | (uint32_t)txid[1] << 16 | (uint32_t)txid[2] << 8 | txid[3],
		.owner_secret = secret,
	};
	if (!controlling) {
		struct ice_credentials c = s.local;
		s.local = s.remote;
		s.remote = c;
	}
	memcpy(&next_random, txid + 4, sizeof(next_random));
	cp_rng_seed(rng, (const uint8_t[16]){2});
	struct ice_agent *a = ice_agent_new(&s, rng, NOW);
	assert_non_null(a);
	return a;
}

static struct ice_agent *with_pair(bool controlling, const uint8_t *txid, struct cp_rng *rng, enum ice_kind local)
{
	struct ice_agent *a = agent(controlling, txid, rng);
	struct cp_addr host = at("192.0.2.10", 52625), remote = at("198.51.100.7", 40000);
	struct ice_candidate c = {.addr = remote, .kind = ICE_SRFLX, .priority = 1694498559};
	assert_int_equal(ice_local_add(a, local, &host, &host, false, NOW), 0);
	assert_int_equal(ice_remote_add(a, &c, NOW), 0);
	ice_tick(a, NOW);
	return a;
}

static void next_check_is(struct ice_agent *a, cp_time now, const uint8_t *bytes, size_t n)
{
	struct ice_send s;
	assert_true(ice_check_next(a, now, &s));
	assert_int_equal(s.bytes, n);
	assert_memory_equal(s.data, bytes, n);
}

static void answered(struct ice_agent *a, const uint8_t *bytes, uint16_t n, cp_time now)
{
	struct stun_message m;
	assert_int_equal(stun_parse(bytes, n, &m), 0);
	assert_int_equal(ice_response_in(a, &m, now), 0);
}

static void the_check_of_a_client_that_nominates(void **state)
{
	struct cp_rng rng;
	struct ice_send plain;
	struct ice_agent *a = with_pair(true, check_client + 8, &rng, ICE_HOST);
	assert_true(ice_check_next(a, NOW, &plain));
	assert_int_equal(plain.bytes, sizeof(check_client) - 4); /* without USE-CANDIDATE */
	answered(a, answer_gateway, sizeof(answer_gateway), NOW + CP_MS);
	next_check_is(a, NOW + CP_MS, check_client, sizeof(check_client));
	ice_agent_free(a);
	(void)state;
}

static void the_check_of_a_gateway_through_its_relay(void **state)
{
	struct cp_rng rng;
	struct ice_agent *a = with_pair(false, check_gateway + 8, &rng, ICE_RELAY);
	next_check_is(a, NOW, check_gateway, sizeof(check_gateway));
	answered(a, answer_client, sizeof(answer_client), NOW + CP_MS);
	ice_agent_free(a);
	(void)state;
}

static void answer_is(bool controlling, const uint8_t *request, uint16_t request_bytes, const char *from, uint16_t port,
		      const uint8_t *answer, uint16_t answer_bytes)
{
	struct cp_rng rng;
	struct stun_message m;
	struct ice_send s;
	struct cp_addr source = at(from, port);
	struct cp_addr host = at(source.family == CP_V4 ? "192.0.2.10" : "2001:db8::10", 52625);
	struct ice_agent *a = agent(controlling, check_client + 8, &rng);
	assert_int_equal(ice_local_add(a, ICE_HOST, &host, &host, false, NOW), 0);
	assert_int_equal(stun_parse(request, request_bytes, &m), 0);
	assert_int_equal(ice_request_in(a, &m, &host, &source, NOW, &s), 0);
	assert_int_equal(s.bytes, answer_bytes);
	assert_memory_equal(s.data, answer, answer_bytes);
	assert_true(cp_addr_equal(&s.from, &host) && cp_addr_equal(&s.to, &source) && !s.from_relay);
	ice_agent_free(a);
}

static void the_answers_of_both(void **state)
{
	answer_is(false, check_client, sizeof(check_client), "198.51.100.7", 40000, answer_gateway, sizeof(answer_gateway));
	answer_is(true, check_gateway, sizeof(check_gateway), "2001:db8:1::2", 52625, answer_client, sizeof(answer_client));
	(void)state;
}

static unsigned int cost_of_request(struct ice_agent *a, const uint8_t *request, size_t bytes, int outcome)
{
	struct stun_message m;
	struct ice_send s;
	struct cp_addr host = at("192.0.2.10", 52625), from = at("198.51.100.7", 40000);
	unsigned int before = hmacs;
	assert_int_equal(stun_parse(request, bytes, &m), 0);
	assert_int_equal(ice_request_in(a, &m, &host, &from, NOW, &s), outcome);
	return hmacs - before;
}

static void a_request_is_verified_at_most_once(void **state)
{
	struct cp_rng rng;
	uint8_t damaged[sizeof(check_client)];
	struct ice_agent *gateway = with_pair(false, check_client + 8, &rng, ICE_HOST);
	struct ice_agent *client = with_pair(true, check_client + 8, &rng, ICE_HOST);
	memcpy(damaged, check_client, sizeof(damaged));
	damaged[8] ^= 1;
	assert_int_equal(cost_of_request(client, check_client, sizeof(check_client), ICE_E_CREDENTIALS), 0); /* the user name */
	assert_int_equal(cost_of_request(gateway, damaged, sizeof(damaged), ICE_E_CREDENTIALS), 1);
	assert_int_equal(cost_of_request(gateway, check_client, sizeof(check_client), 0), 2); /* and the answer signed */
	ice_agent_free(client);
	ice_agent_free(gateway);
	(void)state;
}

static void an_answer_that_nobody_waits_for_is_not_verified(void **state)
{
	struct cp_rng rng;
	struct stun_message m;
	struct ice_send s;
	struct ice_agent *a = with_pair(true, check_client + 8, &rng, ICE_HOST);
	assert_int_equal(stun_parse(answer_gateway, sizeof(answer_gateway), &m), 0);
	assert_int_equal(ice_response_in(a, &m, NOW), ICE_E_UNKNOWN_TRANSACTION);
	assert_int_equal(hmacs, 0);
	assert_true(ice_check_next(a, NOW, &s));
	assert_int_equal(hmacs, 1);
	for (unsigned int i = 0; i < 10; i++)
		assert_int_equal(ice_response_in(a, &m, NOW), i ? ICE_E_UNKNOWN_TRANSACTION : 0);
	assert_int_equal(hmacs, 2);
	ice_agent_free(a);
	(void)state;
}

static int begin(void **state)
{
	hmacs = 0;
	(void)state;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_check_of_a_client_that_nominates),
		cmocka_unit_test(the_check_of_a_gateway_through_its_relay),
		cmocka_unit_test(the_answers_of_both),
		cmocka_unit_test_setup(a_request_is_verified_at_most_once, begin),
		cmocka_unit_test_setup(an_answer_that_nobody_waits_for_is_not_verified, begin),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
