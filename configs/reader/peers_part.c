/* SPDX-License-Identifier: Apache-2.0 */
/* The "peers" list of a static node. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "cursor.h"

static bool decode_key(struct cursor *c, const char *key, const char *text, uint8_t ret[32])
{
	size_t n = 0;
	if (sodium_base642bin(ret, 32, text, strlen(text), "\r\n", &n, NULL, sodium_base64_VARIANT_ORIGINAL) != 0 || n != 32)
		return cursor_fail(c, key, "is not the base64 text of 32 bytes");
	if (sodium_is_zero(ret, 32))
		return cursor_fail(c, key, "is all zeros");
	return true;
}

/* A secret's file must not be readable by others. */
static bool read_key_file(struct cursor *c, const char *key, const char *path, uint8_t ret[32])
{
	char text[128];
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0) {
		int error = errno;
		if (fd >= 0)
			close(fd);
		return cursor_fail(c, key, "%s: %s", path, strerror(error));
	}
	ssize_t n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (st.st_mode & 077) {
		sodium_memzero(text, sizeof(text));
		return cursor_fail(c, key, "%s: mode %04o is wider than 0600", path, st.st_mode & 07777);
	}
	if (n <= 0)
		return cursor_fail(c, key, "%s: is empty", path);
	text[n] = 0;
	bool ok = decode_key(c, key, text, ret);
	sodium_memzero(text, sizeof(text));
	return ok;
}

static bool read_psk(struct cursor *c, const json_t *o, struct config_peer *p)
{
	char text[256];
	bool inline_key = json_object_get(o, "preshared_key"), file = json_object_get(o, "preshared_key_file");
	const char *key = inline_key ? "preshared_key" : "preshared_key_file";
	if (!inline_key && !file)
		return true;
	if (inline_key && file)
		return cursor_fail(c, "preshared_key_file", "given beside preshared_key");
	if (!cursor_string(c, o, key, text, sizeof(text)))
		return false;
	p->has_psk = true;
	bool ok = inline_key ? decode_key(c, key, text, p->preshared_key) : read_key_file(c, key, text, p->preshared_key);
	sodium_memzero(text, sizeof(text));
	return ok;
}

static bool read_allowed(struct cursor *c, const json_t *o, struct config_peer *p)
{
	const json_t *list = cursor_member(c, o, "allowed_ips", JSON_ARRAY);
	size_t mark = cursor_enter(c, "allowed_ips"), i;
	json_t *value;
	char text[64];
	if (c->failed)
		return false;
	size_t n = list ? json_array_size(list) : 0;
	if (n > 1024)
		return cursor_fail(c, NULL, "more than 1024 prefixes");
	p->allowed = calloc(n + 1, sizeof(*p->allowed));
	if (!p->allowed)
		return cursor_fail(c, NULL, "out of memory");
	json_array_foreach(list, i, value) {
		size_t inner = cursor_enter_index(c, i);
		if (!cursor_expand(c, NULL, value, text, sizeof(text)) || !parse_prefix(c, NULL, text, &p->allowed[i]))
			return false;
		p->n_allowed++;
		cursor_leave(c, inner);
	}
	cursor_leave(c, mark);
	return true;
}

static bool read_peer(struct cursor *c, const json_t *o, struct config_peer *p)
{
	static const char *const known[] = {"name",	   "public_key", "preshared_key", "preshared_key_file", "endpoint",
					    "allowed_ips", "persistent_keepalive", "mtu", "timers", "endpoint_mode",
					    "padding",	   "initiate",	 NULL};
	static const char *const timers[] = {"paper", "stock", NULL}, *const mode[] = {"roaming", "pinned", NULL},
				 *const padding[] = {"16", "none", NULL};
	char text[128];
	if (!json_is_object(o))
		return cursor_fail(c, NULL, "must be an object");
	if (!cursor_known(c, o, known))
		return false;
	if (!cursor_string(c, o, "name", p->name, sizeof(p->name)) || !p->name[0])
		return cursor_fail(c, "name", "is missing");
	if (!cursor_string(c, o, "public_key", text, sizeof(text)))
		return cursor_fail(c, "public_key", "is missing");
	if (!decode_key(c, "public_key", text, p->public_key) || !read_psk(c, o, p))
		return false;
	if (cursor_string(c, o, "endpoint", text, sizeof(text)) && !parse_endpoint(c, "endpoint", text, &p->endpoint))
		return false;
	p->keepalive_s = (uint16_t)cursor_uint(c, o, "persistent_keepalive", 0, 65535, 0);
	p->mtu = (uint16_t)cursor_uint(c, o, "mtu", 576, 9000, 1420);
	p->timers = (uint8_t)cursor_choice(c, o, "timers", timers, 0);
	p->endpoint_mode = (uint8_t)cursor_choice(c, o, "endpoint_mode", mode, 0);
	p->padding = (uint8_t)cursor_choice(c, o, "padding", padding, 0);
	p->initiate = cursor_bool(c, o, "initiate", false);
	return !c->failed && read_allowed(c, o, p);
}

/* Sorting makes the search for duplicates n log n: a file may list 100 000 peers. */
struct claim {
	const void *what;
	uint32_t peer;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct claim *)a)->what, ((const struct claim *)b)->what);
}

static int by_key(const void *a, const void *b)
{
	return memcmp(((const struct claim *)a)->what, ((const struct claim *)b)->what, 32);
}

static int by_prefix(const void *a, const void *b)
{
	const struct config_addr *x = ((const struct claim *)a)->what, *y = ((const struct claim *)b)->what;
	return memcmp(x, y, sizeof(*x));
}

static bool unique(struct cursor *c, struct claim *claims, size_t n, int (*cmp)(const void *, const void *),
		   const char *key, const struct config_peer *peers)
{
	qsort(claims, n, sizeof(*claims), cmp);
	for (size_t i = 1; i < n; i++) {
		if (cmp(&claims[i - 1], &claims[i]) != 0)
			continue;
		uint32_t a = claims[i - 1].peer, b = claims[i].peer;
		cursor_enter_index(c, a > b ? a : b);
		return cursor_fail(c, key, "is also that of peer \"%s\"", peers[a < b ? a : b].name);
	}
	return true;
}

static bool all_unique(struct cursor *c, const struct sluice_config *cfg)
{
	size_t prefixes = 0, n = 0;
	for (uint32_t i = 0; i < cfg->n_peers; i++)
		prefixes += cfg->peers[i].n_allowed;
	struct claim *claims = calloc(prefixes + cfg->n_peers + 1, sizeof(*claims));
	if (!claims)
		return cursor_fail(c, NULL, "out of memory");
	for (uint32_t i = 0; i < cfg->n_peers; i++)
		claims[i] = (struct claim){cfg->peers[i].name, i};
	bool ok = unique(c, claims, cfg->n_peers, by_name, "name", cfg->peers);
	for (uint32_t i = 0; i < cfg->n_peers; i++)
		claims[i] = (struct claim){cfg->peers[i].public_key, i};
	ok = ok && unique(c, claims, cfg->n_peers, by_key, "public_key", cfg->peers);
	for (uint32_t i = 0; i < cfg->n_peers; i++)
		for (uint16_t k = 0; k < cfg->peers[i].n_allowed; k++)
			claims[n++] = (struct claim){&cfg->peers[i].allowed[k], i};
	ok = ok && unique(c, claims, n, by_prefix, "allowed_ips", cfg->peers);
	free(claims);
	return ok;
}

bool read_peers(struct cursor *c, const json_t *root, struct sluice_config *cfg)
{
	const json_t *list = cursor_member(c, root, "peers", JSON_ARRAY);
	size_t mark = cursor_enter(c, "peers"), i;
	json_t *peer;
	if (c->failed)
		return false;
	size_t n = list ? json_array_size(list) : 0;
	if (n > cfg->nf.max_peers)
		return cursor_fail(c, NULL, "%zu peers are more than nf.max_peers, %u", n, cfg->nf.max_peers);
	cfg->peers = calloc(n + 1, sizeof(*cfg->peers));
	if (!cfg->peers)
		return cursor_fail(c, NULL, "out of memory");
	json_array_foreach(list, i, peer) {
		size_t inner = cursor_enter_index(c, i);
		cfg->n_peers++;
		if (!read_peer(c, peer, &cfg->peers[i]))
			return false;
		cursor_leave(c, inner);
	}
	if (!all_unique(c, cfg))
		return false;
	cursor_leave(c, mark);
	return true;
}
