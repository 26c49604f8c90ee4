/* SPDX-License-Identifier: Apache-2.0 */
#include "portal_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/crypto.h"
#include "reading.h"

#define FILE_MAX_BYTES (64u << 20)

/* What the caller gets, and where all of it lives. */
struct owned {
	struct portal_config cfg;
	struct arena arena;
};

static bool read_root(struct reading *r, const json_t *root)
{
	return reading_object(r, root, KEYS_ROOT) && read_server(r, root) && read_timing(r, root) && read_people(r, root) &&
	       read_resources(r, root) && read_policies(r, root) && read_relays(r, root) && read_dns(r, root);
}

static void set_defaults(struct reading *r, const char *path)
{
	*r->cfg = (struct portal_config){
		.path = arena_text(&r->arena, path),
		.log_level = PORTAL_LOG_INFO,
		.database = "/var/lib/sluice-portal/portal.db",
		.control_socket = "/run/sluice-portal/control.sock",
		.limits = portal_config_limits_default,
		.world = {.account_slug = "default", .timing = broker_timing_default, .quota = broker_quota_default},
	};
	r->warnings = reading_take(r, WARNINGS_MAX, sizeof(*r->warnings));
	r->cfg->warnings = r->warnings;
}

static void reading_fini(struct reading *r)
{
	struct names *const all[] = {&r->sites, &r->actors, &r->groups, &r->resources, &r->policies, &r->relays};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		names_fini(all[i]);
}

/* mode: of the file; 0: there is none. */
static bool warn_if_readable(struct reading *r, mode_t mode)
{
	if (!r->has_secrets || !(mode & 077))
		return true;
	r->c.at = 0;
	r->c.path[0] = 0;
	return reading_warn(r, NULL, "holds secrets of relays, and its mode %04o lets others read them", mode & 07777);
}

static struct portal_config *parse(const char *path, const char *text, size_t bytes, mode_t mode, char *ret_error)
{
	json_error_t e;
	struct owned *o = calloc(1, sizeof(*o));
	struct reading r = {.c = {.file = path, .error = ret_error}, .cfg = o ? &o->cfg : NULL};
	bool good = false;
	ret_error[0] = 0;
	if (!o) {
		snprintf(ret_error, PORTAL_CONFIG_ERROR_BYTES, "%s: out of memory", path);
		return NULL;
	}
	json_t *root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &e);
	if (root) {
		set_defaults(&r, path);
		good = read_root(&r, root) && warn_if_readable(&r, mode);
	} else {
		snprintf(ret_error, PORTAL_CONFIG_ERROR_BYTES, "%s: line %d column %d: %s", path, e.line, e.column, e.text);
	}
	json_decref(root);
	reading_fini(&r);
	o->arena = r.arena;
	if (good)
		return &o->cfg;
	portal_config_free(&o->cfg);
	return NULL;
}

struct portal_config *portal_config_parse(const char *path, const char *text, size_t bytes, char ret_error[PORTAL_CONFIG_ERROR_BYTES])
{
	return parse(path, text, bytes, 0, ret_error);
}

static char *read_file(const char *path, size_t *ret_bytes, mode_t *ret_mode, char *ret_error)
{
	struct stat st = {0};
	FILE *f = fopen(path, "rbe");
	char *text = NULL;
	if (!f || fstat(fileno(f), &st) != 0)
		snprintf(ret_error, PORTAL_CONFIG_ERROR_BYTES, "%s: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX_BYTES)
		snprintf(ret_error, PORTAL_CONFIG_ERROR_BYTES, "%s: is no file of at most 64 MiB", path);
	else if (!(text = malloc((size_t)st.st_size + 1)))
		snprintf(ret_error, PORTAL_CONFIG_ERROR_BYTES, "%s: out of memory", path);
	else
		*ret_bytes = fread(text, 1, (size_t)st.st_size, f);
	*ret_mode = st.st_mode;
	if (f)
		fclose(f);
	return text;
}

struct portal_config *portal_config_load(const char *path, char ret_error[PORTAL_CONFIG_ERROR_BYTES])
{
	size_t bytes = 0;
	mode_t mode;
	char *text = read_file(path, &bytes, &mode, ret_error);
	if (!text)
		return NULL;
	struct portal_config *cfg = parse(path, text, bytes, mode, ret_error);
	cp_wipe(text, bytes);
	free(text);
	return cfg;
}

void portal_config_free(struct portal_config *cfg)
{
	struct owned *o = (struct owned *)cfg;
	if (!o)
		return;
	arena_fini(&o->arena);
	free(o);
}

int portal_config_control_socket(const char *path, char ret[PORTAL_CONFIG_SOCKET_BYTES], char ret_error[PORTAL_CONFIG_ERROR_BYTES])
{
	size_t bytes = 0;
	mode_t mode;
	json_error_t e;
	struct cursor c = {.file = path, .error = ret_error};
	char *text = read_file(path, &bytes, &mode, ret_error);
	json_t *root = text ? json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &e) : NULL;
	if (text && !root)
		snprintf(ret_error, PORTAL_CONFIG_ERROR_BYTES, "%s: line %d column %d: %s", path, e.line, e.column, e.text);
	else if (root && !json_is_object(root))
		cursor_fail(&c, NULL, "must be an object");
	else if (root && !cursor_string(&c, root, "control_socket", ret, PORTAL_CONFIG_SOCKET_BYTES) && !c.failed)
		strcpy(ret, "/run/sluice-portal/control.sock");
	if (text)
		cp_wipe(text, bytes);
	free(text);
	json_decref(root);
	return root && !c.failed ? 0 : -1;
}
