/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests under way (connectivity §2.5). A transmission is decided by the schedule and built when it is
 * drained: a Binding repeats its bytes, anything else gets a new transaction id and the latest nonce.
 */
#include "turn/turn_internal.h"

static const struct turn_schedule patient = {4, {1000 * CP_MS, 1500 * CP_MS, 2250 * CP_MS, 3375 * CP_MS}};
static const struct turn_schedule once = {1, {1000 * CP_MS}};
static const struct turn_schedule leaving = {2, {200 * CP_MS, 800 * CP_MS}};

static const struct turn_schedule *schedule_of(enum turn_request_kind kind)
{
	return kind == TURN_REQ_PROBE ? &once : kind == TURN_REQ_RELEASE ? &leaving : &patient;
}

static void outbox_push(struct turn *t, struct turn_request *r)
{
	if (r->queued)
		return;
	r->queued = true;
	r->next = NULL;
	r->prev = t->outbox_last;
	*(r->prev ? &r->prev->next : &t->outbox) = r;
	t->outbox_last = r;
}

static void outbox_remove(struct turn *t, struct turn_request *r)
{
	if (!r->queued)
		return;
	r->queued = false;
	*(r->prev ? &r->prev->next : &t->outbox) = r->next;
	*(r->next ? &r->next->prev : &t->outbox_last) = r->prev;
}

static void decide_transmission(struct turn *t, struct turn_request *r, cp_time now)
{
	outbox_push(t, r);
	cp_heap_arm(&t->request_timers, &r->timer, now + r->schedule->gap[r->step++]);
}

static void begin_schedule(struct turn *t, struct turn_request *r, cp_time now)
{
	r->step = r->transmissions = 0;
	r->began = now;
	r->denied = false;
	turn_request_answered(t, r);
	if (r->kind == TURN_REQ_BINDING)
		cp_rng_fill(t->rng, r->txid, sizeof(r->txid));
	decide_transmission(t, r, now);
}

void turn_request_start(struct turn *t, struct turn_request *r, enum turn_request_kind kind, uint8_t server, cp_time now)
{
	turn_request_end(t, r);
	t->under_way++;
	r->schedule = schedule_of(kind);
	r->kind = kind;
	r->server = server;
	r->renewals = 0;
	r->pruned = false;
	begin_schedule(t, r, now);
}

void turn_request_again(struct turn *t, struct turn_request *r, cp_time now)
{
	begin_schedule(t, r, now);
}

void turn_request_answered(struct turn *t, struct turn_request *r)
{
	cp_map_remove(&t->pending, &r->entry);
}

void turn_request_end(struct turn *t, struct turn_request *r)
{
	if (!r->schedule)
		return;
	t->under_way--;
	r->schedule = NULL;
	turn_request_answered(t, r);
	outbox_remove(t, r);
	cp_heap_disarm(&t->request_timers, &r->timer);
}

struct turn_request *turn_request_find(const struct turn *t, const uint8_t txid[STUN_TXID_BYTES])
{
	struct cp_map_entry *e = cp_map_find(&t->pending, txid, STUN_TXID_BYTES);
	return e ? turn_container(e, struct turn_request, entry) : NULL;
}

void turn_requests_tick(struct turn *t, cp_time now)
{
	for (struct cp_timer *due; (due = cp_heap_due(&t->request_timers, now));) {
		struct turn_request *r = turn_container(due, struct turn_request, timer);
		if (r->step < r->schedule->n)
			decide_transmission(t, r, now);
		else
			turn_given_up(t, r, now);
	}
}

static void remember(struct turn *t, struct turn_request *r)
{
	if (!r->entry.key && !cp_map_add(&t->pending, &r->entry, r->txid, sizeof(r->txid)))
		t->counters.out_of_memory++; /* its response will find nothing, the next transmission may */
}

static void renew_transaction(struct turn *t, struct turn_request *r)
{
	if (r->kind == TURN_REQ_BINDING)
		return;
	turn_request_answered(t, r);
	cp_rng_fill(t->rng, r->txid, sizeof(r->txid));
}

static void note_transmission(struct turn *t, struct turn_request *r)
{
	*(r->transmissions == 0 ? &t->counters.requests : &t->counters.retransmissions) += 1;
	r->transmissions++;
	if (r->kind == TURN_REQ_CHANNEL_BIND)
		turn_container(r, struct turn_channel, bind)->live = true;
}

bool turn_next(struct turn *t, cp_time now, struct turn_send *ret)
{
	struct turn_request *r = t->outbox;
	(void)now; /* drained after every input: what was decided leaves at the time it was decided */
	if (!r)
		return false;
	outbox_remove(t, r);
	renew_transaction(t, r);
	ret->to = t->server[r->server];
	ret->bytes = turn_message_build(t, r, ret->data);
	remember(t, r);
	note_transmission(t, r);
	return true;
}
