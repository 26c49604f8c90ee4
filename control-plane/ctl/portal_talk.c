/* SPDX-License-Identifier: Apache-2.0 */
#include "portal_talk.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static enum ctl_exit fail(struct portal_talk *l, enum ctl_exit code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static enum ctl_exit fail(struct portal_talk *l, enum ctl_exit code, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(l->error, sizeof(l->error), fmt, ap);
	va_end(ap);
	return code;
}

static enum ctl_exit away(struct portal_talk *l, const char *path, int error)
{
	if (error == EACCES || error == EPERM)
		return fail(l, CTL_AWAY, "no access to %.108s: %s; are you root, or the portal's user?", path, strerror(error));
	if (error == EPROTOTYPE || error == ENOTSOCK)
		return fail(l, CTL_AWAY, "%.108s is not the socket of a sluice-portal", path);
	return fail(l, CTL_AWAY, "no sluice-portal at %.108s: %s; is it running?", path, strerror(error));
}

enum ctl_exit portal_talk_open(struct portal_talk *l, const char *path, uint32_t timeout_ms)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	*l = (struct portal_talk){.fd = -1, .timeout_ms = timeout_ms};
	int n = snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	if (n < 0 || (size_t)n >= sizeof(sa.sun_path))
		return fail(l, CTL_USAGE, "%.108s…: too long for the path of a socket", path);
	l->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return fail(l, CTL_FAILED, "cannot make a socket: %s", strerror(errno));
	return connect(l->fd, (const struct sockaddr *)&sa, sizeof(sa)) == 0 ? CTL_OK : away(l, path, errno);
}

/* Takes the request. */
static enum ctl_exit send_request(struct portal_talk *l, json_t *request)
{
	size_t n = request ? json_dumpb(request, NULL, 0, JSON_COMPACT) : 0;
	char *text = n ? malloc(n) : NULL;
	if (text)
		json_dumpb(request, text, n, JSON_COMPACT);
	json_decref(request);
	if (!text)
		return fail(l, CTL_FAILED, "the request cannot be written: its texts are not UTF-8");
	ssize_t sent = send(l->fd, text, n, MSG_NOSIGNAL);
	int error = errno;
	explicit_bzero(text, n);
	free(text);
	/* a portal that hangs up has said why: that can still be read */
	return sent >= 0 || error == EPIPE || error == ECONNRESET ? CTL_OK : fail(l, CTL_FAILED, "cannot send: %s", strerror(error));
}

static uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* A reset comes before what had been sent ahead of it. */
static bool may_come_yet(int error, bool *was_reset)
{
	if (error == EINTR || error == EAGAIN)
		return true;
	bool is_first = error == ECONNRESET && !*was_reset;
	*was_reset = true;
	return is_first;
}

/* One answer, a new reference. */
static enum ctl_exit receive(struct portal_talk *l, json_t **ret)
{
	struct pollfd p = {.fd = l->fd, .events = POLLIN};
	uint64_t until = now_ms() + l->timeout_ms;
	ssize_t n = -1;
	bool was_reset = false;
	do {
		uint64_t now = now_ms();
		if (now >= until || poll(&p, 1, (int)(until - now)) == 0)
			return fail(l, CTL_FAILED, "no answer within the time");
		n = recv(l->fd, l->in, sizeof(l->in), MSG_DONTWAIT);
	} while (n < 0 && may_come_yet(errno, &was_reset));
	if (n <= 0)
		return fail(l, CTL_FAILED, "the portal hung up%s%s", n < 0 ? ": " : "", n < 0 ? strerror(errno) : "");
	json_t *answer = json_loadb(l->in, (size_t)n, JSON_REJECT_DUPLICATES, NULL);
	explicit_bzero(l->in, (size_t)n);
	if (!json_is_object(answer)) {
		json_decref(answer);
		return fail(l, CTL_FAILED, "what the portal says is not understood");
	}
	*ret = answer;
	return CTL_OK;
}

static const char *text_of(const json_t *o, const char *name, const char *otherwise)
{
	const char *text = json_string_value(json_object_get(o, name));
	return text ? text : otherwise;
}

/* And who it could be, one a line. */
static enum ctl_exit refused(struct portal_talk *l, const json_t *error)
{
	size_t i, at;
	json_t *c;
	fail(l, CTL_FAILED, "%s", text_of(error, "text", "refused"));
	json_array_foreach(json_object_get(error, "candidates"), i, c)
	{
		const char *within = text_of(c, "within", NULL);
		at = strlen(l->error);
		snprintf(l->error + at, sizeof(l->error) - at, "\n  %s  %.64s%s%.64s%s", text_of(c, "id", "?"),
			 text_of(c, "name", "?"), within ? "  (" : "", within ? within : "", within ? ")" : "");
	}
	return CTL_FAILED;
}

enum ctl_exit portal_talk_ask(struct portal_talk *l, json_t *request, portal_row_fn fn, void *arg, json_t **ret_result)
{
	json_t *answer = NULL;
	enum ctl_exit code = send_request(l, request);
	for (bool end = false; code == CTL_OK && !end;) {
		code = receive(l, &answer);
		if (code != CTL_OK)
			break;
		json_t *row = json_object_get(answer, "row"), *error = json_object_get(answer, "error");
		end = json_is_true(json_object_get(answer, "end"));
		if (row && fn)
			fn(arg, row);
		if (error)
			code = refused(l, error);
		else if (end)
			*ret_result = json_incref(json_object_get(answer, "result"));
		json_decref(answer);
	}
	return code;
}

void portal_talk_close(struct portal_talk *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}
