/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two hosts find each other, in worlds made of numbers.
 *
 *   test_sim                           every scenario, then random cases; TAP with CMOCKA_MESSAGE_OUTPUT=TAP
 *   test_sim --cases N                 so many random cases
 *   test_sim --seed N [--log]          replays one random case
 *   test_sim --scenario NAME [--log]   one scenario, in every way of the NF
 *   --diagram [ROWS]                   draws the run as a sequence diagram, with --seed or --scenario
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
#include "stage.h"

#define TESTS_MAX 96u
#define WAYS      4u /* of the NF: strips channels or not, answers checks or not */

static struct {
	unsigned int cases, rows;
	uint64_t first_seed, seed;
	const char *scenario;
	bool log, diagram, replays;
} options = {.cases = 2000, .rows = 400, .first_seed = 1};

static struct trace *tracing(struct trace *t)
{
	if (!options.log && !options.diagram)
		return NULL;
	trace_init(t, options.log ? stdout : NULL, options.diagram ? options.rows : 0);
	return t;
}

/* --- scenarios --- */

static bool play_scenario(const struct scenario *s, unsigned int way, char ret_why[160])
{
	struct trace trace, *t = tracing(&trace);
	struct host_settings nf = {.strips = way & 1, .responds = way & 2};
	struct world *w = world_new(1000 + way, s->hosts_max, t);
	s->run(w, &nf);
	for (unsigned int i = 0; i < w->n_hosts; i++)
		MUST(w, w->hosts[i].count.wrong_source == 0);
	memcpy(ret_why, w->violation, sizeof(w->violation));
	trace_draw(t, stdout);
	world_free(w);
	trace_fini(t);
	return ret_why[0] == 0;
}

static void test_scenario(void **state)
{
	const struct scenario *s = *state;
	for (unsigned int way = 0; way < (s->once ? 1 : WAYS); way++) {
		char why[160];
		if (!play_scenario(s, way, why)) {
			print_message("# way %u of the NF: %s\n# replay: build/tests/sim/test_sim --scenario %s --log\n", way, why, s->name);
			fail();
		}
	}
}

/* --- random cases --- */

static void print_failed(uint64_t seed, const struct random_result *r)
{
	print_message("# seed %llu (%s): %s\n# replay: build/tests/sim/test_sim --seed %llu --log\n", (unsigned long long)seed, r->fault,
		      r->violation, (unsigned long long)seed);
}

static void random_worlds_connect_as_they_can(void **state)
{
	unsigned int failed = 0, pairs = 0, can = 0, cannot = 0, direct = 0;
	for (uint64_t seed = options.first_seed; seed < options.first_seed + options.cases; seed++) {
		struct random_result r = random_case(seed, NULL);
		pairs += r.pairs, can += r.can, cannot += r.cannot, direct += r.direct;
		if (r.violation[0] && failed++ < 60)
			print_failed(seed, &r);
	}
	print_message("# %u cases: of %u pairs %u had to meet, %u could not, %u were direct; %u cases failed\n", options.cases,
		      pairs, can, cannot, direct, failed);
	assert_int_equal(failed, 0);
	assert_true(options.cases < 100 || (can > pairs / 2 && cannot > 0 && direct > 0)); /* dice that prove something */
}

static void the_same_seed_is_the_same_run(void **state)
{
	for (uint64_t seed = 1; seed <= 40 && seed <= options.cases; seed++) {
		struct random_result a = random_case(seed, NULL), b = random_case(seed, NULL), other = random_case(seed + 1, NULL);
		assert_int_equal(a.hash, b.hash);
		assert_int_equal(a.events, b.events);
		assert_int_not_equal(a.hash, other.hash);
	}
}

static int replay(void)
{
	struct trace trace, *t = tracing(&trace);
	struct random_result r = random_case(options.seed, t);
	trace_fini(t);
	printf("seed %llu: fault \"%s\", %llu events, outputs %016llx: %s\n", (unsigned long long)options.seed, r.fault,
	       (unsigned long long)r.events, (unsigned long long)r.hash, r.violation[0] ? r.violation : "as it should be");
	return r.violation[0] != 0;
}

/* --- all of it --- */

static unsigned int collect(struct CMUnitTest *tests)
{
	static const struct scenario *const all[] = {scenarios_setup, scenarios_fault, scenarios_count, scenarios_restart};
	unsigned int n = 0;
	for (unsigned int i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		for (const struct scenario *s = all[i]; s->name; s++) {
			union {
				const struct scenario *in;
				void *out;
			} state = {.in = s}; /* cmocka wants it mutable, nobody changes it */
			tests[n++] = (struct CMUnitTest){.name = s->name, .test_func = test_scenario, .initial_state = state.out};
		}
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(the_same_seed_is_the_same_run);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(random_worlds_connect_as_they_can);
	return n;
}

static int play_named(void)
{
	struct CMUnitTest tests[TESTS_MAX];
	unsigned int n = collect(tests);
	for (unsigned int i = 0; i < n; i++) {
		const struct scenario *s = tests[i].initial_state;
		char why[160];
		if (!s || strcmp(s->name, options.scenario) != 0)
			continue;
		for (unsigned int way = 0; way < (s->once || options.diagram ? 1 : WAYS); way++)
			if (!play_scenario(s, way, why)) {
				printf("%s, way %u of the NF: %s\n", s->name, way, why);
				return 1;
			}
		printf("%s: as it should be\n", s->name);
		return 0;
	}
	fprintf(stderr, "test_sim: there is no scenario \"%s\"\n", options.scenario);
	return 2;
}

static uint64_t number(int argc, char **argv, int *i)
{
	return *i + 1 < argc ? strtoull(argv[++*i], NULL, 10) : 0;
}

static bool read_options(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--log") == 0)
			options.log = true;
		else if (strcmp(argv[i], "--diagram") == 0) {
			options.diagram = true;
			if (i + 1 < argc && argv[i + 1][0] != '-')
				options.rows = (unsigned int)number(argc, argv, &i);
		} else if (strcmp(argv[i], "--cases") == 0)
			options.cases = (unsigned int)number(argc, argv, &i);
		else if (strcmp(argv[i], "--first") == 0)
			options.first_seed = number(argc, argv, &i);
		else if (strcmp(argv[i], "--seed") == 0) {
			options.replays = true;
			options.seed = number(argc, argv, &i);
		} else if (strcmp(argv[i], "--scenario") == 0 && i + 1 < argc)
			options.scenario = argv[++i];
		else
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	struct CMUnitTest tests[TESTS_MAX] = {{0}};
	if (!read_options(argc, argv)) {
		fprintf(stderr, "usage: test_sim [--cases N] [--first SEED] [--seed N | --scenario NAME] [--log] [--diagram [ROWS]]\n");
		return 2;
	}
	if (options.replays)
		return replay();
	if (options.scenario)
		return play_named();
	return _cmocka_run_group_tests("sim", tests, collect(tests), NULL, NULL);
}
