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
		.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_LIBEV,
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
	for (struct listener *other = s->listeners; other && !l->certificate_file; other = other->next)
		if (other != l && !other->certificate_file && other->vhost) {
			l->vhost = other->vhost;
			return 0;
		}
	l->context = lws_create_context(&info);
	l->vhost = l->context ? lws_create_vhost(l->context, &info) : NULL;
	if (l->vhost)
		return 0;
	log_event(CP_ERR, "listen_failed", "error=\"%s\"",
		  !l->context ? "libwebsockets does not start; is libwebsockets-evlib-ev installed?" :
				"certificate or key cannot be used");
	return -EINVAL;
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
	if (!l->certificate_file || !l->context)
		return;
	if (is_pair(l->certificate_file, l->key_file))
		lws_tls_cert_updated(l->context, l->certificate_file, l->key_file, NULL, 0, NULL, 0);
	else
		log_event(CP_ERR, "certificate_refused", "file=%s text=\"it is none, or the key is another's; the one before stays\"",
			  l->certificate_file);
}
