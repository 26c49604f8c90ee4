/* SPDX-License-Identifier: Apache-2.0 */
/* The thread for work too slow for workers and mgmt. It sleeps on an eventfd between wake-ups. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>

#include <rte_lcore.h>

#include <nf/clock.h>

#include "runtime.h"

static struct {
	bool (*fn)(uint64_t now_ns);
	pthread_t thread;
	int wake_fd;
	bool running, stop;
} handshake = {.wake_fd = -1};

int nf_handshake_thread(bool (*fn)(uint64_t now_ns))
{
	if (handshake.fn)
		return -EBUSY;
	handshake.fn = fn;
	return 0;
}

int handshake_wake_fd(void)
{
	return handshake.wake_fd;
}

void nf_handshake_wake(void)
{
	if (handshake.wake_fd >= 0)
		eventfd_write(handshake.wake_fd, 1);
}

static void *handshake_main(void *arg)
{
	eventfd_t ignored;
	(void)arg;
	while (!__atomic_load_n(&handshake.stop, __ATOMIC_ACQUIRE)) {
		if (handshake.fn(nf_clock_ns()))
			continue;
		struct pollfd p = {.fd = handshake.wake_fd, .events = POLLIN};
		if (poll(&p, 1, 100) > 0)
			eventfd_read(handshake.wake_fd, &ignored);
	}
	return NULL;
}

int handshake_start(void)
{
	handshake.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (handshake.wake_fd < 0)
		return -errno;
	if (!handshake.fn)
		return 0;
	int rc = rte_ctrl_thread_create(&handshake.thread, "handshake", NULL, handshake_main, NULL);
	handshake.running = rc == 0;
	return rc;
}

void handshake_stop(void)
{
	if (!handshake.running)
		return;
	__atomic_store_n(&handshake.stop, true, __ATOMIC_RELEASE);
	nf_handshake_wake();
	pthread_join(handshake.thread, NULL);
	handshake.running = false;
}
