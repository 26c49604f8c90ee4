/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One vector engine (ENGINE_FILE) against Wycheproof's vectors without additional data (vectors/ of the shared folder). It is
 * built with a nonce whose first four bytes can be said, because hardly any of them are zero there.
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

static uint32_t nonce_first;
#define NONCE_FIRST nonce_first
#include ENGINE_FILE

#define MOST  1024
#define BURST 9u /* more than go elsewhere one by one, and no whole number of groups */

struct bytes {
	size_t n;
	uint8_t at[MOST];
};

struct vector {
	struct bytes key, iv, aad, msg, ct, tag;
	bool valid;
};

static uint8_t data[BURST][MOST + WG_AEAD_TAG_BYTES];
static struct wg_aead_op ops[BURST];

static void hex(const json_t *test, const char *name, struct bytes *ret)
{
	const char *text = json_string_value(json_object_get(test, name));
	assert_non_null(text);
	assert_int_equal(sodium_hex2bin(ret->at, sizeof(ret->at), text, strlen(text), NULL, &ret->n, NULL), 0);
}

static void lay_out(const struct vector *v, const struct bytes *text)
{
	uint64_t counter;
	memcpy(&nonce_first, v->iv.at, 4);
	memcpy(&counter, v->iv.at + 4, 8);
	for (unsigned int i = 0; i < BURST; i++) {
		memcpy(data[i], text->at, text->n);
		memcpy(data[i] + text->n, v->tag.at, WG_AEAD_TAG_BYTES);
		ops[i] = (struct wg_aead_op){.key = v->key.at, .counter = counter, .data = data[i], .bytes = (uint32_t)text->n};
	}
}

static void run(const struct vector *v)
{
	lay_out(v, &v->ct);
	open(ops, BURST);
	for (unsigned int i = 0; i < BURST; i++) {
		assert_int_equal(ops[i].ok, v->valid);
		assert_memory_equal(data[i], v->valid ? v->msg.at : v->ct.at, v->ct.n);
	}
	if (!v->valid)
		return;
	lay_out(v, &v->msg);
	seal(ops, BURST);
	for (unsigned int i = 0; i < BURST; i++) {
		assert_memory_equal(data[i], v->ct.at, v->ct.n);
		assert_memory_equal(data[i] + v->ct.n, v->tag.at, WG_AEAD_TAG_BYTES);
	}
}

static bool read_vector(const json_t *test, struct vector *v)
{
	hex(test, "key", &v->key);
	hex(test, "iv", &v->iv);
	hex(test, "aad", &v->aad);
	hex(test, "msg", &v->msg);
	hex(test, "ct", &v->ct);
	hex(test, "tag", &v->tag);
	v->valid = strcmp(json_string_value(json_object_get(test, "result")), "invalid") != 0;
	return v->iv.n == 12 && v->aad.n == 0 && v->tag.n == WG_AEAD_TAG_BYTES;
}

static void vectors_of_wycheproof_agree(void **state)
{
	static struct vector v;
	char path[600];
	const char *shared = getenv("SLUICE_SHARED");
	unsigned int ran = 0, not_expressible = 0;
	size_t g, t;
	json_t *group, *test;
	(void)state;
	snprintf(path, sizeof(path), "%s/vectors/wycheproof_chacha20_poly1305.json", shared ? shared : "../shared");
	json_t *all = json_load_file(path, 0, NULL);
	if (!all)
		skip();
	json_array_foreach(json_object_get(all, "testGroups"), g, group)
		json_array_foreach(json_object_get(group, "tests"), t, test)
			if (read_vector(test, &v)) {
				run(&v);
				ran++;
			} else {
				not_expressible++;
			}
	json_decref(all);
	printf("# %u vectors ran, %u have additional data or another size of nonce\n", ran, not_expressible);
	assert_true(ran > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(vectors_of_wycheproof_agree)};
	if (sodium_init() < 0)
		return EXIT_FAILURE;
	if (!runs_here()) {
		printf("1..1\nok 1 - aead_wycheproof_%s # SKIP not on this CPU\n", engine_under_test.name);
		return EXIT_SUCCESS;
	}
	return cmocka_run_group_tests_name("aead_wycheproof", tests, NULL, NULL);
}
