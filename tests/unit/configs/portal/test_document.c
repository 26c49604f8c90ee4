/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docs/portal-configuration.md against the reader: the keys of every object, the ranges and defaults of every number. And the
 * example: it is accepted as it is.
 *
 * A section "## `path`" (or "## The file") has a table whose first column holds a key; "| `key` | 1–9, 5 |" is a number.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reading.h"
#include "rig.h"
#include "written.h"

#define DOCUMENT SOURCE_DIR "/docs/portal-configuration.md"
#define EXAMPLE  SOURCE_DIR "/configs/portal.json"
#define KEYS_MAX 32

struct section {
	char path[64], keys[KEYS_MAX][64], values[KEYS_MAX][128];
	size_t n;
};
struct document {
	struct section sections[16];
	size_t n;
};

static void read_document(struct document *d);
static const struct section *section_of(const struct document *d, const char *path);
static bool read_numbers(const char *values, unsigned long *min, unsigned long *max, unsigned long *otherwise);
static struct portal_config *with_number(const char *path, const char *key, unsigned long n, char *error);

static void every_key_is_explained_and_every_explained_key_is_one(void **state)
{
	struct document d = {0};
	(void)state;
	read_document(&d);
	assert_int_equal(d.n, KEYS_OBJECTS);
	for (size_t i = 0; i < KEYS_OBJECTS; i++) {
		const struct section *s = section_of(&d, portal_keys[i].path);
		size_t n = 0;
		for (; portal_keys[i].known[n]; n++)
			if (n >= s->n || strcmp(s->keys[n], portal_keys[i].known[n]) != 0)
				fail_msg("section \"%s\": key %zu is not \"%s\"", s->path, n, portal_keys[i].known[n]);
		if (n != s->n)
			fail_msg("section \"%s\": there is no key \"%s\"", s->path, s->keys[n]);
	}
}

static void assert_refused(const char *path, const char *key, unsigned long n, unsigned long min, unsigned long max)
{
	char error[PORTAL_CONFIG_ERROR_BYTES], want[PORTAL_CONFIG_ERROR_BYTES];
	assert_null(with_number(path, key, n, error));
	snprintf(want, sizeof(want), "f: %s.%s: %lu is not between %lu and %lu", path, key, n, min, max);
	assert_string_equal(error, want);
}

static void assert_accepted(const char *path, const char *key, unsigned long n)
{
	char error[PORTAL_CONFIG_ERROR_BYTES];
	struct portal_config *cfg = with_number(path, key, n, error);
	if (!cfg)
		fail_msg("%s", error);
	portal_config_free(cfg);
}

static void every_number_has_the_range_and_the_default_of_its_row(void **state)
{
	static const char *const paths[] = {"limits", "timing", "quota"};
	struct document d = {0};
	struct portal_config *none = rig_good("{" LISTEN "}");
	size_t rows = 0;
	(void)state;
	read_document(&d);
	for (size_t i = 0; i < 3; i++) {
		const struct section *s = section_of(&d, paths[i]);
		for (size_t k = 0; k < s->n; k++, rows++) {
			unsigned long min, max, otherwise;
			char error[PORTAL_CONFIG_ERROR_BYTES];
			if (!read_numbers(s->values[k], &min, &max, &otherwise))
				fail_msg("%s.%s: \"%s\"", s->path, s->keys[k], s->values[k]);
			if (min > 0)
				assert_refused(s->path, s->keys[k], min - 1, min, max);
			assert_refused(s->path, s->keys[k], max + 1, min, max);
			assert_accepted(s->path, s->keys[k], min);
			assert_accepted(s->path, s->keys[k], max);
			struct portal_config *cfg = with_number(s->path, s->keys[k], otherwise, error);
			assert_non_null(cfg);
			assert_memory_equal(&cfg->limits, &none->limits, sizeof(none->limits));
			assert_memory_equal(&cfg->world.timing, &none->world.timing, sizeof(none->world.timing));
			assert_memory_equal(&cfg->world.quota, &none->world.quota, sizeof(none->world.quota));
			portal_config_free(cfg);
		}
	}
	assert_int_equal(rows, 11 + 9 + 5);
	portal_config_free(none);
}

static void the_example_is_accepted_without_a_warning_of_its_own(void **state)
{
	char error[PORTAL_CONFIG_ERROR_BYTES];
	struct portal_config *cfg = portal_config_load(EXAMPLE, error);
	(void)state;
	if (!cfg)
		fail_msg("%s", error);
	for (size_t i = 0; i < cfg->n_warnings; i++)
		assert_non_null(strstr(cfg->warnings[i], "lets others read them")); /* as it lies in the tree */
	assert_int_equal(cfg->world.n_resources, 4);
	assert_int_equal(cfg->world.n_policies, 3);
	assert_null(world_mistake(&cfg->world));
	portal_config_free(cfg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_is_explained_and_every_explained_key_is_one),
		cmocka_unit_test(every_number_has_the_range_and_the_default_of_its_row),
		cmocka_unit_test(the_example_is_accepted_without_a_warning_of_its_own),
	};
	return cmocka_run_group_tests_name("portal_config_document", tests, NULL, NULL);
}

static void read_row(struct section *s, const char *line)
{
	char key[64], values[128];
	if (sscanf(line, "| `%63[^`]` | %127[^|]|", key, values) != 2)
		return;
	assert_true(s->n < KEYS_MAX);
	strcpy(s->keys[s->n], key);
	strcpy(s->values[s->n], values);
	s->n++;
}

static void read_document(struct document *d)
{
	char line[1024], path[64];
	FILE *f = fopen(DOCUMENT, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		bool root = strcmp(line, "## The file\n") == 0;
		if (root || sscanf(line, "##%*[# ]`%63[^`]`", path) == 1) {
			assert_true(d->n < sizeof(d->sections) / sizeof(d->sections[0]));
			strcpy(d->sections[d->n++].path, root ? "" : path);
		} else if (d->n) {
			read_row(&d->sections[d->n - 1], line);
		}
	}
	fclose(f);
}

static const struct section *section_of(const struct document *d, const char *path)
{
	for (size_t i = 0; i < d->n; i++)
		if (strcmp(d->sections[i].path, path) == 0)
			return &d->sections[i];
	fail_msg("no section \"%s\"", path);
	return NULL;
}

static bool read_numbers(const char *values, unsigned long *min, unsigned long *max, unsigned long *otherwise)
{
	return sscanf(values, "%lu–%lu, %lu", min, max, otherwise) == 3;
}

static struct portal_config *with_number(const char *path, const char *key, unsigned long n, char *error)
{
	char text[512];
	/* messages_burst is at least messages_per_s */
	const char *more = strcmp(key, "messages_burst") == 0 && n < 100 ? ",'messages_per_s':1"
			   : strcmp(key, "messages_per_s") == 0 && n > 2000 ? ",'messages_burst':1000000"
									    : "";
	snprintf(text, sizeof(text), "{" LISTEN ",'%s':{'%s':%lu%s}}", path, key, n, more);
	return rig_parse(text, error);
}
