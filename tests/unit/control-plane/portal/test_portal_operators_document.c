/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Holds docs/portal-operators.md against the table of requests. To write it anew after a change that is meant:
 *   build/tests/test_portal_operators_document --document > docs/portal-operators.md
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "requests.h"

static void the_document_is_current(void **state)
{
	char *page = requests_describe(), *text = calloc(1, 1 << 20);
	FILE *f = fopen(SOURCE_DIR "/docs/portal-operators.md", "r");
	assert_non_null(page);
	assert_non_null(text);
	assert_non_null(f);
	assert_true(fread(text, 1, (1 << 20) - 1, f) > 0);
	fclose(f);
	if (strcmp(page, text) != 0)
		fail_msg("regenerate with build/tests/test_portal_operators_document --document > docs/portal-operators.md");
	free(page);
	free(text);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_document_is_current)};
	if (argc == 2 && strcmp(argv[1], "--document") == 0) {
		char *page = requests_describe();
		fputs(page ? page : "", stdout);
		free(page);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
