/* SPDX-License-Identifier: Apache-2.0 */
/* The workers' loop: walk the graph, pass a quiescent state, wake others, perhaps sleep. */
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>

#include <rte_graph_worker.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_pause.h>
#include <rte_rcu_qsbr.h>

#include <nf/clock.h>
#include <nf/worker.h>

#include "runtime.h"

/* Empty polls before an adaptive worker sleeps: a burst's gap must not put it to sleep. */
#define IDLE_POLLS 64

RTE_DEFINE_PER_LCORE(struct nf_worker *, nf_self);

static struct {
	struct nf_worker *at;
	uint32_t count;
	uint32_t idle_sleep_us; /* writer: mgmt; readers: workers, racy on purpose */
	bool stop;              /* writer: mgmt; readers: workers */
} workers;

int workers_init(uint32_t count, uint32_t idle_sleep_us)
{
	workers.at = rte_zmalloc("workers", count * sizeof(*workers.at), RTE_CACHE_LINE_SIZE);
	if (!workers.at)
		return -ENOMEM;
	workers.count = count;
	workers.idle_sleep_us = idle_sleep_us;
	for (uint32_t i = 0; i < count; i++)
		workers.at[i].id = i;
	return 0;
}

void workers_set_idle(uint32_t idle_sleep_us)
{
	__atomic_store_n(&workers.idle_sleep_us, idle_sleep_us, __ATOMIC_RELAXED);
}

uint32_t nf_worker_count(void)
{
	return workers.count;
}

const struct nf_worker *worker_at(uint32_t id)
{
	return &workers.at[id];
}

static void wake_mgmt(struct nf_worker *w)
{
	eventfd_write(mgmt_wake_fd(), 1);
	w->woke_ns = w->now_ns;
	w->wake &= ~(uint32_t)(NF_WAKE_MGMT | NF_WAKE_MGMT_SOON);
}

/* What may wait stays a wish until its time: the loop comes by here again, with packets or without. */
static void wake_others(struct nf_worker *w)
{
	if (w->wake & NF_WAKE_MGMT || (w->wake & NF_WAKE_MGMT_SOON && w->now_ns - w->woke_ns >= NF_WAKE_SOON_NS))
		wake_mgmt(w);
	if (w->wake & NF_WAKE_HANDSHAKE)
		eventfd_write(handshake_wake_fd(), 1);
	w->wake &= ~(uint32_t)NF_WAKE_HANDSHAKE;
}

static void maybe_sleep(uint32_t *empty)
{
	uint32_t us = __atomic_load_n(&workers.idle_sleep_us, __ATOMIC_RELAXED);
	if (us == 0 || ++*empty < IDLE_POLLS) {
		rte_pause();
		return;
	}
	struct timespec ts = {.tv_nsec = (long)us * 1000};
	nanosleep(&ts, NULL);
}

struct nf_worker *worker_enter(uint32_t id)
{
	struct nf_worker *w = &workers.at[id];
	RTE_PER_LCORE(nf_self) = w;
	rte_rcu_qsbr_thread_register(rcu_qsbr(), w->id);
	rte_rcu_qsbr_thread_online(rcu_qsbr(), w->id);
	return w;
}

void worker_walk(struct nf_worker *w)
{
	w->now_ns = nf_clock_ns();
	rte_graph_walk(graph_of(w->id));
	rte_rcu_qsbr_quiescent(rcu_qsbr(), w->id);
	if (unlikely(w->wake))
		wake_others(w);
}

void worker_leave(const struct nf_worker *w)
{
	rte_rcu_qsbr_thread_offline(rcu_qsbr(), w->id);
	rte_rcu_qsbr_thread_unregister(rcu_qsbr(), w->id);
}

static int worker_main(void *arg)
{
	struct nf_worker *w = worker_enter(((const struct nf_worker *)arg)->id);
	uint32_t empty = 0;

	prctl(PR_SET_TIMERSLACK, 1000ul); /* the default of 50 µs would dominate short sleeps */
	while (!__atomic_load_n(&workers.stop, __ATOMIC_RELAXED)) {
		uint64_t work = w->work;
		worker_walk(w);
		if (w->work == work)
			maybe_sleep(&empty);
		else
			empty = 0;
	}
	worker_leave(w);
	return 0;
}

/* Worker i runs on the i-th worker lcore; online before this returns, so no grace period misses it. */
int workers_start(void)
{
	unsigned int lcore;
	uint32_t i = 0;
	RTE_LCORE_FOREACH_WORKER (lcore) {
		if (i == workers.count)
			break;
		int rc = rte_eal_remote_launch(worker_main, &workers.at[i], lcore);
		if (rc != 0)
			return rc;
		i++;
	}
	return i == workers.count ? 0 : -ENODEV;
}

void workers_stop(void)
{
	__atomic_store_n(&workers.stop, true, __ATOMIC_RELAXED);
	rte_eal_mp_wait_lcore();
}
