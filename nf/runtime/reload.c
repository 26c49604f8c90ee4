/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A changed file: everything is checked before anything is applied; what cannot change at run time is
 * refused by name and keeps its old value, the rest is applied without touching what did not change.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "runtime.h"

static struct {
	char path[256];
	struct sluice_config *cfg;
} reload;

struct findings {
	struct nf_reload_done *done;
	size_t at;
};

void reload_init(const char *path, struct sluice_config *cfg)
{
	snprintf(reload.path, sizeof(reload.path), "%s", path);
	reload.cfg = cfg;
}

const struct sluice_config *config_current(void)
{
	return reload.cfg;
}

void reload_fini(void)
{
	sluice_config_free(reload.cfg);
	reload.cfg = NULL;
}

static void note(struct findings *f, const char *path, const char *why)
{
	size_t room = sizeof(f->done->text) - f->at;
	int n = snprintf(f->done->text + f->at, room, "%s%s: %s", f->at ? "\n" : "", path, why);
	if (n > 0)
		f->at += (size_t)n < room ? (size_t)n : room - 1;
}

static void found(void *arg, const char *path, bool refused)
{
	struct findings *f = arg;
	if (!refused) {
		f->done->changed++;
		nf_log(NF_INFO, "reload_change", "key=%s", path);
		return;
	}
	f->done->refused++;
	note(f, path, "cannot change at run time, restart sluice-nf");
	nf_log(NF_WARN, "reload_refused", "key=%s", path);
}

static const struct json_t *options_of(const struct sluice_config *cfg, const char *plugin)
{
	for (uint16_t i = 0; i < cfg->nf.n_plugins; i++)
		if (strcmp(cfg->nf.plugins[i].name, plugin) == 0)
			return cfg->nf.plugins[i].options;
	return NULL;
}

static void apply_plugins(const struct sluice_config *next, struct findings *f)
{
	const struct nf_plugin *p;
	for (unsigned int i = 0; (p = plugin_at(i)); i++) {
		struct nf_plugin_error err = {{0}};
		char path[64];
		if (!p->reload_check)
			continue;
		if (p->reload_check(options_of(next, p->name), &err) == 0) {
			if (p->reload_apply)
				p->reload_apply(options_of(next, p->name));
			continue;
		}
		snprintf(path, sizeof(path), "nf.plugins.%s", p->name);
		f->done->refused++;
		note(f, path, err.text);
	}
}

/* What is immutable keeps the running value, so that the next diff is against what runs. */
static void keep_immutable(struct sluice_config *next, const struct sluice_config *old)
{
	memcpy(next->runtime_dir, old->runtime_dir, sizeof(next->runtime_dir));
	memcpy(next->nf.ports, old->nf.ports, sizeof(next->nf.ports));
	next->nf.n_ports = old->nf.n_ports;
	next->nf.wan.port = old->nf.wan.port;
	next->nf.wan.vlan = old->nf.wan.vlan;
	next->nf.lan.port = old->nf.lan.port;
	next->nf.lan.vlan = old->nf.lan.vlan;
	next->nf.host_port = old->nf.host_port;
	sluice_config_keep_refused(next, old);
}

int reload_run(struct nf_reload_done *done)
{
	char error[CONFIG_ERROR_BYTES];
	struct findings f = {.done = done};
	memset(done, 0, sizeof(*done));
	struct sluice_config *next = sluice_config_load(reload.path, error);
	if (!next) {
		nf_log(NF_ERR, "reload_failed", "error=\"%s\"", error);
		note(&f, "refused", error);
		return -EINVAL;
	}
	sluice_config_diff(reload.cfg, next, found, &f);
	keep_immutable(next, reload.cfg);
	struct nf_net *net = net_build(next);
	if (!net) {
		sluice_config_free(next);
		return -ENOMEM;
	}
	nf_log_set_level((enum nf_log_level)next->log_level);
	workers_set_idle(next->nf.idle_sleep_us);
	net_publish(net);
	host_net_changed();
	for (unsigned int i = 0; plugin_at(i); i++)
		if (plugin_at(i)->net_changed)
			plugin_at(i)->net_changed();
	apply_plugins(next, &f);
	sluice_config_free(reload.cfg);
	reload.cfg = next;
	nf_log(NF_INFO, "reloaded", "changed=%u refused=%u", done->changed, done->refused);
	return 0;
}
