/* SPDX-License-Identifier: Apache-2.0 */
/* From an accepted socket to a connection, or to the shortest answer there is. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http.h"
#include "server.h"

#define KEEPALIVE_IDLE_S     60 /* under the broker's idle_after nothing is left for it to find but sockets that closed */
#define KEEPALIVE_INTERVAL_S 10
#define KEEPALIVE_PROBES     3

static void set(int fd, int level, int option, int value)
{
	setsockopt(fd, level, option, &value, sizeof(value));
}

static void tune(int fd)
{
	set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
	set(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
	set(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
}

/* No request is read, since its memory is what there is too much of already: the answer may be lost, the socket is not. */
static void turn_away(const struct listener *on, int fd)
{
	static const struct broker_refusal busy = {
		.status = 503, .code = "too_many_connections", .text = "too many connections, come back later", .retry_after = 5};
	char text[HTTP_PROBLEM_BYTES], ignored[4096];
	if (!on->certificate_file) {
		size_t n = http_problem(&busy, text, sizeof(text));
		if (send(fd, text, n, MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
			shutdown(fd, SHUT_WR);
		while (recv(fd, ignored, sizeof(ignored), MSG_DONTWAIT) > 0)
			;
	}
	close(fd);
}

void server_accept(struct listener *on, int fd, const struct cp_addr *from)
{
	struct shell *s = on->endpoint.shell;
	struct source *source;
	bool is_shared = http_is_among(from, s->cfg->proxies, s->cfg->n_proxies);
	if (limits_accept(&s->limits, from, is_shared, &source) != REFUSAL_NONE) {
		turn_away(on, fd);
		return;
	}
	struct conn *c = conn_new(s, on, from);
	if (!c) {
		limits_settled(&s->limits, source);
		limits_gone(&s->limits, source);
		limits_refused(&s->limits, REFUSAL_CONNECTIONS);
		close(fd);
		return;
	}
	tune(fd);
	c->source = source;
	c->is_shared = is_shared;
	c->is_adopting = true;
	lws_adopt_desc_t desc = {.vh = host_next(on),
				 .type = LWS_ADOPT_SOCKET | LWS_ADOPT_HTTP | LWS_ADOPT_ALLOW_SSL,
				 .fd = {.sockfd = fd},
				 .opaque = c};
	c->wsi = lws_adopt_descriptor_vhost_via_info(&desc); /* closes fd if it fails */
	c->is_adopting = false;
	if (!c->wsi)
		conn_free(c);
}
