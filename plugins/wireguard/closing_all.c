/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PEER_CLOSE_ALL on the management thread: begins the closes at a pace, takes in those that are under way
 * already, and adds up their reports. At the end the outcomes sum up to the number of peers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <nf/clock.h>

#include "wg.h"

#define PACE_WITHIN_NS (2 * NF_NS_PER_S)
/* Of a stop: for the last peer's goodbyes and linger, and to come down. */
#define STOP_RESERVE_NS (2 * NF_NS_PER_S)
#define PER_TURN        64 /* a burst of goodbyes that a worker takes without a full ring */

static struct {
	bool active;
	uint16_t reason, goodbye_bytes;
	uint32_t linger_ms, open, per_s;
	uint64_t began_ns, paced_ns; /* paced: since when the pace counts */
	uint32_t *todo, n_todo, at;  /* handles */
	struct nf_timer timer;
	struct nf_close_all_done sum;
	uint8_t goodbye[NF_GOODBYE_MAX];
} batch;

static void check_done(void)
{
	if (!batch.active || batch.open || batch.at < batch.n_todo)
		return;
	batch.active = false;
	batch.sum.took_ns = nf_clock_ns() - batch.began_ns;
	free(batch.todo);
	batch.todo = NULL;
	nf_event(NF_MSG_CLOSE_ALL_DONE, &batch.sum, sizeof(batch.sum), NULL, 0);
	nf_log(NF_INFO, "peers_closed", "peers=%u acked=%u sent=%u accepted=%u unreachable=%u no_session=%u failed=%u goodbyes=%u",
	       batch.sum.peers, batch.sum.acked, batch.sum.sent, batch.sum.accepted, batch.sum.unreachable,
	       batch.sum.no_session, batch.sum.failed, batch.sum.goodbyes);
}

void closing_all_ended(const struct nf_peer_closed *r)
{
	uint32_t *const by_outcome[] = {NULL, &batch.sum.acked, &batch.sum.sent, &batch.sum.accepted,
					&batch.sum.unreachable, &batch.sum.no_session, &batch.sum.failed};
	(*by_outcome[r->outcome])++;
	batch.sum.goodbyes += r->goodbyes;
	batch.sum.linger_rx_packets += r->linger_rx_packets;
	batch.open--;
	check_done();
}

static void adopt(struct wg_peer *p)
{
	p->close->in_batch = true;
	batch.open++;
	batch.sum.peers++;
}

static void begin_one(uint32_t handle)
{
	struct wg_peer *p = wg_peer_get(handle);
	if (!p || p->operator_closed)
		return; /* went, or was closed, meanwhile */
	if (p->close && p->close->in_batch)
		return;
	if (!p->close && closing_begin(p, batch.reason, batch.linger_ms, batch.goodbye, batch.goodbye_bytes) != 0) {
		batch.sum.peers++;
		batch.sum.failed++;
		return;
	}
	adopt(p);
}

static void begin_due(struct nf_timer *t, uint64_t now)
{
	uint32_t due = wg_close_due(batch.n_todo, batch.per_s, now - batch.paced_ns);
	(void)t;
	if (due > batch.at + PER_TURN)
		due = batch.at + PER_TURN;
	while (batch.at < due)
		begin_one(batch.todo[batch.at++]);
	if (batch.at < batch.n_todo)
		nf_timer_arm(&batch.timer, now + NF_NS_PER_S / batch.per_s);
	check_done();
}

static void collect(struct wg_peer *p, void *arg)
{
	(void)arg;
	if (!p->operator_closed && !p->close)
		batch.todo[batch.n_todo++] = p->handle;
}

static void adopt_running(struct wg_peer *p, void *arg)
{
	(void)arg;
	if (p->close && !p->close->in_batch)
		adopt(p);
}

/* Every peer that is not in the batch yet; per_s 0: by their number. */
static int take_all(uint32_t per_s, uint64_t within_ns, uint64_t now)
{
	uint32_t *todo = calloc(wg.peers.used + 1, sizeof(*todo));
	if (!todo)
		return -ENOMEM;
	free(batch.todo);
	batch.todo = todo;
	batch.n_todo = batch.at = 0;
	peers_each(collect, NULL);
	peers_each(adopt_running, NULL);
	batch.per_s = per_s ? per_s : wg_close_pace(batch.n_todo, within_ns);
	batch.paced_ns = now;
	begin_due(&batch.timer, now);
	return 0;
}

static int begin(uint16_t reason, uint32_t linger_ms, const void *goodbye, uint16_t bytes, uint32_t per_s, uint64_t within_ns)
{
	uint64_t now = nf_clock_ns();
	if (batch.active)
		return -EALREADY;
	if (bytes > sizeof(batch.goodbye))
		return -EMSGSIZE;
	memset(&batch, 0, sizeof(batch));
	batch.active = true;
	batch.reason = reason;
	batch.linger_ms = linger_ms;
	batch.goodbye_bytes = bytes;
	if (bytes)
		memcpy(batch.goodbye, goodbye, bytes);
	batch.began_ns = now;
	batch.timer.fn = begin_due;
	int rc = take_all(per_s, within_ns, now);
	if (rc != 0)
		batch.active = false;
	return rc;
}

int closing_begin_all(uint16_t reason, uint32_t linger_ms, const void *goodbye, uint16_t bytes, uint32_t per_s)
{
	return begin(reason, linger_ms, goodbye, bytes, per_s, PACE_WITHIN_NS);
}

/* A batch that is under way goes on with everybody in it, at this pace. */
void closing_stop(uint64_t deadline_ns)
{
	uint64_t now = nf_clock_ns(), left = deadline_ns > now + STOP_RESERVE_NS ? deadline_ns - now - STOP_RESERVE_NS : 0;
	uint64_t within = RTE_MIN(RTE_MAX(left, NF_NS_PER_S / 4), PACE_WITHIN_NS);
	if (batch.active)
		take_all(0, within, now);
	else
		begin(NF_CLOSE_STOP, 0, NULL, 0, 0, within);
}

bool closing_is_idle(void)
{
	return !batch.active && closing_count() == 0;
}
