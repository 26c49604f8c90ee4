/* SPDX-License-Identifier: Apache-2.0 */
/* The operators' socket, RUNTIME_DIR/sluiced, mode 0600: whoever may open it may close peers. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "shell.h"

#define PER_TURN 32

static void readable(struct endpoint *e)
{
	static uint8_t buf[NF_MSG_MAX_BYTES + 1];
	struct operator *o = (struct operator *)e;
	struct shell *s = e->shell;
	for (unsigned int i = 0; i < PER_TURN && !e->dying; i++) {
		ssize_t n = recv(e->fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			endpoint_close(e);
			return;
		}
		cp_core_operator_in(s->core, o->conn, buf, (size_t)n, shell_now(s));
		shell_pump(s);
	}
}

static void writable(struct endpoint *e)
{
	if (!queue_flush(&((struct operator *)e)->queue, e))
		endpoint_close(e);
}

static void closed(struct endpoint *e)
{
	struct operator *o = (struct operator *)e;
	if (e->shell->core && o->conn)
		cp_core_operator_gone(e->shell->core, o->conn);
	o->conn = 0;
	queue_clear(&o->queue);
}

static struct operator *free_slot(struct shell *s)
{
	for (unsigned int i = 0; i < OPERATORS_MAX; i++)
		if (!s->operators[i].conn)
			return &s->operators[i];
	return NULL;
}

static void accept_one(struct endpoint *e)
{
	struct shell *s = e->shell;
	int fd = accept4(e->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct operator *o = fd < 0 ? NULL : free_slot(s);
	if (!o) {
		if (fd >= 0) {
			log_event(CP_WARN, "operator_refused", "why=\"%u connections are open\"", OPERATORS_MAX);
			close(fd);
		}
		return;
	}
	*o = (struct operator){.endpoint = {.readable = readable, .writable = writable, .closed = closed}};
	queue_init(&o->queue);
	o->conn = ++s->last_conn ? s->last_conn : ++s->last_conn;
	if (endpoint_adopt(s, &o->endpoint, fd) != 0)
		o->conn = 0;
}

/* A socket file that nobody listens on is what a killed process left behind. */
static int remove_stale(const struct sockaddr_un *sa)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int rc = connect(fd, (const struct sockaddr *)sa, sizeof(*sa));
	close(fd);
	if (rc == 0)
		return -EADDRINUSE;
	unlink(sa->sun_path);
	return 0;
}

static int listen_at(const struct sockaddr_un *sa)
{
	int rc = remove_stale(sa), fd;
	if (rc != 0)
		return rc;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t mask = umask(0177);
	rc = fd < 0 || bind(fd, (const struct sockaddr *)sa, sizeof(*sa)) != 0 || listen(fd, 16) != 0 ? -errno : fd;
	umask(mask);
	if (rc < 0 && fd >= 0)
		close(fd);
	return rc;
}

int operators_listen(struct shell *s)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	if (mkdir(s->runtime_dir, 0750) != 0 && errno != EEXIST) {
		log_event(CP_ERR, "runtime_dir_failed", "path=%s error=\"%s\"", s->runtime_dir, strerror(errno));
		return -errno;
	}
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/sluiced", s->runtime_dir);
	int fd = listen_at(&sa);
	if (fd < 0) {
		log_event(CP_ERR, "listen_failed", "path=%s error=\"%s\"", sa.sun_path,
			  fd == -EADDRINUSE ? "another sluiced runs here" : strerror(-fd));
		return fd;
	}
	s->listener.readable = accept_one;
	return endpoint_adopt(s, &s->listener, fd);
}

void operators_send(struct shell *s, uint32_t conn, const void *data, size_t bytes)
{
	for (unsigned int i = 0; i < OPERATORS_MAX; i++) {
		struct operator *o = &s->operators[i];
		if (o->conn != conn || !o->endpoint.wsi || o->endpoint.dying)
			continue;
		if (!queue_send(&o->queue, &o->endpoint, data, bytes, -1))
			endpoint_close(&o->endpoint);
	}
}

void operators_fini(struct shell *s)
{
	char path[108];
	snprintf(path, sizeof(path), "%s/sluiced", s->runtime_dir);
	if (s->listener.wsi)
		unlink(path);
	for (unsigned int i = 0; i < OPERATORS_MAX; i++)
		if (s->operators[i].conn && s->operators[i].endpoint.wsi)
			queue_flush(&s->operators[i].queue, &s->operators[i].endpoint);
}
