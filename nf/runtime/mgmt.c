/* SPDX-License-Identifier: Apache-2.0 */
/* The management thread's loop: descriptors by epoll, timers, hooks, grace periods. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <nf/clock.h>

#include "runtime.h"

#define HOOKS_MAX   16
#define FDS_MAX     64
#define TURN_MAX_MS 100
/* While calls wait for a grace period the loop looks often: workers do not announce quiescent states. */
#define EVENTS_PER_TURN 32

struct watched {
	int fd; /* -1: free */
	void (*fn)(void *arg, uint32_t events);
	void *arg;
};

static struct {
	int epoll_fd, wake_fd, exit_code;
	bool exit;
	unsigned int n_hooks;
	void (*hooks[HOOKS_MAX])(uint64_t now_ns);
	struct watched fds[FDS_MAX];
} mgmt;

static void wake_read(void *arg, uint32_t events)
{
	eventfd_t ignored;
	(void)arg;
	(void)events;
	eventfd_read(mgmt.wake_fd, &ignored);
}

int mgmt_init(void)
{
	for (unsigned int i = 0; i < FDS_MAX; i++)
		mgmt.fds[i].fd = -1;
	mgmt.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	mgmt.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (mgmt.epoll_fd < 0 || mgmt.wake_fd < 0)
		return -errno;
	return mgmt_fd_add(mgmt.wake_fd, EPOLLIN, wake_read, NULL);
}

static struct watched *find(int fd)
{
	for (unsigned int i = 0; i < FDS_MAX; i++)
		if (mgmt.fds[i].fd == fd)
			return &mgmt.fds[i];
	return NULL;
}

int mgmt_fd_add(int fd, uint32_t events, void (*fn)(void *arg, uint32_t events), void *arg)
{
	struct watched *w = find(-1);
	if (!w)
		return -ENOSPC;
	struct epoll_event ev = {.events = events, .data.ptr = w};
	*w = (struct watched){.fd = fd, .fn = fn, .arg = arg};
	if (epoll_ctl(mgmt.epoll_fd, EPOLL_CTL_ADD, fd, &ev) == 0)
		return 0;
	w->fd = -1;
	return -errno;
}

void mgmt_fd_modify(int fd, uint32_t events, void *slot)
{
	struct watched *w = find(fd);
	struct epoll_event ev = {.events = events, .data.ptr = w};
	(void)slot;
	if (w)
		epoll_ctl(mgmt.epoll_fd, EPOLL_CTL_MOD, fd, &ev);
}

void mgmt_fd_remove(int fd)
{
	struct watched *w = find(fd);
	if (!w)
		return;
	epoll_ctl(mgmt.epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	w->fd = -1;
}

void nf_mgmt_hook(void (*fn)(uint64_t now_ns))
{
	if (mgmt.n_hooks < HOOKS_MAX)
		mgmt.hooks[mgmt.n_hooks++] = fn;
	else
		abort(); /* start-up only */
}

int mgmt_wake_fd(void)
{
	return mgmt.wake_fd;
}

void nf_mgmt_wake(void)
{
	eventfd_write(mgmt.wake_fd, 1);
}

void mgmt_exit(int code)
{
	mgmt.exit = true;
	mgmt.exit_code = code;
}

static int timeout_ms(void)
{
	uint64_t now = nf_clock_ns(), next = timers_next();
	if (rcu_waiting())
		return 1;
	if (next <= now)
		return 0;
	uint64_t ms = (next - now + NF_NS_PER_MS - 1) / NF_NS_PER_MS;
	return ms > TURN_MAX_MS ? TURN_MAX_MS : (int)ms;
}

static void turn(void)
{
	struct epoll_event events[EVENTS_PER_TURN];
	int n = epoll_wait(mgmt.epoll_fd, events, EVENTS_PER_TURN, timeout_ms());
	for (int i = 0; i < n; i++) {
		struct watched *w = events[i].data.ptr;
		if (w->fd >= 0)
			w->fn(w->arg, events[i].events);
	}
	uint64_t now = nf_clock_ns();
	for (unsigned int i = 0; i < mgmt.n_hooks; i++)
		mgmt.hooks[i](now);
	timers_run(now);
	rcu_poll();
}

int mgmt_run(void)
{
	while (!mgmt.exit)
		turn();
	return mgmt.exit_code;
}
