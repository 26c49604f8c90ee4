/* SPDX-License-Identifier: Apache-2.0 */
/* The files that README.md and docs/portal.md give to begin with are such as the portal reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "portal_config.h"

/* From the first line that is "{", indented, to the one that is "}"; to be freed. */
static char *first_object(const char *path)
{
	char *text = NULL, *line = NULL;
	size_t bytes = 0, room = 0;
	bool inside = false;
	FILE *f = fopen(path, "r"), *to = open_memstream(&text, &bytes);
	assert_non_null(f);
	assert_non_null(to);
	while (getline(&line, &room, f) > 0) {
		const char *rest = line + strspn(line, " ");
		inside |= strcmp(rest, "{\n") == 0;
		if (inside)
			fputs(rest, to);
		if (inside && strcmp(rest, "}\n") == 0)
			break;
	}
	free(line);
	fclose(f);
	fclose(to);
	return text;
}

static void the_first_files_are_whole(void **state)
{
	static const char *const paths[] = {SOURCE_DIR "/README.md", SOURCE_DIR "/docs/portal.md"};
	for (size_t i = 0; i < 2; i++) {
		char error[PORTAL_CONFIG_ERROR_BYTES] = "", *text = first_object(paths[i]);
		struct portal_config *cfg = portal_config_parse(paths[i], text, strlen(text), error);
		if (!cfg)
			fail_msg("%s", error);
		assert_int_equal(cfg->n_warnings, 0);
		assert_int_equal(cfg->world.n_policies, 1);
		portal_config_free(cfg);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_first_files_are_whole)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
