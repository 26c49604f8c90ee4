/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded sessions of stock peers (transcripts/pcap of the shared folder): initiations open with the
 * receiver's private key, data with its transport key, and the goodbye is the one of the specification.
 * Skipped where the folder is not there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <sodium.h>

#include "control.h"
#include "noise.h"
#include "tests/unit/recorded/pcap.h"

struct session {
	char folder[512];
	json_t *keys;
	struct wg_identity client, gateway;
	uint8_t psk[32];
	unsigned int initiations, data, goodbyes, unknown;
};

static void decode(const json_t *o, const char *name, uint8_t ret[32])
{
	size_t n = 0;
	const char *text = json_string_value(json_object_get(o, name));
	assert_non_null(text);
	assert_int_equal(sodium_base642bin(ret, 32, text, strlen(text), NULL, &n, NULL, sodium_base64_VARIANT_ORIGINAL), 0);
	assert_int_equal(n, 32);
}

static void session_open(struct session *s, const char *name)
{
	char path[600];
	uint8_t key[32];
	const char *shared = getenv("SLUICE_SHARED");
	memset(s, 0, sizeof(*s));
	snprintf(s->folder, sizeof(s->folder), "%s/transcripts/pcap/%s", shared ? shared : "../shared", name);
	snprintf(path, sizeof(path), "%s/keys.json", s->folder);
	s->keys = json_load_file(path, 0, NULL);
	if (!s->keys)
		skip();
	decode(s->keys, "client_static_private", key);
	wg_identity_set(&s->client, key);
	decode(s->keys, "gateway_static_private", key);
	wg_identity_set(&s->gateway, key);
	decode(s->keys, "preshared_key", s->psk);
}

/* Who it was meant for is not known from the packet alone: it opens with one of both keys. */
static void initiation(struct session *s, const struct wg_initiation *m)
{
	struct wg_consumed c;
	struct wg_remote r;
	bool to_gateway = wg_initiation_open(&s->gateway, m, &c);
	const struct wg_identity *to = to_gateway ? &s->gateway : &s->client, *from = to_gateway ? &s->client : &s->gateway;
	assert_true(to_gateway || wg_initiation_open(&s->client, m, &c));
	assert_memory_equal(c.public_key, from->public_key, 32);
	assert_true(wg_remote_init(&r, to, from->public_key, s->psk));
	assert_true(wg_initiation_finish(&r, m, &c));
	s->initiations++;
}

static void data(struct session *s, const uint8_t *m, size_t bytes)
{
	static const uint8_t goodbye[48] = {0x60, [5] = 0x08, [6] = 0xff, [40] = 0x02}; /* tunnel.md §2.4 */
	char index[9];
	uint8_t key[32], plain[2048];
	const json_t *keys = json_object_get(s->keys, "transport_keys_by_receiver_index_hex");
	snprintf(index, sizeof(index), "%02x%02x%02x%02x", m[4], m[5], m[6], m[7]);
	if (!json_object_get(keys, index)) {
		s->unknown++;
		return;
	}
	decode(keys, index, key);
	size_t n = bytes - WG_DATA_OVERHEAD;
	assert_true(n <= sizeof(plain));
	assert_true(wg_aead_open(plain, key, wg_get64(m + 8), m + WG_DATA_HEADER, bytes - WG_DATA_HEADER, NULL, 0));
	s->data++;
	if (wg_control_event(plain, n) != WG_CONTROL_GOODBYE)
		return;
	assert_int_equal(n, sizeof(goodbye));
	assert_memory_equal(plain, goodbye, sizeof(goodbye));
	s->goodbyes++;
}

static void datagram(struct session *s, const uint8_t *p, size_t bytes, bool of_relay)
{
	if (of_relay && bytes > 4 && p[0] >> 4 == 4) { /* ChannelData */
		bytes = (size_t)(p[2] << 8 | p[3]) <= bytes - 4 ? (size_t)(p[2] << 8 | p[3]) : 0;
		p += 4;
	}
	enum wg_type type = wg_message_type(p, bytes);
	if (type == WG_INITIATION)
		initiation(s, (const struct wg_initiation *)p);
	else if (type == WG_DATA)
		data(s, p, bytes);
}

static void visit(void *arg, const struct pcap_datagram *d)
{
	datagram(arg, d->data, d->bytes, d->sport == 3478 || d->dport == 3478);
}

static void capture(struct session *s, const char *name)
{
	char path[600];
	snprintf(path, sizeof(path), "%s/%s.pcap", s->folder, name);
	assert_true(pcap_read(path, visit, s) > 0);
}

static void replay(const char *name, bool has_transport_keys)
{
	static const char *const captures[] = {"setup-client", "setup-gateway", "turn-client", "turn-gateway",
					       "dns-resource-gateway", "goodbye"};
	struct session s;
	session_open(&s, name);
	for (size_t i = 0; i < sizeof(captures) / sizeof(captures[0]); i++)
		capture(&s, captures[i]);
	print_message("# %s: %u initiations, %u data packets, %u goodbyes, %u without a key\n", name, s.initiations, s.data, s.goodbyes,
		      s.unknown);
	assert_true(s.initiations > 0);
	if (has_transport_keys) {
		assert_true(s.data > 0);
		assert_int_equal(s.unknown, 0);
		assert_true(s.goodbyes > 0);
	}
	json_decref(s.keys);
}

static void a_seed_pair_that_talks_directly(void **state)
{
	(void)state;
	replay("v1-direct", true);
}

static void a_seed_pair_behind_a_relay(void **state)
{
	(void)state;
	replay("v1-relayed", true);
}

static void a_newer_client_of_a_seed_gateway(void **state)
{
	(void)state;
	replay("v2-client-v1-gateway", true);
}

static void a_newer_pair(void **state)
{
	(void)state;
	replay("v2-direct", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_seed_pair_that_talks_directly),
		cmocka_unit_test(a_seed_pair_behind_a_relay),
		cmocka_unit_test(a_newer_client_of_a_seed_gateway),
		cmocka_unit_test(a_newer_pair),
	};
	return wg_crypto_init() != 0 || cmocka_run_group_tests_name("recorded", tests, NULL, NULL);
}
