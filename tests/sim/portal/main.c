/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lives of a portal, by seed.
 *
 *   test_sim_portal                  random lives; TAP with CMOCKA_MESSAGE_OUTPUT=TAP
 *   test_sim_portal --cases N        so many
 *   test_sim_portal --first N        from this seed on
 *   test_sim_portal --seed N [--log] replays one
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "random.h"

static struct {
	unsigned int cases;
	uint64_t first, seed;
	bool replays, log;
} options = {.cases = 2000, .first = 1};

static const char *const count_names[] = {"flows",  "failed",  "candidates", "moves", "rescues",
					  "rejects", "joins", "reloads"};

static void rules_hold_in_random_lives(void **state)
{
	unsigned int failed = 0;
	uint64_t counts[sizeof(count_names) / sizeof(count_names[0])] = {0}, inputs = 0;
	for (uint64_t seed = options.first; seed < options.first + options.cases; seed++) {
		struct random_result r = random_life(seed, NULL);
		inputs += r.inputs;
		for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
			counts[i] += r.counts[i];
		if (r.violation[0] && failed++ < 40)
			print_message("# seed %llu: %s\n# replay: build/tests/sim/portal/test_sim_portal --seed %llu --log\n",
				      (unsigned long long)seed, r.violation, (unsigned long long)seed);
	}
	print_message("# %u lives, %llu inputs; %u failed\n", options.cases, (unsigned long long)inputs, failed);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		print_message("# %llu %s\n", (unsigned long long)counts[i], count_names[i]);
	assert_int_equal(failed, 0);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		assert_true(options.cases < 100 || counts[i] > 0); /* dice that prove something */
}

static void the_same_seed_is_the_same_life(void **state)
{
	for (uint64_t seed = options.first; seed < options.first + 20 && seed < options.first + options.cases; seed++) {
		struct random_result a = random_life(seed, NULL), b = random_life(seed, NULL), other = random_life(seed + 1, NULL);
		assert_true(a.hash == b.hash);
		assert_true(a.outputs == b.outputs);
		assert_true(a.hash != other.hash);
	}
}

/* Same peers, same flows: whatever grows is a leak that nobody owns up to. Allocators of sanitizers count nothing. */
static void memory_returns_to_where_it_was(void **state)
{
	for (uint64_t seed = 1; seed <= 3; seed++) {
		char violation[200];
		long more = random_growth(seed, 12, violation);
		print_message("# seed %llu: %ld bytes more after ten times\n", (unsigned long long)seed, more);
		assert_string_equal(violation, "");
		assert_true(more < 4096);
	}
}

static int replay(void)
{
	struct random_result r = random_life(options.seed, options.log ? stdout : NULL);
	printf("seed %llu: %llu inputs, outputs %016llx: %s\n", (unsigned long long)options.seed, (unsigned long long)r.inputs,
	       (unsigned long long)r.hash, r.violation[0] ? r.violation : "as it should be");
	return r.violation[0] != 0;
}

static bool read_options(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		uint64_t n = i + 1 < argc ? strtoull(argv[i + 1], NULL, 10) : 0;
		if (strcmp(argv[i], "--log") == 0)
			options.log = true;
		else if (strcmp(argv[i], "--cases") == 0 && ++i)
			options.cases = (unsigned int)n;
		else if (strcmp(argv[i], "--first") == 0 && ++i)
			options.first = n;
		else if (strcmp(argv[i], "--seed") == 0 && ++i) {
			options.seed = n;
			options.replays = true;
		} else
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_seed_is_the_same_life),
		cmocka_unit_test(memory_returns_to_where_it_was),
		cmocka_unit_test(rules_hold_in_random_lives),
	};
	if (!read_options(argc, argv)) {
		fprintf(stderr, "usage: test_sim_portal [--cases N] [--first SEED] [--seed N [--log]]\n");
		return 2;
	}
	return options.replays ? replay() : cmocka_run_group_tests(tests, NULL, NULL);
}
