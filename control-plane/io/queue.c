/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "shell.h"

#define QUEUE_MAX_BYTES (64u << 20)

struct queued {
	struct queued *next;
	size_t bytes;
	int identity_fd; /* borrowed: the shell keeps it */
	uint8_t data[];
};

void queue_init(struct queue *q)
{
	*q = (struct queue){.tail = &q->head};
}

static void pop(struct queue *q)
{
	struct queued *m = q->head;
	q->head = m->next;
	if (!q->head)
		q->tail = &q->head;
	q->bytes -= m->bytes;
	explicit_bzero(m->data, m->bytes);
	free(m);
}

void queue_clear(struct queue *q)
{
	while (q->head)
		pop(q);
}

/* 1: gone, 0: not now, -1: the far end is gone. */
static int transmit(int fd, const void *data, size_t bytes, int identity_fd)
{
	struct iovec iov = {.iov_base = (void *)(uintptr_t)data, .iov_len = bytes};
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	if (identity_fd >= 0) {
		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &identity_fd, sizeof(int));
	}
	if (sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
		return 1;
	return errno == EAGAIN || errno == ENOBUFS ? 0 : -1;
}

bool queue_flush(struct queue *q, struct endpoint *e)
{
	while (q->head) {
		int sent = transmit(e->fd, q->head->data, q->head->bytes, q->head->identity_fd);
		if (sent < 0)
			return false;
		if (sent == 0) {
			endpoint_want_write(e);
			return true;
		}
		pop(q);
	}
	return true;
}

bool queue_send(struct queue *q, struct endpoint *e, const void *data, size_t bytes, int identity_fd)
{
	int sent = q->head ? 0 : transmit(e->fd, data, bytes, identity_fd);
	if (sent != 0)
		return sent > 0;
	struct queued *m = q->bytes + bytes <= QUEUE_MAX_BYTES ? malloc(sizeof(*m) + bytes) : NULL;
	if (!m)
		return false;
	m->next = NULL;
	m->bytes = bytes;
	m->identity_fd = identity_fd;
	memcpy(m->data, data, bytes);
	*q->tail = m;
	q->tail = &m->next;
	q->bytes += bytes;
	endpoint_want_write(e);
	return true;
}
