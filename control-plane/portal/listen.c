/* SPDX-License-Identifier: Apache-2.0 */
#include "listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server.h"

#define BACKLOG  4096
#define PER_TURN 32 /* accepted, for their requests come with them: when all come at once, few are strangers at a time */

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
		if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM))
			endpoint_want_read(e, false); /* until the next second, or the loop would turn for nothing */
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
	int rc = host_open(s, l), fd = rc == 0 ? open_socket(&l->addr) : rc;
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
	host_prepare();
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
		host_renew(l);
}

void listeners_nudge(struct shell *s)
{
	for (struct listener *l = s->listeners; l; l = l->next) {
		host_nudge(l);
		endpoint_want_read(&l->endpoint, true);
	}
}

void listeners_close(struct shell *s)
{
	listeners_stop(s);
	for (struct listener *l = s->listeners; l; l = l->next)
		host_close(l);
	while (s->listeners) {
		struct listener *l = s->listeners;
		s->listeners = l->next;
		free(l->certificate_file);
		free(l->key_file);
		free(l);
	}
}
