/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "wg.h"

static int refuse(struct nf_plugin_error *err, const char *key, const char *why)
{
	snprintf(err->text, sizeof(err->text), "%s: %s", key, why);
	return -EINVAL;
}

static int read_listen(const json_t *v, struct wg_options *o, struct nf_plugin_error *err)
{
	size_t n = json_is_array(v) ? json_array_size(v) : 1;
	if (n == 0 || n > WG_LISTEN_MAX)
		return refuse(err, "listen_port", "must be one to four ports");
	for (o->n_listen = 0; o->n_listen < n; o->n_listen++) {
		const json_t *one = json_is_array(v) ? json_array_get(v, o->n_listen) : v;
		json_int_t port = json_integer_value(one);
		if (!json_is_integer(one) || port < 1 || port > 65535)
			return refuse(err, "listen_port", "is not a port between 1 and 65535");
		o->listen[o->n_listen] = (uint16_t)port;
	}
	return 0;
}

/* Whether the engine runs here is seen at start: a file may be checked on another machine. */
static int read_aead(const json_t *v, struct wg_options *o, struct nf_plugin_error *err)
{
	const char *name = json_string_value(v);
	bool known = name && strcmp(name, "auto") == 0;
	for (const char *const *e = wg_aead_names; name && *e; e++)
		known |= strcmp(name, *e) == 0;
	if (!known)
		return refuse(err, "aead", "must be auto, avx512, avx2 or portable");
	strcpy(o->aead, name);
	return 0;
}

int options_read(const struct json_t *options, struct wg_options *ret, struct nf_plugin_error *err)
{
	const char *key;
	json_t *value;
	int rc = 0;
	*ret = (struct wg_options){.listen = {51820}, .n_listen = 1, .aead = "auto"};
	json_object_foreach((json_t *)(uintptr_t)options, key, value) {
		if (strcmp(key, "listen_port") == 0)
			rc = read_listen(value, ret, err);
		else if (strcmp(key, "private_key_file") == 0 && json_is_string(value) &&
			 json_string_length(value) < sizeof(ret->private_key_file))
			strcpy(ret->private_key_file, json_string_value(value));
		else if (strcmp(key, "private_key_file") == 0)
			rc = refuse(err, key, "must be a path");
		else if (strcmp(key, "aead") == 0)
			rc = read_aead(value, ret, err);
		else
			rc = refuse(err, key, "unknown key");
		if (rc != 0)
			return rc;
	}
	return 0;
}
