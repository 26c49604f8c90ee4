/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one configuration file of sluice-portal: JSON text in, checked values out. No clock, no sockets, no logging; any
 * thread. Every string may contain ${VAR}, replaced from the environment; a secret may stand in a file of its own.
 * docs/portal-configuration.md is the reference of the keys.
 *
 * On a mistake portal_config_load() fails with a text "FILE: path.to.key: what is wrong". What it accepts, stock
 * peers accept: every rule of portal §6.5 and §6.6 that concerns the file is checked here.
 */
#ifndef PORTAL_CONFIG_H
#define PORTAL_CONFIG_H

#include "broker/world.h"

#define PORTAL_CONFIG_ERROR_BYTES 512
#define PORTAL_CONFIG_LISTEN_MAX  16
#define PORTAL_CONFIG_SOCKET_BYTES 108 /* sun_path */

/* Where peers connect. */
struct portal_config_listen {
	struct cp_addr addr;         /* 0.0.0.0 and :: included */
	const char *certificate_file; /* PEM, leaf first; NULL: plain */
	const char *key_file;         /* PEM; with the certificate */
};

/* What one peer, or one source of connections, may cost. Beyond it: refused or closed, counted by name. */
struct portal_config_limits {
	uint32_t connections;             /* in all; 20 000 */
	uint32_t connections_per_source;  /* of an IPv4 address or an IPv6 /64; 0: any number; 0 */
	uint32_t handshakes;              /* not yet authenticated, in all; 1000 */
	uint32_t handshakes_per_source;   /* 200; 0: any number */
	uint32_t handshake_ms;            /* from accept to join; 10 000 */
	uint32_t header_bytes;            /* of a request; 16 384, 8192 at least (§6.2) */
	uint32_t frame_bytes;             /* of a message of a peer; 1 MiB */
	uint32_t messages_per_s;          /* of a peer; 100 */
	uint32_t messages_burst;          /* 2000 */
	uint32_t queued_bytes;            /* unsent, of a slow consumer; 16 MiB */
	uint32_t bad_tokens_per_s;        /* of a source, with a burst of ten times as many; then 503; 5; 0: any number */
};
extern const struct portal_config_limits portal_config_limits_default;

enum portal_config_log { PORTAL_LOG_ERROR, PORTAL_LOG_WARN, PORTAL_LOG_INFO, PORTAL_LOG_DEBUG };

struct portal_config {
	const char *path;
	enum portal_config_log log_level; /* info */
	const char *database;             /* absolute; /var/lib/sluice-portal/portal.db */
	const char *control_socket;       /* absolute, fits PORTAL_CONFIG_SOCKET_BYTES; /run/sluice-portal/control.sock */
	const struct portal_config_listen *listen; /* 1 … PORTAL_CONFIG_LISTEN_MAX */
	size_t n_listen;
	const struct cp_addr *http;       /* /healthz, /readyz, /metrics in plain HTTP; none: nowhere */
	size_t n_http;
	const struct portal_network *proxies; /* whose X-Forwarded-For is believed; none: nobody's */
	size_t n_proxies;
	struct portal_config_limits limits;
	struct broker_world world;        /* borrows from this struct; broker_create() copies it */
	const char *const *warnings;      /* what is right and yet probably not meant, "FILE: path: text" */
	size_t n_warnings;
};

/* Returns owned, or NULL with ret_error filled. */
struct portal_config *portal_config_load(const char *path, char ret_error[PORTAL_CONFIG_ERROR_BYTES]);
/* The same from text; `path` names it in errors. */
struct portal_config *portal_config_parse(const char *path, const char *text, size_t bytes,
					  char ret_error[PORTAL_CONFIG_ERROR_BYTES]);
/* control_socket alone, so that an operator's tools work while the rest of the file is wrong; 0, or -1 with ret_error. */
int portal_config_control_socket(const char *path, char ret[PORTAL_CONFIG_SOCKET_BYTES],
				 char ret_error[PORTAL_CONFIG_ERROR_BYTES]);
/* Wipes the secrets. NULL is fine. */
void portal_config_free(struct portal_config *cfg);

/* What differs and cannot change while the portal runs: the keys database, control_socket, listen, http.listen, one call
 * each. All else can. Returns how many were found. */
unsigned int portal_config_restart(const struct portal_config *from, const struct portal_config *to,
				   void (*found)(void *arg, const char *key), void *arg);

/* The id of what the file gives none: UUID version 8 of the SHA-256 of kind ("site", "actor", "resource", "policy",
 * "relay") and name. */
struct portal_uuid portal_config_id(const char *kind, const char *name);

#endif
