/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Holds nf/wire.h against tests/wire/golden_layout.txt and docs/wire.md. To write them anew after a
 * change that is meant:
 *   build/tests/test_wire_layout --layout > tests/wire/golden_layout.txt
 *   build/tests/test_wire_layout --document > docs/wire.md
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"

static char *slurp(const char *path)
{
	char *text = calloc(1, 1 << 20);
	FILE *f = fopen(path, "r");
	assert_non_null(text);
	if (!f)
		fail_msg("%s cannot be read", path);
	size_t n = fread(text, 1, (1 << 20) - 1, f);
	fclose(f);
	assert_true(n < (1 << 20) - 1);
	return text;
}

static void first_difference(const char *have, const char *want, const char *advice)
{
	unsigned int line = 1;
	const char *start_have = have, *start_want = want;
	for (; *have && *have == *want; have++, want++)
		if (*have == '\n') {
			line++;
			start_have = have + 1;
			start_want = want + 1;
		}
	if (*have != *want)
		fail_msg("line %u is \"%.*s\", the header makes \"%.*s\": %s", line, (int)strcspn(start_have, "\n"), start_have,
			 (int)strcspn(start_want, "\n"), start_want, advice);
}

static void compare(const char *path, void (*write)(FILE *f), const char *advice)
{
	char *want = NULL, *have = slurp(path);
	size_t n;
	FILE *f = open_memstream(&want, &n);
	assert_non_null(f);
	write(f);
	fclose(f);
	first_difference(have, want, advice);
	free(want);
	free(have);
}

static void the_layout_is_the_one_that_was_agreed(void **state)
{
	(void)state;
	compare(SOURCE_DIR "/tests/wire/golden_layout.txt", layout_write,
		"bump NF_WIRE_ABI and regenerate with build/tests/test_wire_layout --layout > tests/wire/golden_layout.txt");
}

static void the_document_is_current(void **state)
{
	(void)state;
	compare(SOURCE_DIR "/docs/wire.md", document_write,
		"regenerate with build/tests/test_wire_layout --document > docs/wire.md");
}

static bool is_listed(const char *name, size_t n)
{
	for (size_t i = 0; i < layout_n_values; i++)
		if (strlen(layout_values[i].name) == n && strncmp(layout_values[i].name, name, n) == 0)
			return true;
	return false;
}

/* An enumerator in the header is "NF_NAME = ". */
static void every_enumerator_of_the_header_is_pinned(void **state)
{
	char *text = slurp(SOURCE_DIR "/nf/include/nf/wire.h");
	size_t found = 0;
	(void)state;
	for (const char *p = text; (p = strstr(p, "NF_")) != NULL;) {
		size_t n = strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
		if (strncmp(p + n, " = ", 3) == 0) {
			if (!is_listed(p, n))
				fail_msg("%.*s is missing in VALUES of tests/wire/layout.c", (int)n, p);
			found++;
		}
		p += n;
	}
	assert_int_equal(found, layout_n_values);
	free(text);
}

static void numbers_and_names_of_messages_are_unique(void **state)
{
	(void)state;
	for (size_t i = 0; i < layout_n_messages; i++) {
		assert_int_not_equal(layout_messages[i].number, 0);
		for (size_t k = 0; k < i; k++) {
			assert_int_not_equal(layout_messages[i].number, layout_messages[k].number);
			assert_string_not_equal(layout_messages[i].name, layout_messages[k].name);
		}
	}
}

/* Fixed-width integers, text and addresses: nothing whose size or meaning a compiler chooses. */
static void fields_have_types_of_fixed_width(void **state)
{
	static const char *const types[] = {"uint8_t",	"uint16_t", "uint32_t",	      "uint64_t", "int32_t",
					    "char", "struct nf_addr"};
	(void)state;
	for (size_t i = 0; i < layout_n_structs; i++) {
		for (size_t k = 0; k < layout_structs[i].n_fields; k++) {
			const struct layout_field *f = &layout_structs[i].fields[k];
			bool known = false;
			for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++)
				known |= strcmp(types[t], f->type) == 0;
			if (!known)
				fail_msg("%s.%s has type %s", layout_structs[i].name, f->name, f->type);
		}
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_layout_is_the_one_that_was_agreed),
		cmocka_unit_test(the_document_is_current),
		cmocka_unit_test(every_enumerator_of_the_header_is_pinned),
		cmocka_unit_test(numbers_and_names_of_messages_are_unique),
		cmocka_unit_test(fields_have_types_of_fixed_width),
	};
	if (argc == 2 && strcmp(argv[1], "--layout") == 0)
		return layout_write(stdout), 0;
	if (argc == 2 && strcmp(argv[1], "--document") == 0)
		return document_write(stdout), 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
