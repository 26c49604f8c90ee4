/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cursor.h"

int sluice_config_runtime_dir(const char *path, char *ret, size_t bytes, char ret_error[CONFIG_ERROR_BYTES])
{
	json_error_t e;
	struct cursor c = {.file = path, .error = ret_error};
	json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &e);
	if (!root && e.line > 0)
		snprintf(ret_error, CONFIG_ERROR_BYTES, "%s: line %d column %d: %s", path, e.line, e.column,
			 e.text);
	else if (!root)
		snprintf(ret_error, CONFIG_ERROR_BYTES, "%s", e.text);
	else if (!json_is_object(root))
		cursor_fail(&c, NULL, "must be an object");
	else if (!cursor_string(&c, root, "runtime_dir", ret, bytes) && !c.failed)
		snprintf(ret, bytes, "%s", CONFIG_RUNTIME_DIR);
	json_decref(root);
	return root && !c.failed ? 0 : -1;
}
