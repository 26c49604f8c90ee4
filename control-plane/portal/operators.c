/* SPDX-License-Identifier: Apache-2.0 */
#include "operators.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* Sends what waits or comes next. 1: sent; 0: there is nothing, or the socket is full; -1: the far end is gone. */
static int send_one(struct operator *o, struct requests *on)
{
	if (!o->waiting.text && !request_next(&o->request, on, &o->waiting))
		return 0;
	ssize_t n = send(o->endpoint.fd, o->waiting.text, o->waiting.bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == ENOBUFS))
		return 0;
	request_answer_free(&o->waiting);
	o->active_at = shell_now(o->endpoint.shell);
	return n < 0 ? -1 : 1;
}

static void writable(struct endpoint *e)
{
	struct operator *o = (struct operator *)e;
	struct requests *on = &e->shell->operators->on;
	bool owed = request_is_open(&o->request) || o->waiting.text;
	int sent = 1;
	on->world = &e->shell->cfg->world;
	for (unsigned int i = 0; i < ANSWERS_PER_TURN && sent > 0; i++)
		sent = send_one(o, on);
	if (sent < 0 || !owed) {
		endpoint_close(e);
		return;
	}
	bool more = request_is_open(&o->request) || o->waiting.text;
	if (more)
		endpoint_want_write(e);
	endpoint_want_read(e, !more);
}

static void log_change(const struct operator *o)
{
	const struct request *r = &o->request;
	if (r->changed)
		log_event(CP_INFO, "operator", "did=%s outcome=%s uid=%u pid=%u", r->changed, r->outcome, o->uid, o->pid);
}

/* One request. It is answered when the turn is over, and with it the commit of what it changed. */
static void readable(struct endpoint *e)
{
	struct operator *o = (struct operator *)e;
	struct shell *s = e->shell;
	struct operators *all = s->operators;
	ssize_t n = recv(e->fd, all->in, sizeof(all->in), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		endpoint_close(e);
		return;
	}
	o->active_at = shell_now(s);
	all->on.world = &s->cfg->world;
	request_begin(&o->request, &all->on, all->in, (size_t)n, time(NULL), shell_now(s));
	explicit_bzero(all->in, (size_t)n); /* it may be a token */
	log_change(o);
	shell_pump(s);
	endpoint_want_read(e, false);
	endpoint_want_write(e);
}

static void closed(struct endpoint *e)
{
	struct operator *o = (struct operator *)e;
	request_end(&o->request);
	request_answer_free(&o->waiting);
	o->in_use = false;
}

static struct operator *free_slot(struct operators *all)
{
	for (unsigned int i = 0; i < OPERATORS_MAX; i++)
		if (!all->all[i].in_use)
			return &all->all[i];
	return NULL;
}

/* Its place is free when the turn is over; false: everybody is at work. */
static bool close_idle(struct operators *all, cp_time now)
{
	struct operator *idlest = &all->all[0];
	for (unsigned int i = 1; i < OPERATORS_MAX; i++)
		if (all->all[i].active_at < idlest->active_at)
			idlest = &all->all[i];
	if (now - idlest->active_at < IDLE_IS_OUT)
		return false;
	log_event(CP_INFO, "operator_idle", "uid=%u pid=%u", idlest->uid, idlest->pid);
	endpoint_close(&idlest->endpoint);
	return true;
}

/* Takes fd. */
static void turn_away(int fd)
{
	static const char text[] = "{\"end\":true,\"error\":{\"code\":\"busy\",\"text\":\"too many operators are connected\"}}";
	log_event(CP_WARN, "operator_refused", "why=\"%u are connected\"", OPERATORS_MAX);
	if (send(fd, text, sizeof(text) - 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		log_event(CP_DEBUG, "operator_gone", "error=\"%s\"", strerror(errno));
	close(fd);
}

static void accept_one(struct endpoint *e)
{
	struct operators *all = e->shell->operators;
	struct ucred who = {.pid = 0, .uid = (uid_t)-1};
	socklen_t bytes = sizeof(who);
	struct operator *o = free_slot(all);
	if (!o && close_idle(all, shell_now(e->shell)))
		return; /* the newcomer waits for the next turn */
	int fd = accept4(e->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0 && errno != EAGAIN)
		endpoint_want_read(e, false); /* until the next second, or the loop would turn for nothing */
	if (fd >= 0 && !o)
		turn_away(fd);
	if (fd < 0 || !o)
		return;
	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &bytes);
	*o = (struct operator){.endpoint = {.readable = readable, .writable = writable, .closed = closed}, .in_use = true};
	o->uid = who.uid;
	o->pid = (uint32_t)who.pid;
	o->active_at = shell_now(e->shell);
	endpoint_adopt(e->shell, &o->endpoint, fd);
}

/* A socket that nobody listens on is what a killed process left behind. */
static int remove_stale(const struct sockaddr_un *sa)
{
	struct stat st;
	if (lstat(sa->sun_path, &st) != 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int rc = fd < 0 ? -errno : connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) == 0 ? -EADDRINUSE : -errno;
	if (fd >= 0)
		close(fd);
	if (rc == -ECONNREFUSED)
		rc = unlink(sa->sun_path) == 0 ? 0 : -errno;
	return rc;
}

static int listen_at(const struct sockaddr_un *sa)
{
	char folder[sizeof(sa->sun_path)];
	memcpy(folder, sa->sun_path, sizeof(folder));
	if (mkdir(dirname(folder), 0750) != 0 && errno != EEXIST)
		return -errno;
	int rc = remove_stale(sa), fd = -1;
	if (rc != 0)
		return rc;
	mode_t mask = umask(0177);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	rc = fd < 0 || bind(fd, (const struct sockaddr *)sa, sizeof(*sa)) != 0 || listen(fd, OPERATORS_MAX) != 0 ? -errno : fd;
	umask(mask);
	if (rc < 0 && fd >= 0)
		close(fd);
	return rc;
}

int operators_open(struct shell *s)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	struct operators *all = calloc(1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	snprintf(all->path, sizeof(all->path), "%s", s->cfg->control_socket);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", all->path);
	int fd = listen_at(&sa);
	if (fd < 0) {
		log_event(CP_ERR, "listen_failed", "path=%s error=\"%s\"", all->path,
			  fd == -EADDRINUSE ? "another sluice-portal runs here"
			  : fd == -EEXIST   ? "there is a file, and it is no socket"
					    : strerror(-fd));
		free(all);
		return fd;
	}
	operators_on(s, &all->on);
	all->listener.readable = accept_one;
	s->operators = all;
	endpoint_adopt(s, &all->listener, fd);
	return 0;
}

void operators_nudge(struct shell *s)
{
	if (s->operators)
		endpoint_want_read(&s->operators->listener, true);
}

void operators_close(struct shell *s)
{
	struct operators *all = s->operators;
	if (!all)
		return;
	unlink(all->path);
	endpoint_close(&all->listener);
	for (unsigned int i = 0; i < OPERATORS_MAX; i++)
		if (all->all[i].in_use)
			endpoint_close(&all->all[i].endpoint);
}

void operators_free(struct shell *s)
{
	free(s->operators);
	s->operators = NULL;
}
