/* SPDX-License-Identifier: Apache-2.0 */
/* Timers of the management thread: a binary heap of borrowed pointers, so arming and firing cost log n. */
#include <stdlib.h>

#include "runtime.h"

static struct {
	struct nf_timer **at; /* heap, 1-based */
	uint32_t n, capacity;
} heap;

static void place(struct nf_timer *t, uint32_t i)
{
	heap.at[i] = t;
	t->heap_index = i;
}

static void sift_up(struct nf_timer *t, uint32_t i)
{
	for (; i > 1 && heap.at[i / 2]->at_ns > t->at_ns; i /= 2)
		place(heap.at[i / 2], i);
	place(t, i);
}

static void sift_down(struct nf_timer *t, uint32_t i)
{
	for (;;) {
		uint32_t child = 2 * i;
		if (child > heap.n)
			break;
		if (child < heap.n && heap.at[child + 1]->at_ns < heap.at[child]->at_ns)
			child++;
		if (heap.at[child]->at_ns >= t->at_ns)
			break;
		place(heap.at[child], i);
		i = child;
	}
	place(t, i);
}

static void grow(void)
{
	uint32_t capacity = heap.capacity ? 2 * heap.capacity : 1024;
	struct nf_timer **at = realloc(heap.at, (capacity + 1) * sizeof(struct nf_timer *));
	if (!at)
		abort(); /* some kilobytes on mgmt: there is no state to go on from without timers */
	heap.at = at;
	heap.capacity = capacity;
}

void nf_timer_cancel(struct nf_timer *t)
{
	uint32_t i = t->heap_index;
	t->at_ns = 0;
	t->heap_index = 0;
	if (i == 0)
		return;
	struct nf_timer *last = heap.at[heap.n--];
	if (last == t)
		return;
	if (i > 1 && heap.at[i / 2]->at_ns > last->at_ns)
		sift_up(last, i);
	else
		sift_down(last, i);
}

void nf_timer_arm(struct nf_timer *t, uint64_t at_ns)
{
	nf_timer_cancel(t);
	if (heap.n == heap.capacity)
		grow();
	t->at_ns = at_ns ? at_ns : 1;
	sift_up(t, ++heap.n);
}

uint64_t timers_next(void)
{
	return heap.n ? heap.at[1]->at_ns : UINT64_MAX;
}

/* One turn runs at most as many as were due when it began: a timer that re-arms itself into the past waits. */
void timers_run(uint64_t now_ns)
{
	for (uint32_t budget = heap.n; budget && heap.n && heap.at[1]->at_ns <= now_ns; budget--) {
		struct nf_timer *t = heap.at[1];
		nf_timer_cancel(t);
		t->fn(t, now_ns);
	}
}
