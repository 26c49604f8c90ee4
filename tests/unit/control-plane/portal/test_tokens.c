/* SPDX-License-Identifier: Apache-2.0 */
/* control-plane/portal/tokens.c: what lets a peer in, and what the file knows of it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker/request.h"
#include "store_rig.h"

#define NOW 1790000000

static struct token_request a_request(enum portal_role role);
static int find(struct store_rig *r, const char *text, int64_t now, struct broker_principal *ret);
static struct token only_one(struct store_rig *r);
static bool file_contains(const char *path, const char *text);

static void a_token_stands_for_its_owner(void **state)
{
	static const struct {
		enum portal_role role;
		const char *begin;
	} kinds[] = {{PORTAL_GATEWAY, "slp_g_"}, {PORTAL_CLIENT, "slp_c_"}, {PORTAL_RELAY, "slp_r_"}};
	struct store_rig r;
	(void)state;
	rig_set_up(&r);
	for (unsigned int i = 0; i < 3; i++) {
		struct token_request wanted = a_request(kinds[i].role);
		struct broker_principal who;
		char text[TOKEN_TEXT_BYTES];
		uint64_t number = 0;
		wanted.expires_at = NOW + 100 + i;
		assert_int_equal(tokens_create(r.store, &wanted, text, &number), 0);
		assert_int_equal(number, i + 1);
		assert_memory_equal(text, kinds[i].begin, 6);
		assert_int_equal(strlen(text), 6 + 43);
		assert_int_equal(strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"), 6 + 43);
		rig_reopen(&r);
		assert_int_equal(find(&r, text, NOW, &who), 0);
		assert_int_equal(who.token, number);
		assert_int_equal(who.role, kinds[i].role);
		assert_memory_equal(&who.owner, &wanted.owner, sizeof(who.owner));
		assert_int_equal(who.expires_at, wanted.expires_at);
		text[48] ^= 1;
		assert_int_equal(find(&r, text, NOW, &who), -ENOENT);
	}
	assert_int_equal(find(&r, "", NOW, NULL), -ENOENT);
	rig_tear_down(&r);
}

static void no_two_texts_are_the_same_and_none_is_in_the_file(void **state)
{
	struct store_rig r;
	struct token_request wanted = a_request(PORTAL_GATEWAY);
	char texts[3][TOKEN_TEXT_BYTES], wal[100];
	uint64_t number;
	(void)state;
	rig_set_up(&r);
	snprintf(wal, sizeof(wal), "%s-wal", r.path);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(tokens_create(r.store, &wanted, texts[i], &number), 0);
		for (unsigned int k = 0; k < i; k++)
			assert_string_not_equal(texts[i], texts[k]);
		assert_false(file_contains(wal, texts[i] + 6));
	}
	assert_int_equal(tokens_import(r.store, &wanted, "my-own-very-secret-text", &number), 0);
	assert_false(file_contains(wal, "my-own-very-secret-text"));
	assert_true(file_contains(wal, "a description")); /* it looks where it should */
	store_close(r.store);
	r.store = NULL;
	assert_false(file_contains(r.path, texts[0] + 6));
	assert_false(file_contains(r.path, "my-own-very-secret-text"));
	assert_true(file_contains(r.path, "a description"));
	rig_tear_down(&r);
}

static void the_list_tells_all_but_the_text(void **state)
{
	struct store_rig r;
	struct token_request wanted = a_request(PORTAL_CLIENT);
	char text[TOKEN_TEXT_BYTES];
	uint64_t number;
	(void)state;
	rig_set_up(&r);
	assert_int_equal(tokens_create(r.store, &wanted, text, &number), 0);
	struct token t = only_one(&r);
	assert_int_equal(t.who.token, number);
	assert_int_equal(t.who.role, PORTAL_CLIENT);
	assert_memory_equal(&t.who.owner, &wanted.owner, sizeof(wanted.owner));
	assert_int_equal(t.who.expires_at, PORTAL_NEVER);
	assert_int_equal(t.created_at, NOW);
	assert_int_equal(t.last_used_at, 0);
	assert_false(t.imported);
	rig_tear_down(&r);
}

/* Stops at the first. */
static int take_number(void *arg, const struct token *t)
{
	*(uint64_t *)arg = t->who.token;
	return 1;
}

static void the_list_goes_on_behind_a_number(void **state)
{
	struct store_rig r;
	struct token_request wanted = a_request(PORTAL_CLIENT);
	char text[TOKEN_TEXT_BYTES];
	uint64_t numbers[3], at = 0;
	(void)state;
	rig_set_up(&r);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(tokens_create(r.store, &wanted, text, &numbers[i]), 0);
	assert_int_equal(tokens_revoke(r.store, numbers[1]), 0);
	assert_int_equal(tokens_each(r.store, 0, take_number, &at), 1);
	assert_int_equal(at, numbers[0]);
	assert_int_equal(tokens_each(r.store, at, take_number, &at), 1);
	assert_int_equal(at, numbers[2]);
	assert_int_equal(tokens_each(r.store, at, take_number, &at), 0);
	rig_tear_down(&r);
}

static void a_revoked_token_is_gone_and_its_number_is_not_given_again(void **state)
{
	struct store_rig r;
	struct token_request wanted = a_request(PORTAL_GATEWAY);
	char text[TOKEN_TEXT_BYTES], later[TOKEN_TEXT_BYTES];
	struct broker_principal who;
	uint64_t number, next;
	(void)state;
	rig_set_up(&r);
	assert_int_equal(tokens_create(r.store, &wanted, text, &number), 0);
	assert_int_equal(tokens_revoke(r.store, number), 0);
	assert_int_equal(rig_number(r.store->db, "PRAGMA synchronous"), 2);
	assert_int_equal(find(&r, text, NOW, &who), -ENOENT);
	assert_int_equal(tokens_revoke(r.store, number), -ENOENT);
	rig_reopen(&r);
	assert_int_equal(tokens_create(r.store, &wanted, later, &next), 0);
	assert_true(next > number);
	assert_int_equal(find(&r, text, NOW, &who), -ENOENT);
	assert_int_equal(find(&r, later, NOW, &who), 0);
	rig_tear_down(&r);
}

static void a_token_ends_when_it_expires(void **state)
{
	struct store_rig r;
	struct token_request wanted = a_request(PORTAL_CLIENT);
	struct broker_principal who;
	uint64_t number;
	(void)state;
	rig_set_up(&r);
	wanted.expires_at = NOW + 10;
	assert_int_equal(tokens_import(r.store, &wanted, "x", &number), 0);
	assert_int_equal(find(&r, "x", NOW + 9, &who), 0);
	assert_int_equal(find(&r, "x", NOW + 10, &who), -EKEYEXPIRED);
	rig_tear_down(&r);
}

static void a_text_that_a_site_has_already_may_be_any(void **state)
{
	struct store_rig r;
	struct token_request wanted = a_request(PORTAL_GATEWAY);
	struct broker_principal who;
	char longest[BROKER_TOKEN_MAX + 2];
	uint64_t number = 0;
	(void)state;
	rig_set_up(&r);
	memset(longest, 'z', sizeof(longest));
	longest[BROKER_TOKEN_MAX + 1] = 0;
	assert_int_equal(tokens_import(r.store, &wanted, longest, &number), -EINVAL);
	longest[BROKER_TOKEN_MAX] = 0;
	assert_int_equal(tokens_import(r.store, &wanted, longest, &number), 0);
	assert_int_equal(tokens_import(r.store, &wanted, ".SFMyNTY.g2gDaANtAAAAJGM~+/=", &number), 0);
	assert_int_equal(find(&r, ".SFMyNTY.g2gDaANtAAAAJGM~+/=", NOW, &who), 0);
	assert_int_equal(find(&r, longest, NOW, &who), 0);
	assert_int_equal(tokens_import(r.store, &wanted, "", &number), -EINVAL);
	assert_int_equal(tokens_import(r.store, &wanted, "with space", &number), -EINVAL);
	assert_int_equal(tokens_import(r.store, &wanted, "line\n", &number), -EINVAL);
	assert_int_equal(tokens_import(r.store, &wanted, "ümlaut", &number), -EINVAL);
	assert_int_equal(tokens_import(r.store, &wanted, "del\x7f", &number), -EINVAL);
	wanted.role = PORTAL_RELAY;
	assert_int_equal(tokens_import(r.store, &wanted, longest, &number), -EEXIST);
	assert_int_equal(rig_number(r.store->db, "SELECT count(*) FROM token WHERE imported"), 2);
	rig_tear_down(&r);
}

static void names_have_a_length_and_an_encoding(void **state)
{
	struct store_rig r;
	struct token_request wanted = a_request(PORTAL_GATEWAY);
	char longest[TOKEN_NAME_MAX + 2];
	uint64_t number = 0;
	(void)state;
	rig_set_up(&r);
	memset(longest, 'n', sizeof(longest));
	longest[TOKEN_NAME_MAX + 1] = 0;
	wanted.description = longest;
	assert_int_equal(tokens_import(r.store, &wanted, "x", &number), -EINVAL);
	longest[TOKEN_NAME_MAX] = 0;
	assert_int_equal(tokens_import(r.store, &wanted, "x", &number), 0);
	wanted.description = "\xff";
	assert_int_equal(tokens_import(r.store, &wanted, "y", &number), -EINVAL);
	wanted.description = NULL;
	wanted.expires_at = NOW;
	assert_int_equal(tokens_import(r.store, &wanted, "z", &number), -EINVAL);
	rig_tear_down(&r);
}

static void the_last_use_is_noted_once_an_hour(void **state)
{
	struct store_rig r;
	struct token_request wanted = a_request(PORTAL_GATEWAY);
	struct broker_principal who;
	uint64_t number;
	(void)state;
	rig_set_up(&r);
	assert_int_equal(tokens_import(r.store, &wanted, "x", &number), 0);
	assert_int_equal(find(&r, "x", NOW, &who), 0);
	assert_int_equal(find(&r, "x", NOW + 1, &who), 0);
	assert_int_equal(store_health(r.store)->waiting, 1);
	assert_int_equal(store_commit(r.store), 0);
	assert_int_equal(only_one(&r).last_used_at, NOW);
	assert_int_equal(find(&r, "x", NOW + TOKEN_TOUCH_SECONDS - 1, &who), 0);
	assert_int_equal(store_health(r.store)->waiting, 0);
	assert_int_equal(find(&r, "x", NOW + TOKEN_TOUCH_SECONDS, &who), 0);
	assert_int_equal(store_health(r.store)->waiting, 1);
	rig_reopen(&r);
	assert_int_equal(only_one(&r).last_used_at, NOW + TOKEN_TOUCH_SECONDS);
	rig_tear_down(&r);
}

static void each_database_has_a_secret_of_its_own(void **state)
{
	struct store_rig r, other;
	(void)state;
	rig_set_up(&r);
	rig_set_up(&other);
	assert_memory_not_equal(r.store->secret, other.store->secret, STORE_SECRET_BYTES);
	uint8_t first[STORE_SECRET_BYTES];
	memcpy(first, r.store->secret, sizeof(first));
	rig_reopen(&r);
	assert_memory_equal(r.store->secret, first, STORE_SECRET_BYTES);
	rig_tear_down(&r);
	rig_tear_down(&other);
}

static void a_file_that_cannot_be_read_is_no_bad_token(void **state)
{
	struct store_rig r;
	struct token_request wanted = a_request(PORTAL_GATEWAY);
	struct broker_principal who;
	uint64_t number;
	(void)state;
	rig_set_up(&r);
	assert_int_equal(tokens_import(r.store, &wanted, "x", &number), 0);
	rig_sql_inside(r.store, "DROP TABLE token");
	assert_int_equal(find(&r, "x", NOW, &who), -EIO);
	assert_int_equal(tokens_import(r.store, &wanted, "y", &number), -EIO);
	rig_tear_down(&r);
}

static void a_token_that_cannot_be_written_is_not_given(void **state)
{
	struct store_rig r;
	struct token_request wanted = a_request(PORTAL_GATEWAY);
	char text[TOKEN_TEXT_BYTES] = "";
	uint64_t number = 0;
	(void)state;
	rig_set_up(&r);
	rig_sql_inside(r.store, "PRAGMA query_only = 1");
	assert_int_equal(tokens_create(r.store, &wanted, text, &number), -EROFS);
	assert_string_equal(text, "");
	assert_int_equal(number, 0);
	assert_int_equal(store_health(r.store)->failures, 1);
	rig_tear_down(&r);
}

/* An insertion that is refused does not end its transaction by itself, as a full disk does. */
static void a_transaction_that_fails_is_over(void **state)
{
	struct store_rig r;
	struct token_request wanted = a_request(PORTAL_GATEWAY);
	uint64_t number = 0;
	(void)state;
	rig_set_up(&r);
	rig_sql_inside(r.store, "CREATE TRIGGER no BEFORE INSERT ON token BEGIN SELECT RAISE(ABORT, 'no'); END");
	assert_int_equal(tokens_import(r.store, &wanted, "x", &number), -EIO);
	rig_sql_inside(r.store, "DROP TRIGGER no");
	assert_int_equal(tokens_import(r.store, &wanted, "x", &number), 0);
	rig_tear_down(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_stands_for_its_owner),
		cmocka_unit_test(no_two_texts_are_the_same_and_none_is_in_the_file),
		cmocka_unit_test(the_list_tells_all_but_the_text),
		cmocka_unit_test(the_list_goes_on_behind_a_number),
		cmocka_unit_test(a_revoked_token_is_gone_and_its_number_is_not_given_again),
		cmocka_unit_test(a_token_ends_when_it_expires),
		cmocka_unit_test(a_text_that_a_site_has_already_may_be_any),
		cmocka_unit_test(names_have_a_length_and_an_encoding),
		cmocka_unit_test(the_last_use_is_noted_once_an_hour),
		cmocka_unit_test(each_database_has_a_secret_of_its_own),
		cmocka_unit_test(a_file_that_cannot_be_read_is_no_bad_token),
		cmocka_unit_test(a_token_that_cannot_be_written_is_not_given),
		cmocka_unit_test(a_transaction_that_fails_is_over),
	};
	return cmocka_run_group_tests_name("tokens", tests, NULL, NULL);
}

static struct token_request a_request(enum portal_role role)
{
	return (struct token_request){
		.role = role,
		.owner = role == PORTAL_RELAY ? (struct portal_uuid){{0}} : rig_id(0x80, 5),
		.owner_name = "owner",
		.description = "a description",
		.expires_at = PORTAL_NEVER,
		.now = NOW,
	};
}

static int find(struct store_rig *r, const char *text, int64_t now, struct broker_principal *ret)
{
	return tokens_find(r->store, text, now, ret);
}

static int take(void *arg, const struct token *t)
{
	struct token *ret = arg;
	assert_string_equal(t->owner_name, "owner");
	assert_string_equal(t->description, "a description");
	assert_int_equal(ret->who.token, 0); /* it is the only one */
	*ret = *t;
	return 0;
}

static struct token only_one(struct store_rig *r)
{
	struct token t = {0};
	assert_int_equal(tokens_each(r->store, 0, take, &t), 0);
	assert_true(t.who.token != 0);
	return t;
}

static bool file_contains(const char *path, const char *text)
{
	static char content[1 << 20];
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	size_t n = fread(content, 1, sizeof(content), f);
	fclose(f);
	return memmem(content, n, text, strlen(text)) != NULL;
}
