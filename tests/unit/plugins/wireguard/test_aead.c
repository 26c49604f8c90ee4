/* SPDX-License-Identifier: Apache-2.0 */
/* Every AEAD engine that runs here, against RFC 8439 and against libsodium. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "aead_rig.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ROUNDS 10000 /* of random bursts, by engine; sanitizers are slow */
#else
#define ROUNDS 100000
#endif

static struct rig rig;
static const struct wg_aead_engine *engines[8];
static unsigned int n_engines;

static void check(const struct wg_aead_engine *e, unsigned int n, bool tamper, uint64_t seed)
{
	const char *wrong = rig_check(&rig, e, n, tamper);
	if (wrong)
		fail_msg("%s: %s (burst of %u, seed %#llx)", e->name, wrong, n, (unsigned long long)seed);
}

/* §2.4.2: its nonce begins with four zero bytes, and its counter with 1, as ours do. */
static void ciphertext_is_that_of_rfc_8439(void **state)
{
	static const char text[] = "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
				   "sunscreen would be it.";
	static const char want_hex[] = "6e2e359a2568f98041ba0728dd0d6981e97e7aec1d4360c20a27afccfd9fae0bf91b65c5524733ab8f593dabcd62b357"
				       "1639d624e65152ab8f530c359f0861d807ca0dbf500d6a6156a38e088a22b65e52bc514d16ccf806818ce91ab7793736"
				       "5af90bbf74a35be6b40b8eedf2785e42874d";
	uint8_t key[32], want[sizeof(text) - 1], got[sizeof(text) - 1 + WG_AEAD_TAG_BYTES];
	(void)state;
	for (uint8_t i = 0; i < 32; i++)
		key[i] = i;
	assert_int_equal(sodium_hex2bin(want, sizeof(want), want_hex, strlen(want_hex), NULL, NULL, NULL), 0);
	for (unsigned int e = 0; e < n_engines; e++) {
		memcpy(got, text, sizeof(want));
		struct wg_aead_op op = {.key = key, .counter = 0x4a000000, .data = got, .bytes = sizeof(want)};
		engines[e]->seal(&op, 1);
		assert_memory_equal(got, want, sizeof(want));
	}
}

/* Alone, and with neighbours of almost the same length. */
static void every_length_is_right(void **state)
{
	static const unsigned int bursts[] = {1, 2, 5, 19};
	uint8_t key[32];
	(void)state;
	rig.state = 1;
	rig_fill(&rig, key, 32);
	for (unsigned int e = 0; e < n_engines; e++)
		for (uint32_t bytes = 0; bytes <= RIG_BYTES; bytes++)
			for (unsigned int b = 0; b < 4; b++) {
				for (unsigned int i = 0; i < bursts[b]; i++)
					rig_packet(&rig, i, key, bytes, bytes + i / 2 <= RIG_BYTES ? bytes + i / 2 : 0, i % 16);
				check(engines[e], bursts[b], b & 1, bytes);
			}
}

static void every_burst_is_right(void **state)
{
	(void)state;
	rig.state = 2;
	for (unsigned int e = 0; e < n_engines; e++)
		for (unsigned int n = 1; n <= RIG_PACKETS; n++)
			for (unsigned int way = 0; way < 4; way++) {
				for (unsigned int i = 0; i < n; i++) {
					rig_fill(&rig, rig.packets[i].key, 32);
					rig_packet(&rig, i, rig.packets[way & 1 ? i : 0].key, i, way & 2 ? rig_below(&rig, 300) : 64, 0);
				}
				check(engines[e], n, true, n);
			}
}

/* Mostly short bursts of few keys; lengths of all kinds; counters of all sizes. */
static unsigned int random_burst(void)
{
	unsigned int n = 1 + (rig_below(&rig, 8) ? rig_below(&rig, 24) : rig_below(&rig, RIG_PACKETS));
	unsigned int keys = 1 + (rig_below(&rig, 2) ? rig_below(&rig, n) : 0);
	uint32_t most = rig_below(&rig, 4) ? 200 : RIG_BYTES, least = rig_below(&rig, 4) ? 0 : rig_below(&rig, most);
	for (unsigned int i = 0; i < keys; i++)
		rig_fill(&rig, rig.packets[i].key, 32);
	for (unsigned int i = 0; i < n; i++) {
		uint64_t counter = rig_random(&rig) >> rig_below(&rig, 64);
		rig_packet(&rig, i, rig.packets[rig_below(&rig, keys)].key, counter, least + rig_below(&rig, most - least + 1),
			   rig_below(&rig, 16));
	}
	return n;
}

static void random_bursts_are_what_libsodium_makes_of_them(void **state)
{
	const char *more = getenv("SLUICE_AEAD_BURSTS");
	unsigned long rounds = more ? strtoul(more, NULL, 10) : ROUNDS;
	uint64_t seed = 0x5eed;
	(void)state;
	for (unsigned long i = 0; i < rounds; i++)
		for (unsigned int e = 0; e < n_engines; e++) {
			rig.state = seed = seed * 6364136223846793005u + 1442695040888963407u;
			check(engines[e], random_burst(), true, seed);
		}
}

static void a_burst_of_none_is_nothing(void **state)
{
	(void)state;
	for (unsigned int e = 0; e < n_engines; e++) {
		engines[e]->seal(NULL, 0);
		engines[e]->open(NULL, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ciphertext_is_that_of_rfc_8439),
		cmocka_unit_test(every_length_is_right),
		cmocka_unit_test(every_burst_is_right),
		cmocka_unit_test(random_bursts_are_what_libsodium_makes_of_them),
		cmocka_unit_test(a_burst_of_none_is_nothing),
	};
	if (sodium_init() < 0)
		return EXIT_FAILURE;
	n_engines = rig_engines(engines);
	return cmocka_run_group_tests_name("aead", tests, NULL, NULL);
}
