/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded sessions of stock peers and relays (transcripts/pcap of the shared folder): every STUN message
 * parses, verifies with the credentials that lie beside it, and comes out of the writer with the bytes it had.
 * Skipped where the folder is not there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "stun/bytes.h"
#include "stun/stun.h"
#include "tests/unit/recorded/pcap.h"

struct key {
	uint8_t bytes[64];
	size_t n;
};
struct session {
	char folder[512];
	struct key keys[4]; /* long-term of client and gateway, short-term of client and gateway */
	unsigned int messages, signed_ones, fingerprints, relayed, by_method[16], errors;
};

static const char *text_of(const json_t *keys, const char *object, const char *name)
{
	const char *text = json_string_value(json_object_get(json_object_get(keys, object), name));
	assert_non_null(text);
	return text;
}

static void long_term(const json_t *keys, const char *object, struct key *ret)
{
	stun_long_term_key(text_of(keys, object, "username"), text_of(keys, object, "realm"), text_of(keys, object, "password"), ret->bytes);
	ret->n = 16;
}

static void short_term(const json_t *keys, const char *object, struct key *ret)
{
	const char *pwd = text_of(keys, object, "password");
	ret->n = strlen(pwd);
	assert_true(ret->n <= sizeof(ret->bytes));
	memcpy(ret->bytes, pwd, ret->n);
}

static void session_open(struct session *s, const char *name)
{
	char path[600];
	const char *shared = getenv("SLUICE_SHARED");
	*s = (struct session){0};
	snprintf(s->folder, sizeof(s->folder), "%s/transcripts/pcap/%s", shared ? shared : "../shared", name);
	snprintf(path, sizeof(path), "%s/keys.json", s->folder);
	json_t *keys = json_load_file(path, 0, NULL);
	if (!keys)
		skip();
	long_term(keys, "turn_client", &s->keys[0]);
	long_term(keys, "turn_gateway", &s->keys[1]);
	short_term(keys, "client_ice", &s->keys[2]);
	short_term(keys, "gateway_ice", &s->keys[3]);
	json_decref(keys);
}

static const struct key *key_of(const struct session *s, const struct stun_message *m)
{
	for (unsigned int i = 0; i < 4; i++)
		if (stun_integrity_holds(m, s->keys[i].bytes, s->keys[i].n))
			return &s->keys[i];
	return NULL;
}

/* The attribute once more, from what the parser understood of it. */
static void put_again(struct stun_writer *w, const struct stun_message *m, const struct key *key, const uint8_t *at)
{
	uint16_t type = get_be16(at), bytes = get_be16(at + 2);
	char reason[128];
	switch (type) {
	case STUN_USERNAME:
		stun_put(w, type, m->username.p, m->username.bytes);
		break;
	case STUN_XOR_MAPPED_ADDRESS:
		stun_put_address(w, type, &m->mapped);
		break;
	case STUN_XOR_PEER_ADDRESS:
		stun_put_address(w, type, &m->peer);
		break;
	case STUN_XOR_RELAYED_ADDRESS:
		stun_put_address(w, type, &m->relayed[at[5] == 2]);
		break;
	case STUN_PRIORITY:
		stun_put_u32(w, type, m->priority);
		break;
	case STUN_LIFETIME:
		stun_put_u32(w, type, m->lifetime_s);
		break;
	case STUN_CHANNEL_NUMBER:
		stun_put_u32(w, type, (uint32_t)m->channel << 16);
		break;
	case STUN_ICE_CONTROLLING:
	case STUN_ICE_CONTROLLED:
		stun_put_u64(w, type, m->tie_breaker);
		break;
	case STUN_ERROR_CODE:
		snprintf(reason, sizeof(reason), "%.*s", m->reason.bytes, m->reason.p);
		stun_put_error(w, m->error_code, reason);
		break;
	case STUN_MESSAGE_INTEGRITY:
		stun_put_integrity(w, key->bytes, key->n);
		break;
	case STUN_FINGERPRINT:
		stun_put_fingerprint(w);
		break;
	default:
		stun_put(w, type, at + 4, bytes);
	}
}

static void comes_out_as_it_was(const struct stun_message *m, const struct key *key)
{
	uint8_t out[STUN_MESSAGE_MAX];
	struct stun_writer w;
	stun_begin(&w, out, sizeof(out), m->type, m->txid);
	for (size_t at = STUN_HEADER_BYTES; at < m->bytes; at += 4u + ((get_be16(m->raw + at + 2) + 3u) & ~3u))
		put_again(&w, m, key, m->raw + at);
	assert_int_equal(stun_finish(&w), m->bytes);
	assert_memory_equal(out, m->raw, m->bytes);
}

static void message(struct session *s, const uint8_t *p, size_t bytes)
{
	struct stun_message m;
	if (!stun_looks_like(p, bytes))
		return;
	assert_int_equal(stun_parse(p, bytes, &m), 0);
	const struct key *key = key_of(s, &m);
	assert_true(!m.integrity_at == !key);
	assert_true(m.fingerprint_at == 0 || stun_fingerprint_holds(&m));
	comes_out_as_it_was(&m, key);
	s->messages++;
	s->signed_ones += key != NULL;
	s->fingerprints += m.fingerprint_at != 0;
	s->by_method[STUN_METHOD(m.type) & 15]++;
	s->errors += m.error_code != 0;
}

static void visit(void *arg, const struct pcap_datagram *d)
{
	struct session *s = arg;
	struct stun_channel_data c;
	bool of_relay = d->sport == 3478 || d->dport == 3478;
	if (of_relay && stun_channel_parse(d->data, d->bytes, &c)) {
		s->relayed += stun_looks_like(c.payload, c.bytes);
		message(s, c.payload, c.bytes);
		return;
	}
	assert_false(of_relay && d->bytes > 4 && d->data[0] >> 4 == 4); /* relayed, and not framed as it must be */
	message(s, d->data, d->bytes);
}

static void replay(const char *name)
{
	static const char *const captures[] = {"setup-client", "setup-gateway", "turn-client", "turn-gateway",
					       "dns-resource-gateway", "goodbye"};
	struct session s;
	session_open(&s, name);
	for (size_t i = 0; i < sizeof(captures) / sizeof(captures[0]); i++) {
		char path[600];
		snprintf(path, sizeof(path), "%s/%s.pcap", s.folder, captures[i]);
		assert_true(pcap_read(path, visit, &s) > 0);
	}
	print_message("# %s: %u messages, %u signed, %u with fingerprint, %u in ChannelData, %u errors\n", name, s.messages,
		      s.signed_ones, s.fingerprints, s.relayed, s.errors);
	assert_true(s.messages > 20 && s.signed_ones > 10 && s.fingerprints > 10 && s.relayed > 0 && s.errors > 0);
	assert_true(s.by_method[STUN_BINDING] > 0 && s.by_method[STUN_ALLOCATE] > 0 && s.by_method[STUN_CHANNEL_BIND] > 0);
}

static void a_seed_pair_that_talks_directly(void **state)
{
	replay("v1-direct");
}

static void a_seed_pair_behind_a_relay(void **state)
{
	replay("v1-relayed");
}

static void a_newer_client_of_a_seed_gateway(void **state)
{
	replay("v2-client-v1-gateway");
}

static void a_newer_pair(void **state)
{
	replay("v2-direct");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_seed_pair_that_talks_directly),
		cmocka_unit_test(a_seed_pair_behind_a_relay),
		cmocka_unit_test(a_newer_client_of_a_seed_gateway),
		cmocka_unit_test(a_newer_pair),
	};
	return cmocka_run_group_tests_name("stun_recorded", tests, NULL, NULL);
}
