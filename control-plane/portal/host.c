/* SPDX-License-Identifier: Apache-2.0 */
/* libwebsockets as a guest in the loop: its contexts, certificates, memory and log. */
#include <errno.h>
#include <malloc.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "server.h"

#define RX_BUFFER_BYTES 1024 /* of each connection */
#define SERVICE_BYTES   16384 /* read at once; one for all */
#define HEADER_SLACK    4096 /* what is a little too long is still read, and answered with 431 */

/* Frames, requests and keys pass through libwebsockets' memory. */
static void *wiping_realloc(void *p, size_t bytes, const char *reason)
{
	size_t had = p ? malloc_usable_size(p) : 0;
	void *moved = bytes ? malloc(bytes) : NULL;
	(void)reason;
	if (bytes && !moved)
		return NULL;
	if (p && moved)
		memcpy(moved, p, had < bytes ? had : bytes);
	if (p)
		explicit_bzero(p, had);
	free(p);
	return moved;
}

static bool overflowed;

bool host_overflowed(void)
{
	bool was = overflowed;
	overflowed = false;
	return was;
}

/* What a remote can bring about is not worth more than a line for debugging; it is counted where it is noticed. */
static void on_library_log(int level, const char *line)
{
	(void)level;
	overflowed = overflowed || strstr(line, "Ran out of header data space");
	log_event(CP_DEBUG, "websockets", "text=\"%.*s\"", (int)strcspn(line, "\n"), line);
}

static const struct lws_protocols protocols[] = {
	{.name = "portal", .callback = server_event, .rx_buffer_size = RX_BUFFER_BYTES}, {0}};
/* No pings, ever: old stock peers take an empty one for bad JSON and reconnect (portal §2.5). */
static const lws_retry_bo_t silent;

static struct lws_context_creation_info info_of(struct shell *s, void *loops[1])
{
	const struct portal_config_limits *is = &s->cfg->limits;
	loops[0] = s->loop;
	return (struct lws_context_creation_info){
		.port = CONTEXT_PORT_NO_LISTEN_SERVER,
		.protocols = protocols,
		.gid = (gid_t)-1,
		.uid = (uid_t)-1,
		.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_LIBEV | LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS,
		.foreign_loops = loops,
		.server_string = "sluice-portal", /* where libwebsockets answers by itself; it aborts without */
		.retry_and_idle_policy = &silent,
		.max_http_header_data2 = is->header_bytes + HEADER_SLACK,
		.max_http_header_pool2 = s->descriptors, /* portal_limits.h has less */
		.timeout_secs = is->handshake_ms / 1000 + 2, /* ours comes first */
		.timeout_secs_ah_idle = is->handshake_ms / 1000 + 2,
		.pt_serv_buf_size = SERVICE_BYTES,
		.alpn = "http/1.1",
	};
}

/* How many contexts share the connections of plain listeners: Debian's libwebsockets is built with checks that look at every
 * connection of a context whenever one ends, and keeps the timeouts of a context in one list. With TLS it is one, for of several it
 * does not free what OpenSSL holds. */
#define SHARDS 8

struct hosts {
	struct {
		struct lws_context *context;
		struct lws_vhost *vhost;
	} all[SHARDS];
	unsigned int n, next;
};

static struct hosts *shared(const struct shell *s, const struct listener *l)
{
	for (struct listener *other = s->listeners; other; other = other->next)
		if (other != l && !other->certificate_file && !l->certificate_file && other->hosts)
			return other->hosts;
	return NULL;
}

int host_open(struct shell *s, struct listener *l)
{
	void *loops[1];
	struct lws_context_creation_info info = info_of(s, loops);
	if (l->certificate_file) {
		info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
		info.ssl_cert_filepath = l->certificate_file;
		info.ssl_private_key_filepath = l->key_file;
		info.ssl_options_set = (long)(SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1 | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	}
	l->hosts = shared(s, l);
	if (l->hosts)
		return 0;
	l->hosts = calloc(1, sizeof(*l->hosts));
	if (!l->hosts)
		return -ENOMEM;
	l->owns_hosts = true;
	l->hosts->n = l->certificate_file ? 1 : SHARDS;
	for (unsigned int i = 0; i < l->hosts->n; i++) {
		struct lws_context *context = l->hosts->all[i].context = lws_create_context(&info);
		if (context && (l->hosts->all[i].vhost = lws_create_vhost(context, &info)))
			continue;
		log_event(CP_ERR, "listen_failed", "error=\"%s\"",
			  !context ? "libwebsockets does not start; is libwebsockets-evlib-ev installed?" :
				     "certificate or key cannot be used");
		return -EINVAL;
	}
	return 0;
}

struct lws_vhost *host_next(struct listener *l)
{
	return l->hosts->all[l->hosts->next++ % l->hosts->n].vhost;
}

void host_nudge(struct listener *l)
{
	for (unsigned int i = 0; l->owns_hosts && i < l->hosts->n; i++)
		lws_cancel_service(l->hosts->all[i].context);
}

void host_close(struct listener *l)
{
	for (unsigned int i = 0; l->owns_hosts && i < l->hosts->n; i++)
		if (l->hosts->all[i].context)
			lws_context_destroy(l->hosts->all[i].context);
	if (l->owns_hosts)
		free(l->hosts);
	l->hosts = NULL;
}

void host_prepare(void)
{
	lws_set_allocator(wiping_realloc);
	lws_set_log_level(LLL_ERR | LLL_WARN, on_library_log);
}

/* libwebsockets would take the certificate and then find that the key is another's. */
static bool is_pair(const char *certificate_file, const char *key_file)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	bool is = ctx && SSL_CTX_use_certificate_chain_file(ctx, certificate_file) == 1 &&
		  SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) == 1 && SSL_CTX_check_private_key(ctx) == 1;
	ERR_clear_error();
	SSL_CTX_free(ctx);
	return is;
}

void host_renew(struct listener *l)
{
	if (!l->certificate_file)
		return;
	if (is_pair(l->certificate_file, l->key_file))
		for (unsigned int i = 0; i < l->hosts->n; i++)
			lws_tls_cert_updated(l->hosts->all[i].context, l->certificate_file, l->key_file, NULL, 0, NULL, 0);
	else
		log_event(CP_ERR, "certificate_refused", "file=%s text=\"it is none, or the key is another's; the one before stays\"",
			  l->certificate_file);
}
