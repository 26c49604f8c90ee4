/* SPDX-License-Identifier: Apache-2.0 */
/* Plugins: dlopen, ABI check, order by dependency, life cycle with unwinding. */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <rte_memory.h>

#include "runtime.h"

#define PLUGIN_MAX 16

struct loaded {
	const struct nf_plugin *plugin;
	const struct json_t *options;
	bool inited;
};

static struct {
	unsigned int n;
	struct loaded at[PLUGIN_MAX]; /* in order of dependency once sorted */
	const char *file;	      /* the configuration that names them */
	bool misconfigured;
} plugins;

const struct nf_plugin *plugin_at(unsigned int i)
{
	return i < plugins.n ? plugins.at[i].plugin : NULL;
}

bool plugins_are_misconfigured(void)
{
	return plugins.misconfigured;
}

/* dot: why begins with the name of an option. */
static int refuse_at(const char *name, const char *dot, const char *why)
{
	nf_log(NF_ERR, "plugin_refused", "plugin=%s error=\"%s: nf.plugins.%s%s%s\"", name, plugins.file, name, dot, why);
	plugins.misconfigured = true;
	return -EINVAL;
}

static int refuse(const char *name, const char *why)
{
	return refuse_at(name, ": ", why);
}

static int open_one(const char *dir, const struct config_plugin *c)
{
	char path[PATH_MAX], why[128];
	snprintf(path, sizeof(path), "%s/sluice_%s.so", dir, c->name);
	if (plugins.n == PLUGIN_MAX)
		return refuse(c->name, "too many plugins");
	void *so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!so)
		return refuse(c->name, dlerror());
	const struct nf_plugin *p = dlsym(so, "nf_plugin");
	if (!p)
		return refuse(c->name, "exports no nf_plugin");
	if (p->abi != NF_ABI || p->size != sizeof(*p)) {
		snprintf(why, sizeof(why), "has plugin ABI %u of %u bytes, this sluice-nf has %u of %zu", p->abi, p->size, NF_ABI,
			 sizeof(*p));
		return refuse(c->name, why);
	}
	plugins.at[plugins.n++] = (struct loaded){.plugin = p, .options = c->options};
	return 0;
}

static bool is_before(const char *name, unsigned int i)
{
	for (unsigned int k = 0; k < i; k++)
		if (strcmp(plugins.at[k].plugin->name, name) == 0)
			return true;
	return false;
}

static bool ready(const struct nf_plugin *p, unsigned int placed)
{
	for (const char *const *d = p->depends_on; d && *d; d++)
		if (!is_before(*d, placed))
			return false;
	return true;
}

/* Selection: place whoever has its dependencies placed, keeping the file's order otherwise. */
static int sort(void)
{
	for (unsigned int placed = 0; placed < plugins.n; placed++) {
		unsigned int i = placed;
		while (i < plugins.n && !ready(plugins.at[i].plugin, placed))
			i++;
		if (i == plugins.n)
			return refuse(plugins.at[placed].plugin->name, "depends on a plugin that is not loaded");
		struct loaded chosen = plugins.at[i];
		memmove(&plugins.at[placed + 1], &plugins.at[placed], (i - placed) * sizeof(chosen));
		plugins.at[placed] = chosen;
	}
	return 0;
}

static int open_all(const struct sluice_config *cfg)
{
	const char *dir = cfg->nf.plugin_dir[0] ? cfg->nf.plugin_dir : PLUGIN_DIR;
	int rc = 0;
	plugins.file = cfg->path;
	for (uint16_t i = 0; rc == 0 && i < cfg->nf.n_plugins; i++)
		rc = open_one(dir, &cfg->nf.plugins[i]);
	return rc ? rc : sort();
}

int plugins_check(const struct sluice_config *cfg)
{
	int rc = open_all(cfg);
	for (unsigned int i = 0; rc == 0 && i < plugins.n; i++) {
		struct nf_plugin_error err = {{0}};
		const struct nf_plugin *p = plugins.at[i].plugin;
		if (p->reload_check && p->reload_check(plugins.at[i].options, &err) != 0)
			rc = refuse_at(p->name, ".", err.text);
	}
	return rc;
}

static int init_all(const struct sluice_config *cfg, uint32_t workers)
{
	struct nf_limits limits = {
		.max_peers = cfg->nf.max_peers,
		.workers = workers,
		.socket_id = SOCKET_ID_ANY,
		.runtime_dir = cfg->runtime_dir,
	};
	for (unsigned int i = 0; i < plugins.n; i++) {
		struct nf_plugin_error err = {{0}};
		const struct nf_plugin *p = plugins.at[i].plugin;
		int rc = p->init(plugins.at[i].options, &limits, &err);
		if (rc != 0 && err.text[0])
			return refuse_at(p->name, ".", err.text);
		if (rc != 0) {
			nf_log(NF_ERR, "plugin_init_failed", "plugin=%s error=\"%s\"", p->name, strerror(-rc));
			return rc;
		}
		plugins.at[i].inited = true;
		nf_log(NF_INFO, "plugin_loaded", "plugin=%s version=%s", p->name, p->version);
	}
	return 0;
}

int plugins_load(const struct sluice_config *cfg, uint32_t workers)
{
	int rc = open_all(cfg);
	return rc ? rc : init_all(cfg, workers);
}

int plugins_start(const struct sluice_config *cfg)
{
	for (unsigned int i = 0; i < plugins.n; i++) {
		struct nf_plugin_error err = {{0}};
		int rc = plugins.at[i].plugin->start ? plugins.at[i].plugin->start(&err) : 0;
		if (rc != 0) {
			nf_log(NF_ERR, "plugin_start_failed", "plugin=%s error=\"%s: %s\"", plugins.at[i].plugin->name,
			       cfg->path, err.text[0] ? err.text : strerror(-rc));
			return rc;
		}
	}
	return 0;
}

void plugins_quiesce(uint64_t deadline_ns)
{
	for (unsigned int i = plugins.n; i-- > 0;)
		if (plugins.at[i].plugin->quiesce)
			plugins.at[i].plugin->quiesce(deadline_ns);
}

bool plugins_quiesced(void)
{
	for (unsigned int i = 0; i < plugins.n; i++)
		if (plugins.at[i].plugin->quiesced && !plugins.at[i].plugin->quiesced())
			return false;
	return true;
}

void plugins_fini(void)
{
	while (plugins.n > 0) {
		struct loaded *l = &plugins.at[--plugins.n];
		if (l->inited && l->plugin->fini)
			l->plugin->fini();
	}
}
