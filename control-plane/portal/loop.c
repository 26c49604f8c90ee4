/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors and moments in libev's loop. */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shell.h"

static void on_readable(struct ev_loop *loop, ev_io *w, int events)
{
	struct endpoint *e = w->data;
	(void)loop;
	(void)events;
	e->readable(e);
}

static void on_writable(struct ev_loop *loop, ev_io *w, int events)
{
	struct endpoint *e = w->data;
	(void)events;
	ev_io_stop(loop, w);
	if (e->writable)
		e->writable(e);
}

void endpoint_adopt(struct shell *s, struct endpoint *e, int fd)
{
	e->shell = s;
	e->fd = fd;
	e->dying = false;
	ev_io_init(&e->reading, on_readable, fd, EV_READ);
	ev_io_init(&e->writing, on_writable, fd, EV_WRITE);
	e->reading.data = e->writing.data = e;
	ev_io_start(s->loop, &e->reading);
}

void endpoint_close(struct endpoint *e)
{
	if (e->fd < 0 || e->dying)
		return;
	struct shell *s = e->shell;
	e->dying = true;
	ev_io_stop(s->loop, &e->reading);
	ev_io_stop(s->loop, &e->writing);
	e->next_dying = s->dying;
	s->dying = e;
}

void endpoint_want_write(struct endpoint *e)
{
	if (e->fd >= 0 && !e->dying)
		ev_io_start(e->shell->loop, &e->writing);
}

void endpoint_want_read(struct endpoint *e, bool wanted)
{
	if (e->fd < 0 || e->dying)
		return;
	if (wanted)
		ev_io_start(e->shell->loop, &e->reading);
	else
		ev_io_stop(e->shell->loop, &e->reading);
}

static void bury(struct shell *s)
{
	while (s->dying) {
		struct endpoint *e = s->dying;
		s->dying = e->next_dying;
		close(e->fd);
		e->fd = -1;
		if (e->closed)
			e->closed(e);
	}
}

static void on_deadline(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop;
	(void)events;
	shell_tick(w->data);
}

static void on_second(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop;
	(void)events;
	shell_second(w->data);
}

static void on_watchdog(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop;
	(void)w;
	(void)events;
	notify_say("WATCHDOG=1");
}

void loop_lives(struct shell *s)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	cp_time now = (cp_time)ts.tv_sec * CP_S + (cp_time)ts.tv_nsec;
	if (!ev_is_active(&s->watchdog) || now - s->lived_at < (cp_time)(s->watchdog.repeat * 1e9))
		return;
	s->lived_at = now;
	notify_say("WATCHDOG=1");
}

static void on_wake_up(struct ev_loop *loop, ev_check *w, int events)
{
	struct shell *s = w->data;
	(void)loop;
	(void)events;
	s->now = 0;
}

static void on_end_of_turn(struct ev_loop *loop, ev_prepare *w, int events)
{
	struct shell *s = w->data;
	(void)loop;
	(void)events;
	shell_turn(s);
	bury(s);
}

void loop_arm(struct shell *s)
{
	struct broker_deadline d = broker_deadline(s->broker);
	ev_timer_stop(s->loop, &s->deadline);
	if (d.at == CP_NEVER)
		return;
	cp_time now = shell_now(s);
	/* a little late rather than early: the tick must find it due */
	ev_timer_set(&s->deadline, d.at > now ? (double)(d.at - now) / 1e9 + 1e-6 : 0., 0.);
	ev_timer_start(s->loop, &s->deadline);
}

void loop_hurry(struct shell *s)
{
	ev_timer_stop(s->loop, &s->second);
	ev_timer_set(&s->second, .1, .1);
	ev_timer_start(s->loop, &s->second);
}

int loop_open(struct shell *s)
{
	s->loop = ev_loop_new(EVFLAG_NOENV | EVFLAG_NOSIGMASK | EVBACKEND_EPOLL);
	if (!s->loop) {
		log_event(CP_ERR, "loop_failed", "error=\"epoll is not there\"");
		return -ENOSYS;
	}
	double period = (double)notify_watchdog_period() / 1e9;
	ev_timer_init(&s->deadline, on_deadline, 0., 0.);
	ev_timer_init(&s->second, on_second, 1., 1.);
	ev_timer_init(&s->watchdog, on_watchdog, period, period);
	ev_check_init(&s->wake_up, on_wake_up);
	ev_prepare_init(&s->end_of_turn, on_end_of_turn);
	ev_set_priority(&s->wake_up, EV_MAXPRI);
	/* what has come is read before anybody is said to be silent: after a long turn it was us who were */
	ev_set_priority(&s->deadline, EV_MINPRI);
	ev_set_priority(&s->second, EV_MINPRI);
	s->deadline.data = s->second.data = s->watchdog.data = s->wake_up.data = s->end_of_turn.data = s;
	ev_timer_start(s->loop, &s->second);
	if (period > 0)
		ev_timer_start(s->loop, &s->watchdog);
	ev_check_start(s->loop, &s->wake_up);
	ev_prepare_start(s->loop, &s->end_of_turn);
	return 0;
}

void loop_run(struct shell *s)
{
	while (!s->exit)
		ev_run(s->loop, EVRUN_ONCE);
}

void loop_close(struct shell *s)
{
	bury(s);
	if (s->loop)
		ev_loop_destroy(s->loop);
	s->loop = NULL;
}
