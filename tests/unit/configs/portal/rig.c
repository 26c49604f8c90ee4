/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

struct portal_config *rig_parse(const char *text, char error[PORTAL_CONFIG_ERROR_BYTES])
{
	char *json = strdup(text);
	assert_non_null(json);
	for (char *p = json; *p; p++)
		if (*p == '\'')
			*p = '"';
	struct portal_config *cfg = portal_config_parse("f", json, strlen(json), error);
	free(json);
	return cfg;
}

struct portal_config *rig_good(const char *text)
{
	char error[PORTAL_CONFIG_ERROR_BYTES];
	struct portal_config *cfg = rig_parse(text, error);
	if (!cfg)
		fail_msg("%s", error);
	return cfg;
}

void assert_mistakes(const struct mistake *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char error[PORTAL_CONFIG_ERROR_BYTES];
		struct portal_config *cfg = rig_parse(list[i].text, error);
		if (cfg)
			fail_msg("accepted: %s", list[i].text);
		assert_string_equal(error, list[i].error);
	}
}
