/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "base/rng.h"
#include "stun/stun.h"
#include "stun/utf8.h"

#include "vectors.h"

#define assert_same(p, bytes, v) assert_int_equal(bytes, sizeof(v)), assert_memory_equal(p, v, sizeof(v))

static const char *const software_5a =
	"snownet; session=BD20EE571CFA9E2DB619C9B7197B1FF5447CBE7BBB3AD290034C4DF75C200596";
static const struct cp_addr v4_mapped = {.ip = {198, 51, 100, 7}, .port = 40000, .family = CP_V4};

static struct stun_message parsed(const void *p, size_t bytes)
{
	struct stun_message m;
	assert_int_equal(stun_parse(p, bytes, &m), 0);
	return m;
}

static void turn_key(uint8_t ret[16])
{
	stun_long_term_key(TURN_USERNAME, TURN_REALM, TURN_PASSWORD, ret);
}

static void reads_the_rfc_request(void **s)
{
	struct stun_message m = parsed(rfc5769_request, sizeof(rfc5769_request));
	struct stun_text local, remote;
	assert_int_equal(m.type, STUN_BINDING);
	assert_int_equal(m.priority, 0x6e0001ff);
	assert_true(m.controlled && !m.controlling && !m.use_candidate);
	assert_int_equal(m.tie_breaker, 0x932ff9b151263b36);
	assert_true(stun_username_split(&m, &local, &remote));
	assert_memory_equal(local.p, "evtj", 4);
	assert_memory_equal(remote.p, "h6vY", 4);
	assert_true(stun_integrity_holds(&m, RFC5769_PASSWORD, strlen(RFC5769_PASSWORD)));
	assert_true(stun_fingerprint_holds(&m));
}

static void reads_the_rfc_responses(void **s)
{
	static const struct cp_addr v4 = {.ip = {192, 0, 2, 1}, .port = 32853, .family = CP_V4};
	struct cp_addr v6 = {.port = 32853, .family = CP_V6};
	struct stun_message m = parsed(rfc5769_v4, sizeof(rfc5769_v4));
	assert_true(cp_addr_equal(&m.mapped, &v4));
	assert_true(stun_integrity_holds(&m, RFC5769_PASSWORD, strlen(RFC5769_PASSWORD)) && stun_fingerprint_holds(&m));
	assert_true(cp_ip_parse("2001:db8:1234:5678:11:2233:4455:6677", 36, &v6));
	v6.port = 32853;
	m = parsed(rfc5769_v6, sizeof(rfc5769_v6));
	assert_true(cp_addr_equal(&m.mapped, &v6));
	assert_true(stun_integrity_holds(&m, RFC5769_PASSWORD, strlen(RFC5769_PASSWORD)) && stun_fingerprint_holds(&m));
}

static void reads_the_rfc_long_term_request(void **s)
{
	static const char user[] = "\u30de\u30c8\u30ea\u30c3\u30af\u30b9";
	uint8_t key[16];
	struct stun_message m = parsed(rfc5769_long_term, sizeof(rfc5769_long_term));
	stun_long_term_key(user, "example.org", "TheMatrIX", key);
	assert_int_equal(m.username.bytes, strlen(user));
	assert_memory_equal(m.username.p, user, strlen(user));
	assert_true(stun_integrity_holds(&m, key, sizeof(key)));
	assert_int_equal(m.fingerprint_at, 0);
	assert_false(stun_fingerprint_holds(&m));
}

/* A check as the agent builds it: same order, same bytes. */
static size_t check(uint8_t *buffer, const char *username, const char *pwd, uint8_t first, bool controlling)
{
	uint8_t txid[12];
	struct stun_writer w;
	for (int i = 0; i < 12; i++)
		txid[i] = (uint8_t)(first + i);
	stun_begin(&w, buffer, STUN_MESSAGE_MAX, STUN_BINDING, txid);
	stun_put_text(&w, STUN_USERNAME, username);
	stun_put_u64(&w, controlling ? STUN_ICE_CONTROLLING : STUN_ICE_CONTROLLED,
		     controlling ? 0x0123456789abcdef : 0xfedcba9876543210);
	stun_put_u32(&w, STUN_PRIORITY, controlling ? 1862270719 : 1849687807);
	if (controlling)
		stun_put(&w, STUN_USE_CANDIDATE, NULL, 0);
	stun_put_integrity(&w, pwd, strlen(pwd));
	stun_put_fingerprint(&w);
	return stun_finish(&w);
}

static size_t answer(uint8_t *buffer, const struct stun_message *m, const struct cp_addr *mapped, const char *pwd)
{
	struct stun_writer w;
	stun_begin(&w, buffer, STUN_MESSAGE_MAX, STUN_BINDING | STUN_SUCCESS, m->txid);
	stun_put_address(&w, STUN_XOR_MAPPED_ADDRESS, mapped);
	stun_put_integrity(&w, pwd, strlen(pwd));
	stun_put_fingerprint(&w);
	return stun_finish(&w);
}

static void writes_checks_and_answers_byte_for_byte(void **s)
{
	uint8_t out[STUN_MESSAGE_MAX];
	struct cp_addr v6;
	struct stun_message m;
	assert_same(out, check(out, GATEWAY_UFRAG ":" CLIENT_UFRAG, GATEWAY_PWD, 0, true), check_client);
	m = parsed(check_client, sizeof(check_client));
	assert_true(m.use_candidate && m.controlling);
	assert_true(stun_integrity_holds(&m, GATEWAY_PWD, strlen(GATEWAY_PWD)) && stun_fingerprint_holds(&m));
	assert_same(out, answer(out, &m, &v4_mapped, GATEWAY_PWD), answer_gateway);
	assert_same(out, check(out, CLIENT_UFRAG ":" GATEWAY_UFRAG, CLIENT_PWD, 0x10, false), check_gateway);
	m = parsed(check_gateway, sizeof(check_gateway));
	assert_true(cp_ip_parse("2001:db8:1::2", 13, &v6));
	v6.port = 52625;
	assert_same(out, answer(out, &m, &v6, CLIENT_PWD), answer_client);
}

static void put_auth(struct stun_writer *w, bool nonce)
{
	uint8_t key[16];
	turn_key(key);
	stun_put_text(w, STUN_USERNAME, TURN_USERNAME);
	stun_put_text(w, STUN_REALM, TURN_REALM);
	if (nonce)
		stun_put_text(w, STUN_NONCE, TURN_NONCE);
	stun_put_integrity(w, key, sizeof(key));
}

static void begin(struct stun_writer *w, uint8_t *buffer, uint16_t type, uint8_t first)
{
	uint8_t txid[12];
	for (int i = 0; i < 12; i++)
		txid[i] = (uint8_t)(first + i);
	stun_begin(w, buffer, STUN_MESSAGE_MAX, type, txid);
}

static void put_allocation(struct stun_writer *w)
{
	stun_put_u32(w, STUN_REQUESTED_TRANSPORT, 17u << 24);
	stun_put_u32(w, STUN_ADDITIONAL_ADDRESS_FAMILY, 2u << 24);
	stun_put_text(w, STUN_SOFTWARE, "snownet");
}

static void writes_turn_requests_byte_for_byte(void **s)
{
	uint8_t out[STUN_MESSAGE_MAX];
	struct stun_writer w;
	static const struct cp_addr peer = {.ip = {203, 0, 113, 99}, .port = 61000, .family = CP_V4};
	begin(&w, out, STUN_BINDING, 0x20);
	stun_put_text(&w, STUN_SOFTWARE, software_5a);
	assert_same(out, stun_finish(&w), turn_binding);
	begin(&w, out, STUN_ALLOCATE, 0x30);
	put_allocation(&w);
	put_auth(&w, false);
	assert_same(out, stun_finish(&w), turn_allocate_first);
	begin(&w, out, STUN_ALLOCATE, 0x40);
	put_allocation(&w);
	put_auth(&w, true);
	assert_same(out, stun_finish(&w), turn_allocate_second);
	begin(&w, out, STUN_CHANNEL_BIND, 0x50);
	stun_put_address(&w, STUN_XOR_PEER_ADDRESS, &peer);
	stun_put_u32(&w, STUN_CHANNEL_NUMBER, 0x40000000);
	stun_put_text(&w, STUN_SOFTWARE, "snownet");
	put_auth(&w, true);
	assert_same(out, stun_finish(&w), turn_channel_bind);
	begin(&w, out, STUN_REFRESH, 0x60);
	put_allocation(&w);
	stun_put_u32(&w, STUN_LIFETIME, 0);
	put_auth(&w, true);
	assert_same(out, stun_finish(&w), turn_delete);
}

static void reads_turn_responses(void **s)
{
	uint8_t key[16];
	turn_key(key);
	struct stun_message m = parsed(turn_401, sizeof(turn_401));
	assert_int_equal(m.error_code, 401);
	assert_int_equal(m.nonce.bytes, strlen(TURN_NONCE));
	assert_memory_equal(m.nonce.p, TURN_NONCE, m.nonce.bytes);
	assert_memory_equal(m.realm.p, TURN_REALM, m.realm.bytes);
	assert_memory_equal(m.reason.p, "Unauthorized", m.reason.bytes);
	assert_true(stun_integrity_holds(&m, key, sizeof(key)));
	m = parsed(turn_allocated, sizeof(turn_allocated));
	assert_int_equal(m.type, STUN_ALLOCATE | STUN_SUCCESS);
	assert_int_equal(m.lifetime_s, 600);
	assert_true(m.relayed[0].family == CP_V4 && m.relayed[0].port == 60000 && m.relayed[0].ip[0] == 203);
	assert_true(m.relayed[1].family == CP_V6 && m.relayed[1].port == 60000 && m.relayed[1].ip[15] == 5);
	assert_true(cp_addr_equal(&m.mapped, &v4_mapped));
	assert_true(stun_integrity_holds(&m, key, sizeof(key)));
	m = parsed(turn_channel_bound, sizeof(turn_channel_bound));
	assert_true(stun_integrity_holds(&m, key, sizeof(key)));
	m = parsed(turn_bound, sizeof(turn_bound));
	assert_true(cp_addr_equal(&m.mapped, &v4_mapped));
}

static void frames_channel_data(void **s)
{
	struct stun_channel_data d;
	uint8_t header[STUN_CHANNEL_HEADER];
	const uint8_t *p = channel_data_check;
	assert_true(stun_channel_parse(p, sizeof(channel_data_check), &d));
	assert_int_equal(d.channel, 0x4000);
	assert_same(d.payload, d.bytes, check_client);
	stun_channel_header(header, 0x4000, sizeof(check_client));
	assert_memory_equal(header, p, sizeof(header));
	assert_false(stun_channel_parse(p, sizeof(channel_data_check) - 1, &d)); /* truncated */
	assert_false(stun_channel_parse(p, 3, &d));
	assert_false(stun_channel_parse((const uint8_t[]){0x3f, 0xff, 0, 0}, 4, &d));
	assert_true(stun_channel_parse((const uint8_t[]){0x7f, 0xff, 0, 0}, 4, &d));
	assert_false(stun_channel_parse((const uint8_t[]){0x80, 0x00, 0, 0}, 4, &d));
	assert_false(stun_channel_parse((const uint8_t[]){0x40, 0x00, 0, 0, 0, 0, 0, 0}, 8, &d)); /* padded */
}

/* One flipped bit anywhere before the end of MESSAGE-INTEGRITY breaks it, wherever parsing still succeeds. */
static void integrity_covers_every_bit(void **s)
{
	uint8_t copy[sizeof(check_client)];
	struct stun_message m;
	unsigned int parsed_ones = 0;
	for (unsigned int bit = 0; bit < 8 * (sizeof(copy) - 8); bit++) {
		memcpy(copy, check_client, sizeof(copy));
		copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (stun_parse(copy, sizeof(copy), &m) != 0)
			continue;
		parsed_ones++;
		assert_false(stun_integrity_holds(&m, GATEWAY_PWD, strlen(GATEWAY_PWD)));
		assert_false(stun_fingerprint_holds(&m));
	}
	assert_true(parsed_ones > 300);
}

static void ignores_what_follows_integrity(void **s)
{
	uint8_t out[256], txid[12] = {1};
	struct stun_writer w;
	stun_begin(&w, out, sizeof(out), STUN_BINDING, txid);
	stun_put_text(&w, STUN_USERNAME, "a:b");
	stun_put_integrity(&w, "k", 1);
	stun_put(&w, STUN_USE_CANDIDATE, NULL, 0);
	stun_put_u32(&w, STUN_PRIORITY, 7);
	stun_put_fingerprint(&w);
	struct stun_message m = parsed(out, stun_finish(&w));
	assert_false(m.use_candidate || m.has_priority);
	assert_true(stun_integrity_holds(&m, "k", 1));
	assert_true(stun_fingerprint_holds(&m));
}

static void the_first_of_repeated_attributes_counts(void **s)
{
	uint8_t out[256], txid[12] = {1};
	struct stun_writer w;
	stun_begin(&w, out, sizeof(out), STUN_BINDING, txid);
	stun_put_text(&w, STUN_USERNAME, "first:one");
	stun_put_text(&w, STUN_USERNAME, "second:one");
	stun_put_u32(&w, STUN_PRIORITY, 1);
	stun_put_u32(&w, STUN_PRIORITY, 2);
	struct stun_message m = parsed(out, stun_finish(&w));
	assert_memory_equal(m.username.p, "first", 5);
	assert_int_equal(m.priority, 1);
}

static void put_refused(struct stun_writer *w)
{
	stun_put_error(w, 420, "Unknown Attribute");
	stun_put(w, STUN_UNKNOWN_ATTRIBUTES, (const uint8_t[]){0x00, 0x19, 0x80, 0x00}, 4);
}

static void names_refused_and_unknown_attributes(void **s)
{
	uint8_t out[256], txid[12] = {1};
	struct stun_writer w;
	stun_begin(&w, out, sizeof(out), STUN_REFRESH | STUN_ERROR, txid);
	put_refused(&w);
	stun_put_u32(&w, 0x7abc, 0);
	stun_put_u32(&w, 0xfabc, 0);
	struct stun_message m = parsed(out, stun_finish(&w));
	assert_int_equal(m.error_code, 420);
	assert_int_equal(m.n_refused, 2);
	assert_int_equal(m.refused[0], STUN_REQUESTED_TRANSPORT);
	assert_int_equal(m.refused[1], STUN_ADDITIONAL_ADDRESS_FAMILY);
	assert_int_equal(m.n_unknown, 1);
	assert_int_equal(m.unknown[0], 0x7abc);
}

static void a_small_buffer_yields_nothing(void **s)
{
	uint8_t out[STUN_MESSAGE_MAX], txid[12] = {1};
	for (size_t room = 0; room < sizeof(check_client); room++) {
		struct stun_writer w;
		memset(out, 0xaa, sizeof(out));
		stun_begin(&w, out, room, STUN_BINDING, txid);
		stun_put_text(&w, STUN_USERNAME, GATEWAY_UFRAG ":" CLIENT_UFRAG);
		stun_put_u64(&w, STUN_ICE_CONTROLLING, 1);
		stun_put_u32(&w, STUN_PRIORITY, 1);
		stun_put(&w, STUN_USE_CANDIDATE, NULL, 0);
		stun_put_integrity(&w, "k", 1);
		stun_put_fingerprint(&w);
		assert_int_equal(stun_finish(&w), 0);
		assert_int_equal(out[room], 0xaa);
	}
}

/* --- what must be refused: a header, then attributes --- */

#define HEADER(type, length) 0, type, 0, length, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12

static const struct malformed {
	const char *what;
	uint8_t bytes[48];
	uint8_t n;
	int outcome;
} malformed[] = {
	{"nothing", {0}, 0, STUN_E_NOT_STUN},
	{"header cut", {HEADER(1, 0)}, 19, STUN_E_NOT_STUN},
	{"wrong cookie", {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x43}, 20, STUN_E_NOT_STUN},
	{"first bits", {0x40, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, 20, STUN_E_NOT_STUN},
	{"length too small", {HEADER(1, 0), 0, 0x25, 0, 0}, 24, STUN_E_NOT_STUN},
	{"length too large", {HEADER(1, 8), 0, 0x25, 0, 0}, 24, STUN_E_NOT_STUN},
	{"length no multiple of 4", {HEADER(1, 2), 0, 0x25}, 22, STUN_E_NOT_STUN},
	{"attribute beyond the end", {HEADER(1, 8), 0, 6, 0, 5, 'a', ':', 'b', 'c'}, 28, STUN_E_TRUNCATED},
	{"attribute far beyond the end", {HEADER(1, 4), 0, 6, 0xff, 0xff}, 24, STUN_E_TRUNCATED},
	{"PRIORITY of 3 bytes", {HEADER(1, 8), 0, 0x24, 0, 3, 1, 2, 3, 0}, 28, STUN_E_BAD_LENGTH},
	{"PRIORITY of 8 bytes", {HEADER(1, 12), 0, 0x24, 0, 8}, 32, STUN_E_BAD_LENGTH},
	{"USE-CANDIDATE with a value", {HEADER(1, 8), 0, 0x25, 0, 4}, 28, STUN_E_BAD_LENGTH},
	{"ICE-CONTROLLING of 4 bytes", {HEADER(1, 8), 0x80, 0x2a, 0, 4}, 28, STUN_E_BAD_LENGTH},
	{"MESSAGE-INTEGRITY of 16 bytes", {HEADER(1, 20), 0, 8, 0, 16}, 40, STUN_E_BAD_LENGTH},
	{"FINGERPRINT of 8 bytes", {HEADER(1, 12), 0x80, 0x28, 0, 8}, 32, STUN_E_BAD_LENGTH},
	{"LIFETIME of 0 bytes", {HEADER(1, 4), 0, 0x0d, 0, 0}, 24, STUN_E_BAD_LENGTH},
	{"odd UNKNOWN-ATTRIBUTES", {HEADER(1, 8), 0, 0x0a, 0, 3}, 28, STUN_E_BAD_LENGTH},
	{"address of no bytes", {HEADER(1, 4), 0, 0x20, 0, 0}, 24, STUN_E_BAD_ADDRESS},
	{"address of family 3", {HEADER(1, 12), 0, 0x20, 0, 8, 0, 3}, 32, STUN_E_BAD_ADDRESS},
	{"IPv4 address of 20 bytes", {HEADER(1, 24), 0, 0x20, 0, 20, 0, 1}, 44, STUN_E_BAD_ADDRESS},
	{"IPv6 address of 8 bytes", {HEADER(1, 12), 0, 0x12, 0, 8, 0, 2}, 32, STUN_E_BAD_ADDRESS},
	{"IPv4 address cut", {HEADER(1, 12), 0, 0x16, 0, 5, 0, 1}, 32, STUN_E_BAD_ADDRESS},
	{"error class 2", {HEADER(1, 8), 0, 9, 0, 4, 0, 0, 2, 0}, 28, STUN_E_BAD_ERROR_CODE},
	{"error class 7", {HEADER(1, 8), 0, 9, 0, 4, 0, 0, 7, 0}, 28, STUN_E_BAD_ERROR_CODE},
	{"error number 100", {HEADER(1, 8), 0, 9, 0, 4, 0, 0, 4, 100}, 28, STUN_E_BAD_ERROR_CODE},
	{"ERROR-CODE of 2 bytes", {HEADER(1, 8), 0, 9, 0, 2, 0, 0}, 28, STUN_E_BAD_ERROR_CODE},
	{"USERNAME not UTF-8", {HEADER(1, 8), 0, 6, 0, 4, 'a', ':', 0xc3, 'b'}, 28, STUN_E_BAD_STRING},
};

static void refuses_what_is_malformed(void **s)
{
	struct stun_message m;
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		const struct malformed *c = &malformed[i];
		uint8_t *exact = malloc(c->n + 1u); /* so that a sanitizer sees a read beyond the datagram */
		memcpy(exact, c->bytes, c->n);
		if (stun_parse(exact, c->n, &m) != c->outcome)
			fail_msg("%s: not refused as %s", c->what, stun_strerror(c->outcome));
		free(exact);
	}
}

static void refuses_texts_that_are_too_long(void **s)
{
	uint8_t out[STUN_MESSAGE_MAX], txid[12] = {1};
	char text[800];
	struct stun_message m;
	static const struct {
		uint16_t type, max;
	} limits[] = {{STUN_USERNAME, 513}, {STUN_REALM, 763}, {STUN_NONCE, 763}, {STUN_SOFTWARE, 763}};
	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < 4; i++)
		for (uint16_t more = 0; more < 2; more++) {
			struct stun_writer w;
			stun_begin(&w, out, sizeof(out), STUN_BINDING, txid);
			stun_put(&w, limits[i].type, text, limits[i].max + more);
			assert_int_equal(stun_parse(out, stun_finish(&w), &m), more ? STUN_E_BAD_STRING : 0);
		}
}

static void refuses_messages_that_are_too_large(void **s)
{
	uint8_t big[1500] = {0, 1, 0x05, 0xc8, 0x21, 0x12, 0xa4, 0x42};
	struct stun_message m;
	assert_int_equal(stun_parse(big, sizeof(big), &m), STUN_E_TOO_LARGE);
}

static void splits_user_names(void **s)
{
	static const struct {
		const char *name;
		bool splits;
	} names[] = {{"a:b", true}, {"abcd:efgh", true}, {"a:b:c", true}, {":b", false}, {"a:", false}, {"ab", false}, {"", false}};
	struct stun_text local, remote;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint8_t out[256], txid[12] = {1};
		struct stun_writer w;
		stun_begin(&w, out, sizeof(out), STUN_BINDING, txid);
		stun_put_text(&w, STUN_USERNAME, names[i].name);
		struct stun_message m = parsed(out, stun_finish(&w));
		assert_int_equal(stun_username_split(&m, &local, &remote), names[i].splits);
	}
}

static void knows_utf8(void **s)
{
	static const struct {
		const char *text;
		bool valid;
	} texts[] = {
		{"", true}, {"plain", true}, {"\xc2\x80", true}, {"\xe2\x82\xac", true}, {"\xf4\x8f\xbf\xbf", true},
		{"\xed\x9f\xbf", true}, {"\xee\x80\x80", true}, {"\x80", false}, {"\xc0\x80", false}, {"\xc1\xbf", false},
		{"\xe0\x9f\xbf", false}, {"\xed\xa0\x80", false}, {"\xf0\x8f\xbf\xbf", false}, {"\xf4\x90\x80\x80", false},
		{"\xf5\x80\x80\x80", false}, {"\xe2\x82", false}, {"\xe2\x28\xa1", false}, {"\xff", false},
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(utf8_is_valid(texts[i].text, strlen(texts[i].text)), texts[i].valid);
}

/* Whatever changes at random, the parser stays inside the datagram and its view inside the message. */
static void survives_random_damage(void **s)
{
	struct cp_rng rng;
	struct stun_message m;
	unsigned int accepted = 0;
	cp_rng_seed(&rng, (const uint8_t[16]){7});
	for (int round = 0; round < 200000; round++) {
		size_t bytes = sizeof(turn_401) - 4 * cp_rng_below(&rng, 5);
		uint8_t *p = malloc(bytes);
		memcpy(p, turn_401, bytes);
		p[2] = (uint8_t)((bytes - 20) >> 8), p[3] = (uint8_t)(bytes - 20);
		for (uint32_t k = cp_rng_below(&rng, 4); k > 0; k--)
			p[20 + cp_rng_below(&rng, (uint32_t)bytes - 20)] = (uint8_t)cp_rng_u64(&rng);
		if (stun_parse(p, bytes, &m) == 0) {
			accepted++;
			assert_true(m.integrity_at == 0 || m.integrity_at + 24u <= bytes);
			assert_true(!m.nonce.p || (const uint8_t *)m.nonce.p + m.nonce.bytes <= p + bytes);
			stun_integrity_holds(&m, "k", 1);
			stun_fingerprint_holds(&m);
		}
		free(p);
	}
	assert_true(accepted > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_rfc_request),
		cmocka_unit_test(reads_the_rfc_responses),
		cmocka_unit_test(reads_the_rfc_long_term_request),
		cmocka_unit_test(writes_checks_and_answers_byte_for_byte),
		cmocka_unit_test(writes_turn_requests_byte_for_byte),
		cmocka_unit_test(reads_turn_responses),
		cmocka_unit_test(frames_channel_data),
		cmocka_unit_test(integrity_covers_every_bit),
		cmocka_unit_test(ignores_what_follows_integrity),
		cmocka_unit_test(the_first_of_repeated_attributes_counts),
		cmocka_unit_test(names_refused_and_unknown_attributes),
		cmocka_unit_test(a_small_buffer_yields_nothing),
		cmocka_unit_test(refuses_what_is_malformed),
		cmocka_unit_test(refuses_texts_that_are_too_long),
		cmocka_unit_test(refuses_messages_that_are_too_large),
		cmocka_unit_test(splits_user_names),
		cmocka_unit_test(knows_utf8),
		cmocka_unit_test(survives_random_damage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
