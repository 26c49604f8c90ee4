/* SPDX-License-Identifier: Apache-2.0 */
/* SIGTERM and SIGINT end the portal in order, SIGHUP reads the file again. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "shell.h"

static void readable(struct endpoint *e)
{
	char error[PORTAL_CONFIG_ERROR_BYTES];
	struct signalfd_siginfo info;
	while (read(e->fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			shell_reload(e->shell, error);
		else
			shell_stop(e->shell);
	}
}

int signals_watch(struct shell *s)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	int fd = sigprocmask(SIG_BLOCK, &set, NULL) == 0 ? signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK) : -1;
	if (fd < 0) {
		log_event(CP_ERR, "signals_failed", "error=\"%s\"", strerror(errno));
		return -errno;
	}
	s->signals.readable = readable;
	endpoint_adopt(s, &s->signals, fd);
	return 0;
}
