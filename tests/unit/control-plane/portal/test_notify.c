/* SPDX-License-Identifier: Apache-2.0 */
/* control-plane/portal/notify.c: what the service manager hears. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "shell.h"

static int manager(const char *name);
static const char *heard(int fd);

static void what_is_said_arrives(void **state)
{
	char folder[] = "/tmp/notify-XXXXXX", path[64];
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/socket", folder);
	int fd = manager(path);
	setenv("NOTIFY_SOCKET", path, 1);
	notify_say("READY=1");
	assert_string_equal(heard(fd), "READY=1");
	notify_reloading();
	const char *text = heard(fd);
	unsigned long long usec = 0;
	assert_int_equal(sscanf(text, "RELOADING=1\nMONOTONIC_USEC=%llu", &usec), 1);
	assert_true(usec > 0);
	unlink(path);
	rmdir(folder);
	close(fd);
}

static void an_abstract_socket_is_one_too(void **state)
{
	char name[64];
	(void)state;
	snprintf(name, sizeof(name), "@notify-test-%d", (int)getpid());
	int fd = manager(name);
	setenv("NOTIFY_SOCKET", name, 1);
	notify_say("STOPPING=1");
	assert_string_equal(heard(fd), "STOPPING=1");
	close(fd);
}

static void nobody_to_tell_is_fine(void **state)
{
	char long_path[300];
	(void)state;
	memset(long_path, 'x', sizeof(long_path) - 1);
	long_path[0] = '/';
	long_path[sizeof(long_path) - 1] = '\0';
	const char *const nowhere[] = {"", "relative", "/nowhere/at/all", "@", long_path};
	unsetenv("NOTIFY_SOCKET");
	notify_say("READY=1");
	for (size_t i = 0; i < sizeof(nowhere) / sizeof(*nowhere); i++) {
		setenv("NOTIFY_SOCKET", nowhere[i], 1);
		notify_say("READY=1");
	}
}

static void the_watchdog_hears_twice_in_its_time(void **state)
{
	char pid[16];
	(void)state;
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	assert_int_equal(notify_watchdog_period(), 0);
	setenv("WATCHDOG_USEC", "30000000", 1);
	assert_int_equal(notify_watchdog_period(), 15 * CP_S);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	assert_int_equal(notify_watchdog_period(), 15 * CP_S);
	setenv("WATCHDOG_PID", "1", 1); /* another's */
	assert_int_equal(notify_watchdog_period(), 0);
	unsetenv("WATCHDOG_PID");
	setenv("WATCHDOG_USEC", "nonsense", 1);
	assert_int_equal(notify_watchdog_period(), 0);
	setenv("WATCHDOG_USEC", "18446744073709551615", 1);
	assert_int_equal(notify_watchdog_period(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_said_arrives),
		cmocka_unit_test(an_abstract_socket_is_one_too),
		cmocka_unit_test(nobody_to_tell_is_fine),
		cmocka_unit_test(the_watchdog_hears_twice_in_its_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

static int manager(const char *name)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	size_t bytes = strlen(name);
	memcpy(sa.sun_path, name, bytes);
	if (name[0] == '@')
		sa.sun_path[0] = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&sa, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + bytes)), 0);
	return fd;
}

static const char *heard(int fd)
{
	static char text[200];
	ssize_t n = recv(fd, text, sizeof(text) - 1, 0);
	assert_true(n >= 0);
	text[n] = '\0';
	return text;
}
