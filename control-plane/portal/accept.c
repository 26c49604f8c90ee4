/* SPDX-License-Identifier: Apache-2.0 */
/* From an accepted socket to a connection, or to the shortest answer there is. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http.h"
#include "server.h"

#define KEEPALIVE_IDLE_S     60 /* under the broker's idle_after nothing is left for it to find but sockets that closed */
#define KEEPALIVE_INTERVAL_S 10
#define KEEPALIVE_PROBES     3
#define WAIT_WITHIN          (3 * CP_S / 2)
#define PER_TURN             2048 /* of those who wait are looked at */
#define WAITING_MAX          4096u
#define HONEST_WITHIN        CP_S
#define LOOK_AT              64u

struct waiting {
	struct waiting *next;
	struct listener *on;
	cp_time since;
	struct cp_addr from;
	int fd;
};

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

static bool is_proxy(const struct shell *s, const struct cp_addr *from)
{
	return http_is_among(from, s->cfg->proxies, s->cfg->n_proxies);
}

static void admit(struct listener *on, int fd, const struct cp_addr *from)
{
	struct shell *s = on->endpoint.shell;
	struct source *source;
	bool is_shared = is_proxy(s, from);
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

static bool wait_for_room(struct listener *on, int fd, const struct cp_addr *from)
{
	struct shell *s = on->endpoint.shell;
	struct conns *all = s->conns;
	struct waiting *w = all->n_waiting < WAITING_MAX ? malloc(sizeof(*w)) : NULL;
	if (!w)
		return false;
	*w = (struct waiting){.on = on, .fd = fd, .from = *from, .since = shell_now(s)};
	*all->last_waiting = w;
	all->last_waiting = &w->next;
	all->n_waiting++;
	return true;
}

void server_accept(struct listener *on, int fd, const struct cp_addr *from)
{
	struct shell *s = on->endpoint.shell;
	enum refusal why = limits_judge(&s->limits, from, is_proxy(s, from));
	if (s->limits.connections + s->conns->n_waiting >= s->descriptors) {
		limits_refused(&s->limits, REFUSAL_CONNECTIONS);
		turn_away(on, fd);
	} else if (why == REFUSAL_NONE || why == REFUSAL_CONNECTIONS || !wait_for_room(on, fd, from)) {
		admit(on, fd, from);
	}
}

/* Those who only connect, and slowly, must not keep out who has something to say: the oldest stranger makes room once it had
 * time enough for an honest request. Few of those before it are no strangers any more. */
static void make_room(struct shell *s)
{
	struct conn *c = s->conns->joining.first;
	for (unsigned int i = 0; c && !c->is_stranger && i < LOOK_AT; i++)
		c = c->later;
	if (!c || !c->is_stranger || shell_now(s) - c->since < HONEST_WITHIN)
		return;
	limits_refused(&s->limits, REFUSAL_HANDSHAKE_TIME);
	conn_kill(c);
}

/* True: it waits no longer. */
static bool is_settled(struct shell *s, const struct waiting *w)
{
	if (limits_are_all_in_handshake(&s->limits))
		make_room(s);
	enum refusal why = limits_judge(&s->limits, &w->from, is_proxy(s, &w->from));
	if (why != REFUSAL_NONE && shell_now(s) - w->since < WAIT_WITHIN && !s->stop_at)
		return false;
	admit(w->on, w->fd, &w->from);
	return true;
}

void server_admit(struct shell *s)
{
	struct conns *all = s->conns;
	struct waiting **at = &all->first_waiting;
	for (unsigned int i = 0; *at && i < PER_TURN; i++) {
		struct waiting *w = *at;
		if (!is_settled(s, w)) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		if (!*at)
			all->last_waiting = at;
		all->n_waiting--;
		free(w);
	}
}
