/* SPDX-License-Identifier: Apache-2.0 */
/* Where the portal listens, where its files are, and what it says. */
#include <string.h>

#include "reading.h"

static bool read_listen(struct reading *r, const json_t *o, void *ret)
{
	struct portal_config_listen *l = ret;
	if (!reading_object(r, o, KEYS_LISTEN))
		return false;
	const char *text = reading_text(r, o, "address", 64);
	if (!text)
		return cursor_fail(&r->c, "address", "is missing: ADDRESS:PORT");
	if (!parse_listen(&r->c, "address", text, &l->addr) || !reading_path(r, o, "certificate_file", &l->certificate_file) ||
	    !reading_path(r, o, "key_file", &l->key_file))
		return false;
	if (!l->certificate_file != !l->key_file)
		return cursor_fail(&r->c, l->key_file ? "certificate_file" : "key_file", "is missing beside %s",
				   l->key_file ? "key_file" : "certificate_file");
	/* portal §1.1: they dial 443 for ws:// unless there is another port, and a URL drops :80. */
	if (!l->key_file && (l->addr.port == 80 || l->addr.port == 443))
		return reading_warn(r, "address", "stock peers cannot be told of plain port %u", l->addr.port);
	return true;
}

static bool read_address(struct reading *r, const json_t *element, void *ret)
{
	char text[64];
	return cursor_expand(&r->c, NULL, element, text, sizeof(text)) && parse_listen(&r->c, NULL, text, ret);
}

static bool listens_twice(struct reading *r, const char *list, size_t index)
{
	cursor_enter(&r->c, list);
	cursor_enter_index(&r->c, index);
	return cursor_fail(&r->c, NULL, "is listened on already");
}

/* A plain listener of peers may answer HTTP too; one with TLS cannot be plain. */
static bool none_twice(struct reading *r)
{
	const struct portal_config *cfg = r->cfg;
	for (size_t i = 0; i < cfg->n_listen; i++)
		for (size_t k = 0; k < i; k++)
			if (cp_addr_equal(&cfg->listen[i].addr, &cfg->listen[k].addr))
				return listens_twice(r, "listen", i);
	for (size_t i = 0; i < cfg->n_http; i++) {
		for (size_t k = 0; k < i; k++)
			if (cp_addr_equal(&cfg->http[i], &cfg->http[k]))
				return listens_twice(r, "http.listen", i);
		for (size_t k = 0; k < cfg->n_listen; k++)
			if (cfg->listen[k].key_file && cp_addr_equal(&cfg->http[i], &cfg->listen[k].addr))
				return listens_twice(r, "http.listen", i);
	}
	return true;
}

static bool read_listeners(struct reading *r, const json_t *root)
{
	static const struct list_of what = {"listen", PORTAL_CONFIG_LISTEN_MAX, sizeof(struct portal_config_listen), read_listen};
	r->cfg->listen = reading_list(r, root, &what, &r->cfg->n_listen);
	if (r->cfg->listen && r->cfg->n_listen == 0)
		return cursor_fail(&r->c, "listen", "is missing: where peers connect");
	return r->cfg->listen != NULL;
}

static bool read_http(struct reading *r, const json_t *root)
{
	static const struct list_of what = {"listen", PORTAL_CONFIG_LISTEN_MAX, sizeof(struct cp_addr), read_address};
	struct list_of proxies = prefix_list;
	const json_t *o;
	size_t mark;
	if (!reading_enter(r, root, KEYS_HTTP, &o, &mark))
		return false;
	proxies.key = "trusted_proxies";
	r->cfg->http = reading_list(r, o, &what, &r->cfg->n_http);
	r->cfg->proxies = reading_list(r, o, &proxies, &r->cfg->n_proxies);
	cursor_leave(&r->c, mark);
	return !r->c.failed && none_twice(r);
}

bool read_server(struct reading *r, const json_t *root)
{
	static const char *const levels[] = {"error", "warn", "info", "debug", NULL};
	struct portal_config *cfg = r->cfg;
	cfg->log_level = (enum portal_config_log)cursor_choice(&r->c, root, "log_level", levels, PORTAL_LOG_INFO);
	if (!reading_path(r, root, "database", &cfg->database) || !reading_path(r, root, "control_socket", &cfg->control_socket))
		return false;
	if (strlen(cfg->control_socket) >= PORTAL_CONFIG_SOCKET_BYTES)
		return cursor_fail(&r->c, "control_socket", "is longer than %d characters", PORTAL_CONFIG_SOCKET_BYTES - 1);
	return read_listeners(r, root) && read_http(r, root) && read_limits(r, root);
}
