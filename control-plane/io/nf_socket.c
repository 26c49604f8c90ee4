/* SPDX-License-Identifier: Apache-2.0 */
/* The two sockets to the NF: nf-ctl, which is the conversation, and nf-punt, which may lose datagrams. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "shell.h"

#define SOCKET_BYTES (4 << 20)
#define PER_TURN     512 /* messages, so that no source starves the others */

static int connect_to(const struct shell *s, const char *name)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int bytes = SOCKET_BYTES;
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/%s", s->runtime_dir, name);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
		return fd;
	close(fd);
	return -ECONNREFUSED;
}

static int fd_that_came(struct msghdr *msg)
{
	int fd = -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)))
			memcpy(&fd, CMSG_DATA(c), sizeof(int));
	return fd;
}

/* Bytes received, 0: nothing more for now, -1: the far end is gone. */
static ssize_t receive(int fd, uint8_t *buf, size_t size, int *ret_fd)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = {.iov_base = buf, .iov_len = size};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf, .msg_controllen = sizeof(control.buf)};
	ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	*ret_fd = -1;
	if (n > 0) {
		*ret_fd = fd_that_came(&msg);
		return n;
	}
	return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

static void keep_identity(struct shell *s, int fd)
{
	if (fd < 0)
		return;
	if (s->identity_fd >= 0)
		close(s->identity_fd);
	s->identity_fd = fd;
}

static void ctl_readable(struct endpoint *e)
{
	static uint8_t buf[NF_MSG_MAX_BYTES + 1];
	struct shell *s = e->shell;
	ssize_t n = 1;
	int fd;
	for (unsigned int i = 0; i < PER_TURN && !e->dying; i++) {
		n = receive(e->fd, buf, sizeof(buf), &fd);
		if (n <= 0)
			break;
		keep_identity(s, fd);
		cp_core_nf_in(s->core, buf, (size_t)n, fd >= 0, shell_now(s));
		shell_pump(s);
	}
	if (n < 0)
		endpoint_close(e);
}

static void ctl_writable(struct endpoint *e)
{
	if (!queue_flush(&e->shell->nf_queue, e))
		endpoint_close(e);
}

static void ctl_closed(struct endpoint *e)
{
	struct shell *s = e->shell;
	queue_clear(&s->nf_queue);
	endpoint_close(&s->nf_punt);
	if (!s->core || s->exit)
		return;
	cp_core_nf_down(s->core, shell_now(s));
	shell_pump(s);
}

static void punt_readable(struct endpoint *e)
{
	static uint8_t buf[NF_MSG_MAX_BYTES + 1];
	struct shell *s = e->shell;
	ssize_t n = 1;
	int fd;
	for (unsigned int i = 0; i < PER_TURN && !e->dying; i++) {
		n = receive(e->fd, buf, sizeof(buf), &fd);
		if (fd >= 0)
			close(fd);
		if (n <= 0)
			break;
		cp_core_punt_in(s->core, buf, (size_t)n, shell_now(s));
		shell_pump(s);
	}
	if (n < 0)
		endpoint_close(e);
}

static void open_punt(struct shell *s)
{
	int fd = s->nf_punt.wsi ? -1 : connect_to(s, "nf-punt");
	s->nf_punt.readable = punt_readable;
	if (fd >= 0)
		endpoint_adopt(s, &s->nf_punt, fd);
}

void nf_connect(struct shell *s)
{
	int fd = s->nf_ctl.wsi ? -EBUSY : connect_to(s, "nf-ctl");
	s->nf_ctl.readable = ctl_readable;
	s->nf_ctl.writable = ctl_writable;
	s->nf_ctl.closed = ctl_closed;
	queue_clear(&s->nf_queue);
	if (fd < 0 || endpoint_adopt(s, &s->nf_ctl, fd) != 0) {
		cp_core_nf_down(s->core, shell_now(s));
		return;
	}
	open_punt(s);
	cp_core_nf_up(s->core, shell_now(s));
}

void nf_reset(struct shell *s)
{
	endpoint_close(&s->nf_ctl);
}

void nf_send(struct shell *s, const void *data, size_t bytes, bool with_identity)
{
	struct endpoint *e = &s->nf_ctl;
	if (!e->wsi || e->dying)
		return;
	if (!queue_send(&s->nf_queue, e, data, bytes, with_identity ? s->identity_fd : -1))
		endpoint_close(e);
}

void nf_punt_send(struct shell *s, const void *data, size_t bytes)
{
	if (s->nf_punt.wsi && !s->nf_punt.dying)
		send(s->nf_punt.fd, data, bytes, MSG_NOSIGNAL | MSG_DONTWAIT); /* lost when full: lossy by contract */
}

void nf_fini(struct shell *s)
{
	queue_clear(&s->nf_queue);
	if (s->identity_fd >= 0)
		close(s->identity_fd);
	s->identity_fd = -1;
}
