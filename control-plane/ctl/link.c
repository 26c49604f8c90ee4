/* SPDX-License-Identifier: Apache-2.0 */
#include "link.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static enum ctl_exit fail(struct link *l, enum ctl_exit code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static enum ctl_exit fail(struct link *l, enum ctl_exit code, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(l->error, sizeof(l->error), fmt, ap);
	va_end(ap);
	return code;
}

static uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* A descriptor, or -errno. */
static int connect_to(const char *dir, const char *name)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int n = snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/%s", dir, name);
	if (n < 0 || (size_t)n >= sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&sa, sizeof(sa)) == 0)
		return fd;
	int error = errno;
	if (fd >= 0)
		close(fd);
	return -error;
}

static enum ctl_exit no_daemon(struct link *l, const char *dir, int error)
{
	if (error == -EACCES || error == -EPERM)
		return fail(l, CTL_AWAY, "no access to %s/sluiced: %s", dir, strerror(-error));
	if (error == -ENAMETOOLONG)
		return fail(l, CTL_USAGE, "%s: too long for the path of a socket", dir);
	return fail(l, CTL_AWAY, "no sluiced at %s/sluiced: %s; is it running?", dir, strerror(-error));
}

enum ctl_exit link_open(struct link *l, const char *runtime_dir, bool only_looks, uint32_t timeout_ms)
{
	int error;
	*l = (struct link){.timeout_ms = timeout_ms};
	l->fd = error = connect_to(runtime_dir, "sluiced");
	if (l->fd >= 0)
		return CTL_OK;
	if (only_looks)
		l->fd = connect_to(runtime_dir, "nf-view");
	if (l->fd < 0)
		return no_daemon(l, runtime_dir, error);
	l->is_view = true;
	return CTL_OK;
}

static enum ctl_exit send_request(struct link *l, uint16_t type, const void *body, size_t bytes)
{
	struct nf_msg_hdr hdr = {.type = type, .seq = ++l->seq, .body_bytes = (uint32_t)bytes};
	struct iovec iov[2] = {{&hdr, sizeof(hdr)}, {(void *)(uintptr_t)body, bytes}};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
	l->event.type = 0;
	if (sendmsg(l->fd, &msg, MSG_NOSIGNAL) < 0)
		return fail(l, CTL_FAILED, "cannot send: %s", strerror(errno));
	return CTL_OK;
}

/* One message that is as long as it says; its body begins at l->in + sizeof(*hdr). */
static enum ctl_exit receive(struct link *l, struct nf_msg_hdr *hdr, uint64_t until_ms)
{
	struct pollfd p = {.fd = l->fd, .events = POLLIN};
	ssize_t n = -1;
	do {
		uint64_t now = now_ms();
		if (now >= until_ms || poll(&p, 1, (int)(until_ms - now)) == 0)
			return fail(l, CTL_FAILED, "no answer within the time");
		n = recv(l->fd, l->in, sizeof(l->in), MSG_DONTWAIT);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n <= 0)
		return fail(l, CTL_FAILED, "the daemon hung up%s%s", n < 0 ? ": " : "",
			    n < 0 ? strerror(errno) : "");
	if ((size_t)n < sizeof(*hdr))
		return fail(l, CTL_FAILED, "a message of %zd bytes has no header", n);
	memcpy(hdr, l->in, sizeof(*hdr));
	if (hdr->body_bytes != (size_t)n - sizeof(*hdr))
		return fail(l, CTL_FAILED, "a message of %zd bytes says that its body has %u", n,
			    hdr->body_bytes);
	return CTL_OK;
}

static void keep_event(struct link *l, const struct nf_msg_hdr *hdr)
{
	size_t n = hdr->body_bytes < LINK_EVENT_BYTES ? hdr->body_bytes : LINK_EVENT_BYTES;
	if (hdr->seq != l->seq)
		return; /* somebody else's */
	memset(&l->event, 0, sizeof(l->event));
	l->event.type = hdr->type;
	memcpy(l->event.body, l->in + sizeof(*hdr), n);
}

static enum ctl_exit refused(struct link *l, const struct nf_msg_hdr *hdr)
{
	struct nf_error e = {{0}};
	size_t n = hdr->body_bytes < sizeof(e.text) ? hdr->body_bytes : sizeof(e.text) - 1;
	memcpy(e.text, l->in + sizeof(*hdr), n);
	return fail(l, CTL_FAILED, "%s", e.text[0] ? e.text : strerror(-hdr->status));
}

enum ctl_exit link_request(struct link *l, uint16_t type, const void *request, size_t request_bytes,
			   link_reply_fn fn, void *arg, size_t min_bytes)
{
	struct nf_msg_hdr hdr = {.flags = NF_MSG_MORE};
	enum ctl_exit code = send_request(l, type, request, request_bytes);
	while (code == CTL_OK && (hdr.flags & NF_MSG_MORE)) {
		code = receive(l, &hdr, now_ms() + l->timeout_ms);
		if (code != CTL_OK)
			break;
		if ((hdr.flags & NF_MSG_EVENT) || !(hdr.flags & NF_MSG_REPLY) || hdr.seq != l->seq) {
			if (hdr.flags & NF_MSG_EVENT)
				keep_event(l, &hdr);
			hdr.flags = NF_MSG_MORE;
			continue;
		}
		if (hdr.status < 0)
			return refused(l, &hdr);
		const uint8_t *body = l->in + sizeof(hdr);
		if (fn && hdr.body_bytes < min_bytes && hdr.body_bytes != sizeof(struct nf_empty))
			return fail(l, CTL_FAILED, "a reply of %u bytes is of another version",
				    hdr.body_bytes);
		if (fn && hdr.body_bytes >= min_bytes)
			fn(arg, body, body + min_bytes, hdr.body_bytes - min_bytes);
	}
	return code;
}

enum ctl_exit link_event(struct link *l, uint16_t type, void *ret, size_t bytes, uint32_t timeout_ms)
{
	struct nf_msg_hdr hdr;
	uint64_t until = now_ms() + timeout_ms;
	while (l->event.type != type) {
		enum ctl_exit code = receive(l, &hdr, until);
		if (code != CTL_OK)
			return code;
		if (hdr.flags & NF_MSG_EVENT)
			keep_event(l, &hdr);
		else if (hdr.seq == l->seq && hdr.status < 0)
			return refused(l, &hdr); /* the network function went away meanwhile */
	}
	memcpy(ret, l->event.body, bytes);
	return CTL_OK;
}

void link_close(struct link *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}
