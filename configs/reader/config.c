/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sodium.h>

#include "cursor.h"

#define FILE_MAX_BYTES (16u << 20)

static bool read_control(struct cursor *c, const json_t *root, struct sluice_config *cfg)
{
	static const char *const known[] = {"mode", "linger_ms", "close_peers_per_s", "stop_deadline_ms", NULL};
	static const char *const modes[] = {"static", NULL};
	const json_t *o = cursor_member(c, root, "control", JSON_OBJECT);
	size_t mark = cursor_enter(c, "control");
	if (c->failed || (o && !cursor_known(c, o, known)))
		return false;
	cursor_choice(c, o, "mode", modes, 0);
	cfg->control.linger_ms = cursor_uint(c, o, "linger_ms", 0, 60000, 1000);
	cfg->control.close_peers_per_s = cursor_uint(c, o, "close_peers_per_s", 0, 1000000, 0);
	cfg->control.stop_deadline_ms = cursor_uint(c, o, "stop_deadline_ms", 100, 600000, 8000);
	cursor_leave(c, mark);
	return !c->failed;
}

static bool read_root(struct cursor *c, const json_t *root, struct sluice_config *cfg)
{
	static const char *const known[] = {"runtime_dir", "log_level", "nf", "control", "peers", NULL};
	static const char *const levels[] = {"error", "warn", "info", "debug", "trace", NULL};
	if (!json_is_object(root))
		return cursor_fail(c, NULL, "must be an object");
	if (!cursor_known(c, root, known))
		return false;
	strcpy(cfg->runtime_dir, CONFIG_RUNTIME_DIR);
	cursor_string(c, root, "runtime_dir", cfg->runtime_dir, sizeof(cfg->runtime_dir));
	if (!c->failed && cfg->runtime_dir[0] != '/')
		return cursor_fail(c, "runtime_dir", "\"%s\" is not an absolute path", cfg->runtime_dir);
	cfg->log_level = cursor_choice(c, root, "log_level", levels, 2);
	return !c->failed && read_nf(c, root, cfg) && read_control(c, root, cfg) && read_peers(c, root, cfg);
}

struct sluice_config *sluice_config_parse(const char *path, const char *text, size_t bytes,
					  char ret_error[CONFIG_ERROR_BYTES])
{
	json_error_t e;
	struct cursor c = {.file = path, .error = ret_error};
	struct sluice_config *cfg = calloc(1, sizeof(*cfg));
	ret_error[0] = 0;
	if (!cfg) {
		snprintf(ret_error, CONFIG_ERROR_BYTES, "%s: out of memory", path);
		return NULL;
	}
	snprintf(cfg->path, sizeof(cfg->path), "%s", path);
	cfg->document = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &e);
	if (!cfg->document)
		snprintf(ret_error, CONFIG_ERROR_BYTES, "%s: line %d column %d: %s", path, e.line, e.column, e.text);
	if (cfg->document && read_root(&c, cfg->document, cfg))
		return cfg;
	sluice_config_free(cfg);
	return NULL;
}

static char *read_file(const char *path, size_t *ret_bytes, struct stat *ret_st, char *ret_error)
{
	FILE *f = fopen(path, "rbe");
	char *text = NULL;
	if (!f || fstat(fileno(f), ret_st) != 0) {
		snprintf(ret_error, CONFIG_ERROR_BYTES, "%s: %s", path, strerror(errno));
		goto out;
	}
	if (!S_ISREG(ret_st->st_mode) || ret_st->st_size > FILE_MAX_BYTES) {
		snprintf(ret_error, CONFIG_ERROR_BYTES, "%s: is no file of at most 16 MiB", path);
		goto out;
	}
	text = malloc((size_t)ret_st->st_size + 1);
	if (text)
		*ret_bytes = fread(text, 1, (size_t)ret_st->st_size, f);
	else
		snprintf(ret_error, CONFIG_ERROR_BYTES, "%s: out of memory", path);
out:
	if (f)
		fclose(f);
	return text;
}

static void warn_if_readable(struct sluice_config *cfg, mode_t mode)
{
	bool secret = false;
	for (uint32_t i = 0; i < cfg->n_peers; i++)
		secret |= json_object_get(json_array_get(json_object_get(cfg->document, "peers"), i), "preshared_key") != NULL;
	if (!secret || !(mode & 077))
		return;
	cfg->warnings = calloc(1, sizeof(char *));
	if (cfg->warnings && asprintf(&cfg->warnings[0], "%s: holds preshared keys, and its mode %04o lets others read them",
				      cfg->path, mode & 07777) > 0)
		cfg->n_warnings = 1;
}

struct sluice_config *sluice_config_load(const char *path, char ret_error[CONFIG_ERROR_BYTES])
{
	struct stat st;
	size_t bytes = 0;
	char *text = read_file(path, &bytes, &st, ret_error);
	if (!text)
		return NULL;
	struct sluice_config *cfg = sluice_config_parse(path, text, bytes, ret_error);
	sodium_memzero(text, bytes);
	free(text);
	if (cfg)
		warn_if_readable(cfg, st.st_mode);
	return cfg;
}

void sluice_config_free(struct sluice_config *cfg)
{
	if (!cfg)
		return;
	for (uint32_t i = 0; i < cfg->n_peers; i++) {
		sodium_memzero(cfg->peers[i].preshared_key, 32);
		free(cfg->peers[i].allowed);
	}
	for (uint32_t i = 0; i < cfg->n_warnings; i++)
		free(cfg->warnings[i]);
	free(cfg->warnings);
	free(cfg->peers);
	free(cfg->nf.routes);
	free(cfg->nf.plugins);
	json_decref(cfg->document);
	free(cfg);
}
