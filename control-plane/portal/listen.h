/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where connections come in. The portal accepts by itself, since who may not connect should cost nothing; what is accepted
 * becomes libwebsockets'. Each listener with TLS has contexts of its own: among several virtual hosts on no port of its
 * own libwebsockets would choose by the name that the peer sends.
 */
#ifndef PORTAL_LISTEN_H
#define PORTAL_LISTEN_H

#include <libwebsockets.h>

#include "shell.h"

struct listener {
	struct endpoint endpoint;
	struct listener *next;
	struct cp_addr addr;
	bool for_peers, for_http;
	char *certificate_file, *key_file; /* NULL: plain */
	struct hosts *hosts;               /* of plain ones: shared */
	bool owns_hosts;
};

/* All of the file, or none. */
int listeners_open(struct shell *s);
/* No newcomers, from the next turn on. */
void listeners_stop(struct shell *s);
/* Certificates that changed on the disk are read again. */
void listeners_renew(struct shell *s);
/* libwebsockets looks after what it owes: overdue timeouts, closes that were asked for. */
void listeners_nudge(struct shell *s);
/* Closes every connection. */
void listeners_close(struct shell *s);

/* host.c. Before anything else of libwebsockets. */
void host_prepare(void);
/* Its virtual hosts; those of another plain one if there is one. */
int host_open(struct shell *s, struct listener *l);
/* For the next connection. */
struct lws_vhost *host_next(struct listener *l);
void host_nudge(struct listener *l);
void host_close(struct listener *l);
void host_renew(struct listener *l);
/* True once after libwebsockets found a request longer than its memory for headers; it closes that connection at once, and
 * says so in its log alone. */
bool host_overflowed(void);

#endif
