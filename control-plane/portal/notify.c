/* SPDX-License-Identifier: Apache-2.0 */
/* sd_notify(3) by hand: a datagram to $NOTIFY_SOCKET. Without one, or if it is lost, nothing happens. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "shell.h"

void notify_say(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	size_t bytes = path ? strlen(path) : 0;
	if (bytes < 2 || bytes >= sizeof(sa.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(sa.sun_path, path, bytes);
	if (sa.sun_path[0] == '@') /* of the abstract name space */
		sa.sun_path[0] = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&sa,
	       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + bytes));
	close(fd);
}

void notify_reloading(void)
{
	char text[80];
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)ts.tv_sec * 1000000 + ts.tv_nsec / 1000);
	notify_say(text);
}

cp_time notify_watchdog_period(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	if (!usec || (pid && strtol(pid, NULL, 10) != getpid()))
		return 0;
	unsigned long long n = strtoull(usec, NULL, 10);
	return n < 1000 || n > 3600ull * 1000000 ? 0 : (cp_time)n * 1000 / 2;
}
