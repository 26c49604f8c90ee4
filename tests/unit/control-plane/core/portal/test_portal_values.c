/* SPDX-License-Identifier: Apache-2.0 */
/* Identities, keys, addresses and names as they are written, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "portal/base64.h"
#include "portal/values.h"

static void a_uuid_has_several_spellings(void **state)
{
	static const char *const good[] = {
		"8d4e6c1a-52b7-4f0e-9a39-0c5be1d2f701",	    "8D4E6C1A-52B7-4F0E-9A39-0C5BE1D2F701",
		"8d4e6c1a52b74f0e9a390c5be1d2f701",	    "{8d4e6c1a-52b7-4f0e-9a39-0c5be1d2f701}",
		"urn:uuid:8d4e6c1a-52b7-4f0e-9a39-0c5be1d2f701",
	};
	static const char *const bad[] = {
		"", "8d4e6c1a-52b7-4f0e-9a39-0c5be1d2f70", "8d4e6c1a-52b7-4f0e-9a39-0c5be1d2f7011", "8d4e6c1a-52b7-4f0e-9a39-0c5be1d2f70g",
		"8d4e6c1a52b7-4f0e-9a39-0c5be1d2f701-", "{8d4e6c1a-52b7-4f0e-9a39-0c5be1d2f701", "uuid:8d4e6c1a-52b7-4f0e-9a39-0c5be1d2f701",
		"8d4e6c1a-52b7-4f0e-9a39 0c5be1d2f701",
	};
	struct portal_uuid u;
	char text[PORTAL_UUID_TEXT];
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(portal_uuid_parse(good[i], strlen(good[i]), &u));
		portal_uuid_format(&u, text);
		assert_string_equal(text, good[0]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(portal_uuid_parse(bad[i], strlen(bad[i]), &u));
}

static void a_key_is_canonical_base64_of_32_bytes(void **state)
{
	static const char *const bad[] = {
		"", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=",
		"-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "A AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
	};
	struct portal_key k, again;
	char text[PORTAL_KEY_TEXT];
	for (unsigned int round = 0; round < 256; round++) {
		for (unsigned int i = 0; i < PORTAL_KEY_BYTES; i++)
			k.bytes[i] = (uint8_t)(round + i * 7);
		portal_key_format(&k, text);
		assert_int_equal(strlen(text), PORTAL_KEY_TEXT - 1);
		assert_true(portal_key_parse(text, strlen(text), &again));
		assert_memory_equal(&k, &again, sizeof(k));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(portal_key_parse(bad[i], strlen(bad[i]), &k));
}

/* RFC 4648 §10. */
static void base64_agrees_with_its_vectors(void **state)
{
	static const struct {
		const char *data, *text;
	} vectors[] = {{"", ""}, {"f", "Zg"}, {"fo", "Zm8"}, {"foo", "Zm9v"}, {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};
	char text[16];
	uint8_t data[16];
	size_t n;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		n = portal_base64_encode((const uint8_t *)vectors[i].data, strlen(vectors[i].data), text);
		assert_int_equal(n, strlen(vectors[i].text));
		assert_memory_equal(text, vectors[i].text, n);
		assert_true(portal_base64_decode(PORTAL_BASE64, vectors[i].text, strlen(vectors[i].text), data, &n));
		assert_int_equal(n, strlen(vectors[i].data));
		assert_memory_equal(data, vectors[i].data, n);
	}
	assert_true(portal_base64_decode(PORTAL_BASE64URL, "-_-_", 4, data, &n));
	assert_false(portal_base64_decode(PORTAL_BASE64, "-_-_", 4, data, &n));
	assert_true(portal_base64_decode(PORTAL_BASE64, "+/+/", 4, data, &n));
	assert_false(portal_base64_decode(PORTAL_BASE64URL, "+/+/", 4, data, &n));
	assert_false(portal_base64_decode(PORTAL_BASE64, "Zh", 2, data, &n));
	assert_false(portal_base64_decode(PORTAL_BASE64, "Zm9vY", 5, data, &n));
}

static void every_character_is_a_digit_of_its_alphabet_or_none(void **state)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t data[4];
	size_t n;
	for (int c = 0; c < 256; c++) {
		const char *at = c ? strchr(digits, c) : NULL;
		char text[4] = {(char)c, 'A', 'A', 'A'};
		bool good = portal_base64_decode(PORTAL_BASE64, text, 4, data, &n);
		assert_int_equal(good, at != NULL);
		if (at)
			assert_int_equal(data[0] >> 2, at - digits);
	}
}

static void a_network_has_no_host_bits(void **state)
{
	static const char *const good[] = {"10.20.0.0/16", "0.0.0.0/0", "10.20.0.1/32", "::/0", "fd20::/64", "fd20::1/128", "10.128.0.0/9"};
	static const char *const bad[] = {"",		  "/",	     "10.20.0.0",     "10.20.0.1/16", "10.20.0.0/33", "fd20::/129", "fd20::1/64",
					  "10.20.0.0/+8", "10.0/8/8", "10.20.0.0/", "10.20.0.0/8 ", "10.128.0.0/8"};
	struct portal_network n;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(portal_network_parse(good[i], strlen(good[i]), &n));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(portal_network_parse(bad[i], strlen(bad[i]), &n));
}

static void a_socket_is_a_literal_address_and_a_port(void **state)
{
	static const char *const good[] = {"198.51.100.10:3478", "[2001:db8::10]:3478", "[::]:0", "0.0.0.0:65535"};
	static const char *const bad[] = {"",	      ":",	   "[]:1",   "198.51.100.10",	   "198.51.100.10:", "198.51.100.10:65536",
					  "host:3478", "::1:3478", "[::1]", "[198.51.100.1]:3478", "1.2.3.4:-1", "[::1:1", "::1]:1"};
	struct cp_addr a;
	char text[CP_ADDR_TEXT];
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(portal_socket_parse(good[i], strlen(good[i]), &a));
		cp_addr_format(&a, text);
		assert_string_equal(text, good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(portal_socket_parse(bad[i], strlen(bad[i]), &a));
}

static void a_domain_is_labels_of_bounded_length(void **state)
{
	char label[65], name[300] = "";
	memset(label, 'a', 63);
	label[63] = 0;
	assert_true(portal_domain_is_valid("acme.example", 12));
	assert_true(portal_domain_is_valid("acme.example.", 13));
	assert_true(portal_domain_is_valid(label, 63));
	for (int i = 0; i < 3; i++)
		strcat(strcat(name, label), ".");
	label[61] = 0;
	assert_true(portal_domain_is_valid(strcat(name, label), 253));
	assert_false(portal_domain_is_valid(strcat(name, "a"), 254));
	memset(label, 'a', 64);
	assert_false(portal_domain_is_valid(label, 64));
	assert_false(portal_domain_is_valid("", 0));
	assert_false(portal_domain_is_valid(".", 1));
	assert_false(portal_domain_is_valid(".a", 2));
	assert_false(portal_domain_is_valid("a..b", 4));
	assert_false(portal_domain_is_valid("a b", 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_uuid_has_several_spellings),
		cmocka_unit_test(a_key_is_canonical_base64_of_32_bytes),
		cmocka_unit_test(base64_agrees_with_its_vectors),
		cmocka_unit_test(every_character_is_a_digit_of_its_alphabet_or_none),
		cmocka_unit_test(a_network_has_no_host_bits),
		cmocka_unit_test(a_socket_is_a_literal_address_and_a_port),
		cmocka_unit_test(a_domain_is_labels_of_bounded_length),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
