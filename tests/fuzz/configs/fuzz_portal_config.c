/* SPDX-License-Identifier: Apache-2.0 */
/* The text of the portal's file. A refusal names the file; what is accepted, stock peers accept. */
#include "portal_config.h"
#include "tests/fuzz/target.h"
#include "tests/unit/configs/portal/written.h"

static void found(void *arg, const char *key)
{
	(void)arg;
	(void)key;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[PORTAL_CONFIG_ERROR_BYTES] = "";
	char *text = copy_of(data, size);
	struct portal_config *c = portal_config_parse("f", text, size, error);
	assert((c == NULL) == (error[0] != 0));
	assert(c || strncmp(error, "f: ", 3) == 0);
	if (c) {
		assert(c->n_listen > 0 && c->database[0] == '/' && strlen(c->control_socket) < PORTAL_CONFIG_SOCKET_BYTES);
		assert(world_mistake(&c->world) == NULL);
		assert(portal_config_restart(c, c, found, NULL) == 0);
	}
	portal_config_free(c);
	free(text);
	return 0;
}
