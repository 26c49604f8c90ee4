/* SPDX-License-Identifier: Apache-2.0 */
/* Preshared keys and ICE credentials (portal §3.3, §10.2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "broker/secrets.h"

static struct broker_device device(enum portal_role role, const char *id, const char *key, uint8_t first)
{
	struct broker_device d = {.role = role};
	assert_true(portal_uuid_parse(id, strlen(id), &d.id));
	assert_true(portal_key_parse(key, strlen(key), &d.public_key));
	for (int i = 0; i < BROKER_SEED_BYTES; i++)
		d.seed[i] = (uint8_t)(first + i);
	return d;
}

static struct broker_device client(void)
{
	return device(PORTAL_CLIENT, "8d4e6c1a-52b7-4f0e-9a39-0c5be1d2f701", "gZ2Lemg8T91tKRjDDihbSFpeencsKI1N8B9GdhL6K/M=", 0);
}

static struct broker_device gateway(void)
{
	return device(PORTAL_GATEWAY, "b1f7a0e2-3c44-4d1b-8f26-77e0c9a4d502", "I2VK0W0vt1v3OGrusMa7p1GYaI2OfndWt3d2uNlHqzA=", 32);
}

static void they_are_those_of_the_vectors(void **state)
{
	const struct broker_device c = client(), g = gateway();
	struct broker_secrets s;
	char psk[PORTAL_KEY_TEXT];
	broker_secrets(&c, &g, &s);
	portal_key_format(&s.preshared_key, psk);
	assert_string_equal(psk, "y8VhFvu44WrQvBwcKxcsECaSddcgTTD8w96nFwFS4tU=");
	assert_string_equal(s.client_username, "pxcy");
	assert_string_equal(s.client_password, "xencxidokfqyv7s7vonpi7");
	assert_string_equal(s.gateway_username, "pf3b");
	assert_string_equal(s.gateway_password, "ikulfnvhx7jggbm2nn42pa");
}

/* Either key changes all; whoever has only one seed knows nothing of the key. */
static void they_follow_the_keys_and_the_seeds(void **state)
{
	const struct broker_device c = client(), g = gateway();
	struct broker_secrets is, s;
	broker_secrets(&c, &g, &is);
	for (int i = 0; i < 4; i++) {
		struct broker_device c2 = c, g2 = g;
		uint8_t *changed[] = {c2.public_key.bytes, g2.public_key.bytes, c2.seed, g2.seed};
		changed[i][31] ^= 1;
		broker_secrets(&c2, &g2, &s);
		assert_memory_not_equal(&s.preshared_key, &is.preshared_key, sizeof(s.preshared_key));
		assert_int_equal(strcmp(s.client_password, is.client_password) == 0, i >= 2);
		assert_int_equal(strcmp(s.gateway_password, is.gateway_password) == 0, i >= 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_are_those_of_the_vectors),
		cmocka_unit_test(they_follow_the_keys_and_the_seeds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
