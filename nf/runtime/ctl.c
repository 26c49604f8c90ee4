/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server side of the three sockets. Every connection has a bounded queue of outgoing messages; one
 * that does not read until it overflows is disconnected. Requests are checked against the message
 * table before a handler sees them.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <nf/worker.h>

#include "ctl_check.h"
#include "runtime.h"

#define CONN_MAX          24
#define QUEUE_MAX_BYTES   (64u << 20)
#define SOCKET_BYTES      (4 << 20)

struct out {
	struct out *next;
	uint32_t bytes;
	uint8_t data[];
};

struct nf_ctl_conn {
	int fd; /* -1: free */
	enum ctl_sock sock;
	bool replied, broken;
	int came_fd; /* descriptor that rode along with the request in hand */
	char refusal[NF_TEXT_BYTES];
	struct out *head, **tail;
	uint32_t queued_bytes;
};

static struct {
	struct nf_ctl_conn conns[CONN_MAX];
	struct nf_ctl_conn *control; /* attached by HELLO */
	int listen_fd[CTL_SOCK_COUNT];
	char path[CTL_SOCK_COUNT][sizeof(((struct sockaddr_un *)0)->sun_path)];
	uint32_t event_seq;
	uint64_t punt_dropped;
	uint8_t in[NF_MSG_MAX_BYTES + 1];
	uint8_t out[NF_MSG_MAX_BYTES];
} ctl = {.listen_fd = {-1, -1, -1}};

static void queue_free(struct nf_ctl_conn *c)
{
	while (c->head) {
		struct out *o = c->head;
		c->head = o->next;
		explicit_bzero(o->data, o->bytes); /* stash records carry secrets */
		free(o);
	}
	c->tail = &c->head;
	c->queued_bytes = 0;
}

static void conn_close(struct nf_ctl_conn *c, const char *why)
{
	bool was_control = c == ctl.control;
	if (c->fd < 0)
		return;
	nf_log(was_control ? NF_INFO : NF_DEBUG, "connection_closed", "socket=%s why=\"%s\"", ctl_sock_name(c->sock), why);
	mgmt_fd_remove(c->fd);
	close(c->fd);
	c->fd = -1;
	queue_free(c);
	if (was_control) {
		ctl.control = NULL;
		session_detached();
		stop_control_gone();
	}
}

static void conn_flush(struct nf_ctl_conn *c)
{
	while (c->head) {
		struct out *o = c->head;
		if (send(c->fd, o->data, o->bytes, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
			c->broken = errno != EAGAIN && errno != ENOBUFS;
			return;
		}
		c->head = o->next;
		if (!c->head)
			c->tail = &c->head;
		c->queued_bytes -= o->bytes;
		explicit_bzero(o->data, o->bytes);
		free(o);
	}
	mgmt_fd_modify(c->fd, EPOLLIN, NULL);
}

/* A connection that broke is only marked here, and closed by the loop: callers are in the middle of something. */
static void conn_send(struct nf_ctl_conn *c, const void *msg, uint32_t bytes)
{
	if (c->fd < 0 || c->broken)
		return;
	if (!c->head) {
		if (send(c->fd, msg, bytes, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			return;
		if (errno != EAGAIN && errno != ENOBUFS) {
			c->broken = true;
			return;
		}
	}
	struct out *o = c->queued_bytes + bytes <= QUEUE_MAX_BYTES ? malloc(sizeof(*o) + bytes) : NULL;
	if (!o) {
		c->broken = true;
		return;
	}
	o->next = NULL;
	o->bytes = bytes;
	memcpy(o->data, msg, bytes);
	*c->tail = o;
	c->tail = &o->next;
	c->queued_bytes += bytes;
	mgmt_fd_modify(c->fd, EPOLLIN | EPOLLOUT, NULL);
}

static uint32_t compose(struct nf_msg_hdr hdr, const void *body, size_t body_bytes, const void *tail, size_t tail_bytes)
{
	if (sizeof(hdr) + body_bytes + tail_bytes > sizeof(ctl.out))
		tail_bytes = sizeof(ctl.out) - sizeof(hdr) - body_bytes;
	hdr.body_bytes = (uint32_t)(body_bytes + tail_bytes);
	hdr.epoch = session_epoch();
	memcpy(ctl.out, &hdr, sizeof(hdr));
	if (body && body_bytes)
		memcpy(ctl.out + sizeof(hdr), body, body_bytes);
	if (tail && tail_bytes)
		memcpy(ctl.out + sizeof(hdr) + body_bytes, tail, tail_bytes);
	return (uint32_t)(sizeof(hdr) + body_bytes + tail_bytes);
}

void nf_reply(const struct nf_request *req, const void *body, size_t body_bytes, const void *tail, size_t tail_bytes,
	      bool more)
{
	struct nf_msg_hdr hdr = {.type = req->hdr->type, .seq = req->hdr->seq, .flags = NF_MSG_REPLY};
	if (more)
		hdr.flags |= NF_MSG_MORE;
	else
		req->conn->replied = true;
	conn_send(req->conn, ctl.out, compose(hdr, body, body_bytes, tail, tail_bytes));
}

void nf_refuse(const struct nf_request *req, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(req->conn->refusal, sizeof(req->conn->refusal), fmt, ap);
	va_end(ap);
}

static void reply_status(struct nf_ctl_conn *c, const struct nf_msg_hdr *in, int status)
{
	struct nf_msg_hdr hdr = {.type = in->type, .seq = in->seq, .flags = NF_MSG_REPLY, .status = status};
	struct nf_error error = {0};
	struct nf_empty empty = {0};
	snprintf(error.text, sizeof(error.text), "%s", c->refusal[0] ? c->refusal : strerror(-status));
	uint32_t n = status < 0 ? compose(hdr, &error, sizeof(error), NULL, 0) : compose(hdr, &empty, sizeof(empty), NULL, 0);
	conn_send(c, ctl.out, n);
}

void nf_event(uint16_t type, const void *body, size_t body_bytes, const void *tail, size_t tail_bytes)
{
	struct nf_msg_hdr hdr = {.type = type, .flags = NF_MSG_EVENT, .seq = ++ctl.event_seq};
	if (ctl.control)
		conn_send(ctl.control, ctl.out, compose(hdr, body, body_bytes, tail, tail_bytes));
}

bool nf_punt(const struct nf_punt *punt, const void *data)
{
	struct nf_msg_hdr hdr = {.type = NF_MSG_PUNT, .flags = NF_MSG_EVENT, .seq = ++ctl.event_seq};
	for (unsigned int i = 0; i < CONN_MAX; i++) {
		struct nf_ctl_conn *c = &ctl.conns[i];
		if (c->fd < 0 || c->sock != CTL_SOCK_PUNT)
			continue;
		uint32_t n = compose(hdr, punt, sizeof(*punt), data, punt->data_bytes);
		if (send(c->fd, ctl.out, n, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			return true;
	}
	ctl.punt_dropped++;
	return false;
}

uint64_t ctl_punt_dropped(void)
{
	return ctl.punt_dropped;
}

bool nf_control_attached(void)
{
	return ctl.control != NULL;
}

bool ctl_is_attached(const struct nf_ctl_conn *conn)
{
	return ctl.control == conn;
}

void ctl_attach(struct nf_ctl_conn *conn)
{
	ctl.control = conn;
}

int ctl_take_fd(const struct nf_request *req)
{
	int fd = req->conn->came_fd;
	req->conn->came_fd = -1;
	return fd;
}

void ctl_send_fd(const struct nf_request *req, const void *body, size_t body_bytes, int fd)
{
	struct nf_msg_hdr hdr = {.type = req->hdr->type, .seq = req->hdr->seq, .flags = NF_MSG_REPLY};
	uint32_t n = compose(hdr, body, body_bytes, NULL, 0);
	struct iovec iov = {.iov_base = ctl.out, .iov_len = n};
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	req->conn->replied = true;
	if (fd >= 0) {
		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
	}
	if (sendmsg(req->conn->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		req->conn->broken = true;
}

static int (*handler_in(const struct nf_handler *list, uint16_t type))(const struct nf_request *)
{
	for (; list && list->type; list++)
		if (list->type == type)
			return list->fn;
	return NULL;
}

static int (*handler_of(uint16_t type))(const struct nf_request *)
{
	const struct nf_handler *own[] = {session_handlers, view_handlers, stash_handlers};
	int (*fn)(const struct nf_request *) = NULL;
	for (unsigned int i = 0; !fn && i < 3; i++)
		fn = handler_in(own[i], type);
	for (unsigned int i = 0; !fn && plugin_at(i); i++)
		fn = handler_in(plugin_at(i)->handlers, type);
	return fn;
}

static void dispatch(struct nf_ctl_conn *c, const uint8_t *data, size_t bytes)
{
	struct nf_msg_hdr hdr;
	uint32_t fixed = 0;
	c->replied = false;
	c->refusal[0] = 0;
	if (bytes < sizeof(hdr) || bytes > NF_MSG_MAX_BYTES) {
		hdr = (struct nf_msg_hdr){0};
		if (bytes < sizeof(hdr))
			snprintf(c->refusal, sizeof(c->refusal), "message of %zu bytes has no header", bytes);
		else
			snprintf(c->refusal, sizeof(c->refusal), "message is larger than %u bytes", NF_MSG_MAX_BYTES);
		reply_status(c, &hdr, -EBADMSG);
		return;
	}
	memcpy(&hdr, data, sizeof(hdr));
	int rc = ctl_check(c->sock, ctl_is_attached(c), &hdr, bytes, &fixed, c->refusal);
	if (rc == 0) {
		struct nf_request req = {
			.hdr = &hdr,
			.body = data + sizeof(hdr),
			.tail = data + sizeof(hdr) + fixed,
			.tail_bytes = bytes - sizeof(hdr) - fixed,
			.conn = c,
		};
		int (*fn)(const struct nf_request *) = handler_of(hdr.type);
		rc = fn ? fn(&req) : -EOPNOTSUPP;
	}
	if (rc < 0)
		nf_log(NF_WARN, "request_refused", "socket=%s type=%u why=\"%s\"", ctl_sock_name(c->sock), hdr.type,
		       c->refusal[0] ? c->refusal : strerror(-rc));
	if (!c->replied && c->sock != CTL_SOCK_PUNT)
		reply_status(c, &hdr, rc);
}

/* The padding of the control buffer has room for a second descriptor: what was not asked for is closed. */
static void take_fds(const struct cmsghdr *c, int *ret_fd)
{
	for (size_t at = 0; at + sizeof(int) <= c->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
		if (*ret_fd >= 0)
			close(*ret_fd);
		memcpy(ret_fd, CMSG_DATA(c) + at, sizeof(int));
	}
}

static int fd_that_came(struct msghdr *msg)
{
	int fd = -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			take_fds(c, &fd);
	return fd;
}

/* False when the connection has ended. */
static bool receive_one(struct nf_ctl_conn *c)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = {.iov_base = ctl.in, .iov_len = sizeof(ctl.in)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf, .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(c->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	c->came_fd = fd_that_came(&msg);
	dispatch(c, ctl.in, (size_t)n);
	explicit_bzero(ctl.in, (size_t)n);
	if (c->came_fd >= 0)
		close(c->came_fd);
	c->came_fd = -1;
	return true;
}

static void conn_event(void *arg, uint32_t events)
{
	struct nf_ctl_conn *c = arg;
	if (events & EPOLLOUT)
		conn_flush(c);
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		/* level-triggered: what is left is served in the next turn, after the others */
		if (!receive_one(c)) {
			conn_close(c, "far end closed");
			return;
		}
	}
	if (c->broken)
		conn_close(c, "far end does not read");
}

/* Also catches connections that broke while something was sent to them from elsewhere. */
static void close_broken(uint64_t now_ns)
{
	(void)now_ns;
	for (unsigned int i = 0; i < CONN_MAX; i++)
		if (ctl.conns[i].fd >= 0 && ctl.conns[i].broken)
			conn_close(&ctl.conns[i], "far end does not read");
}

static struct nf_ctl_conn *conn_free_slot(void)
{
	for (unsigned int i = 0; i < CONN_MAX; i++)
		if (ctl.conns[i].fd < 0)
			return &ctl.conns[i];
	return NULL;
}

static void accept_one(void *arg, uint32_t events)
{
	enum ctl_sock sock = (enum ctl_sock)(uintptr_t)arg;
	int bytes = SOCKET_BYTES;
	(void)events;
	int fd = accept4(ctl.listen_fd[sock], NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	struct nf_ctl_conn *c = conn_free_slot();
	if (!c) {
		nf_log(NF_WARN, "connection_refused", "socket=%s why=\"%d connections are open\"", ctl_sock_name(sock), CONN_MAX);
		close(fd);
		return;
	}
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes));
	*c = (struct nf_ctl_conn){.fd = fd, .sock = sock, .came_fd = -1, .tail = &c->head};
	if (mgmt_fd_add(fd, EPOLLIN, conn_event, c) != 0) {
		close(fd);
		c->fd = -1;
	}
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

static int listen_on(enum ctl_sock sock, const char *runtime_dir)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int n = snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/%s", runtime_dir, ctl_sock_name(sock));
	if (n < 0 || (size_t)n >= sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	int rc = remove_stale(&sa);
	if (rc != 0)
		return rc;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t mask = umask(sock == CTL_SOCK_VIEW ? 0117 : 0177);
	rc = fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0 || listen(fd, 16) != 0 ? -errno : 0;
	umask(mask);
	if (rc == 0)
		rc = mgmt_fd_add(fd, EPOLLIN, accept_one, (void *)(uintptr_t)sock);
	if (rc != 0) {
		close(fd);
		return rc;
	}
	ctl.listen_fd[sock] = fd;
	memcpy(ctl.path[sock], sa.sun_path, sizeof(sa.sun_path));
	return 0;
}

int ctl_open(const char *runtime_dir)
{
	for (unsigned int i = 0; i < CONN_MAX; i++)
		ctl.conns[i].fd = -1;
	if (mkdir(runtime_dir, 0750) != 0 && errno != EEXIST) {
		nf_log(NF_ERR, "runtime_dir_failed", "path=%s error=\"%s\"", runtime_dir, strerror(errno));
		return -errno;
	}
	for (enum ctl_sock s = 0; s < CTL_SOCK_COUNT; s++) {
		int rc = listen_on(s, runtime_dir);
		if (rc != 0) {
			nf_log(NF_ERR, "listen_failed", "path=%s/%s error=\"%s\"", runtime_dir, ctl_sock_name(s),
			       rc == -EADDRINUSE ? "another sluice-nf runs here" : strerror(-rc));
			return rc;
		}
	}
	nf_mgmt_hook(close_broken);
	return 0;
}

void ctl_close(void)
{
	for (unsigned int i = 0; i < CONN_MAX; i++) {
		if (ctl.conns[i].fd < 0)
			continue;
		conn_flush(&ctl.conns[i]);
		close(ctl.conns[i].fd);
		queue_free(&ctl.conns[i]);
	}
	for (enum ctl_sock s = 0; s < CTL_SOCK_COUNT; s++) {
		if (ctl.listen_fd[s] < 0)
			continue;
		close(ctl.listen_fd[s]);
		unlink(ctl.path[s]);
	}
}
