/* SPDX-License-Identifier: Apache-2.0 */
#include "listen.h"

#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server.h"

#define BACKLOG         4096
#define PER_TURN        256  /* accepted, so that a burst does not hold up those who are in */
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

bool listeners_overflowed(void)
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

static int make_host(struct shell *s, struct listener *l)
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

static socklen_t to_sockaddr(const struct cp_addr *a, struct sockaddr_storage *ret)
{
	*ret = (struct sockaddr_storage){0};
	if (a->family == CP_V4) {
		struct sockaddr_in *in = (struct sockaddr_in *)ret;
		in->sin_family = AF_INET;
		in->sin_port = htons(a->port);
		memcpy(&in->sin_addr, a->ip, 4);
		return sizeof(*in);
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(a->port);
	memcpy(&in6->sin6_addr, a->ip, 16);
	return sizeof(*in6);
}

static struct cp_addr from_sockaddr(const struct sockaddr_storage *sa)
{
	struct cp_addr a = {.family = CP_V4};
	if (sa->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)sa;
		memcpy(a.ip, &in->sin_addr, 4);
		a.port = ntohs(in->sin_port);
		return a;
	}
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;
	a.port = ntohs(in6->sin6_port);
	a.family = IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr) ? CP_V4 : CP_V6;
	if (a.family == CP_V4)
		memcpy(a.ip, in6->sin6_addr.s6_addr + 12, 4);
	else
		memcpy(a.ip, &in6->sin6_addr, 16);
	return a;
}

static int open_socket(const struct cp_addr *at)
{
	struct sockaddr_storage sa;
	socklen_t bytes = to_sockaddr(at, &sa);
	int yes = 1, fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (at->family == CP_V6) /* [::] beside 0.0.0.0 is two lines of the file */
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));
	if (bind(fd, (const struct sockaddr *)&sa, bytes) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	int rc = -errno;
	close(fd);
	return rc;
}

static void readable(struct endpoint *e)
{
	struct listener *l = (struct listener *)e;
	for (unsigned int i = 0; i < PER_TURN; i++) {
		struct sockaddr_storage sa;
		socklen_t bytes = sizeof(sa);
		int fd = accept4(e->fd, (struct sockaddr *)&sa, &bytes, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0 && errno != ECONNABORTED && errno != EINTR)
			return;
		if (fd < 0)
			continue;
		struct cp_addr from = from_sockaddr(&sa);
		server_accept(l, fd, &from);
	}
}

static int open_one(struct shell *s, struct listener *l)
{
	char text[CP_ADDR_TEXT];
	int rc = make_host(s, l), fd = rc == 0 ? open_socket(&l->addr) : rc;
	cp_addr_format(&l->addr, text);
	if (fd < 0) {
		log_event(CP_ERR, "listen_failed", "addr=%s error=\"%s\"", text, strerror(-fd));
		return fd;
	}
	l->endpoint.readable = readable;
	endpoint_adopt(s, &l->endpoint, fd);
	log_event(CP_INFO, "listening", "addr=%s tls=%s peers=%s http=%s", text, l->certificate_file ? "yes" : "no",
		  l->for_peers ? "yes" : "no", l->for_http ? "yes" : "no");
	return 0;
}

static struct listener *add(struct shell *s, const struct cp_addr *addr)
{
	struct listener *l = calloc(1, sizeof(*l));
	if (!l)
		return NULL;
	l->addr = *addr;
	l->endpoint.fd = -1;
	struct listener **end = &s->listeners;
	while (*end)
		end = &(*end)->next;
	return *end = l;
}

static bool gather(struct shell *s)
{
	for (size_t i = 0; i < s->cfg->n_listen; i++) {
		const struct portal_config_listen *from = &s->cfg->listen[i];
		struct listener *l = add(s, &from->addr);
		if (!l)
			return false;
		l->for_peers = true;
		if (!from->certificate_file)
			continue;
		l->certificate_file = strdup(from->certificate_file);
		l->key_file = strdup(from->key_file);
		if (!l->certificate_file || !l->key_file)
			return false;
	}
	for (size_t i = 0; i < s->cfg->n_http; i++) {
		struct listener *l = s->listeners;
		while (l && (!cp_addr_equal(&l->addr, &s->cfg->http[i]) || l->certificate_file))
			l = l->next;
		l = l ? l : add(s, &s->cfg->http[i]);
		if (!l)
			return false;
		l->for_http = true;
	}
	return true;
}

int listeners_open(struct shell *s)
{
	lws_set_allocator(wiping_realloc);
	lws_set_log_level(LLL_ERR | LLL_WARN, on_library_log);
	if (!gather(s))
		return -ENOMEM;
	for (struct listener *l = s->listeners; l; l = l->next) {
		int rc = open_one(s, l);
		if (rc != 0)
			return rc;
	}
	return 0;
}

void listeners_stop(struct shell *s)
{
	for (struct listener *l = s->listeners; l; l = l->next)
		endpoint_close(&l->endpoint);
}

void listeners_renew(struct shell *s)
{
	for (struct listener *l = s->listeners; l; l = l->next)
		if (l->certificate_file && l->context)
			lws_tls_cert_updated(l->context, l->certificate_file, l->key_file, NULL, 0, NULL, 0);
}

void listeners_nudge(struct shell *s)
{
	for (struct listener *l = s->listeners; l; l = l->next)
		if (l->context)
			lws_cancel_service(l->context);
}

void listeners_close(struct shell *s)
{
	listeners_stop(s);
	for (struct listener *l = s->listeners; l; l = l->next)
		if (l->context)
			lws_context_destroy(l->context);
	while (s->listeners) {
		struct listener *l = s->listeners;
		s->listeners = l->next;
		free(l->certificate_file);
		free(l->key_file);
		free(l);
	}
}
