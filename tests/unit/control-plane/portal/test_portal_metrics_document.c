/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Holds docs/portal.md against the tables of counters, and against the names in metrics.c. The rows for it:
 *   build/tests/test_portal_metrics_document --document
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "broker/view.h"
#include "refusal.h"

#define ROW_OF_COUNTER(name, metric, help) "| `sluice_portal_" metric "_total` | " help " |\n",
#define ROW_OF_REFUSAL(name, label, help)  "| `" label "` | " help " |\n",
static const char *const counters[] = {BROKER_COUNTERS(ROW_OF_COUNTER)};
static const char *const refusals[] = {REFUSALS(ROW_OF_REFUSAL)};
#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static char *contents(const char *path)
{
	char *text = calloc(1, 1 << 20);
	FILE *f = fopen(path, "r");
	assert_non_null(text);
	assert_non_null(f);
	assert_true(fread(text, 1, (1 << 20) - 1, f) > 0);
	fclose(f);
	return text;
}

static void every_counter_is_explained(void **state)
{
	char *page = contents(SOURCE_DIR "/docs/portal.md");
	for (size_t i = 0; i < COUNT(counters); i++)
		if (!strstr(page, counters[i]))
			fail_msg("docs/portal.md has no %s", counters[i]);
	for (size_t i = 0; i < COUNT(refusals); i++)
		if (!strstr(page, refusals[i]))
			fail_msg("docs/portal.md has no %s", refusals[i]);
	free(page);
}

/* Length of the metric's name at text. */
static size_t name_at(const char *text)
{
	size_t n = 0;
	while (islower((unsigned char)text[n]) || isdigit((unsigned char)text[n]) || text[n] == '_')
		n++;
	return n;
}

static bool source_has(const char *source, const char *name, size_t n)
{
	char quoted[128];
	snprintf(quoted, sizeof(quoted), "\"%.*s", (int)n, name);
	for (const char *at = strstr(source, quoted); at; at = strstr(at + 1, quoted))
		if (name_at(at + 1) == n)
			return true;
	return false;
}

static bool is_of_a_table(const char *name, size_t n)
{
	for (size_t i = 0; i < COUNT(counters); i++)
		if (strncmp(counters[i] + strlen("| `"), name, n) == 0 && counters[i][strlen("| `") + n] == '`')
			return true;
	return false;
}

static void nothing_else_is_on_the_page(void **state)
{
	char *page = contents(SOURCE_DIR "/docs/portal.md"), *source = contents(SOURCE_DIR "/control-plane/portal/metrics.c");
	size_t found = 0;
	for (const char *at = strstr(page, "| `sluice_portal_"); at; at = strstr(at + 1, "| `sluice_portal_")) {
		const char *name = at + strlen("| `");
		if (!is_of_a_table(name, name_at(name)) && !source_has(source, name, name_at(name)))
			fail_msg("there is no %.*s", (int)name_at(name), name);
		found++;
	}
	assert_true(found > COUNT(counters));
	free(source);
	free(page);
}

static void every_other_metric_is_explained(void **state)
{
	char *page = contents(SOURCE_DIR "/docs/portal.md"), *source = contents(SOURCE_DIR "/control-plane/portal/metrics.c");
	for (const char *at = strstr(source, "\"sluice_portal_"); at; at = strstr(at + 1, "\"sluice_portal_")) {
		char row[128];
		size_t n = name_at(at + 1);
		snprintf(row, sizeof(row), "| `%.*s", (int)n, at + 1);
		if (n > strlen("sluice_portal_") && !strstr(page, row))
			fail_msg("docs/portal.md has no %s", row);
	}
	free(source);
	free(page);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_counter_is_explained),
					   cmocka_unit_test(nothing_else_is_on_the_page),
					   cmocka_unit_test(every_other_metric_is_explained)};
	if (argc == 2 && strcmp(argv[1], "--document") == 0) {
		for (size_t i = 0; i < COUNT(counters); i++)
			fputs(counters[i], stdout);
		for (size_t i = 0; i < COUNT(refusals); i++)
			fputs(refusals[i], stdout);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
