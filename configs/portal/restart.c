/* SPDX-License-Identifier: Apache-2.0 */
/* What of a new file needs a new process. */
#include <string.h>

#include "portal_config.h"

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_listeners(const struct portal_config *a, const struct portal_config *b)
{
	if (a->n_listen != b->n_listen)
		return false;
	for (size_t i = 0; i < a->n_listen; i++) {
		const struct portal_config_listen *x = &a->listen[i], *y = &b->listen[i];
		if (!cp_addr_equal(&x->addr, &y->addr) || !same_text(x->certificate_file, y->certificate_file) ||
		    !same_text(x->key_file, y->key_file))
			return false;
	}
	return true;
}

static bool same_http(const struct portal_config *a, const struct portal_config *b)
{
	if (a->n_http != b->n_http)
		return false;
	for (size_t i = 0; i < a->n_http; i++)
		if (!cp_addr_equal(&a->http[i], &b->http[i]))
			return false;
	return true;
}

unsigned int portal_config_restart(const struct portal_config *from, const struct portal_config *to,
				   void (*found)(void *arg, const char *key), void *arg)
{
	const struct {
		const char *key;
		bool same;
	} keys[] = {
		{"database", same_text(from->database, to->database)},
		{"control_socket", same_text(from->control_socket, to->control_socket)},
		{"listen", same_listeners(from, to)},
		{"http.listen", same_http(from, to)},
	};
	unsigned int n = 0;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!keys[i].same) {
			found(arg, keys[i].key);
			n++;
		}
	return n;
}
