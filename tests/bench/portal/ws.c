/* SPDX-License-Identifier: Apache-2.0 */
#include "ws.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES 65536u

/* What is being looked at: frames of all connections pass through here, so that an idle one needs no buffer. */
static char scratch[READ_BYTES + 1];
static struct {
	char *at;
	size_t bytes;
	char was, *end; /* the byte that a NUL stands on */
} now;

static void keep(struct ws *w, const char *data, size_t bytes)
{
	if (w->kept_bytes + bytes + 1 > w->kept_room) {
		w->kept_room = 2 * (w->kept_bytes + bytes) + 1;
		w->kept = realloc(w->kept, w->kept_room);
		if (!w->kept)
			abort();
	}
	memcpy(w->kept + w->kept_bytes, data, bytes);
	w->kept_bytes += bytes;
}

static void forget(struct ws *w)
{
	free(w->kept);
	free(w->unsent);
	w->kept = w->unsent = NULL;
	w->kept_bytes = w->kept_room = w->unsent_bytes = 0;
}

bool ws_dial(struct ws *w, int epoll, uint32_t from, uint16_t port, void *tag)
{
	struct sockaddr_in source = {.sin_family = AF_INET, .sin_addr.s_addr = from};
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
	struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = tag};
	int one = 1;
	w->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (w->fd < 0)
		return false;
	/* the port is chosen at connect(), so that each destination has all of them */
	setsockopt(w->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	w->state = WS_DIALLING;
	w->status = 0;
	if (bind(w->fd, (struct sockaddr *)&source, sizeof(source)) == 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, w->fd, &e) == 0 &&
	    (connect(w->fd, (struct sockaddr *)&to, sizeof(to)) == 0 || errno == EINPROGRESS))
		return true;
	ws_drop(w);
	return false;
}

void ws_drop(struct ws *w)
{
	struct linger at_once = {.l_onoff = 1};
	if (w->fd >= 0) {
		setsockopt(w->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		close(w->fd);
	}
	w->fd = -1;
	w->state = WS_CLOSED;
	forget(w);
}

static bool put(struct ws *w, const char *data, size_t bytes)
{
	ssize_t n = w->unsent ? 0 : send(w->fd, data, bytes, MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN)
		return false;
	n = n < 0 ? 0 : n;
	if ((size_t)n == bytes)
		return true;
	w->unsent = realloc(w->unsent, w->unsent_bytes + bytes - (size_t)n);
	memcpy(w->unsent + w->unsent_bytes, data + n, bytes - (size_t)n);
	w->unsent_bytes += bytes - (size_t)n;
	return true;
}

bool ws_flush(struct ws *w)
{
	char *data = w->unsent;
	size_t bytes = w->unsent_bytes;
	w->unsent = NULL;
	w->unsent_bytes = 0;
	bool ok = !data || put(w, data, bytes);
	free(data);
	return ok;
}

bool ws_upgrade(struct ws *w, const char *target, const char *user_agent)
{
	char head[1024];
	int n = snprintf(head, sizeof(head),
			 "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
			 "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nuser-agent: %s\r\n\r\n",
			 target, user_agent);
	w->state = WS_UPGRADING;
	return put(w, head, (size_t)n);
}

bool ws_text(struct ws *w, const char *text, size_t bytes)
{
	char frame[1024];
	size_t head = bytes < 126 ? 6 : 8;
	if (bytes + head > sizeof(frame))
		return false;
	memset(frame, 0, head);
	frame[0] = (char)0x81;
	frame[1] = (char)(0x80 | (bytes < 126 ? bytes : 126));
	if (bytes >= 126) {
		frame[2] = (char)(bytes >> 8);
		frame[3] = (char)bytes;
	}
	memcpy(frame + head, text, bytes);
	return put(w, frame, head + bytes);
}

/* 0: not all of it is here. */
static size_t frame_head(const uint8_t *d, size_t n, uint64_t *ret_payload)
{
	size_t head = n < 2 ? 2 : d[1] == 127 ? 10 : d[1] == 126 ? 4 : 2;
	if (n < head)
		return 0;
	*ret_payload = d[1];
	if (head > 2)
		*ret_payload = 0;
	for (size_t i = 2; i < head; i++)
		*ret_payload = *ret_payload << 8 | d[i];
	return head;
}

/* True: the head of the answer is whole, and was 101. */
static bool upgraded(struct ws *w)
{
	char *end = memmem(now.at, now.bytes, "\r\n\r\n", 4);
	if (!end)
		return false;
	w->status = now.bytes > 12 ? (unsigned int)atoi(now.at + 9) : 0;
	w->state = w->status == 101 ? WS_OPEN : WS_CLOSED;
	now.bytes -= (size_t)(end + 4 - now.at);
	now.at = end + 4;
	return w->state == WS_OPEN;
}

enum ws_read ws_read(struct ws *w)
{
	ssize_t n = recv(w->fd, scratch, READ_BYTES, 0);
	now.bytes = 0;
	now.end = NULL;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return WS_NOTHING;
	if (n <= 0)
		return WS_GONE;
	now.at = scratch;
	now.bytes = (size_t)n;
	if (!w->kept)
		return WS_SOME;
	keep(w, scratch, (size_t)n);
	now.at = w->kept;
	now.bytes = w->kept_bytes;
	return WS_SOME;
}

static bool leave_rest(struct ws *w)
{
	if (now.at == w->kept && w->kept)
		return false;
	char *old = w->kept;
	w->kept = NULL;
	w->kept_bytes = w->kept_room = 0;
	if (now.bytes)
		keep(w, now.at, now.bytes);
	free(old);
	return false;
}

bool ws_next(struct ws *w, struct ws_frame *ret)
{
	uint64_t payload;
	if (now.end)
		*now.end = now.was;
	now.end = NULL;
	if (w->state == WS_UPGRADING && !upgraded(w))
		return leave_rest(w);
	size_t head = w->state == WS_OPEN ? frame_head((const uint8_t *)now.at, now.bytes, &payload) : 0;
	if (head == 0 || now.bytes < head + payload)
		return leave_rest(w);
	*ret = (struct ws_frame){(now.at[0] & 0x0f) == 1, now.at + head, payload};
	now.at += head + payload;
	now.bytes -= head + payload;
	now.end = now.at; /* scratch and kept have room for one more */
	now.was = *now.end;
	*now.end = 0;
	return true;
}
