/* SPDX-License-Identifier: Apache-2.0 */
/* Grace periods: workers report quiescent states; mgmt keeps a FIFO of calls with the token each waits for. */
#include <errno.h>
#include <stdlib.h>

#include <rte_malloc.h>
#include <rte_rcu_qsbr.h>

#include <nf/worker.h>

#include "runtime.h"

struct deferred {
	uint64_t token;
	void (*fn)(void *arg);
	void *arg;
};

static struct {
	struct rte_rcu_qsbr *qsbr;
	struct deferred *ring; /* capacity is a power of two */
	uint32_t head, tail, capacity;
} rcu;

int rcu_init(uint32_t workers)
{
	size_t bytes = rte_rcu_qsbr_get_memsize(workers);
	rcu.qsbr = rte_zmalloc("rcu", bytes, RTE_CACHE_LINE_SIZE);
	if (!rcu.qsbr || rte_rcu_qsbr_init(rcu.qsbr, workers) != 0)
		return -ENOMEM;
	return 0;
}

struct rte_rcu_qsbr *rcu_qsbr(void)
{
	return rcu.qsbr;
}

static void grow(void)
{
	uint32_t capacity = rcu.capacity ? 2 * rcu.capacity : 256;
	struct deferred *ring = malloc(capacity * sizeof(*ring));
	if (!ring)
		abort(); /* the alternative is to free what a worker still reads */
	for (uint32_t i = rcu.head; i != rcu.tail; i++)
		ring[i & (capacity - 1)] = rcu.ring[i & (rcu.capacity - 1)];
	free(rcu.ring);
	rcu.ring = ring;
	rcu.capacity = capacity;
}

void nf_rcu_defer(void (*fn)(void *arg), void *arg)
{
	if (rcu.tail - rcu.head == rcu.capacity)
		grow();
	struct deferred *d = &rcu.ring[rcu.tail++ & (rcu.capacity - 1)];
	*d = (struct deferred){.token = rte_rcu_qsbr_start(rcu.qsbr), .fn = fn, .arg = arg};
}

void rcu_poll(void)
{
	while (rcu.head != rcu.tail) {
		struct deferred d = rcu.ring[rcu.head & (rcu.capacity - 1)];
		if (rte_rcu_qsbr_check(rcu.qsbr, d.token, false) != 1)
			return;
		rcu.head++;
		d.fn(d.arg);
	}
}

void rcu_drain(void)
{
	while (rcu.head != rcu.tail) {
		struct deferred d = rcu.ring[rcu.head++ & (rcu.capacity - 1)];
		d.fn(d.arg);
	}
}

bool rcu_waiting(void)
{
	return rcu.head != rcu.tail;
}
