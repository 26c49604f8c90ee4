/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a configuration file. A refusal names the file; an accepted file differs in nothing from itself. */
#include "../target.h"
#include "sluice_config.h"

static void found(void *arg, const char *path, bool refused)
{
	(void)arg;
	(void)path;
	(void)refused;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[CONFIG_ERROR_BYTES] = "";
	char *text = copy_of(data, size);
	struct sluice_config *c = sluice_config_parse("f", text, size, error);
	assert((c == NULL) == (error[0] != 0));
	assert(c || strncmp(error, "f: ", 3) == 0);
	if (c) {
		assert(c->runtime_dir[0] == '/' && c->nf.n_ports > 0 && c->nf.wan.in_use && c->nf.wan.port < c->nf.n_ports);
		assert(sluice_config_diff(c, c, found, NULL) == 0);
	}
	sluice_config_free(c);
	free(text);
	return 0;
}
