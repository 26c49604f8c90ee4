/* SPDX-License-Identifier: Apache-2.0 */
/* What a changed file changes for sluice-nf: compared key by key in the documents themselves. */
#include <string.h>

#include <jansson.h>

#include "sluice_config.h"

struct key {
	const char *path;
	bool refused;
};

static const struct key keys[] = {
	{"runtime_dir", true},
	{"log_level", false},
	{"nf.workers", true},
	{"nf.idle", false},
	{"nf.idle_sleep_us", false},
	{"nf.hugepages", true},
	{"nf.memory_mb", true},
	{"nf.max_peers", true},
	{"nf.plugin_dir", true},
	{"nf.stop_deadline_ms", true},
	{"nf.ports", true},
	{"nf.interfaces.wan.port", true},
	{"nf.interfaces.wan.vlan", true},
	{"nf.interfaces.wan.addresses", false},
	{"nf.interfaces.wan.gateways", false},
	{"nf.interfaces.wan.mtu", false},
	{"nf.interfaces.lan.port", true},
	{"nf.interfaces.lan.vlan", true},
	{"nf.interfaces.lan.addresses", false},
	{"nf.interfaces.lan.gateways", false},
	{"nf.interfaces.lan.mtu", false},
	{"nf.routes", false},
	{"nf.host_port", true},
};

static const json_t *at(const json_t *node, const char *path)
{
	char name[64];
	while (node && *path) {
		size_t n = strcspn(path, ".");
		memcpy(name, path, n);
		name[n] = 0;
		node = json_object_get(node, name);
		path += n + (path[n] == '.');
	}
	return node;
}

/* The set of plugins is fixed; their options are theirs to judge, so only the set is compared here. */
static bool same_plugins(const struct sluice_config *a, const struct sluice_config *b)
{
	if (a->nf.n_plugins != b->nf.n_plugins)
		return false;
	for (uint16_t i = 0; i < a->nf.n_plugins; i++)
		if (strcmp(a->nf.plugins[i].name, b->nf.plugins[i].name) != 0)
			return false;
	return true;
}

static bool same(const json_t *a, const json_t *b)
{
	return a == b || (a && b && json_equal(a, b));
}

unsigned int sluice_config_diff(const struct sluice_config *from, const struct sluice_config *to,
				void (*found)(void *arg, const char *path, bool refused), void *arg)
{
	unsigned int n = 0;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (same(at(from->document, keys[i].path), at(to->document, keys[i].path)))
			continue;
		found(arg, keys[i].path, keys[i].refused);
		n++;
	}
	if (!same_plugins(from, to)) {
		found(arg, "nf.plugins", true);
		n++;
	}
	return n;
}

/* Takes `value`, or removes the key for NULL. */
static void put(json_t *node, const char *path, json_t *value)
{
	char name[64];
	for (;;) {
		size_t n = strcspn(path, ".");
		memcpy(name, path, n);
		name[n] = 0;
		if (!path[n])
			break;
		if (!json_is_object(json_object_get(node, name)))
			json_object_set_new(node, name, json_object());
		node = json_object_get(node, name);
		path += n + 1;
	}
	if (value)
		json_object_set_new(node, name, value);
	else
		json_object_del(node, name);
}

void sluice_config_keep_refused(struct sluice_config *next, const struct sluice_config *old)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].refused)
			put(next->document, keys[i].path, json_incref((json_t *)(uintptr_t)at(old->document, keys[i].path)));
}
